//! `candor serve`: starts, stops, keeps, refuses. Each test has a network namespace of its own.

mod world;

use std::process::Command;

use world::{Provider, candor, namespace, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";

#[test]
fn a_second_start_keeps_everything_and_offers_no_second_set_up() {
    let mut provider = Provider::start(SMALL);
    let token = provider.word_after("http://localhost:8080/set-up/");
    let page = provider.curl(&[&format!("http://localhost:8080/set-up/{token}")]);
    let accepted = world::value_of(&page, "accepted");
    let answer = provider.curl(&[
        "--data-urlencode",
        "email=grace@example.org",
        "--data-urlencode",
        "password=a password to keep",
        "--data",
        &format!("age=60&agree=yes&accepted={accepted}"),
        &format!("http://localhost:8080/set-up/{token}"),
    ]);
    assert!(answer.contains("__Host-sid="), "{answer}");
    let again = provider.curl(&[&format!("http://localhost:8080/set-up/{token}")]);
    assert!(!again.starts_with("HTTP/1.1 200"), "the token works once: {again}");
    provider.wait_for("started in");
    let (folder, namespace, said) = provider.stop();
    assert!(said.contains("stopping"), "{said}");
    assert!(!folder.path().join("candor-data/running.json").exists());

    let provider = Provider::start_in(folder, namespace, &[]);
    assert!(!provider.said().contains("/set-up/"), "{}", provider.said());
    let answer = provider.curl(&[
        "--data-urlencode",
        "email=grace@example.org",
        "--data-urlencode",
        "password=a password to keep",
        "http://localhost:8080/sign-in",
    ]);
    assert!(answer.contains("__Host-sid="), "{answer}");
}

#[test]
fn a_second_instance_on_the_same_folder_is_refused() {
    let provider = Provider::start(SMALL);
    let second = provider.beside(&["serve"], "");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains("runs on the data folder"),
        "{}",
        stderr(&second)
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_the_key_to_change() {
    let provider = Provider::start(SMALL);
    let second = provider.beside(&["serve", "--data", "other"], "");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains("8443") && stderr(&second).contains("`tls`"),
        "{}",
        stderr(&second)
    );
}

#[test]
fn without_rights_everything_runs_and_the_line_that_gives_the_kernels_way_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_owned();
    std::fs::write(home.join("candor.toml"), SMALL).unwrap();
    std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
    // The test's target folder may not be open to everybody; the ordinary user runs a copy.
    let program = home.join("candor");
    std::fs::copy(candor(), &program).unwrap();
    let log = std::fs::File::create(home.join("said")).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"])
        .arg(&program)
        .arg("serve");
    command.current_dir(&home).stdout(log.try_clone().unwrap()).stderr(log);
    let mut child = namespace().run(|| command.spawn()).unwrap().unwrap();
    let said = || std::fs::read_to_string(home.join("said")).unwrap();
    let begun = std::time::Instant::now();
    while !said().contains("started in") && begun.elapsed().as_secs() < 60 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let words = said();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(words.contains("started in"), "{words}");
    assert!(
        words.contains("in user space; for the kernel's way") && words.contains("setcap"),
        "{words}"
    );
    assert!(words.contains("http://localhost:8080/set-up/"), "{words}");
}

#[test]
fn another_address_than_this_machine_is_tls_with_the_printed_fingerprint() {
    let provider = Provider::start(SMALL);
    let printed = provider.word_after("fingerprint ");
    provider.join("ada@example.org", "three small words");
    let add = |fingerprint: &str| {
        let arguments = [
            "device",
            "add",
            "--label",
            "router",
            "--email",
            "ada@example.org",
            "--url",
            "https://localhost:8443",
            "--fingerprint",
            fingerprint,
        ];
        provider.beside(&arguments, "three small words\n")
    };
    let added = add(&printed);
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(
        stdout(&added).contains("[Interface]\nPrivateKey = ") && stdout(&added).contains("Endpoint = localhost:51820"),
        "{}",
        stdout(&added)
    );
    let other = printed.replace(&printed[..2], if &printed[..2] == "00" { "01" } else { "00" });
    assert!(stderr(&add(&other)).contains("--fingerprint"));
    let answer = provider.curl(&["--insecure", "https://localhost:8443/"]);
    assert!(
        answer.to_lowercase().contains("strict-transport-security: max-age="),
        "{answer}"
    );
}

#[test]
fn a_wrong_password_is_told_and_nothing_is_added() {
    let provider = Provider::start(SMALL);
    provider.join("ada@example.org", "three small words");
    let arguments = ["device", "add", "--label", "router", "--email", "ada@example.org"];
    let refused = provider.beside(&arguments, "three big words\n");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("address or the password is wrong"),
        "{}",
        stderr(&refused)
    );
}
