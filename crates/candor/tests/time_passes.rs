//! The real program under a clock that goes on by days, or back: what the policy ends is gone when it says so, and not
//! before; and what is kept while the clock is wrong is kept for no longer than promised.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::process::Command;

use serde_json::{Value, json};
use sys::NetNamespace;
use tempfile::TempDir;
use world::{Provider, stderr, stdout};

/// A membership of two days, and the VPN without rights.
const CONFIGURATION: &str = "policy = \"policy.kdl\"\n[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\npath = \"user\"\n\
     [[tariff]]\nname = \"weekend\"\ndays = 2\n";
const PASSWORD: &str = "three small words";
const SITE: &str = "http://localhost:8080/api/v1";
const DAY_MICROSECONDS: i64 = 86_400_000_000;
/// Noon of 1 March 2027, in UTC.
const BEGINNING: i64 = 1_803_902_400;

/// A folder whose policy erases an account so long after the end of its membership.
fn folder(after: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("candor.toml"), CONFIGURATION).unwrap();
    let default = std::fs::read_to_string(world::repository().join("policies/default.kdl")).unwrap();
    let keep = "keep until=account.expired plus=\"90d\"";
    assert!(default.contains(keep));
    let policy = default.replace(keep, &format!("keep until=account.expired plus=\"{after}\""));
    std::fs::write(folder.path().join("policy.kdl"), policy).unwrap();
    folder
}

/// Serves so many days after the beginning.
fn serve_on_day(day: i64, folder: TempDir, namespace: NetNamespace) -> Provider {
    serve_at(&format!("@{}", text_of(BEGINNING + day * 86_400)), folder, namespace)
}

