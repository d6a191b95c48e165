//! How the service is, and how it was: for anybody.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::timeout;

use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::strip::{Went, strip};
use crate::session::Guest;
use crate::speech::{Saying, Speech};
use crate::uptime::Seconds;
use crate::vpn::{Forwards, VpnState, WorkerState};
use crate::words;

/// A database that does not answer within it is told of as one that does not answer.
const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    heading: Saying,
    well: bool,
    parts: Vec<Part>,
    strip: Svg,
    legend: [Went; 4],
    first: String,
    last: String,
    summary: Saying,
    rows: Vec<Row>,
    tunnel: bool,
}

/// A part of the service at this moment.
struct Part {
    name: Saying,
    class: &'static str,
    state: Saying,
}

/// One day about which something is known.
struct Row {
    date: String,
    known: String,
    stopped: String,
    tunnel: String,
    store: String,
}

/// `GET /status`
pub(crate) async fn status(State(app): State<App>, speech: Speech, guest: Guest) -> Result<Response, Failure> {
    let parts = parts(&app, &speech).await;
    let well = parts.iter().all(|part| part.class == GOOD);
    let today = app.now().day();
    let days = app.uptime.days(today);
    let went: Vec<Went> = days.iter().map(|(_, seconds)| Went::of(*seconds)).collect();
    let known = days.iter().filter_map(|(day, seconds)| Some((*day, (*seconds)?)));
    let template = StatusPage {
        frame: app.frame(
            &speech,
            speech.say("status-title"),
            Here::Status,
            guest.signed_in.as_ref(),
        ),
        heading: match well {
            true => speech.say("status-heading-well"),
            false => speech.say("status-heading-bad"),
        },
        well,
        parts,
        strip: strip(speech.language, &went),
        legend: Went::ALL,
        first: days
            .first()
            .map_or_else(String::new, |(day, _)| words::short_date(speech.language, *day)),
        last: words::short_date(speech.language, today),
        summary: summary(&speech, known.clone().map(|(_, seconds)| seconds)),
        tunnel: app.accounts.has_devices(),
        rows: known
            .rev()
            .map(|(day, seconds)| row(&speech, words::short_date_with_year(speech.language, day), seconds))
            .collect(),
    };
    Ok(page(StatusCode::OK, &template))
}

const GOOD: &str = "state-good";
const BAD: &str = "state-bad";
const WARN: &str = "state-warn";

async fn parts(app: &App, speech: &Speech) -> Vec<Part> {
    let part = |name, class, state| Part { name, class, state };
    let mut parts = Vec::new();
    if app.accounts.has_devices() {
        parts.push(match app.vpn.state() {
            VpnState::Running { .. } => part(speech.say("part-tunnel"), GOOD, speech.say("part-runs")),
            VpnState::Unavailable { .. } => part(speech.say("part-tunnel"), BAD, speech.say("part-runs-not")),
        });
        match app.vpn.forwards() {
            Some(Forwards::Kernel) => {
                parts.push(part(speech.say("part-forwards"), GOOD, speech.say("forwards-kernel")));
            }
            Some(Forwards::UserSpace { .. }) => {
                parts.push(part(
                    speech.say("part-forwards"),
                    GOOD,
                    speech.say("forwards-user-space"),
                ));
            }
            None => {}
        }
        parts.push(match app.vpn.worker() {
            WorkerState::Locked => part(speech.say("part-worker"), GOOD, speech.say("part-locked")),
            WorkerState::Starting => part(speech.say("part-worker"), WARN, speech.say("part-starting")),
            WorkerState::None => part(speech.say("part-worker"), BAD, speech.say("part-none")),
        });
    }
    let answers = timeout(STORE_ANSWERS_WITHIN, app.accounts.member_count()).await;
    parts.push(match answers {
        Ok(Ok(_)) => part(speech.say("part-store"), GOOD, speech.say("part-answers")),
        Ok(Err(_)) | Err(_) => part(speech.say("part-store"), BAD, speech.say("part-answers-not")),
    });
    // Whoever reads this has reached it.
    parts.push(part(speech.say("part-site"), GOOD, speech.say("part-answers")));
    parts
}

/// The share of the known time in which everything worked.
fn summary(speech: &Speech, days: impl Iterator<Item = Seconds> + Clone) -> Saying {
    let known: u64 = days.clone().map(|seconds| u64::from(seconds.known())).sum();
    let down: u64 = days.clone().map(|seconds| u64::from(seconds.down())).sum();
    if known == 0 {
        return speech.say("status-nothing-known");
    }
    let share = words::hundredths(speech.language, known.saturating_sub(down), known);
    let summary = speech.say("status-summary").text("share", share);
    summary.number("days", days.count())
}

fn row(speech: &Speech, date: String, seconds: Seconds) -> Row {
    let minutes = |seconds: u32| match seconds {
        0 => "–".to_owned(),
        1..60 => speech.say("seconds").number("count", seconds).to_string(),
        seconds => speech
            .say("minutes-short")
            .number("count", seconds.div_ceil(60))
            .to_string(),
    };
    Row {
        date,
        known: words::hours(speech.language, seconds.known()),
        stopped: minutes(seconds.stopped),
        tunnel: minutes(seconds.tunnel_down),
        store: minutes(seconds.store_down),
    }
}
