//! Joining, and the operator's set-up: the same form.

use account::{
    Access, AccountNumber, Enrolment, Entry, Identity, JoinError, JoinForm, Joined, Joining,
    PASSWORD_MINIMUM_CHARACTERS, Secret, SessionToken,
};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::app::{App, limit_key};
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::picture::lifetimes::Lifetimes;
use crate::refusal::Refusal as _;
use crate::session::{Address, Guest, set_cookie};
use crate::speech::Speech;

/// What the form brings.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct JoinFields {
    pub(crate) age: String,
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) agree: String,
    pub(crate) accepted: String,
    pub(crate) invitation: String,
    /// Without an e-mail address: by a number.
    pub(crate) by: String,
}

/// How a link to the form has it filled in.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct JoinAsked {
    invitation: String,
    by: String,
}

const BY_NUMBER: &str = "number";

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage<'a> {
    frame: Frame,
    /// The set-up's token, when this is the set-up.
    set_up: Option<String>,
    age: Option<Field>,
    invitation: Option<Field>,
    /// Absent for somebody who joins by a number.
    email: Option<Field>,
    password: Option<Field>,
    /// People can join by a number as well.
    numbers: bool,
    wrong: Option<Wrong>,
    digest: String,
    /// The box was ticked when the form was sent.
    agreed: bool,
    lifetimes: &'a Lifetimes,
}

