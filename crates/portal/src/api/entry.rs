//! Joining, signing in, getting back in, and tokens.

use std::borrow::Cow;

use account::{
    Access, Enrolment, Entry, Identity, IssuedToken, JoinError, NewToken, RecoveryCode, Scope, Scopes, Secret,
    SignInForm,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

use crate::api::problem::{Kind, Problem};
use crate::api::request::{Program, Sent, Value, allow, id, rfc_3339};
use crate::app::App;
use crate::session::Address;

/// One thing that a token may do, by the word that programs use.
#[derive(Clone, Copy)]
pub(crate) struct ScopeName(Scope);

impl Serialize for ScopeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.key())
    }
}

impl<'de> Deserialize<'de> for ScopeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<'de, str>::deserialize(deserializer)?;
        // What was sent is not quoted: it may be anything.
        let unknown = |_| serde::de::Error::custom("no such scope");
        word.parse().map(Self).map_err(unknown)
    }
}

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let words = Scope::ALL.iter().map(|scope| scope.key());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("One thing that a token may do."))
            .enum_values(Some(words))
            .into()
    }
}

impl ToSchema for ScopeName {}

fn new_token(label: String, scopes: &[ScopeName]) -> NewToken {
    let scopes: Vec<Scope> = scopes.iter().map(|name| name.0).collect();
    NewToken {
        label,
        scopes: Scopes::of(&scopes),
    }
}

/// Somebody who wants to join: by e-mail address and password, or without both by a number that the answer has.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Join)]
pub(crate) struct JoinBody {
    /// E-mail address; leave it and the password out to join by a number.
    #[serde(default)]
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Password, beside an e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 10, max_length = 1000, format = "password")]
    password: Option<Zeroizing<String>>,
    /// Age in years where the instance asks for it; compared and forgotten.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 255)]
    age: Option<u8>,
    /// The digest of the policy that the person has read and agrees to.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    accepted: String,
    /// The code of an invitation, where joining needs one.
    #[serde(default)]
    #[schema(max_length = 100)]
    invitation: Option<String>,
    /// What the person calls the token.
    #[schema(min_length = 1, max_length = 40)]
    label: String,
    /// What the token may do.
    #[schema(min_items = 1, max_items = 8)]
    scopes: Vec<ScopeName>,
}

/// A token that was just made; it is shown here alone.
#[derive(Serialize, ToSchema)]
#[schema(as = NewToken)]
pub(crate) struct TokenMade {
    /// Which.
    id: String,
    /// What goes into the header `Authorization: Bearer …`.
    #[schema(pattern = "^candor_[0-9a-f]{64}$")]
    token: String,
    /// What it may do.
    scopes: Vec<ScopeName>,
    /// When it ends by itself.
    #[schema(format = "date-time")]
    expires_at: String,
}

impl From<IssuedToken> for TokenMade {
    fn from(issued: IssuedToken) -> Self {
        Self {
            id: issued.id.to_string(),
            token: issued.token.to_bearer(),
            scopes: issued.scopes.iter().map(ScopeName).collect(),
            expires_at: rfc_3339(issued.expires_at),
        }
    }
}

/// Somebody who has just joined.
#[derive(Serialize, ToSchema)]
#[schema(as = Joined)]
pub(crate) struct JoinedBody {
    /// Lets the person back in who forgot the password; shown here alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_code: Option<String>,
    /// The number that lets the person in; shown here alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
    /// The program is signed in.
    token: TokenMade,
}

/// Join
///
/// With an e-mail address and a password, or with neither: then the answer has an account number, which alone lets the
/// person in. Both the number and the recovery code are shown once.
#[utoipa::path(post, path = "/join", tag = "entry", request_body = JoinBody,
    responses((status = 201, description = "Joined and signed in", body = JoinedBody)))]
pub(crate) async fn join(
    State(app): State<App>,
    address: Address,
    Sent(body): Sent<JoinBody>,
) -> Result<(StatusCode, Json<JoinedBody>), Problem> {
    allow(&app, &app.joins, address)?;
    let identity = match (body.email, body.password) {
        (Some(email), Some(password)) => Identity::Email {
            email,
            password: password.to_string(),
        },
        (None, None) => Identity::Number,
        _ => {
            let why = "an e-mail address needs a password and the other way round; send both, or neither for a number";
            return Err(Problem::new(Kind::WrongValue, why));
        }
    };
    let enrolment = Enrolment {
        identity,
        age: body.age,
        accepted: body
            .accepted
            .parse()
            .map_err(|_| Problem::from(JoinError::PolicyChanged))?,
        invitation: body.invitation,
    };
    let access = Access::Program(new_token(body.label, &body.scopes));
    let enrolled = app.accounts.join_as(enrolment, access).await?;
    let (recovery_code, account_number) = match &enrolled.secret {
        Secret::Recovery(code) => (Some(code.to_string()), None),
        Secret::Number(number) => (None, Some(number.to_string())),
    };
    let Entry::Token(issued) = enrolled.entry else {
        return Err(Problem::new(Kind::Failed, "a program was given a browser's session"));
    };
    let joined = JoinedBody {
        recovery_code,
        account_number,
        token: issued.into(),
    };
    Ok((StatusCode::CREATED, Json(joined)))
}

