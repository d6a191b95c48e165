//! What only programs could do once, on pages: another password, another number, another name for a device, a token.

use axum::http::StatusCode;
use serde_json::json;

use crate::program::{key, member, program};
use crate::world::{Browser, DEFAULT_POLICY, FORUM_POLICY, PASSWORD, World};

const NEW: &str = "four other small words";

/// A member who has joined by a number, and the number.
async fn numbered(world: &World) -> (Browser, String) {
    let mut browser = world.browser("192.0.2.60");
    let fields = [
        ("age", "30"),
        ("agree", "yes"),
        ("accepted", &world.digest),
        ("by", "number"),
    ];
    let joined = browser.post("/join", &fields).await;
    (browser, joined.between("id=\"recovery-code\">", "<"))
}

#[tokio::test]
async fn a_member_changes_the_password_and_stays_signed_in_here_alone() {
    let world = World::new(DEFAULT_POLICY).await;
    let program = member(&world, "ada@example.org").await;
    let (mut here, mut elsewhere) = (world.browser("192.0.2.50"), world.browser("192.0.2.51"));
    here.sign_in("ada@example.org", PASSWORD).await;
    elsewhere.sign_in("ada@example.org", PASSWORD).await;
    assert!(here.get("/home").await.text().contains("href=\"/me/password\""));
    assert!(here.get("/me").await.text().contains("href=\"/me/password\""));
    let form = here.get("/me/password").await.text();
    assert!(
        form.contains("autocomplete=\"current-password\"") && form.contains("autocomplete=\"new-password\""),
        "{form}"
    );
    let send = |old: &'static str, new: String| async move { [("password", old.to_owned()), ("new_password", new)] };
    for (old, new, field, said) in [
        (
            "not the password",
            NEW.to_owned(),
            "password",
            "This is not your password",
        ),
        (
            PASSWORD,
            "short".to_owned(),
            "new_password",
            "take at least 10 characters",
        ),
        (
            PASSWORD,
            "ü".repeat(1001),
            "new_password",
            "take at most 1,000 characters",
        ),
    ] {
        let fields = send(old, new).await;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = here.post("/me/password", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = refused.text();
        assert!(
            text.contains(said) && text.contains(&format!("id=\"{field}-error\"")),
            "{text}"
        );
        assert!(!text.contains(old), "a password is never given back");
    }
    assert_eq!(
        program.get("/account").await.status,
        StatusCode::OK,
        "nothing was done yet"
    );
    let before = here.cookie.clone();
    let done = here
        .post("/me/password", &[("password", PASSWORD), ("new_password", NEW)])
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(done.text().contains("Your password is changed"));
    assert_ne!(here.cookie, before, "the session is another one");
    assert_eq!(here.get("/home").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get("/home").await.location(), "/sign-in");
    assert_eq!(program.get("/account").await.status, StatusCode::UNAUTHORIZED);
    let old = elsewhere.sign_in("ada@example.org", PASSWORD).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(elsewhere.sign_in("ada@example.org", NEW).await.location(), "/home");
    assert_eq!(
        here.get("/me/number").await.status,
        StatusCode::NOT_FOUND,
        "there is none"
    );
    assert_eq!(
        here.post("/me/number", &[("password", NEW)]).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        here.get("/.well-known/change-password").await.location(),
        "/me/password"
    );
}

#[tokio::test]
async fn the_longest_password_works_and_one_more_character_is_called_too_long() {
    let world = World::new(DEFAULT_POLICY).await;
    let longest = "🔑".repeat(1000);
    let program = member(&world, "ada@example.org").await;
    let body = |password: &str| json!({"password": PASSWORD, "new_password": password});
    let refused = program.put("/account/password", body(&format!("{longest}🔑"))).await;
    assert_eq!(refused.problem(), (422, "wrong-value".to_owned()));
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("at most 1000 characters")
    );
    assert_eq!(
        program.put("/account/password", body(&longest)).await.status,
        StatusCode::NO_CONTENT
    );
    let mut browser = world.browser("192.0.2.50");
    assert_eq!(browser.sign_in("ada@example.org", &longest).await.location(), "/home");
}

