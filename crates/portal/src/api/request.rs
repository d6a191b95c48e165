//! Reading a request: who asks, what the token may do, and the body.

use std::net::IpAddr;

use account::{AccessToken, Bearer, RateLimit, Scope};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use plan::Shown;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::error::Category;
use store::StoreError;

use crate::api::problem::{Kind, Problem};
use crate::app::{App, limit_key};
use crate::session::Address;

/// Somebody's program, whose token is good.
pub(crate) struct Program(pub(crate) Bearer);

impl Program {
    /// The token, when it may do this.
    pub(crate) fn may(&self, scope: Scope) -> Result<&Bearer, Problem> {
        if !self.0.scopes.has(scope) {
            return Err(Problem::new(
                Kind::Scope,
                format_args!(
                    "this token was not made to {}; make one with the scope {}",
                    scope.words(),
                    scope.key()
                ),
            ));
        }
        if scope == Scope::Operator && !self.0.staff {
            let why = "this is for those who work for the operator; your account does not";
            return Err(Problem::new(Kind::Scope, why));
        }
        Ok(&self.0)
    }
}

fn token_of(headers: &HeaderMap) -> Option<AccessToken> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    // Schemes are compared without regard to case (RFC 9110, section 11.1).
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().parse().ok())?
}

impl FromRequestParts<App> for Program {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let missing = || {
            Problem::new(
                Kind::NoToken,
                "send the header `Authorization: Bearer candor_…` with a token that has not ended; POST /api/v1/tokens \
                 makes one",
            )
        };
        let token = token_of(&parts.headers).ok_or_else(missing)?;
        match app.accounts.bearer(&token).await {
            Ok(Some(bearer)) => Ok(Self(bearer)),
            Ok(None) | Err(StoreError::NoSuchSubject) => Err(missing()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A body of JSON.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let media = kind.and_then(|kind| kind.split(';').next()).unwrap_or("").trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                Kind::NotJson,
                "send the header `Content-Type: application/json` and a JSON object",
            ));
        }
        let bytes = match Bytes::from_request(request, app).await {
            Ok(bytes) => bytes,
            Err(BytesRejection::FailedToBufferBody(_)) => {
                return Err(Problem::new(
                    Kind::TooLarge,
                    "a body has 64 kilobytes at most; send less",
                ));
            }
            Err(_) => {
                return Err(Problem::new(
                    Kind::Unreadable,
                    "the body ended before its time; send it again",
                ));
            }
        };
        of_json(&bytes).map(Self)
    }
}

/// What a body of JSON says. The words of the parser may quote a value, so only the place is said.
pub(crate) fn of_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (kind, what) = match error.classify() {
            Category::Data => (
                Kind::WrongValue,
                "the body is not of the shape that this operation takes",
            ),
            Category::Syntax | Category::Eof | Category::Io => (Kind::Unreadable, "the body is not JSON"),
        };
        let place = format!("at line {}, column {}", error.line(), error.column());
        Problem::new(
            kind,
            format_args!("{what}, {place}; compare it with /api/v1/openapi.json"),
        )
    })
}

/// The values after the question mark.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, app).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(_) => Err(Problem::new(
                Kind::Unreadable,
                "a value after the question mark is not one that this operation takes; compare it with \
                 /api/v1/openapi.json",
            )),
        }
    }
}

/// Counts an attempt from an address, as the forms of the pages do.
pub(crate) fn allow(app: &App, limit: &RateLimit, Address(address): Address) -> Result<Option<IpAddr>, Problem> {
    match limit.allow(&limit_key(address), app.now()) {
        true => Ok(address),
        false => Err(Problem::too_often()),
    }
}

/// Reads an id in a path.
pub(crate) fn id<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found(what))
}

/// A personal value on its way to the person's own program.
pub(crate) struct Value(pub(crate) Shown);

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl utoipa::PartialSchema for Value {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .into()
    }
}

impl utoipa::ToSchema for Value {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("Value")
    }
}

/// An instant as programs read it (RFC 3339), to the second.
pub(crate) fn rfc_3339(instant: plan::Timestamp) -> String {
    let second = instant.microseconds().div_euclid(1_000_000).rem_euclid(86_400);
    format!(
        "{}T{:02}:{:02}:{:02}Z",
        instant.day(),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_scheme_is_read_without_regard_to_case_and_nothing_else_is_taken() {
        let token = AccessToken::from_bytes([7; 32]);
        let with = |value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
            token_of(&headers)
        };
        assert!(with(format!("Bearer {}", token.to_bearer())) == Some(token.clone()));
        assert!(with(format!("bEARER  {}", token.to_bearer())) == Some(token.clone()));
        assert!(with(format!("Basic {}", token.to_bearer())).is_none());
        assert!(with(token.to_bearer()).is_none());
        assert!(with("Bearer candor_00".to_owned()).is_none());
    }

    #[test]
    fn an_instant_is_written_as_rfc_3339_says() {
        let instant = plan::Timestamp::from_microseconds(1_795_348_861_000_000);
        assert_eq!(rfc_3339(instant), "2026-11-22T12:01:01Z");
    }
}
