//! A process that joins, changes and erases people under load is killed (SIGKILL) at fifty random moments. After each,
//! the store opens, everything that was acknowledged is there, and nobody is half here.

#![allow(clippy::unwrap_used, reason = "every function here is a test")]

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use plan::act::{Keep, Show};
use plan::field::{DeviceLabel, Email};
use plan::{ManualClock, Permit, Personal, SubjectId};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::{Origin, Store, StoreError};
use world::{Device, START, account, device, member};

const KILLS: u64 = 50;
/// People who are joined, changed and erased at the same time.
const HANDS: usize = 8;
/// The kill falls within this time of the first moment of the child's work.
const WORK: Duration = Duration::from_millis(400);
/// Every fifth kill falls within this time of the child's start: it may hit the opening.
const OPENING: Duration = Duration::from_millis(120);

/// The one test here, for the harness's usual arguments.
const NAME: &str = "what_was_acknowledged_survives_a_kill_at_any_moment";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    match arguments.as_slice() {
        [child, folder] if child == "--child" => runtime.block_on(work(Path::new(folder))),
        _ if has("--list") && has("--ignored") => {}
        _ if has("--list") => say(&format!("{NAME}: test")),
        [part, ..] if !part.starts_with('-') && !NAME.contains(part.as_str()) => {}
        _ => runtime.block_on(kill_and_look()),
    }
}

// The child. ---------------------------------------------------------------------------------------------------------

/// Works until it is killed. Each line says what is acknowledged, or what is begun.
async fn work(folder: &Path) {
    let store = world::reopen(folder, &Arc::new(ManualClock::new(START))).await;
    say("open");
    let mut hands = tokio::task::JoinSet::new();
    for hand in 0..HANDS {
        let store = store.clone();
        hands.spawn(async move { work_on(&store, hand).await });
    }
    hands.join_all().await;
}

async fn work_on(store: &Store, hand: usize) {
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    for number in 0_usize.. {
        let subject = store.create_subject().await.unwrap();
        let email = Personal::new(format!("{}@example.org", subject.id()));
        let devices = store.rows::<Device>().unwrap();
        let mut router = device(store, &subject, "0");
        let mut ops = store.held().put_found(&keep, &subject, &email, Origin::Person);
        ops.push(
            store
                .rows()
                .unwrap()
                .insert(&subject, &account(&subject, "hash"))
                .unwrap(),
        );
        ops.push(devices.insert(&subject, &router).unwrap());
        store.commit(ops).await.unwrap();
        say(&format!("joined {}", subject.id()));
        for label in 1..=2 {
            router.label = Personal::new(label.to_string());
            store
                .commit(vec![devices.upsert(&subject, &router).unwrap()])
                .await
                .unwrap();
            say(&format!("labelled {} {label}", subject.id()));
        }
        if (number + hand).is_multiple_of(3) {
            say(&format!("erasing {}", subject.id()));
            store.erase(subject.id()).await.unwrap();
            say(&format!("erased {}", subject.id()));
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // One write for each line: a line is either in the pipe or not.
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

// The parent. --------------------------------------------------------------------------------------------------------

/// What the child's lines promise.
#[derive(Default)]
struct Promised {
    /// Who joined, and the last label that was acknowledged.
    here: BTreeMap<SubjectId, u32>,
    /// Whose erasure had begun and was not acknowledged: whole or gone.
    leaving: BTreeSet<SubjectId>,
    gone: BTreeSet<SubjectId>,
}

impl Promised {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let person = |text: &str| {
            let member: plan::MemberId = text.parse().unwrap();
            SubjectId::from(member)
        };
        match words.as_slice() {
            ["open"] => {}
            ["joined", id] => _ = self.here.insert(person(id), 0),
            ["labelled", id, label] => _ = self.here.insert(person(id), label.parse().unwrap()),
            ["erasing", id] => {
                self.here.remove(&person(id));
                self.leaving.insert(person(id));
            }
            ["erased", id] => {
                self.leaving.remove(&person(id));
                self.gone.insert(person(id));
            }
            _ => panic!("the child said: {line}"),
        }
    }
}

async fn kill_and_look() {
    let seed = match std::env::var("SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => RandomState::new().build_hasher().finish(),
    };
    say(&format!("killing {KILLS} times; repeat the moments with SEED={seed}"));
    let folder = tempfile::tempdir().unwrap();
    let mut random = seed;
    let mut everybody = Promised::default();
    for kill in 0..KILLS {
        let mut promised = Promised::default();
        let moment = |range: Duration, random: u64| range.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64);
        random = next_random(random);
        for line in run_and_kill(folder.path(), |opened| match (kill % 5, opened) {
            (0, false) => Some(moment(OPENING, random)),
            (0, true) | (_, false) => None,
            (_, true) => Some(moment(WORK, random)),
        }) {
            promised.hear(&line);
        }
        look(folder.path(), &mut promised, &mut everybody).await;
    }
    let Promised { here, gone, .. } = &everybody;
    say(&format!(
        "{} people are here, {} were erased, nobody is half here",
        here.len(),
        gone.len()
    ));
    assert!(
        here.len() > 100 && gone.len() > 20,
        "the child was given the time to do something"
    );
}

/// SplitMix64 (Steele, Lea, Flood 2014): the moments follow from the seed.
fn next_random(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Starts the child, kills it `moment(opened)` after its start or after its opening, and returns all that it said.
fn run_and_kill(folder: &Path, moment: impl Fn(bool) -> Option<Duration>) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--child")
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (opened, has_opened) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut said = Vec::new();
        for line in lines {
            said.push(line.unwrap());
            // Nobody waits for it when the kill is timed from the start.
            _ = opened.send(());
        }
        said
    });
    match moment(false) {
        Some(wait) => std::thread::sleep(wait),
        None => {
            has_opened.recv().expect("the child opens the store after every kill");
            std::thread::sleep(moment(true).unwrap());
        }
    }
    // SIGKILL: the child cannot do anything about it.
    child.kill().unwrap();
    child.wait().unwrap();
    listener.join().unwrap()
}

