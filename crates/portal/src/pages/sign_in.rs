//! Signing in and out, and getting back in with the recovery code.

use account::{NewPasswordError, PASSWORD_MINIMUM_CHARACTERS, RecoveryCode, SignInError, SignInForm};
use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::app::{App, limit_key};
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::pages::join::recovery_page;
use crate::question::status;
use crate::refusal::Refusal as _;
use crate::session::{Address, Guest, Member, clear_cookie, set_cookie};
use crate::speech::Speech;

/// What the sign-in form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SignInFields {
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) number: Zeroizing<String>,
}

/// What the reset form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ResetFields {
    pub(crate) email: String,
    pub(crate) code: Zeroizing<String>,
    pub(crate) password: Zeroizing<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    email: Field,
    password: Field,
    number: Option<Field>,
    wrong: Option<Wrong>,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    frame: Frame,
    email: Field,
    code: Field,
    password: Field,
    wrong: Option<Wrong>,
}

/// `GET /sign-in`
pub(crate) async fn form(State(app): State<App>, speech: Speech, guest: Guest) -> Response {
    match guest.signed_in {
        Some(_) => Redirect::to("/home").into_response(),
        None => sign_in_page(&app, &speech, "", None),
    }
}

/// `POST /sign-in`
pub(crate) async fn send(
    State(app): State<App>,
    speech: Speech,
    guest: Guest,
    address: Address,
    Sent(fields): Sent<SignInFields>,
) -> Result<Response, Failure> {
    allow(&app, address)?;
    let form = match fields.number.is_empty() {
        true => SignInForm::Email {
            email: &fields.email,
            password: &fields.password,
            from: address.0,
        },
        false => SignInForm::Number(&fields.number),
    };
    let result = app.accounts.sign_in_browser(form, guest.token.as_ref()).await;
    match result {
        Ok(token) => Ok(([(SET_COOKIE, set_cookie(&token))], Redirect::to("/home")).into_response()),
        Err(SignInError::Store(error)) => Err(error.into()),
        Err(SignInError::TooOften) => Err(Failure::TooOften),
        Err(error @ (SignInError::Wrong | SignInError::Busy)) => {
            let said = match (error, fields.number.is_empty()) {
                (SignInError::Wrong, false) => speech.say("refused-number"),
                (error, _) => error.said(&speech),
            };
            let wrong = Wrong::new("form", said);
            Ok(sign_in_page(&app, &speech, &fields.email, Some(wrong)))
        }
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(State(app): State<App>, Member(who): Member) -> Result<Response, Failure> {
    app.accounts.sign_out(who).await?;
    Ok(([(SET_COOKIE, clear_cookie())], Redirect::to("/")).into_response())
}

/// `GET /reset`
pub(crate) async fn reset_form(State(app): State<App>, speech: Speech) -> Response {
    reset_page(&app, &speech, "", None)
}

/// `POST /reset`
pub(crate) async fn reset_send(
    State(app): State<App>,
    speech: Speech,
    address: Address,
    Sent(fields): Sent<ResetFields>,
) -> Result<Response, Failure> {
    allow(&app, address)?;
    let code = RecoveryCode::from_typed(&fields.code);
    let reset = app.accounts.reset(&fields.email, &code, &fields.password, address.0);
    let error = match reset.await {
        Ok(joined) => return Ok(recovery_page(&app, &speech, &joined, true)),
        Err(error) => error,
    };
    let wrong = match error {
        NewPasswordError::Password(error) => Wrong::new("password", error.said(&speech)),
        NewPasswordError::SignIn(SignInError::Store(error)) => return Err(error.into()),
        NewPasswordError::SignIn(SignInError::TooOften) => return Err(Failure::TooOften),
        NewPasswordError::SignIn(SignInError::Wrong) => Wrong::new("form", speech.say("refused-reset")),
        NewPasswordError::SignIn(error @ SignInError::Busy) => Wrong::new("form", error.said(&speech)),
    };
    Ok(reset_page(&app, &speech, &fields.email, Some(wrong)))
}

fn allow(app: &App, address: Address) -> Result<(), Failure> {
    match app.sign_ins.allow(&limit_key(address.0), app.now()) {
        true => Ok(()),
        false => Err(Failure::TooOften),
    }
}

fn sign_in_page(app: &App, speech: &Speech, email: &str, wrong: Option<Wrong>) -> Response {
    let template = SignInPage {
        frame: app.frame(speech, speech.say("sign-in-title"), Here::SignIn, None),
        email: Field::new("email", speech.say("label-email"), Ask::Email).typed(email),
        password: Field::new("password", speech.say("label-password"), Ask::Password),
        number: app
            .accounts
            .has_numbers()
            .then(|| Field::new("number", speech.say("label-number"), Ask::Code).hint(speech.say("label-number-hint"))),
        wrong,
    };
    page(status(template.wrong.as_ref()), &template)
}

fn reset_page(app: &App, speech: &Speech, email: &str, wrong: Option<Wrong>) -> Response {
    let password = Field::new("password", speech.say("reset-password"), Ask::NewPassword).hint(
        speech
            .say("reset-password-hint")
            .number("minimum", PASSWORD_MINIMUM_CHARACTERS),
    );
    let template = ResetPage {
        frame: app.frame(speech, speech.say("reset-title"), Here::SignIn, None),
        email: Field::new("email", speech.say("label-email"), Ask::Email).typed(email),
        code: Field::new("code", speech.say("reset-code"), Ask::Code).hint(speech.say("reset-code-hint")),
        password: password.wrong(wrong.as_ref()),
        wrong,
    };
    page(status(template.wrong.as_ref()), &template)
}
