//! Devices: what connects to the VPN, and the configuration of a new one.

use account::{DeviceError, DeviceView, KeyText, LABEL_LIMIT_CHARACTERS};
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
use crate::question::{Question, Weight, status};
use crate::refusal::Refusal as _;
use crate::session::Member;
use crate::speech::{Saying, Speech};
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
    /// There are so many that one wants to search.
    search: bool,
    /// The first and the last that the page lists, where it does not list all.
    range: Option<(usize, usize)>,
    /// What a search came to.
    found: Option<Saying>,
    /// Where the pages before and after this one begin.
    before: Option<usize>,
    after: Option<usize>,
}

struct DeviceRow {
    id: DeviceId,
    label: Shown,
    public_key: String,
}

impl std::convert::From<DeviceView> for DeviceRow {
    fn from(device: DeviceView) -> Self {
        Self {
            id: device.id,
            label: device.label,
            public_key: device.public_key.to_string(),
        }
    }
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
    let listed = Listed::From(from.parse().unwrap_or(0));
    list_page(&app, &speech, &member, &DeviceFields::default(), listed, None).await
}

/// What is searched for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct FindFields {
    pub(crate) label: String,
}

/// `POST /devices/find`: sent, so that no address has the name of a device in it.
pub(crate) async fn find(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Sent(fields): Sent<FindFields>,
) -> Result<Response, Failure> {
    let listed = match fields.label.trim() {
        "" => Listed::From(0),
        typed => Listed::Named(typed.to_owned()),
    };
    list_page(&app, &speech, &member, &DeviceFields::default(), listed, None).await
}

/// Which devices a page lists.
enum Listed {
    /// A page of all of them, from this one on.
    From(usize),
    /// Those that have this in their names.
    Named(String),
}

/// `POST /devices`
pub(crate) async fn add(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Sent(fields): Sent<DeviceFields>,
) -> Result<Response, Failure> {
    let state = app.vpn.state();
    let again = async |wrong| list_page(&app, &speech, &member, &fields, Listed::From(0), Some(wrong)).await;
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

/// What another name brings.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RenameFields {
    pub(crate) label: String,
}

/// `GET /devices/{id}/rename`
pub(crate) async fn rename_form(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let device = own_device(&app, &member, &id).await?;
    let label = device.label.to_string();
    rename_page(&app, &speech, &member, &device, &label, None).await
}

/// `POST /devices/{id}/rename`
pub(crate) async fn rename(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Path(id): Path<String>,
    Sent(fields): Sent<RenameFields>,
) -> Result<Response, Failure> {
    let device = own_device(&app, &member, &id).await?;
    match app
        .accounts
        .rename_device(member.0.member, device.id, &fields.label)
        .await
    {
        Ok(()) => Ok(Redirect::to("/devices").into_response()),
        Err(DeviceError::Store(error)) => Err(error.into()),
        // Removed between the two.
        Err(DeviceError::NoSuchDevice) => Err(Failure::NotFound),
        Err(error) => {
            let wrong = Wrong::new("label", error.said(&speech));
            rename_page(&app, &speech, &member, &device, &fields.label, Some(wrong)).await
        }
    }
}

async fn rename_page(
    app: &App,
    speech: &Speech,
    Member(who): &Member,
    device: &DeviceView,
    label: &str,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    let title = speech.say("rename-title").text("label", &device.label);
    let hint = speech.say("devices-label-hint").number("limit", LABEL_LIMIT_CHARACTERS);
    let field = Field::new("label", speech.say("devices-label"), Ask::Text).hint(hint);
    let question = Question {
        frame: app.member_frame(speech, title, Here::Devices, who).await?,
        lead: speech.say("rename-lead"),
        fields: vec![field.typed(label)],
        action: format!("/devices/{}/rename", device.id),
        button: speech.say("rename-button"),
        weight: Weight::Light,
        leave: ("/devices", speech.say("leave-as-it-is")),
        wrong,
    };
    Ok(question.into_page())
}

/// `GET /devices/{id}/remove`
pub(crate) async fn remove_form(
    State(app): State<App>,
    speech: Speech,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let device = own_device(&app, &member, &id).await?;
    let title = speech.say("remove-title").text("label", &device.label);
    let question = Question {
        frame: app.member_frame(&speech, title, Here::Devices, &member.0).await?,
        lead: speech.say("remove-lead"),
        fields: Vec::new(),
        action: format!("/devices/{}/remove", device.id),
        button: speech.say("remove-button"),
        weight: Weight::Grave,
        leave: ("/devices", speech.say("leave-as-it-is")),
        wrong: None,
    };
    Ok(question.into_page())
}

/// The device of that id, if it is the member's.
async fn own_device(app: &App, Member(who): &Member, id: &str) -> Result<DeviceView, Failure> {
    let id: DeviceId = id.parse().map_err(|_| Failure::NotFound)?;
    let devices = app.accounts.devices(who.member).await?;
    devices
        .into_iter()
        .find(|device| device.id == id)
        .ok_or(Failure::NotFound)
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
    listed: Listed,
    wrong: Option<Wrong>,
) -> Result<Response, Failure> {
    if !app.accounts.has_devices() {
        return Err(Failure::NotFound);
    }
    let mut devices = app.accounts.devices(who.member).await?;
    devices.sort_by_cached_key(|device| device.label.to_string().to_lowercase());
    let all = devices.len();
    let limit = app.accounts.tariff(who.member).await?.devices;
    let (from, take, typed) = match listed {
        Listed::From(from) => (from, PAGE, None),
        Listed::Named(typed) => {
            let part = typed.to_lowercase();
            devices.retain(|device| device.label.to_string().to_lowercase().contains(&part));
            (0, usize::MAX, Some(typed))
        }
    };
    let of = devices.len();
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
        places: places(speech.language, all as u64, u64::from(limit)),
        full: all >= limit as usize,
        limit,
        label: mark(label.typed(&fields.label)),
        public_key: mark(public_key.typed(&fields.public_key)),
        before: (from > 0).then(|| from.saturating_sub(PAGE)),
        after: Some(from.saturating_add(PAGE)).filter(|next| *next < of),
        all,
        search: all > PAGE,
        range: (typed.is_none() && of > PAGE && from < of).then(|| (from + 1, of.min(from.saturating_add(PAGE)))),
        found: typed.map(|typed| match of {
            0 => speech.say("devices-found-none"),
            _ => speech.say("devices-found").number("count", of).text("typed", typed),
        }),
        devices: devices.into_iter().skip(from).take(take).map(DeviceRow::from).collect(),
        running: matches!(app.vpn.state(), VpnState::Running { .. }),
        wrong: wrong.clone(),
    };
    Ok(page(status(wrong.as_ref()), &template))
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
