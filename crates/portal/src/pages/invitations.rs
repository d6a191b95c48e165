//! The operator's invitations.

use account::{
    INVITATION_DAYS_LIMIT, INVITATION_USES_LIMIT, InvitationError, InvitationView, MadeInvitation, NewInvitation,
    SignedIn,
};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::InvitationId;
use serde::Deserialize;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
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
        id.to_string().chars().take(8).collect()
    }

    /// The page on which the invited join, without the site's name.
    fn way_in(&self, made: &MadeInvitation) -> String {
        format!("/join?invitation={}", made.code)
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
    match app.accounts.invite(who.member, &wanted).await {
        Ok(made) => sending.made = Some(made),
        Err(InvitationError::Store(error)) => return Err(error.into()),
        Err(error) => sending.wrong = Some(refused(&speech, error)?),
    }
    list_page(&app, &speech, &who, None, sending).await
}

fn refused(speech: &Speech, error: InvitationError) -> Result<Wrong, Failure> {
    Ok(match error {
        InvitationError::Uses => {
            let said: Saying = speech.say("refused-uses").number("limit", INVITATION_USES_LIMIT);
            Wrong::new("uses", said)
        }
        InvitationError::Days => Wrong::new(
            "days",
            speech.say("refused-days").number("limit", INVITATION_DAYS_LIMIT),
        ),
        InvitationError::NoSuchTariff => Wrong::new("form", speech.say("batch-tariff")),
        InvitationError::Store(error) => Wrong::new("form", error.said(speech)),
        InvitationError::NotDeclared | InvitationError::NoSuchInvitation => return Err(Failure::NotFound),
    })
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
        uses: field("uses", speech.say("invitations-uses"), or(&fields.uses, "1")),
        days: field("days", speech.say("invitations-days"), or(&fields.days, "14")),
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
    let status = match wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok(page(status, &template))
}
