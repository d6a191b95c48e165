//! What those do who work for the operator: members in batches, and invitations.

use account::{INVITATIONS_LIMIT, InvitationError, MemberChange, MemberLine, NewInvitation, Scope};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use plan::MemberId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use crate::api::account::{Stopped, TariffBody};
use crate::api::problem::{Kind, Problem};
use crate::api::request::{Asked, Program, Sent, Value, allow, id, rfc_3339};
use crate::app::App;
use crate::import::way_in;
use crate::session::Address;

/// Entries on one page.
const PAGE: u32 = 100;

/// Where a page of a list starts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageAsked {
    /// The id after which the page starts: `next` of the page before.
    #[serde(default)]
    #[param(pattern = "^[0-9a-f]{32}$")]
    after: Option<String>,
}

impl PageAsked {
    fn id<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        let wrong = || Problem::new(Kind::WrongValue, "after is the id that `next` of the page before says");
        self.after.as_deref().map(str::parse).transpose().map_err(|_| wrong())
    }
}

/// A member as the operator sees them: nothing that says who it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    /// The random id.
    id: String,
    /// The day on which they joined.
    joined: Value,
    /// How many devices they have.
    devices: u32,
    /// Their tariff.
    tariff: String,
    /// Bytes in this month; absent where the policy declares no usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    month_bytes: Option<u64>,
    /// Why their devices are not served; absent when they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Stopped>,
}

impl From<MemberLine> for MemberBody {
    fn from(line: MemberLine) -> Self {
        Self {
            id: line.id.to_string(),
            joined: Value(line.joined),
            devices: line.devices,
            tariff: line.tariff,
            month_bytes: line.month_bytes,
            stopped: line.stopped.map(Stopped::from),
        }
    }
}

/// A page of members in the order of their random ids.
#[derive(Serialize, ToSchema)]
#[schema(as = Members)]
pub(crate) struct MembersBody {
    members: Vec<MemberBody>,
    /// How many there are in all.
    total: u64,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List members
#[utoipa::path(get, path = "/operator/members", tag = "operator", security(("token" = ["operator"])), params(PageAsked),
    responses((status = 200, description = "A page of members", body = MembersBody)))]
pub(crate) async fn members(
    State(app): State<App>,
    program: Program,
    Asked(asked): Asked<PageAsked>,
) -> Result<Json<MembersBody>, Problem> {
    program.may(Scope::Operator)?;
    let lines = app.accounts.members(asked.id()?, PAGE).await?;
    let next = lines.last().filter(|_| lines.len() == PAGE as usize);
    Ok(Json(MembersBody {
        next: next.map(|line| line.id.to_string()),
        total: app.accounts.member_count().await?,
        members: lines.into_iter().map(MemberBody::from).collect(),
    }))
}

/// The longest that a member can be found by: an e-mail address (RFC 5321, section 4.5.3.1.3). [`FindBody`] says it too.
const WHO_LIMIT_CHARACTERS: usize = 254;

/// Whom to find.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Find)]
pub(crate) struct FindBody {
    /// The whole e-mail address, account number or id. Sealed values are found by a blind index of the whole value; there
    /// is no searching by parts.
    #[schema(value_type = String, min_length = 1, max_length = 254)]
    who: Zeroizing<String>,
}

/// Whom it was.
#[derive(Serialize, ToSchema)]
#[schema(as = Found)]
pub(crate) struct FoundBody {
    /// Absent when nobody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
}

/// Find the member of an e-mail address, account number or id
#[utoipa::path(post, path = "/operator/members/find", tag = "operator", security(("token" = ["operator"])),
    request_body = FindBody, responses((status = 200, description = "The member, if there is one", body = FoundBody)))]
pub(crate) async fn find(
    State(app): State<App>,
    program: Program,
    address: Address,
    Sent(body): Sent<FindBody>,
) -> Result<Json<FoundBody>, Problem> {
    program.may(Scope::Operator)?;
    allow(&app, &app.sign_ins, address)?;
    if !(1..=WHO_LIMIT_CHARACTERS).contains(&body.who.chars().count()) {
        let why = "who is empty or too long; give the whole e-mail address, account number or id";
        return Err(Problem::new(Kind::WrongValue, why));
    }
    let found = app.accounts.find_member(&body.who).await?;
    Ok(Json(FoundBody {
        member: found.map(|member| member.to_string()),
    }))
}

/// What is done with each member.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// Give a tariff.
    Tariff,
    /// Let the membership last longer.
    Extend,
    /// Stop the devices; the account stays.
    Suspend,
    /// End a suspension.
    Resume,
    /// Erase the account, as the member could.
    Erase,
}

