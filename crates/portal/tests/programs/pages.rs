//! The same on pages: numbers, invitations, batches and tokens, without a program and without a script.

use account::{Joining, MemberChange, Stop};
use axum::http::StatusCode;

use crate::program::{member, operator};
use crate::world::{DEFAULT_POLICY, START, World};

#[tokio::test]
async fn somebody_joins_by_a_number_and_comes_back_with_it() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.browser("192.0.2.50");
    assert!(ada.get("/join").await.text().contains("/join?by=number"));
    let form = ada.get("/join?by=number").await.text();
    assert!(
        form.contains("name=\"by\" value=\"number\"") && !form.contains("name=\"email\""),
        "{form}"
    );
    let fields = [
        ("age", "30"),
        ("agree", "yes"),
        ("accepted", &world.digest),
        ("by", "number"),
    ];
    let joined = ada.post("/join", &fields).await;
    assert_eq!(joined.status, StatusCode::OK);
    let number = joined.between("id=\"recovery-code\">", "<");
    assert_eq!(number.len(), 19, "{number}");
    let home = ada.get("/home").await.text();
    assert!(home.contains("You joined by a number"), "{home}");
    let mut elsewhere = world.browser("192.0.2.51");
    assert!(elsewhere.get("/sign-in").await.text().contains("name=\"number\""));
    let wrong = elsewhere.post("/sign-in", &[("number", "1234 5678 9012 3456")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("Nobody has this account number"));
    assert_eq!(
        elsewhere.post("/sign-in", &[("number", &number)]).await.location(),
        "/home"
    );
    assert_eq!(elsewhere.get("/home").await.status, StatusCode::OK);
    // The number is what is asked again before what cannot be undone.
    let refused = elsewhere
        .post("/me/erase", &[("word", "erase"), ("password", "1234 5678 9012 3456")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let erased = elsewhere
        .post("/me/erase", &[("word", "erase"), ("password", &number)])
        .await;
    assert_eq!(erased.status, StatusCode::OK);
    assert_eq!(ada.get("/home").await.location(), "/sign-in");
}

#[tokio::test]
async fn the_operator_invites_and_the_invited_join_by_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::joined_by(folder, DEFAULT_POLICY, true, START, Joining::ByInvitation).await;
    let mut operator = world.operator().await;
    let wrong = operator
        .post(
            "/operator/invitations",
            &[("uses", "0"), ("days", "7"), ("tariff", "small")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("1 to 10,000 people"), "{}", wrong.text());
    let made = operator
        .post(
            "/operator/invitations",
            &[("uses", "1"), ("days", "7"), ("tariff", "small")],
        )
        .await;
    let code = made.between("class=\"code\">", "<");
    let mut ada = world.browser("192.0.2.50");
    let form = ada.get(&format!("/join?invitation={code}")).await.text();
    assert!(
        form.contains(&format!("value=\"{code}\"")),
        "the link fills the form in: {form}"
    );
    let mut fields = crate::world::join_form(&world.digest, "ada@example.org", "30");
    let without = ada.post("/join", &fields).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(without.text().contains("join here by invitation") && without.text().contains("id=\"invitation-error\""));
    fields.push(("invitation", &code));
    assert_eq!(ada.post("/join", &fields).await.status, StatusCode::OK);
    assert!(ada.get("/home").await.text().contains("small"));
    let list = operator.get("/operator/invitations").await;
    assert!(!list.text().contains(&code), "the code is shown once");
    let id = list.between("<code title=\"", "\"");
    assert_eq!(
        operator
            .post(&format!("/operator/invitations/{id}/withdraw"), &[])
            .await
            .location(),
        "/operator/invitations"
    );
    assert!(
        operator
            .get("/operator/invitations")
            .await
            .text()
            .contains("No invitation is open")
    );
    assert_eq!(
        ada.get("/operator/invitations").await.status,
        StatusCode::NOT_FOUND,
        "for staff alone"
    );
}

#[tokio::test]
async fn the_operator_changes_many_at_once_and_finds_one() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    world.member("ada@example.org").await;
    let mut grace = world.member("grace@example.org").await;
    let find = |who: &'static str| [("who", who)];
    let found = operator
        .post("/operator/members/find", &find("grace@example.org"))
        .await;
    let id = found.between("name=\"member\" value=\"", "\"");
    assert_eq!(found.text().matches("name=\"member\"").count(), 1);
    let nobody = operator.post("/operator/members/find", &find("grace")).await.text();
    assert!(nobody.contains("Nobody has this e-mail address") && !nobody.contains(&id));
    let done = operator
        .post(
            "/operator/members/batch",
            &[("member", &id), ("action", "suspend"), ("days", "30")],
        )
        .await;
    assert!(done.text().contains("Done for 1 member."), "{}", done.text());
    assert_eq!(world.accounts.stopped(id.parse().unwrap()), Some(Stop::Suspended));
    let home = grace.get("/home").await.text();
    assert!(home.contains("The operator has suspended your account"), "{home}");
    let german = grace.get("/de/home").await.text();
    assert!(german.contains("Der Betreiber hat Ihr Konto gesperrt"), "{german}");
    let gone = "0".repeat(32);
    let refused = operator
        .post(
            "/operator/members/batch",
            &[("member", &id), ("member", &gone), ("action", "resume")],
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Member 00000000 is not there any more"));
    assert_eq!(
        world.accounts.stopped(id.parse().unwrap()),
        Some(Stop::Suspended),
        "and nothing was done"
    );
    let empty = operator.post("/operator/members/batch", &[("action", "resume")]).await;
    assert!(empty.text().contains("Select 1 to 500 members"));
    assert_eq!(
        grace
            .post("/operator/members/batch", &[("action", "resume")])
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_member_whose_membership_is_over_is_told_so() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let id = world.accounts.members(None, 10).await.unwrap()[0].id;
    world
        .accounts
        .change_members(&[id], &MemberChange::Tariff("month".into()))
        .await
        .unwrap();
    let home = ada.get("/home").await.text();
    assert!(
        home.contains("2026-12-21") && home.contains("90 days after that day the account is erased"),
        "{home}"
    );
    // The day after the last one; the session of the default policy has ended by then.
    world.clock.advance_seconds(30 * 86_400);
    world.accounts.sweep().await.unwrap();
    ada.sign_in("ada@example.org", crate::world::PASSWORD).await;
    assert!(ada.get("/home").await.text().contains("Your membership is over"));
}

#[tokio::test]
async fn a_member_sees_and_ends_what_programs_may_act() {
    let world = World::new(DEFAULT_POLICY).await;
    let program = member(&world, "ada@example.org").await;
    let mut ada = world.browser("192.0.2.50");
    ada.sign_in("ada@example.org", crate::world::PASSWORD).await;
    let page = ada.get("/me/programs").await;
    assert!(page.text().contains("<strong>test</strong>") && page.text().contains("devices:write"));
    let end = page.between("href=\"/me/programs/", "\"");
    assert_eq!(
        ada.post(&format!("/me/programs/{end}"), &[]).await.location(),
        "/me/programs"
    );
    assert!(
        ada.get("/me/programs")
            .await
            .text()
            .contains("No program can act for you")
    );
    assert_eq!(program.get("/account").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_page_for_programs_lists_every_operation_and_every_problem() {
    let world = World::new(DEFAULT_POLICY).await;
    let program = operator(&world).await;
    let mut guest = world.browser("192.0.2.50");
    assert!(
        guest.get("/").await.text().contains("href=\"/api\""),
        "linked from the foot of every page"
    );
    let page = guest.get("/api").await.text();
    let document = program.get("/openapi.json").await.ok();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
    let problem = program.get("/nothing").await.body["type"].as_str().unwrap().to_owned();
    assert!(
        page.contains(&format!("id=\"{}\"", problem.trim_start_matches("/api#"))),
        "{problem}"
    );
}
