//! `candor invite` makes many invitations at once, or none and says why.

mod world;

use world::{Provider, run, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n[[tariff]]\nname = \"family\"\ndevices = 5\n[[tariff]]\nname = \"school\"\ndevices = 1\n";
const PASSWORD: &str = "three small words\n";

fn invite(provider: &Provider, email: &str, more: &[&str]) -> std::process::Output {
    let mut arguments = vec!["invite", "--email", email];
    arguments.extend(more);
    provider.beside(&arguments, PASSWORD)
}

#[test]
fn codes_alike_and_codes_of_a_list_let_people_in() {
    let provider = Provider::start(SMALL);
    provider.set_up("operator@example.org", PASSWORD.trim());
    let alike = invite(
        &provider,
        "operator@example.org",
        &["--count", "3", "--days", "30", "--tariff", "school"],
    );
    assert!(alike.status.success(), "{}", stderr(&alike));
    let printed = stdout(&alike);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "code,path,uses,ends,tariff");
    assert!(
        lines.len() == 4 && lines[1..].iter().all(|line| line.ends_with(",school")),
        "{printed}"
    );
    std::fs::write(
        provider.folder.path().join("list.csv"),
        "tariff;uses\nfamily;2\nschool;25\n",
    )
    .unwrap();
    let listed = invite(
        &provider,
        "operator@example.org",
        &["--csv", "list.csv", "--out", "codes.csv"],
    );
    assert!(
        stdout(&listed).contains("wrote 2 codes to codes.csv"),
        "{} {}",
        stdout(&listed),
        stderr(&listed)
    );
    let codes = std::fs::read_to_string(provider.folder.path().join("codes.csv")).unwrap();
    let cells: Vec<Vec<&str>> = codes.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(
        (cells[0][2], cells[0][4], cells[1][2], cells[1][4]),
        ("2", "family", "25", "school"),
        "{codes}"
    );
    let form = provider.curl(&[&format!("http://localhost:8080{}", cells[1][1])]);
    assert!(form.contains(cells[1][0]), "the link fills the form in: {form}");
}

#[test]
fn what_cannot_be_made_is_told_with_its_line_and_makes_nothing() {
    let provider = Provider::start(SMALL);
    provider.set_up("operator@example.org", PASSWORD.trim());
    provider.join("ada@example.org", PASSWORD.trim());
    std::fs::write(provider.folder.path().join("list.csv"), "tariff\nfamily\ngolden\n").unwrap();
    for (email, more, said) in [
        (
            "operator@example.org",
            vec!["--csv", "list.csv"],
            "Line 3: The configuration has no tariff",
        ),
        (
            "operator@example.org",
            vec!["--tariff", "golden"],
            "has no tariff of this name",
        ),
        (
            "operator@example.org",
            vec!["--csv", "nowhere.csv"],
            "nowhere.csv cannot be read as text",
        ),
        ("ada@example.org", vec![], "does not work for the operator"),
    ] {
        let refused = invite(&provider, email, &more);
        assert_eq!(refused.status.code(), Some(1), "{more:?}");
        assert!(
            stderr(&refused).contains(said) && stdout(&refused).is_empty(),
            "{}",
            stderr(&refused)
        );
    }
    let both = run(&[
        "invite",
        "--email",
        "a@example.org",
        "--csv",
        "list.csv",
        "--count",
        "3",
    ]);
    assert_eq!(both.status.code(), Some(2), "a list or a number");
    assert_eq!(
        run(&["invite", "--email", "a@example.org", "--count", "501"])
            .status
            .code(),
        Some(2)
    );
}
