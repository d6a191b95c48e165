//! `candor serve` is killed (SIGKILL) at random moments while members' programs work with it, on each engine. After each
//! kill it starts, everything that was acknowledged over HTTP is there, erased people stay away, nobody is half here, and
//! the doctor finds nothing wrong. And a database server is killed under it: it comes back to work by itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod load;
mod world;

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cluster::Cluster;
use load::{Everybody, Random};
use world::{Provider, stderr, stdout};

const KILLS: u64 = 20;
/// Programs that work at the same time.
const HANDS: u64 = 3;
/// The kill falls within this time, after the first few requests.
const WORK: Duration = Duration::from_millis(900);
/// Every fourth kill falls within this time of the program's start, whether it serves already or not.
const OPENING: Duration = Duration::from_millis(250);
const SMALL: &str = "[site]\nnames = [\"localhost\"]\n[vpn]\nendpoint = \"localhost\"\npath = \"user\"\n";

fn configured_on(cluster: &Cluster) -> (String, [String; 2]) {
    let names = [cluster.new_database(), cluster.new_database()];
    let [rows, keys] = names.each_ref().map(|name| cluster.url(name));
    (
        format!("[store]\nurl = \"{rows}\"\nkeys_url = \"{keys}\"\n{SMALL}"),
        names,
    )
}

/// For whoever reads the test's output.
fn say(words: std::fmt::Arguments<'_>) {
    writeln!(std::io::stderr(), "{words}").expect("somebody reads it");
}

fn seed() -> u64 {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    // Shown when the test fails.
    say(format_args!("repeat the moments with SEED={seed}"));
    seed
}

/// Everybody's ids as the databases have them: whose keys are there, and about whom there are rows.
fn ids(folder: &Path, server: Option<&(&Cluster, [String; 2])>) -> [BTreeSet<String>; 3] {
    let read = |database: usize, table: &str, column: &str| -> BTreeSet<String> {
        let text = match server {
            Some((cluster, names)) => cluster.sql(
                &names[database],
                &format!("SELECT encode({column}, 'hex') FROM {table}"),
            ),
            None => {
                let file = folder.join("candor-data").join(["candor.db", "keys.db"][database]);
                let url = format!("file:{}?mode=ro", file.display());
                let mut sqlite = Command::new("sqlite3");
                sqlite
                    .args(["-cmd", ".timeout 10000"])
                    .arg(url)
                    .arg(format!("SELECT lower(hex({column})) FROM {table}"));
                let read = sqlite.output().expect("sqlite3 is installed");
                assert!(read.status.success(), "{}", stderr(&read));
                stdout(&read)
            }
        };
        text.lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    };
    [
        read(1, "subject_key", "subject"),
        read(0, "subject", "id"),
        read(0, "member", "member"),
    ]
}

fn kill_and_look(configuration: &str, server: Option<&(&Cluster, [String; 2])>) {
    let mut random = Random(seed());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("candor.toml"), configuration).unwrap();
    let mut provider = Provider::start_in(folder, world::namespace(), &[]);
    let mut everybody = Everybody::default();
    for kill in 0..KILLS {
        let mut round = work_until_the_kill(&provider, kill, &mut random);
        let (folder, namespace, said) = provider.kill();
        assert!(!said.contains("failed with code"), "{said}");
        if kill % 4 == 3 {
            let mut child = world::spawn(folder.path(), &namespace);
            std::thread::sleep(OPENING.mul_f64(random.below(1000) as f64 / 1000.0));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        provider = Provider::start_in(folder, namespace, &[]);
        look(&provider, &mut round, &mut random, server);
        everybody.add(round);
        for person in &mut everybody.people {
            provider.namespace.run(|| person.look(false)).unwrap();
        }
        if kill % 5 == 4 {
            is_content(&provider);
        }
    }
    say(format_args!(
        "{KILLS} kills, {} changes and readings acknowledged, {} people are here, {} were erased",
        everybody.acknowledged,
        everybody.here(),
        everybody.gone()
    ));
    assert!(
        everybody.acknowledged > KILLS * 5
            && everybody.here() > 20
            && everybody.gone() > 5
            && everybody.unanswered > KILLS / 2,
        "it was given the time to do something: {}",
        everybody.acknowledged
    );
}

