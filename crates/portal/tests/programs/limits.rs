//! What one member may not do: more than the tariff gives, more than a table has room for, and anything of another's.

use account::{NewToken, Scope, Scopes, TOKENS_LIMIT, TokenError};
use axum::http::StatusCode;
use serde_json::json;

use crate::program::{key, member, program};
use crate::world::{DEFAULT_POLICY, PASSWORD, World};

#[tokio::test]
async fn a_tariff_of_five_devices_takes_the_fifth_and_not_the_sixth() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let add = async |number: u8| {
        let body = json!({"label": format!("device {number}"), "public_key": key(number)});
        ada.post("/devices", body).await
    };
    for number in 1..=5 {
        assert_eq!(add(number).await.status, StatusCode::CREATED, "{number}");
    }
    let sixth = add(6).await;
    assert_eq!(sixth.problem(), (409, "conflict".to_owned()));
    assert!(sixth.body["detail"].as_str().unwrap().contains('5'), "{sixth:?}");
    let devices = ada.get("/devices").await.ok();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 5);
    let first = devices["devices"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        ada.delete(&format!("/devices/{first}")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(add(6).await.status, StatusCode::CREATED, "the place is free again");
    // With a smaller tariff what is there stays, and nothing is added.
    let id = world.accounts.members(None, 10).await.unwrap()[0].id;
    world.accounts.set_tariff(id, "small").await.unwrap();
    assert_eq!(add(7).await.problem().0, 409);
    let devices = ada.get("/devices").await.ok();
    assert_eq!(
        (devices["devices"].as_array().unwrap().len(), &devices["limit"]),
        (5, &json!(1))
    );
}

#[tokio::test]
async fn there_is_room_for_fifty_tokens_and_for_one_more_when_one_ends() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let id = world.accounts.members(None, 10).await.unwrap()[0].id;
    let proven = world.accounts.confirm(id, PASSWORD).await.unwrap();
    let wanted = NewToken {
        label: "one of many".into(),
        scopes: Scopes::of(&[Scope::UsageRead]),
    };
    // The program above has the first.
    for _ in 1..TOKENS_LIMIT {
        world
            .accounts
            .issue_token(proven.clone(), &wanted)
            .await
            .map(drop)
            .unwrap();
    }
    let refused = world.accounts.issue_token(proven.clone(), &wanted).await.map(drop);
    assert_eq!(refused, Err(TokenError::TooMany));
    let tokens = ada.get("/tokens").await.ok()["tokens"].as_array().unwrap().clone();
    assert_eq!(tokens.len(), TOKENS_LIMIT);
    let other = tokens.iter().find(|token| token["own"] == json!(false)).unwrap();
    ada.delete(&format!("/tokens/{}", other["id"].as_str().unwrap())).await;
    assert!(world.accounts.issue_token(proven.clone(), &wanted).await.is_ok());
}

#[tokio::test]
async fn what_is_anothers_is_not_there() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let grace = member(&world, "grace@example.org").await;
    let added = ada
        .post("/devices", json!({"label": "phone", "public_key": key(1)}))
        .await
        .ok();
    let device = format!("/devices/{}", added["id"].as_str().unwrap());
    let tokens = ada.get("/tokens").await.ok();
    let token = format!("/tokens/{}", tokens["tokens"][0]["id"].as_str().unwrap());
    for answer in [
        grace.patch(&device, json!({"label": "mine"})).await,
        grace.delete(&device).await,
        grace.delete(&token).await,
    ] {
        assert_eq!(answer.problem(), (404, "not-found".to_owned()));
    }
    let devices = ada.get("/devices").await.ok();
    assert_eq!(devices["devices"][0]["label"], "phone");
}

#[tokio::test]
async fn the_scope_of_the_operator_is_worth_nothing_without_the_role() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = member(&world, "ada@example.org").await;
    assert_eq!(ada.get("/operator/members").await.problem(), (403, "scope".to_owned()));
    let list = json!({"invitations": [{"uses": 1, "days": 1}]});
    assert_eq!(ada.post("/operator/invitations/list", list).await.problem().0, 403);
    assert!(world.accounts.invitations(None, 10).await.unwrap().is_empty());
    ada = program(&world, "192.0.2.33");
    assert_eq!(
        ada.get("/operator/members").await.problem(),
        (401, "no-token".to_owned())
    );
}
