//! `policies/no-log-vpn.kdl` at work: what each clause of its series demands of the running program. Clauses of the
//! tunnel itself are tested with third-party clients in `crates/lab`.

mod world;

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use plan::act::ActId;
use plan::field::{DeviceKey, Email, UsageBytes};
use plan::purpose::{Account, Billing, NetworkOps, Promotion, Service, Support};
use plan::{FieldId, Never};
use policy::{Compiled, compile};
use world::{Provider, repository, stdout};

const CONFIGURATION: &str = "policy = \"policy.kdl\"\n[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n[[tariff]]\nname = \"small\"\ndevices = 1\n";

fn source() -> String {
    std::fs::read_to_string(repository().join("policies/no-log-vpn.kdl")).expect("the profile is there")
}

fn profile() -> Compiled {
    compile(&source(), "no-log-vpn.kdl").expect("the profile is right")
}

/// Why the profile is refused after one change.
fn refusal(from: &str, to: &str) -> String {
    let changed = source().replacen(from, to, 1);
    assert_ne!(changed, source(), "the profile has {from:?}");
    compile(&changed, "changed.kdl")
        .expect_err("the change is refused")
        .to_string()
}

fn provider_with(policy: &str) -> Provider {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("candor.toml"), CONFIGURATION).expect("the folder can be written");
    std::fs::write(folder.path().join("policy.kdl"), policy).expect("the folder can be written");
    Provider::start_in(folder, world::namespace(), &[])
}

fn provider() -> Provider {
    provider_with(&source())
}

fn get(provider: &Provider, path: &str) -> String {
    provider.curl(&[&format!("http://localhost:8080{path}")])
}

/// A member's page.
fn get_signed_in(provider: &Provider, path: &str) -> String {
    // curl keeps a `Secure` cookie from plain HTTP on this machine in the jar's file, but sends it over TLS alone.
    provider.curl(&[
        "--insecure",
        "--cookie",
        &cookie(provider),
        &format!("https://localhost:8443{path}"),
    ])
}

fn cookie(provider: &Provider) -> String {
    provider.cookie().expect("somebody is signed in")
}

