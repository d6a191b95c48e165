//! What a program may do, and that nothing else is let through.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::program::{ALL, key, member, program};
use crate::world::{DEFAULT_POLICY, NO_LOG_POLICY, PASSWORD, World};

#[tokio::test]
async fn a_member_joins_adds_a_device_and_is_erased_without_a_page() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let account = ada.get("/account").await.ok();
    assert_eq!(account["email"], "ada@example.org");
    assert_eq!(
        (&account["tariff"]["name"], &account["must_agree"]),
        (&json!("family"), &json!(false))
    );
    let added = ada
        .post("/devices", json!({"label": "phone", "public_key": key(9)}))
        .await
        .ok();
    let configuration = added["configuration"].as_str().unwrap();
    assert!(configuration.contains("Endpoint = vpn.example.org:51820"));
    assert!(configuration.contains(added["preshared_key"].as_str().unwrap()));
    assert!(configuration.contains(added["private_key_place"].as_str().unwrap()));
    let id = added["id"].as_str().unwrap().to_owned();
    let again = ada
        .post("/devices", json!({"label": "other", "public_key": key(9)}))
        .await;
    assert_eq!(again.problem(), (409, "conflict".to_owned()));
    assert_eq!(
        ada.patch(&format!("/devices/{id}"), json!({"label": "router"}))
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    let listed = ada.get("/devices").await.ok();
    assert_eq!(
        (&listed["devices"][0]["label"], &listed["devices"][0]["public_key"]),
        (&json!("router"), &json!(key(9)))
    );
    assert_eq!(
        ada.delete(&format!("/devices/{id}")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        ada.delete(&format!("/devices/{id}")).await.problem(),
        (404, "not-found".to_owned())
    );
    assert_eq!(ada.get("/usage?days=7").await.ok(), json!({"days": []}));
    let export = ada.get("/export").await.ok().to_string();
    assert!(export.contains("ada@example.org") && export.contains("api_token") && export.contains("token.label"));
    let zip = ada.get("/export.zip").await;
    assert_eq!((zip.status, zip.kind.as_str()), (StatusCode::OK, "application/zip"));

    let wrong = ada.post("/erase", json!({"word": "erase", "secret": "not it"})).await;
    assert_eq!(wrong.problem(), (401, "wrong-secret".to_owned()));
    let certificate = ada
        .post("/erase", json!({"word": "erase", "secret": PASSWORD}))
        .await
        .ok();
    assert!(certificate["text"].as_str().unwrap().contains("public key"));
    assert_eq!(ada.get("/account").await.problem(), (401, "no-token".to_owned()));
    assert!(!world.files_hold("router"), "nothing of it is in clear");
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_nothing_else() {
    let world = World::new(DEFAULT_POLICY).await;
    member(&world, "ada@example.org").await;
    // Each operation with the scope that it needs; a token that has all the others is refused.
    let operations = [
        ("account:read", Method::GET, "/account"),
        ("account:read", Method::GET, "/tokens"),
        ("account:read", Method::GET, "/visits"),
        ("account:write", Method::DELETE, "/visits"),
        (
            "account:write",
            Method::DELETE,
            "/tokens/00000000000000000000000000000000",
        ),
        ("account:write", Method::POST, "/account/agreement"),
        ("account:write", Method::PUT, "/account/email"),
        ("account:write", Method::PUT, "/account/password"),
        ("account:write", Method::POST, "/account/number"),
        ("devices:read", Method::GET, "/devices"),
        ("devices:write", Method::POST, "/devices"),
        (
            "devices:write",
            Method::PATCH,
            "/devices/00000000000000000000000000000000",
        ),
        (
            "devices:write",
            Method::DELETE,
            "/devices/00000000000000000000000000000000",
        ),
        ("usage:read", Method::GET, "/usage"),
        ("export", Method::GET, "/export"),
        ("export", Method::GET, "/export.zip"),
        ("erase", Method::POST, "/erase"),
        ("operator", Method::GET, "/operator/members"),
        ("operator", Method::POST, "/operator/members/find"),
        ("operator", Method::POST, "/operator/members/batch"),
        ("operator", Method::GET, "/operator/tariffs"),
        ("operator", Method::GET, "/operator/invitations"),
        ("operator", Method::POST, "/operator/invitations"),
        ("operator", Method::POST, "/operator/invitations/list"),
        (
            "operator",
            Method::DELETE,
            "/operator/invitations/00000000000000000000000000000000",
        ),
    ];
    let body_of = |path: &str| match path {
        "/account/agreement" => json!({"accepted": world.digest}),
        "/account/email" => json!({"email": "grace@example.org", "secret": "not it"}),
        "/account/password" => json!({"password": "not it", "new_password": "another one"}),
        "/account/number" => json!({"number": "1"}),
        "/devices" => json!({"label": "phone", "public_key": key(1)}),
        "/erase" => json!({"word": "erase", "secret": "not it"}),
        "/operator/members/find" => json!({"who": "ada@example.org"}),
        "/operator/members/batch" => json!({"members": ["00000000000000000000000000000000"], "action": "suspend"}),
        "/operator/invitations" => json!({"uses": 1, "days": 1}),
        "/operator/invitations/list" => json!({"invitations": [{"uses": 1, "days": 1}]}),
        path if path.starts_with("/devices/") => json!({"label": "phone"}),
        _ => Value::Null,
    };
    let mut covered = BTreeSet::new();
    for (scope, method, path) in operations {
        world.clock.advance_seconds(180);
        let mut program = program(&world, "192.0.2.21");
        let others: Vec<&str> = ALL.into_iter().filter(|other| *other != scope).collect();
        program.sign_in("ada@example.org", &others).await.ok();
        let send = async |program: &crate::program::Program| {
            program
                .send(method.clone(), path, Body::from(body_of(path).to_string()))
                .await
        };
        assert_eq!(
            send(&program).await.problem(),
            (403, "scope".to_owned()),
            "{method} {path}"
        );
        program.delete("/tokens/own").await.ok();
        program.sign_in("ada@example.org", &[scope]).await.ok();
        let allowed = send(&program).await;
        let is_staff_alone = scope == "operator";
        assert_eq!(
            allowed.status == StatusCode::FORBIDDEN,
            is_staff_alone,
            "{method} {path} {allowed:?}"
        );
        program.delete("/tokens/own").await.ok();
        program.token = None;
        assert_eq!(
            send(&program).await.problem(),
            (401, "no-token".to_owned()),
            "{method} {path}"
        );
        covered.insert((
            method.to_string().to_lowercase(),
            path.replace("00000000000000000000000000000000", "{id}"),
        ));
    }
    // The list above is every operation of the document that needs a token, but ending one's own.
    let document = program(&world, "192.0.2.22").get("/openapi.json").await.ok();
    let paths = document["paths"].as_object().unwrap();
    let documented = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        let secured = methods.filter(|(_, operation)| operation["security"].is_array());
        secured.map(move |(method, _)| (method.clone(), path.clone()))
    });
    let mut documented: BTreeSet<(String, String)> = documented.collect();
    assert!(documented.remove(&("delete".to_owned(), "/tokens/own".to_owned())));
    assert_eq!(documented, covered);
}

