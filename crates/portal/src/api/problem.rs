//! What goes wrong, as RFC 9457 says it: what happened, why, and what to do.

use account::{BatchError, DeviceError, InvitationError, JoinError, NewPasswordError, SignInError, TokenError};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::app::App;
use crate::failure::{Failure, capitalised};
use crate::refusal;

/// The media type of a problem (RFC 9457, section 3).
const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal;)*) => {
        /// A kind of problem; its word is the end of the problem's `type`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];
            pub(crate) const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

kinds! {
    /// The request cannot be read.
    Unreadable = "unreadable", BAD_REQUEST, "The request cannot be read";
    /// A value is of the wrong shape or out of range.
    WrongValue = "wrong-value", UNPROCESSABLE_ENTITY, "A value is not one that can be taken";
    /// No token, or one that has ended.
    NoToken = "no-token", UNAUTHORIZED, "This needs an access token";
    /// The password, number or code is wrong.
    WrongSecret = "wrong-secret", UNAUTHORIZED, "The password, number or code is wrong";
    /// The token may not do this.
    Scope = "scope", FORBIDDEN, "The token may not do this";
    /// The policy's audience does not include the person.
    TooYoung = "too-young", FORBIDDEN, "The service is for older people";
    /// There is no such thing.
    NotFound = "not-found", NOT_FOUND, "There is nothing here";
    /// The policy does not declare it.
    NotDeclared = "not-declared", NOT_FOUND, "The policy does not declare this";
    /// The address answers to other methods.
    WrongMethod = "wrong-method", METHOD_NOT_ALLOWED, "The address answers to another method";
    /// It does not fit to what is there.
    Conflict = "conflict", CONFLICT, "This does not fit to what is there";
    /// The body is too long.
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The body is too long";
    /// The body is no JSON.
    NotJson = "not-json", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// Too many attempts.
    TooOften = "too-often", TOO_MANY_REQUESTS, "Too many attempts";
    /// Too much at once.
    Busy = "busy", SERVICE_UNAVAILABLE, "The machine is busy";
    /// The program failed.
    Failed = "failed", INTERNAL_SERVER_ERROR, "The program failed";
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// The kind, as an address that explains it.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", examples("/api#no-token"))]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status code of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened here, and what to do.
    detail: String,
}

/// Something that ends a request.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    /// What the operator's log is told.
    failure: Option<Failure>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl std::fmt::Display) -> Self {
        Self {
            kind,
            detail: capitalised(&format!("{detail}.")),
            failure: (kind == Kind::Failed).then_some(Failure::Ourselves),
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            format_args!("there is no such {what}; it may have ended or been removed already"),
        )
    }

    pub(crate) fn too_often() -> Self {
        Self::new(
            Kind::TooOften,
            "many attempts came from your network in a short time, which is how others guess passwords; wait a minute",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: format!("/api#{}", self.kind.slug()),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: self.detail,
        };
        let mut response = Response::new(Body::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() = self.kind.status();
        if let Some(failure) = self.failure {
            response.extensions_mut().insert(failure);
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        match self.kind {
            Kind::NoToken | Kind::WrongSecret => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"candor\""));
            }
            Kind::Scope => {
                let value = HeaderValue::from_static("Bearer realm=\"candor\", error=\"insufficient_scope\"");
                headers.insert(WWW_AUTHENTICATE, value);
            }
            Kind::TooOften | Kind::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
            }
            Kind::Unreadable
            | Kind::WrongValue
            | Kind::TooYoung
            | Kind::NotFound
            | Kind::NotDeclared
            | Kind::WrongMethod
            | Kind::Conflict
            | Kind::TooLarge
            | Kind::NotJson
            | Kind::Failed => {}
        }
        response
    }
}

/// Turns what the layers inside answer without words into problems.
pub(crate) async fn explain(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = put_in_words(next.run(request).await);
    let failure = response.extensions().get::<Failure>();
    if let Some(event) = failure.and_then(|failure| failure.event()) {
        app.report(event);
    }
    response
}

