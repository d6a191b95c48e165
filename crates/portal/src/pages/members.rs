//! The operator's list of members: nothing that says who they are.

use account::{BATCH_LIMIT, BatchError, EXTEND_DAYS_LIMIT, MemberChange, SignInError, SignedIn, Stop};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::act::ActId;
use plan::{FieldId, MemberId};
use serde::Deserialize;
use store::StoreError;
use zeroize::Zeroizing;

use crate::app::{App, limit_key};
use crate::failure::Failure;
use crate::form::Sent;
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::bars::share;
use crate::refusal::Refusal as _;
use crate::session::{Address, Operator};
use crate::speech::{Saying, Speech};
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
    /// What a batch came to.
    said: Option<Saying>,
    /// It was refused.
    refused: bool,
    /// The list is what was searched for.
    found: bool,
}

struct Row {
    id: MemberId,
    own: bool,
    joined: plan::Shown,
    devices: u32,
    tariff: String,
    month: Option<(String, Svg)>,
    stopped: Option<Saying>,
}

impl Row {
    /// Enough of the id to tell members apart by eye.
    fn short(&self) -> String {
        short(self.id)
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
    list_page(&app, &speech, &who, Shown::From(after)).await
}

/// Whom to find.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct FindFields {
    who: Zeroizing<String>,
}

/// `POST /operator/members/find`: a form that is sent, so that no address has an e-mail address in it.
pub(crate) async fn find(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    address: Address,
    Sent(fields): Sent<FindFields>,
) -> Result<Response, Failure> {
    if !app.sign_ins.allow(&limit_key(address.0), app.now()) {
        return Err(Failure::TooOften);
    }
    match app.accounts.find_member(&fields.who).await {
        Ok(found) => list_page(&app, &speech, &who, Shown::Found(found)).await,
        Err(SignInError::Store(error)) => Err(error.into()),
        Err(_) => Err(Failure::TooOften),
    }
}

/// `POST /operator/members/batch`
pub(crate) async fn batch(
    State(app): State<App>,
    speech: Speech,
    Operator(who): Operator,
    Sent(pairs): Sent<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let (members, change) = parse_batch(pairs)?;
    match app.accounts.change_members(&members, &change).await {
        Ok(count) => {
            let said = speech.say("members-done").number("count", count);
            list_page(&app, &speech, &who, Shown::After(said)).await
        }
        Err(BatchError::Store(error) | BatchError::HalfErased { why: error, .. }) => Err(error.into()),
        Err(error) => list_page(&app, &speech, &who, Shown::Refused(batch_said(&speech, error))).await,
    }
}

/// The fields of a batch; each member is a field of its own.
pub(crate) fn parse_batch(pairs: Vec<(String, String)>) -> Result<(Vec<MemberId>, MemberChange), Failure> {
    let (mut members, mut action, mut tariff, mut days) = (Vec::new(), String::new(), String::new(), None);
    for (name, value) in pairs {
        match name.as_str() {
            "member" => members.push(value.parse().map_err(|_| Failure::NotAForm)?),
            "action" => action = value,
            "tariff" => tariff = value,
            "days" => days = value.trim().parse().ok(),
            _ => return Err(Failure::NotAForm),
        }
    }
    let change = match action.as_str() {
        "tariff" => MemberChange::Tariff(tariff),
        "extend" => MemberChange::Extend(days.unwrap_or(0)),
        "suspend" => MemberChange::Suspend,
        "resume" => MemberChange::Resume,
        _ => return Err(Failure::NotAForm),
    };
    Ok((members, change))
}

fn batch_said(speech: &Speech, error: BatchError) -> Saying {
    match error {
        BatchError::Size => speech.say("batch-size").number("limit", BATCH_LIMIT),
        BatchError::NoSuchMember(member) => speech.say("batch-gone").text("member", short(member)),
        BatchError::Staff(member) => speech.say("batch-staff").text("member", short(member)),
        BatchError::NoSuchTariff => speech.say("batch-tariff"),
        BatchError::Days => speech.say("batch-days").number("limit", EXTEND_DAYS_LIMIT),
        BatchError::NoEnd(member) => speech.say("batch-no-end").text("member", short(member)),
        BatchError::NotDeclared => speech.say("batch-undeclared"),
        BatchError::HalfErased { why, .. } | BatchError::Store(why) => why.said(speech),
    }
}

/// Enough of an id to tell members apart by eye.
fn short(id: MemberId) -> String {
    id.to_string().chars().take(8).collect()
}

/// What the page shows.
enum Shown {
    /// A page of everybody.
    From(Option<MemberId>),
    /// Who was searched for.
    Found(Option<MemberId>),
    /// The start, after a batch.
    After(Saying),
    /// The start, after a batch that was refused.
    Refused(Saying),
}

async fn list_page(app: &App, speech: &Speech, who: &SignedIn, shown: Shown) -> Result<Response, Failure> {
    let (refused, is_found) = (matches!(shown, Shown::Refused(_)), matches!(shown, Shown::Found(_)));
    let (after, said, lines) = match shown {
        Shown::From(after) => (after, None, app.accounts.members(after, PAGE).await?),
        Shown::Found(None) => (None, Some(speech.say("members-find-nobody")), Vec::new()),
        Shown::Found(Some(member)) => (
            None,
            None,
            app.accounts.member_line(member).await?.into_iter().collect(),
        ),
        Shown::After(said) | Shown::Refused(said) => (None, Some(said), app.accounts.members(None, PAGE).await?),
    };
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
            .member_frame(speech, speech.say("members-title"), Here::Members, who)
            .await?,
        total: app.accounts.member_count().await?,
        can_change: tariffs.len() > 1 && app.plan().allows(FieldId::Tariff, ActId::Keep),
        tariffs,
        usage: app.accounts.has_usage(),
        first: after.is_none(),
        next,
        said,
        refused,
        found: is_found,
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
                stopped: line.stopped.map(|stop| match stop {
                    Stop::Suspended => speech.say("members-suspended"),
                    Stop::Ended => speech.say("members-ended"),
                    Stop::OverQuota => speech.say("members-over"),
                }),
            })
            .collect(),
    };
    let status = match refused {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
    };
    Ok(page(status, &template))
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