#[tokio::test]
async fn tokens_are_listed_ended_and_end_by_themselves_as_the_policy_keeps_them() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let mut other = program(&world, "192.0.2.21");
    let made = other.sign_in("ada@example.org", &["devices:read"]).await.ok();
    assert_eq!(made["expires_at"], "2027-02-20T12:00:00Z", "90 days from 2026-11-22");
    let listed = ada.get("/tokens").await.ok();
    let listed = listed["tokens"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .any(|token| token["scopes"] == "devices:read" && token["own"] == false)
    );
    assert!(
        !Value::from(listed.clone())
            .to_string()
            .contains(made["token"].as_str().unwrap())
    );
    assert!(
        !world.files_hold(made["token"].as_str().unwrap()),
        "a hash alone is held"
    );
    // Somebody else's token cannot be ended.
    let grace = member(&world, "grace@example.org").await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        grace.delete(&format!("/tokens/{id}")).await.problem(),
        (404, "not-found".to_owned())
    );
    assert_eq!(other.get("/devices").await.status, StatusCode::OK);
    ada.delete(&format!("/tokens/{id}")).await.ok();
    assert_eq!(other.get("/devices").await.problem(), (401, "no-token".to_owned()));
    world.clock.advance_seconds(90 * 86_400 - 1);
    assert_eq!(ada.get("/account").await.status, StatusCode::OK);
    world.clock.advance_seconds(1);
    assert_eq!(ada.get("/account").await.problem(), (401, "no-token".to_owned()));
}

