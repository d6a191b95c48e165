//! A process that joins, changes, reads, exports and erases people under load, and sweeps, is killed (SIGKILL) at two hundred random moments, on each
//! engine; a few times it is the server that is killed, and the process goes on. After each kill the store opens,
//! everything that was acknowledged is there, and nobody is half here.

#![allow(clippy::unwrap_used, reason = "every function here is a test")]

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use plan::act::{Keep, Show};
use plan::field::{DeviceLabel, Email};
use plan::{ManualClock, Permit, Personal, SubjectId};
use store::{Database, Origin, Place, Store, StoreError};
use world::{Cluster, Device, Home, START, account, device, member};

const KILLS: u64 = 200;
/// Every so many kills the server is killed as well, while the child works.
const SERVER_KILLED_EVERY: u64 = 40;
/// People who are joined, changed and erased at the same time.
const HANDS: usize = 8;
/// The kill falls after at most so many lines of the child's, and within this time of the last of them.
const LINES: u64 = 60;
const WORK: Duration = Duration::from_millis(5);
/// So often that every few kills meet one.
const SWEEP_EVERY: Duration = Duration::from_millis(50);
/// Every fifth kill falls within this time of the child's start: it may hit the opening.
const OPENING: Duration = Duration::from_millis(60);

/// The tests here, for the harness's usual arguments.
const NAMES: [&str; 2] = [
    "what_was_acknowledged_survives_a_kill_at_any_moment::sqlite",
    "what_was_acknowledged_survives_a_kill_at_any_moment::postgres",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    match arguments.as_slice() {
        [child, words @ ..] if child == "--child" => runtime.block_on(work(Home::of_words(words))),
        _ if has("--list") && has("--ignored") => {}
        _ if has("--list") => NAMES.iter().for_each(|name| say(&format!("{name}: test"))),
        _ => {
            let mut parts = arguments.iter().filter(|argument| !argument.starts_with('-'));
            let part = parts.next().map_or("", String::as_str);
            let [sqlite, postgres] = NAMES.map(|name| name.contains(part));
            if sqlite {
                runtime.block_on(kill_and_look(&Home::sqlite()));
            }
            if postgres {
                runtime.block_on(kill_and_look(&Home::postgres()));
            }
        }
    }
}

// The child. ---------------------------------------------------------------------------------------------------------

