//! The policy page, rendered from the plan, and the same as JSON.

use askama::Template;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::picture::lifetimes::Lifetimes;
use crate::session::Guest;
use crate::speech::Speech;

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage<'a> {
    frame: Frame,
    lifetimes: &'a Lifetimes,
    /// HTML that the `policy` crate has escaped.
    heading: &'a str,
    article: &'a str,
    privacy_control: bool,
}

/// `GET /policy`
pub(crate) async fn policy(
    State(app): State<App>,
    speech: Speech,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let privacy_control = headers.get("sec-gpc").is_some_and(|value| value == "1");
    let (heading, article) = app.policy_page(speech.language);
    let mut response = page(
        StatusCode::OK,
        &PolicyPage {
            frame: app.frame(
                &speech,
                speech.say("policy-title"),
                Here::Policy,
                guest.signed_in.as_ref(),
            ),
            lifetimes: app.lifetimes(speech.language),
            heading,
            article,
            privacy_control,
        },
    );
    response.headers_mut().insert(VARY, HeaderValue::from_static("sec-gpc"));
    Ok(response)
}

/// `GET /policy.json`
pub(crate) async fn json(State(app): State<App>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, app.policy_json.clone()).into_response()
}
