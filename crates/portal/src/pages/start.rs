//! The start page: who runs this, and what is kept, in one picture.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::picture::lifetimes::Lifetimes;
use crate::session::Guest;
use crate::speech::Speech;

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage<'a> {
    frame: Frame,
    lifetimes: &'a Lifetimes,
    vpn: bool,
    min_age: Option<u8>,
}

/// `GET /`
pub(crate) async fn start(State(app): State<App>, speech: Speech, guest: Guest) -> Result<Response, Failure> {
    Ok(page(
        StatusCode::OK,
        &StartPage {
            frame: app.frame(
                &speech,
                speech.say("start-title"),
                Here::Nowhere,
                guest.signed_in.as_ref(),
            ),
            lifetimes: app.lifetimes(speech.language),
            vpn: app.accounts.has_devices(),
            min_age: app.plan().parts().audience.min_age,
        },
    ))
}