/// Opens the store and compares it with what was promised in this round and in those before.
async fn look(folder: &Path, promised: &mut Promised, everybody: &mut Promised) {
    let store = world::reopen(folder, &Arc::new(ManualClock::new(START))).await;
    let show: Permit<DeviceLabel, Show> = store.plan().permit().unwrap();
    let devices_of = store.select(&world::DEVICES_OF).unwrap();
    for (person, label) in &promised.here {
        let subject = store.subject(*person).await.expect("who joined is here");
        let email = store
            .held()
            .read::<Email>(&subject)
            .await
            .unwrap()
            .expect("the e-mail address is here");
        assert_eq!(email.origin, Origin::Person);
        let devices = store.read_rows(&devices_of, (member(&subject),)).await.unwrap();
        let stored: u32 = devices[0].label.show(&show).to_string().parse().unwrap();
        assert!(stored >= *label, "label {label} was acknowledged, {stored} is stored");
    }
    for person in std::mem::take(&mut promised.leaving) {
        match store.export(person).await {
            Ok(export) => {
                assert_eq!(export.tables.len(), 3, "whole");
                promised.here.insert(person, 0);
            }
            Err(StoreError::NoSuchSubject) => _ = promised.gone.insert(person),
            Err(error) => panic!("{error}"),
        }
    }
    store.close().await;

    everybody.here.append(&mut promised.here);
    everybody.gone.append(&mut promised.gone);
    let keyed = people(folder, "keys.db", "SELECT subject FROM subject_key").await;
    for (what, sql) in [
        ("subject", "SELECT id FROM subject"),
        ("held", "SELECT subject FROM held"),
        ("held_lookup", "SELECT subject FROM held_lookup"),
        ("account", "SELECT member FROM account"),
        ("device", "SELECT member FROM device"),
    ] {
        assert!(
            people(folder, "candor.db", sql).await == keyed,
            "whoever has a key has rows in {what}, and nobody else"
        );
    }
    assert!(
        everybody.here.keys().all(|person| keyed.contains(person)),
        "whoever joined is here"
    );
    assert!(everybody.gone.is_disjoint(&keyed), "whoever was erased is gone");
}

async fn people(folder: &Path, file: &str, sql: &'static str) -> BTreeSet<SubjectId> {
    let url = format!("sqlite://{}", folder.join(file).display());
    let mut raw = SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    rows.iter()
        .map(|row| SubjectId::from_bytes(row.get::<Vec<u8>, _>(0).try_into().unwrap()))
        .collect()
}
