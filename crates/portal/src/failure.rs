//! Pages for what went wrong: what happened, why, and what to do.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use plan::{Event, Place};
use store::StoreError;

use crate::app::App;
use crate::frame::{Frame, Here, page};
use crate::refusal::{self, Refusal as _};
use crate::router::{BODY_LIMIT_BYTES, TIMEOUT};
use crate::speech::{Saying, Speech};

/// What [`Place::Portal`] fails with in the operator's log: a state that nobody thought of, and a page that took too long.
const OURSELVES: i32 = 1;
const TOO_LONG: i32 = 2;

/// Something that ends a request. It travels in the response's extensions to [`explain`], which has the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// There is no such page, or not for this visitor.
    NotFound,
    /// The set-up link does not work (any more).
    SetUpOver,
    /// A form came from a browser that is not signed in (any more).
    SignIn,
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
            Self::SignIn => StatusCode::UNAUTHORIZED,
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
    fn words(self, speech: &Speech) -> [Saying; 3] {
        match self {
            Self::NotFound => [
                speech.say("failure-not-found"),
                speech.say("failure-not-found-why"),
                speech.say("failure-not-found-do"),
            ],
            Self::SetUpOver => [
                speech.say("failure-set-up"),
                speech.say("failure-set-up-why"),
                speech.say("failure-set-up-do"),
            ],
            Self::SignIn => [
                speech.say("failure-sign-in"),
                speech.say("failure-sign-in-why"),
                speech.say("failure-sign-in-do"),
            ],
            Self::CrossSite => [
                speech.say("failure-cross-site"),
                speech.say("failure-cross-site-why"),
                speech.say("failure-cross-site-do"),
            ],
            Self::NotAForm => [
                speech.say("failure-not-a-form"),
                speech.say("failure-not-a-form-why"),
                speech.say("failure-not-a-form-do"),
            ],
            Self::TooLarge => [
                speech.say("failure-too-large"),
                speech
                    .say("failure-too-large-why")
                    .number("limit", BODY_LIMIT_BYTES / 1024),
                speech.say("failure-too-large-do"),
            ],
            Self::TooOften => [
                speech.say("failure-too-often"),
                speech.say("failure-too-often-why"),
                speech.say("failure-too-often-do"),
            ],
            Self::WrongMethod => [
                speech.say("failure-wrong-method"),
                speech.say("failure-wrong-method-why"),
                speech.say("failure-wrong-method-do"),
            ],
            Self::TooLong => [
                speech.say("failure-too-long"),
                speech.say("failure-too-long-why").number("seconds", TIMEOUT.as_secs()),
                speech.say("failure-too-long-do"),
            ],
            Self::Ourselves => [
                speech.say("failure-ourselves"),
                speech.say("failure-ourselves-why"),
                speech.say("failure-ourselves-do"),
            ],
            Self::Store(error) => [
                speech.say("failure-store"),
                error.said(speech),
                speech.say("failure-store-do").text("code", refusal::code(error)),
            ],
        }
    }

    /// What the operator's log says of it.
    pub(crate) fn event(self) -> Option<Event> {
        let failed = |place, code| Some(Event::Failed { place, code });
        match self {
            Self::Store(error) => failed(Place::Store, refusal::code(error)),
            Self::Ourselves => failed(Place::Portal, OURSELVES),
            Self::TooLong => failed(Place::Portal, TOO_LONG),
            Self::NotFound
            | Self::SetUpOver
            | Self::SignIn
            | Self::CrossSite
            | Self::NotAForm
            | Self::TooLarge
            | Self::TooOften
            | Self::WrongMethod => None,
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
    why: Saying,
    instead: Saying,
    /// What helps is to sign in.
    sign_in: bool,
}

/// Turns failures, ours and those of the layers inside, into pages, and those that are ours into events.
pub(crate) async fn explain(State(app): State<App>, speech: Speech, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(failure) = failure_of(&response) else {
        return response;
    };
    if let Some(event) = failure.event() {
        app.report(event);
    }
    let [what, why, instead] = failure.words(&speech);
    let status = failure.status();
    let mut frame = app.frame(&speech, what, Here::Nowhere, None);
    // Who asks is not known here, so nobody is told to join or to sign in.
    frame.links = Vec::new();
    let template = FailurePage {
        frame,
        status: status.as_u16(),
        why,
        instead,
        sign_in: failure == Failure::SignIn,
    };
    let mut response = page(status, &template);
    let headers = response.headers_mut();
    if failure == Failure::TooOften {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    if failure == Failure::SignIn {
        // RFC 9110, section 15.5.2: "The server generating a 401 response MUST send a WWW-Authenticate header field".
        // Browsers ask nobody for a password by a scheme that they do not know.
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Cookie"));
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

#[cfg(test)]
mod tests {
    use axum::extract::FromRequestParts as _;
    use axum::http::Request;
    use store::Code;

    use super::*;

    #[tokio::test]
    async fn every_failure_says_what_happened_why_and_what_to_do_in_every_language() {
        let failures = [
            Failure::NotFound,
            Failure::SetUpOver,
            Failure::SignIn,
            Failure::CrossSite,
            Failure::NotAForm,
            Failure::TooLarge,
            Failure::TooOften,
            Failure::WrongMethod,
            Failure::TooLong,
            Failure::Ourselves,
            Failure::Store(StoreError::Taken),
            Failure::Store(StoreError::DiskFull),
            Failure::Store(StoreError::Closing),
            Failure::Store(StoreError::Database(Code(5))),
        ];
        let speech = async |address: &str| {
            let (mut parts, ()) = Request::get(address).body(()).expect("a request").into_parts();
            let Ok(speech) = Speech::from_request_parts(&mut parts, &()).await;
            speech
        };
        let (english, german) = (speech("/en/x").await, speech("/de/x").await);
        for failure in failures {
            let texts = |speech: &Speech| failure.words(speech).map(|saying| saying.to_string());
            for (english, german) in texts(&english).into_iter().zip(texts(&german)) {
                assert!(
                    english.ends_with(|end: char| end == '.' || end.is_alphabetic()),
                    "{english}"
                );
                assert_ne!(english, german);
            }
        }
    }
}