/// Every file of the data folder, one after the other.
fn files(provider: &Provider) -> Vec<u8> {
    let entries = std::fs::read_dir(provider.data()).expect("the data folder is there");
    entries
        .flat_map(|entry| std::fs::read(entry.expect("an entry").path()).unwrap_or_default())
        .collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn query(provider: &Provider, sql: &str) -> String {
    let output = Command::new("sqlite3")
        .arg(provider.data().join("candor.db"))
        .arg(sql)
        .output()
        .expect("sqlite3 is installed");
    stdout(&output).trim().to_owned()
}

#[test]
fn s3_001_the_page_says_in_plain_words_what_happens_and_who_answers() {
    let page = get(&provider(), "/policy");
    assert!(
        page.contains("privacy@harbourlane.example") && page.contains("bytes moved"),
        "{page}"
    );
}

#[test]
fn s3_010_the_count_of_bytes_serves_its_purposes_alone() {
    let plan = profile();
    let plan = plan.plan();
    assert!(plan.permit::<UsageBytes, NetworkOps>().is_ok() && plan.permit::<UsageBytes, Support>().is_ok());
    let refused = plan
        .permit::<UsageBytes, Promotion>()
        .err()
        .expect("promotion is not declared");
    assert!(refused.to_string().contains("collect usage.bytes"), "{refused}");
}

#[test]
fn s3_018_traffic_rules_forget_within_a_minute_and_none_may_remember_for_hours() {
    let compiled = profile();
    let rules = compiled
        .plan()
        .parts()
        .processes
        .iter()
        .find(|process| process.name == "traffic-rules");
    assert_eq!(rules.map(|rules| rules.ttl_seconds), Some(60));
    assert!(refusal("ttl=\"60s\"", "ttl=\"2h\"").contains("ttl"));
}

#[test]
fn s3_019_the_countries_with_machines_are_on_the_page() {
    let page = get(&provider(), "/policy");
    let (_, page) = page
        .split_once("Machines that carry traffic may stand in:")
        .expect("the page has the sentence");
    for country in ["JP", "NL", "SE", "US"] {
        assert!(page[..page.len().min(200)].contains(country), "{country}: {page}");
    }
}

#[test]
fn s3_021_an_email_address_is_all_that_is_asked_of_who_joins() {
    let provider = provider();
    provider.join("ada@example.org", "three small words");
    assert_eq!(query(&provider, "SELECT field FROM held"), "email");
}

#[test]
fn s3_022_the_email_address_serves_billing_and_support() {
    let compiled = profile();
    assert!(compiled.plan().permit::<Email, Billing>().is_ok() && compiled.plan().permit::<Email, Support>().is_ok());
    assert!(
        compiled.plan().permit::<Email, Promotion>().is_err(),
        "an offer needs the person's choice as well"
    );
}

#[test]
fn s3_026_a_form_of_another_site_is_refused_and_an_address_lies_sealed() {
    let provider = provider();
    provider.join("ada@example.org", "three small words");
    let forged = provider.curl(&[
        "--header",
        "Origin: https://elsewhere.example",
        "--header",
        "Sec-Fetch-Site: cross-site",
        "--data",
        "email=ada%40example.org&password=three+small+words",
        "http://localhost:8080/sign-in",
    ]);
    assert!(forged.starts_with("HTTP/1.1 403"), "{forged}");
    let files = files(&provider);
    assert!(!contains(&files, "ada@example.org") && !contains(&files, "three small words"));
}

#[test]
fn s3_027_what_comes_from_elsewhere_is_tls_and_none_older_than_1_2() {
    let provider = provider();
    let mut listing = Command::new("ss");
    listing.args(["--listening", "--tcp", "--numeric", "--no-header"]);
    let sockets = provider.namespace.run(|| listing.output()).unwrap().unwrap();
    let plain: Vec<String> = stdout(&sockets)
        .lines()
        .filter(|line| line.contains(":8080"))
        .map(str::to_owned)
        .collect();
    assert!(
        !plain.is_empty()
            && plain
                .iter()
                .all(|line| line.contains("127.0.0.1:8080") || line.contains("[::1]:8080")),
        "{plain:?}"
    );
    let mut old = Command::new("curl");
    old.args([
        "--silent",
        "--insecure",
        "--ciphers",
        "DEFAULT@SECLEVEL=0",
        "--tlsv1.0",
        "--tls-max",
        "1.1",
        "https://localhost:8443/",
    ]);
    let refused = provider.namespace.run(|| old.output()).unwrap().unwrap();
    assert!(!refused.status.success());
    let new = provider.curl(&["--insecure", "--tlsv1.2", "https://localhost:8443/"]);
    assert!(new.to_lowercase().contains("strict-transport-security"), "{new}");
}

#[test]
fn s3_029_a_card_number_has_no_place() {
    let compiled = profile();
    for field in [FieldId::PaymentPan, FieldId::PaymentCvv, FieldId::Ssn] {
        assert!(
            !field.can_be_held() && !compiled.plan().allows(field, ActId::Keep),
            "{field:?}"
        );
    }
    assert!(!refusal("collect cart", "collect payment.cvv cart").is_empty());
    let provider = provider();
    provider.join_with(
        "ada@example.org",
        "three small words",
        &["--data", "card=4000001234567899&cvv=987654321"],
    );
    let files = files(&provider);
    assert!(!contains(&files, "4000001234567899") && !contains(&files, "987654321"));
}

#[test]
fn s3_032_public_pages_need_no_cookie_and_set_none() {
    let provider = provider();
    for path in ["/", "/policy", "/join", "/sign-in"] {
        let page = get(&provider, path);
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page}");
        assert!(!page.to_lowercase().contains("set-cookie"), "{path}: {page}");
    }
}

