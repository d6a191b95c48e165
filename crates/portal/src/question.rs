//! A page that asks one thing before it is done: a form, and a way to leave everything as it is. And the secret that is
//! asked again before what cannot be undone.

use account::{Proven, SignInError};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use plan::MemberId;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Wrong};
use crate::frame::{Frame, page};
use crate::refusal::Refusal as _;
use crate::speech::{Saying, Speech};

/// What a button brings about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It can be done again, or back.
    Light,
    /// It cannot be undone.
    Grave,
}

/// A page with one question. Its heading is the frame's title.
#[derive(Template)]
#[template(path = "question.html")]
pub(crate) struct Question {
    pub(crate) frame: Frame,
    /// What will happen.
    pub(crate) lead: Saying,
    pub(crate) fields: Vec<Field>,
    /// Where the form goes, without the language.
    pub(crate) action: String,
    pub(crate) button: Saying,
    pub(crate) weight: Weight,
    /// Where one goes who does not want to, and in which words.
    pub(crate) leave: (&'static str, Saying),
    pub(crate) wrong: Option<Wrong>,
}

impl Question {
    /// As a page; each field is given what is wrong with it.
    pub(crate) fn into_page(mut self) -> Response {
        let wrong = self.wrong.as_ref();
        self.fields = self.fields.into_iter().map(|field| field.wrong(wrong)).collect();
        page(status(wrong), &self)
    }

    fn is_grave(&self) -> bool {
        self.weight == Weight::Grave
    }
}

/// The status of a page with a form.
pub(crate) const fn status(wrong: Option<&Wrong>) -> StatusCode {
    match wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    }
}

/// The field `password` that asks a member again for what they sign in with.
pub(crate) async fn secret_field(app: &App, speech: &Speech, member: MemberId) -> Result<Field, Failure> {
    Ok(match app.accounts.has_password(member).await? {
        true => Field::new("password", speech.say("label-own-password"), Ask::Password),
        false => Field::new("password", speech.say("label-own-number"), Ask::Code),
    })
}

/// What is wrong with the secret that was asked for again; `None` when it is the member's.
pub(crate) async fn confirm(
    app: &App,
    speech: &Speech,
    member: MemberId,
    typed: &str,
) -> Result<Option<Wrong>, Failure> {
    prove(app, speech, member, typed).await.map(Result::err)
}

/// What is done in the name of a member whose secret this is; or what is wrong with it.
pub(crate) async fn prove(
    app: &App,
    speech: &Speech,
    member: MemberId,
    typed: &str,
) -> Result<Result<Proven, Wrong>, Failure> {
    match app.accounts.confirm(member, typed).await {
        Ok(proven) => Ok(Ok(proven)),
        Err(error) => wrong_secret(app, speech, member, error).await.map(Err),
    }
}

/// A secret that was refused, in words.
pub(crate) async fn wrong_secret(
    app: &App,
    speech: &Speech,
    member: MemberId,
    error: SignInError,
) -> Result<Wrong, Failure> {
    Ok(match error {
        SignInError::Store(error) => return Err(error.into()),
        SignInError::TooOften => return Err(Failure::TooOften),
        SignInError::Busy => Wrong::new("form", error.said(speech)),
        SignInError::Wrong => Wrong::new(
            "password",
            match app.accounts.has_password(member).await? {
                true => speech.say("refused-own-password"),
                false => speech.say("refused-own-number"),
            },
        ),
    })
}
