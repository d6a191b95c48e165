//! “What you know about me”: every value, where it is from, what it is for, and when it ends.

use account::JoinError;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::{Choice, FieldId, Language, Plan, Shown, Timestamp};
use serde::Deserialize;
use store::{Export, ExportRow, ExportTable, Origin};
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::treemap::{Left, Tile, treemap};
use crate::question::{Question, Weight, confirm, secret_field};
use crate::refusal::Refusal as _;
use crate::session::{Address, Member};
use crate::speech::{Saying, Speech, perhaps};
use crate::words;

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    frame: Frame,
    wide: Svg,
    narrow: Svg,
    legend: Vec<Left>,
    values: u64,
    soonest: Option<Saying>,
    groups: Vec<Group>,
    can_correct: bool,
    /// Signs in with a password; otherwise with a number.
    has_password: bool,
    visits: Option<Visits>,
}

/// What one table holds.
struct Group {
    about: String,
    /// Whether the rows have the same columns and are shown as a table.
    grid: bool,
    rows: Vec<Row>,
    origin: Option<Saying>,
    purposes: String,
    /// When all of it ends, where that is one time for all rows.
    until: Option<String>,
    /// The table is long and starts closed.
    long: bool,
}

struct Row {
    cells: Vec<(&'static str, Value)>,
    until: String,
}

enum Value {
    Shown(Shown),
    /// A key or a digest: long, and without a space.
    Long(Shown),
    /// Held, and never shown to anybody.
    Secret,
}

/// Lines of the access log that the page shows.
const VISITS_SHOWN: usize = 200;

/// The lines of the access log of one address.
struct Visits {
    all: usize,
    newest: Vec<account::Visit>,
    keep: String,
    /// What the columns are called.
    time: &'static str,
    address: &'static str,
}

/// `GET /me`
pub(crate) async fn me(
    State(app): State<App>,
    speech: Speech,
    Member(who): Member,
    address: Address,
) -> Result<Response, Failure> {
    let language = speech.language;
    let export = app.accounts.export(who.member).await?;
    let now = app.now();
    let tiles: Vec<Tile> = export.tables.iter().map(|table| tile(language, table, now)).collect();
    let visits = match (app.accounts.has_visits(), address.0) {
        (true, Some(address)) => {
            let mut newest = app.accounts.visits_from(address).await?;
            let all = newest.len();
            newest.truncate(VISITS_SHOWN);
            Some(Visits {
                all,
                newest,
                keep: words::keep_of(language, app.plan(), FieldId::AccessIp),
                time: FieldId::AccessTime.words_in(language),
                address: FieldId::AccessIp.words_in(language),
            })
        }
        _ => None,
    };
    let legend = Left::ALL.into_iter();
    let template = MePage {
        frame: app
            .member_frame(&speech, speech.say("me-title"), Here::Me, &who)
            .await?,
        wide: treemap(language, &tiles, 960.0, 300.0, "wide"),
        narrow: treemap(language, &tiles, 340.0, 460.0, "narrow"),
        legend: legend
            .filter(|left| tiles.iter().any(|tile| tile.left == *left))
            .collect(),
        values: tiles.iter().map(|tile| tile.values).sum(),
        soonest: soonest(&speech, &export, now),
        groups: export
            .tables
            .into_iter()
            .map(|table| group(&speech, app.plan(), table, now))
            .collect(),
        can_correct: app.plan().parts().rights.correct,
        has_password: app.accounts.has_password(who.member).await?,
        visits,
    };
    Ok(page(StatusCode::OK, &template))
}

fn tile(language: Language, table: &ExportTable, now: Timestamp) -> Tile {
    let values = table.rows.iter().map(|row| row.columns.len() as u64).sum();
    let ends = table.rows.iter().map(|row| row.expires_at).min();
    let seconds = ends
        .filter(|end| *end != Timestamp::NEVER)
        .map(|end| (end.microseconds() - now.microseconds()) / 1_000_000);
    Tile {
        name: title(&about(language, table)),
        values,
        left: Left::of(seconds),
    }
}

/// What a table holds, in words.
pub(crate) fn about(language: Language, table: &ExportTable) -> String {
    let said = perhaps(language, &format!("table-{}", table.name));
    said.unwrap_or_else(|| table.about.trim_end_matches('.').to_owned())
}

/// The table's words as a name: without the full stop and what follows a colon or a comma.
fn title(about: &str) -> String {
    let end = about.find(['.', ':', ',']).unwrap_or(about.len());
    about.get(..end).unwrap_or(about).to_owned()
}

fn soonest(speech: &Speech, export: &Export, now: Timestamp) -> Option<Saying> {
    let ends = export
        .tables
        .iter()
        .flat_map(|table| &table.rows)
        .map(|row| row.expires_at);
    let soonest = ends.filter(|end| *end != Timestamp::NEVER).min()?;
    Some(match words::until(speech.language, soonest, now) {
        (when, true) => speech.say("me-next-soon").text("when", when),
        (when, false) => speech.say("me-next").text("when", when),
    })
}

fn group(speech: &Speech, plan: &Plan, table: ExportTable, now: Timestamp) -> Group {
    const LONG_ROWS: usize = 8;
    let language = speech.language;
    // The table `held` has one row for each datum, so its rows have different fields.
    let field_of = |row: &ExportRow| row.columns.first().map(|column| column.field);
    let first = table.rows.first().and_then(field_of);
    let fields_of_all = table
        .rows
        .iter()
        .flat_map(|row| &row.columns)
        .map(|column| column.field);
    let purposes = purposes(language, plan, fields_of_all);
    let origin = table.rows.first().map(|row| origin(speech, row.origin));
    let ends: Vec<Timestamp> = table.rows.iter().map(|row| row.expires_at).collect();
    let one_end = ends.first().filter(|first| ends.iter().all(|end| end == *first));
    Group {
        about: about(language, &table),
        grid: table.rows.len() > 1 && table.rows.iter().all(|row| field_of(row) == first),
        origin,
        purposes,
        until: one_end.map(|end| words::until(language, *end, now).0),
        long: table.rows.len() > LONG_ROWS,
        rows: table.rows.into_iter().map(|row| row_of(language, row, now)).collect(),
    }
}

/// Where a datum came from, in words.
pub(crate) fn origin(speech: &Speech, origin: Origin) -> Saying {
    match origin {
        Origin::Person => speech.say("origin-person"),
        Origin::Operator => speech.say("origin-operator"),
        Origin::Program => speech.say("origin-program"),
    }
}

fn row_of(language: Language, row: ExportRow, now: Timestamp) -> Row {
    Row {
        until: words::until(language, row.expires_at, now).0,
        cells: row
            .columns
            .into_iter()
            .map(|column| {
                (
                    column.field.words_in(language),
                    column.value.map_or(Value::Secret, value_of),
                )
            })
            .collect(),
    }
}

fn value_of(shown: Shown) -> Value {
    const LONG_BYTES: usize = 40;
    let text = shown.to_string();
    match text.len() >= LONG_BYTES && !text.contains([' ', '@']) {
        true => Value::Long(shown),
        false => Value::Shown(shown),
    }
}

/// What the policy lets these fields be used for, without what needs a consent.
fn purposes(language: Language, plan: &Plan, fields: impl Iterator<Item = FieldId>) -> String {
    let mut purposes: Vec<&str> = fields
        .flat_map(|field| plan.collects_of(field))
        .flat_map(|collect| &collect.purposes)
        .filter(|(_, choice)| *choice == Choice::None)
        .map(|(purpose, _)| purpose.words_in(language))
        .collect();
    purposes.sort_unstable();
    purposes.dedup();
    words::list(language, &purposes)
}

/// `POST /me/visits/forget`
pub(crate) async fn forget_visits(
    State(app): State<App>,
    Member(_): Member,
    address: Address,
) -> Result<Response, Failure> {
    if let Some(address) = address.0 {
        app.accounts.forget_visits_from(address).await?;
    }
    Ok(Redirect::to("/me").into_response())
}

/// What the correction brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EmailFields {
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
}

