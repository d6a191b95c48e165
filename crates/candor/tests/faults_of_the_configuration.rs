//! A wrong flag or a wrong line of the configuration is named with its place and what to write instead, and nothing is
//! started or made.

mod world;

use std::path::Path;

use world::{run, stderr};

/// What `serve --check` says about a configuration that is wrong.
fn wrong(text: &str) -> String {
    let folder = tempfile::tempdir().expect("the machine does its part");
    let file = folder.path().join("candor.toml");
    std::fs::write(&file, text).expect("the machine does its part");
    let checked = run(&["serve", "--check", "--config", &file.display().to_string()]);
    assert_eq!(checked.status.code(), Some(1), "{text:?} was accepted");
    let said = stderr(&checked);
    assert!(said.contains(&file.display().to_string()), "the file is named: {said}");
    said
}

/// The keys of docs/configuration.md: (section, key).
fn keys() -> Vec<(String, String)> {
    let document =
        std::fs::read_to_string(world::repository().join("docs/configuration.md")).expect("the machine does its part");
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.trim_matches(['`', '[', ']']).replace("The whole file", "");
        }
        if let Some(key) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) {
            keys.push((section.clone(), key.to_owned()));
        }
    }
    assert!(keys.len() > 15, "{keys:?}");
    keys
}

#[test]
fn every_key_with_a_value_of_the_wrong_type_names_line_and_key_and_what_to_write() {
    for (section, key) in keys() {
        let head = match section.as_str() {
            "" => String::new(),
            "tariff" if key == "name" => "[[tariff]]\n".to_owned(),
            "tariff" => "[[tariff]]\nname = \"family\"\n".to_owned(),
            section => format!("[{section}]\n"),
        };
        let text = format!("# a comment\n{head}{key} = {{ surprise = 1 }}\n");
        let line = text.lines().count();
        let said = wrong(&text);
        assert!(said.contains(&format!("line {line}")), "{section}.{key}: {said}");
        assert!(said.contains(&format!("`{key}`")), "{section}.{key}: {said}");
        assert!(said.contains("write "), "{section}.{key}: {said}");
    }
}

#[test]
fn values_out_of_range_name_line_and_key_and_what_to_write() {
    for (text, line, words) in [
        ("data = \"\"", 1, "a folder"),
        ("policy = \"\"", 1, "built-in policy"),
        ("user = \"\"", 1, "owner of the data folder"),
        ("[site]\nlocal_port = 0", 2, "1 to 65535"),
        ("[site]\nlocal_port = 65536", 2, "1 to 65535"),
        ("[site]\nlocal_port = -1", 2, "1 to 65535"),
        ("[site]\ntls = \"8443\"", 2, "[::]:8443"),
        ("[site]\ntls = \"[::]:0\"", 2, "[::]:8443"),
        ("[site]\ntls = \"[::]:8080\"", 1, "local_port"),
        ("[site]\nnames = [\"vpn.example.org\", \"a b\"]", 2, "a b"),
        ("[site]\nkey = \"/etc/candor/key.pem\"", 2, "name both"),
        ("[vpn]\nport = 0", 2, "1 to 65535"),
        ("[vpn]\nport = 70000", 2, "1 to 65535"),
        ("[vpn]\ninterface = \"a name that is too long\"", 2, "1 to 15"),
        ("[vpn]\ninterface = \"../x\"", 2, "1 to 15"),
        ("[vpn]\nlan = [\"192.168.7.1\"]", 2, "192.168.7.0/24"),
        ("[vpn]\nlan = [\"fd00::/129\"]", 2, "is no network"),
        ("[vpn]\ndns = [\"dns.example.org\"]", 2, "addresses in a list"),
        ("[vpn]\nendpoint = \"https://vpn.example.org\"", 2, "without a port"),
        ("[vpn]\nmtu = 9000", 2, "1280 to 1500"),
        ("[[tariff]]\nname = \"a\"\ndevices = 0", 3, "from 1"),
        ("[[tariff]]\nname = \"a\"\nquota_gib = -1", 3, "more than 0"),
        ("[[tariff]]\nname = \"a\"\nquota_gib = nan", 3, "more than 0"),
        ("[[tariff]]\nquota_gib = 1", 1, "add the line `name`"),
    ] {
        let said = wrong(text);
        let placed = said.contains(&format!("line {line}")) || text.ends_with(":8080\"");
        assert!(placed && said.contains(words), "{text:?}: {said}");
    }
}