/// The same for many members.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Batch)]
pub(crate) struct BatchBody {
    /// The members' ids.
    #[schema(min_items = 1, max_items = 500)]
    members: Vec<String>,
    /// What is done.
    action: Action,
    /// The tariff, for `tariff`.
    #[serde(default)]
    tariff: Option<String>,
    /// How many days longer, for `extend`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

impl BatchBody {
    pub(crate) fn change(&mut self) -> Result<MemberChange, Problem> {
        let wrong = |why| Problem::new(Kind::WrongValue, why);
        match (&self.action, self.tariff.take(), self.days) {
            (Action::Tariff, Some(tariff), None) => Ok(MemberChange::Tariff(tariff)),
            (Action::Extend, None, Some(days)) => Ok(MemberChange::Extend(days)),
            (Action::Suspend, None, None) => Ok(MemberChange::Suspend),
            (Action::Resume, None, None) => Ok(MemberChange::Resume),
            (Action::Erase, None, None) => Ok(MemberChange::Erase),
            (Action::Tariff, ..) => Err(wrong("the action tariff needs a tariff and nothing else")),
            (Action::Extend, ..) => Err(wrong("the action extend needs days and nothing else")),
            _ => Err(wrong("this action takes neither a tariff nor days")),
        }
    }
}

/// That a batch was done.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchDone)]
pub(crate) struct BatchDoneBody {
    /// How many members it was done with: all of the batch, or there is a problem instead and it was none.
    changed: usize,
}

/// Do the same with many members
///
/// All of them or none: when one of them is not there, works for the operator, or cannot be changed so, nothing is done for
/// anybody and the problem says whom to take out.
#[utoipa::path(post, path = "/operator/members/batch", tag = "operator", security(("token" = ["operator"])),
    request_body = BatchBody, responses((status = 200, description = "Done with all of them", body = BatchDoneBody)))]
pub(crate) async fn batch(
    State(app): State<App>,
    program: Program,
    Sent(mut body): Sent<BatchBody>,
) -> Result<Json<BatchDoneBody>, Problem> {
    program.may(Scope::Operator)?;
    let change = body.change()?;
    let members: Result<Vec<MemberId>, _> = body.members.iter().map(|text| text.parse()).collect();
    let members = members.map_err(|_| Problem::new(Kind::WrongValue, "a member's id is 32 hexadecimal digits"))?;
    let changed = app.accounts.change_members(&members, &change).await?;
    Ok(Json(BatchDoneBody { changed }))
}

/// The tariffs of the configuration.
#[derive(Serialize, ToSchema)]
#[schema(as = Tariffs)]
pub(crate) struct TariffsBody {
    tariffs: Vec<TariffBody>,
}

/// List tariffs
#[utoipa::path(get, path = "/operator/tariffs", tag = "operator", security(("token" = ["operator"])),
    responses((status = 200, description = "The tariffs of the configuration", body = TariffsBody)))]
pub(crate) async fn tariffs(State(app): State<App>, program: Program) -> Result<Json<TariffsBody>, Problem> {
    program.may(Scope::Operator)?;
    let tariffs = app.accounts.tariffs().iter().cloned().map(TariffBody::from);
    Ok(Json(TariffsBody {
        tariffs: tariffs.collect(),
    }))
}

/// An invitation; its code is not held.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationBody {
    /// Which.
    id: String,
    /// The tariff that it gives.
    tariff: Value,
    /// How many it still lets in.
    uses_left: u32,
    /// When it ends.
    ends: Value,
}

/// A page of invitations that have not ended.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitations)]
pub(crate) struct InvitationsBody {
    invitations: Vec<InvitationBody>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List invitations
#[utoipa::path(get, path = "/operator/invitations", tag = "operator", security(("token" = ["operator"])),
    params(PageAsked), responses((status = 200, description = "A page of invitations", body = InvitationsBody)))]
pub(crate) async fn invitations(
    State(app): State<App>,
    program: Program,
    Asked(asked): Asked<PageAsked>,
) -> Result<Json<InvitationsBody>, Problem> {
    program.may(Scope::Operator)?;
    let views = app.accounts.invitations(asked.id()?, PAGE).await?;
    let next = views.last().filter(|_| views.len() == PAGE as usize);
    Ok(Json(InvitationsBody {
        next: next.map(|view| view.id.to_string()),
        invitations: views
            .into_iter()
            .map(|view| InvitationBody {
                id: view.id.to_string(),
                tariff: Value(view.tariff),
                uses_left: view.uses_left,
                ends: Value(view.ends),
            })
            .collect(),
    }))
}

