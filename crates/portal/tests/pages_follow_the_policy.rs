//! What a policy does not declare has no page.

mod world;

use std::sync::Arc;
use std::time::Duration;

use account::UsageDelta;
use axum::http::StatusCode;
use portal::{Portal, PortalError};
use world::{DEFAULT_POLICY, FORUM_POLICY, NO_LOG_POLICY, START, World};

#[tokio::test]
async fn a_policy_without_usage_and_devices_has_no_such_pages() {
    let world = World::new(FORUM_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    for path in ["/usage", "/devices"] {
        assert_eq!(ada.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let home = ada.get("/home").await.text();
    assert!(!home.contains("href=\"/usage\"") && !home.contains("href=\"/devices\"") && !home.contains("Quota"));
    assert!(!ada.get("/join").await.text().contains("How old"));
    let join = world.browser("192.0.2.3").get("/join").await.text();
    assert!(!join.contains("How old") && join.contains("14 days"));
    let policy = ada.get("/policy").await.text();
    assert!(policy.contains("declared, not collected by this version") && policy.contains(&world.digest));
}

#[tokio::test]
async fn an_access_log_is_written_only_where_it_is_declared_and_its_lines_can_be_deleted() {
    let world = World::new(FORUM_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    ada.get("/policy").await;
    // The line is written beside the answer; the page shows it when it is there.
    let mut page = String::new();
    for _ in 0..100 {
        page = ada.get("/me").await.text();
        if page.contains("192.0.2.9") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(page.contains("192.0.2.9"), "{page}");
    assert!(!world.files_hold("192.0.2.9"), "sealed at rest");
    let mut elsewhere = ada.clone();
    elsewhere.cookie.clone_from(&ada.cookie);
    let lines_of = |page: &str| page.matches("<td>192.0.2.9</td>").count();
    let before = lines_of(&page);
    assert_eq!(ada.post("/me/visits/forget", &[]).await.location(), "/me");
    let after = lines_of(&ada.get("/me").await.text());
    assert!(
        after <= 3 && before >= 1,
        "{before} before, {after} after: this visit and the two before it at most"
    );

    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    ada.get("/policy").await;
    assert!(!ada.get("/me").await.text().contains("Visits from the address"));
}

#[tokio::test]
async fn a_changed_policy_asks_for_a_new_acceptance() {
    let World { folder, accounts, .. } = {
        let world = World::new(DEFAULT_POLICY).await;
        world.member("ada@example.org").await;
        world
    };
    accounts.store().close().await;
    let changed = DEFAULT_POLICY.replace("keep \"90d\"", "keep \"60d\"");
    let world = World::over(folder, &changed, true, START).await;
    let mut ada = world.browser("192.0.2.9");
    assert_eq!(
        ada.sign_in("ada@example.org", world::PASSWORD).await.location(),
        "/home"
    );
    assert!(ada.get("/home").await.text().contains("The policy has changed"));
    let old = ada.post("/accept", &[("accepted", &"0".repeat(64))]).await;
    assert_eq!(old.location(), "/home");
    assert!(ada.get("/devices").await.text().contains("The policy has changed"));
    ada.post("/accept", &[("accepted", &world.digest)]).await;
    assert!(!ada.get("/home").await.text().contains("The policy has changed"));
}

#[tokio::test]
async fn a_promise_with_exceptions_is_never_shown_without_them() {
    let world = World::new(NO_LOG_POLICY).await;
    let mut operator = world.operator().await;
    for path in ["/", "/policy", "/operator/policy"] {
        let text = operator.get(path).await.text();
        assert!(text.contains("exceptions: debug-capture and legal-order"), "{path}");
    }
    assert!(operator.get("/operator").await.text().contains("with exceptions"));
}

#[tokio::test]
async fn a_used_up_quota_is_said_on_every_page() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let member = world.accounts.members(None, 1).await.unwrap().pop().unwrap().id;
    let delta = UsageDelta {
        member,
        up: 0,
        down: 50 << 30,
    };
    world.accounts.record_usage(&[delta]).await.unwrap();
    for path in ["/home", "/devices", "/usage"] {
        assert!(ada.get(path).await.text().contains("quota is used up"), "{path}");
    }
    assert!(ada.get("/home").await.text().contains("100 percent"));
}

#[tokio::test]
async fn the_operator_reads_what_everybody_moved_as_it_was_ten_seconds_ago_at_most() {
    let world = World::new(DEFAULT_POLICY).await;
    world.member("ada@example.org").await;
    world.member("bob@example.org").await;
    let mut operator = world.operator().await;
    let moved = |page: &str| {
        let (before, _) = page.split_once("</strong> moved in").expect("the sum is there");
        before.rsplit('>').next().unwrap_or_default().to_owned()
    };
    assert_eq!(moved(&operator.get("/operator").await.text()), "0 bytes");
    for line in world.accounts.members(None, 3).await.unwrap() {
        let delta = UsageDelta {
            member: line.id,
            up: 1 << 30,
            down: 1 << 30,
        };
        world.accounts.record_usage(&[delta]).await.unwrap();
    }
    assert_eq!(moved(&operator.get("/operator").await.text()), "0 bytes", "it stands");
    world.clock.advance_seconds(10);
    assert_eq!(moved(&operator.get("/operator").await.text()), "6.0 GiB");
}

#[tokio::test]
async fn without_a_vpn_nothing_is_added_and_the_operator_reads_what_is_missing() {
    let world = World::with(DEFAULT_POLICY, false, START).await;
    let mut operator = world.operator().await;
    let key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    let answer = operator
        .post("/devices", &[("label", "Phone"), ("public_key", key)])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("VPN does not run") && answer.text().contains("value=\"Phone\""));
    assert!(world.accounts.all_devices().await.unwrap().is_empty());
    let network = operator.get("/operator/network").await.text();
    assert!(network.contains("sudo setcap cap_net_admin+ep ./candor"));
}

#[tokio::test]
async fn a_policy_without_the_cookie_does_not_start_the_pages() {
    let world = World::new(DEFAULT_POLICY).await;
    let without: String = FORUM_POLICY
        .lines()
        .filter(|line| !line.contains("cookie"))
        .collect::<Vec<_>>()
        .join("\n");
    let portal = Portal {
        accounts: Arc::clone(&world.accounts),
        policy: Arc::new(policy::compile(&without, "test.kdl").unwrap()),
        exercised: Default::default(),
        vpn: Arc::new(world::Vpn(true, Arc::default())),
        doctor: Arc::new(world::Looked(Arc::default())),
        version: "0.1.0",
        uptime: Arc::clone(&world.uptime),
        report: Arc::new(|_| {}),
    };
    let error = portal::router(portal).map(|_| ()).unwrap_err();
    assert_eq!(error, PortalError::CookieNotDeclared);
    assert!(
        error
            .to_string()
            .contains("cookie __Host-sid surface=account life=session { for sign-in }")
    );
}
