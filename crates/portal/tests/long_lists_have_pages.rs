//! Lists that grow are shown in parts, and an address beyond the end says so.

mod world;

use std::collections::BTreeSet;

use account::{KeyText, Member};
use axum::http::StatusCode;
use plan::{MemberId, Personal};
use world::{DEFAULT_POLICY, FORUM_POLICY, World};

#[tokio::test]
async fn devices_are_shown_by_twenty_five() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    assert!(ada.get("/devices").await.text().contains("None yet."));
    let member = world.accounts.members(None, 10).await.unwrap().pop().unwrap().id;
    world.accounts.set_tariff(member, "open").await.unwrap();
    for number in 1..=200_u8 {
        let label = format!("sensor {number:03} of two hundred in the greenhouse");
        let label: String = label.chars().take(40).collect();
        let added = world.accounts.add_device(member, label, KeyText([number; 32])).await;
        assert!(added.is_ok());
    }
    let first = ada.get("/de/devices").await.text();
    let listed = |page: &str| page.matches("/rename\"").count();
    assert_eq!(listed(&first), 25);
    assert!(
        first.contains("sensor 001") && first.contains("sensor 025") && !first.contains("sensor 026"),
        "by name"
    );
    assert!(first.contains("1 bis 25 von 200, nach Namen"), "{first}");
    assert!(first.contains("href=\"/de/devices?from=25\"") && !first.contains("Vorige Seite"));
    assert!(first.contains("200 von 200 Plätzen sind belegt"));
    let last = ada.get("/devices?from=175").await.text();
    assert_eq!(listed(&last), 25);
    assert!(last.contains("176 to 200 of 200, by name"), "{last}");
    assert!(last.contains("href=\"/devices?from=150\"") && !last.contains("Next page"));
    let found = ada.post("/devices/find", &[("label", " SENSOR 19")]).await.text();
    assert_eq!(listed(&found), 10, "190 to 199, all on one page");
    assert!(found.contains("10 devices have “SENSOR 19” in their names."), "{found}");
    let none = ada.post("/devices/find", &[("label", "<b>")]).await.text();
    assert!(
        none.contains("None of your devices has this") && !none.contains("<b>"),
        "{none}"
    );
    let mut grace = world.member("grace@example.org").await;
    let foreign = grace.post("/devices/find", &[("label", "sensor")]).await.text();
    assert!(foreign.contains("None of your devices") && !foreign.contains("greenhouse"));
    let beyond = ada.get("/devices?from=4000").await;
    assert_eq!(beyond.status, StatusCode::OK);
    assert!(beyond.text().contains("The list ended before this page."));
    for odd in ["x", "-1", "", "99999999999999999999999"] {
        let page = ada.get(&format!("/devices?from={odd}")).await;
        assert!(
            page.status == StatusCode::OK && page.text().contains("Next page"),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn two_hundred_invitations_are_shown_by_fifty() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    let fields = [("count", "200"), ("uses", "1"), ("days", "7"), ("tariff", "small")];
    operator.post("/operator/invitations", &fields).await;
    let mut seen = BTreeSet::new();
    let mut path = "/operator/invitations".to_owned();
    for page in 1..=4 {
        let answer = operator.get(&path).await;
        let text = answer.text();
        let ids = text
            .split("<th scope=\"row\"><code title=\"")
            .skip(1)
            .map(|rest| rest[..32].to_owned());
        seen.extend(ids);
        assert_eq!(seen.len(), 50 * page, "{text}");
        assert_eq!(text.contains("From the start"), page > 1);
        path = format!("/operator/invitations?after={}", seen.last().unwrap());
    }
    let beyond = operator.get(&path).await.text();
    assert!(
        beyond.contains("The list ended before this page.") && beyond.contains("From the start"),
        "{beyond}"
    );
}

#[tokio::test]
async fn a_thousand_members_are_shown_by_fifty_and_counted() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    let store = world.accounts.store();
    let rows = store.require_rows::<Member>().unwrap();
    for _ in 1..1000 {
        let subject = store.create_subject().await.unwrap();
        let row = Member {
            member: MemberId::from_bytes(*subject.id().as_bytes()),
            joined: Personal::new(store.now().day()),
        };
        store.commit(vec![rows.insert(&subject, &row).unwrap()]).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    let mut path = "/operator/members".to_owned();
    for page in 1..=20 {
        let text = operator.get(&path).await.text();
        assert!(text.contains("1,000 members"), "{text}");
        let ids = text
            .split("<th scope=\"row\"><code title=\"")
            .skip(1)
            .map(|rest| rest[..32].to_owned());
        seen.extend(ids);
        assert_eq!(seen.len(), 50 * page);
        path = format!("/operator/members?after={}", seen.last().unwrap());
    }
    let one = seen.first().unwrap();
    let found = operator.post("/operator/members/find", &[("who", one)]).await.text();
    assert!(
        found.contains(one) && found.matches("<th scope=\"row\"><code title=\"").count() == 1,
        "found by the id"
    );
}

#[tokio::test]
async fn of_a_long_access_log_the_newest_lines_are_shown() {
    let world = World::new(FORUM_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let address = "192.0.2.9".parse().unwrap();
    for _ in 0..300 {
        world.clock.advance_seconds(60);
        world.accounts.record_visit(address, "a browser").await.unwrap();
    }
    let page = ada.get("/me").await.text();
    assert_eq!(page.matches("<td>192.0.2.9</td>").count(), 200, "{page}");
    assert!(page.contains("These are the newest 200."), "{page}");
    let times: Vec<&str> = page.split("<tr><td>2026-").skip(1).map(|rest| &rest[..11]).collect();
    let (newest, oldest) = (times.first().unwrap(), times.last().unwrap());
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert!(newest > oldest && times.len() == 200);
}