/// Works until it is killed. Each line says what is acknowledged, or what is begun.
async fn work(place: Place) {
    let store = world::reopen_at(place, &Arc::new(ManualClock::new(START))).await;
    say("open");
    let mut hands = tokio::task::JoinSet::new();
    let sweeping = store.clone();
    hands.spawn(async move {
        loop {
            match sweeping.sweep().await {
                Ok(_) | Err(StoreError::Disconnected | StoreError::Uncertain) => {}
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    });
    for hand in 0..HANDS {
        let store = store.clone();
        hands.spawn(async move { work_on(&store, hand).await });
    }
    hands.join_all().await;
}

async fn work_on(store: &Store, hand: usize) {
    for number in 0_usize.. {
        match live(store, (number + hand).is_multiple_of(3)).await {
            // What the server's end left open was not acknowledged, so nothing is said of it.
            Ok(()) | Err(StoreError::Disconnected | StoreError::Uncertain) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Joins somebody, names their device twice, and erases some.
async fn live(store: &Store, is_erased: bool) -> Result<(), StoreError> {
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    let subject = store.create_subject().await?;
    let email = Personal::new(format!("{}@example.org", subject.id()));
    let devices = store.rows::<Device>().unwrap();
    let mut router = device(store, &subject, "0");
    let mut ops = store.held().put_found(&keep, &subject, &email, Origin::Person);
    let accounts = store.rows().unwrap();
    ops.push(accounts.insert(&subject, &account(&subject, "hash")).unwrap());
    ops.push(devices.insert(&subject, &router).unwrap());
    store.commit(ops).await?;
    say(&format!("joined {}", subject.id()));
    for label in 1..=2 {
        router.label = Personal::new(label.to_string());
        store.commit(vec![devices.upsert(&subject, &router).unwrap()]).await?;
        say(&format!("labelled {} {label}", subject.id()));
    }
    let export = store.export(subject.id()).await?;
    assert_eq!(export.tables.len(), 3, "whole: held, account, device");
    let devices_of = store.select(&world::DEVICES_OF).unwrap();
    assert_eq!(store.read_rows(&devices_of, (member(&subject),)).await?.len(), 1);
    if is_erased {
        say(&format!("erasing {}", subject.id()));
        store.erase(subject.id()).await?;
        say(&format!("erased {}", subject.id()));
    }
    Ok(())
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

async fn kill_and_look(home: &Home) {
    let seed = match std::env::var("SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => RandomState::new().build_hasher().finish(),
    };
    say(&format!("killing {KILLS} times; repeat the moments with SEED={seed}"));
    let mut random = seed;
    let mut everybody = Promised::default();
    for kill in 0..KILLS {
        let mut promised = Promised::default();
        random = next_random(random);
        let is_servers_turn = home.is_postgres() && kill % SERVER_KILLED_EVERY == SERVER_KILLED_EVERY / 2;
        let fraction = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let moment = if kill % 5 == 0 && !is_servers_turn {
            Moment::AfterTheStart(OPENING.mul_f64(fraction))
        } else {
            Moment::AfterLines(1 + random % LINES, WORK.mul_f64(fraction))
        };
        for line in run_and_kill(home, is_servers_turn, moment) {
            promised.hear(&line);
        }
        look(home, &mut promised, &mut everybody).await;
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

/// When the child is killed.
#[derive(Clone, Copy)]
enum Moment {
    AfterTheStart(Duration),
    AfterLines(u64, Duration),
}

/// Starts the child, kills it at a moment, and returns all that it said.
fn run_and_kill(home: &Home, is_servers_turn: bool, moment: Moment) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--child")
        .args(home.words())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (spoke, has_spoken) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut said = Vec::new();
        for line in lines {
            said.push(line.unwrap());
            // Nobody waits for it any more after the kill.
            _ = spoke.send(());
        }
        said
    });
    match moment {
        Moment::AfterTheStart(wait) => std::thread::sleep(wait),
        Moment::AfterLines(lines, wait) => {
            for _ in 0..lines {
                has_spoken
                    .recv()
                    .expect("the child opens the store and works after every kill");
            }
            std::thread::sleep(wait);
        }
    }
    if is_servers_turn {
        Cluster::shared().crash();
        // The child has found the server again when it says something.
        while has_spoken.try_recv().is_ok() {}
        has_spoken.recv().expect("the child works on after the server's end");
    }
    // SIGKILL: the child cannot do anything about it.
    child.kill().unwrap();
    child.wait().unwrap();
    listener.join().unwrap()
}

/// Opens the store and compares it with what was promised in this round and in those before.
async fn look(home: &Home, promised: &mut Promised, everybody: &mut Promised) {
    let store = world::reopen(home, &Arc::new(ManualClock::new(START))).await;
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
    let keyed = people(home, Database::Keys, "SELECT subject FROM subject_key").await;
    for (what, sql) in [
        ("subject", "SELECT id FROM subject"),
        ("held", "SELECT subject FROM held"),
        ("held_lookup", "SELECT subject FROM held_lookup"),
        ("account", "SELECT member FROM account"),
        ("device", "SELECT member FROM device"),
    ] {
        assert!(
            people(home, Database::Rows, sql).await == keyed,
            "whoever has a key has rows in {what}, and nobody else"
        );
    }
    assert!(
        everybody.here.keys().all(|person| keyed.contains(person)),
        "whoever joined is here"
    );
    assert!(everybody.gone.is_disjoint(&keyed), "whoever was erased is gone");
}

async fn people(home: &Home, database: Database, sql: &'static str) -> BTreeSet<SubjectId> {
    let ids = home.bytes_raw(database, sql).await;
    ids.into_iter()
        .map(|id| SubjectId::from_bytes(id.try_into().unwrap()))
        .collect()
}
