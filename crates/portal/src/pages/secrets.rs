//! What a member signs in with: another password, another account number.

use account::{NewPasswordError, PASSWORD_MINIMUM_CHARACTERS, SignInError};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::pages::join::renewed_number_page;
use crate::question::{Question, Weight, wrong_secret};
use crate::refusal::Refusal as _;
use crate::session::{Member, set_cookie};
use crate::speech::Speech;

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct PasswordFields {
    pub(crate) password: Zeroizing<String>,
    pub(crate) new_password: Zeroizing<String>,
}

#[derive(Template)]
#[template(path = "password_changed.html")]
struct ChangedPage {
    frame: Frame,
}

/// `GET /me/password`
pub(crate) async fn password_form(State(app): State<App>, speech: Speech, member: Member) -> Result<Response, Failure> {
    match app.accounts.has_password(member.0.member).await? {
        true => password_page(&app, &speech, &member, None).await,
        false => Ok(Redirect::to("/me/number").into_response()),
    }
}

/// `POST /me/password`
pub(crate) async fn password_send(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Sent(fields): Sent<PasswordFields>,
) -> Result<Response, Failure> {
    let who = member.0.member;
    let changed = app
        .accounts
        .change_password_here(who, &fields.password, &fields.new_password)
        .await;
    let wrong = match changed {
        Ok(session) => {
            let frame = app
                .member_frame(&speech, speech.say("password-changed-title"), Here::Me, &member.0)
                .await?;
            let mut response = page(StatusCode::OK, &ChangedPage { frame });
            response.headers_mut().insert(SET_COOKIE, set_cookie(&session));
            return Ok(response);
        }
        Err(NewPasswordError::Password(error)) => Wrong::new("new_password", error.said(&speech)),
        Err(NewPasswordError::SignIn(error)) => wrong_secret(&app, &speech, who, error).await?,
    };
    password_page(&app, &speech, &member, Some(wrong)).await
}

async fn password_page(
    app: &App,
    speech: &Speech,
    Member(who): &Member,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    let hint = speech
        .say("reset-password-hint")
        .number("minimum", PASSWORD_MINIMUM_CHARACTERS);
    let question = Question {
        frame: app
            .member_frame(speech, speech.say("password-title"), Here::Me, who)
            .await?,
        lead: speech.say("password-lead"),
        fields: vec![
            Field::new("password", speech.say("password-now"), Ask::Password),
            Field::new("new_password", speech.say("reset-password"), Ask::NewPassword).hint(hint),
        ],
        action: "/me/password".to_owned(),
        button: speech.say("password-button"),
        weight: Weight::Light,
        leave: ("/me", speech.say("leave-as-it-is")),
        wrong,
    };
    Ok(question.into_page())
}

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct NumberFields {
    pub(crate) password: Zeroizing<String>,
}

/// `GET /me/number`
pub(crate) async fn number_form(State(app): State<App>, speech: Speech, member: Member) -> Result<Response, Failure> {
    number_page(&app, &speech, &member, None).await
}

/// `POST /me/number`
pub(crate) async fn number_send(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Sent(fields): Sent<NumberFields>,
) -> Result<Response, Failure> {
    let who = member.0.member;
    match app.accounts.renew_number_here(who, &fields.password).await {
        Ok((number, session)) => Ok(renewed_number_page(&app, &speech, &number, &session)),
        Err(SignInError::Wrong) if app.accounts.has_password(who).await? => Err(Failure::NotFound),
        Err(error) => {
            let wrong = wrong_secret(&app, &speech, who, error).await?;
            number_page(&app, &speech, &member, Some(wrong)).await
        }
    }
}

async fn number_page(
    app: &App,
    speech: &Speech,
    Member(who): &Member,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    if app.accounts.has_password(who.member).await? {
        return Err(Failure::NotFound);
    }
    let question = Question {
        frame: app
            .member_frame(speech, speech.say("renew-title"), Here::Me, who)
            .await?,
        lead: speech.say("renew-lead"),
        fields: vec![Field::new("password", speech.say("renew-now"), Ask::Code).hint(speech.say("label-number-hint"))],
        action: "/me/number".to_owned(),
        button: speech.say("renew-button"),
        weight: Weight::Light,
        leave: ("/me", speech.say("renew-leave")),
        wrong,
    };
    Ok(question.into_page())
}
