//! Pages for what went wrong: what happened, why, and what to do.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use store::StoreError;

use crate::app::App;
use crate::frame::{Frame, Here, page};

/// Something that ends a request. It travels in the response's extensions to [`explain`], which has the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// There is no such page, or not for this visitor.
    NotFound,
    /// The set-up link does not work (any more).
    SetUpOver,
    /// Another site sent the form.
    CrossSite,
    /// The form is not one of ours.
    NotAForm,
    /// The request is larger than any form.
    TooLarge,
    /// Too many attempts from this address.
    TooOften,
    /// The page is asked for in a way that it does not answer to.
    WrongMethod,
    /// It took too long.
    TooLong,
    /// The store failed.
    Store(StoreError),
    /// The program failed.
    Ourselves,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    const fn status(self) -> StatusCode {
        match self {
            Self::NotFound | Self::SetUpOver => StatusCode::NOT_FOUND,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotAForm => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLong => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Ourselves => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What happened, why, and what to do.
    fn words(self) -> [String; 3] {
        let words = |what: &str, why: &str, instead: &str| [what.to_owned(), why.to_owned(), instead.to_owned()];
        match self {
            Self::NotFound => words(
                "There is nothing here",
                "The address is wrong, or this page is not for the account that you are signed in with.",
                "Check the address, or go to the start page.",
            ),
            Self::SetUpOver => words(
                "This set-up link does not work",
                "A link works once and for an hour, and only while the machine has no operator.",
                "If you run this machine, start candor again: it prints a new link. If it is set up already, sign in.",
            ),
            Self::CrossSite => words(
                "That was not sent from this site",
                "A form was sent from another web site in your name, so it was refused and nothing was changed. If it was \
                 you, your browser is too old to say where a form comes from.",
                "Open the page here and send the form again.",
            ),
            Self::NotAForm => words(
                "That could not be read",
                "The request was not a form of this site.",
                "Open the page again and send its form.",
            ),
            Self::TooLarge => words(
                "That is too large",
                "A form of this site never has more than 64 kilobytes, so the rest was not read.",
                "Send less text.",
            ),
            Self::TooOften => words(
                "Too many attempts",
                "Many attempts came from your network in a short time; this keeps others from guessing passwords. The \
                 count is in memory alone, and is forgotten.",
                "Wait a minute and try again.",
            ),
            Self::WrongMethod => words(
                "That is not possible here",
                "This address answers to another kind of request, for example because a form was opened as a page.",
                "Go back and use the form.",
            ),
            Self::TooLong => words(
                "That took too long",
                "The machine did not finish within 30 seconds; it may be busy.",
                "Try again. What you sent may have been done: look before you send it twice.",
            ),
            Self::Store(error) => [
                "The program could not finish this".to_owned(),
                capitalised(&format!("{error}.")),
                "Try again. If it happens again, tell the operator the sentence above; it says nothing about you."
                    .to_owned(),
            ],
            Self::Ourselves => words(
                "The program failed",
                "It met a state that its authors did not think of. Nothing about you was written down.",
                "Try again. If it happens again, tell the operator which page it was.",
            ),
        }
    }
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: Frame,
    status: u16,
    what: String,
    why: String,
    instead: String,
}

/// Turns failures, ours and those of the layers inside, into pages.
pub(crate) async fn explain(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(failure) = failure_of(&response) else {
        return response;
    };
    let [what, why, instead] = failure.words();
    let status = failure.status();
    let mut frame = app.frame(&what, Here::Nowhere, None);
    // Who asks is not known here, so nobody is told to join or to sign in.
    frame.links = Vec::new();
    let mut response = page(
        status,
        &FailurePage {
            frame,
            status: status.as_u16(),
            what,
            why,
            instead,
        },
    );
    if failure == Failure::TooOften {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}

fn failure_of(response: &Response) -> Option<Failure> {
    if let Some(failure) = response.extensions().get::<Failure>() {
        return Some(*failure);
    }
    let written = response.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
    });
    let status = response.status();
    if written || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => Failure::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Failure::WrongMethod,
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => Failure::TooLong,
        status if status.is_client_error() => Failure::NotAForm,
        _ => Failure::Ourselves,
    })
}
