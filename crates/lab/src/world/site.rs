//! The provider's site, visited over HTTP as a browser without script would.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use account::KeyText;
use sys::NetNamespace;
use vpn::proto::PrivateKey;

use super::{PATIENCE, random, until};

/// The port of the plain site.
const SITE: u16 = 8080;
const PASSWORD: &str = "three small words";

/// A member who is signed in.
pub struct Member<'a> {
    server: &'a NetNamespace,
    cookie: String,
    /// What the member joined with.
    pub email: String,
}

/// A device that a member added.
#[derive(Clone)]
pub struct Device {
    /// Its configuration for wg-quick, with the private key in it.
    pub configuration: String,
    /// Its public key.
    pub public: KeyText,
}

struct Answer {
    status: u16,
    cookie: Option<String>,
    body: Vec<u8>,
}

impl<'a> Member<'a> {
    pub(super) fn join(server: &'a NetNamespace, name: &str) -> Self {
        let mut member = Self {
            server,
            cookie: String::new(),
            email: format!("{name}@example.org"),
        };
        let form = member.ask("GET", "/join", &[]).text();
        let accepted = between(&form, "name=\"accepted\" value=\"", "\"")
            .expect("the form carries the digest")
            .to_owned();
        let email = member.email.clone();
        let fields = [
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("age", "42"),
            ("accepted", &accepted),
            ("agree", "yes"),
        ];
        let answer = member.ask("POST", "/join", &fields);
        member.cookie = answer
            .cookie
            .clone()
            .unwrap_or_else(|| panic!("joining was refused: {}", answer.text()));
        member
    }

    pub(super) fn sign_in(server: &'a NetNamespace, name: &str) -> Self {
        let mut member = Self {
            server,
            cookie: String::new(),
            email: format!("{name}@example.org"),
        };
        let email = member.email.clone();
        let answer = member.ask("POST", "/sign-in", &[("email", &email), ("password", PASSWORD)]);
        member.cookie = answer
            .cookie
            .clone()
            .unwrap_or_else(|| panic!("signing in was refused: {}", answer.text()));
        member
    }

    /// Adds a device with a fresh key pair.
    pub fn add_device(&self, label: &str) -> Device {
        let private: [u8; 32] = random();
        let public = KeyText(*PrivateKey::from_bytes(private).public().as_bytes());
        let text = public.to_string();
        let page = self
            .ask("POST", "/devices", &[("label", label), ("public_key", &text)])
            .text();
        let marked = between(&page, "id=\"configuration\"", "</").unwrap_or_else(|| panic!("no configuration: {page}"));
        let configuration = unescape(marked.split_once('>').map_or(marked, |(_, inside)| inside));
        let lines = configuration
            .lines()
            .map(|line| match line.trim_start().starts_with("PrivateKey") {
                true => format!("PrivateKey = {}", KeyText(private)),
                false => line.trim().to_owned(),
            });
        Device {
            configuration: lines.collect::<Vec<_>>().join("\n"),
            public,
        }
    }

    /// Removes the only device.
    pub fn remove_device(&self) {
        let page = self.ask("GET", "/devices", &[]).text();
        let (before, _) = page.split_once("/remove\"").expect("a device to remove");
        let (_, id) = before.rsplit_once("/devices/").expect("its address");
        assert_eq!(self.ask("POST", &format!("/devices/{id}/remove"), &[]).status, 303);
    }

    /// Bytes up and down by day, from everything that is held about the member: one pair for each row.
    pub fn usage(&self) -> Vec<(String, u64, u64)> {
        let archive = self.ask("GET", "/me/export", &[]).body;
        // The files are stored uncompressed: the document stands behind its name in the archive.
        let mark = b"about-me.json{";
        let at = archive.windows(mark.len()).position(|window| window == mark);
        let begin = at.expect("the document is in the archive") + mark.len() - 1;
        let mut documents = serde_json::Deserializer::from_slice(&archive[begin..]).into_iter::<serde_json::Value>();
        let document = documents.next().expect("a document").expect("JSON");
        let tables = document["tables"].as_array().expect("tables");
        let Some(usage) = tables.iter().find(|table| table["table"] == "usage") else {
            return Vec::new();
        };
        let value = |row: &serde_json::Value, place: usize| {
            row["values"][place]["value"].as_str().unwrap_or_default().to_owned()
        };
        let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{text} is no number of bytes"));
        let rows = usage["rows"].as_array().expect("rows").iter();
        rows.map(|row| (value(row, 0), number(value(row, 1)), number(value(row, 2))))
            .collect()
    }

    /// Bytes up and down in all rows together.
    pub fn moved(&self) -> (u64, u64) {
        self.usage()
            .iter()
            .fold((0, 0), |(up, down), row| (up + row.1, down + row.2))
    }

    /// Waits until at least so many bytes were written down each way, and gives the rows.
    pub fn usage_of(&self, up: u64, down: u64) -> Vec<(String, u64, u64)> {
        until("the worker's report is written down", || {
            let moved = self.moved();
            (moved.0 >= up && moved.1 >= down).then(|| self.usage())
        })
    }

    fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let form = form.join("&");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{SITE}\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.cookie,
            form.len()
        );
        let converse = move || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, SITE))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        Answer::read(
            &self
                .server
                .run(converse)
                .expect("at the server")
                .expect("the site answers"),
        )
    }
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("headers end");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let status = head
            .split_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let body = bytes[end + 4..].to_vec();
        let chunked = header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        Self {
            status,
            cookie: header("set-cookie").and_then(|set| set.split(';').next().map(str::to_owned)),
            body: if chunked { unchunk(&body) } else { body },
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// RFC 9112, section 7.1.
fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end])
            .ok()
            .and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else {
            break;
        };
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    whole
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(begin)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

fn encode(value: &str) -> String {
    value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn unescape(text: &str) -> String {
    [
        ("&#43;", "+"),
        ("&#47;", "/"),
        ("&#61;", "="),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
