//! The interface for members' programs: everything that a member can do on the pages, as HTTP and JSON.
//!
//! ```text
//!   program ──▶ headers ─▶ problems ─▶ limits ─▶ operation ──▶ Accounts ──▶ store
//!                                         │
//!                                         └── Program: the token and its scopes
//! ```
//!
//! The document at `/api/v1/openapi.json` is written from the same lines that the operations are served by. A program
//! signs in with a token of its own, never with a browser's cookie, so no other site can send anything in its name.

pub(crate) mod account;
pub(crate) mod devices;
pub(crate) mod entry;
pub(crate) mod operator;
pub(crate) mod problem;
pub(crate) mod request;

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Server};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::headers::visited_account;

/// Where the interface lies.
pub(crate) const ROOT: &str = "/api/v1";

const ABOUT: &str = "Everything that a member can do on the pages of this site, for programs. Sign in with POST /tokens, then send \
     the header `Authorization: Bearer candor_…`. A token does what its scopes say, ends by itself as the policy keeps it, \
     and can be ended at any time. Errors are problems (RFC 9457): `type` leads to an explanation, `detail` says what to do.";

/// The operations, to be nested at [`ROOT`]. `body_limit_bytes` and `timeout` are those of the pages.
pub(crate) fn router(app: &App, body_limit_bytes: usize, timeout: Duration) -> Router<App> {
    let (operations, document) = operations().split_for_parts();
    let document = Bytes::from(complete(document, app.version).to_json().unwrap_or_default());
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout);
    let described = get(move || {
        let document = document.clone();
        async move {
            (
                [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")],
                document,
            )
        }
    });
    operations
        .route_layer(from_fn_with_state(app.clone(), visited_account))
        .route("/openapi.json", described)
        .fallback(|| async { StatusCode::NOT_FOUND })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(DefaultBodyLimit::max(body_limit_bytes))
        .layer(timeout)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), problem::explain))
}

fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(account::instance))
        .routes(routes!(entry::join))
        .routes(routes!(entry::sign_in, entry::tokens))
        .routes(routes!(entry::sign_out))
        .routes(routes!(entry::end_token))
        .routes(routes!(entry::reset))
        .routes(routes!(account::account))
        .routes(routes!(account::agree))
        .routes(routes!(account::email))
        .routes(routes!(account::password))
        .routes(routes!(account::number))
        .routes(routes!(account::visits, account::forget_visits))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::rename, devices::remove))
        .routes(routes!(devices::usage))
        .routes(routes!(account::export_json))
        .routes(routes!(account::export_zip))
        .routes(routes!(account::erase))
        .routes(routes!(operator::members))
        .routes(routes!(operator::find))
        .routes(routes!(operator::batch))
        .routes(routes!(operator::tariffs))
        .routes(routes!(operator::invitations, operator::invite))
        .routes(routes!(operator::invite_list))
        .routes(routes!(operator::withdraw))
}

/// An operation as the page lists it.
pub(crate) struct Listed {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) scope: String,
}

/// Every operation, for the page.
pub(crate) fn listed() -> Vec<Listed> {
    let mut listed = Vec::new();
    for (path, item) in operations().into_openapi().paths.paths {
        let operations = [
            ("GET", item.get),
            ("POST", item.post),
            ("PUT", item.put),
            ("PATCH", item.patch),
            ("DELETE", item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            let scopes = serde_json::to_value(&operation.security).unwrap_or_default();
            let scope = scopes.pointer("/0/token/0").and_then(serde_json::Value::as_str);
            listed.push(Listed {
                method,
                path: path.clone(),
                scope: scope.unwrap_or("–").to_owned(),
            });
        }
    }
    listed
}

/// Every kind of problem, for the page: its word, status and title.
pub(crate) fn problems() -> Vec<(&'static str, u16, &'static str)> {
    let kinds = problem::Kind::ALL.iter();
    kinds
        .map(|kind| (kind.slug(), kind.status().as_u16(), kind.title()))
        .collect()
}

/// Adds what holds for every operation: where they lie, how to sign in, and what a problem looks like.
fn complete(mut document: OpenApi, version: &str) -> OpenApi {
    document.info.title = "Candor".to_owned();
    document.info.version = version.to_owned();
    document.info.description = Some(ABOUT.to_owned());
    document.info.license = None;
    document.info.contact = None;
    document.servers = Some(vec![Server::new(ROOT)]);
    let components = document.components.get_or_insert_default();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("candor_ and 64 hexadecimal digits")
        .build();
    components
        .security_schemes
        .insert("token".to_owned(), SecurityScheme::Http(token).into());
    let problem = <problem::ProblemBody as utoipa::PartialSchema>::schema();
    components.schemas.insert("Problem".to_owned(), problem);
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        operations.into_iter().flatten().for_each(add_problem);
    }
    document
}

fn add_problem(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let response = ResponseBuilder::new()
        .description("What went wrong, why, and what to do")
        .content("application/problem+json", content)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(response));
}

/// What a panic said stays where it was said: its text may hold a value.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
