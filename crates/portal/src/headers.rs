//! Headers that every response carries, and the access log.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use plan::Surface;

use crate::app::App;
use crate::session::{Address, Transport};

/// Nothing but this site's own stylesheet, script, pictures and forms; no page may be framed.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// No sensor, no payment, no advertising interface of the browser.
const PERMISSIONS: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), gyroscope=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), usb=()";
/// Two years; only ever sent by TLS (RFC 6797, section 7.2).
const STRICT_TRANSPORT: &str = "max-age=63072000";

const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Adds what every response carries. A response that says nothing about caching is not cached.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let tls = request.extensions().get::<Transport>() == Some(&Transport::Tls);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(STRICT_TRANSPORT),
        );
    }
    response
}

/// Records a visit to a public page where the policy declares an access log of the site.
pub(crate) async fn visited_site(State(app): State<App>, request: Request, next: Next) -> Response {
    visited(&app, Surface::Site, &request);
    next.run(request).await
}

/// Records a visit to a member's page where the policy declares an access log of the account.
pub(crate) async fn visited_account(State(app): State<App>, request: Request, next: Next) -> Response {
    visited(&app, Surface::Account, &request);
    next.run(request).await
}

fn visited(app: &App, surface: Surface, request: &Request) {
    let program = request.headers().get(header::USER_AGENT);
    let program = program.and_then(|value| value.to_str().ok()).unwrap_or("");
    app.record_visit(surface, Address::of(request.extensions()).0, program);
}
