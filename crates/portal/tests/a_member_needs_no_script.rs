//! From joining to the certificate of erasure, with forms alone.

mod world;

use account::UsageDelta;
use axum::http::StatusCode;
use world::{DEFAULT_POLICY, PASSWORD, World};

const PUBLIC_KEY: &str = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

#[tokio::test]
async fn a_member_joins_connects_exports_and_leaves() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let home = ada.get("/home").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text().contains("ada@example.org") && home.text().contains("unverified"));

    let form = [("label", "Ada’s <phone>"), ("public_key", PUBLIC_KEY)];
    let added = ada.post("/devices", &form).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text());
    let configuration = added.between("<pre id=\"configuration\"", "</pre>");
    for line in [
        "PrivateKey = PUT-YOUR-PRIVATE-KEY-HERE",
        "Address = 10.66.0.2/32, fd66::2/128",
        "DNS = 10.66.0.1",
        "MTU = 1420",
        "PublicKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "PresharedKey = ",
        "AllowedIPs = 0.0.0.0/0, ::/0",
        "Endpoint = vpn.example.org:51820",
        "PersistentKeepalive = 25",
    ] {
        assert!(configuration.contains(line), "{line} is not in {configuration}");
    }
    let psk = configuration
        .lines()
        .find_map(|line| line.strip_prefix("PresharedKey = "))
        .unwrap();
    let devices = ada.get("/devices").await.text();
    assert!(devices.contains(PUBLIC_KEY) && devices.contains("Ada’s &#60;phone&#62;") && !devices.contains(psk));

    let member = world.accounts.members(None, 10).await.unwrap().pop().unwrap().id;
    let delta = UsageDelta {
        member,
        up: 5 << 20,
        down: 3 << 30,
    };
    world.accounts.record_usage(&[delta]).await.unwrap();
    let usage = ada.get("/usage").await.text();
    assert!(usage.contains("3.0 GiB") && usage.contains("5.0 MiB") && usage.contains("22 Nov 2026"));

    let id = devices
        .split("/devices/")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let removed = ada.post(&format!("/devices/{id}/remove"), &[]).await;
    assert_eq!(
        (removed.status, removed.location()),
        (StatusCode::SEE_OTHER, "/devices")
    );
    assert!(!ada.get("/devices").await.text().contains(PUBLIC_KEY));

    let wrong = ada
        .post("/me/erase", &[("word", "erase"), ("password", "not the password")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("so nothing was done"));
    let untyped = ada.post("/me/erase", &[("word", ""), ("password", PASSWORD)]).await;
    assert_eq!(untyped.status, StatusCode::UNPROCESSABLE_ENTITY);

    let erased = ada
        .post("/me/erase", &[("word", " Erase "), ("password", PASSWORD)])
        .await;
    assert_eq!(erased.status, StatusCode::OK);
    let certificate = erased.between("aria-label=\"Certificate of erasure\">", "</pre>");
    assert!(store::Certificate::verifies(&certificate), "{certificate}");
    assert!(ada.cookie.is_none(), "the cookie is taken back");
    assert_eq!(ada.get("/home").await.location(), "/sign-in");
    let again = ada.sign_in("ada@example.org", PASSWORD).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_export_is_a_zip_with_everything_for_people_and_programs() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    ada.post("/devices", &[("label", "Phone"), ("public_key", PUBLIC_KEY)])
        .await;
    let answer = ada.get("/me/export").await;
    assert_eq!(answer.header("content-type"), "application/zip");
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.body.to_vec())).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let json: serde_json::Value = serde_json::from_str(&read("about-me.json")).unwrap();
    assert_eq!(json["plan_digest"], world.digest.as_str());
    let tables = json["tables"].as_array().unwrap();
    let table = |name: &str| tables.iter().find(|table| table["table"] == name).unwrap();
    assert_eq!(table("held")["rows"][0]["values"][0]["field"], "email");
    assert_eq!(table("held")["rows"][0]["values"][0]["value"], "ada@example.org");
    assert_eq!(table("device")["rows"][0]["values"][0]["value"], "Phone");
    let secret = &table("credential")["rows"][0]["values"][0];
    assert_eq!(
        (&secret["field"], &secret["shown"]),
        (&"password.hash".into(), &false.into())
    );
    assert!(secret["value"].is_null());
    assert!(read("about-me.html").contains("ada@example.org"));
    assert!(read("policy.kdl").contains("promise no-log"));
    assert!(read("policy.json").contains(&world.digest));
}

