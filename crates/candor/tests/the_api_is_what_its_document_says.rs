//! schemathesis reads `/api/v1/openapi.json` of the running program, sends what the document allows and what it does not, and
//! holds every answer against it. Each run has a provider and a network namespace of its own.

mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use world::{Provider, candor, repository, stderr, stdout, value_of};

const CONFIGURATION: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n\
     [[tariff]]\nname = \"month\"\ndays = 30\n[[tariff]]\nname = \"open\"\n";
const SITE: &str = "http://localhost:8080/api/v1";
const PASSWORD: &str = "a password to try with";
/// What ends a token: with one of its own each.
const ENDING: [&str; 2] = ["/tokens/own", "/tokens/{id}"];
/// Seconds that one run of schemathesis may take, and one for a single operation.
const SECONDS: [&str; 2] = ["60", "10"];

/// The program that `./test packages` installed beside the target folder.
fn schemathesis() -> PathBuf {
    let target = candor()
        .ancestors()
        .nth(2)
        .expect("the program lies in a target folder");
    let program = target.join("python/bin/schemathesis");
    assert!(program.exists(), "schemathesis is not there; run: ./test packages");
    program
}

/// What is tried.
enum Tried<'t> {
    /// Everything but these addresses.
    AllBut(&'t [&'t str]),
    /// This address alone.
    Only(&'t str),
}

/// Runs it in the provider's namespace, with a fixed seed so that a failure comes back.
fn judge(provider: &Provider, token: Option<&str>, tried: &Tried<'_>) -> Output {
    let mut command = Command::new(schemathesis());
    command
        .arg("--config-file")
        .arg(repository().join("e2e/api/schemathesis.toml"))
        .args([
            "run",
            "--url",
            SITE,
            "--checks",
            "all",
            "--phases",
            "examples,coverage,fuzzing",
        ])
        .args(["--max-examples", "15", "--seed", "1", "--continue-on-failure"]);
    let most = match tried {
        Tried::AllBut(_) => SECONDS[0],
        Tried::Only(_) => SECONDS[1],
    };
    command.args(["--max-time", most]);
    match tried {
        Tried::AllBut(paths) => paths.iter().for_each(|path| {
            command.args(["--exclude-path", path]);
        }),
        Tried::Only(path) => {
            command.args(["--include-path", path]);
        }
    }
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    command
        .arg(format!("{SITE}/openapi.json"))
        .current_dir(provider.folder.path());
    provider
        .namespace
        .run(|| command.output())
        .expect("the namespace is there")
        .expect("schemathesis starts")
}

/// How many operations the running program's document has: all, and at these addresses.
fn operations(provider: &Provider, at: &[&str]) -> (usize, usize) {
    let answer = provider.curl(&[&format!("{SITE}/openapi.json")]);
    let (_, document) = answer.split_once("\r\n\r\n").expect("a head ends");
    let document: serde_json::Value = serde_json::from_str(document).expect("the document is JSON");
    let count = |item: &serde_json::Value| {
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
        methods.iter().filter(|method| item[**method].is_object()).count()
    };
    let paths = document["paths"].as_object().expect("the document has paths");
    let there = at.iter().map(|path| count(&document["paths"][*path]));
    (paths.values().map(count).sum(), there.sum())
}

/// Nothing is wrong, and every operation that was to be tried was.
fn nothing_found(provider: &Provider, output: &Output, tried: &Tried<'_>) {
    let said = stdout(output);
    assert!(output.status.success(), "{said}\n{}", stderr(output));
    let (all, wanted) = match tried {
        Tried::AllBut(paths) => {
            let (all, left_out) = operations(provider, paths);
            assert_eq!(left_out, paths.len(), "each of {paths:?} is one operation");
            (all, all - left_out)
        }
        Tried::Only(path) => operations(provider, &[path]),
    };
    assert!(all > 25 && wanted > 0, "the document has operations: {all}, {wanted}");
    for line in [format!("  Selected: {wanted}/{all}\n"), format!("  Tested: {wanted}\n")] {
        assert!(said.contains(&line), "it did not say {line:?}:\n{said}");
    }
    // Beyond those it lists what it left out or could not do.
    for word in ["Skipped: ", "Errored: ", "Unresolved"] {
        assert!(!said.contains(word), "{word:?}:\n{said}");
    }
}

/// The operator, by the link of the start; the account that is allowed the most.
fn operator_token(provider: &Provider) -> String {
    let link = format!(
        "http://localhost:8080/set-up/{}",
        provider.word_after("http://localhost:8080/set-up/")
    );
    let accepted = value_of(&provider.curl(&[&link]), "accepted");
    let password = format!("password={PASSWORD}");
    let form = format!("email=operator@example.org&age=60&agree=yes&accepted={accepted}");
    let joined = provider.curl(&["--data-urlencode", &password, "--data", &form, &link]);
    assert!(joined.contains("__Host-sid="), "{joined}");
    let scopes = "[\"account:read\",\"account:write\",\"devices:read\",\"devices:write\",\"usage:read\",\"export\",\"erase\",\"operator\"]";
    let body = format!(
        "{{\"email\":\"operator@example.org\",\"password\":\"{PASSWORD}\",\"label\":\"schemathesis\",\"scopes\":{scopes}}}"
    );
    let answer = provider.curl(&["--json", &body, &format!("{SITE}/tokens")]);
    let (_, token) = answer.split_once("\"token\":\"").expect("the answer has a token");
    token.split('"').next().expect("a token ends").to_owned()
}

#[test]
fn without_a_token_every_answer_fits_the_document() {
    let provider = Provider::start(CONFIGURATION);
    let tried = Tried::AllBut(&[]);
    nothing_found(&provider, &judge(&provider, None, &tried), &tried);
    still_serves(&provider);
}

#[test]
fn with_a_token_every_answer_fits_the_document() {
    let provider = Provider::start(CONFIGURATION);
    let token = operator_token(&provider);
    // These end the token that all others are tried with: the judge remembers the ids that the list of tokens names.
    let tried = Tried::AllBut(&ENDING);
    let output = judge(&provider, Some(&token), &tried);
    nothing_found(&provider, &output, &tried);
    let said = stdout(&output);
    assert!(
        !said.contains("returned only 401/403"),
        "an operation was never let in:\n{said}"
    );
    still_serves(&provider);
    let bearer = format!("Authorization: Bearer {token}");
    let account = provider.curl(&["--header", &bearer, &format!("{SITE}/account")]);
    assert!(
        account.starts_with("HTTP/1.1 200"),
        "the token has worked to the end: {account}"
    );
}

#[test]
fn what_ends_a_token_fits_the_document_too() {
    for path in ENDING {
        let provider = Provider::start(CONFIGURATION);
        let (token, tried) = (operator_token(&provider), Tried::Only(path));
        nothing_found(&provider, &judge(&provider, Some(&token), &tried), &tried);
        still_serves(&provider);
    }
}

fn still_serves(provider: &Provider) {
    let health = provider.curl(&["http://localhost:8080/health"]);
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    assert!(!provider.said().contains("failed"), "{}", provider.said());
}

#[test]
fn the_configuration_of_the_judge_leaves_no_check_out() {
    let text =
        std::fs::read_to_string(Path::new(&repository()).join("e2e/api/schemathesis.toml")).expect("the file is there");
    assert!(!text.contains("enabled = false"), "{text}");
}
