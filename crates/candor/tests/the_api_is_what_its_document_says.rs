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
/// Seconds that one run of schemathesis may take.
const SECONDS: &str = "60";

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

/// Runs it in the provider's namespace, with a fixed seed so that a failure comes back.
fn judge(provider: &Provider, token: Option<&str>) -> Output {
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
        .args([
            "--max-examples",
            "15",
            "--max-time",
            SECONDS,
            "--seed",
            "1",
            "--continue-on-failure",
        ])
        // Signing out ends the token that all others are tried with.
        .args(["--exclude-path", "/tokens/own"]);
    if let Some(token) = token {
        // So does this: the judge remembers the ids that the list of tokens names.
        command.args(["--exclude-path", "/tokens/{id}"]);
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

fn nothing_found(output: &Output) {
    let said = stdout(output);
    assert!(output.status.success(), "{said}\n{}", stderr(output));
    assert!(said.contains("Tested: "), "it has tested nothing:\n{said}");
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
    nothing_found(&judge(&provider, None));
    still_serves(&provider);
}

#[test]
fn with_a_token_every_answer_fits_the_document() {
    let provider = Provider::start(CONFIGURATION);
    let token = operator_token(&provider);
    nothing_found(&judge(&provider, Some(&token)));
    still_serves(&provider);
    let bearer = format!("Authorization: Bearer {token}");
    let account = provider.curl(&["--header", &bearer, &format!("{SITE}/account")]);
    assert!(
        account.starts_with("HTTP/1.1 200"),
        "the token has worked to the end: {account}"
    );
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