/// Credentials, and what the new token is for: an e-mail address and a password, or an account number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
pub(crate) struct SignInBody {
    /// E-mail address.
    #[serde(default)]
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Password.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000, format = "password")]
    password: Option<Zeroizing<String>>,
    /// Account number; spaces and hyphens do not matter.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40, format = "password")]
    number: Option<Zeroizing<String>>,
    /// What the person calls the token: which program it is for.
    #[schema(min_length = 1, max_length = 40)]
    label: String,
    /// What the token may do. Take as little as the program needs.
    #[schema(min_items = 1, max_items = 8)]
    scopes: Vec<ScopeName>,
}

/// Sign in: make a token
///
/// A token is made from the credentials alone, never from another token, so that a token cannot widen itself.
#[utoipa::path(post, path = "/tokens", tag = "entry", request_body = SignInBody,
    responses((status = 201, description = "Signed in", body = TokenMade)))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    address: Address,
    Sent(body): Sent<SignInBody>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    let from = allow(&app, &app.sign_ins, address)?;
    let form = match (&body.email, &body.password, &body.number) {
        (Some(email), Some(password), None) => SignInForm::Email { email, password, from },
        (None, None, Some(number)) => SignInForm::Number(number),
        _ => {
            let why = "send an e-mail address and a password, or an account number";
            return Err(Problem::new(Kind::WrongValue, why));
        }
    };
    let proven = app.accounts.identify(form).await?;
    let issued = app
        .accounts
        .issue_token(proven, &new_token(body.label, &body.scopes))
        .await?;
    Ok((StatusCode::CREATED, Json(issued.into())))
}

/// A token of the account; its text is not held.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenBody {
    /// Which.
    id: String,
    /// What the person calls it.
    label: Value,
    /// What it may do, with spaces between.
    scopes: Value,
    /// Whether it is the one that asks.
    own: bool,
}

/// The tokens of the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensBody {
    tokens: Vec<TokenBody>,
}

/// List tokens
#[utoipa::path(get, path = "/tokens", tag = "entry", security(("token" = ["account:read"])),
    responses((status = 200, description = "The tokens of the account", body = TokensBody)))]
pub(crate) async fn tokens(State(app): State<App>, program: Program) -> Result<Json<TokensBody>, Problem> {
    let who = program.may(Scope::AccountRead)?;
    let tokens = app
        .accounts
        .tokens(who.member)
        .await?
        .into_iter()
        .map(|token| TokenBody {
            own: token.id == who.token,
            id: token.id.to_string(),
            label: Value(token.label),
            scopes: Value(token.scopes),
        });
    Ok(Json(TokensBody {
        tokens: tokens.collect(),
    }))
}

/// End a token
#[utoipa::path(delete, path = "/tokens/{id}", tag = "entry", security(("token" = ["account:write"])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$", description = "Which")),
    responses((status = 204, description = "Ended")))]
pub(crate) async fn end_token(
    State(app): State<App>,
    program: Program,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    let who = program.may(Scope::AccountWrite)?;
    app.accounts.end_token(who.member, id(&token, "token")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out: end the token that asks
#[utoipa::path(delete, path = "/tokens/own", tag = "entry", security(("token" = [])),
    responses((status = 204, description = "Ended")))]
pub(crate) async fn sign_out(State(app): State<App>, Program(who): Program) -> Result<StatusCode, Problem> {
    app.accounts.end_token(who.member, who.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What lets somebody back in who forgot the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reset)]
pub(crate) struct ResetBody {
    /// E-mail address.
    #[schema(max_length = 254)]
    email: String,
    /// The recovery code; hyphens and case do not matter.
    #[schema(value_type = String, max_length = 100, format = "password")]
    code: Zeroizing<String>,
    /// The new password.
    #[schema(value_type = String, min_length = 10, max_length = 1000, format = "password")]
    password: Zeroizing<String>,
}

/// A new recovery code; shown here alone.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCode)]
pub(crate) struct RecoveryBody {
    recovery_code: String,
}

/// Set a new password with the recovery code
///
/// Every browser and every program is signed out.
#[utoipa::path(post, path = "/reset", tag = "entry", request_body = ResetBody,
    responses((status = 200, description = "The password is set", body = RecoveryBody)))]
pub(crate) async fn reset(
    State(app): State<App>,
    address: Address,
    Sent(body): Sent<ResetBody>,
) -> Result<Json<RecoveryBody>, Problem> {
    let from = allow(&app, &app.sign_ins, address)?;
    let code = RecoveryCode::from_typed(&body.code);
    let reset = app.accounts.reset_only(&body.email, &code, &body.password, from);
    let recovery = reset.await?;
    Ok(Json(RecoveryBody {
        recovery_code: recovery.to_string(),
    }))
}
