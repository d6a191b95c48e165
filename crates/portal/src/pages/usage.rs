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
use crate::session::Member;
use crate::speech::Speech;
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
    days: i32,
}

struct Row {
    date: String,
    up: String,
    down: String,
    share: Svg,
}

/// `GET /usage`
pub(crate) async fn usage(State(app): State<App>, speech: Speech, Member(who): Member) -> Result<Response, Failure> {
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
    let language = speech.language;
    let bytes = |count| words::bytes(language, count);
    let template = UsagePage {
        frame: app
            .member_frame(&speech, speech.say("usage-title"), Here::Usage, &who)
            .await?,
        picture: bars(language, &picture),
        first: words::short_date(language, from),
        last: words::short_date(language, today),
        up: bytes(days.iter().map(|day| day.up).sum()),
        down: bytes(days.iter().map(|day| day.down).sum()),
        rows: days
            .iter()
            .rev()
            .map(|day| Row {
                date: words::short_date_with_year(language, day.day),
                up: bytes(day.up),
                down: bytes(day.down),
                share: share(day.up.saturating_add(day.down), most),
            })
            .collect(),
        keep: words::keep_of(language, app.plan(), FieldId::UsageBytes),
        days: DAYS,
    };
    Ok(page(StatusCode::OK, &template))
}
