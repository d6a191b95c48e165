//! `candor.toml`: everything has a default, and a key that is not known is an error with its place.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use account::{Joining, Tariff};
use anyhow::Context as _;
use serde::Deserialize;
use vpn::handover::connector::EXCEPTED;

use crate::config_error::{Wrong, explain};

/// The file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "candor.toml";
/// Devices that a member may have where no tariff says otherwise.
const DEFAULT_DEVICES: u32 = 10;
const BYTES_PER_GIB: u64 = 1 << 30;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where the databases and keys lie.
    pub(crate) data: PathBuf,
    /// The policy file; the built-in default policy when absent.
    pub(crate) policy: Option<PathBuf>,
    /// Whom the program becomes when root starts it.
    pub(crate) user: Option<String>,
    pub(crate) store: Store,
    pub(crate) site: Site,
    pub(crate) vpn: Vpn,
    members: Members,
    #[serde(rename = "tariff")]
    tariffs: Vec<TariffEntry>,
}

/// The databases, where they are not files in the data folder. Not shown: a URL may carry a password.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    /// The PostgreSQL database of what is known about people.
    pub(crate) url: Option<String>,
    /// The PostgreSQL database of their keys.
    pub(crate) keys_url: Option<String>,
    /// A file with the password for both.
    pub(crate) password_file: Option<PathBuf>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// The web site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Site {
    /// Port of the plain HTTP site on this machine alone (127.0.0.1 and ::1).
    pub(crate) local_port: u16,
    /// Where the TLS site listens.
    pub(crate) tls: SocketAddr,
    /// The names by which others reach this machine; the self-signed certificate carries them.
    pub(crate) names: Vec<String>,
    /// A certificate chain in PEM, instead of the self-signed one.
    pub(crate) certificate: Option<PathBuf>,
    /// The key of that certificate in PEM.
    pub(crate) key: Option<PathBuf>,
}

/// Who forwards members' traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VpnPath {
    /// The kernel where this process may ask it to, else a process of its own.
    Auto,
    /// The kernel, by a tunnel device.
    Kernel,
    /// A confined process that opens members' connections itself; needs no right.
    User,
}

/// The VPN.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Vpn {
    /// Whether there is a VPN at all.
    pub(crate) enabled: bool,
    /// UDP port of the tunnel.
    pub(crate) port: u16,
    /// The host that devices connect to; the first name of the site when absent.
    pub(crate) endpoint: Option<String>,
    /// Name of the tunnel interface.
    pub(crate) interface: String,
    /// The name servers that devices are told to ask.
    pub(crate) dns: Vec<IpAddr>,
    /// Largest inner packet in bytes.
    pub(crate) mtu: u16,
    /// Who forwards members' traffic.
    pub(crate) path: VpnPath,
    /// Private networks that members may reach.
    pub(crate) lan: Vec<Network>,
}

/// An address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Network {
    pub(crate) address: IpAddr,
    pub(crate) len: u8,
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (address, len) = text.split_once('/').unwrap_or((&text, ""));
        let network = address.parse().ok().zip(len.parse().ok());
        network
            .map(|(address, len)| Self { address, len })
            .filter(|network| sys::Range::new(network.address, network.len).is_ok())
            .ok_or_else(|| format!("{text:?} is no network; one is written as 192.168.7.0/24 or fd12:3456:789a::/48"))
    }
}

/// Who may become a member.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Members {
    /// `open` or `by-invitation`.
    joining: JoiningWord,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum JoiningWord {
    #[default]
    Open,
    ByInvitation,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TariffEntry {
    name: String,
    /// GiB up and down together in a calendar month; no limit when absent.
    quota_gib: Option<f64>,
    #[serde(default = "default_devices")]
    devices: u32,
    /// Days that a membership lasts; without an end when absent.
    days: Option<u32>,
}

/// Ten years: longer memberships are those without an end.
const TARIFF_DAYS_LIMIT: u32 = 3_650;

const fn default_devices() -> u32 {
    DEFAULT_DEVICES
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("candor-data"),
            policy: None,
            user: None,
            store: Store::default(),
            site: Site::default(),
            vpn: Vpn::default(),
            members: Members::default(),
            tariffs: Vec::new(),
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self {
            local_port: 8080,
            tls: SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 8443),
            names: Vec::new(),
            certificate: None,
            key: None,
        }
    }
}