fn put_in_words(response: Response) -> Response {
    let status = response.status();
    let is_problem = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes() == PROBLEM_JSON.as_bytes());
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if let Some(Failure::Store(error)) = response.extensions().get::<Failure>() {
        return Problem::from(*error).into_response();
    }
    let (kind, detail) = match status {
        StatusCode::NOT_FOUND => (
            Kind::NotFound,
            "no operation of this interface has this address; /api/v1/openapi.json lists all of them",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            Kind::WrongMethod,
            "the header Allow says which methods this address answers to",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (Kind::TooLarge, "a body has 64 kilobytes at most; send less"),
        StatusCode::SERVICE_UNAVAILABLE => (
            Kind::Busy,
            "the machine did not finish within 30 seconds; look whether it was done before you try again",
        ),
        status if status.is_client_error() => (
            Kind::Unreadable,
            "the address or a header cannot be read; compare it with /api/v1/openapi.json",
        ),
        _ => (
            Kind::Failed,
            "the program met a state that its authors did not think of; nothing about you was written down",
        ),
    };
    let allow = response.headers().get(ALLOW).cloned();
    let mut explained = Problem::new(kind, detail).into_response();
    if let Some(allow) = allow {
        explained.headers_mut().insert(ALLOW, allow);
    }
    explained
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotDeclared(missing) => Self::new(Kind::NotDeclared, missing),
            // The person was erased between two steps.
            StoreError::NoSuchSubject => Self::new(Kind::NoToken, "the account is gone, and its tokens with it"),
            error => Self {
                failure: Some(Failure::Store(error)),
                ..Self::new(
                    Kind::Failed,
                    format_args!(
                        "{error}; try again, and tell the operator the number {} if it happens again",
                        refusal::code(error)
                    ),
                )
            },
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => Self::new(
                Kind::WrongSecret,
                "nobody has these credentials; check them and try again",
            ),
            SignInError::TooOften => Self::too_often(),
            SignInError::Busy => Self::new(Kind::Busy, error),
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<NewPasswordError> for Problem {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Password(error) => Self::new(Kind::WrongValue, error),
            NewPasswordError::SignIn(error) => error.into(),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NotDeclared => Self::new(Kind::NotDeclared, error),
            TokenError::Label | TokenError::NoScope => Self::new(Kind::WrongValue, error),
            TokenError::TooMany => Self::new(Kind::Conflict, error),
            TokenError::Replaced => Self::new(Kind::WrongSecret, error),
            TokenError::NoSuchToken => Self::new(Kind::NotFound, error),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Email | JoinError::Password(_) | JoinError::AgeMissing => Self::new(Kind::WrongValue, error),
            JoinError::TooYoung(_) => Self::new(Kind::TooYoung, error),
            JoinError::EmailTaken | JoinError::InvitationNeeded | JoinError::InvitationWrong => {
                Self::new(Kind::Conflict, error)
            }
            JoinError::PolicyChanged => Self::new(
                Kind::Conflict,
                "another policy runs than the one whose digest you sent; show the person the policy at /policy and send \
                 the digest of /api/v1/instance when they agree",
            ),
            JoinError::NoNumbers => Self::new(Kind::NotDeclared, error),
            JoinError::Token(error) => error.into(),
            JoinError::Busy => Self::new(Kind::Busy, error),
            JoinError::Store(error) => error.into(),
            JoinError::SetUpToken => Self::new(Kind::Failed, error),
        }
    }
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Label | DeviceError::EmptyKey => Self::new(Kind::WrongValue, error),
            DeviceError::KeyTaken | DeviceError::TooMany(_) => Self::new(Kind::Conflict, error),
            DeviceError::NoSuchDevice => Self::new(Kind::NotFound, error),
            DeviceError::Store(error) => error.into(),
        }
    }
}

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::NotDeclared => Self::new(Kind::NotDeclared, error),
            InvitationError::Uses | InvitationError::Days | InvitationError::TooMany => {
                Self::new(Kind::WrongValue, error)
            }
            InvitationError::NoSuchTariff => Self::new(Kind::Conflict, error),
            InvitationError::NoSuchInvitation => Self::new(Kind::NotFound, error),
            InvitationError::Store(error) => error.into(),
        }
    }
}

impl From<BatchError> for Problem {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Size | BatchError::Days => Self::new(Kind::WrongValue, error),
            BatchError::NoSuchMember(_) | BatchError::Staff(_) | BatchError::NoEnd(_) | BatchError::NoSuchTariff => {
                Self::new(Kind::Conflict, error)
            }
            BatchError::NotDeclared => Self::new(Kind::NotDeclared, error),
            BatchError::HalfErased { .. } => Self::new(Kind::Failed, error),
            BatchError::Store(error) => error.into(),
        }
    }
}
