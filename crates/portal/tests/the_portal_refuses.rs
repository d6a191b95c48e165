//! What is not let through, and that nothing is changed by it.

mod world;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use world::{DEFAULT_POLICY, PASSWORD, World, join_form};

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let requests = [
        Request::post("/me/erase").header("sec-fetch-site", "cross-site"),
        Request::post("/me/erase").header("sec-fetch-site", "same-site"),
        Request::post("/me/erase").header("origin", "https://evil.example"),
        Request::post("/me/erase").header("origin", "null"),
    ];
    for request in requests {
        let answer = ada
            .post_with(request, &[("word", "erase"), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("another web site") && answer.text().contains("<h1>"));
    }
    assert_eq!(ada.get("/home").await.status, StatusCode::OK, "nothing was erased");
}

#[tokio::test]
async fn a_wrong_password_keeps_the_address_and_not_the_password() {
    let world = World::new(DEFAULT_POLICY).await;
    world.member("ada@example.org").await;
    let answer = world
        .browser("192.0.2.3")
        .sign_in("ada@example.org", "a wrong <password>")
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = answer.text();
    assert!(text.contains("value=\"ada@example.org\"") && text.contains("role=\"alert\""));
    assert!(!text.contains("a wrong") && answer.header("set-cookie").is_empty());
    let unknown = world.browser("192.0.2.3").sign_in("nobody@example.org", "x").await;
    assert!(
        unknown.text().contains("the e-mail address or the password is wrong") || unknown.text().contains("The e-mail")
    );
}