#[tokio::test]
async fn a_new_password_signs_every_program_out() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let mut other = program(&world, "192.0.2.21");
    other.sign_in("ada@example.org", &["devices:read"]).await.ok();
    let wrong = ada
        .put(
            "/account/password",
            json!({"password": "not it at all", "new_password": "something new"}),
        )
        .await;
    assert_eq!(wrong.problem().0, 401);
    assert_eq!(other.get("/devices").await.status, StatusCode::OK);
    let body = json!({"password": PASSWORD, "new_password": "something new"});
    assert_eq!(ada.put("/account/password", body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        (other.get("/devices").await.status, ada.get("/account").await.status),
        (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED)
    );
    let answer = other.sign_in("ada@example.org", &["devices:read"]).await;
    assert_eq!(answer.problem().0, 401, "the old one is no password any more");
    let body = json!({"email": "ada@example.org", "password": "something new", "label": "x", "scopes": ["export"]});
    assert_eq!(other.post("/tokens", body).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_recovery_code_sets_a_password_and_signs_everybody_out() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = program(&world, "192.0.2.20");
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "age": 30, "accepted": world.digest, "label": "test", "scopes": ALL});
    let joined = ada.post("/join", body).await.ok();
    ada.token = joined["token"]["token"].as_str().map(str::to_owned);
    let code = joined["recovery_code"].as_str().unwrap();
    let reset = |code: &str| json!({"email": "ada@example.org", "code": code, "password": "something new"});
    assert_eq!(
        ada.post("/reset", reset("AAAAA-AAAAA-AAAAA-AAAAA")).await.problem().0,
        401
    );
    let given = ada.post("/reset", reset(code)).await.ok();
    assert_ne!(given["recovery_code"], json!(code));
    assert_eq!(ada.get("/account").await.problem().0, 401);
    assert_eq!(
        ada.post("/reset", reset(code)).await.problem().0,
        401,
        "a code works once"
    );
}

#[tokio::test]
async fn the_address_is_corrected_and_the_policy_agreed_to() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    member(&world, "grace@example.org").await;
    let to = |email: &str, secret: &str| json!({"email": email, "secret": secret});
    assert_eq!(
        ada.put("/account/email", to("a@example.org", "not it"))
            .await
            .problem()
            .0,
        401
    );
    assert_eq!(
        ada.put("/account/email", to("grace@example.org", PASSWORD))
            .await
            .problem()
            .0,
        409
    );
    assert_eq!(
        ada.put("/account/email", to("not an address", PASSWORD))
            .await
            .problem()
            .0,
        422
    );
    assert_eq!(
        ada.put("/account/email", to("lovelace@example.org", PASSWORD))
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(ada.get("/account").await.ok()["email"], "lovelace@example.org");
    let other = json!({"accepted": "0".repeat(64)});
    assert_eq!(
        ada.post("/account/agreement", other).await.problem(),
        (409, "conflict".to_owned())
    );
    let this = json!({"accepted": world.digest});
    assert_eq!(
        ada.post("/account/agreement", this).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn what_the_policy_does_not_declare_is_said_with_the_line_to_add() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    assert_eq!(ada.get("/visits").await.problem(), (404, "not-declared".to_owned()));
    let without = DEFAULT_POLICY.replace("collect token.hash token.label token.scope", "collect ticket.body");
    let world = World::new(&without).await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "age": 30, "accepted": world.digest, "label": "test", "scopes": ALL});
    let answer = program(&world, "192.0.2.20").post("/join", body).await;
    assert_eq!(answer.problem(), (404, "not-declared".to_owned()));
    assert!(
        answer.body["detail"].as_str().unwrap().contains("collect token.hash"),
        "{answer:?}"
    );
    assert_eq!(world.accounts.member_count().await, Ok(0), "and nobody has joined");
}

