//! Devices and usage.

use account::{KeyText, Scope};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::problem::{Kind, Problem};
use crate::api::request::{Asked, Program, Sent, Value, id};
use crate::app::App;
use crate::pages::devices::{PRIVATE_KEY_PLACE, configuration};
use crate::vpn::VpnState;

/// A device.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceBody {
    /// Which.
    id: String,
    /// What the person calls it.
    label: Value,
    /// Its WireGuard public key.
    public_key: String,
}

/// The devices of the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Devices)]
pub(crate) struct DevicesBody {
    devices: Vec<DeviceBody>,
    /// How many the tariff allows.
    limit: u32,
}

fn declared(app: &App) -> Result<(), Problem> {
    match app.accounts.has_devices() {
        true => Ok(()),
        false => Err(Problem::new(
            Kind::NotDeclared,
            "the policy declares no devices, so there is no VPN; the operator can add to the policy: collect device.label \
             device.key device.psk surface=account { for service; keep until=account.closed }",
        )),
    }
}

/// List devices
#[utoipa::path(get, path = "/devices", tag = "devices", security(("token" = ["devices:read"])),
    responses((status = 200, description = "The devices of the account", body = DevicesBody)))]
pub(crate) async fn list(State(app): State<App>, program: Program) -> Result<Json<DevicesBody>, Problem> {
    let who = program.may(Scope::DevicesRead)?;
    declared(&app)?;
    let devices = app
        .accounts
        .devices(who.member)
        .await?
        .into_iter()
        .map(|device| DeviceBody {
            id: device.id.to_string(),
            label: Value(device.label),
            public_key: device.public_key.to_string(),
        });
    Ok(Json(DevicesBody {
        devices: devices.collect(),
        limit: app.accounts.tariff(who.member).await?.devices,
    }))
}

/// A device to add. Make the key pair on the device: the private key is not for this machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDevice)]
pub(crate) struct NewDeviceBody {
    /// What the person calls it.
    #[schema(min_length = 1, max_length = 40)]
    label: String,
    /// Its WireGuard public key: 44 characters of base 64.
    #[schema(pattern = "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]
    public_key: String,
}

/// A device that was just added.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedDevice)]
pub(crate) struct AddedBody {
    /// Which.
    id: String,
    /// The key that the device and the server share; shown here alone.
    preshared_key: String,
    /// What `wg-quick` and the apps read, with a place for the private key; shown here alone.
    configuration: String,
    /// What stands in the configuration where the private key belongs.
    private_key_place: &'static str,
}

/// Add a device
#[utoipa::path(post, path = "/devices", tag = "devices", security(("token" = ["devices:write"])),
    request_body = NewDeviceBody, responses((status = 201, description = "Added", body = AddedBody)))]
pub(crate) async fn add(
    State(app): State<App>,
    program: Program,
    Sent(body): Sent<NewDeviceBody>,
) -> Result<(StatusCode, Json<AddedBody>), Problem> {
    let who = program.may(Scope::DevicesWrite)?;
    declared(&app)?;
    let public_key: KeyText = body
        .public_key
        .parse()
        .map_err(|error: account::NotAKey| Problem::new(Kind::WrongValue, error))?;
    let state = app.vpn.state();
    if matches!(state, VpnState::Unavailable { .. }) {
        let why =
            "the VPN does not run at this moment, so there is nothing that a device could connect to; try again later";
        return Err(Problem::new(Kind::Conflict, why));
    }
    let added = app.accounts.add_device(who.member, body.label, public_key).await?;
    let added = AddedBody {
        id: added.id.to_string(),
        preshared_key: added.psk.to_string(),
        configuration: configuration(&state, added.psk),
        private_key_place: PRIVATE_KEY_PLACE,
    };
    Ok((StatusCode::CREATED, Json(added)))
}

/// Another name for a device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeviceName)]
pub(crate) struct RenameBody {
    /// What the person calls it from now on.
    #[schema(min_length = 1, max_length = 40)]
    label: String,
}

/// Rename a device
#[utoipa::path(patch, path = "/devices/{id}", tag = "devices", security(("token" = ["devices:write"])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$", description = "Which")),
    request_body = RenameBody, responses((status = 204, description = "Renamed")))]
pub(crate) async fn rename(
    State(app): State<App>,
    program: Program,
    Path(device): Path<String>,
    Sent(body): Sent<RenameBody>,
) -> Result<StatusCode, Problem> {
    let who = program.may(Scope::DevicesWrite)?;
    declared(&app)?;
    app.accounts
        .rename_device(who.member, id(&device, "device")?, &body.label)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a device
///
/// It is disconnected at once.
#[utoipa::path(delete, path = "/devices/{id}", tag = "devices", security(("token" = ["devices:write"])),
    params(("id" = String, Path, pattern = "^[0-9a-f]{32}$", description = "Which")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(
    State(app): State<App>,
    program: Program,
    Path(device): Path<String>,
) -> Result<StatusCode, Problem> {
    let who = program.may(Scope::DevicesWrite)?;
    declared(&app)?;
    app.accounts.remove_device(who.member, id(&device, "device")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many days of usage.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageAsked {
    /// Days back from today, today included; 30 when absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 400)]
    days: Option<u16>,
}

/// What the account moved on one day.
#[derive(Serialize, ToSchema)]
#[schema(as = DayUsage)]
pub(crate) struct DayBody {
    /// The day, in UTC.
    #[schema(format = "date")]
    day: String,
    /// Bytes from the devices.
    up: u64,
    /// Bytes to the devices.
    down: u64,
}

/// What the account moved, day by day; days without traffic are left out.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageBody {
    days: Vec<DayBody>,
}

/// See what was used
#[utoipa::path(get, path = "/usage", tag = "usage", security(("token" = ["usage:read"])), params(UsageAsked),
    responses((status = 200, description = "Two counters for each day", body = UsageBody)))]
pub(crate) async fn usage(
    State(app): State<App>,
    program: Program,
    Asked(asked): Asked<UsageAsked>,
) -> Result<Json<UsageBody>, Problem> {
    let who = program.may(Scope::UsageRead)?;
    let days = asked.days.unwrap_or(30);
    if !(1..=400).contains(&days) {
        return Err(Problem::new(Kind::WrongValue, "days are 1 to 400"));
    }
    let from = app.now().day().plus(1 - i32::from(days));
    let Some(used) = app.accounts.usage(who.member, from).await? else {
        let why = "the policy declares no usage, so nothing is counted";
        return Err(Problem::new(Kind::NotDeclared, why));
    };
    let days = used.into_iter().map(|used| DayBody {
        day: used.day.to_string(),
        up: used.up,
        down: used.down,
    });
    Ok(Json(UsageBody { days: days.collect() }))
}
