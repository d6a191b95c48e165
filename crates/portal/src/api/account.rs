//! The account: what it is, agreeing, correcting, the password, visits, and what everybody may ask for.

use account::{JoinError, Joining, Scope, Stop};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value as JsonValue;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::problem::{Kind, Problem};
use crate::api::request::{Program, Sent, Value, rfc_3339};
use crate::app::App;
use crate::export;
use crate::failure::Failure;
use crate::pages::account::first_of_month;
use crate::session::Address;
use crate::speech::Speech;

/// What anybody may know of this instance.
#[derive(Serialize, ToSchema)]
#[schema(as = Instance)]
pub(crate) struct InstanceBody {
    /// Who runs it.
    controller: String,
    /// How to reach them about privacy.
    contact: String,
    /// The program's version.
    version: &'static str,
    /// The digest of the policy that runs; a page for people is at /policy, all of it as JSON at /policy.json.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    policy_digest: String,
    /// From which age people may join; absent where everybody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    min_age: Option<u8>,
    /// Whether joining needs an invitation.
    by_invitation: bool,
    /// Whether people can join without an e-mail address.
    account_numbers: bool,
}

/// About this instance
#[utoipa::path(get, path = "/instance", tag = "instance",
    responses((status = 200, description = "What anybody may know", body = InstanceBody)))]
pub(crate) async fn instance(State(app): State<App>) -> Json<InstanceBody> {
    let parts = app.plan().parts();
    Json(InstanceBody {
        controller: parts.controller.name.clone(),
        contact: parts.controller.contact.clone(),
        version: app.version,
        policy_digest: app.plan().digest().to_string(),
        min_age: parts.audience.min_age,
        by_invitation: app.accounts.joining() == Joining::ByInvitation,
        account_numbers: app.accounts.has_numbers(),
    })
}

/// Why devices are not served.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stopped {
    /// The operator suspended the account.
    Suspended,
    /// The membership is over.
    Ended,
    /// The quota of the month is used up.
    OverQuota,
}

impl From<Stop> for Stopped {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Suspended => Self::Suspended,
            Stop::Ended => Self::Ended,
            Stop::OverQuota => Self::OverQuota,
        }
    }
}

/// A tariff.
#[derive(Serialize, ToSchema)]
#[schema(as = Tariff)]
pub(crate) struct TariffBody {
    name: String,
    /// Bytes up and down together in a calendar month (UTC); absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_bytes: Option<u64>,
    /// Devices at most.
    devices: u32,
    /// Days that a membership lasts; absent without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

impl From<account::Tariff> for TariffBody {
    fn from(tariff: account::Tariff) -> Self {
        Self {
            name: tariff.name,
            quota_bytes: tariff.quota_bytes,
            devices: tariff.devices,
            days: tariff.days,
        }
    }
}

/// The account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountBody {
    /// Absent for an account with a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Value>,
    tariff: TariffBody,
    /// Bytes up and down together in this month; absent where the policy declares no usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    month_bytes: Option<u64>,
    /// The last day of the membership; absent without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_until: Option<Value>,
    /// Days after the end of the membership when the account is erased; absent where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_after_days: Option<i64>,
    /// Why devices are not served; absent when they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<Stopped>,
    /// The invitation that the person joined by, where the policy keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_by: Option<Value>,
    /// The policy that runs is not the one that the person agreed to: show it, and send the agreement.
    must_agree: bool,
    /// The digest of the policy that runs.
    policy_digest: String,
    /// Whether the person works for the operator.
    staff: bool,
}

/// See the account
#[utoipa::path(get, path = "/account", tag = "account", security(("token" = ["account:read"])),
    responses((status = 200, description = "The account", body = AccountBody)))]
pub(crate) async fn account(State(app): State<App>, program: Program) -> Result<Json<AccountBody>, Problem> {
    let who = program.may(Scope::AccountRead)?;
    let month = app.accounts.usage(who.member, first_of_month(app.now().day())).await?;
    let sum = |days: Vec<account::DayUsage>| days.iter().map(|day| day.up.saturating_add(day.down)).sum();
    Ok(Json(AccountBody {
        email: app.accounts.email(who.member).await?.map(Value),
        tariff: app.accounts.tariff(who.member).await?.into(),
        month_bytes: month.map(sum),
        paid_until: app.accounts.paid_until(who.member).await?.map(Value),
        erased_after_days: app.accounts.erased_after_days(),
        stopped: app.accounts.stopped(who.member).map(Stopped::from),
        joined_by: app.accounts.joined_by(who.member).await?.map(Value),
        must_agree: !app.accounts.accepted_current(who.member).await?,
        policy_digest: app.plan().digest().to_string(),
        staff: who.staff,
    }))
}