impl Default for Vpn {
    fn default() -> Self {
        // 1420 = 1500 less IPv6 (40), UDP (8), and the header and tag of a data message (32).
        Self {
            enabled: true,
            port: 51820,
            endpoint: None,
            interface: "candor0".into(),
            dns: Vec::new(),
            mtu: 1420,
            path: VpnPath::Auto,
            lan: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a configuration: the named file, or `candor.toml` when it is there, or the defaults.
    ///
    /// # Errors
    /// The file cannot be read, has an unknown key or a value out of range; the message shows the place.
    pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let path = match file {
            Some(path) => path,
            None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "the configuration {} cannot be read; is the name right?",
                path.display()
            )
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a configuration; `path` is for messages.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub(crate) fn parse(path: &Path, text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| explain(path, text, &error))?;
        config.check().map_err(|wrong| wrong.in_file(path, text))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Wrong> {
        self.check_places()?;
        self.check_store()?;
        self.check_site()?;
        self.check_vpn()?;
        self.check_tariffs()
    }

    fn check_places(&self) -> Result<(), Wrong> {
        if self.data.as_os_str().is_empty() {
            return Err(Wrong::new("", "data", "it is empty"));
        }
        if self.policy.as_ref().is_some_and(|policy| policy.as_os_str().is_empty()) {
            return Err(Wrong::new(
                "",
                "policy",
                "it is empty; leave it out for the built-in policy",
            ));
        }
        if self.user.as_ref().is_some_and(|user| user.trim().is_empty()) {
            return Err(Wrong::new(
                "",
                "user",
                "it is empty; leave it out for the owner of the data folder",
            ));
        }
        Ok(())
    }

    fn check_store(&self) -> Result<(), Wrong> {
        let named = match (&self.store.url, &self.store.keys_url) {
            (Some(_), None) => "url",
            (None, Some(_)) => "keys_url",
            (Some(_), Some(_)) | (None, None) => return Ok(()),
        };
        let why = "only one of `url` and `keys_url` is named; name both, for the keys have a database of their own, or none for files in the data folder";
        Err(Wrong::new("store", named, why))
    }

    fn check_site(&self) -> Result<(), Wrong> {
        let site = &self.site;
        if let Some(missing) = match (&site.certificate, &site.key) {
            (Some(_), None) => Some("certificate"),
            (None, Some(_)) => Some("key"),
            (Some(_), Some(_)) | (None, None) => None,
        } {
            let why = "only one of `certificate` and `key` is named; name both, or none for a self-signed certificate";
            return Err(Wrong::new("site", missing, why));
        }
        if site.local_port == 0 {
            return Err(Wrong::new(
                "site",
                "local_port",
                "port 0 would be another one at each start",
            ));
        }
        if site.tls.port() == 0 {
            return Err(Wrong::new("site", "tls", "port 0 would be another one at each start"));
        }
        if site.tls.port() == site.local_port && (site.tls.ip().is_unspecified() || site.tls.ip().is_loopback()) {
            return Err(Wrong::new(
                "site",
                "local_port",
                "`tls` has the same port; give each its own",
            ));
        }
        match site.names.iter().find(|name| !is_host(name)) {
            Some(name) => Err(Wrong::new(
                "site",
                "names",
                format!("{name:?} is no host name and no address"),
            )),
            None => Ok(()),
        }
    }

    fn check_vpn(&self) -> Result<(), Wrong> {
        let vpn = &self.vpn;
        if vpn.port == 0 {
            return Err(Wrong::new("vpn", "port", "port 0 would be another one at each start"));
        }
        if !(1280..=1500).contains(&vpn.mtu) {
            let why = format!(
                "{} is out of range; IPv6 needs at least 1280, and more than 1500 does not fit an Ethernet frame",
                vpn.mtu
            );
            return Err(Wrong::new("vpn", "mtu", why));
        }
        if vpn.lan.len() + vpn.dns.len() > EXCEPTED {
            let why = format!("with `dns` there are more than {EXCEPTED}; put neighbouring networks together");
            return Err(Wrong::new("vpn", "lan", why));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=15).contains(&vpn.interface.len()) || !vpn.interface.bytes().all(plain) {
            return Err(Wrong::new(
                "vpn",
                "interface",
                format!("{:?} is no name for it", vpn.interface),
            ));
        }
        match vpn.endpoint.as_ref().filter(|host| !is_host(host)) {
            Some(host) => Err(Wrong::new(
                "vpn",
                "endpoint",
                format!("{host:?} is no host name and no address"),
            )),
            None => Ok(()),
        }
    }

    fn check_tariffs(&self) -> Result<(), Wrong> {
        for (nth, tariff) in self.tariffs.iter().enumerate() {
            let wrong = |key, why: &str| {
                Err(Wrong {
                    nth,
                    ..Wrong::new("tariff", key, why)
                })
            };
            if tariff.name.trim().is_empty() {
                return wrong("name", "it is empty; each tariff has a name");
            }
            if self.tariffs[..nth].iter().any(|earlier| earlier.name == tariff.name) {
                return wrong("name", "it is there twice; give each tariff its own name");
            }
            if tariff.days.is_some_and(|days| !(1..=TARIFF_DAYS_LIMIT).contains(&days)) {
                let why = format!("it must be 1 to {TARIFF_DAYS_LIMIT}; leave it out for a membership without an end");
                return wrong("days", &why);
            }
            if tariff.quota_gib.is_some_and(|quota| !quota.is_finite() || quota <= 0.0) {
                return wrong("quota_gib", "it must be more than 0; leave it out for no limit");
            }
            if tariff.devices == 0 {
                return wrong("devices", "nobody could connect anything");
            }
        }
        Ok(())
    }

    /// The tariffs, with one for everybody when none is configured.
    pub(crate) fn tariffs(&self) -> Vec<Tariff> {
        if self.tariffs.is_empty() {
            return vec![Tariff {
                name: "standard".into(),
                quota_bytes: None,
                devices: DEFAULT_DEVICES,
                days: None,
            }];
        }
        let tariff = |entry: &TariffEntry| Tariff {
            name: entry.name.clone(),
            quota_bytes: entry.quota_gib.map(|gib| (gib * BYTES_PER_GIB as f64) as u64),
            devices: entry.devices,
            days: entry.days,
        };
        self.tariffs.iter().map(tariff).collect()
    }

    /// Who may become a member.
    pub(crate) const fn joining(&self) -> Joining {
        match self.members.joining {
            JoiningWord::Open => Joining::Open,
            JoiningWord::ByInvitation => Joining::ByInvitation,
        }
    }

    /// The names by which others reach this machine: those of the configuration, or the host name.
    pub(crate) fn names(&self) -> Vec<String> {
        if !self.site.names.is_empty() {
            return self.site.names.clone();
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = host.trim();
        vec![if host.is_empty() || host == "(none)" {
            "localhost".to_owned()
        } else {
            host.to_owned()
        }]
    }

    /// The addresses of the plain site: this machine alone.
    pub(crate) fn local_addresses(&self) -> [SocketAddr; 2] {
        let port = self.site.local_port;
        [
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port),
        ]
    }
}

/// A host name (RFC 1123, section 2.1) or an address: no scheme, no port, no blank.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.parse::<IpAddr>().is_ok() || text.len() <= 253 && text.trim_end_matches('.').split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Config> {
        Config::parse(Path::new("candor.toml"), text)
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config.site.local_port, 8080);
        assert_eq!(config.tariffs().len(), 1);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_place() {
        let error = parse("[vpn]\nprot = 51820\n").unwrap_err().to_string();
        assert!(
            error.contains("line 2") && error.contains("prot") && error.contains("port"),
            "{error}"
        );
    }

