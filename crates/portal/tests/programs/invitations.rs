//! Invitations.

use account::Joining;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::program::{ALL, Program, operator, program};
use crate::world::{DEFAULT_POLICY, START, World};

async fn by_invitation(policy: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    World::joined_by(folder, policy, true, START, Joining::ByInvitation).await
}

async fn join(world: &World, address: &str, invitation: Option<&str>) -> crate::program::Answer {
    let body = json!({"age": 30, "accepted": world.digest, "label": "x", "scopes": ALL, "invitation": invitation});
    program(world, address).post("/join", body).await
}

async fn invite(operator: &Program, body: Value) -> Vec<String> {
    let made = operator.post("/operator/invitations", body).await.ok();
    let made = made["invitations"].as_array().unwrap();
    made.iter()
        .map(|made| made["code"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_invitation_lets_as_many_in_as_it_says() {
    let world = by_invitation(DEFAULT_POLICY).await;
    let operator = operator(&world).await;
    assert_eq!(
        join(&world, "192.0.2.40", None).await.problem(),
        (409, "conflict".to_owned())
    );
    assert_eq!(
        join(&world, "192.0.2.40", Some("AAAAA-AAAAA-AAAAA-AAAAA"))
            .await
            .problem()
            .0,
        409
    );
    let code = invite(&operator, json!({"uses": 2, "days": 7, "tariff": "small"}))
        .await
        .swap_remove(0);
    let page = world
        .browser("192.0.2.1")
        .join(&world.digest, "eve@example.org", "30")
        .await;
    assert_eq!(
        page.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the page's form asks for one as well"
    );
    // Read aloud, typed in small letters.
    assert_eq!(
        join(&world, "192.0.2.40", Some(&code.to_lowercase())).await.status,
        StatusCode::CREATED
    );
    let second = join(&world, "192.0.2.41", Some(&code)).await.ok();
    assert_eq!(
        join(&world, "192.0.2.42", Some(&code)).await.problem().0,
        409,
        "two were invited"
    );
    let mut member = program(&world, "192.0.2.41");
    member.token = second["token"]["token"].as_str().map(str::to_owned);
    assert_eq!(member.get("/account").await.ok()["tariff"]["name"], "small");
    let listed = operator.get("/operator/invitations").await.ok();
    assert_eq!(
        (
            &listed["invitations"][0]["uses_left"],
            &listed["invitations"][0]["tariff"]
        ),
        (&json!(0), &json!("small"))
    );
    assert!(
        !world.files_hold(&code) && !world.files_hold(&code.replace('-', "")),
        "a hash alone is held"
    );
}

#[tokio::test]
async fn two_who_come_for_the_last_place_at_once_do_not_both_get_it() {
    let world = by_invitation(DEFAULT_POLICY).await;
    let operator = operator(&world).await;
    let code = invite(&operator, json!({"uses": 1, "days": 7})).await.swap_remove(0);
    let (a, b, c) = tokio::join!(
        join(&world, "192.0.2.40", Some(&code)),
        join(&world, "192.0.2.41", Some(&code)),
        join(&world, "192.0.2.42", Some(&code))
    );
    let created = [&a, &b, &c]
        .into_iter()
        .filter(|answer| answer.status == StatusCode::CREATED);
    assert_eq!(created.count(), 1, "{a:?} {b:?} {c:?}");
    assert_eq!(world.accounts.member_count().await, Ok(2), "the operator and one more");
}

#[tokio::test]
async fn an_invitation_ends_is_withdrawn_and_swept() {
    let world = by_invitation(DEFAULT_POLICY).await;
    let operator = operator(&world).await;
    let codes = invite(&operator, json!({"count": 2, "uses": 5, "days": 7})).await;
    let listed = operator.get("/operator/invitations").await.ok();
    assert_eq!(listed["invitations"].as_array().unwrap().len(), 2);
    let id = listed["invitations"][0]["id"].as_str().unwrap();
    assert_eq!(
        operator.delete(&format!("/operator/invitations/{id}")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        operator
            .delete(&format!("/operator/invitations/{id}"))
            .await
            .problem()
            .0,
        404
    );
    let mut let_in = 0;
    for code in &codes {
        let_in += u32::from(join(&world, "192.0.2.40", Some(code)).await.status == StatusCode::CREATED);
    }
    assert_eq!(let_in, 1, "one of the two was withdrawn");
    world.clock.advance_seconds(7 * 86_400 - 1);
    assert_eq!(
        operator.get("/operator/invitations").await.ok()["invitations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    world.clock.advance_seconds(1);
    for code in &codes {
        assert_eq!(
            join(&world, "192.0.2.41", Some(code)).await.problem().0,
            409,
            "it is over"
        );
    }
    assert_eq!(
        operator.get("/operator/invitations").await.ok()["invitations"],
        json!([])
    );
    assert!(world.accounts.sweep().await.unwrap() >= 1);
}

#[tokio::test]
async fn the_invitation_that_somebody_used_is_kept_where_the_policy_says_so() {
    for (declared, kept) in [(true, true), (false, false)] {
        let policy = match declared {
            true => DEFAULT_POLICY.replace("collect joined.day tariff", "collect invitation.used joined.day tariff"),
            false => DEFAULT_POLICY.to_owned(),
        };
        let world = by_invitation(&policy).await;
        let operator = operator(&world).await;
        let code = invite(&operator, json!({"uses": 1, "days": 7})).await.swap_remove(0);
        let joined = join(&world, "192.0.2.40", Some(&code)).await.ok();
        let mut member = program(&world, "192.0.2.40");
        member.token = joined["token"]["token"].as_str().map(str::to_owned);
        let account = member.get("/account").await.ok();
        assert_eq!(account["joined_by"].is_string(), kept, "{account}");
        let export = member.get("/export").await.ok().to_string();
        assert_eq!(export.contains("invitation.used"), kept);
    }
}

#[tokio::test]
async fn invitations_out_of_range_or_undeclared_are_refused_with_words() {
    let world = World::new(DEFAULT_POLICY).await;
    let caller = operator(&world).await;
    for body in [
        json!({"uses": 0, "days": 7}),
        json!({"uses": 10_001, "days": 7}),
        json!({"uses": 1, "days": 0}),
        json!({"uses": 1, "days": 366}),
        json!({"count": 0, "uses": 1, "days": 1}),
        json!({"count": 501, "uses": 1, "days": 1}),
    ] {
        assert_eq!(
            caller.post("/operator/invitations", body.clone()).await.problem().0,
            422,
            "{body}"
        );
    }
    let no_tariff = json!({"uses": 1, "days": 1, "tariff": "nothing"});
    assert_eq!(caller.post("/operator/invitations", no_tariff).await.problem().0, 409);
    let world = World::new(&DEFAULT_POLICY.replace(
        "collect invitation.code invitation.tariff invitation.uses invitation.end",
        "collect ticket.body",
    ))
    .await;
    let caller = operator(&world).await;
    let answer = caller
        .post("/operator/invitations", json!({"uses": 1, "days": 1}))
        .await;
    assert_eq!(answer.problem(), (404, "not-declared".to_owned()));
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("collect invitation.code")
    );
}
