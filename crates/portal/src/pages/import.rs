//! The operator's list of invitations: it is looked at first, then all of it is made or nothing.

use account::{InvitationError, NewInvitation, SignedIn};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::import::{read, write};
use crate::pages::erase::data_address;
use crate::question::status;
use crate::refusal::Refusal as _;
use crate::session::Operator;
use crate::speech::Speech;

/// What the second form of the page sends, which makes them.
const MAKE: &str = "make";

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    text: String,
    wrong: Option<Wrong>,
    example: String,
    tariffs: Vec<String>,
}

#[derive(Template)]
#[template(path = "import_look.html")]
struct LookPage {
    frame: Frame,
    text: String,
    invitations: usize,
    people: u64,
    rows: Vec<Alike>,
}

/// Lines of the list that ask for the same.
struct Alike {
    count: usize,
    uses: u32,
    days: u32,
    tariff: String,
}

#[derive(Template)]
#[template(path = "invitations_made.html")]
struct MadePage {
    frame: Frame,
    count: usize,
    list: String,
    /// The list as a `data:` address, so that it can be saved without script.
    download: String,
}

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ImportFields {
    pub(crate) text: String,
    pub(crate) step: String,
}

/// `GET /operator/invitations/import`
pub(crate) async fn form(State(app): State<App>, speech: Speech, Operator(who): Operator) -> Result<Response, Failure> {
    form_page(&app, &speech, &who, String::new(), None).await
}

/// `POST /operator/invitations/import`
pub(crate) async fn send(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Sent(fields): Sent<ImportFields>,
) -> Result<Response, Failure> {
    let wanted = match read(&fields.text, |one| app.accounts.check_invitation(one)) {
        Ok(wanted) => wanted,
        Err(error) => {
            let wrong = Wrong::new("text", error.said(&speech));
            return form_page(&app, &speech, &who, fields.text, Some(wrong)).await;
        }
    };
    if fields.step == MAKE {
        return make(&app, &speech, &who, &wanted).await;
    }
    let template = LookPage {
        frame: frame(&app, &speech, &who).await?,
        invitations: wanted.len(),
        people: wanted.iter().map(|one| u64::from(one.uses)).sum(),
        rows: alike(&app, &wanted),
        text: fields.text,
    };
    Ok(page(StatusCode::OK, &template))
}

/// Makes all of them and shows the codes, once.
pub(crate) async fn make(
    app: &App,
    speech: &Speech,
    who: &SignedIn,
    wanted: &[NewInvitation],
) -> Result<Response, Failure> {
    let made = match app.accounts.invite_many(who.member, wanted).await {
        Ok(made) => made,
        Err(InvitationError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(Failure::NotFound),
    };
    let list = write(&app.accounts, wanted, &made);
    let template = MadePage {
        frame: frame(app, speech, who).await?,
        count: made.len(),
        download: data_address(&list),
        list,
    };
    Ok(page(StatusCode::OK, &template))
}

/// What the list comes to: equal lines together, in the order in which they first appear.
fn alike(app: &App, wanted: &[NewInvitation]) -> Vec<Alike> {
    let mut rows: Vec<Alike> = Vec::new();
    for one in wanted {
        let tariff = app.accounts.tariff_of_invitation(one);
        let same = |row: &&mut Alike| row.uses == one.uses && row.days == one.days && row.tariff == tariff;
        match rows.iter_mut().find(same) {
            Some(row) => row.count += 1,
            None => rows.push(Alike {
                count: 1,
                uses: one.uses,
                days: one.days,
                tariff: tariff.to_owned(),
            }),
        }
    }
    rows
}

async fn frame(app: &App, speech: &Speech, who: &SignedIn) -> Result<Frame, Failure> {
    if !app.accounts.has_invitations() {
        return Err(Failure::NotFound);
    }
    app.member_frame(speech, speech.say("import-title"), Here::Invitations, who)
        .await
}

/// What a list looks like, with tariffs that there are; column names are the same in every language.
fn example(tariffs: &[String]) -> String {
    let (first, last) = (tariffs.first(), tariffs.last());
    let (first, last) = (first.map_or("", String::as_str), last.map_or("", String::as_str));
    format!("uses,days,tariff\n1,14,{first}\n1,14,{first}\n25,90,{last}\n")
}

async fn form_page(
    app: &App,
    speech: &Speech,
    who: &SignedIn,
    text: String,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    let tariffs: Vec<String> = app
        .accounts
        .tariffs()
        .iter()
        .map(|tariff| tariff.name.clone())
        .collect();
    let template = ImportPage {
        frame: frame(app, speech, who).await?,
        text,
        example: example(&tariffs),
        tariffs,
        wrong,
    };
    Ok(page(status(template.wrong.as_ref()), &template))
}
