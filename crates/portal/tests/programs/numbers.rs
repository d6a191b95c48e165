//! Accounts without an e-mail address.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::program::{ALL, Program, program};
use crate::world::{DEFAULT_POLICY, NO_LOG_POLICY, World};

async fn numbered(world: &World) -> (Program, String) {
    let mut program = program(world, "192.0.2.30");
    let body = json!({"age": 30, "accepted": world.digest, "label": "test", "scopes": ALL});
    let joined = program.post("/join", body).await.ok();
    program.token = joined["token"]["token"].as_str().map(str::to_owned);
    assert_eq!(joined["recovery_code"], Value::Null);
    (program, joined["account_number"].as_str().unwrap().to_owned())
}

fn with_number(number: &str) -> Value {
    json!({"number": number, "label": "test", "scopes": ALL})
}

#[tokio::test]
async fn a_number_alone_lets_its_member_in_and_is_in_no_file() {
    let world = World::new(DEFAULT_POLICY).await;
    let (ada, number) = numbered(&world).await;
    assert_eq!(number.len(), 19, "{number}");
    let account = ada.get("/account").await.ok();
    assert_eq!(
        (&account["email"], &account["must_agree"]),
        (&Value::Null, &json!(false))
    );
    let bare = number.replace(' ', "");
    for typed in [&number, &bare, &number.replace(' ', "-")] {
        assert_eq!(
            ada.post("/tokens", with_number(typed)).await.status,
            StatusCode::CREATED,
            "{typed}"
        );
    }
    let mut digits: Vec<char> = bare.chars().collect();
    digits.swap(3, 12);
    for typed in [
        digits.iter().collect::<String>(),
        "0".repeat(16),
        String::new(),
        "1234 5678 9012 3456".to_owned(),
    ] {
        if typed != bare {
            assert_eq!(
                ada.post("/tokens", with_number(&typed)).await.problem().0,
                401,
                "{typed}"
            );
        }
    }
    assert!(!world.files_hold(&bare) && !world.files_hold(&number));
    // The export of a program must not let its reader in: it has the slow hash, under a salt that it has not.
    let export = ada.get("/export").await.ok().to_string();
    assert!(export.contains("account.number") && !export.contains(&bare) && !export.contains(&number));
}

#[tokio::test]
async fn whoever_has_a_number_is_erased_by_it_and_can_replace_it() {
    let world = World::new(DEFAULT_POLICY).await;
    let (ada, number) = numbered(&world).await;
    let (grace, other) = numbered(&world).await;
    let erase = |secret: &str| json!({"word": "erase", "secret": secret});
    assert_eq!(
        ada.post("/erase", erase(&other)).await.problem().0,
        401,
        "somebody else's number is no proof"
    );
    assert_eq!(
        ada.post("/account/number", json!({"number": other})).await.problem().0,
        401
    );
    let renewed = ada.post("/account/number", json!({"number": number})).await.ok();
    let renewed = renewed["account_number"].as_str().unwrap();
    assert_eq!(
        ada.get("/account").await.problem().0,
        401,
        "every program is signed out"
    );
    assert_eq!(
        ada.post("/tokens", with_number(&number)).await.problem().0,
        401,
        "the old number is nobody's"
    );
    let mut ada = ada;
    let made = ada.post("/tokens", with_number(renewed)).await.ok();
    ada.token = made["token"].as_str().map(str::to_owned);
    ada.post("/erase", erase(renewed)).await.ok();
    assert_eq!(ada.post("/tokens", with_number(renewed)).await.problem().0, 401);
    assert_eq!(grace.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_member_with_a_number_is_told_of_a_change_at_signing_in() {
    let world = World::new(DEFAULT_POLICY).await;
    let (_, number) = numbered(&world).await;
    let changed = DEFAULT_POLICY.replace("keep \"90d\"", "keep \"80d\"");
    let World { folder, .. } = world;
    let world = World::over(folder, &changed, true, crate::world::START).await;
    let mut ada = program(&world, "192.0.2.30");
    let made = ada.post("/tokens", with_number(&number)).await.ok();
    ada.token = made["token"].as_str().map(str::to_owned);
    let account = ada.get("/account").await.ok();
    assert_eq!(
        (&account["must_agree"], &account["policy_digest"]),
        (&json!(true), &json!(world.digest))
    );
    ada.post("/account/agreement", json!({"accepted": world.digest}))
        .await
        .ok();
    assert_eq!(ada.get("/account").await.ok()["must_agree"], json!(false));
}

#[tokio::test]
async fn a_policy_that_reaches_members_by_mail_alone_has_no_numbers() {
    let world = World::new(NO_LOG_POLICY).await;
    let body = json!({"age": 30, "accepted": world.digest, "label": "test", "scopes": ALL});
    let answer = program(&world, "192.0.2.30").post("/join", body).await;
    assert_eq!(answer.problem(), (404, "not-declared".to_owned()));
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("collect account.number") && detail.contains("by=sign-in"),
        "{detail}"
    );
}
