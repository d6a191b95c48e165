//! What programs look for at agreed places.

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap};
use axum::response::{IntoResponse, Redirect, Response};
use plan::Timestamp;
use serde_json::json;

use crate::app::App;
use crate::session::Transport;

/// How long a `security.txt` says that it is good (RFC 9116, section 2.5.5, recommends less than a year).
const SECURITY_SECONDS: i64 = 30 * 86_400;

/// `GET /.well-known/gpc.json`: Global Privacy Control is honoured. Nothing is sold or shared, so there is nothing to
/// switch off.
///
/// Source: W3C, "Global Privacy Control", section 4.
pub(crate) async fn gpc(State(app): State<App>) -> Response {
    let json = match app.policy.date() {
        Some(date) => json!({ "gpc": true, "lastUpdate": date }),
        None => json!({ "gpc": true }),
    };
    ([(CONTENT_TYPE, "application/json")], json.to_string()).into_response()
}

/// `GET /.well-known/security.txt` (RFC 9116).
pub(crate) async fn security(
    State(app): State<App>,
    transport: Option<Extension<Transport>>,
    headers: HeaderMap,
) -> Response {
    let contact = app.plan().parts().controller.contact.trim();
    let tls = transport.is_some_and(|Extension(transport)| transport == Transport::Tls);
    let uri = match contact {
        address if address.contains('@') && !address.contains(char::is_whitespace) => format!("mailto:{address}"),
        uri if uri.starts_with("https://") || uri.starts_with("tel:") => uri.to_owned(),
        // The contact is a sentence; the start page shows it.
        _ => {
            let host = headers
                .get(HOST)
                .and_then(|host| host.to_str().ok())
                .unwrap_or("localhost");
            format!("{}://{host}/", if tls { "https" } else { "http" })
        }
    };
    let expires = app.now().plus_seconds(SECURITY_SECONDS);
    let text = format!(
        "Contact: {uri}\nExpires: {}\nPreferred-Languages: en\n",
        internet_time(expires)
    );
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// The day's first instant as RFC 3339 writes it.
fn internet_time(time: Timestamp) -> String {
    format!("{}T00:00:00Z", time.day())
}

/// `GET /.well-known/change-password`, where password managers look.
pub(crate) async fn change_password() -> Redirect {
    Redirect::to("/me/password")
}

/// `GET /robots.txt`: the public pages may be found, nothing else.
pub(crate) async fn robots() -> &'static str {
    "User-agent: *\nAllow: /$\nAllow: /policy\nDisallow: /\n"
}
