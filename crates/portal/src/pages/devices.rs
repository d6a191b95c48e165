//! Devices: what connects to the VPN, and the configuration of a new one.

use account::{DeviceError, KeyText, LABEL_LIMIT_CHARACTERS};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use plan::{DeviceId, Shown};
use serde::Deserialize;

use crate::app::App;
use crate::failure::Failure;
use crate::form::{Ask, Field, Sent, Wrong};
use crate::frame::{Frame, Here, page};
use crate::picture::Svg;
use crate::picture::bars::places;
use crate::refusal::Refusal as _;
use crate::session::Member;
use crate::speech::Speech;
use crate::vpn::VpnState;

/// Devices on one page.
const PAGE: usize = 25;
/// What stands in a configuration where the private key belongs; the browser's script looks for it.
pub(crate) const PRIVATE_KEY_PLACE: &str = "PUT-YOUR-PRIVATE-KEY-HERE";
/// The longest name that `wg-quick` takes for an interface, without `.conf` (Linux `IFNAMSIZ` 16 with its zero).
const FILE_NAME_LIMIT: usize = 15;

#[derive(Template)]
#[template(path = "devices.html")]
struct DevicesPage {
    frame: Frame,
    devices: Vec<DeviceRow>,
    places: Svg,
    limit: u32,
    full: bool,
    label: Field,
    public_key: Field,
    wrong: Option<Wrong>,
    running: bool,
    all: usize,
    /// Where the pages before and after this one begin.
    before: Option<usize>,
    after: Option<usize>,
}

struct DeviceRow {
    id: DeviceId,
    label: Shown,
    public_key: String,
}

#[derive(Template)]
#[template(path = "device_added.html")]
struct AddedPage {
    frame: Frame,
    label: String,
    file_name: String,
    configuration: String,
    place: &'static str,
}

/// What the form brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct DeviceFields {
    pub(crate) label: String,
    pub(crate) public_key: String,
}

/// Where the page starts.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct From {
    from: String,
}

/// `GET /devices`
pub(crate) async fn list(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Query(From { from }): Query<From>,
) -> Result<Response, Failure> {
    let from = from.parse().unwrap_or(0);
    list_page(&app, &speech, &member, &DeviceFields::default(), from, None).await
}

/// `POST /devices`
pub(crate) async fn add(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Sent(fields): Sent<DeviceFields>,
) -> Result<Response, Failure> {
    let state = app.vpn.state();
    let again = async |wrong| list_page(&app, &speech, &member, &fields, 0, Some(wrong)).await;
    if matches!(state, VpnState::Unavailable { .. }) {
        return again(Wrong::new("form", speech.say("refused-vpn-off"))).await;
    }
    let public_key: KeyText = match fields.public_key.parse() {
        Ok(key) => key,
        Err(error) => return again(Wrong::new("public_key", error.said(&speech))).await,
    };
    let added = app
        .accounts
        .add_device(member.0.member, fields.label.clone(), public_key)
        .await;
    let error = match added {
        Ok(added) => {
            let title = speech.say("added-title");
            let mut frame = app.member_frame(&speech, title, Here::Devices, &member.0).await?;
            frame.script = Some(app.assets.script_path.clone());
            let template = AddedPage {
                frame,
                file_name: file_name(&fields.label),
                label: fields.label.trim().to_owned(),
                configuration: configuration(&state, added.psk),
                place: PRIVATE_KEY_PLACE,
            };
            return Ok(page(StatusCode::OK, &template));
        }
        Err(error) => error,
    };
    let field = match error {
        DeviceError::Store(error) => return Err(error.into()),
        DeviceError::NoSuchDevice => return Err(Failure::NotFound),
        DeviceError::Label => "label",
        DeviceError::KeyTaken | DeviceError::EmptyKey => "public_key",
        DeviceError::TooMany(_) => "form",
    };
    again(Wrong::new(field, error.said(&speech))).await
}

/// `POST /devices/{id}/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    Member(who): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::NotFound)?;
    match app.accounts.remove_device(who.member, id).await {
        // Removed twice is removed.
        Ok(()) | Err(DeviceError::NoSuchDevice) => Ok(Redirect::to("/devices").into_response()),
        Err(DeviceError::Store(error)) => Err(error.into()),
        Err(_) => Err(Failure::Ourselves),
    }
}

