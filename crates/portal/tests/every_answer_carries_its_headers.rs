//! What stands on every answer, wherever it came from.

mod world;

use axum::http::StatusCode;
use portal::Transport;
use world::{DEFAULT_POLICY, World};

const PUBLIC: [&str; 12] = [
    "/",
    "/policy",
    "/policy.json",
    "/join",
    "/sign-in",
    "/reset",
    "/health",
    "/icon.svg",
    "/robots.txt",
    "/.well-known/gpc.json",
    "/.well-known/security.txt",
    "/nothing",
];
const MEMBER: [&str; 7] = [
    "/home",
    "/devices",
    "/usage",
    "/me",
    "/me/email",
    "/me/erase",
    "/me/export",
];
const OPERATOR: [&str; 5] = [
    "/operator",
    "/operator/members",
    "/operator/network",
    "/operator/policy",
    "/operator/doctor",
];

#[tokio::test]
async fn every_page_has_the_same_shield() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    for path in PUBLIC.iter().chain(&MEMBER).chain(&OPERATOR) {
        let answer = operator.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("geolocation=()"), "{path}");
        assert!(
            answer.header("strict-transport-security").is_empty(),
            "{path}: not without TLS"
        );
    }
    for path in MEMBER.iter().chain(&OPERATOR) {
        assert_eq!(operator.get(path).await.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn tls_alone_asks_for_strict_transport() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut browser = world.browser("192.0.2.3");
    browser.transport = Transport::Tls;
    for path in PUBLIC {
        let answer = browser.get(path).await;
        let age = answer
            .header("strict-transport-security")
            .trim_start_matches("max-age=")
            .parse();
        assert!(age.is_ok_and(|age: u64| age >= 31_536_000), "{path}");
    }
}

#[tokio::test]
async fn no_page_has_script_or_style_of_its_own_or_of_others() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    for path in PUBLIC.iter().chain(&MEMBER).chain(&OPERATOR) {
        let answer = operator.get(path).await;
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        let text = answer.text();
        for banned in [
            " style=",
            "<style",
            " onclick",
            " onload",
            " onsubmit",
            "javascript:",
            "src=\"http",
            "<iframe",
        ] {
            assert!(!text.contains(banned), "{path} has {banned}");
        }
        for script in text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/"), "{path}: {script}");
        }
        assert_eq!(
            text.matches("<h1").count(),
            1,
            "{path} has one heading of the first rank"
        );
    }
}

#[tokio::test]
async fn the_cookie_is_bound_to_this_host_and_to_the_open_browser() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut browser = world.browser("192.0.2.3");
    let answer = browser.join(&world.digest, "ada@example.org", "30").await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-sid=") && cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    for path in PUBLIC {
        assert!(browser.get(path).await.header("set-cookie").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn programs_find_what_they_look_for() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut browser = world.browser("192.0.2.3");
    assert_eq!(browser.get("/health").await.text(), "ok\n");
    let gpc = browser.get("/.well-known/gpc.json").await.text();
    assert!(gpc.contains("\"gpc\":true") && gpc.contains("lastUpdate"), "{gpc}");
    let security = browser.get("/.well-known/security.txt").await.text();
    assert!(security.contains("Contact: http://localhost:8080/\n"), "{security}");
    assert!(security.contains("Expires: 2026-12-22T00:00:00Z\n"), "{security}");
    let json = browser.get("/policy.json").await;
    let json: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(json["plan_digest"], world.digest.as_str());
    assert_eq!(
        browser.get("/.well-known/change-password").await.status,
        StatusCode::SEE_OTHER
    );
}