/// That the person agrees to the policy that runs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Agreement)]
pub(crate) struct AgreementBody {
    /// The digest of the policy that the person has read.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    accepted: String,
}

/// Agree to the policy that runs
#[utoipa::path(post, path = "/account/agreement", tag = "account", security(("token" = ["account:write"])),
    request_body = AgreementBody, responses((status = 204, description = "Agreed")))]
pub(crate) async fn agree(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<AgreementBody>,
) -> Result<StatusCode, Problem> {
    let who = program.may(Scope::AccountWrite)?;
    let accepted = body
        .accepted
        .parse()
        .map_err(|_| Problem::from(JoinError::PolicyChanged))?;
    app.accounts.accept(who.member, accepted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new e-mail address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEmail)]
pub(crate) struct EmailBody {
    /// The new address.
    #[schema(max_length = 254)]
    email: String,
    /// The password, or the account number of a member who has none: whoever changes the address could take the account.
    #[schema(value_type = String, max_length = 1000, format = "password")]
    secret: Zeroizing<String>,
}

/// Correct the e-mail address
#[utoipa::path(put, path = "/account/email", tag = "account", security(("token" = ["account:write"])),
    request_body = EmailBody, responses((status = 204, description = "Corrected")))]
pub(crate) async fn email(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<EmailBody>,
) -> Result<StatusCode, Problem> {
    let who = program.may(Scope::AccountWrite)?;
    if !app.plan().parts().rights.correct {
        let why = "the policy gives no right to correct what is held; add to its line of rights: correct=#true";
        return Err(Problem::new(Kind::NotDeclared, why));
    }
    app.accounts.confirm(who.member, &body.secret).await?;
    app.accounts.correct_email(who.member, &body.email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPassword)]
pub(crate) struct PasswordBody {
    /// The present password.
    #[schema(value_type = String, max_length = 1000, format = "password")]
    password: Zeroizing<String>,
    /// The new one.
    #[schema(value_type = String, min_length = 10, max_length = 1000, format = "password")]
    new_password: Zeroizing<String>,
}

/// Change the password
///
/// Every browser and every program is signed out, the one that asks included.
#[utoipa::path(put, path = "/account/password", tag = "account", security(("token" = ["account:write"])),
    request_body = PasswordBody, responses((status = 204, description = "Changed; sign in again")))]
pub(crate) async fn password(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<PasswordBody>,
) -> Result<StatusCode, Problem> {
    let who = program.may(Scope::AccountWrite)?;
    app.accounts
        .change_password(who.member, &body.password, &body.new_password)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The number of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OldNumber)]
pub(crate) struct OldNumberBody {
    /// The present number.
    #[schema(value_type = String, max_length = 40, format = "password")]
    number: Zeroizing<String>,
}

/// A new number; shown here alone.
#[derive(Serialize, ToSchema)]
#[schema(as = NewNumber)]
pub(crate) struct NumberBody {
    account_number: String,
}

/// Replace the account number
///
/// For when somebody saw it. The old one ends, and every browser and every program is signed out.
#[utoipa::path(post, path = "/account/number", tag = "account", security(("token" = ["account:write"])),
    request_body = OldNumberBody, responses((status = 200, description = "Replaced; sign in again", body = NumberBody)))]
pub(crate) async fn number(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<OldNumberBody>,
) -> Result<Json<NumberBody>, Problem> {
    let who = program.may(Scope::AccountWrite)?;
    let number = app.accounts.renew_number(who.member, &body.number).await?;
    Ok(Json(NumberBody {
        account_number: number.to_string(),
    }))
}

/// A line of the access log.
#[derive(Serialize, ToSchema)]
#[schema(as = Visit)]
pub(crate) struct VisitBody {
    /// When.
    time: Value,
    /// From where.
    address: Value,
}

/// What the access log holds of the address that asks.
#[derive(Serialize, ToSchema)]
#[schema(as = Visits)]
pub(crate) struct VisitsBody {
    visits: Vec<VisitBody>,
}

