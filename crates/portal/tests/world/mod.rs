//! What the tests of the portal share: the pages over a store in a temporary folder, a clock that a test moves, and a
//! browser that keeps its cookie.

#![allow(dead_code, reason = "each test file uses its own part of this world")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use account::{Accounts, CATALOGUE, DeviceChange, Joining, KeyText, Tariff};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use plan::act::ActId;
use plan::{Event, FieldId, ManualClock, Timestamp};
use portal::{Doctor, Examined, Finding, Forwards, Load, Portal, Transport, Uptime, VpnState, VpnStatus};
use store::{Options, Store, WrappingKey};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

pub(crate) const DEFAULT_POLICY: &str = include_str!("../../../../policies/default.kdl");
pub(crate) const NO_LOG_POLICY: &str = include_str!("../../../../policies/no-log-vpn.kdl");
pub(crate) const FORUM_POLICY: &str = include_str!("../../../../policies/examples/forum.kdl");
/// 2026-11-22 12:00 UTC.
pub(crate) const START: Timestamp = Timestamp::from_microseconds(1_795_348_800_000_000);
pub(crate) const PASSWORD: &str = "three small words";

/// A VPN that says what it is told to say.
pub(crate) struct Vpn(pub(crate) bool, pub(crate) Arc<Mutex<Option<Load>>>);

impl VpnStatus for Vpn {
    fn forwards(&self) -> Option<Forwards> {
        let lacks = (
            "the tunnel device /dev/net/tun".to_owned(),
            "sudo modprobe tun".to_owned(),
        );
        self.0.then_some(Forwards::UserSpace { lacks: Some(lacks) })
    }

    fn load(&self) -> Option<Load> {
        *self.1.lock().expect("nobody panics with it")
    }

    fn state(&self) -> VpnState {
        if self.0 {
            VpnState::Running {
                server_key: KeyText([1; 32]),
                endpoint: "vpn.example.org:51820".to_owned(),
                addresses: "10.66.0.2/32, fd66::2/128".to_owned(),
                dns: vec!["10.66.0.1".to_owned()],
                mtu: 1420,
                connected_devices: Some(2),
            }
        } else {
            VpnState::Unavailable {
                missing: "this program may not make a tunnel interface".to_owned(),
                remedy: "sudo setcap cap_net_admin+ep ./candor".to_owned(),
            }
        }
    }
}

/// A check-up that finds what it is told to find.
pub(crate) struct Looked(pub(crate) Arc<Mutex<Vec<Finding>>>);

impl Doctor for Looked {
    fn examine(&self) -> Examined<'_> {
        let found = self.0.lock().expect("nobody panics with it").clone();
        Box::pin(async move { found })
    }
}

/// An instance and its parts.
pub(crate) struct World {
    /// What the check-up finds.
    pub(crate) findings: Arc<Mutex<Vec<Finding>>>,
    pub(crate) router: Router,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) digest: String,
    /// Where the databases lie.
    pub(crate) folder: tempfile::TempDir,
    /// What the operator's log has.
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    pub(crate) uptime: Arc<Uptime>,
    load: Arc<Mutex<Option<Load>>>,
    changes: mpsc::UnboundedReceiver<DeviceChange>,
}

/// Fields that the services of this version exercise, as far as a policy declares them.
pub(crate) fn exercised(plan: &plan::Plan) -> BTreeSet<FieldId> {
    let tables = CATALOGUE.tables.iter().flat_map(|table| table.shape.fields());
    tables
        .chain([FieldId::Email])
        .filter(|field| plan.allows(*field, ActId::Keep))
        .collect()
}

impl World {
    pub(crate) async fn new(policy: &str) -> Self {
        Self::with(policy, true, START).await
    }

