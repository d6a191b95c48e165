//! Programs: the page about the interface, and a member's access tokens.

use account::{IssuedToken, NewToken, Scope, Scopes, SignedIn, TOKEN_LABEL_LIMIT_CHARACTERS, TokenError, TokenView};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::TokenId;
use zeroize::Zeroizing;

use crate::api::{self, Listed};
use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::question::{Question, Weight, prove, secret_field, status};
use crate::refusal::Refusal as _;
use crate::session::{Guest, Member};
use crate::speech::{Saying, Speech};
use crate::words;

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    frame: Frame,
    tokens: bool,
    operations: Vec<Listed>,
    problems: Vec<(&'static str, u16, &'static str)>,
    example: &'static str,
}

/// Commands, so the same in every language.
const EXAMPLE: &str = concat!(
    "curl -H 'Content-Type: application/json' -d '{\"email\": \"ada@example.org\", \"password\": \"…\",\n",
    "  \"label\": \"laptop\", \"scopes\": [\"devices:read\"]}' https://…/api/v1/tokens\n",
    "curl -H 'Authorization: Bearer candor_…' https://…/api/v1/devices"
);

/// `GET /api`
pub(crate) async fn api(State(app): State<App>, speech: Speech, guest: Guest) -> Response {
    let template = ApiPage {
        frame: app.frame(
            &speech,
            speech.say("api-title"),
            Here::Nowhere,
            guest.signed_in.as_ref(),
        ),
        tokens: app.accounts.has_tokens(),
        operations: api::listed(),
        problems: api::problems(),
        example: EXAMPLE,
    };
    page(StatusCode::OK, &template)
}

#[derive(Template)]
#[template(path = "programs.html")]
struct ProgramsPage {
    frame: Frame,
    tokens: Vec<TokenView>,
    /// The policy declares access tokens.
    declared: bool,
    label: Field,
    scopes: Vec<ScopeBox>,
    /// What is wrong with the boxes.
    scopes_wrong: Option<Saying>,
    password: Field,
    wrong: Option<Wrong>,
}

/// One thing that a token may do, as a box to tick.
struct ScopeBox {
    key: &'static str,
    words: Saying,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "token_made.html")]
struct MadePage {
    frame: Frame,
    label: String,
    token: Zeroizing<String>,
    scopes: Vec<Saying>,
    until: String,
}

/// What a token may do, in words.
fn words_of(speech: &Speech, scope: Scope) -> Saying {
    match scope {
        Scope::AccountRead => speech.say("scope-account-read"),
        Scope::AccountWrite => speech.say("scope-account-write"),
        Scope::DevicesRead => speech.say("scope-devices-read"),
        Scope::DevicesWrite => speech.say("scope-devices-write"),
        Scope::UsageRead => speech.say("scope-usage-read"),
        Scope::Export => speech.say("scope-export"),
        Scope::Erase => speech.say("scope-erase"),
        Scope::Operator => speech.say("scope-operator"),
    }
}

/// What the form brings.
#[derive(Default)]
pub(crate) struct TokenFields {
    pub(crate) label: String,
    pub(crate) scopes: Scopes,
    pub(crate) password: Zeroizing<String>,
}

impl TokenFields {
    /// From the pairs of a form; each scope is a pair of its own. `None` when it is not our form.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Option<Self> {
        let (mut label, mut scopes, mut password) = (String::new(), Vec::new(), Zeroizing::default());
        for (name, value) in pairs {
            match name.as_str() {
                "label" => label = value,
                "scope" => scopes.push(value),
                "password" => password = Zeroizing::new(value),
                _ => return None,
            }
        }
        let scopes = scopes.join(" ").parse().ok()?;
        Some(Self {
            label,
            scopes,
            password,
        })
    }
}

/// `GET /me/programs`
pub(crate) async fn programs(State(app): State<App>, speech: Speech, Member(who): Member) -> Result<Response, Failure> {
    programs_page(&app, &speech, &who, &TokenFields::default(), None).await
}

