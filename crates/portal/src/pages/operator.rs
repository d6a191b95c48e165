//! The operator's pages: promises kept, the network, and the policy that runs.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use plan::{FieldId, Language};
use policy::Tension;
use serde_json::Value;

use crate::app::App;
use crate::failure::{Failure, capitalised};
use crate::frame::{Frame, Here, page};
use crate::pages::account::first_of_month;
use crate::picture::guards::Guard;
use crate::picture::lifetimes::Lifetimes;
use crate::session::Operator;
use crate::speech::{Markup, Saying, Speech};
use crate::vpn::{Forwards, VpnState};
use crate::words;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    counts: Vec<Markup>,
    legend: Vec<Guard>,
    strips: Vec<Strip>,
}

/// One promise and how each datum in it is kept out.
struct Strip {
    name: String,
    place: String,
    cells: Vec<(&'static str, Guard)>,
    whole: bool,
}

/// `GET /operator`
pub(crate) async fn overview(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
) -> Result<Response, Failure> {
    let strips = strips(&app, &speech);
    let guards = || strips.iter().flat_map(|strip| &strip.cells).map(|(_, guard)| *guard);
    let template = OverviewPage {
        frame: app
            .member_frame(&speech, speech.say("overview-title"), Here::Operator, &who)
            .await?,
        counts: counts(&app, &speech).await?,
        legend: Guard::ALL
            .into_iter()
            .filter(|guard| guards().any(|used| used == *guard))
            .collect(),
        strips,
    };
    Ok(page(StatusCode::OK, &template))
}

/// The numbers above the promises.
async fn counts(app: &App, speech: &Speech) -> Result<Vec<Markup>, Failure> {
    let today = app.now().day();
    let mut counts = vec![
        speech
            .html("overview-members")
            .number("count", app.accounts.member_count().await?),
    ];
    if let Some(month) = app.accounts.total_bytes_since(first_of_month(today)).await? {
        let moved = speech
            .html("overview-month")
            .text("bytes", words::bytes(speech.language, month));
        counts.push(moved.text("month", words::month_name(speech.language, today.civil().1)));
    }
    if app.accounts.has_devices() {
        counts.push(match app.vpn.state() {
            VpnState::Running {
                connected_devices: Some(count),
                ..
            } => speech.html("overview-connected").number("count", count),
            VpnState::Running { .. } => speech.html("overview-connected-not-counted"),
            VpnState::Unavailable { .. } => speech.html("overview-connected-off"),
        });
    }
    counts.push(
        speech
            .html("overview-kept")
            .number("count", app.lifetimes(speech.language).kept),
    );
    counts.push(
        speech
            .html("overview-not-collected")
            .number("count", not_collected(app, speech.language).len()),
    );
    Ok(counts)
}

fn strips(app: &App, speech: &Speech) -> Vec<Strip> {
    let parts = app.plan().parts();
    let strip_of = |name: String, place: String, fields: &[FieldId], exceptions: &[String]| {
        let guard_of = |field: &FieldId| (field.words_in(speech.language), Guard::of(app.plan(), *field));
        let cells: Vec<_> = fields.iter().map(guard_of).collect();
        Strip {
            whole: exceptions.is_empty() && cells.iter().all(|(_, guard)| *guard != Guard::Elsewhere),
            cells,
            name,
            place,
        }
    };
    let promises = parts.promises.iter().map(|promise| {
        strip_of(
            promise.name.replace('-', " "),
            promise.surface.words_in(speech.language).to_owned(),
            &promise.never,
            &promise.except,
        )
    });
    let not_accepted = speech.say("overview-not-accepted").to_string();
    let any_form = speech.say("overview-any-form").to_string();
    let refused = parts
        .refuses
        .iter()
        .map(|refuse| strip_of(not_accepted.clone(), any_form.clone(), &refuse.fields, &[]));
    promises
        .chain(refused)
        .map(|strip| Strip {
            name: capitalised(&strip.name),
            ..strip
        })
        .collect()
}

/// Fields that the policy declares and this version does not collect.
fn not_collected(app: &App, language: Language) -> Vec<&'static str> {
    let json = policy::plan_json(&app.policy, &app.exercised, app.version);
    let fields = json.get("fields").and_then(Value::as_array);
    let idle = fields
        .into_iter()
        .flatten()
        .filter(|field| field.get("collected_by_this_version") == Some(&Value::Bool(false)));
    idle.filter_map(|field| FieldId::from_key(field.get("field")?.as_str()?))
        .map(|field| field.words_in(language))
        .collect()
}

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    state: VpnState,
    forwards: Option<Forwards>,
    devices: bool,
}

/// `GET /operator/network`
pub(crate) async fn network(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
) -> Result<Response, Failure> {
    let title = speech.say("network-title");
    let template = NetworkPage {
        frame: app.member_frame(&speech, title, Here::Network, &who).await?,
        state: app.vpn.state(),
        forwards: app.vpn.forwards(),
        devices: app.accounts.has_devices(),
    };
    Ok(page(StatusCode::OK, &template))
}

#[derive(Template)]
#[template(path = "running_policy.html")]
struct RunningPolicyPage<'a> {
    frame: Frame,
    name: &'a str,
    version: &'a str,
    date: Option<&'a str>,
    file_name: &'a str,
    source: &'a str,
    lifetimes: &'a Lifetimes,
    statements: Vec<(String, String)>,
    /// Whether any statement carries a clause.
    clauses: bool,
    tensions: Vec<Tension>,
    lints: Vec<&'a str>,
    not_collected: Vec<&'static str>,
    kinds: Vec<(Saying, usize)>,
}

/// `GET /operator/policy`
pub(crate) async fn policy(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
) -> Result<Response, Failure> {
    let parts = app.plan().parts();
    let kinds = [
        (speech.say("kind-promises"), parts.promises.len()),
        (speech.say("kind-kept"), parts.collects.len()),
        (speech.say("kind-in-memory"), parts.processes.len()),
        (speech.say("kind-not-accepted"), parts.refuses.len()),
        (speech.say("kind-cookies"), parts.cookies.len()),
        (speech.say("kind-recipients"), parts.recipients.len()),
        (speech.say("kind-notes"), parts.notes.len()),
    ];
    let statements = statements(&app);
    let template = RunningPolicyPage {
        frame: app
            .member_frame(&speech, speech.say("running-title"), Here::OperatorPolicy, &who)
            .await?,
        name: &parts.name,
        version: &parts.version,
        date: app.policy.date(),
        file_name: app.policy.file_name(),
        source: app.policy.source(),
        lifetimes: app.lifetimes(speech.language),
        clauses: statements.iter().any(|(_, clauses)| !clauses.is_empty()),
        statements,
        tensions: app.policy.tensions_in(speech.language),
        lints: app.policy.lints().iter().map(|lint| lint.text.as_str()).collect(),
        not_collected: not_collected(&app, speech.language),
        kinds: kinds
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(kind, count)| (kind.number("count", count), count))
            .collect(),
    };
    Ok(page(StatusCode::OK, &template))
}

/// Each statement with the clauses that it carries.
fn statements(app: &App) -> Vec<(String, String)> {
    let json = policy::plan_json(&app.policy, &app.exercised, app.version);
    let statements = json.get("statements").and_then(Value::as_array);
    let pair = |statement: &Value| {
        let clauses = statement.get("clauses")?.as_array()?;
        let clauses: Vec<&str> = clauses.iter().filter_map(Value::as_str).collect();
        Some((statement.get("statement")?.as_str()?.to_owned(), clauses.join(", ")))
    };
    statements.into_iter().flatten().filter_map(pair).collect()
}
