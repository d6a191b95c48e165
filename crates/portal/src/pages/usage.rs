//! Usage: one number for each day and direction.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use plan::FieldId;

use crate::app::App;
use crate::failure::Failure;
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::bars::{Bar, bars, share};
use crate::picture::lifetimes::keeps_in_words;
use crate::session::Member;
use crate::words;

/// Days in the picture.
const DAYS: i32 = 30;

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    frame: Frame,
    picture: Svg,
    first: String,
    last: String,
    up: String,
    down: String,
    rows: Vec<Row>,
    keep: String,
}

struct Row {
    date: String,
    up: String,
    down: String,
    share: Svg,
}

/// `GET /usage`
pub(crate) async fn usage(State(app): State<App>, Member(who): Member) -> Result<Response, Failure> {
    let today = app.now().day();
    let from = today.plus(1 - DAYS);
    let days = app.accounts.usage(who.member, from).await?.ok_or(Failure::NotFound)?;
    let bar_of = |offset| {
        let day = from.plus(offset);
        let found = days.iter().find(|usage| usage.day == day);
        found.map_or(Bar { up: 0, down: 0 }, |usage| Bar {
            up: usage.up,
            down: usage.down,
        })
    };
    let picture: Vec<Bar> = (0..DAYS).map(bar_of).collect();
    let most = days
        .iter()
        .map(|day| day.up.saturating_add(day.down))
        .max()
        .unwrap_or(0);
    let keeps = keeps_in_words(&app.policy, &app.exercised, app.version);
    let template = UsagePage {
        frame: app.member_frame("Usage", Here::Usage, &who).await?,
        picture: bars(&picture),
        first: words::short_date(from),
        last: words::short_date(today),
        up: words::bytes(days.iter().map(|day| day.up).sum()),
        down: words::bytes(days.iter().map(|day| day.down).sum()),
        rows: days
            .iter()
            .rev()
            .map(|day| Row {
                date: format!("{} {}", words::short_date(day.day), day.day.civil().0),
                up: words::bytes(day.up),
                down: words::bytes(day.down),
                share: share(day.up.saturating_add(day.down), most),
            })
            .collect(),
        keep: keeps.get(FieldId::UsageBytes.key()).cloned().unwrap_or_default(),
    };
    Ok(page(StatusCode::OK, &template))
}