#[test]
fn what_is_no_toml_is_shown_with_its_line() {
    for (text, line) in [
        ("[site\n", 1),
        ("data = \"a\"\ndata = \"b\"\n", 2),
        ("\n\nwhat is this\n", 3),
    ] {
        let said = wrong(text);
        assert!(said.contains(&format!("line {line}")), "{text:?}: {said}");
    }
}

#[test]
fn a_configuration_that_is_not_there_or_no_text_is_named() {
    let said = stderr(&run(&["serve", "--check", "--config", "/nonexistent/candor.toml"]));
    assert!(
        said.contains("/nonexistent/candor.toml") && said.contains("is the name right?"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("candor.toml");
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    let said = stderr(&run(&["serve", "--check", "--config", &file.display().to_string()]));
    assert!(said.contains("candor.toml") && said.contains("UTF-8"), "{said}");
}

#[test]
fn wrong_flags_end_with_2_and_name_the_right_ones() {
    for (arguments, words) in [
        (&["serve", "--polciy", "x"][..], "--policy"),
        (&["serve", "--config"][..], "a value is required"),
        (&["serve", "surplus"][..], "surplus"),
        (&["policy", "chekc", "x"][..], "check"),
        (&["prove", "--jsn"][..], "--json"),
    ] {
        let wrong = run(arguments);
        assert_eq!(wrong.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&wrong).contains(words), "{arguments:?}: {}", stderr(&wrong));
    }
}

#[test]
fn a_policy_that_is_missing_is_named_with_what_to_do() {
    let said = stderr(&run(&["serve", "--check", "--policy", "/nonexistent/policy.kdl"]));
    assert!(said.contains("/nonexistent/policy.kdl"), "{said}");
    assert!(
        said.contains("is the name right?") && said.contains("--policy"),
        "{said}"
    );
}

fn with_tls(certificate: &Path, key: &Path) -> String {
    let folder = tempfile::tempdir().expect("the machine does its part");
    let file = folder.path().join("candor.toml");
    let text = format!("[site]\ncertificate = {certificate:?}\nkey = {key:?}\n");
    std::fs::write(&file, text).expect("the machine does its part");
    let checked = run(&["serve", "--check", "--config", &file.display().to_string()]);
    if checked.status.success() {
        return String::new();
    }
    stderr(&checked)
}

#[test]
fn a_certificate_or_key_that_cannot_be_used_is_named_by_the_check_already() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let (certificate, key) = (
            folder.path().join(format!("{name}.crt")),
            folder.path().join(format!("{name}.key")),
        );
        let made = std::process::Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ed25519",
                "-nodes",
                "-subj",
                "/CN=localhost",
                "-days",
                "2",
                "-out",
            ])
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        (certificate, key)
    };
    let ((certificate, key), (_, other)) = (make("one"), make("two"));
    assert_eq!(with_tls(&certificate, &key), "");

    let nowhere = folder.path().join("nowhere.pem");
    let said = with_tls(&nowhere, &key);
    assert!(
        said.contains("nowhere.pem cannot be read") && said.contains("`certificate` under [site]"),
        "{said}"
    );
    let said = with_tls(&certificate, &nowhere);
    assert!(
        said.contains("nowhere.pem cannot be read") && said.contains("`key` under [site]"),
        "{said}"
    );
    let said = with_tls(&certificate, &other);
    assert!(said.contains("do not belong together"), "{said}");
    let said = with_tls(&key, &key);
    assert!(said.contains("holds no certificate in PEM"), "{said}");
    let said = with_tls(&certificate, &certificate);
    assert!(said.contains("holds no key in PEM"), "{said}");
    let damaged = folder.path().join("damaged.pem");
    let text = std::fs::read_to_string(&certificate).unwrap();
    std::fs::write(&damaged, &text[..text.len() / 2]).unwrap();
    let said = with_tls(&damaged, &key);
    assert!(said.contains("damaged.pem") && said.contains("copy it again"), "{said}");
}
