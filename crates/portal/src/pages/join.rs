//! Joining, and the operator's set-up: the same form.

use account::{JoinError, JoinForm, Joined, PASSWORD_MINIMUM_CHARACTERS};
use askama::Template;
use axum::extract::{Path, State};
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
}

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage<'a> {
    frame: Frame,
    /// The set-up's token, when this is the set-up.
    set_up: Option<String>,
    age: Option<Field>,
    email: Field,
    password: Field,
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
    reset: bool,
}

/// `GET /join`
pub(crate) async fn form(State(app): State<App>, speech: Speech, guest: Guest) -> Response {
    match guest.signed_in {
        Some(_) => Redirect::to("/home").into_response(),
        None => form_page(&app, &speech, None, &JoinFields::default(), None),
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
        Some(token) => app.accounts.set_up_operator(token, form).await,
        None => app.accounts.join(form).await,
    };
    let error = match joined {
        Ok(joined) => return Ok(recovery_page(app, speech, &joined, false)),
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
        JoinError::PasswordShort | JoinError::PasswordLong => "password",
        JoinError::AgeMissing => "age",
        JoinError::PolicyChanged => "agree",
        JoinError::Busy => "form",
    };
    let wrong = Wrong::new(field, error.said(speech));
    Ok(form_page(app, speech, token, &fields, Some(wrong)))
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
    let email = Field::new("email", speech.say("label-email"), Ask::Email).hint(speech.say("join-email-hint"));
    let password = Field::new("password", speech.say("label-password"), Ask::NewPassword).hint(
        speech
            .say("join-password-hint")
            .number("minimum", PASSWORD_MINIMUM_CHARACTERS),
    );
    let template = JoinPage {
        frame: app.frame(speech, title, Here::Join, None),
        age,
        email: mark(email.typed(&fields.email)),
        password: mark(password),
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

/// The page that shows a new recovery code, once, to somebody who is signed in from now on.
pub(crate) fn recovery_page(app: &App, speech: &Speech, joined: &Joined, reset: bool) -> Response {
    let mut frame = app.frame(speech, speech.say("recovery-title"), Here::Nowhere, None);
    // Signed in by this very response; the links of a guest would lead astray.
    frame.links = Vec::new();
    let template = RecoveryPage {
        frame,
        code: joined.recovery.to_string(),
        reset,
    };
    let mut response = page(StatusCode::OK, &template);
    response.headers_mut().insert(SET_COOKIE, set_cookie(&joined.session));
    response
}
