//! What the status page and the network page say, and what they do not.

mod world;

use axum::http::StatusCode;
use portal::Seen;
use world::{DEFAULT_POLICY, FORUM_POLICY, START, World};

const WORKS: Seen = Seen {
    tunnel: Some(true),
    store: true,
};

#[tokio::test]
async fn days_that_nobody_watched_have_no_data() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut guest = world.browser("192.0.2.3");
    let first = guest.get("/status").await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.text().contains("Everything works") && first.text().contains("Nothing is known yet"));
    assert_eq!(first.text().matches("class=\"day-unknown\"").count(), 90);
    world.uptime.observe(START, 36_000, WORKS);
    world.uptime.observe(
        START,
        3_600,
        Seen {
            tunnel: Some(false),
            store: true,
        },
    );
    let later = guest.get("/status").await.text();
    assert_eq!(later.matches("class=\"day-unknown\"").count(), 89);
    assert_eq!(later.matches("class=\"day-badly\"").count(), 1);
    for words in ["90.90 %", "on 1 day", "11.0 h", "60 min", "22 Nov 2026"] {
        assert!(later.contains(words), "{words} is not in {later}");
    }
    assert!(
        guest
            .get("/de/status")
            .await
            .text()
            .contains("In 90,90 % der beobachteten Zeit")
    );
}

#[tokio::test]
async fn who_forwards_is_said_to_anybody_and_what_it_lacks_to_the_operator_alone() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut guest = world.browser("192.0.2.3");
    let text = guest.get("/status").await.text();
    assert!(
        text.contains("forwarded by") && text.contains("a confined process, in user space"),
        "{text}"
    );
    assert!(!text.contains("modprobe") && !text.contains("/dev/net/tun"), "{text}");
    assert!(guest.get("/de/status").await.text().contains("im User-Space"));
    let text = world.operator().await.get("/operator/network").await.text();
    for words in [
        "in user space",
        "This machine lacks for it",
        "the tunnel device /dev/net/tun",
        "sudo modprobe tun",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn a_part_that_does_not_work_is_said() {
    let world = World::with(DEFAULT_POLICY, false, START).await;
    let text = world.browser("192.0.2.3").get("/status").await.text();
    assert!(text.contains("Something does not work") && text.contains("does not run"));
    world.accounts.store().close().await;
    let text = world.browser("192.0.2.3").get("/status").await.text();
    assert!(text.contains("does not answer"), "the page needs no store: {text}");
    let world = World::new(FORUM_POLICY).await;
    let text = world.browser("192.0.2.3").get("/status").await.text();
    assert!(!text.contains("VPN"), "what the policy does not declare has no line");
}

#[tokio::test]
async fn the_network_page_shows_a_figure_only_by_the_rule_of_the_policy() {
    let world = World::new(DEFAULT_POLICY).await;
    let text = world.browser("192.0.2.3").get("/network").await.text();
    for words in [
        "vpn.example.org:51820",
        "1,420 bytes",
        "AQEBAQEB",
        "releases no figures",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(!text.contains("Mbit/s"), "the default policy releases none");
    let released = DEFAULT_POLICY.replace(
        "  never sell profile\n",
        "  never sell profile\n  release load k=20 { from usage.bytes; for network-ops }\n",
    );
    let world = World::new(&released).await;
    let mut guest = world.browser("192.0.2.3");
    world.load(19, 1 << 40);
    let few = guest.get("/network").await.text();
    assert!(few.contains("Fewer than 20 people") && !few.contains("Mbit/s"), "{few}");
    world.load(4_321, 1 << 30);
    let many = guest.get("/network").await.text();
    assert!(
        many.contains("moderate (10 to 100 Mbit/s)") && many.contains("at least 1,000"),
        "{many}"
    );
    assert!(
        !many.contains("4,321") && !many.contains("4321"),
        "no exact number of people"
    );
}
