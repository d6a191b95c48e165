//! The operator's list of members: nothing that says who they are.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::act::ActId;
use plan::{FieldId, MemberId, Shown};
use serde::Deserialize;
use store::StoreError;

use crate::app::App;
use crate::failure::Failure;
use crate::form::Sent;
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::bars::share;
use crate::session::Operator;
use crate::speech::Speech;
use crate::words;

/// Members on one page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage {
    frame: Frame,
    total: u64,
    rows: Vec<Row>,
    tariffs: Vec<String>,
    /// The policy keeps tariffs and there is more than one.
    can_change: bool,
    usage: bool,
    first: bool,
    /// The last id of a full page.
    next: Option<MemberId>,
}

struct Row {
    id: MemberId,
    own: bool,
    joined: Shown,
    devices: u32,
    tariff: String,
    month: Option<(String, Svg)>,
    over: bool,
}

impl Row {
    /// Enough of the id to tell members apart by eye.
    fn short(&self) -> String {
        self.id.to_string().chars().take(8).collect()
    }
}

/// Where the page starts.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct After {
    after: String,
}

/// `GET /operator/members`
pub(crate) async fn list(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Query(After { after }): Query<After>,
) -> Result<Response, Failure> {
    let after: Option<MemberId> = after.parse().ok();
    let lines = app.accounts.members(after, PAGE).await?;
    let most = lines.iter().filter_map(|line| line.month_bytes).max().unwrap_or(0);
    let next = lines
        .last()
        .filter(|_| lines.len() == PAGE as usize)
        .map(|line| line.id);
    let tariffs: Vec<String> = app
        .accounts
        .tariffs()
        .iter()
        .map(|tariff| tariff.name.clone())
        .collect();
    let template = MembersPage {
        frame: app
            .member_frame(&speech, speech.say("members-title"), Here::Members, &who)
            .await?,
        total: app.accounts.member_count().await?,
        can_change: tariffs.len() > 1 && app.plan().allows(FieldId::Tariff, ActId::Keep),
        tariffs,
        usage: app.accounts.has_usage(),
        first: after.is_none(),
        next,
        rows: lines
            .into_iter()
            .map(|line| Row {
                id: line.id,
                own: line.id == who.member,
                joined: line.joined,
                devices: line.devices,
                tariff: line.tariff,
                month: line
                    .month_bytes
                    .map(|bytes| (words::bytes(speech.language, bytes), share(bytes, most))),
                over: line.over_quota,
            })
            .collect(),
    };
    Ok(page(StatusCode::OK, &template))
}

/// What the tariff form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TariffFields {
    tariff: String,
}

/// `POST /operator/members/{id}/tariff`
pub(crate) async fn tariff(
    State(app): State<App>,
    Operator(_): Operator,
    Path(id): Path<String>,
    Sent(fields): Sent<TariffFields>,
) -> Result<Response, Failure> {
    let member: MemberId = id.parse().map_err(|_| Failure::NotFound)?;
    match app.accounts.set_tariff(member, &fields.tariff).await {
        Ok(()) => Ok(Redirect::to("/operator/members").into_response()),
        Err(StoreError::NoSuchSubject | StoreError::Gone) => Err(Failure::NotFound),
        Err(error) => Err(error.into()),
    }
}