#[test]
fn s3_033_what_identifies_people_is_never_sold() {
    let compiled = profile();
    let parts = compiled.plan().parts();
    assert!(parts.nevers.iter().any(|(never, _)| *never == Never::Sell));
    let enabled: Vec<&str> = parts
        .recipients
        .iter()
        .filter(|recipient| recipient.enabled)
        .map(|recipient| recipient.name.as_str())
        .collect();
    assert_eq!(enabled, ["resolver"], "the members' own name server, and nobody else");
}

#[test]
fn s3_034_a_helper_without_an_agreement_is_handed_nothing() {
    assert!(refusal("country=SE enabled=#false", "country=SE").contains("agreement"));
}

#[test]
fn s3_040_a_statement_about_another_place_does_not_compile() {
    assert!(
        refusal(
            "surfaces tunnel account site app support",
            "surfaces tunnel account site support"
        )
        .contains("surface")
    );
}

#[test]
fn s3_041_a_new_policy_is_posted_by_starting_with_it() {
    let provider = provider();
    provider.join("ada@example.org", "three small words");
    let cookie = cookie(&provider);
    let before = provider.word_after("digest  ");
    let (folder, namespace, _) = provider.stop();
    std::fs::write(
        folder.path().join("policy.kdl"),
        source().replace("keep \"395d\"", "keep \"90d\""),
    )
    .unwrap();
    let provider = Provider::start_in(folder, namespace, &[]);
    let after = provider.word_after("digest  ");
    assert_ne!(before, after);
    assert!(get(&provider, "/policy").contains(&after));
    let home = provider.curl(&["--insecure", "--cookie", &cookie, "https://localhost:8443/home"]);
    assert!(home.contains("action=\"/accept\""), "the member is asked: {home}");
}

#[test]
fn s3_042_the_date_is_at_the_top_of_the_page() {
    let page = get(&provider(), "/policy");
    let main = page.split_once("<main").map_or(page.as_str(), |(_, main)| main);
    assert!(
        main[..main.len().min(1500)].contains("2026"),
        "{}",
        &main[..main.len().min(1500)]
    );
}

#[test]
fn s3_043_the_policy_is_open_to_all_without_an_account() {
    let provider = provider();
    let json = get(&provider, "/policy.json");
    assert!(
        json.starts_with("HTTP/1.1 200") && json.contains(&provider.word_after("digest  ")),
        "{json}"
    );
}

#[test]
fn s3_044_a_field_that_no_form_has_is_not_kept() {
    let provider = provider();
    provider.join_with(
        "ada@example.org",
        "three small words",
        &["--data", "nickname=planted-nickname-7c21f0&shoe=planted-shoe-55b1"],
    );
    let files = files(&provider);
    assert!(!contains(&files, "planted-nickname-7c21f0") && !contains(&files, "planted-shoe-55b1"));
}

#[test]
fn s3_046_a_visit_leaves_time_address_and_program_for_14_days_and_nothing_under_a_policy_without() {
    let provider = provider();
    provider.curl(&["--user-agent", "planted-program/1.0", "http://localhost:8080/"]);
    world::until("a line of the access log", || {
        query(&provider, "SELECT COUNT(*) FROM access_program") != "0"
    });
    let days = query(
        &provider,
        "SELECT MAX(expires_at) / 86400000000 - CAST(strftime('%s', 'now') AS INTEGER) / 86400 FROM access_line",
    );
    assert!(["13", "14"].contains(&days.as_str()), "{days}");
    assert!(!contains(&files(&provider), "planted-program"), "it is sealed");
    let columns = query(
        &provider,
        "SELECT group_concat(name, ' ') FROM pragma_table_info('access_line')",
    );
    assert_eq!(columns, "id day ip ip_index time expires_at");
    let strict = std::fs::read_to_string(repository().join("policies/default.kdl")).unwrap();
    let provider = provider_with(&strict);
    get(&provider, "/");
    assert_eq!(
        query(
            &provider,
            "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'access%'"
        ),
        "0"
    );
}

