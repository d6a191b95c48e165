//! The check-up of the installation, for the operator: the rows of `candor doctor`.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::doctor::{Finding, FindingState, TOPICS};
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::session::Operator;
use crate::speech::{Saying, Speech};

#[derive(Template)]
#[template(path = "doctor.html")]
struct DoctorPage {
    frame: Frame,
    well: bool,
    verdict: Saying,
    counts: Saying,
    sections: Vec<Section>,
    good: Vec<Row>,
}

/// Rows that are not as they could be, of one kind.
struct Section {
    id: &'static str,
    heading: Saying,
    class: &'static str,
    rows: Vec<Row>,
}

struct Row {
    topic: String,
    finding: Finding,
    label: Saying,
}

/// `GET /operator/doctor`
pub(crate) async fn doctor(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
) -> Result<Response, Failure> {
    let findings = app.doctor.examine().await;
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (bad, look) = (count(FindingState::Bad), count(FindingState::Look));
    let unknown = count(FindingState::Unknown);
    let counts = speech.say("doctor-counts").number("checked", findings.len());
    let counts = counts.number("look", look).number("unknown", unknown);
    let rows = |state| -> Vec<Row> {
        let of_state = findings.iter().filter(|finding| finding.state == state);
        of_state.map(|finding| row(&speech, finding)).collect()
    };
    let section = |id, heading, class, state| Section {
        id,
        heading,
        class,
        rows: rows(state),
    };
    let sections = [
        section("mend", speech.say("doctor-mend"), "state-bad", FindingState::Bad),
        section("look", speech.say("doctor-look"), "state-warn", FindingState::Look),
        section(
            "unknown",
            speech.say("doctor-unknown"),
            "state-warn",
            FindingState::Unknown,
        ),
    ];
    let template = DoctorPage {
        well: bad == 0,
        verdict: match bad {
            0 => speech.say("doctor-well"),
            bad => speech.say("doctor-bad").number("count", bad),
        },
        counts,
        sections: sections
            .into_iter()
            .filter(|section| !section.rows.is_empty())
            .collect(),
        good: rows(FindingState::Good),
        frame: app
            .member_frame(&speech, speech.say("doctor-title"), Here::Doctor, &who)
            .await?,
    };
    Ok(page(StatusCode::OK, &template))
}

fn row(speech: &Speech, finding: &Finding) -> Row {
    let key = TOPICS.iter().find(|(topic, _)| *topic == finding.topic);
    let topic = key.map_or_else(|| finding.topic.to_owned(), |(_, key)| speech.say(key).to_string());
    Row {
        label: speech.say("doctor-line").text("topic", topic.clone()),
        topic,
        finding: finding.clone(),
    }
}
