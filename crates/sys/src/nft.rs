//! The packet filter rules of a tunnel server (`nft(8)`), as one table that is replaced as a whole.
//!
//! What it does: hides tunnel addresses behind this machine's, forwards between the tunnel and the
//! other interfaces, keeps devices in the tunnel from each other, from this machine except the
//! services that are named, and from ranges that are refused. It has no `log` statement.

use crate::missing::nft_program;
use crate::netlink::{LinkName, Range};
use crate::privilege::hand_down_net_admin;
use crate::{Error, Missing};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

/// Longest part of nft's complaint that is shown, in characters.
const COMPLAINT_CHARACTERS: usize = 400;

/// Transport of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A port of this machine that devices in the tunnel may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Transport.
    pub transport: Transport,
    /// Port.
    pub port: u16,
}

/// What the table is made from.
#[derive(Debug, Clone)]
pub struct TunnelRules {
    /// Distinguishes several servers on one machine; the table is `candor_<name>`.
    pub name: LinkName,
    /// The tunnel device.
    pub tun: LinkName,
    /// Ranges that tunnel devices may use as their source.
    pub inside: Vec<Range>,
    /// Ports of this machine that they may use. Answers to ping are always given.
    pub services: Vec<Service>,
    /// Ranges that they may not reach, such as the link-local one in which hosting providers keep
    /// credentials (169.254.0.0/16).
    pub refused: Vec<Range>,
    /// Ranges in which this machine's neighbours are: refused but for `excepted`.
    pub private: Vec<Range>,
    /// What they may reach of `private`.
    pub excepted: Vec<Range>,
}

impl TunnelRules {
    /// The name of the table.
    pub fn table(&self) -> String {
        format!("candor_{}", self.name.as_str())
    }

    /// The rules as text for [`apply`]. A table of the same name, left by a run that was killed, is
    /// replaced in the same transaction.
    pub fn text(&self) -> String {
        let table = self.table();
        format!(
            "table inet {table} {{}}\ndelete table inet {table}\ntable inet {table} {{\n{}{}{}{}}}\n",
            self.input(),
            self.neighbours(),
            self.forward(),
            self.masquerade()
        )
    }

    /// To this machine.
    fn input(&self) -> String {
        let tun = self.tun.as_str();
        let mut rules = String::from("  chain input {\n    type filter hook input priority filter; policy accept;\n");
        let mut rule = |text: String| line(&mut rules, &format!("iifname \"{tun}\" {text}"));
        rule("ip daddr 127.0.0.0/8 drop".into());
        rule("ip6 daddr ::1 drop".into());
        rule("ct state established,related accept".into());
        rule("icmp type echo-request accept".into());
        rule("icmpv6 type echo-request accept".into());
        for service in &self.services {
            let transport = match service.transport {
                Transport::Tcp => "tcp",
                Transport::Udp => "udp",
            };
            rule(format!("{transport} dport {} accept", service.port));
        }
        rule("drop".into());
        rules + "  }\n"
    }

    /// To private networks, for those that [`Self::forward`] sends here.
    fn neighbours(&self) -> String {
        let mut rules = String::from("  chain neighbours {\n");
        for (ranges, verdict) in [(&self.excepted, "return"), (&self.private, "drop")] {
            for range in ranges {
                line(&mut rules, &format!("{} daddr {range} {verdict}", family(*range)));
            }
        }
        rules + "  }\n"
    }

