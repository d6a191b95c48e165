//! The member's home.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::{Day, Shown};
use serde::Deserialize;

use account::JoinError;

use crate::app::App;
use crate::failure::Failure;
use crate::form::Sent;
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::ring::ring;
use crate::session::Member;
use crate::speech::{Saying, Speech};
use crate::vpn::VpnState;
use crate::words;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    email: Option<Shown>,
    tariff: String,
    paid_until: Option<Shown>,
    /// Days after that day when the account is erased.
    erased_after: Option<i64>,
    /// `None` where the policy declares no usage.
    quota: Option<Quota>,
    /// The month and what is left of it.
    heading: Saying,
    devices: Option<Saying>,
    vpn: Option<Vpn>,
    kept: usize,
    never: usize,
}

struct Quota {
    ring: Svg,
    used: String,
    limit: Option<String>,
    left: Option<String>,
}

/// The state of the VPN as a member sees it.
struct Vpn {
    running: bool,
}

/// `GET /home`
pub(crate) async fn home(State(app): State<App>, speech: Speech, Member(who): Member) -> Result<Response, Failure> {
    let today = app.now().day();
    let bytes = |count| words::bytes(speech.language, count);
    let tariff = app.accounts.tariff(who.member).await?;
    let usage = app.accounts.usage(who.member, first_of_month(today)).await?;
    let quota = usage.map(|days| {
        let used: u64 = days.iter().map(|day| day.up.saturating_add(day.down)).sum();
        Quota {
            ring: ring(speech.language, used, tariff.quota_bytes),
            used: bytes(used),
            limit: tariff.quota_bytes.map(bytes),
            left: tariff.quota_bytes.map(|quota| bytes(quota.saturating_sub(used))),
        }
    });
    let (left, _) = words::days_left_in_month(today);
    let devices = match app.accounts.has_devices() {
        true => {
            let count = app.accounts.devices(who.member).await?.len();
            let places = speech.say("home-places").number("taken", count);
            Some(places.number("limit", tariff.devices))
        }
        false => None,
    };
    let template = HomePage {
        frame: app
            .member_frame(&speech, speech.say("home-title"), Here::Home, &who)
            .await?,
        email: app.accounts.email(who.member).await?,
        tariff: tariff.name,
        paid_until: app.accounts.paid_until(who.member).await?,
        erased_after: app.accounts.erased_after_days(),
        quota,
        heading: speech
            .say("home-days-left")
            .text("month", words::month_name(speech.language, today.civil().1))
            .number("days", left),
        devices,
        vpn: app.accounts.has_devices().then(|| Vpn {
            running: matches!(app.vpn.state(), VpnState::Running { .. }),
        }),
        kept: app.lifetimes(speech.language).kept,
        never: app.lifetimes(speech.language).never,
    };
    Ok(page(StatusCode::OK, &template))
}

/// The first day of the month that holds `day`.
pub(crate) fn first_of_month(day: Day) -> Day {
    day.plus(1 - i32::from(day.civil().2))
}

/// What the acceptance brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct AcceptFields {
    pub(crate) accepted: String,
}

/// `POST /accept`
pub(crate) async fn accept(
    State(app): State<App>,
    Member(who): Member,
    Sent(fields): Sent<AcceptFields>,
) -> Result<Response, Failure> {
    let accepted = fields.accepted.parse().map_err(|_| Failure::NotAForm)?;
    match app.accounts.accept(who.member, accepted).await {
        // A newer policy runs by now: the home page says so.
        Ok(()) | Err(JoinError::PolicyChanged) => Ok(Redirect::to("/home").into_response()),
        Err(JoinError::Store(error)) => Err(error.into()),
        Err(_) => Err(Failure::Ourselves),
    }
}
