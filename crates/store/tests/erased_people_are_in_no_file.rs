//! After an erasure, nothing of the person is in any byte of any file: no sealed value, no counter in clear, no key, no
//! id. The search is shown to find each of them before.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::collections::BTreeSet;

use plan::act::Keep;
use plan::field::{Email, Nickname};
use plan::{Day, Permit, Personal, SessionId, SubjectId};
use store::{Certificate, Database, Origin, Store, Subject};
use world::{Cluster, Home, Session, World, account, device, found_in, found_in_files, member, usage};

/// Enough people that the trees of both files have split so often that SQLite leaves copies of some rows in the gaps of
/// pages: with these numbers about six of the erased are still in the file when it is not written anew.
const PEOPLE: usize = 2500;
/// How many of them are erased.
const ERASED: usize = 900;
/// On a server every deleted row stays until it is wiped, whatever the number.
const PEOPLE_ON_A_SERVER: usize = 300;
const ERASED_ON_A_SERVER: usize = 120;

/// What can be recognised of a person: bytes, and where they stand.
struct Canary {
    what: &'static str,
    bytes: Vec<u8>,
    /// A form in clear that is not in a file before the erasure either.
    is_text: bool,
}

/// Writes a person with something in every table; the counters are unusual numbers of 64 bits.
async fn join(store: &Store, number: usize) -> (Subject, Vec<i64>) {
    let keep_email: Permit<Email, Keep> = store.plan().permit().unwrap();
    let keep_nickname: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let subject = store.create_subject().await.unwrap();
    let email = Personal::new(format!("canary-{number}-{}@example.org", subject.id()));
    let nickname = Personal::new(format!("nickname of {number}, {}", subject.id()));
    let held = store.held();
    let mut ops = held.put_found(&keep_email, &subject, &email, Origin::Person);
    ops.push(held.put(&keep_nickname, &subject, &nickname, Origin::Person));
    let accounts = store.rows().unwrap();
    ops.push(
        accounts
            .insert(&subject, &account(&subject, "$argon2id$canary"))
            .unwrap(),
    );
    let session = Session {
        id: SessionId::from_bytes(store.random()),
        member: member(&subject),
        hash: Personal::new(store.random()),
    };
    ops.push(store.rows().unwrap().insert(&subject, &session).unwrap());
    let devices = store.rows().unwrap();
    for label in ["phone", "router"] {
        ops.push(devices.insert(&subject, &device(store, &subject, label)).unwrap());
    }
    store.commit(ops).await.unwrap();
    let counts = store.rows().unwrap();
    let mut counters = Vec::new();
    for day in 0..3 {
        let counter = (i64::from_be_bytes(store.random()) & i64::MAX) | (1 << 62);
        let row = usage(&subject, Day::from_number(20_700 + day), counter);
        store
            .commit(vec![counts.insert(&subject, &row).unwrap()])
            .await
            .unwrap();
        counters.push(counter);
    }
    (subject, counters)
}

/// Reads, past the store, what both databases hold of people in sealed form.
async fn sealed_canaries(home: &Home, people: &BTreeSet<SubjectId>) -> Vec<Canary> {
    let columns: &[(Database, &'static str, &'static str)] = &[
        (Database::Rows, "sealed value told", "SELECT subject, value FROM held"),
        (
            Database::Rows,
            "index of a value told",
            "SELECT subject, lookup FROM held_lookup",
        ),
        (
            Database::Rows,
            "sealed password hash",
            "SELECT member, password FROM account",
        ),
        (
            Database::Rows,
            "sealed device label",
            "SELECT member, label FROM device",
        ),
        (
            Database::Rows,
            "sealed public key",
            "SELECT member, public_key FROM device",
        ),
        (
            Database::Rows,
            "index of a public key",
            "SELECT member, public_key_index FROM device",
        ),
        (
            Database::Rows,
            "sealed session hash",
            "SELECT member, hash FROM session",
        ),
        (Database::Rows, "id", "SELECT id, id FROM subject"),
        (Database::Keys, "id", "SELECT subject, subject FROM subject_key"),
        (
            Database::Keys,
            "wrapped data key",
            "SELECT subject, wrapped FROM subject_key",
        ),
    ];
    let mut canaries = Vec::new();
    for (database, what, sql) in columns {
        let rows = home.pairs_raw(*database, sql).await;
        let before = canaries.len();
        for (owner, bytes) in rows {
            let owner = SubjectId::from_bytes(owner.try_into().unwrap());
            if people.contains(&owner) {
                canaries.push(Canary {
                    what,
                    bytes,
                    is_text: false,
                });
            }
        }
        assert!(
            canaries.len() >= before + people.len(),
            "everybody has a {what} to look for"
        );
    }
    canaries.extend(people.iter().map(|person| Canary {
        what: "e-mail in clear",
        bytes: format!("{person}@example.org").into_bytes(),
        is_text: true,
    }));
    canaries
}