    /// Through this machine. The segment size follows the route's MTU (RFC 879 with RFC 1191), since
    /// path MTU discovery fails where ICMP is dropped.
    fn forward(&self) -> String {
        let tun = self.tun.as_str();
        let mut rules =
            String::from("  chain forward {\n    type filter hook forward priority filter; policy accept;\n");
        line(&mut rules, &format!("iifname \"{tun}\" oifname \"{tun}\" drop"));
        for range in &self.refused {
            line(
                &mut rules,
                &format!("iifname \"{tun}\" {} daddr {range} drop", family(*range)),
            );
        }
        line(&mut rules, &format!("iifname \"{tun}\" jump neighbours"));
        let clamp = "tcp flags syn tcp option maxseg size set rt mtu";
        line(&mut rules, &format!("iifname \"{tun}\" {clamp}"));
        line(&mut rules, &format!("oifname \"{tun}\" {clamp}"));
        for range in &self.inside {
            line(
                &mut rules,
                &format!("iifname \"{tun}\" {} saddr {range} accept", family(*range)),
            );
        }
        line(&mut rules, &format!("iifname \"{tun}\" drop"));
        line(
            &mut rules,
            &format!("oifname \"{tun}\" ct state established,related accept"),
        );
        line(&mut rules, &format!("oifname \"{tun}\" drop"));
        rules + "  }\n"
    }

    /// `fully-random`: a port says nothing about who used it, before or after.
    fn masquerade(&self) -> String {
        let tun = self.tun.as_str();
        let mut rules =
            String::from("  chain postrouting {\n    type nat hook postrouting priority srcnat; policy accept;\n");
        for range in &self.inside {
            line(
                &mut rules,
                &format!(
                    "oifname != \"{tun}\" {} saddr {range} masquerade fully-random",
                    family(*range)
                ),
            );
        }
        rules + "  }\n"
    }
}

/// Loads rules in one transaction: all of them or none.
pub fn apply(text: &str) -> Result<(), Error> {
    let program = nft_program().ok_or(Missing::Nft)?;
    // A thread of its own, which is in the same namespace, has its own capabilities to hand down.
    let output = thread::scope(|scope| scope.spawn(|| run(&program, text)).join())
        .unwrap_or_else(|reason| panic::resume_unwind(reason))
        .map_err(|source| Error::Kernel {
            doing: "run nft",
            source,
        })?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("Operation not permitted") {
        return Err(Missing::NetAdmin.into());
    }
    Err(Error::Nft(
        complaint.trim().chars().take(COMPLAINT_CHARACTERS).collect(),
    ))
}

fn run(program: &Path, text: &str) -> io::Result<Output> {
    // Without the right there is nothing to hand down, and nft says so.
    let _ = hand_down_net_admin();
    let mut nft = Command::new(program)
        .args(["-f", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // A broken pipe means that nft has ended; its own words, read below, say why.
    let _ = nft.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    nft.wait_with_output()
}

/// Removes a table. Not an error when it is not there.
pub fn remove(table: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if table.is_empty() || !table.bytes().all(plain) {
        return Err(Error::BadName(table.to_owned()));
    }
    apply(&format!("table inet {table} {{}}\ndelete table inet {table}\n"))
}

/// Rules that are in force until this is dropped.
#[derive(Debug)]
#[must_use = "dropping this removes the rules"]
pub struct Applied {
    table: String,
    // The rules live in the namespace of the thread that loaded them, and are removed from there.
    namespace: crate::namespace::NetNamespace,
}

impl Applied {
    /// Loads the rules of a tunnel server in the calling thread's network namespace.
    pub fn load(rules: &TunnelRules) -> Result<Self, Error> {
        let namespace = crate::namespace::NetNamespace::present()?;
        apply(&rules.text())?;
        Ok(Self {
            table: rules.table(),
            namespace,
        })
    }
}

impl Drop for Applied {
    fn drop(&mut self) {
        // The next start replaces what could not be removed now.
        let _ = match self.namespace.is_present() {
            Ok(true) => remove(&self.table),
            Ok(false) | Err(_) => self.namespace.run(|| remove(&self.table)).flatten(),
        };
    }
}

fn line(rules: &mut String, rule: &str) {
    writeln!(rules, "    {rule}").expect("writing to a String does not fail");
}

fn family(range: Range) -> &'static str {
    if range.address().is_ipv4() { "ip" } else { "ip6" }
}