/// `GET /me/email`
pub(crate) async fn email_form(State(app): State<App>, speech: Speech, member: Member) -> Result<Response, Failure> {
    email_page(&app, &speech, &member, "", None).await
}

/// `POST /me/email`
pub(crate) async fn email_send(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Sent(fields): Sent<EmailFields>,
) -> Result<Response, Failure> {
    let again = async |wrong| email_page(&app, &speech, &member, &fields.email, Some(wrong)).await;
    if let Some(wrong) = confirm(&app, &speech, member.0.member, &fields.password).await? {
        return again(wrong).await;
    }
    match app.accounts.correct_email(member.0.member, &fields.email).await {
        Ok(()) => Ok(Redirect::to("/me").into_response()),
        Err(JoinError::Store(error)) => Err(error.into()),
        Err(error) => again(Wrong::new("email", error.said(&speech))).await,
    }
}

async fn email_page(
    app: &App,
    speech: &Speech,
    Member(who): &Member,
    email: &str,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    if !app.plan().parts().rights.correct {
        return Err(Failure::NotFound);
    }
    let question = Question {
        frame: app
            .member_frame(speech, speech.say("email-title"), Here::Me, who)
            .await?,
        lead: speech.say("email-lead"),
        fields: vec![
            Field::new("email", speech.say("email-new"), Ask::Email).typed(email),
            secret_field(app, speech, who.member).await?,
        ],
        action: "/me/email".to_owned(),
        button: speech.say("email-button"),
        weight: Weight::Light,
        leave: ("/me", speech.say("leave-as-it-is")),
        wrong,
    };
    Ok(question.into_page())
}
