//! `candor prove` on a running instance: it holds, and a careless line breaks it.

mod world;

use std::process::{Command, Stdio};

use world::{Provider, stderr, stdout};

const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\n";

#[test]
fn s3_005_a_running_instance_keeps_nothing_of_the_traffic() {
    let provider = Provider::start(SMALL);
    let proof = provider.beside(&["prove"], "");
    assert_eq!(proof.status.code(), Some(0), "{}\n{}", stdout(&proof), stderr(&proof));
    let text = stdout(&proof);
    assert!(
        text.contains("holds        the worker is locked down, as the kernel reports it"),
        "{text}"
    );
    assert!(
        text.contains("holds        the search finds a leak that was planted on purpose"),
        "{text}"
    );
    assert!(text.contains("All of it holds."), "{text}");
    let json = provider.beside(&["prove", "--json"], "");
    assert!(
        stdout(&json).contains("\"holds\": true"),
        "{}\n{}",
        stdout(&json),
        stderr(&json)
    );
}

#[test]
fn s3_006_a_line_that_writes_a_destination_to_a_file_breaks_the_proof() {
    let provider = Provider::start(SMALL);
    // What a careless operator might add: the kernel's connection table, copied beside the data again and again.
    let mut careless = Command::new("sh");
    careless.args([
        "-c",
        "while :; do cat /proc/net/nf_conntrack >> candor-data/flows.log; sleep 0.05; done",
    ]);
    careless.current_dir(provider.folder.path()).stdin(Stdio::null());
    let mut careless = provider.namespace.run(|| careless.spawn()).unwrap().unwrap();
    let proof = provider.beside(&["prove"], "");
    careless.kill().unwrap();
    careless.wait().unwrap();
    assert_eq!(proof.status.code(), Some(1), "{}", stdout(&proof));
    assert!(
        stdout(&proof).contains("BROKEN       files: nothing of the traffic"),
        "{}",
        stdout(&proof)
    );
    assert!(stdout(&proof).contains("flows.log"), "{}", stdout(&proof));
}

#[test]
fn without_a_running_instance_the_proof_says_how_to_start_one() {
    let provider = Provider::start(SMALL);
    let proof = provider.beside(&["prove", "--data", "elsewhere"], "");
    assert_eq!(proof.status.code(), Some(1));
    assert!(stderr(&proof).contains("candor serve"), "{}", stderr(&proof));
}

#[test]
fn the_guided_tour_walks_to_its_end() {
    let tour = world::run(&["demo"]);
    let text = stdout(&tour);
    assert_eq!(tour.status.code(), Some(0), "{text}\n{}", stderr(&tour));
    assert!(
        text.contains("256 MiB in") && text.contains("all that is kept of it, from the account page"),
        "{text}"
    );
    assert!(
        text.contains("Candor erasure certificate") && text.contains("Done."),
        "{text}"
    );
    assert!(!text.contains("left out"), "{text}");
}
