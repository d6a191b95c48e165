//! The stylesheet, the script and the icon: part of the program, named by what is in them.

use std::hash::{DefaultHasher, Hasher as _};

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::failure::Failure;

const STYLE: &str = include_str!("../assets/candor.css");
const SCRIPT: &str = include_str!("../assets/devices.js");
const ICON: &str = include_str!("../assets/icon.svg");

/// The files of the portal and where they are found.
pub(crate) struct Assets {
    pub(crate) style_path: String,
    pub(crate) script_path: String,
    style: String,
}

impl Assets {
    pub(crate) fn new() -> Self {
        let style = format!("{}\n{STYLE}", policy::STYLESHEET);
        Self {
            style_path: format!("/assets/{}.css", name(&style)),
            script_path: format!("/assets/{}.js", name(SCRIPT)),
            style,
        }
    }
}

fn name(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    format!("{:016x}", hasher.finish())
}

/// The stylesheet or the script, under the name that holds its hash, so that a browser may keep it for good.
pub(crate) async fn asset(State(app): State<App>, Path(file): Path<String>) -> Response {
    let path = format!("/assets/{file}");
    let (kind, text) = if path == app.assets.style_path {
        ("text/css; charset=utf-8", app.assets.style.clone())
    } else if path == app.assets.script_path {
        ("text/javascript; charset=utf-8", SCRIPT.to_owned())
    } else {
        return Failure::NotFound.into_response();
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, text).into_response()
}

/// The icon in the browser's tab.
pub(crate) async fn icon() -> Response {
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, ICON).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_at_most_16_kilobytes() {
        assert!(SCRIPT.len() <= 16 * 1024, "{} bytes", SCRIPT.len());
    }
}