/// `POST /me/programs`: a token is made from the password or the number, never from a cookie alone.
pub(crate) async fn make(
    State(app): State<App>,
    speech: Speech,
    Member(who): Member,
    Sent(pairs): Sent<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = TokenFields::from_pairs(pairs).ok_or(Failure::NotAForm)?;
    if fields.scopes.has(Scope::Operator) && !who.staff {
        return Err(Failure::NotAForm);
    }
    let wanted = NewToken {
        label: fields.label.clone(),
        scopes: fields.scopes,
    };
    // What is wrong with the form is said before the secret is looked at, which counts attempts.
    let proven = match wanted.check() {
        Err(error) => Err(refused(&speech, error)?),
        Ok(()) => prove(&app, &speech, who.member, &fields.password).await?,
    };
    let wrong = match proven {
        Err(wrong) => wrong,
        Ok(proven) => match app.accounts.issue_token(proven, &wanted).await {
            Ok(issued) => return made_page(&app, &speech, &who, &fields.label, &issued).await,
            Err(error) => refused(&speech, error)?,
        },
    };
    programs_page(&app, &speech, &who, &fields, Some(wrong)).await
}

fn refused(speech: &Speech, error: TokenError) -> Result<Wrong, Failure> {
    let field = match error {
        TokenError::Store(error) => return Err(error.into()),
        TokenError::Label => "label",
        TokenError::NoScope => "scope",
        TokenError::Replaced => "password",
        TokenError::NotDeclared | TokenError::TooMany | TokenError::NoSuchToken => "form",
    };
    Ok(Wrong::new(field, error.said(speech)))
}

async fn programs_page(
    app: &App,
    speech: &Speech,
    who: &SignedIn,
    fields: &TokenFields,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    let scopes = Scope::ALL
        .iter()
        .filter(|scope| **scope != Scope::Operator || who.staff);
    let hint = speech
        .say("programs-label-hint")
        .number("limit", TOKEN_LABEL_LIMIT_CHARACTERS);
    let label = Field::new("label", speech.say("programs-label"), Ask::Text).hint(hint);
    let password = secret_field(app, speech, who.member).await?;
    let template = ProgramsPage {
        frame: app
            .member_frame(speech, speech.say("programs-title"), Here::Me, who)
            .await?,
        tokens: app.accounts.tokens(who.member).await?,
        declared: app.accounts.has_tokens(),
        label: label.typed(&fields.label).wrong(wrong.as_ref()),
        scopes: scopes
            .map(|scope| ScopeBox {
                key: scope.key(),
                words: words_of(speech, *scope),
                ticked: fields.scopes.has(*scope),
            })
            .collect(),
        scopes_wrong: wrong
            .as_ref()
            .filter(|wrong| wrong.field == "scope")
            .map(|wrong| wrong.why.clone()),
        password: password
            .hint(speech.say("programs-password-hint"))
            .wrong(wrong.as_ref()),
        wrong,
    };
    Ok(page(status(template.wrong.as_ref()), &template))
}

async fn made_page(
    app: &App,
    speech: &Speech,
    who: &SignedIn,
    label: &str,
    issued: &IssuedToken,
) -> Result<Response, Failure> {
    let template = MadePage {
        frame: app
            .member_frame(speech, speech.say("token-title"), Here::Me, who)
            .await?,
        label: label.trim().to_owned(),
        token: Zeroizing::new(issued.token.to_bearer()),
        scopes: issued.scopes.iter().map(|scope| words_of(speech, scope)).collect(),
        until: words::until(speech.language, issued.expires_at, app.now()).0,
    };
    Ok(page(StatusCode::OK, &template))
}

/// `GET /me/programs/{id}/end`
pub(crate) async fn end_form(
    State(app): State<App>,
    speech: Speech,
    Member(who): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: TokenId = id.parse().map_err(|_| Failure::NotFound)?;
    let tokens = app.accounts.tokens(who.member).await?;
    let token = tokens.iter().find(|token| token.id == id).ok_or(Failure::NotFound)?;
    let title = speech.say("programs-end-title").text("label", &token.label);
    let question = Question {
        frame: app.member_frame(&speech, title, Here::Me, &who).await?,
        lead: speech.say("programs-end-lead"),
        fields: Vec::new(),
        action: format!("/me/programs/{id}/end"),
        button: speech.say("programs-end-button"),
        weight: Weight::Grave,
        leave: ("/me/programs", speech.say("leave-as-it-is")),
        wrong: None,
    };
    Ok(question.into_page())
}

/// `POST /me/programs/{id}/end`
pub(crate) async fn end(
    State(app): State<App>,
    Member(who): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::NotFound)?;
    match app.accounts.end_token(who.member, id).await {
        // Ended twice is ended.
        Ok(()) | Err(TokenError::NoSuchToken) => Ok(Redirect::to("/me/programs").into_response()),
        Err(TokenError::Store(error)) => Err(error.into()),
        Err(_) => Err(Failure::NotFound),
    }
}
