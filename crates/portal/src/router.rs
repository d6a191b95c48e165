//! Which address leads to which page, and the layers around all of them.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::timeout::TimeoutLayer;

use crate::app::{App, Portal, PortalError};
use crate::failure::{Failure, explain};
use crate::headers::{headers, visited_account, visited_site};
use crate::pages::{
    account, devices, doctor, erase, import, invitations, join, me, members, operator, policy, programs, secrets,
    server, sign_in, start, status, usage, well_known,
};
use crate::{api, assets, export, speech};

/// No form of ours comes near it.
pub(crate) const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// A password takes a fraction of a second; in a queue of them a few seconds.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The pages.
///
/// # Errors
/// [`PortalError`] when the policy does not declare the one cookie.
pub fn router(portal: Portal) -> Result<Router, PortalError> {
    let app = App::new(portal)?;
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT);
    let csrf = CsrfLayer::new().with_rejection_response(|_: ProtectionError| Failure::CrossSite.into_response());
    let pages = Router::new()
        .merge(site().route_layer(from_fn_with_state(app.clone(), visited_site)))
        .merge(member().route_layer(from_fn_with_state(app.clone(), visited_account)))
        .merge(operating().route_layer(from_fn_with_state(app.clone(), visited_account)))
        .merge(machines())
        .fallback(|| async { Failure::NotFound })
        .method_not_allowed_fallback(|| async { Failure::WrongMethod })
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(csrf)
        .layer(timeout)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), explain))
        .nest(api::ROOT, api::router(&app, BODY_LIMIT_BYTES, TIMEOUT))
        .layer(from_fn(headers))
        .with_state(app);
    // Around the router and not in it: the language is taken off the address before the address is looked up.
    Ok(Router::new().fallback_service(pages).layer(from_fn(speech::speak)))
}

/// What anybody may open.
fn site() -> Router<App> {
    Router::new()
        .route("/", get(start::start))
        .route("/policy", get(policy::policy))
        .route("/status", get(status::status))
        .route("/network", get(server::server))
        .route("/api", get(programs::api))
        .route("/join", get(join::form).post(join::send))
        .route("/set-up/{token}", get(join::set_up_form).post(join::set_up_send))
        .route("/sign-in", get(sign_in::form).post(sign_in::send))
        .route("/reset", get(sign_in::reset_form).post(sign_in::reset_send))
}

/// What a member may open.
fn member() -> Router<App> {
    Router::new()
        .route("/home", get(account::home))
        .route("/accept", post(account::accept))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/devices", get(devices::list).post(devices::add))
        .route("/devices/find", post(devices::find))
        .route("/devices/{id}/rename", get(devices::rename_form).post(devices::rename))
        .route("/devices/{id}/remove", get(devices::remove_form).post(devices::remove))
        .route("/usage", get(usage::usage))
        .route("/me", get(me::me))
        .route("/me/export", get(export::export).post(export::export))
        .route("/me/email", get(me::email_form).post(me::email_send))
        .route("/me/password", get(secrets::password_form).post(secrets::password_send))
        .route("/me/number", get(secrets::number_form).post(secrets::number_send))
        .route("/me/programs", get(programs::programs).post(programs::make))
        .route("/me/programs/{id}/end", get(programs::end_form).post(programs::end))
        .route("/me/visits/forget", post(me::forget_visits))
        .route("/me/erase", get(erase::form).post(erase::send))
}

/// What staff may open.
fn operating() -> Router<App> {
    Router::new()
        .route("/operator", get(operator::overview))
        .route("/operator/network", get(operator::network))
        .route("/operator/policy", get(operator::policy))
        .route("/operator/doctor", get(doctor::doctor))
        .route("/operator/members", get(members::list))
        .route("/operator/members/find", post(members::find))
        .route("/operator/members/batch", post(members::batch))
        .route("/operator/invitations", get(invitations::list).post(invitations::make))
        .route("/operator/invitations/import", get(import::form).post(import::send))
        .route(
            "/operator/invitations/{id}/withdraw",
            get(invitations::withdraw_form).post(invitations::withdraw),
        )
        .route("/operator/members/{id}/tariff", post(members::tariff))
        .route(
            "/operator/members/{id}/erase",
            get(erase::of_member_form).post(erase::of_member_send),
        )
}

/// What programs ask for; never in the access log.
fn machines() -> Router<App> {
    Router::new()
        .route("/policy.json", get(policy::json))
        .route("/health", get(|| async { "ok\n" }))
        .route("/robots.txt", get(well_known::robots))
        .route("/.well-known/gpc.json", get(well_known::gpc))
        .route("/.well-known/security.txt", get(well_known::security))
        .route("/.well-known/change-password", get(well_known::change_password))
        .route("/assets/{file}", get(assets::asset))
        .route("/icon.svg", get(assets::icon))
}

/// What a panic said stays where it was said: its text may hold a value.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Failure::Ourselves.into_response()
}