/// Invitations to make: all alike.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitations)]
pub(crate) struct NewInvitationsBody {
    /// How many codes; 1 when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 500)]
    count: Option<u16>,
    /// How many people each lets in.
    #[schema(minimum = 1, maximum = 10000)]
    uses: u32,
    /// For how many days; the policy may keep them for fewer.
    #[schema(minimum = 1, maximum = 365)]
    days: u32,
    /// The tariff that they give; the first of the configuration when absent.
    #[serde(default)]
    tariff: Option<String>,
}

/// An invitation that was just made; its code is shown here alone.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeInvitation)]
pub(crate) struct MadeBody {
    /// Which.
    id: String,
    /// What lets people in.
    code: String,
    /// The path of the page where people join with it.
    path: String,
    /// When it ends.
    #[schema(format = "date-time")]
    ends: String,
}

/// The invitations that were made.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeInvitations)]
pub(crate) struct MadeManyBody {
    invitations: Vec<MadeBody>,
}

/// Make invitations
#[utoipa::path(post, path = "/operator/invitations", tag = "operator", security(("token" = ["operator"])),
    request_body = NewInvitationsBody,
    responses((status = 201, description = "Made: all of them", body = MadeManyBody)))]
pub(crate) async fn invite(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<NewInvitationsBody>,
) -> Result<(StatusCode, Json<MadeManyBody>), Problem> {
    let who = program.may(Scope::Operator)?;
    let wanted = NewInvitation {
        uses: body.uses,
        days: body.days,
        tariff: body.tariff,
    };
    let count = usize::from(body.count.unwrap_or(1));
    // The number is bounded before so many copies are made.
    if count > INVITATIONS_LIMIT {
        return Err(InvitationError::TooMany.into());
    }
    make(&app, who.member, &vec![wanted; count]).await
}

/// One of several invitations to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListedInvitation)]
pub(crate) struct ListedBody {
    /// How many people it lets in.
    #[schema(minimum = 1, maximum = 10000)]
    uses: u32,
    /// For how many days; the policy may keep it for fewer.
    #[schema(minimum = 1, maximum = 365)]
    days: u32,
    /// The tariff that it gives; the first of the configuration when absent.
    #[serde(default)]
    tariff: Option<String>,
}

/// Invitations to make, each its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitationList)]
pub(crate) struct InvitationListBody {
    /// What each is to be.
    #[schema(min_items = 1, max_items = 500)]
    invitations: Vec<ListedBody>,
}

/// Make the invitations of a list
///
/// All of them or none: when one cannot be made, none is, and the problem says which by its place from 1.
#[utoipa::path(post, path = "/operator/invitations/list", tag = "operator", security(("token" = ["operator"])),
    request_body = InvitationListBody,
    responses((status = 201, description = "Made: all of them, in the order of the list", body = MadeManyBody)))]
pub(crate) async fn invite_list(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<InvitationListBody>,
) -> Result<(StatusCode, Json<MadeManyBody>), Problem> {
    let who = program.may(Scope::Operator)?;
    let mut wanted = Vec::with_capacity(body.invitations.len());
    for (index, listed) in body.invitations.into_iter().enumerate() {
        let one = NewInvitation {
            uses: listed.uses,
            days: listed.days,
            tariff: listed.tariff,
        };
        let place = index + 1;
        app.accounts.check_invitation(&one).map_err(|error| {
            Problem::new(
                Kind::WrongValue,
                format_args!("invitation {place} of the list: {error}"),
            )
        })?;
        wanted.push(one);
    }
    make(&app, who.member, &wanted).await
}

async fn make(
    app: &App,
    maker: MemberId,
    wanted: &[NewInvitation],
) -> Result<(StatusCode, Json<MadeManyBody>), Problem> {
    let made = app.accounts.invite_many(maker, wanted).await?;
    let invitations = made.into_iter().map(|made| MadeBody {
        id: made.id.to_string(),
        path: way_in(&made),
        code: made.code.to_string(),
        ends: rfc_3339(made.ends),
    });
    let made = MadeManyBody {
        invitations: invitations.collect(),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Withdraw an invitation
#[utoipa::path(delete, path = "/operator/invitations/{id}", tag = "operator", security(("token" = ["operator"])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$", description = "Which")),
    responses((status = 204, description = "Withdrawn")))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    program: Program,
    Path(invitation): Path<String>,
) -> Result<StatusCode, Problem> {
    program.may(Scope::Operator)?;
    app.accounts.withdraw_invitation(id(&invitation, "invitation")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