#[tokio::test]
async fn a_member_draws_another_number_and_the_old_one_ends() {
    let world = World::new(DEFAULT_POLICY).await;
    let (mut here, old) = numbered(&world).await;
    let mut elsewhere = world.browser("192.0.2.61");
    elsewhere.post("/sign-in", &[("number", &old)]).await;
    assert_eq!(here.get("/me/password").await.location(), "/me/number");
    assert!(here.get("/me").await.text().contains("href=\"/me/number\""));
    let wrong = here.post("/me/number", &[("password", "1234 5678 9012 3456")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("This is not your account number") && !wrong.text().contains("1234 5678"));
    let drawn = here.post("/me/number", &[("password", &old)]).await;
    let new = drawn.between("id=\"recovery-code\">", "<");
    assert!(new != old && new.len() == 19, "{new}");
    assert!(drawn.text().contains("The old number is void"), "{}", drawn.text());
    assert_eq!(here.get("/home").await.status, StatusCode::OK, "still signed in");
    assert_eq!(elsewhere.get("/home").await.location(), "/sign-in");
    let refused = elsewhere.post("/sign-in", &[("number", &old)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        elsewhere.post("/sign-in", &[("number", &new)]).await.location(),
        "/home"
    );
    // What asks again asks for the number by its name.
    for path in ["/me/erase", "/me/email", "/me/programs"] {
        let form = here.get(path).await.text();
        assert!(
            form.contains("Your account number") && !form.contains("Your password"),
            "{path}: {form}"
        );
    }
}

#[tokio::test]
async fn a_member_renames_a_device_and_is_asked_before_one_is_removed() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let mut grace = world.member("grace@example.org").await;
    ada.post("/devices", &[("label", "Phone"), ("public_key", &key(1))])
        .await;
    let list = ada.get("/devices").await;
    let id = list.between("href=\"/devices/", "/rename");
    let form = ada.get(&format!("/devices/{id}/rename")).await.text();
    assert!(
        form.contains("value=\"Phone\"") && form.contains("Rename Phone"),
        "{form}"
    );
    for path in ["rename", "remove"] {
        let foreign = grace.get(&format!("/devices/{id}/{path}")).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{path}");
    }
    let foreign = grace.post(&format!("/devices/{id}/rename"), &[("label", "Mine")]).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let long = "x".repeat(41);
    let refused = ada.post(&format!("/devices/{id}/rename"), &[("label", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains(&format!("value=\"{long}\"")),
        "what was typed stays: {}",
        refused.text()
    );
    let renamed = ada
        .post(&format!("/devices/{id}/rename"), &[("label", " Ada’s <phone> ")])
        .await;
    assert_eq!(renamed.location(), "/devices");
    let list = ada.get("/devices").await.text();
    assert!(
        list.contains("<strong>Ada’s &#60;phone&#62;</strong>") && !list.contains("Phone</strong>"),
        "{list}"
    );
    let question = ada.get(&format!("/devices/{id}/remove")).await.text();
    assert!(
        question.contains("Ada’s &#60;phone&#62;?") && question.contains("disconnected at once"),
        "{question}"
    );
    assert!(ada.get("/devices").await.text().contains(&id), "asking removes nothing");
    assert_eq!(
        ada.post(&format!("/devices/{id}/remove"), &[]).await.location(),
        "/devices"
    );
    assert_eq!(
        ada.get(&format!("/devices/{id}/rename")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_member_makes_a_token_that_does_what_was_ticked_and_ends_it() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let form = ada.get("/me/programs").await.text();
    assert!(
        form.contains("No program can act for you") && form.contains("value=\"devices:read\""),
        "{form}"
    );
    assert!(!form.contains("value=\"operator\""), "for staff alone");
    for (fields, error) in [
        (vec![("label", "watch"), ("password", PASSWORD)], "scope-error"),
        (vec![("scope", "export"), ("password", PASSWORD)], "label-error"),
        (
            vec![("label", "watch"), ("scope", "export"), ("password", "not it at all")],
            "password-error",
        ),
    ] {
        let refused = ada.post("/me/programs", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = refused.text();
        assert!(text.contains(&format!("id=\"{error}\"")), "{text}");
        for (name, value) in &fields {
            let kept = match *name {
                "scope" => text.contains(&format!("value=\"{value}\" id=\"scope-6\" checked")),
                "label" => text.contains(&format!("value=\"{value}\"")),
                _ => !text.contains(value),
            };
            assert!(kept, "{name} of {error}: {text}");
        }
    }
    let forged = [("label", "watch"), ("scope", "operator"), ("password", PASSWORD)];
    assert_eq!(ada.post("/me/programs", &forged).await.status, StatusCode::BAD_REQUEST);
    let unknown = [("label", "watch"), ("scope", "everything"), ("password", PASSWORD)];
    assert_eq!(ada.post("/me/programs", &unknown).await.status, StatusCode::BAD_REQUEST);
    let made = ada
        .post(
            "/me/programs",
            &[
                ("label", "watch"),
                ("scope", "devices:read"),
                ("scope", "usage:read"),
                ("password", PASSWORD),
            ],
        )
        .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    assert!(made.text().contains("See devices") && !made.text().contains("Take everything"));
    let token = made.between("candor_", "<");
    let mut watch = program(&world, "192.0.2.70");
    watch.token = Some(format!("candor_{token}"));
    assert_eq!(watch.get("/devices").await.status, StatusCode::OK);
    assert_eq!(watch.get("/usage").await.status, StatusCode::OK);
    assert_eq!(watch.get("/export").await.problem(), (403, "scope".to_owned()));
    let list = ada.get("/me/programs").await;
    assert!(!list.text().contains(&token), "the token is shown once");
    let id = list.between("href=\"/me/programs/", "/end");
    let question = ada.get(&format!("/me/programs/{id}/end")).await.text();
    assert!(question.contains("End watch?"), "{question}");
    assert_eq!(
        watch.get("/devices").await.status,
        StatusCode::OK,
        "asking ends nothing"
    );
    ada.post(&format!("/me/programs/{id}/end"), &[]).await;
    assert_eq!(watch.get("/devices").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        ada.get(&format!("/me/programs/{id}/end")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn where_the_policy_declares_no_tokens_the_page_says_so_and_has_no_form() {
    let world = World::new(FORUM_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    if !world.accounts.has_tokens() {
        let page = ada.get("/me/programs").await.text();
        assert!(
            page.contains("declares no access tokens") && !page.contains("name=\"scope\""),
            "{page}"
        );
        let fields = [("label", "watch"), ("scope", "export"), ("password", PASSWORD)];
        let refused = ada.post("/me/programs", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