#[derive(Template)]
#[template(path = "young.html")]
struct YoungPage {
    frame: Frame,
    min_age: u8,
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct RecoveryPage {
    frame: Frame,
    code: String,
    numbered: bool,
    reset: bool,
}

/// `GET /join`
pub(crate) async fn form(
    State(app): State<App>,
    speech: Speech,
    guest: Guest,
    Query(asked): Query<JoinAsked>,
) -> Response {
    let fields = JoinFields {
        invitation: asked.invitation,
        by: asked.by,
        ..JoinFields::default()
    };
    match guest.signed_in {
        Some(_) => Redirect::to("/home").into_response(),
        None => form_page(&app, &speech, None, &fields, None),
    }
}

/// `POST /join`
pub(crate) async fn send(
    State(app): State<App>,
    speech: Speech,
    address: Address,
    Sent(fields): Sent<JoinFields>,
) -> Result<Response, Failure> {
    enrol(&app, &speech, address, fields, None).await
}

/// `GET /set-up/{token}`
pub(crate) async fn set_up_form(
    State(app): State<App>,
    speech: Speech,
    address: Address,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    allow(&app, address)?;
    if !app.accounts.set_up().fits(&token, app.now()) {
        return Err(Failure::SetUpOver);
    }
    Ok(form_page(&app, &speech, Some(token), &JoinFields::default(), None))
}

/// `POST /set-up/{token}`
pub(crate) async fn set_up_send(
    State(app): State<App>,
    speech: Speech,
    address: Address,
    Path(token): Path<String>,
    Sent(fields): Sent<JoinFields>,
) -> Result<Response, Failure> {
    enrol(&app, &speech, address, fields, Some(token)).await
}

fn allow(app: &App, address: Address) -> Result<(), Failure> {
    match app.joins.allow(&limit_key(address.0), app.now()) {
        true => Ok(()),
        false => Err(Failure::TooOften),
    }
}

async fn enrol(
    app: &App,
    speech: &Speech,
    address: Address,
    fields: JoinFields,
    token: Option<String>,
) -> Result<Response, Failure> {
    allow(app, address)?;
    let form = match parse(app, speech, &fields) {
        Ok(form) => form,
        Err(wrong) => return Ok(form_page(app, speech, token, &fields, Some(wrong))),
    };
    let joined = match &token {
        Some(token) => {
            let joined = app.accounts.set_up_operator(token, form).await;
            joined.map(|joined| recovery_page(app, speech, &joined, false))
        }
        None => join(app, speech, form, &fields).await,
    };
    let error = match joined {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    let field = match error {
        JoinError::Store(error) => return Err(error.into()),
        JoinError::SetUpToken => return Err(Failure::SetUpOver),
        JoinError::TooYoung(min_age) => {
            let frame = app.frame(speech, speech.say("young-title"), Here::Join, None);
            return Ok(page(StatusCode::FORBIDDEN, &YoungPage { frame, min_age }));
        }
        JoinError::Email | JoinError::EmailTaken => "email",
        JoinError::Password(_) => "password",
        JoinError::AgeMissing => "age",
        JoinError::PolicyChanged => "agree",
        JoinError::InvitationNeeded | JoinError::InvitationWrong => "invitation",
        JoinError::Busy | JoinError::NoNumbers | JoinError::Token(_) => "form",
    };
    let wrong = Wrong::new(field, error.said(speech));
    Ok(form_page(app, speech, token, &fields, Some(wrong)))
}

/// Joins as a member: by e-mail address, or by a number, which is shown.
async fn join(app: &App, speech: &Speech, form: JoinForm, fields: &JoinFields) -> Result<Response, JoinError> {
    let invitation = fields.invitation.trim();
    let enrolment = Enrolment {
        identity: match fields.by == BY_NUMBER {
            true => Identity::Number,
            false => Identity::Email {
                email: form.email,
                password: form.password,
            },
        },
        age: form.age,
        accepted: form.accepted,
        invitation: (!invitation.is_empty()).then(|| invitation.to_owned()),
    };
    let enrolled = app.accounts.join_as(enrolment, Access::Browser).await?;
    let Entry::Session(session) = enrolled.entry else {
        return Ok(Failure::Ourselves.into_response());
    };
    let (code, numbered) = match &enrolled.secret {
        Secret::Recovery(code) => (code.to_string(), false),
        Secret::Number(number) => (number.to_string(), true),
    };
    let shown = Once {
        code,
        numbered,
        reset: false,
    };
    Ok(shown_once(app, speech, shown, &session))
}

fn parse(app: &App, speech: &Speech, fields: &JoinFields) -> Result<JoinForm, Wrong> {
    let age = match (app.plan().parts().audience.min_age, fields.age.trim()) {
        (None, _) | (_, "") => None,
        (Some(_), typed) => match typed.parse() {
            Ok(age) => Some(age),
            Err(_) => return Err(Wrong::new("age", speech.say("refused-age"))),
        },
    };
    let too_young = matches!((age, app.plan().parts().audience.min_age), (Some(age), Some(least)) if age < least);
    if fields.agree != "yes" && !too_young {
        return Err(Wrong::new("agree", speech.say("refused-agree")));
    }
    let accepted = fields.accepted.parse();
    let accepted = accepted.map_err(|_| Wrong::new("agree", JoinError::PolicyChanged.said(speech)))?;
    Ok(JoinForm {
        email: fields.email.clone(),
        password: fields.password.to_string(),
        age,
        accepted,
    })
}

fn form_page(
    app: &App,
    speech: &Speech,
    set_up: Option<String>,
    fields: &JoinFields,
    wrong: Option<Wrong>,
) -> Response {
    let title = match set_up {
        Some(_) => speech.say("set-up-title"),
        None => speech.say("join-title"),
    };
    let mark = |field: Field| field.wrong(wrong.as_ref());
    let age = app.plan().parts().audience.min_age.map(|_| {
        let field = Field::new("age", speech.say("join-age"), Ask::Age).hint(speech.say("join-age-hint"));
        mark(field.typed(&fields.age))
    });
    let numbered = fields.by == BY_NUMBER && set_up.is_none();
    let asks_invitation = set_up.is_none()
        && app.accounts.has_invitations()
        && (app.accounts.joining() == Joining::ByInvitation || !fields.invitation.is_empty());
    let invitation = asks_invitation.then(|| {
        let field = Field::new("invitation", speech.say("join-invitation"), Ask::Text);
        mark(field.hint(speech.say("join-invitation-hint")).typed(&fields.invitation))
    });
    let email = Field::new("email", speech.say("label-email"), Ask::Email).hint(speech.say("join-email-hint"));
    let password = Field::new("password", speech.say("label-password"), Ask::NewPassword).hint(
        speech
            .say("join-password-hint")
            .number("minimum", PASSWORD_MINIMUM_CHARACTERS),
    );
    let template = JoinPage {
        frame: app.frame(speech, title, Here::Join, None),
        age,
        invitation,
        email: (!numbered).then(|| mark(email.typed(&fields.email))),
        password: (!numbered).then(|| mark(password)),
        numbers: set_up.is_none() && app.accounts.has_numbers(),
        digest: app.plan().digest().to_string(),
        // A changed policy is agreed to anew.
        agreed: fields.agree == "yes" && fields.accepted == app.plan().digest().to_string(),
        lifetimes: app.lifetimes(speech.language),
        set_up,
        wrong: wrong.clone(),
    };
    let status = match wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    page(status, &template)
}

/// What lets somebody back in.
struct Once {
    code: String,
    /// It is the account's number.
    numbered: bool,
    reset: bool,
}

/// The page that shows a new recovery code, once, to somebody who is signed in from now on.
pub(crate) fn recovery_page(app: &App, speech: &Speech, joined: &Joined, reset: bool) -> Response {
    let shown = Once {
        code: joined.recovery.to_string(),
        numbered: false,
        reset,
    };
    shown_once(app, speech, shown, &joined.session)
}

/// The page that shows a number that takes the place of another.
pub(crate) fn renewed_number_page(
    app: &App,
    speech: &Speech,
    number: &AccountNumber,
    session: &SessionToken,
) -> Response {
    let shown = Once {
        code: number.to_string(),
        numbered: true,
        reset: true,
    };
    shown_once(app, speech, shown, session)
}

fn shown_once(app: &App, speech: &Speech, shown: Once, session: &SessionToken) -> Response {
    let title = match shown.numbered {
        true => speech.say("number-title"),
        false => speech.say("recovery-title"),
    };
    let mut frame = app.frame(speech, title, Here::Nowhere, None);
    // Signed in by this very response; the links of a guest would lead astray.
    frame.links = Vec::new();
    let template = RecoveryPage {
        frame,
        code: shown.code,
        numbered: shown.numbered,
        reset: shown.reset,
    };
    let mut response = page(StatusCode::OK, &template);
    response.headers_mut().insert(SET_COOKIE, set_cookie(session));
    response
}