#[tokio::test]
async fn what_is_known_about_a_member_is_on_one_page() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let me = ada.get("/me").await.text();
    for words in [
        "ada@example.org",
        "day you joined",
        "2026-11-22",
        "held, never shown",
        "you gave it",
        "let you sign in",
        "you close your account",
        "6 December 2026, in 14 days",
        "<svg class=\"treemap wide\"",
    ] {
        assert!(me.contains(words), "{words} is not on the page");
    }
    assert!(!me.contains("$argon2"));
}

#[tokio::test]
async fn an_address_is_corrected_with_the_password_alone() {
    let world = World::new(DEFAULT_POLICY).await;
    world.member("grace@example.org").await;
    let mut ada = world.member("ada@example.org").await;
    let correct = |email, password| [("email", email), ("password", password)];
    let answer = ada
        .post("/me/email", &correct("new@example.org", "not the password"))
        .await;
    assert!(answer.text().contains("not your password") && answer.text().contains("value=\"new@example.org\""));
    let answer = ada.post("/me/email", &correct("grace@example.org", PASSWORD)).await;
    assert!(
        answer.text().contains("aria-describedby=\"email-error\""),
        "{}",
        answer.text()
    );
    let answer = ada.post("/me/email", &correct("new@example.org", PASSWORD)).await;
    assert_eq!(answer.location(), "/me");
    assert!(ada.get("/me").await.text().contains("new@example.org"));
}

#[tokio::test]
async fn the_recovery_code_lets_a_member_back_in_once() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.browser("192.0.2.7");
    let joined = ada.join(&world.digest, "ada@example.org", "30").await;
    let code = joined.between("id=\"recovery-code\">", "</p>").to_lowercase();
    let mut elsewhere = world.browser("192.0.2.8");
    let form = [
        ("email", "ada@example.org"),
        ("code", code.as_str()),
        ("password", "another set of words"),
    ];
    let reset = elsewhere.post("/reset", &form).await;
    assert_eq!(reset.status, StatusCode::OK, "{}", reset.text());
    assert_ne!(reset.between("id=\"recovery-code\">", "</p>").to_lowercase(), code);
    assert_eq!(
        ada.get("/home").await.location(),
        "/sign-in",
        "other browsers are signed out"
    );
    assert_eq!(elsewhere.get("/home").await.status, StatusCode::OK);
    let reused = world.browser("192.0.2.8").post("/reset", &form).await;
    assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let mut stolen = ada.clone();
    assert_eq!(ada.post("/sign-out", &[]).await.location(), "/");
    assert!(ada.cookie.is_none());
    assert_eq!(stolen.get("/home").await.location(), "/sign-in");
}

#[tokio::test]
async fn a_session_that_began_under_a_clock_set_forward_ends_when_the_clock_returns() {
    const AHEAD_SECONDS: i64 = 400 * 86_400;
    let world = World::new(DEFAULT_POLICY).await;
    world.member("ada@example.org").await;
    let sign_in = async |address| {
        let mut browser = world.browser(address);
        browser.sign_in("ada@example.org", world::PASSWORD).await;
        assert_eq!(browser.get("/home").await.status, StatusCode::OK);
        browser
    };
    world.clock.advance_seconds(AHEAD_SECONDS);
    let mut ahead = sign_in("192.0.2.30").await;
    world.clock.advance_seconds(-AHEAD_SECONDS);
    assert_eq!(
        ahead.get("/home").await.location(),
        "/sign-in",
        "it would live 400 days too long"
    );
    // Clocks that nobody keeps in step are a little apart, and nobody is signed out for it.
    let mut present = sign_in("192.0.2.31").await;
    world.clock.advance_seconds(-200);
    assert_eq!(present.get("/home").await.status, StatusCode::OK);
    world.clock.advance_seconds(-200);
    assert_eq!(present.get("/home").await.location(), "/sign-in");
}
