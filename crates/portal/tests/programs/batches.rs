//! The same for many members: all of them or none.

use account::Stop;
use axum::http::StatusCode;
use plan::MemberId;
use serde_json::{Value, json};

use crate::program::{Program, key, member, operator};
use crate::world::{DEFAULT_POLICY, World};

async fn id_of(operator: &Program, who: &str) -> Option<String> {
    let found = operator.post("/operator/members/find", json!({"who": who})).await.ok();
    found["member"].as_str().map(str::to_owned)
}

async fn three(world: &World) -> (Program, Vec<String>, Program) {
    let operator = operator(world).await;
    let mut ids = Vec::new();
    let mut last = None;
    for name in ["ada", "grace", "hedy"] {
        let email = format!("{name}@example.org");
        last = Some(member(world, &email).await);
        ids.push(id_of(&operator, &email).await.unwrap());
    }
    (operator, ids, last.unwrap())
}

async fn batch(operator: &Program, members: &[String], rest: Value) -> crate::program::Answer {
    let mut body = rest;
    body["members"] = json!(members);
    operator.post("/operator/members/batch", body).await
}

async fn tariffs(operator: &Program) -> Vec<String> {
    let listed = operator.get("/operator/members").await.ok();
    let mut tariffs: Vec<String> = listed["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["tariff"].as_str().unwrap().to_owned())
        .collect();
    tariffs.sort();
    tariffs
}

#[tokio::test]
async fn a_batch_is_done_with_all_of_them_or_with_none() {
    let world = World::new(DEFAULT_POLICY).await;
    let (operator, mut ids, hedy) = three(&world).await;
    let done = batch(&operator, &ids, json!({"action": "tariff", "tariff": "month"}))
        .await
        .ok();
    assert_eq!(done, json!({"changed": 3}));
    assert_eq!(tariffs(&operator).await, ["family", "month", "month", "month"]);
    assert_eq!(hedy.get("/account").await.ok()["paid_until"], "2026-12-21");
    batch(&operator, &ids, json!({"action": "extend", "days": 10}))
        .await
        .ok();
    assert_eq!(hedy.get("/account").await.ok()["paid_until"], "2026-12-31");

    // One who is not there stops it for all, and is named.
    let gone = "0".repeat(32);
    ids.push(gone.clone());
    let answer = batch(&operator, &ids, json!({"action": "tariff", "tariff": "small"})).await;
    assert_eq!(answer.problem(), (409, "conflict".to_owned()));
    assert!(answer.body["detail"].as_str().unwrap().contains(&gone));
    assert_eq!(tariffs(&operator).await, ["family", "month", "month", "month"]);
    ids.pop();
    ids.push(id_of(&operator, "operator@example.org").await.unwrap());
    assert_eq!(
        batch(&operator, &ids, json!({"action": "erase"})).await.problem().0,
        409,
        "nobody of the staff"
    );
    assert_eq!(world.accounts.member_count().await, Ok(4));
    ids.pop();
    // One whose membership has no end stops an extension for all.
    batch(&operator, &ids[..1], json!({"action": "tariff", "tariff": "open"}))
        .await
        .ok();
    assert_eq!(
        batch(&operator, &ids, json!({"action": "extend", "days": 1}))
            .await
            .problem()
            .0,
        409
    );
    assert_eq!(hedy.get("/account").await.ok()["paid_until"], "2026-12-31");

    let done = batch(&operator, &ids, json!({"action": "erase"})).await.ok();
    assert_eq!(done, json!({"changed": 3}));
    assert_eq!(hedy.get("/account").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.accounts.member_count().await, Ok(1));
}

#[tokio::test]
async fn one_who_cannot_be_changed_stops_it_for_those_before_and_after() {
    let world = World::new(DEFAULT_POLICY).await;
    let (operator, ids, _) = three(&world).await;
    let ends = async || -> Vec<String> {
        let mut ends = Vec::new();
        for id in &ids {
            let end = world.accounts.paid_until(id.parse().unwrap()).await.unwrap();
            ends.push(end.map_or("none".to_owned(), |end| end.to_string()));
        }
        ends
    };
    // Ids are random, so each of the three is the last in their order once.
    for without_end in &ids {
        batch(&operator, &ids, json!({"action": "tariff", "tariff": "month"}))
            .await
            .ok();
        batch(
            &operator,
            std::slice::from_ref(without_end),
            json!({"action": "tariff", "tariff": "open"}),
        )
        .await
        .ok();
        let before = ends().await;
        let refused = batch(&operator, &ids, json!({"action": "extend", "days": 5})).await;
        assert_eq!(refused.problem().0, 409);
        assert!(
            refused.body["detail"].as_str().unwrap().contains(without_end.as_str()),
            "{refused:?}"
        );
        assert_eq!(ends().await, before, "for nobody");
    }
}

#[tokio::test]
async fn the_suspended_keep_their_account_and_lose_the_tunnel() {
    let world = World::new(DEFAULT_POLICY).await;
    let (operator, ids, hedy) = three(&world).await;
    hedy.post("/devices", json!({"label": "phone", "public_key": key(3)}))
        .await
        .ok();
    let id: MemberId = ids[2].parse().unwrap();
    batch(&operator, &ids, json!({"action": "suspend"})).await.ok();
    assert_eq!(world.accounts.stopped(id), Some(Stop::Suspended));
    assert!(world.accounts.all_devices().await.unwrap().is_empty());
    assert_eq!(hedy.get("/account").await.ok()["stopped"], "suspended");
    assert!(
        hedy.get("/export").await.ok().to_string().contains("suspended.day"),
        "they are told what is held"
    );
    batch(&operator, &ids, json!({"action": "resume"})).await.ok();
    assert_eq!(
        (
            world.accounts.stopped(id),
            world.accounts.all_devices().await.unwrap().len()
        ),
        (None, 1)
    );
}

#[tokio::test]
async fn a_member_is_found_by_the_whole_value_and_by_no_part_of_it() {
    let world = World::new(DEFAULT_POLICY).await;
    let (operator, ids, _) = three(&world).await;
    for who in ["ADA@example.org ", ids[0].as_str()] {
        assert_eq!(id_of(&operator, who).await.as_ref(), Some(&ids[0]), "{who}");
    }
    for who in ["ada", "ada@", "ada@example", "@example.org", "1234567890123456", "%"] {
        assert_eq!(id_of(&operator, who).await, None, "{who}");
    }
}

#[tokio::test]
async fn a_batch_out_of_range_is_refused_with_words() {
    let world = World::new(DEFAULT_POLICY).await;
    let (operator, ids, hedy) = three(&world).await;
    let many: Vec<String> = (0..501).map(|number| format!("{number:032x}")).collect();
    for (members, rest) in [
        (&ids[..0], json!({"action": "suspend"})),
        (&many[..], json!({"action": "suspend"})),
        (&ids[..], json!({"action": "extend", "days": 0})),
        (&ids[..], json!({"action": "extend", "days": 3651})),
        (&ids[..], json!({"action": "extend"})),
        (&ids[..], json!({"action": "tariff"})),
        (&ids[..], json!({"action": "erase", "days": 1})),
    ] {
        let answer = batch(&operator, members, rest.clone()).await;
        assert_eq!(answer.problem().0, 422, "{rest}");
    }
    let nothing = json!({"action": "tariff", "tariff": "nothing"});
    assert_eq!(batch(&operator, &ids, nothing).await.problem().0, 409);
    assert_eq!(
        batch(&hedy, &ids, json!({"action": "erase"})).await.problem(),
        (403, "scope".to_owned())
    );
    assert_eq!(world.accounts.member_count().await, Ok(4));
}