fn visits_declared(app: &App) -> Result<(), Problem> {
    match app.accounts.has_visits() {
        true => Ok(()),
        false => Err(Problem::new(
            Kind::NotDeclared,
            "the policy declares no access log, so there is none",
        )),
    }
}

/// See the access log of your address
///
/// The log is linked to no account: it is shown to whoever comes from the same address.
#[utoipa::path(get, path = "/visits", tag = "account", security(("token" = ["account:read"])),
    responses((status = 200, description = "The lines of this address", body = VisitsBody)))]
pub(crate) async fn visits(
    State(app): State<App>,
    program: Program,
    Address(address): Address,
) -> Result<Json<VisitsBody>, Problem> {
    program.may(Scope::AccountRead)?;
    visits_declared(&app)?;
    let lines = match address {
        Some(address) => app.accounts.visits_from(address).await?,
        None => Vec::new(),
    };
    let visits = lines.into_iter().map(|line| VisitBody {
        time: Value(line.time),
        address: Value(line.ip),
    });
    Ok(Json(VisitsBody {
        visits: visits.collect(),
    }))
}

/// Delete the access log of your address
#[utoipa::path(delete, path = "/visits", tag = "account", security(("token" = ["account:write"])),
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn forget_visits(
    State(app): State<App>,
    program: Program,
    Address(address): Address,
) -> Result<StatusCode, Problem> {
    program.may(Scope::AccountWrite)?;
    visits_declared(&app)?;
    if let Some(address) = address {
        app.accounts.forget_visits_from(address).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Take everything that is held
///
/// Each value with its field, source, time of collection and end. Secrets are named and not shown.
#[utoipa::path(get, path = "/export", tag = "rights", security(("token" = ["export"])),
    responses((status = 200, description = "Everything that is held", body = inline(serde_json::Map<String, JsonValue>))))]
pub(crate) async fn export_json(State(app): State<App>, program: Program) -> Result<Response, Problem> {
    let who = program.may(Scope::Export)?;
    let export = app.accounts.export(who.member).await?;
    Ok(Json(export::to_json(&export)).into_response())
}

/// Take everything that is held, as an archive for people
#[utoipa::path(get, path = "/export.zip", tag = "rights", security(("token" = ["export"])),
    responses((status = 200, description = "A ZIP with a readable page, JSON and the policy", content_type = "application/zip",
        body = Vec<u8>)))]
pub(crate) async fn export_zip(State(app): State<App>, speech: Speech, program: Program) -> Result<Response, Problem> {
    let who = program.may(Scope::Export)?;
    export::response(&app, &speech, who.member)
        .await
        .map_err(|failure| match failure {
            Failure::Store(error) => error.into(),
            _ => Problem::new(
                Kind::Failed,
                "the archive could not be written; take /api/v1/export instead",
            ),
        })
}

/// The one word that has to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EraseWord {
    /// Erase.
    Erase,
}

/// That the person wants to be erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Erase)]
pub(crate) struct EraseBody {
    /// So that nothing is erased by mistake.
    #[serde(rename = "word")]
    _word: EraseWord,
    /// The password, or the account number of a member who has none.
    #[schema(value_type = String, max_length = 1000, format = "password")]
    secret: Zeroizing<String>,
}

/// Proof that somebody was erased.
#[derive(Serialize, ToSchema)]
#[schema(as = Certificate)]
pub(crate) struct CertificateBody {
    /// The text; its last two lines are the public key and the signature.
    text: String,
    /// How many rows were deleted.
    rows: u64,
    /// When.
    #[schema(format = "date-time")]
    erased_at: String,
}

/// Erase the account
///
/// At once and for good: rows, the key that sealed them, and devices' right to connect.
#[utoipa::path(post, path = "/erase", tag = "rights", security(("token" = ["erase"])), request_body = EraseBody,
    responses((status = 200, description = "Erased", body = CertificateBody)))]
pub(crate) async fn erase(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<EraseBody>,
) -> Result<Json<CertificateBody>, Problem> {
    let who = program.may(Scope::Erase)?;
    app.accounts.confirm(who.member, &body.secret).await?;
    let certificate = app.accounts.erase(who.member).await?;
    Ok(Json(CertificateBody {
        text: certificate.text,
        rows: certificate.rows,
        erased_at: rfc_3339(certificate.erased_at),
    }))
}
