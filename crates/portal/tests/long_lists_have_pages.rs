//! Lists that grow are shown in parts, and an address beyond the end says so.

mod world;

use account::KeyText;
use axum::http::StatusCode;
use world::{DEFAULT_POLICY, World};

#[tokio::test]
async fn devices_are_shown_by_twenty_five() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    assert!(ada.get("/devices").await.text().contains("None yet."));
    let member = world.accounts.members(None, 10).await.unwrap().pop().unwrap().id;
    world.accounts.set_tariff(member, "open").await.unwrap();
    for number in 1..=30 {
        let label = format!("sensor number {number} of thirty in the greenhouse");
        let label: String = label.chars().take(40).collect();
        let added = world.accounts.add_device(member, label, KeyText([number; 32])).await;
        assert!(added.is_ok());
    }
    let first = ada.get("/de/devices").await.text();
    assert_eq!(first.matches("class=\"button-quiet\" type=\"submit\"").count(), 25);
    assert!(first.contains("href=\"/de/devices?from=25\"") && !first.contains("Vorige Seite"));
    assert!(first.contains("30 von 50 Plätzen sind belegt"));
    let second = ada.get("/devices?from=25").await.text();
    assert_eq!(second.matches("class=\"button-quiet\" type=\"submit\"").count(), 5);
    assert!(second.contains("href=\"/devices?from=0\"") && !second.contains("Next page"));
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