/// Hands work until the program is killed.
fn work_until_the_kill(provider: &Provider, kill: u64, random: &mut Random) -> Everybody {
    let (never, mut round) = (AtomicBool::new(false), Everybody::default());
    let moment = WORK.mul_f64(random.below(1000) as f64 / 1000.0);
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let (own, never) = (Random(random.next()), &never);
                let name = format!("k{kill}.h{hand}");
                scope.spawn(move || provider.namespace.run(|| load::work(&name, own, false, never)).unwrap())
            })
            .collect();
        // The moment is the point of the test.
        std::thread::sleep(Duration::from_millis(150) + moment);
        let killed = Command::new("kill")
            .args(["-KILL", &provider.process().to_string()])
            .status();
        assert!(killed.unwrap().success());
        for hand in hands {
            round.add(hand.join().expect("no request was a wrong one"));
        }
    });
    round
}

/// What this round promised is there, by password for some, and nobody is half here.
fn look(provider: &Provider, round: &mut Everybody, random: &mut Random, server: Option<&(&Cluster, [String; 2])>) {
    for person in &mut round.people {
        let by_password = random.below(3) == 0;
        provider.namespace.run(|| person.look(by_password)).unwrap();
    }
    let [keyed, subjects, members] = ids(provider.folder.path(), server);
    assert_eq!(keyed, subjects, "whoever has a key is there, and nobody else");
    assert_eq!(keyed, members, "nobody is half here");
    assert!(!provider.said().contains("failed with code"), "{}", provider.said());
}

/// The doctor finds nothing wrong.
fn is_content(provider: &Provider) {
    let doctor = provider.beside(&["doctor"], "");
    assert_eq!(doctor.status.code(), Some(0), "{}{}", stdout(&doctor), stderr(&doctor));
}

mod what_was_acknowledged_survives_a_kill_while_it_serves {
    use super::*;

    #[test]
    fn in_files() {
        kill_and_look(SMALL, None);
    }

    #[test]
    fn on_a_server() {
        let cluster = Cluster::shared();
        let (configuration, names) = configured_on(cluster);
        kill_and_look(&configuration, Some(&(cluster, names)));
    }
}

#[test]
fn a_database_server_that_is_killed_while_it_serves_costs_nothing_that_was_acknowledged() {
    const CRASHES: u64 = 3;
    let cluster = Cluster::start();
    let (configuration, names) = configured_on(&cluster);
    let provider = Provider::start(&configuration);
    let mut random = Random(seed());
    let (stop, mut everybody) = (AtomicBool::new(false), Everybody::default());
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let (own, stop, provider) = (Random(random.next()), &stop, &provider);
                scope.spawn(move || {
                    provider
                        .namespace
                        .run(|| load::work(&format!("h{hand}"), own, true, stop))
                        .unwrap()
                })
            })
            .collect();
        for _ in 0..CRASHES {
            std::thread::sleep(Duration::from_millis(500 + random.below(700)));
            cluster.crash();
        }
        // The number of the last commit, which the store counts in the server.
        let commits = || cluster.sql(&names[0], "SELECT number FROM mark WHERE name = 'commits'");
        let after_the_crash = commits();
        world::until("a change after the last crash", || commits() != after_the_crash);
        stop.store(true, Ordering::Relaxed);
        for hand in hands {
            everybody.add(hand.join().expect("no request was a wrong one"));
        }
    });
    say(format_args!(
        "{} answered, {} not, {} people are here",
        everybody.acknowledged,
        everybody.unanswered,
        everybody.here()
    ));
    // The same process, without anybody's help.
    for person in &mut everybody.people {
        provider.namespace.run(|| person.look(true)).unwrap();
    }
    provider
        .namespace
        .run(|| load::work("after", Random(1), false, &AtomicBool::new(true)))
        .unwrap();
    // An erasure that the crash cut off is finished by the next sweep, or the next start.
    let (folder, namespace, _) = provider.stop();
    let provider = Provider::start_in(folder, namespace, &[]);
    look(&provider, &mut everybody, &mut random, Some(&(&cluster, names)));
    is_content(&provider);
    assert!(everybody.acknowledged > 30, "it was given the time to do something");
}