#[test]
fn s3_050_data_serves_the_service_and_a_use_without_its_purpose_gets_no_permit() {
    let compiled = profile();
    assert!(
        compiled.plan().permit::<Email, Account>().is_ok() && compiled.plan().permit::<DeviceKey, Service>().is_ok()
    );
    assert!(compiled.plan().permit::<DeviceKey, Promotion>().is_err());
}

#[test]
fn s3_051_what_a_member_asks_for_is_done_with_the_data_and_told() {
    let provider = provider();
    provider.join("ada@example.org", "three small words");
    let added = provider.beside(
        &["device", "add", "--label", "phone", "--email", "ada@example.org"],
        "three small words\n",
    );
    assert!(stdout(&added).contains("PresharedKey = "), "{}", world::stderr(&added));
    assert!(get_signed_in(&provider, "/devices").contains("phone"));
}

#[test]
fn s3_055_the_country_where_accounts_are_kept_is_on_the_page() {
    let compiled = profile();
    assert_eq!(compiled.plan().parts().transfers[0].processing.as_deref(), Some("SE"));
    assert!(get(&provider(), "/policy").contains("Accounts are kept in: SE"));
}

#[test]
fn s3_056_a_helper_gets_only_what_is_collected() {
    assert!(
        refusal(
            "gets email payment.token order.total",
            "gets email payment.token order.total page.url"
        )
        .contains("page.url")
    );
}

#[test]
fn s3_062_pages_load_nothing_from_elsewhere() {
    let provider = provider();
    for path in ["/", "/policy", "/join"] {
        let page = get(&provider, path);
        assert!(
            page.to_lowercase()
                .contains("content-security-policy: default-src 'none'"),
            "{path}: {page}"
        );
        let elsewhere = ["src=\"http", "src=\"//", "<link rel=\"stylesheet\" href=\"http"]
            .iter()
            .find(|text| page.contains(**text));
        assert_eq!(elsewhere, None, "{path}");
    }
}

#[test]
fn s3_065_no_other_party_can_set_a_cookie() {
    let provider = provider();
    let answer = provider.join("ada@example.org", "three small words");
    let set: Vec<&str> = answer
        .lines()
        .filter(|line| line.to_lowercase().starts_with("set-cookie:"))
        .collect();
    assert_eq!(set.len(), 1, "{set:?}");
    assert!(
        set[0].contains("__Host-sid=")
            && !set[0].to_lowercase().contains("max-age")
            && !set[0].to_lowercase().contains("domain"),
        "{set:?}"
    );
}

#[test]
fn s3_066_files_are_for_the_operator_alone_and_values_are_sealed() {
    let provider = provider();
    provider.join("ada@example.org", "three small words");
    let mode = |name: &str| {
        std::fs::metadata(provider.data().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(""), 0o700);
    for file in ["wrapping.key", "tls.key"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    assert!(!contains(&files(&provider), "ada@example.org"));
}

#[test]
fn s3_067_questions_have_an_address_and_a_policy_without_one_does_not_compile() {
    assert!(get(&provider(), "/.well-known/security.txt").contains("privacy@harbourlane.example"));
    assert!(refusal(" contact=\"privacy@harbourlane.example\"", "").contains("contact"));
}

#[test]
fn s3_068_a_tariff_has_its_limits() {
    let provider = provider();
    provider.join("ada@example.org", "three small words");
    let add = |label: &str| {
        provider.beside(
            &["device", "add", "--label", label, "--email", "ada@example.org"],
            "three small words\n",
        )
    };
    assert!(add("first").status.success());
    let second = add("second");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        world::stderr(&second).contains("allows 1 device"),
        "{}",
        world::stderr(&second)
    );
}

#[test]
fn s3_071_the_business_behind_the_service_is_named() {
    assert!(get(&provider(), "/policy").contains("Harbour Lane Co-operative"));
}

#[test]
fn s3_073_following_people_across_sites_cannot_be_switched_on_by_default() {
    assert!(
        refusal(
            "country=US enabled=#false cross-site=#true",
            "country=US cross-site=#true"
        )
        .contains("cross-site")
    );
}
