//! The operator's invitations.

use account::{INVITATIONS_LIMIT, InvitationError, InvitationView, MadeInvitation, NewInvitation, SignedIn};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use plan::InvitationId;
use serde::Deserialize;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::import::{STANDARD_DAYS, STANDARD_USES, way_in};
use crate::pages::import;
use crate::question::{Question, Weight, status};
use crate::refusal::Refusal as _;
use crate::session::Operator;
use crate::speech::{Saying, Speech};

/// Invitations on one page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "invitations.html")]
struct InvitationsPage {
    frame: Frame,
    rows: Vec<InvitationView>,
    tariffs: Vec<String>,
    count: Field,
    uses: Field,
    days: Field,
    /// What was just made.
    made: Option<MadeInvitation>,
    wrong: Option<Wrong>,
    first: bool,
    next: Option<InvitationId>,
}

impl InvitationsPage {
    /// Enough of an id to tell invitations apart by eye.
    fn short(&self, id: &InvitationId) -> String {
        short(*id)
    }

    /// The page on which the invited join, without the site's name.
    fn way_in(&self, made: &MadeInvitation) -> String {
        way_in(made)
    }
}

/// Where the page starts.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct After {
    after: String,
}

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct InviteFields {
    count: String,
    uses: String,
    days: String,
    tariff: String,
}

/// `GET /operator/invitations`
pub(crate) async fn list(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Query(After { after }): Query<After>,
) -> Result<Response, Failure> {
    list_page(&app, &speech, &who, after.parse().ok(), Sending::default()).await
}

/// `POST /operator/invitations`
pub(crate) async fn make(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Sent(fields): Sent<InviteFields>,
) -> Result<Response, Failure> {
    let number = |typed: &str| typed.trim().parse().unwrap_or(0);
    let wanted = NewInvitation {
        uses: number(&fields.uses),
        days: number(&fields.days),
        tariff: Some(fields.tariff.clone()).filter(|tariff| !tariff.is_empty()),
    };
    let mut sending = Sending {
        fields,
        ..Sending::default()
    };
    // A number that is none, or too large a one, asks for none.
    let count = match sending.fields.count.trim() {
        "" => 1,
        typed => typed.parse().unwrap_or(0),
    };
    let refusal = match app.accounts.check_invitation(&wanted) {
        Ok(()) if count == 1 => match app.accounts.invite(who.member, &wanted).await {
            Ok(made) => {
                sending.made = Some(made);
                None
            }
            Err(error) => Some(error),
        },
        Ok(()) if (2..=INVITATIONS_LIMIT).contains(&count) => {
            return import::make(&app, &speech, &who, &vec![wanted; count]).await;
        }
        Ok(()) => Some(InvitationError::TooMany),
        Err(error) => Some(error),
    };
    if let Some(error) = refusal {
        sending.wrong = Some(refused(&speech, error)?);
    }
    list_page(&app, &speech, &who, None, sending).await
}

fn refused(speech: &Speech, error: InvitationError) -> Result<Wrong, Failure> {
    let field = match error {
        InvitationError::Store(error) => return Err(error.into()),
        InvitationError::NotDeclared | InvitationError::NoSuchInvitation => return Err(Failure::NotFound),
        InvitationError::Uses => "uses",
        InvitationError::Days => "days",
        InvitationError::TooMany => "count",
        InvitationError::NoSuchTariff => "form",
    };
    Ok(Wrong::new(field, error.said(speech)))
}

/// `GET /operator/invitations/{id}/withdraw`
pub(crate) async fn withdraw_form(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: InvitationId = id.parse().map_err(|_| Failure::NotFound)?;
    let title = speech.say("withdraw-title").text("invitation", short(id));
    let question = Question {
        frame: app.member_frame(&speech, title, Here::Invitations, &who).await?,
        lead: speech.say("withdraw-lead"),
        fields: Vec::new(),
        action: format!("/operator/invitations/{id}/withdraw"),
        button: speech.say("withdraw-button"),
        weight: Weight::Grave,
        leave: ("/operator/invitations", speech.say("leave-as-it-is")),
        wrong: None,
    };
    Ok(question.into_page())
}

/// `POST /operator/invitations/{id}/withdraw`
pub(crate) async fn withdraw(
    State(app): State<App>,
    Operator(_): Operator,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::NotFound)?;
    match app.accounts.withdraw_invitation(id).await {
        // Withdrawn twice is withdrawn.
        Ok(()) | Err(InvitationError::NoSuchInvitation) => Ok(Redirect::to("/operator/invitations").into_response()),
        Err(InvitationError::Store(error)) => Err(error.into()),
        Err(_) => Err(Failure::NotFound),
    }
}

/// Enough of an id to tell invitations apart by eye.
fn short(id: InvitationId) -> String {
    id.to_string().chars().take(8).collect()
}

/// What a form came to.
#[derive(Default)]
struct Sending {
    fields: InviteFields,
    made: Option<MadeInvitation>,
    wrong: Option<Wrong>,
}

async fn list_page(
    app: &App,
    speech: &Speech,
    who: &SignedIn,
    after: Option<InvitationId>,
    sending: Sending,
) -> Result<Response, Failure> {
    let rows = match app.accounts.invitations(after, PAGE).await {
        Ok(rows) => rows,
        Err(InvitationError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(Failure::NotFound),
    };
    let Sending { fields, made, wrong } = sending;
    let or = |typed: &str, standard: &str| match typed.is_empty() || made.is_some() {
        true => standard.to_owned(),
        false => typed.to_owned(),
    };
    let field =
        |name, label: Saying, typed: String| Field::new(name, label, Ask::Text).typed(&typed).wrong(wrong.as_ref());
    let template = InvitationsPage {
        frame: app
            .member_frame(speech, speech.say("invitations-title"), Here::Invitations, who)
            .await?,
        count: field("count", speech.say("invitations-count"), or(&fields.count, "1")),
        uses: field(
            "uses",
            speech.say("invitations-uses"),
            or(&fields.uses, &STANDARD_USES.to_string()),
        ),
        days: field(
            "days",
            speech.say("invitations-days"),
            or(&fields.days, &STANDARD_DAYS.to_string()),
        ),
        tariffs: app
            .accounts
            .tariffs()
            .iter()
            .map(|tariff| tariff.name.clone())
            .collect(),
        first: after.is_none(),
        next: rows.last().filter(|_| rows.len() == PAGE as usize).map(|row| row.id),
        rows,
        made,
        wrong: wrong.clone(),
    };
    Ok(page(status(wrong.as_ref()), &template))
}
