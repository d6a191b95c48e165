//! The language is the browser's, or the one that the visitor chose, on every page and in every refusal.

mod world;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use world::{Answer, Browser, DEFAULT_POLICY, FORUM_POLICY, PASSWORD, World, join_form};

const PUBLIC_KEY: &str = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

async fn get(browser: &mut Browser, path: &str, languages: &str) -> Answer {
    let request = Request::get(path).header("accept-language", languages);
    browser.send(request, Body::empty()).await
}

#[tokio::test]
async fn the_browser_is_believed_and_the_visitor_more() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut browser = world.browser("192.0.2.3");
    let german = get(&mut browser, "/sign-in", "de-AT,de;q=0.9,en;q=0.5").await;
    assert!(german.text().contains("<html lang=\"de\">") && german.text().contains("Passwort vergessen?"));
    assert!(
        german.text().contains("href=\"/en/sign-in\" lang=\"en\""),
        "the way to the other language"
    );
    assert_eq!(german.header("vary"), "accept-language");
    let english = get(&mut browser, "/en/sign-in", "de").await;
    assert!(english.text().contains("<html lang=\"en\">") && english.text().contains("href=\"/en/reset\""));
    assert!(english.header("set-cookie").is_empty());
    let unknown = get(&mut browser, "/sign-in", "fr, it;q=0.5").await;
    assert!(unknown.text().contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn a_chosen_language_stays_through_forms_and_ways_on() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.browser("192.0.2.9");
    let joined = ada
        .post("/de/join", &join_form(&world.digest, "ada@example.org", "30"))
        .await;
    assert!(joined.text().contains("Schreiben Sie das auf") && joined.text().contains("href=\"/de/home\""));
    assert!(
        !joined.text().contains("hreflang"),
        "asking again for this page would lose the code"
    );
    for path in [
        "/home",
        "/devices",
        "/usage",
        "/me",
        "/me/email",
        "/me/erase",
        "/",
        "/policy",
    ] {
        let page = ada.get(&format!("/de{path}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let text = page.text();
        assert!(text.contains("<html lang=\"de\">"), "{path}");
        for address in text.split("href=\"/").skip(1).chain(text.split("action=\"/").skip(1)) {
            let address = address.split('"').next().unwrap_or("");
            let everywhere = ["assets/", "icon.svg", "policy.json", "en/"];
            assert!(
                address.starts_with("de/") || everywhere.iter().any(|start| address.starts_with(start)),
                "{path} leads to /{address}"
            );
        }
    }
    let out = ada.post("/de/sign-out", &[]).await;
    assert_eq!(out.location(), "/de/");
    assert_eq!(ada.get("/de/home").await.location(), "/de/sign-in");
    let form = [("email", "ada@example.org"), ("password", PASSWORD)];
    assert_eq!(ada.post("/de/sign-in", &form).await.location(), "/de/home");
}

#[tokio::test]
async fn refusals_are_in_the_language_of_the_form() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    for (path, form, words) in [
        (
            "/de/devices",
            vec![("label", ""), ("public_key", PUBLIC_KEY)],
            "Ein Gerätename hat 1 bis 40 Zeichen",
        ),
        (
            "/de/devices",
            vec![("label", "x"), ("public_key", "y")],
            "hat 44 Zeichen in Base64",
        ),
        (
            "/de/me/erase",
            vec![("word", "erase"), ("password", "wrong")],
            "Das ist nicht Ihr Passwort",
        ),
        ("/de/me/erase", vec![("word", "")], "Tippen Sie das Wort löschen ein"),
        (
            "/de/me/email",
            vec![("email", "x"), ("password", PASSWORD)],
            "Das ist keine E-Mail-Adresse",
        ),
    ] {
        let answer = ada.post(path, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.text().contains(words), "{path}: {}", answer.text());
    }
    let mut guest = world.browser("192.0.2.4");
    let nowhere = guest.get("/de/nothing").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.text().contains("Hier ist nichts") && nowhere.text().contains("lang=\"de\""));
    let unknown = guest.post("/de/devices", &[("label", "x")]).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    assert!(unknown.text().contains("Sie sind nicht angemeldet") && unknown.text().contains("href=\"/de/sign-in\""));
}

#[tokio::test]
async fn numbers_times_and_tables_are_written_as_the_language_writes_them() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    let member = world.accounts.members(None, 10).await.unwrap().pop().unwrap().id;
    let delta = account::UsageDelta {
        member,
        up: 3 << 19,
        down: 5 << 29,
    };
    world.accounts.record_usage(&[delta]).await.unwrap();
    let usage = ada.get("/de/usage").await.text();
    for words in ["2,5 GiB empfangen, 1,5 MiB gesendet", "22. Nov. 2026", "90 Tage lang"] {
        assert!(usage.contains(words), "{words} is not in {usage}");
    }
    let me = ada.get("/de/me").await.text();
    for words in [
        "Was Sie uns gesagt haben",
        "Ihre Zugangsdaten",
        "6. Dezember 2026, in 14 Tagen",
        "von Ihnen angegeben",
        "Sie Ihr Konto schließen",
        "die Führung Ihres Kontos",
        "gespeichert, wird nie gezeigt",
    ] {
        assert!(me.contains(words), "{words} is not in {me}");
    }
    assert!(ada.get("/de/home").await.text().contains("November, noch 8 Tage"));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(ada.get("/de/me/export").await.body.to_vec())).unwrap();
    let mut page = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("about-me.html").unwrap(), &mut page).unwrap();
    assert!(page.contains("lang=\"de\"") && page.contains("E-Mail-Adresse") && page.contains("über mich weiß"));
}

#[tokio::test]
async fn the_operator_reads_german_too() {
    let world = World::new(FORUM_POLICY).await;
    let mut operator = world.operator().await;
    for (path, words) in [
        ("/operator", "Gehaltene Zusagen"),
        ("/operator/members", "1 Mitglied"),
        ("/operator/network", "Die Datenschutzerklärung kennt keine Geräte"),
        ("/operator/policy", "Die geltende Erklärung"),
    ] {
        let text = operator.get(&format!("/de{path}")).await.text();
        assert!(text.contains(words) && text.contains("lang=\"de\""), "{path}: {text}");
    }
}

/// What the pages say of a keep is what the policy's own rendering says of it.
#[tokio::test]
async fn the_start_page_says_how_long_in_the_words_of_the_policy() {
    let compiled = policy::compile(DEFAULT_POLICY, "test.kdl").unwrap();
    let json = policy::plan_json(&compiled, &world::exercised(compiled.plan()), "0.1.0");
    let world = World::new(DEFAULT_POLICY).await;
    let start = world.browser("192.0.2.3").get("/").await.text();
    let fields = json["fields"].as_array().unwrap();
    assert!(fields.len() > 5);
    for field in fields {
        let keep = field["keep"].as_str().unwrap();
        assert!(start.contains(keep), "{keep}");
    }
}