/// How the database stores a number of 64 bits: SQLite in network order (sqlite.org/fileformat2.html, section 2.1),
/// PostgreSQL as the machine does; and its digits.
fn counter_canaries(home: &Home, counters: &[i64]) -> Vec<Canary> {
    let canary = |bytes, is_text| Canary {
        what: "counter in clear",
        bytes,
        is_text,
    };
    let forms = |counter: &i64| {
        [
            match home.is_postgres() {
                false => canary(counter.to_be_bytes().to_vec(), false),
                true => canary(counter.to_ne_bytes().to_vec(), false),
            },
            canary(counter.to_string().into_bytes(), true),
        ]
    };
    counters.iter().flat_map(forms).collect()
}

/// Joins people and erases some; what is to be searched for, and who stays.
async fn join_and_erase(home: &Home, world: &World, people: usize, erased: usize) -> (Vec<Canary>, Vec<SubjectId>) {
    let store = &world.store;
    let mut joining = tokio::task::JoinSet::new();
    for number in 0..people {
        let store = store.clone();
        joining.spawn(async move { join(&store, number).await });
    }
    let people = joining.join_all().await;
    let (victims, others) = people.split_at(erased);
    let erased = victims.iter().map(|(subject, _)| subject.id()).collect();
    let mut canaries = sealed_canaries(home, &erased).await;
    canaries.extend(
        victims
            .iter()
            .flat_map(|(_, counters)| counter_canaries(home, counters)),
    );
    let bytes: Vec<Vec<u8>> = canaries.iter().map(|canary| canary.bytes.clone()).collect();
    let before: BTreeSet<usize> = found_in_files(home, &bytes)
        .into_iter()
        .map(|(_, index)| index)
        .collect();
    for (index, canary) in canaries.iter().enumerate() {
        assert!(
            before.contains(&index) != canary.is_text,
            "before the erasure: {}",
            canary.what
        );
    }
    let mut erasing = tokio::task::JoinSet::new();
    for (subject, _) in victims {
        let (store, id) = (store.clone(), subject.id());
        erasing.spawn(async move { store.erase(id).await });
    }
    for certificate in erasing.join_all().await {
        assert!(Certificate::verifies(&certificate.unwrap().text));
    }
    (canaries, others.iter().map(|(subject, _)| subject.id()).collect())
}

/// What of the canaries is in which file.
fn traces(home: &Home, canaries: &[Canary]) -> BTreeSet<String> {
    let bytes: Vec<Vec<u8>> = canaries.iter().map(|canary| canary.bytes.clone()).collect();
    let found = found_in_files(home, &bytes);
    found
        .iter()
        .map(|(file, index)| format!("{} in {file}", canaries[*index].what))
        .collect()
}

async fn the_others_keep_what_is_theirs(store: &Store, others: &[SubjectId]) {
    for id in others {
        assert!(!store.export(*id).await.unwrap().tables.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_erased_members_is_left_in_any_file() {
    let home = Home::sqlite();
    let world = world::open(&home).await;
    let (canaries, others) = join_and_erase(&home, &world, PEOPLE, ERASED).await;
    assert_eq!(traces(&home, &canaries), BTreeSet::new());
    the_others_keep_what_is_theirs(&world.store, &others).await;
    world.store.close().await;
    assert_eq!(traces(&home, &canaries), BTreeSet::new());
}

/// A server keeps deleted rows until they are wiped. What is in clear, and the data key, go with the erasure; what is
/// sealed under that key, and ids, within a day.
#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_erased_members_is_left_in_any_table_of_a_server() {
    let home = Home::postgres();
    let world = world::open(&home).await;
    let (canaries, others) = join_and_erase(&home, &world, PEOPLE_ON_A_SERVER, ERASED_ON_A_SERVER).await;
    // What the planner would sample of the values must not outlive them either.
    home.run_raw(Database::Rows, "ANALYZE").await;
    let at_once = traces(&home, &canaries);
    let gone_at_once = ["counter in clear", "wrapped data key", "e-mail in clear"];
    let is_early = |trace: &&String| gone_at_once.iter().any(|what| trace.starts_with(what));
    let early: Vec<&String> = at_once.iter().filter(is_early).collect();
    assert!(early.is_empty(), "right after the erasure: {early:#?}");

    world::wipe(&world).await;
    assert_eq!(traces(&home, &canaries), BTreeSet::new());
    the_others_keep_what_is_theirs(&world.store, &others).await;

    // The log of changes keeps what was written for a while (SECURITY.md): nothing in clear that is sealed.
    let in_clear: Vec<Vec<u8>> = canaries
        .iter()
        .filter(|canary| canary.is_text)
        .map(|canary| canary.bytes.clone())
        .collect();
    assert_eq!(found_in(&Cluster::shared().folder().join("data"), &in_clear), []);
    assert!(!Cluster::shared().log().contains("@example.org"));
}
