//! Programs: the page about the interface, and a member's access tokens.

use account::{TokenError, TokenView};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::api::{self, Listed};
use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::session::{Guest, Member};
use crate::speech::Speech;

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
}

/// `GET /me/programs`
pub(crate) async fn programs(State(app): State<App>, speech: Speech, Member(who): Member) -> Result<Response, Failure> {
    let template = ProgramsPage {
        frame: app
            .member_frame(&speech, speech.say("programs-title"), Here::Me, &who)
            .await?,
        tokens: app.accounts.tokens(who.member).await?,
    };
    Ok(page(StatusCode::OK, &template))
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
