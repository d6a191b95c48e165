//! Who asks: the cookie, the address, and what a page demands of its visitor.

use std::net::{IpAddr, SocketAddr};

use account::{SessionToken, SignedIn};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Method;
use axum::http::header::{COOKIE as COOKIE_HEADER, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use store::StoreError;

use crate::app::App;
use crate::failure::Failure;

/// The only cookie. Its prefix makes browsers refuse it from anywhere but this host over a safe connection.
pub(crate) const COOKIE: &str = "__Host-sid";

/// How a request came in; the listener says so in an extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Without encryption: on this machine alone.
    Plaintext,
    /// By TLS.
    Tls,
}

/// The value of `Set-Cookie` for somebody who has just signed in.
pub(crate) fn set_cookie(token: &SessionToken) -> HeaderValue {
    let text = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.to_cookie());
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// The value of `Set-Cookie` for somebody who leaves.
pub(crate) fn clear_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

pub(crate) fn token_of(headers: &HeaderMap) -> Option<SessionToken> {
    let cookies = headers.get_all(COOKIE_HEADER).into_iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    value.parse().ok()
}

/// Anybody.
pub(crate) struct Guest {
    pub(crate) token: Option<SessionToken>,
    pub(crate) signed_in: Option<SignedIn>,
}

impl FromRequestParts<App> for Guest {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = token_of(&parts.headers);
        let signed_in = match &token {
            Some(token) => match app.accounts.signed_in(token).await {
                // Erased between two requests.
                Err(StoreError::NoSuchSubject) => None,
                other => other?,
            },
            None => None,
        };
        Ok(Self { token, signed_in })
    }
}

/// Somebody who is signed in; others are sent to the sign-in page.
pub(crate) struct Member(pub(crate) SignedIn);

impl FromRequestParts<App> for Member {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let guest = Guest::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        guest.signed_in.map(Self).ok_or_else(|| match parts.method {
            Method::GET | Method::HEAD => Redirect::to("/sign-in").into_response(),
            // What a form has sent would be lost on the way, so it is said.
            _ => Failure::SignIn.into_response(),
        })
    }
}

/// Somebody who works for the operator; for others the page is not there.
pub(crate) struct Operator(pub(crate) SignedIn);

impl FromRequestParts<App> for Operator {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let guest = Guest::from_request_parts(parts, app).await?;
        let staff = guest.signed_in.filter(|signed_in| signed_in.staff);
        staff.map(Self).ok_or(Failure::NotFound)
    }
}

/// Where the request came from; `None` when the listener did not say.
#[derive(Clone, Copy)]
pub(crate) struct Address(pub(crate) Option<IpAddr>);

impl Address {
    pub(crate) fn of(extensions: &axum::http::Extensions) -> Self {
        let info = extensions.get::<ConnectInfo<SocketAddr>>();
        Self(info.map(|ConnectInfo(address)| address.ip().to_canonical()))
    }
}

impl FromRequestParts<App> for Address {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_by_its_whole_name() {
        let token = SessionToken::from_bytes([7; 32]);
        let mut headers = HeaderMap::new();
        let line = format!("x=1; __Host-sidecar=2; {COOKIE}={}", token.to_cookie());
        headers.insert(COOKIE_HEADER, HeaderValue::from_str(&line).unwrap());
        assert!(token_of(&headers) == Some(token));
        headers.insert(COOKIE_HEADER, HeaderValue::from_static("__Host-sid=short"));
        assert!(token_of(&headers).is_none());
    }

    #[test]
    fn the_cookie_ends_with_the_browser() {
        let value = set_cookie(&SessionToken::from_bytes([7; 32]));
        let text = value.to_str().unwrap();
        assert!(text.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{text}");
    }
}
