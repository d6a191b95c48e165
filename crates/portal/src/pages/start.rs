//! The start page: who runs this, and what is kept, in one picture.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::picture::lifetimes::{AXIS, Lifetimes};
use crate::session::Guest;

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage<'a> {
    frame: Frame,
    lifetimes: &'a Lifetimes,
    axis: [&'static str; 6],
    vpn: bool,
    min_age: Option<u8>,
}

/// `GET /`
pub(crate) async fn start(State(app): State<App>, guest: Guest) -> Result<Response, Failure> {
    Ok(page(
        StatusCode::OK,
        &StartPage {
            frame: app.frame("What is kept about you", Here::Nowhere, guest.signed_in.as_ref()),
            lifetimes: &app.lifetimes,
            axis: AXIS,
            vpn: app.accounts.has_devices(),
            min_age: app.plan().parts().audience.min_age,
        },
    ))
}