#[tokio::test]
async fn many_attempts_of_one_address_are_stopped_and_others_are_not() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut guesser = world.browser("192.0.2.3");
    let mut statuses = Vec::new();
    for _ in 0..31 {
        statuses.push(
            guesser
                .post("/reset", &[("email", "x"), ("password", "short")])
                .await
                .status,
        );
    }
    let (last, before) = statuses.split_last().unwrap();
    assert!(before.iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY));
    assert_eq!(*last, StatusCode::TOO_MANY_REQUESTS);
    let answer = guesser.sign_in("x", "y").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "60")
    );
    assert!(answer.text().contains("Wait a minute"));
    let other = world.browser("192.0.2.4").sign_in("x@example.org", "y").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    world.clock.advance_seconds(10);
    assert_eq!(
        guesser.sign_in("x@example.org", "y").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn somebody_too_young_leaves_nothing_in_any_file() {
    let world = World::new(DEFAULT_POLICY).await;
    // The sealed value would not be found by its text, so the sizes of all files are compared as well.
    let sizes = || {
        let entries = std::fs::read_dir(world.folder.path()).unwrap().filter_map(Result::ok);
        let mut sizes: Vec<_> = entries
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().len()))
            .collect();
        sizes.sort();
        sizes
    };
    let before = sizes();
    let mut child = world.browser("192.0.2.5");
    let answer = child.join(&world.digest, "canary-4711-child@example.org", "15").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("16 years") && !answer.text().contains("canary"));
    assert!(child.cookie.is_none());
    assert_eq!(sizes(), before);
    assert!(!world.files_hold("canary-4711"));
    assert_eq!(world.accounts.member_count().await.unwrap(), 0);
    assert_eq!(
        child.join(&world.digest, "x@example.org", "16").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_wrong_join_form_says_where_and_keeps_what_was_typed() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut browser = world.browser("192.0.2.6");
    let old = "0".repeat(64);
    for (form, field, words) in [
        (vec![("age", "old"), ("agree", "yes")], "age", "whole number"),
        (
            vec![("age", ""), ("agree", "yes"), ("accepted", &world.digest)],
            "age",
            "how old you are",
        ),
        (vec![("age", "30"), ("accepted", &world.digest)], "agree", "agreement"),
        (
            vec![("age", "30"), ("agree", "yes"), ("accepted", &old)],
            "agree",
            "policy has changed",
        ),
        (
            vec![
                ("age", "30"),
                ("agree", "yes"),
                ("accepted", &world.digest),
                ("email", "<ada>"),
            ],
            "email",
            "e-mail address",
        ),
        (
            vec![
                ("age", "30"),
                ("agree", "yes"),
                ("accepted", &world.digest),
                ("email", "a@b.c"),
                ("password", "short"),
            ],
            "password",
            "at least 10 characters",
        ),
    ] {
        let answer = browser.post("/join", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = answer.text();
        assert!(text.contains(&format!("id=\"{field}-error\"")), "{field}: {text}");
        assert!(text.contains(words), "{words}: {text}");
        assert!(!text.contains("value=\"short\"") && !text.contains("<ada>"));
    }
    assert_eq!(world.accounts.member_count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_set_up_link_works_once() {
    let world = World::new(DEFAULT_POLICY).await;
    let token = world.accounts.set_up().text().unwrap();
    let mut browser = world.browser("192.0.2.1");
    let wrong = browser.get("/set-up/0123456789abcdef").await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    assert!(wrong.text().contains("start candor again"));
    let path = format!("/set-up/{token}");
    assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    let mistyped = browser.post(&path, &join_form(&world.digest, "no address", "40")).await;
    assert_eq!(mistyped.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = join_form(&world.digest, "operator@example.org", "40");
    assert_eq!(browser.post(&path, &form).await.status, StatusCode::OK);
    assert_eq!(browser.get("/operator").await.status, StatusCode::OK);
    let mut second = world.browser("192.0.2.2");
    assert_eq!(second.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(second.post(&path, &form).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn operator_pages_are_not_there_for_members_and_guests() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    let mut ada = world.member("ada@example.org").await;
    let members = world.accounts.members(None, 10).await.unwrap();
    let mut guest = world.browser("192.0.2.3");
    let own = members.iter().map(|line| line.id.to_string());
    let erase: Vec<String> = own.map(|id| format!("/operator/members/{id}/erase")).collect();
    let pages = [
        "/operator",
        "/operator/members",
        "/operator/network",
        "/operator/policy",
    ];
    for page in pages {
        assert_eq!(operator.get(page).await.status, StatusCode::OK, "{page}");
        assert_eq!(ada.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(guest.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for page in &erase {
        let form = [("word", "erase"), ("password", PASSWORD)];
        assert_eq!(ada.post(page, &form).await.status, StatusCode::NOT_FOUND);
        assert_eq!(guest.post(page, &form).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(world.accounts.member_count().await.unwrap(), 2);
    let list = operator.get("/operator/members").await.text();
    assert!(!list.contains("@example.org"), "staff see no e-mail address");
}

#[tokio::test]
async fn the_operator_erases_a_member_and_changes_a_tariff() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    let list = operator.get("/operator/members").await.text();
    let own = list
        .split("<code title=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let mut ada = world.member("ada@example.org").await;
    let lines = world.accounts.members(None, 10).await.unwrap();
    let id = lines
        .iter()
        .map(|line| line.id.to_string())
        .find(|id| *id != own)
        .unwrap();
    let path = format!("/operator/members/{id}/tariff");
    assert_eq!(
        operator.post(&path, &[("tariff", "open")]).await.location(),
        "/operator/members"
    );
    assert!(ada.get("/home").await.text().contains("<dd>open</dd>"));
    assert_eq!(
        operator.post(&path, &[("tariff", "free")]).await.status,
        StatusCode::NOT_FOUND
    );
    let form = [("word", "erase"), ("password", PASSWORD)];
    let on_self = operator.post(&format!("/operator/members/{own}/erase"), &form).await;
    assert_eq!(on_self.status, StatusCode::NOT_FOUND);
    let erased = operator.post(&format!("/operator/members/{id}/erase"), &form).await;
    assert!(store::Certificate::verifies(
        &erased.between("Certificate of erasure\">", "</pre>")
    ));
    assert_eq!(ada.get("/home").await.location(), "/sign-in");
    assert_eq!(
        operator.get("/home").await.status,
        StatusCode::OK,
        "the operator stays signed in"
    );
}

#[tokio::test]
async fn too_much_and_the_unknown_get_a_page_that_says_what_to_do() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut browser = world.browser("192.0.2.3");
    let form = |length| {
        Request::post("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", length)
    };
    let at_limit = format!("email={}", "a".repeat(64 * 1024 - 6));
    let answer = browser.send(form(at_limit.len()), Body::from(at_limit)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let beyond = format!("email={}", "a".repeat(64 * 1024 - 5));
    let answer = browser.send(form(beyond.len()), Body::from(beyond)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.text().contains("64 kilobytes"));
    for (path, status) in [
        ("/nothing", StatusCode::NOT_FOUND),
        ("/assets/x.css", StatusCode::NOT_FOUND),
        ("/accept", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(
            answer.text().contains("<h1>") && answer.text().contains("href=\"/\""),
            "{path}"
        );
    }
    let json = Request::post("/sign-in").header("content-type", "application/json");
    let answer = browser.send(json, Body::from("{}")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    browser.cookie = Some(format!("__Host-sid={}", "0".repeat(64)));
    assert_eq!(browser.get("/home").await.location(), "/sign-in");
}
