//! Ports, the names of the site, and its certificate.

use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs as _, UdpSocket};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;

use super::{Row, Subject, x509};
use crate::holder::{self, Transport};
use crate::tls;

/// Certificates of public authorities are renewed a month before their end.
const RENEW_DAYS: i64 = 20;
const SECONDS_OF_DAY: i64 = 86_400;

pub(super) fn rows(subject: &Subject) -> Vec<Row> {
    let config = &subject.config;
    let mut rows = vec![
        port(
            subject,
            Transport::Tcp,
            config.local_addresses()[0],
            "`local_port` under [site]",
        ),
        port(subject, Transport::Tcp, config.site.tls, "`tls` under [site]"),
    ];
    if config.vpn.enabled {
        let address = SocketAddr::new(IpAddr::from([0, 0, 0, 0]), config.vpn.port);
        rows.push(port(subject, Transport::Udp, address, "`port` under [vpn]"));
    }
    rows.extend(
        config
            .names()
            .iter()
            .filter_map(|name| resolves(name, config.site.names.is_empty())),
    );
    rows.push(certificate(subject));
    rows
}

fn port(subject: &Subject, transport: Transport, address: SocketAddr, key: &str) -> Row {
    const TOPIC: &str = "port";
    let kind = match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    };
    let port = address.port();
    let holder = holder::of(transport, port);
    let ours = subject.running.as_ref().is_some_and(|running| {
        holder.as_ref().is_some_and(|holder| {
            holder.starts_with(&format!("process {} ", running.pid)) || holder.contains("(candor")
        })
    });
    match (holder, &subject.running) {
        (Some(_), Some(_)) if ours => Row::good(TOPIC, format!("{kind} {port} is candor's")),
        (Some(holder), Some(_)) if holder.starts_with("a process of another") => Row::good(
            TOPIC,
            format!("{kind} {port} is in use, by candor as far as this user may know"),
        ),
        (Some(holder), _) => Row::bad(
            TOPIC,
            format!("{kind} {port} is taken by {holder}"),
            format!("stop that process, or write another port at {key} in candor.toml"),
        ),
        (None, Some(_)) => Row::bad(
            TOPIC,
            format!("nobody listens on {kind} {port}, though candor runs"),
            "sudo systemctl restart candor; sudo journalctl -u candor -n 20",
        ),
        (None, None) if can_bind(transport, address) => Row::good(TOPIC, format!("{kind} {port} is free")),
        (None, None) => Row::look(
            TOPIC,
            format!("{kind} {port} is free, and not for this user ({address})"),
            "start candor with systemd, or: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80",
        ),
    }
}

fn can_bind(transport: Transport, address: SocketAddr) -> bool {
    match transport {
        Transport::Tcp => TcpListener::bind(address).is_ok(),
        Transport::Udp => UdpSocket::bind(address).is_ok(),
    }
}

/// Whether a name leads anywhere. Where to, from outside, this machine cannot know.
fn resolves(name: &str, is_default: bool) -> Option<Row> {
    const TOPIC: &str = "name";
    if name == "localhost" || name.parse::<IpAddr>().is_ok() {
        return None;
    }
    if is_default {
        return Some(Row::look(
            TOPIC,
            format!("the site has no name but this machine's own, {name}"),
            "write names = [\"vpn.example.org\"] under [site] in candor.toml",
        ));
    }
    let found: Vec<String> = (name, 443)
        .to_socket_addrs()
        .into_iter()
        .flatten()
        .map(|address| address.ip().to_string())
        .collect();
    Some(match found.as_slice() {
        [] => Row::bad(
            TOPIC,
            format!("{name} leads nowhere: devices and browsers cannot find this machine"),
            format!("add to the zone: {name}. 3600 IN A <this machine's public IPv4>    (and AAAA for IPv6)"),
        ),
        addresses => Row::good(TOPIC, format!("{name} leads to {}", addresses.join(", "))),
    })
}

fn certificate(subject: &Subject) -> Row {
    const TOPIC: &str = "certificate";
    let site = &subject.config.site;
    let (file, self_signed): (PathBuf, bool) = match &site.certificate {
        Some(file) => (file.clone(), false),
        None => (subject.data().join(tls::CERTIFICATE_FILE), true),
    };
    if let Err(wrong) = tls::check(&subject.config) {
        return Row::bad(TOPIC, crate::chain(&wrong), "candor serve --check");
    }
    if self_signed && !file.exists() {
        return Row::look(
            TOPIC,
            "the first start signs one itself; browsers warn about it",
            SELF_SIGNED,
        );
    }
    let renew = match self_signed {
        true => format!("sudo rm {0} && sudo systemctl restart candor", file.display()),
        false => "renew it, for example: sudo certbot renew && sudo systemctl restart candor".to_owned(),
    };
    let first = CertificateDer::pem_file_iter(&file)
        .ok()
        .and_then(|mut chain| chain.next()?.ok());
    let Some((first, ends)) = first.and_then(|first| Some((first.clone(), x509::not_after(&first)?))) else {
        return match std::fs::File::open(&file) {
            Ok(_) => Row::bad(
                TOPIC,
                format!("{} is damaged: no start can use it", file.display()),
                renew,
            ),
            Err(_) => Row::unknown(
                TOPIC,
                format!("{} cannot be read", file.display()),
                "sudo candor doctor",
            ),
        };
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let days = (ends - i64::try_from(now).unwrap_or(i64::MAX)).div_euclid(SECONDS_OF_DAY);
    if days < 0 {
        return Row::bad(
            TOPIC,
            format!("{} ended {} days ago: browsers refuse the site", file.display(), -days),
            renew,
        );
    }
    let parsed = ParsedCertificate::try_from(&first).ok();
    let fits = |name: &String| {
        let wanted = ServerName::try_from(name.clone());
        wanted.is_ok_and(|wanted| {
            parsed
                .as_ref()
                .is_some_and(|parsed| verify_server_name(parsed, &wanted).is_ok())
        })
    };
    if let Some(name) = subject.config.names().iter().find(|name| !fits(name)) {
        return Row::bad(TOPIC, format!("{} is not for the name {name}", file.display()), renew);
    }
    match (days, self_signed) {
        (..RENEW_DAYS, _) => Row::look(TOPIC, format!("{} ends in {days} days", file.display()), renew),
        (_, true) => Row::look(
            TOPIC,
            "self-signed: browsers warn until its fingerprint is compared",
            SELF_SIGNED,
        ),
        (_, false) => Row::good(
            TOPIC,
            format!("{} fits the site's names and ends in {days} days", file.display()),
        ),
    }
}

const SELF_SIGNED: &str = "name one that browsers know as `certificate` and `key` under [site] in candor.toml";