#[tokio::test]
async fn the_access_log_of_the_address_is_seen_and_deleted() {
    let world = World::new(NO_LOG_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    // Lines are written beside the answer, so the first one is waited for.
    let seen = loop {
        let seen = ada.get("/visits").await.ok();
        if seen["visits"].as_array().is_some_and(|visits| !visits.is_empty()) {
            break seen;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(seen["visits"][0]["address"], "192.0.2.20");
    let mut elsewhere = program(&world, "192.0.2.99");
    elsewhere.token.clone_from(&ada.token);
    let others = elsewhere.get("/visits").await.ok().to_string();
    assert!(!others.contains("192.0.2.20"), "{others}");
    assert_eq!(ada.delete("/visits").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_flood_of_requests_does_not_fill_the_access_log() {
    let world = World::new(NO_LOG_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let lines = |seen: serde_json::Value| seen["visits"].as_array().map_or(0, Vec::len);
    let mut most = 0;
    for _ in 0..300 {
        most = most.max(lines(ada.get("/visits").await.ok()));
    }
    assert!((1..=120).contains(&most), "{most} lines");
}

#[tokio::test]
async fn whatever_is_wrong_is_a_problem_that_quotes_nothing() {
    let world = World::new(DEFAULT_POLICY).await;
    let ada = member(&world, "ada@example.org").await;
    let raw = async |path: &str, body: &str| ada.send(Method::POST, path, Body::from(body.to_owned())).await;
    assert_eq!(raw("/devices", "{").await.problem(), (400, "unreadable".to_owned()));
    let canary = "canary-5d1f";
    for body in [
        format!("{{\"label\": 7, \"public_key\": \"{canary}\"}}"),
        format!("{{\"label\": \"x\", \"public_key\": \"{canary}\"}}"),
        format!("{{\"{canary}\": 1}}"),
        format!("\"{canary}\""),
    ] {
        let answer = raw("/devices", &body).await;
        assert_eq!(answer.problem(), (422, "wrong-value".to_owned()), "{body}");
        assert!(!answer.body.to_string().contains(canary), "{answer:?}");
    }
    assert_eq!(ada.get("/nothing").await.problem(), (404, "not-found".to_owned()));
    let wrong_method = ada.put("/devices", json!({})).await;
    assert_eq!(wrong_method.problem(), (405, "wrong-method".to_owned()));
    assert!(wrong_method.headers.contains_key("allow"), "{wrong_method:?}");
    assert_eq!(
        raw("/devices", &"x".repeat(70_000)).await.problem(),
        (413, "too-large".to_owned())
    );
    assert_eq!(ada.get("/usage?days=0").await.problem().0, 422);
    assert_eq!(ada.get("/usage?days=many").await.problem().0, 400);
    assert_eq!(ada.get("/devices/%ff").await.problem().0, 405);
    assert_eq!(ada.delete("/devices/%ff").await.problem().0 / 100, 4);
    assert_eq!(ada.delete("/devices/xyz").await.problem().0, 404);
}

#[tokio::test]
async fn guessing_is_limited_as_on_the_pages() {
    let world = World::new(DEFAULT_POLICY).await;
    let guesser = program(&world, "192.0.2.66");
    let guess = |number| json!({"email": format!("x{number}"), "password": "y", "label": "x", "scopes": ["export"]});
    for number in 0..30 {
        assert_eq!(guesser.post("/tokens", guess(number)).await.problem().0, 401);
    }
    let stopped = guesser.post("/tokens", guess(31)).await;
    assert_eq!(stopped.problem(), (429, "too-often".to_owned()));
    assert_eq!(stopped.headers["retry-after"], "60");
    let page = world.browser("192.0.2.66").sign_in("x@example.org", "y").await;
    assert_eq!(
        page.status,
        StatusCode::TOO_MANY_REQUESTS,
        "one count for pages and programs"
    );
    let elsewhere = program(&world, "192.0.2.67");
    assert_eq!(elsewhere.post("/tokens", guess(32)).await.problem().0, 401);
}

/// A method and an address.
type Operation = (&'static str, &'static str);

/// What the pages let a member do, and the operation that does the same. `None`: what programs have no use for.
const SAME: &[(&str, &str, Option<Operation>)] = &[
    ("post", "/join", Some(("post", "/join"))),
    ("post", "/sign-in", Some(("post", "/tokens"))),
    ("post", "/sign-out", Some(("delete", "/tokens/own"))),
    ("post", "/reset", Some(("post", "/reset"))),
    // The set-up is done once, by whoever reads the terminal.
    ("post", "/set-up/{token}", None),
    ("get", "/home", Some(("get", "/account"))),
    ("post", "/accept", Some(("post", "/account/agreement"))),
    ("get", "/devices", Some(("get", "/devices"))),
    ("post", "/devices", Some(("post", "/devices"))),
    ("post", "/devices/find", Some(("get", "/devices"))),
    ("get", "/devices/{id}/rename", Some(("get", "/devices"))),
    ("post", "/devices/{id}/rename", Some(("patch", "/devices/{id}"))),
    ("get", "/devices/{id}/remove", Some(("get", "/devices"))),
    ("post", "/devices/{id}/remove", Some(("delete", "/devices/{id}"))),
    ("get", "/usage", Some(("get", "/usage"))),
    ("get", "/me", Some(("get", "/export"))),
    ("get", "/me/export", Some(("get", "/export.zip"))),
    ("post", "/me/export", Some(("get", "/export.zip"))),
    ("get", "/me/programs", Some(("get", "/tokens"))),
    ("post", "/me/programs", Some(("post", "/tokens"))),
    ("get", "/me/programs/{id}/end", Some(("get", "/tokens"))),
    ("post", "/me/programs/{id}/end", Some(("delete", "/tokens/{id}"))),
    ("get", "/me/password", Some(("get", "/account"))),
    ("post", "/me/password", Some(("put", "/account/password"))),
    ("get", "/me/number", Some(("get", "/account"))),
    ("post", "/me/number", Some(("post", "/account/number"))),
    ("get", "/me/email", Some(("get", "/account"))),
    ("post", "/me/email", Some(("put", "/account/email"))),
    ("post", "/me/visits/forget", Some(("delete", "/visits"))),
    ("get", "/me/erase", Some(("get", "/instance"))),
    ("post", "/me/erase", Some(("post", "/erase"))),
];

#[tokio::test]
async fn every_action_of_the_pages_is_an_operation() {
    let source = include_str!("../../src/router.rs");
    let mut pages = BTreeSet::new();
    for function in ["fn site()", "fn member()"] {
        let (_, text) = source.split_once(function).expect("the router has this function");
        let text = text.split("\n}\n").next().unwrap();
        for route in text.split(".route(").skip(1) {
            let path = route.split('"').nth(1).expect("a route has a path");
            for method in ["get", "post"] {
                let served = route.contains(&format!("{method}("));
                // What anybody may look at is for people; a program is served what members have.
                if served && (method == "post" || function == "fn member()") {
                    pages.insert((method, path.to_owned()));
                }
            }
        }
    }
    assert!(pages.len() > 15, "the search finds routes: {pages:?}");
    let listed: BTreeSet<(&str, String)> = SAME
        .iter()
        .map(|(method, path, _)| (*method, (*path).to_owned()))
        .collect();
    assert_eq!(
        pages, listed,
        "a page's action without an operation, or the other way round"
    );
    let world = World::new(DEFAULT_POLICY).await;
    let document = program(&world, "192.0.2.22").get("/openapi.json").await.ok();
    for (.., operation) in SAME {
        if let Some((method, path)) = operation {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_every_operation_has_words() {
    let world = World::new(DEFAULT_POLICY).await;
    let program = program(&world, "192.0.2.22");
    let document = program.get("/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": "/api/v1"}]));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
            operations += 1;
        }
    }
    assert_eq!(operations, 30);
    let instance = program.get("/instance").await.ok();
    assert_eq!(instance["policy_digest"], json!(world.digest));
    assert_eq!(
        (&instance["by_invitation"], &instance["account_numbers"]),
        (&json!(false), &json!(true))
    );
}
