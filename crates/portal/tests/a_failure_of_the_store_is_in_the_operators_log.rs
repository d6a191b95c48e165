//! What the program could not do is said to the person with a code, and to the operator with the same code.

mod world;

use axum::http::StatusCode;
use plan::{Event, Place};
use world::{DEFAULT_POLICY, World};

#[tokio::test]
async fn the_page_and_the_log_have_one_code() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    ada.get("/nothing").await;
    assert!(
        world.events.lock().unwrap().is_empty(),
        "a wrong address is nobody's failure"
    );
    world.accounts.store().close().await;
    let failed = ada.get("/home").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    let events = world.events.lock().unwrap().clone();
    let [
        Event::Failed {
            place: Place::Store,
            code,
        },
    ] = events[..]
    else {
        panic!("{events:?}");
    };
    assert!(failed.text().contains(&format!("the code {code}")), "{}", failed.text());
    assert!(ada.get("/de/home").await.text().contains(&format!("den Code {code}")));
}

#[tokio::test]
async fn a_failure_that_repeats_does_not_fill_the_log() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    world.accounts.store().close().await;
    for _ in 0..50 {
        assert_eq!(ada.get("/home").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let told = world.events.lock().unwrap().len();
    assert!((1..=6).contains(&told), "{told} lines");
    world.clock.advance_seconds(3_600);
    ada.get("/home").await;
    assert_eq!(
        world.events.lock().unwrap().len(),
        told + 1,
        "an hour later it is said again"
    );
}
