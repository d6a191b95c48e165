//! Commands, their exit codes and what they say, without a running provider.

mod world;

use world::{repository, run, stderr, stdout};

fn policy(name: &str) -> String {
    repository().join("policies").join(name).display().to_string()
}

#[test]
fn help_names_every_command_and_hides_the_worker() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    for command in ["serve", "demo", "prove", "policy", "device", "invite", "certificate"] {
        assert!(stdout(&help).contains(command), "{}", stdout(&help));
    }
    assert!(!stdout(&help).contains("worker"), "{}", stdout(&help));
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    let wrong = run(&["serv"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("serve"), "{}", stderr(&wrong));
    let missing = run(&["policy", "check", "/nonexistent.kdl"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("is the name right?"), "{}", stderr(&missing));
}

#[test]
fn a_right_policy_ends_with_0_and_a_wrong_one_with_1_and_its_place() {
    let right = run(&["policy", "check", &policy("no-log-vpn.kdl")]);
    assert_eq!(right.status.code(), Some(0), "{}", stderr(&right));
    assert!(
        stdout(&right).contains("declared, not collected by this version: "),
        "{}",
        stdout(&right)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.kdl");
    let source = std::fs::read_to_string(policy("default.kdl")).unwrap();
    std::fs::write(&file, source.replace("collect email", "collect e-mail")).unwrap();
    let wrong = run(&["policy", "check", &file.display().to_string()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        stderr(&wrong).contains("wrong.kdl:") && stderr(&wrong).contains("email"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn a_digest_is_the_same_from_every_command() {
    let file = policy("default.kdl");
    let digest = stdout(&run(&["policy", "digest", &file]));
    let json = stdout(&run(&["policy", "show", &file, "--json"]));
    assert_eq!(digest.trim().len(), 64);
    assert!(json.contains(digest.trim()));
    assert!(stdout(&run(&["policy", "show", &file])).contains(digest.trim()));
}

#[test]
fn pages_are_rendered_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/pages");
    let rendered = run(&[
        "policy",
        "render",
        &policy("no-log-vpn.kdl"),
        "--out",
        &out.display().to_string(),
    ]);
    assert!(rendered.status.success(), "{}", stderr(&rendered));
    for file in ["index.html", "label.html", "cookies.html", "policy.json"] {
        assert!(out.join(file).exists(), "{file}");
    }
}

#[test]
fn a_difference_ends_with_1_when_members_must_be_told_and_with_2_when_a_file_is_wrong() {
    let (strict, loose) = (policy("default.kdl"), policy("no-log-vpn.kdl"));
    assert_eq!(run(&["policy", "diff", &strict, &strict]).status.code(), Some(0));
    let wider = run(&["policy", "diff", &strict, &loose]);
    assert_eq!(wider.status.code(), Some(1));
    assert!(
        stdout(&wider).contains("Members must be told 14 days ahead"),
        "{}",
        stdout(&wider)
    );
    let german = run(&["policy", "diff", &strict, &loose, "--lang", "de"]);
    assert!(stdout(&german).contains("14 Tage vorher"), "{}", stdout(&german));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&run(&["policy", "diff", &strict, &loose, "--json"]))).unwrap();
    assert_eq!(json["verdict"], "significant");
    assert_eq!(
        run(&["policy", "diff", &strict, "/nonexistent.kdl"]).status.code(),
        Some(2)
    );
    assert_eq!(
        run(&["policy", "diff", &strict, &strict, "--lang", "tlh"])
            .status
            .code(),
        Some(2)
    );
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.kdl");
    std::fs::write(&wrong, "policy wrong").unwrap();
    let wrong = wrong.display().to_string();
    assert_eq!(run(&["policy", "diff", &strict, &wrong]).status.code(), Some(2));
}

#[test]
fn the_statements_shrink_with_the_policy() {
    let all = stdout(&run(&["policy", "statements"]));
    let forum = stdout(&run(&[
        "policy",
        "statements",
        "--policy",
        &policy("examples/forum.kdl"),
    ]));
    assert!(all.contains("usage.add") && all.contains("usage.bytes"), "{all}");
    assert!(
        !forum.contains("usage.add") && forum.contains("credential.of"),
        "{forum}"
    );
}

#[test]
fn serve_check_says_what_would_start_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let checked = run(&["serve", "--check", "--data", &data.display().to_string()]);
    assert!(checked.status.success(), "{}", stderr(&checked));
    assert!(stdout(&checked).contains("fit together"), "{}", stdout(&checked));
    // The built-in policy has no contact of anybody.
    assert!(
        stderr(&checked).contains("nobody can be reached"),
        "{}",
        stderr(&checked)
    );
    assert!(!data.exists());
}

#[test]
fn an_unknown_key_of_the_configuration_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("candor.toml");
    std::fs::write(&file, "[site]\nlocal_prot = 1\n").unwrap();
    let wrong = run(&["serve", "--check", "--config", &file.display().to_string()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        stderr(&wrong).contains("line 2") && stderr(&wrong).contains("local_port"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn a_name_server_that_the_policy_does_not_list_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("candor.toml");
    std::fs::write(&file, "[vpn]\ndns = [\"192.0.2.53\"]\n").unwrap();
    let config = file.display().to_string();
    let refused = run(&[
        "serve",
        "--check",
        "--config",
        &config,
        "--policy",
        &policy("examples/forum.kdl"),
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("recipient resolver"), "{}", stderr(&refused));
    assert!(run(&["serve", "--check", "--config", &config]).status.success());
}

#[test]
fn a_certificate_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.txt");
    std::fs::write(&file, "Candor erasure certificate\npublic key: 00\nsignature: 00\n").unwrap();
    let refused = run(&["certificate", &file.display().to_string()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("does not fit"), "{}", stderr(&refused));
}
