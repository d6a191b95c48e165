//! The operator's pages: promises kept, the network, and the policy that runs.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use plan::FieldId;
use policy::Tension;
use serde_json::Value;

use crate::app::App;
use crate::failure::{Failure, capitalised};
use crate::frame::{Frame, Here, page};
use crate::pages::account::first_of_month;
use crate::picture::guards::Guard;
use crate::picture::lifetimes::{AXIS, Lifetimes};
use crate::session::Operator;
use crate::vpn::VpnState;
use crate::words;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    members: u64,
    month: Option<String>,
    month_name: &'static str,
    connected: Option<String>,
    legend: Vec<Guard>,
    strips: Vec<Strip>,
    kept: usize,
    not_collected: usize,
}

/// One promise and how each datum in it is kept out.
struct Strip {
    name: String,
    place: String,
    cells: Vec<(&'static str, Guard)>,
    whole: bool,
}

/// `GET /operator`
pub(crate) async fn overview(State(app): State<App>, Operator(who): Operator) -> Result<Response, Failure> {
    let today = app.now().day();
    let month = app.accounts.total_bytes_since(first_of_month(today)).await?;
    let strips = strips(&app);
    let guards = || strips.iter().flat_map(|strip| &strip.cells).map(|(_, guard)| *guard);
    let template = OverviewPage {
        frame: app.member_frame("Promises kept", Here::Operator, &who).await?,
        members: app.accounts.member_count().await?,
        month: month.map(words::bytes),
        month_name: words::month_name(today.civil().1),
        connected: match app.vpn.state() {
            _ if !app.accounts.has_devices() => None,
            VpnState::Running {
                connected_devices: Some(count),
                ..
            } => Some(count.to_string()),
            VpnState::Running { .. } => Some("not counted".to_owned()),
            VpnState::Unavailable { .. } => Some("VPN not running".to_owned()),
        },
        legend: Guard::ALL
            .into_iter()
            .filter(|guard| guards().any(|used| used == *guard))
            .collect(),
        strips,
        kept: app.lifetimes.kept,
        not_collected: not_collected(&app).len(),
    };
    Ok(page(StatusCode::OK, &template))
}

fn strips(app: &App) -> Vec<Strip> {
    let parts = app.plan().parts();
    let strip_of = |name: String, place: String, fields: &[FieldId], exceptions: &[String]| {
        let guard_of = |field: &FieldId| (field.words(), Guard::of(app.plan(), *field));
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
            promise.surface.words().to_owned(),
            &promise.never,
            &promise.except,
        )
    });
    let refused = parts
        .refuses
        .iter()
        .map(|refuse| strip_of("not accepted".to_owned(), "any form".to_owned(), &refuse.fields, &[]));
    promises
        .chain(refused)
        .map(|strip| Strip {
            name: capitalised(&strip.name),
            ..strip
        })
        .collect()
}

/// Fields that the policy declares and this version does not collect.
fn not_collected(app: &App) -> Vec<&'static str> {
    let json = policy::plan_json(&app.policy, &app.exercised, app.version);
    let fields = json.get("fields").and_then(Value::as_array);
    let idle = fields
        .into_iter()
        .flatten()
        .filter(|field| field.get("collected_by_this_version") == Some(&Value::Bool(false)));
    idle.filter_map(|field| FieldId::from_key(field.get("field")?.as_str()?))
        .map(FieldId::words)
        .collect()
}

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    state: VpnState,
    devices: bool,
}

/// `GET /operator/network`
pub(crate) async fn network(State(app): State<App>, Operator(who): Operator) -> Result<Response, Failure> {
    let template = NetworkPage {
        frame: app.member_frame("Network", Here::Network, &who).await?,
        state: app.vpn.state(),
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
    axis: [&'static str; 6],
    statements: Vec<(String, String)>,
    /// Whether any statement carries a clause.
    clauses: bool,
    tensions: &'a [Tension],
    lints: Vec<&'a str>,
    not_collected: Vec<&'static str>,
    kinds: Vec<(&'static str, usize)>,
}

/// `GET /operator/policy`
pub(crate) async fn policy(State(app): State<App>, Operator(who): Operator) -> Result<Response, Failure> {
    let parts = app.plan().parts();
    let kinds = [
        ("promises", parts.promises.len()),
        ("kept", parts.collects.len()),
        ("in memory", parts.processes.len()),
        ("not accepted", parts.refuses.len()),
        ("cookies", parts.cookies.len()),
        ("recipients", parts.recipients.len()),
        ("notes", parts.notes.len()),
    ];
    let statements = statements(&app);
    let template = RunningPolicyPage {
        frame: app
            .member_frame("The policy that runs", Here::OperatorPolicy, &who)
            .await?,
        name: &parts.name,
        version: &parts.version,
        date: app.policy.date(),
        file_name: app.policy.file_name(),
        source: app.policy.source(),
        lifetimes: &app.lifetimes,
        axis: AXIS,
        clauses: statements.iter().any(|(_, clauses)| !clauses.is_empty()),
        statements,
        tensions: app.policy.tensions(),
        lints: app.policy.lints().iter().map(|lint| lint.text.as_str()).collect(),
        not_collected: not_collected(&app),
        kinds: kinds.into_iter().filter(|(_, count)| *count > 0).collect(),
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
