//! After an erasure, nothing of the person is in any byte of any file: no sealed value, no counter in clear, no key, no
//! id. The search is shown to find each of them before.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::collections::BTreeSet;
use std::path::Path;

use plan::act::Keep;
use plan::field::{Email, Nickname};
use plan::{Day, Permit, Personal, SessionId, SubjectId};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::{Certificate, Origin, Store, Subject};
use world::{Session, account, device, found_in_files, member, usage};

/// Enough people that the trees of both files have split so often that SQLite leaves copies of some rows in the gaps of
/// pages: with these numbers about six of the erased are still in the file when it is not written anew.
const PEOPLE: usize = 2500;
/// How many of them are erased.
const ERASED: usize = 900;

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

/// Reads, past the store, what both files hold of people in sealed form.
async fn sealed_canaries(folder: &Path, people: &BTreeSet<SubjectId>) -> Vec<Canary> {
    let columns: &[(&'static str, &'static str, &'static str)] = &[
        ("candor.db", "sealed value told", "SELECT subject, value FROM held"),
        (
            "candor.db",
            "index of a value told",
            "SELECT subject, lookup FROM held_lookup",
        ),
        (
            "candor.db",
            "sealed password hash",
            "SELECT member, password FROM account",
        ),
        ("candor.db", "sealed device label", "SELECT member, label FROM device"),
        (
            "candor.db",
            "sealed public key",
            "SELECT member, public_key FROM device",
        ),
        (
            "candor.db",
            "index of a public key",
            "SELECT member, public_key_index FROM device",
        ),
        ("candor.db", "sealed session hash", "SELECT member, hash FROM session"),
        ("candor.db", "id", "SELECT id, id FROM subject"),
        ("keys.db", "id", "SELECT subject, subject FROM subject_key"),
        (
            "keys.db",
            "wrapped data key",
            "SELECT subject, wrapped FROM subject_key",
        ),
    ];
    let mut canaries = Vec::new();
    for (file, what, sql) in columns {
        let url = format!("sqlite://{}", folder.join(file).display());
        let mut raw = SqliteConnection::connect(&url).await.unwrap();
        let rows = sqlx::query(*sql).fetch_all(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        let before = canaries.len();
        for row in rows {
            let owner = SubjectId::from_bytes(row.get::<Vec<u8>, _>(0).try_into().unwrap());
            if people.contains(&owner) {
                canaries.push(Canary {
                    what,
                    bytes: row.get(1),
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

/// How the database stores a number of 64 bits (sqlite.org/fileformat2.html, section 2.1), and its digits.
fn counter_canaries(counters: &[i64]) -> Vec<Canary> {
    let canary = |bytes, is_text| Canary {
        what: "counter in clear",
        bytes,
        is_text,
    };
    let forms = |counter: &i64| {
        [
            canary(counter.to_be_bytes().to_vec(), false),
            canary(counter.to_string().into_bytes(), true),
        ]
    };
    counters.iter().flat_map(forms).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_erased_members_is_left_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let world = world::open(folder.path()).await;
    let store = &world.store;
    let mut joining = tokio::task::JoinSet::new();
    for number in 0..PEOPLE {
        let store = store.clone();
        joining.spawn(async move { join(&store, number).await });
    }
    let people = joining.join_all().await;
    let (victims, others) = people.split_at(ERASED);
    let erased = victims.iter().map(|(subject, _)| subject.id()).collect();
    let mut canaries = sealed_canaries(folder.path(), &erased).await;
    canaries.extend(victims.iter().flat_map(|(_, counters)| counter_canaries(counters)));
    let bytes: Vec<Vec<u8>> = canaries.iter().map(|canary| canary.bytes.clone()).collect();

    let before: BTreeSet<usize> = found_in_files(folder.path(), &bytes)
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
    let after = found_in_files(folder.path(), &bytes);
    let after: Vec<String> = after
        .iter()
        .map(|(file, index)| format!("{} in {file}", canaries[*index].what))
        .collect();
    assert!(after.is_empty(), "{} traces: {after:#?}", after.len());

    for (subject, _) in others {
        assert!(
            !store.export(subject.id()).await.unwrap().tables.is_empty(),
            "the others keep what is theirs"
        );
    }
    store.close().await;
    assert_eq!(found_in_files(folder.path(), &bytes), []);
}