/// Serves at another time, as faketime(1) does it, without its process in between.
fn serve_at(when: &str, folder: TempDir, namespace: NetNamespace) -> Provider {
    let when = format!("FAKETIME={when}");
    let way = [
        "env",
        "TZ=UTC",
        "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        &when,
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    Provider::start_through(&way, folder, namespace, &[])
}

/// `2027-03-01 12:00:00`
fn text_of(seconds: i64) -> String {
    let mut date = Command::new("date");
    date.args(["--utc", "+%F %T", &format!("--date=@{seconds}")]);
    stdout(&date.output().expect("every machine has date"))
        .trim()
        .to_owned()
}

fn asked(provider: &Provider, token: Option<&str>, path: &str, body: Option<&Value>) -> (u16, Value) {
    let (url, bearer) = (
        format!("{SITE}{path}"),
        format!("Authorization: Bearer {}", token.unwrap_or("none")),
    );
    let body = body.map(Value::to_string);
    let mut arguments = vec!["--header", &bearer];
    arguments.extend(body.as_ref().into_iter().flat_map(|body| ["--json", body.as_str()]));
    arguments.push(&url);
    let answer = provider.curl(&arguments);
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn signed_in(provider: &Provider, email: &str) -> Option<String> {
    let scopes = ["account:read", "devices:read", "devices:write"];
    let body = json!({"email": email, "password": PASSWORD, "label": "test", "scopes": scopes});
    let (status, made) = asked(provider, None, "/tokens", Some(&body));
    (status == 201).then(|| made["token"].as_str().expect("a token").to_owned())
}

fn add_device(provider: &Provider, token: &str, key: &str) {
    let body = json!({"label": "phone", "public_key": key});
    let (status, added) = asked(provider, Some(token), "/devices", Some(&body));
    assert_eq!(status, 201, "{added}");
}

/// One number of one of the databases, read past the program.
fn number(provider: &Provider, file: &str, sql: &str) -> i64 {
    let url = format!("file:{}?mode=ro", provider.data().join(file).display());
    let read = Command::new("sqlite3")
        .args(["-cmd", ".timeout 10000", &url, sql])
        .output();
    let read = read.expect("sqlite3 is installed");
    assert!(read.status.success(), "{sql}: {}", stderr(&read));
    stdout(&read)
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{sql}: {}", stdout(&read)))
}

const KEYS: [&str; 2] = [
    "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
];

fn everything_of_hers_is_gone(provider: &Provider) {
    world::until("the sweep of an account that is over", || {
        number(provider, "keys.db", "SELECT COUNT(*) FROM subject_key") == 1
    });
    for table in ["subject", "member", "held", "held_lookup", "credential", "acceptance"] {
        assert_eq!(
            number(provider, "candor.db", &format!("SELECT COUNT(*) FROM {table}")),
            1,
            "{table}: the operator's alone"
        );
    }
    for table in ["device", "membership", "api_token"] {
        assert_eq!(
            number(provider, "candor.db", &format!("SELECT COUNT(*) FROM {table}")),
            0,
            "{table}"
        );
    }
    assert_eq!(
        number(provider, "candor.db", "SELECT COUNT(*) FROM tombstone WHERE done = 0"),
        0
    );
    assert_eq!(signed_in(provider, "ada@example.org"), None);
}

#[test]
fn an_account_whose_membership_is_over_is_erased_on_the_day_that_the_policy_says() {
    let provider = serve_on_day(0, folder("3d"), world::namespace());
    provider.set_up("operator@example.org", PASSWORD);
    // Who works for the operator has no end.
    provider.join("ada@example.org", PASSWORD);
    let policy = provider.curl(&["http://localhost:8080/policy"]);
    assert!(policy.contains("3 days"), "the page says so");
    let token = signed_in(&provider, "ada@example.org").expect("she joined");
    add_device(&provider, &token, KEYS[0]);
    let (_, account) = asked(&provider, Some(&token), "/account", None);
    assert_eq!(
        (&account["paid_until"], &account["erased_after_days"]),
        (&json!("2027-03-02"), &json!(3))
    );
    assert_eq!(account["stopped"], Value::Null);
    let (folder, namespace, _) = provider.stop();

    // Over, and three days after its last day not yet over.
    let provider = serve_on_day(2, folder, namespace);
    let (_, account) = asked(&provider, Some(&token), "/account", None);
    assert_eq!(account["stopped"], "ended", "{account}");
    let (folder, namespace, _) = provider.stop();
    let provider = serve_on_day(4, folder, namespace);
    let token = signed_in(&provider, "ada@example.org").expect("she is there until the third day is over");
    let (_, devices) = asked(&provider, Some(&token), "/devices", None);
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(1), "{devices}");
    let (folder, namespace, _) = provider.stop();

    let provider = serve_on_day(5, folder, namespace);
    everything_of_hers_is_gone(&provider);
    assert!(signed_in(&provider, "operator@example.org").is_some());
    // The address is free again.
    provider.join("ada@example.org", PASSWORD);
    let (folder, _, said) = provider.stop();
    assert!(!said.contains("failed with code"), "{said}");
    drop(folder);
}

#[test]
fn after_a_long_time_nothing_is_erased_before_the_clock_is_believed() {
    let provider = serve_on_day(0, folder("90d"), world::namespace());
    provider.set_up("operator@example.org", PASSWORD);
    provider.join("ada@example.org", PASSWORD);
    let (folder, namespace, _) = provider.stop();
    let mut provider = serve_on_day(95, folder, namespace);
    provider.wait_for("ahead of what was known, so nothing is deleted");
    assert_eq!(number(&provider, "candor.db", "SELECT COUNT(*) FROM member"), 2);
    assert!(signed_in(&provider, "ada@example.org").is_some());
    let (folder, namespace, _) = provider.stop();
    // The operator says, by the word of that line, that it is right.
    std::fs::remove_file(folder.path().join("candor-data/clock")).unwrap();
    let provider = serve_on_day(95, folder, namespace);
    everything_of_hers_is_gone(&provider);
}

/// The latest end of what the tables keep for a time, as days after a moment.
fn kept_days_after(provider: &Provider, table: &str, moment: i64) -> f64 {
    let latest = number(
        provider,
        "candor.db",
        &format!("SELECT COALESCE(MAX(expires_at), 0) FROM {table}"),
    );
    (latest - moment * 1_000_000) as f64 / DAY_MICROSECONDS as f64
}

#[test]
fn with_the_clock_a_day_back_the_vpn_serves_and_nothing_is_kept_for_longer_than_promised() {
    // Files are dated by the machine's own clock, and the newest is what a start compares with.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let beginning = i64::try_from(now.as_secs()).unwrap();
    let yesterday = beginning - 86_400;
    let provider = serve_at("-0d", folder("90d"), world::namespace());
    provider.join("ada@example.org", PASSWORD);
    let token = signed_in(&provider, "ada@example.org").expect("she joined");
    add_device(&provider, &token, KEYS[0]);
    let browser = format!("Cookie: {}", provider.cookie().unwrap());
    let home = |provider: &Provider| provider.curl(&["--header", &browser, "http://localhost:8080/home"]);
    let (folder, namespace, _) = provider.stop();

    let mut provider = serve_at("-1d", folder, namespace);
    provider.wait_for("behind the newest data");
    assert!(
        provider.said().contains("in user space"),
        "the VPN runs: {}",
        provider.said()
    );
    assert!(home(&provider).starts_with("HTTP/1.1 200"), "the session goes on");
    let (_, devices) = asked(&provider, Some(&token), "/devices", None);
    assert_eq!(
        devices["devices"].as_array().map(Vec::len),
        Some(1),
        "the device is there: {devices}"
    );
    let (_, account) = asked(&provider, Some(&token), "/account", None);
    assert_eq!(account["stopped"], Value::Null, "nobody is stopped by it");
    add_device(&provider, &token, KEYS[1]);
    // A whole walk through the tunnel, counted: `prove` is a member with a device, and erases itself.
    let proof = provider.beside(&["prove"], "");
    let words = stdout(&proof);
    assert!(words.contains("the worker reports counts"), "{words}{}", stderr(&proof));
    // What is new is kept from the wrong day on, so it ends a day earlier; 14 days for a browser, 90 for a program.
    let begun = [("session", 14.0), ("api_token", 90.0)];
    let new = signed_in(&provider, "ada@example.org").expect("the password is hers");
    for (table, days) in begun {
        let kept = kept_days_after(&provider, table, beginning);
        assert!(kept <= days + 0.01, "{table} is kept for {kept} days");
    }
    // What a member's browser is given now ends by the wrong clock: never later than by the right one.
    let latest_new = number(&provider, "candor.db", "SELECT MIN(expires_at) FROM api_token");
    assert!(
        latest_new <= (yesterday + 90 * 86_400 + 600) * 1_000_000,
        "{latest_new}"
    );
    let (folder, namespace, said) = provider.stop();
    assert!(!said.contains("failed with code"), "{said}");

    // Right again: who came by the wrong clock is there, and what has ended by the right one is not.
    let provider = serve_at("-0d", folder, namespace);
    assert!(!provider.said().contains("the clock"), "{}", provider.said());
    let (status, devices) = asked(&provider, Some(&new), "/devices", None);
    assert_eq!(
        (status, devices["devices"].as_array().map(Vec::len)),
        (200, Some(2)),
        "{devices}"
    );
    let (folder, namespace, _) = provider.stop();
    // A fortnight and a day after the beginning, in steps that are believed, no browser of then is signed in.
    let (folder, namespace, _) = serve_at("+6d", folder, namespace).stop();
    let (folder, namespace, _) = serve_at("+12d", folder, namespace).stop();
    let provider = serve_at("+15d", folder, namespace);
    assert!(!home(&provider).starts_with("HTTP/1.1 200"), "the session has ended");
    world::until("the sweep", || {
        number(&provider, "candor.db", "SELECT COUNT(*) FROM session") == 0
    });
}