    #[test]
    fn values_out_of_range_are_refused_with_what_to_do() {
        for (text, word) in [
            (
                "[vpn]\nmtu = 1279\n",
                "line 2: `mtu` under [vpn]: 1279 is out of range; IPv6 needs at least 1280",
            ),
            ("[vpn]\nmtu = 1501\n", "1500"),
            (
                "[site]\ncertificate = \"a.pem\"\n",
                "line 2: `certificate` under [site]: only one",
            ),
            ("[store]\nurl = \"postgres:///candor\"\n", "name both"),
            ("[site]\nlocal_port = 8443\n", "same port"),
            ("[site]\nnames = [\"https://vpn.example.org\"]\n", "without https://"),
            ("[vpn]\nendpoint = \"vpn.example.org:51820\"\n", "without a port"),
            ("[vpn]\ninterface = \"the tunnel of candor\"\n", "1 to 15"),
            (
                "[[tariff]]\nname = \"a\"\n[[tariff]]\nname = \"a\"\n",
                "line 4: `name` under [[tariff]]: it is there twice",
            ),
            ("[[tariff]]\nname = \"a\"\nquota_gib = 0\n", "more than 0"),
            ("[[tariff]]\nname = \" \"\n", "it is empty"),
            ("[[tariff]]\ndevices = 3\n", "line 1: missing field `name`"),
            ("[[tariff]]\nname = \"a\"\ndays = 0\n", "1 to 3650"),
            ("[[tariff]]\nname = \"a\"\ndays = 3651\n", "1 to 3650"),
            ("[members]\njoining = \"closed\"\n", "by-invitation"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(parse("[vpn]\nmtu = 1280\n").is_ok());
    }

    #[test]
    fn a_quota_is_given_in_gib() {
        let config = parse("[[tariff]]\nname = \"small\"\nquota_gib = 0.5\ndevices = 2\n").unwrap();
        assert_eq!(
            config.tariffs(),
            [Tariff {
                name: "small".into(),
                quota_bytes: Some(1 << 29),
                devices: 2,
                days: None,
            }]
        );
    }
}