async fn list_page(
    app: &App,
    speech: &Speech,
    Member(who): &Member,
    fields: &DeviceFields,
    from: usize,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    if !app.accounts.has_devices() {
        return Err(Failure::NotFound);
    }
    let devices = app.accounts.devices(who.member).await?;
    let limit = app.accounts.tariff(who.member).await?.devices;
    let mut frame = app
        .member_frame(speech, speech.say("devices-title"), Here::Devices, who)
        .await?;
    frame.script = Some(app.assets.script_path.clone());
    let hint = speech.say("devices-label-hint").number("limit", LABEL_LIMIT_CHARACTERS);
    let label = Field::new("label", speech.say("devices-label"), Ask::Text).hint(hint);
    let public_key =
        Field::new("public_key", speech.say("devices-key"), Ask::Text).hint(speech.say("devices-key-hint"));
    let mark = |field: Field| field.wrong(wrong.as_ref());
    let template = DevicesPage {
        frame,
        places: places(speech.language, devices.len() as u64, u64::from(limit)),
        full: devices.len() >= limit as usize,
        limit,
        label: mark(label.typed(&fields.label)),
        public_key: mark(public_key.typed(&fields.public_key)),
        before: (from > 0).then(|| from.saturating_sub(PAGE)),
        after: Some(from.saturating_add(PAGE)).filter(|next| *next < devices.len()),
        all: devices.len(),
        devices: devices
            .into_iter()
            .skip(from)
            .take(PAGE)
            .map(|device| DeviceRow {
                id: device.id,
                label: device.label,
                public_key: device.public_key.to_string(),
            })
            .collect(),
        running: matches!(app.vpn.state(), VpnState::Running { .. }),
        wrong: wrong.clone(),
    };
    let status = match wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok(page(status, &template))
}

/// The text that `wg-quick` and the apps read, with a place for the private key.
pub(crate) fn configuration(state: &VpnState, psk: KeyText) -> String {
    let VpnState::Running {
        server_key,
        endpoint,
        addresses,
        dns,
        mtu,
        connected_devices: _,
    } = state
    else {
        return String::new();
    };
    let dns = match dns.is_empty() {
        true => String::new(),
        false => format!("DNS = {}\n", dns.join(", ")),
    };
    format!(
        "[Interface]\nPrivateKey = {PRIVATE_KEY_PLACE}\nAddress = {addresses}\n{dns}MTU = {mtu}\n\n[Peer]\n\
         PublicKey = {server_key}\nPresharedKey = {psk}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = {endpoint}\n\
         PersistentKeepalive = 25\n"
    )
}

/// A name for the configuration's file that `wg-quick` takes.
pub(crate) fn file_name(label: &str) -> String {
    let kept = label.chars().filter_map(|character| match character {
        ' ' => Some('-'),
        other if other.is_ascii_alphanumeric() || "-_".contains(other) => Some(other.to_ascii_lowercase()),
        _ => None,
    });
    let name: String = kept.take(FILE_NAME_LIMIT).collect();
    match name.trim_matches('-') {
        "" => "candor.conf".to_owned(),
        name => format!("{name}.conf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_one_that_wg_quick_takes() {
        assert_eq!(file_name("My phone"), "my-phone.conf");
        assert_eq!(file_name("../../etc/passwd"), "etcpasswd.conf");
        assert_eq!(file_name("Ünïcödé"), "ncd.conf");
        assert_eq!(file_name("📱"), "candor.conf");
        assert_eq!(file_name("the router in the cellar"), "the-router-in-t.conf");
    }

    #[test]
    fn the_configuration_is_what_wg_quick_reads() {
        let state = VpnState::Running {
            server_key: KeyText([1; 32]),
            endpoint: "vpn.example.org:51820".to_owned(),
            addresses: "10.66.0.2/32, fd66::2/128".to_owned(),
            dns: vec!["10.66.0.1".to_owned()],
            mtu: 1420,
            connected_devices: None,
        };
        assert_eq!(
            configuration(&state, KeyText([2; 32])),
            "[Interface]\nPrivateKey = PUT-YOUR-PRIVATE-KEY-HERE\nAddress = 10.66.0.2/32, fd66::2/128\n\
             DNS = 10.66.0.1\nMTU = 1420\n\n[Peer]\nPublicKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\
             PresharedKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\nAllowedIPs = 0.0.0.0/0, ::/0\n\
             Endpoint = vpn.example.org:51820\nPersistentKeepalive = 25\n"
        );
    }
}