    pub(crate) async fn with(policy: &str, vpn: bool, start: Timestamp) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::over(folder, policy, vpn, start).await
    }

    pub(crate) async fn over(folder: tempfile::TempDir, policy: &str, vpn: bool, start: Timestamp) -> Self {
        Self::joined_by(folder, policy, vpn, start, Joining::Open).await
    }

    /// An instance where people join in this way.
    pub(crate) async fn joined_by(
        folder: tempfile::TempDir,
        policy: &str,
        vpn: bool,
        start: Timestamp,
        joining: Joining,
    ) -> Self {
        let policy = Arc::new(policy::compile(policy, "test.kdl").expect("the policy compiles"));
        let plan = Arc::new(policy.plan().clone());
        let clock = Arc::new(ManualClock::new(start));
        let store = Store::open(Options {
            place: folder.path().to_owned().into(),
            wrapping: WrappingKey::from_bytes(&mut [7; 32]),
            plan: Arc::clone(&plan),
            catalogues: vec![CATALOGUE],
            clock: clock.clone(),
            erase_leftovers: false,
        });
        let store = store.await.expect("the store opens");
        let tariff = |name: &str, quota_bytes, devices| Tariff {
            name: name.to_owned(),
            quota_bytes,
            devices,
            days: None,
        };
        let tariffs = vec![
            tariff("family", Some(50 << 30), 5),
            tariff("small", Some(1 << 20), 1),
            tariff("open", None, 200),
            Tariff {
                days: Some(30),
                ..tariff("month", None, 5)
            },
        ];
        // What the policy cannot bear is not offered.
        let tariffs = match account::check_tariffs(&plan, &tariffs) {
            Ok(()) => tariffs,
            Err(_) => vec![tariff("standard", None, 5)],
        };
        let (tell, changes) = mpsc::unbounded_channel();
        let accounts = Accounts::new(store, tariffs, tell).await;
        let accounts = accounts.and_then(|accounts| accounts.joined_by_way_of(joining));
        let accounts = Arc::new(accounts.expect("accounts start"));
        let digest = plan.digest().to_string();
        let load: Arc<Mutex<Option<Load>>> = Arc::default();
        let findings: Arc<Mutex<Vec<Finding>>> = Arc::default();
        let uptime = Arc::new(Uptime::resume("", start));
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let log = Arc::clone(&events);
        let router = portal::router(Portal {
            accounts: Arc::clone(&accounts),
            exercised: exercised(&plan),
            policy,
            vpn: Arc::new(Vpn(vpn, Arc::clone(&load))),
            doctor: Arc::new(Looked(Arc::clone(&findings))),
            version: "0.1.0",
            uptime: Arc::clone(&uptime),
            report: Arc::new(move |event| log.lock().expect("nobody panics with it").push(event)),
        });
        Self {
            router: router.expect("the policy declares the cookie"),
            findings,
            accounts,
            clock,
            digest,
            folder,
            events,
            uptime,
            load,
            changes,
        }
    }

    /// A browser without a cookie, at an address of its own.
    pub(crate) fn browser(&self, address: &str) -> Browser {
        Browser {
            router: self.router.clone(),
            address: format!("{address}:40000").parse().expect("an IPv4 address"),
            transport: Transport::Plaintext,
            cookie: None,
        }
    }

    /// A browser that has joined as `email`.
    pub(crate) async fn member(&self, email: &str) -> Browser {
        let mut browser = self.browser("192.0.2.9");
        let answer = browser.join(&self.digest, email, "30").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        browser
    }

    /// The operator's browser.
    pub(crate) async fn operator(&self) -> Browser {
        let token = self.accounts.set_up().text().expect("the set-up is open");
        let mut browser = self.browser("192.0.2.1");
        let form = join_form(&self.digest, "operator@example.org", "40");
        let answer = browser.post(&format!("/set-up/{token}"), &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        browser
    }

    /// What everybody together moved in the last five minutes.
    pub(crate) fn load(&self, people: u32, bytes: u64) {
        let load = Load {
            seconds: 300,
            bytes,
            people,
        };
        *self.load.lock().expect("nobody panics with it") = Some(load);
    }

    /// What the VPN was told since the last call.
    pub(crate) fn drain(&mut self) -> Vec<DeviceChange> {
        std::iter::from_fn(|| self.changes.try_recv().ok()).collect()
    }

    /// Whether a text stands in any file of the instance.
    pub(crate) fn files_hold(&self, text: &str) -> bool {
        files_hold(self.folder.path(), text.as_bytes())
    }
}

pub(crate) fn files_hold(folder: &Path, text: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries.filter_map(Result::ok).any(|entry| {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text)
    })
}

pub(crate) fn join_form<'a>(digest: &'a str, email: &'a str, age: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("age", age),
        ("email", email),
        ("password", PASSWORD),
        ("agree", "yes"),
        ("accepted", digest),
    ]
}

/// Something that asks for pages and keeps the cookie.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    address: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) cookie: Option<String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The text between two marks.
    pub(crate) fn between(&self, from: &str, to: &str) -> String {
        let text = self.text();
        let (_, rest) = text
            .split_once(from)
            .unwrap_or_else(|| panic!("{from} is missing in {text}"));
        rest.split_once(to).expect("the end is there").0.to_owned()
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = Request::post(path).header("sec-fetch-site", "same-origin");
        self.post_with(request, form).await
    }

    pub(crate) async fn post_with(&mut self, request: axum::http::request::Builder, form: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let pairs: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(pairs.join("&"))).await
    }

    pub(crate) async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Answer {
        let mut request = request
            .header("host", "localhost:8080")
            .extension(ConnectInfo(self.address))
            .extension(self.transport);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("a cookie is ASCII");
            let pair = line.split(';').next().unwrap_or("");
            self.cookie = (!line.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.expect("the body ends"),
        }
    }

    pub(crate) async fn join(&mut self, digest: &str, email: &str, age: &str) -> Answer {
        self.post("/join", &join_form(digest, email, age)).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }
}
