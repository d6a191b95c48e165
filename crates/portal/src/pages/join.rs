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
use crate::session::{Address, Guest, set_cookie};

/// What the form brings.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct JoinFields {
    age: String,
    email: String,
    password: Zeroizing<String>,
    agree: String,
    accepted: String,
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
pub(crate) async fn form(State(app): State<App>, guest: Guest) -> Response {
    match guest.signed_in {
        Some(_) => Redirect::to("/home").into_response(),
        None => form_page(&app, None, &JoinFields::default(), None),
    }
}

/// `POST /join`
pub(crate) async fn send(
    State(app): State<App>,
    address: Address,
    Sent(fields): Sent<JoinFields>,
) -> Result<Response, Failure> {
    enrol(&app, address, fields, None).await
}

/// `GET /set-up/{token}`
pub(crate) async fn set_up_form(
    State(app): State<App>,
    address: Address,
    Path(token): Path<String>,
) -> Result<Response, Failure> {
    allow(&app, address)?;
    if !app.accounts.set_up().fits(&token, app.now()) {
        return Err(Failure::SetUpOver);
    }
    Ok(form_page(&app, Some(token), &JoinFields::default(), None))
}

/// `POST /set-up/{token}`
pub(crate) async fn set_up_send(
    State(app): State<App>,
    address: Address,
    Path(token): Path<String>,
    Sent(fields): Sent<JoinFields>,
) -> Result<Response, Failure> {
    enrol(&app, address, fields, Some(token)).await
}

fn allow(app: &App, address: Address) -> Result<(), Failure> {
    match app.joins.allow(&limit_key(address.0), app.now()) {
        true => Ok(()),
        false => Err(Failure::TooOften),
    }
}

async fn enrol(app: &App, address: Address, fields: JoinFields, token: Option<String>) -> Result<Response, Failure> {
    allow(app, address)?;
    let form = match parse(app, &fields) {
        Ok(form) => form,
        Err(wrong) => return Ok(form_page(app, token, &fields, Some(wrong))),
    };
    let joined = match &token {
        Some(token) => app.accounts.set_up_operator(token, form).await,
        None => app.accounts.join(form).await,
    };
    let error = match joined {
        Ok(joined) => return Ok(recovery_page(app, &joined, false)),
        Err(error) => error,
    };
    let field = match error {
        JoinError::Store(error) => return Err(error.into()),
        JoinError::SetUpToken => return Err(Failure::SetUpOver),
        JoinError::TooYoung(min_age) => {
            let frame = app.frame("Not yet", Here::Join, None);
            return Ok(page(StatusCode::FORBIDDEN, &YoungPage { frame, min_age }));
        }
        JoinError::Email | JoinError::EmailTaken => "email",
        JoinError::PasswordShort | JoinError::PasswordLong => "password",
        JoinError::AgeMissing => "age",
        JoinError::PolicyChanged => "agree",
        JoinError::Busy => "form",
    };
    Ok(form_page(app, token, &fields, Some(Wrong::new(field, error))))
}

fn parse(app: &App, fields: &JoinFields) -> Result<JoinForm, Wrong> {
    let age = match (app.plan().parts().audience.min_age, fields.age.trim()) {
        (None, _) | (_, "") => None,
        (Some(_), typed) => match typed.parse() {
            Ok(age) => Some(age),
            Err(_) => return Err(Wrong::new("age", "an age is a whole number of years")),
        },
    };
    let too_young = matches!((age, app.plan().parts().audience.min_age), (Some(age), Some(least)) if age < least);
    if fields.agree != "yes" && !too_young {
        return Err(Wrong::new(
            "agree",
            "an account needs your agreement to the policy, because the policy is what the program does",
        ));
    }
    let accepted = fields.accepted.parse();
    let accepted = accepted.map_err(|_| Wrong::new("agree", JoinError::PolicyChanged))?;
    Ok(JoinForm {
        email: fields.email.clone(),
        password: fields.password.to_string(),
        age,
        accepted,
    })
}

fn form_page(app: &App, set_up: Option<String>, fields: &JoinFields, wrong: Option<Wrong>) -> Response {
    let title = if set_up.is_some() {
        "Set up this machine"
    } else {
        "Join"
    };
    let mark = |field: Field| field.wrong(wrong.as_ref());
    let age = app.plan().parts().audience.min_age.map(|_| {
        let hint = "In years. The number is compared with a limit and forgotten; it is not stored.";
        mark(
            Field::new("age", "How old are you?", Ask::Age)
                .hint(hint)
                .typed(&fields.age),
        )
    });
    let password =
        format!("At least {PASSWORD_MINIMUM_CHARACTERS} characters; a few words will do. Only a hash is stored.");
    let template = JoinPage {
        frame: app.frame(title, Here::Join, None),
        age,
        email: mark(
            Field::new("email", "E-mail address", Ask::Email)
                .hint("You sign in with it. Nothing is sent to it in this version.")
                .typed(&fields.email),
        ),
        password: mark(Field::new("password", "Password", Ask::NewPassword).hint(password)),
        digest: app.plan().digest().to_string(),
        lifetimes: &app.lifetimes,
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
pub(crate) fn recovery_page(app: &App, joined: &Joined, reset: bool) -> Response {
    let mut frame = app.frame("Your recovery code", Here::Nowhere, None);
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
