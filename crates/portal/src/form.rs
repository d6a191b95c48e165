//! Forms: what was typed, and what is wrong with it, beside the field.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::failure::Failure;
use crate::speech::Saying;

/// A form that was sent.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        match axum::Form::<T>::from_request(request, app).await {
            Ok(axum::Form(form)) => Ok(Self(form)),
            Err(FormRejection::BytesRejection(_)) => Err(Failure::TooLarge),
            Err(_) => Err(Failure::NotAForm),
        }
    }
}

/// What a field asks for; decides the keyboard and what the browser fills in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Email,
    Password,
    NewPassword,
    Age,
    Code,
    Text,
}

impl Ask {
    const fn kind(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password | Self::NewPassword => "password",
            Self::Age | Self::Code | Self::Text => "text",
        }
    }

    const fn autocomplete(self) -> &'static str {
        match self {
            Self::Email => "username",
            Self::Password => "current-password",
            Self::NewPassword => "new-password",
            Self::Age | Self::Code | Self::Text => "off",
        }
    }

    const fn input_mode(self) -> Option<&'static str> {
        match self {
            Self::Age => Some("numeric"),
            Self::Email | Self::Password | Self::NewPassword | Self::Code | Self::Text => None,
        }
    }
}

/// One field of a form as HTML: label, hint, what is wrong, and the input tied to both.
#[derive(Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    name: &'static str,
    label: Saying,
    hint: Option<Saying>,
    ask: Ask,
    value: String,
    error: Option<Saying>,
    focus: bool,
}

impl HtmlSafe for Field {}

impl Field {
    pub(crate) fn new(name: &'static str, label: Saying, ask: Ask) -> Self {
        Self {
            name,
            label,
            hint: None,
            ask,
            value: String::new(),
            error: None,
            focus: false,
        }
    }

    pub(crate) fn hint(mut self, hint: Saying) -> Self {
        self.hint = Some(hint);
        self
    }

    /// What was typed. A password is never given back.
    pub(crate) fn typed(mut self, value: &str) -> Self {
        if !matches!(self.ask, Ask::Password | Ask::NewPassword | Ask::Code) {
            value.clone_into(&mut self.value);
        }
        self
    }

    /// Takes the error when it is about this field.
    pub(crate) fn wrong(mut self, wrong: Option<&Wrong>) -> Self {
        if let Some(wrong) = wrong.filter(|wrong| wrong.field == self.name) {
            self.error = Some(wrong.why.clone());
            self.focus = true;
        }
        self
    }

    fn described_by(&self) -> String {
        let hint = self.hint.is_some().then(|| format!("{}-hint", self.name));
        let error = self.error.is_some().then(|| format!("{}-error", self.name));
        let both: Vec<String> = [hint, error].into_iter().flatten().collect();
        both.join(" ")
    }
}

/// What is wrong with a form, and which field it is about.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Wrong {
    pub(crate) field: &'static str,
    pub(crate) why: Saying,
}

impl Wrong {
    pub(crate) fn new(field: &'static str, why: Saying) -> Self {
        Self { field, why }
    }
}
