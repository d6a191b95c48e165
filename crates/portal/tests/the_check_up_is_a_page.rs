//! What `candor doctor` finds stands on a page of the operator's, with the line to paste.

mod world;

use axum::http::StatusCode;
use portal::{Finding, FindingState, TOPICS};
use world::{DEFAULT_POLICY, World};

fn finding(topic: &'static str, state: FindingState, found: &str, remedy: Option<&str>, note: Option<&str>) -> Finding {
    Finding {
        topic,
        state,
        found: found.to_owned(),
        remedy: remedy.map(str::to_owned),
        note: note.map(str::to_owned),
    }
}

#[tokio::test]
async fn what_is_wrong_comes_first_with_its_line_and_what_is_good_comes_last() {
    let world = World::new(DEFAULT_POLICY).await;
    *world.findings.lock().unwrap() = vec![
        finding("disk", FindingState::Good, "8 GiB free", None, None),
        finding(
            "clock",
            FindingState::Bad,
            "it is <late>",
            Some("sudo timedatectl set-ntp true"),
            Some("then look"),
        ),
        finding(
            "backup",
            FindingState::Look,
            "none was made",
            Some("sudo candor backup --out /b"),
            None,
        ),
        finding(
            "swap",
            FindingState::Unknown,
            "cannot be read",
            Some("sudo candor doctor"),
            None,
        ),
    ];
    let mut operator = world.operator().await;
    let answer = operator.get("/operator/doctor").await;
    assert_eq!(answer.status, StatusCode::OK);
    let text = answer.text();
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not in {text}"));
    assert!(at("One thing is wrong") < at("To mend") && at("To mend") < at("sudo timedatectl set-ntp true</pre>"));
    assert!(at("then look") < at("To look at") && at("To look at") < at("sudo candor backup --out /b</pre>"));
    assert!(at("Not found out") < at("In order") && at("In order") < at("8 GiB free"));
    assert!(at("4 checked just now, 1 to look at, 1 not found out") > 0);
    assert!(!text.contains("<late>"), "what is found is text");
    assert!(text.contains("href=\"/operator/doctor\" aria-current"), "{text}");
    let german = operator.get("/de/operator/doctor").await.text();
    for words in [
        "Eines stimmt nicht",
        "Zu beheben",
        ">Uhr</span>",
        "<p lang=\"en\">none was made</p>",
        "aria-label=\"Was zu tun ist: Sicherung\"",
    ] {
        assert!(german.contains(words), "{words}: {german}");
    }
}

#[tokio::test]
async fn where_all_is_good_the_page_says_so_and_asks_for_nothing() {
    let world = World::new(DEFAULT_POLICY).await;
    *world.findings.lock().unwrap() = vec![finding("disk", FindingState::Good, "8 GiB free", None, None)];
    let text = world.operator().await.get("/operator/doctor").await.text();
    assert!(
        text.contains("Nothing is wrong") && text.contains("Nothing is to be mended"),
        "{text}"
    );
    assert!(!text.contains("<pre"), "{text}");
}

#[tokio::test]
async fn a_member_and_a_guest_do_not_see_it() {
    let world = World::new(DEFAULT_POLICY).await;
    *world.findings.lock().unwrap() = vec![finding("disk", FindingState::Bad, "full of secrets", None, None)];
    let mut operator = world.operator().await;
    assert!(
        operator
            .get("/operator/doctor")
            .await
            .text()
            .contains("full of secrets")
    );
    for mut browser in [world.browser("192.0.2.9"), world.member("ada@example.org").await] {
        let answer = browser.get("/operator/doctor").await;
        assert_ne!(answer.status, StatusCode::OK);
        assert!(!answer.text().contains("full of secrets"));
    }
}

#[tokio::test]
async fn every_topic_has_a_name_in_every_language() {
    let world = World::new(DEFAULT_POLICY).await;
    let all = TOPICS.map(|(topic, _)| finding(topic, FindingState::Good, "well", None, None));
    *world.findings.lock().unwrap() = all.to_vec();
    let mut operator = world.operator().await;
    for at in ["", "/de"] {
        let text = operator.get(&format!("{at}/operator/doctor")).await.text();
        assert_eq!(text.matches("<td lang=\"en\">well</td>").count(), TOPICS.len());
        assert!(!text.contains("doctor-"), "{text}");
    }
}
