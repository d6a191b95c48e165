//! Every row moves from one engine to the other and back unchanged, into an empty place alone, all or nothing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::sync::Arc;

use plan::act::Keep;
use plan::field::{Email, Nickname};
use plan::{ManualClock, Permit, Personal, SessionId, SubjectId, VisitId};
use store::transfer::{self, Filling, Header, Record, Snapshot, TransferError};
use store::{Database, OpenError, Origin, Store};
use world::{CATALOGUE, Home, START, Session, Visit, World, account, device, member, on_both, usage};

const PEOPLE: i64 = 40;

/// A store with something in every table, one person erased.
async fn furnished(home: &Home) -> (World, Vec<SubjectId>) {
    let world = world::open(home).await;
    let store = &world.store;
    let email: Permit<Email, Keep> = store.plan().permit().unwrap();
    let nickname: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let subject = store.create_subject().await.unwrap();
        let held = store.held();
        let address = Personal::new(format!("{number}@example.org"));
        let mut ops = held.put_found(&email, &subject, &address, Origin::Person);
        // Names whose order differs by alphabet and by bytes.
        let name = Personal::new(format!("{}ä{number}", if number % 2 == 0 { "Z" } else { "a" }));
        ops.push(held.put(&nickname, &subject, &name, Origin::Operator));
        ops.push(
            store
                .rows()
                .unwrap()
                .insert(&subject, &account(&subject, "hash"))
                .unwrap(),
        );
        ops.push(
            store
                .rows()
                .unwrap()
                .insert(&subject, &device(store, &subject, "router"))
                .unwrap(),
        );
        let session = Session {
            id: SessionId::from_bytes(store.random()),
            member: member(&subject),
            hash: Personal::new(store.random()),
        };
        ops.push(store.rows().unwrap().insert(&subject, &session).unwrap());
        let row = usage(&subject, START.day(), i64::MAX - number);
        ops.push(store.rows().unwrap().insert(&subject, &row).unwrap());
        store.commit(ops).await.unwrap();
        people.push(subject.id());
    }
    let today = store.day_subject(START.day()).await.unwrap();
    let visit = Visit {
        id: VisitId::from_bytes(store.random()),
        day: today.id(),
        at: Personal::new(START),
        address: Personal::new("2001:db8::7".parse().unwrap()),
    };
    store
        .commit(vec![store.rows().unwrap().insert(&today, &visit).unwrap()])
        .await
        .unwrap();
    store.instance_secret("wireguard").await.unwrap();
    store.erase(people.remove(7)).await.unwrap();
    (world, people)
}

/// Everything that is stored, past the copying.
async fn everything(home: &Home) -> (Header, Vec<Record>) {
    let mut snapshot = Snapshot::open(&home.place(), &[CATALOGUE]).await.unwrap();
    let header = snapshot.header().clone();
    let mut all = Vec::new();
    while let Some(records) = snapshot.next_rows().await.unwrap() {
        all.extend(records);
    }
    snapshot.close().await;
    (header, all)
}

async fn copied(from: &Home, to: &Home) -> u64 {
    let mut told = (0, 0);
    let progress = |done, all| told = (done, all);
    let rows = transfer::copy(&from.place(), &to.place(), &[CATALOGUE], progress)
        .await
        .unwrap();
    assert_eq!(told, (rows, rows));
    rows
}

async fn every_row_goes_there_and_back_unchanged(there: Home) {
    let (first, last) = (Home::sqlite(), Home::sqlite());
    let (world, people) = furnished(&first).await;
    world.store.close().await;
    let before = everything(&first).await;
    assert!(before.0.tables.iter().all(|table| table.rows > 0), "{:?}", before.0);
    let rows = copied(&first, &there).await;
    assert_eq!(rows, before.1.len() as u64);
    assert!(everything(&there).await == before, "there");
    copied(&there, &last).await;
    assert!(everything(&last).await == before, "and back");

    for home in [&there, &last] {
        let store = world::reopen(home, &Arc::new(ManualClock::new(START))).await;
        for person in &people {
            assert_eq!(store.export(*person).await.unwrap().tables.len(), 5);
        }
        store.erase(people[0]).await.unwrap();
        store.close().await;
    }
}

async fn nothing_is_overwritten(to: Home) {
    let from = Home::sqlite();
    furnished(&from).await.0.store.close().await;
    furnished(&to).await.0.store.close().await;
    let before = everything(&to).await;
    let refused = transfer::copy(&from.place(), &to.place(), &[CATALOGUE], |_, _| {}).await;
    assert!(matches!(refused, Err(TransferError::NotEmpty(_))), "{refused:?}");
    assert!(everything(&to).await == before);
    let itself = transfer::copy(&to.place(), &to.place(), &[CATALOGUE], |_, _| {}).await;
    assert!(matches!(itself, Err(TransferError::NotEmpty(_))), "{itself:?}");
}

async fn there_is_nothing_to_copy_where_nothing_is(from: Home) {
    let to = Home::sqlite();
    let refused = transfer::copy(&from.place(), &to.place(), &[CATALOGUE], |_, _| {}).await;
    assert!(matches!(refused, Err(TransferError::NothingThere(_))), "{refused:?}");
    assert_eq!(world::files(to.folder()).len(), 0, "nothing was made");
}

async fn what_does_not_fit_leaves_the_place_empty(to: Home) {
    let from = Home::sqlite();
    furnished(&from).await.0.store.close().await;
    let (header, records) = everything(&from).await;
    type Damage = fn(&mut Header, &mut Vec<Record>);
    let damages: &[(&str, Damage)] = &[
        ("a row too few", |_, records| _ = records.pop()),
        ("a row twice", |_, records| records.insert(1, records[0].clone())),
        ("a row in the place of another", |_, records| {
            let at = records.windows(2).position(|two| two[0].table == two[1].table);
            records.swap(at.unwrap(), at.unwrap() + 1);
        }),
        ("a cell too many", |_, records| {
            let cell = records[0].cells[0].clone();
            records[0].cells.push(cell);
        }),
        ("a table that nobody knows", |header, _| {
            header.tables[4].name = "visited".to_owned()
        }),
        ("another schema", |header, _| header.schema += 1),
        ("rows of nobody", |header, records| {
            let subjects = header.tables.iter().position(|table| table.name == "subject").unwrap();
            header.tables[subjects].rows -= 1;
            let at = records.iter().position(|record| record.table == subjects);
            records.remove(at.unwrap());
        }),
    ];
    for (what, damage) in damages {
        let (mut header, mut records) = (header.clone(), records.clone());
        damage(&mut header, &mut records);
        let filled = async {
            let mut filling = Filling::begin(&to.place(), &[CATALOGUE], header).await?;
            filling.put(records).await?;
            filling.finish().await
        };
        let refused = filled.await;
        assert!(
            matches!(
                refused,
                Err(TransferError::BadRow(_)
                    | TransferError::ReadsDifferently(_)
                    | TransferError::UnknownTable(_)
                    | TransferError::OtherSchema { .. })
            ),
            "{what}: {refused:?}"
        );
    }
    assert!(copied(&from, &to).await > 0, "it is empty after each");
}

async fn a_running_instance_is_read_at_one_moment_and_erasures_wait(home: Home) {
    let (world, people) = furnished(&home).await;
    let mut snapshot = world.store.snapshot().await.unwrap();
    let store: Store = world.store.clone();
    let victim = people[0];
    let erasing = tokio::spawn(async move { store.erase(victim).await });
    let newcomer = world.store.create_subject().await.unwrap();
    let row = device(&world.store, &newcomer, "late");
    let op = world.store.rows().unwrap().insert(&newcomer, &row).unwrap();
    world.store.commit(vec![op]).await.unwrap();

    let to = Home::sqlite();
    let mut filling = Filling::begin(&to.place(), &[CATALOGUE], snapshot.header().clone())
        .await
        .unwrap();
    while let Some(records) = snapshot.next_rows().await.unwrap() {
        filling.put(records).await.unwrap();
    }
    filling.finish().await.unwrap();
    assert!(!erasing.is_finished(), "an erasure waits for the snapshot");
    snapshot.close().await;
    erasing.await.unwrap().unwrap();
    let copy = world::reopen(&to, &world.clock).await;
    assert!(copy.export(victim).await.is_ok());
    assert!(copy.export(newcomer.id()).await.is_err(), "who came later is not in it");
}

#[tokio::test]
async fn a_running_instance_is_not_copied() {
    let home = Home::postgres();
    let (world, _) = furnished(&home).await;
    let refused = Snapshot::open(&home.place(), &[CATALOGUE]).await;
    assert!(matches!(refused, Err(TransferError::Open(OpenError::InUse(_)))));
    world.store.close().await;
}

#[tokio::test]
async fn a_table_of_another_program_is_not_left_behind_silently() {
    let home = Home::sqlite();
    furnished(&home).await.0.store.close().await;
    home.run_raw(Database::Rows, "CREATE TABLE device_notes (text TEXT)")
        .await;
    let refused = Snapshot::open(&home.place(), &[CATALOGUE]).await;
    assert!(matches!(refused, Err(TransferError::Open(OpenError::UnknownTable(_)))));
}

on_both!(
    every_row_goes_there_and_back_unchanged,
    nothing_is_overwritten,
    there_is_nothing_to_copy_where_nothing_is,
    what_does_not_fit_leaves_the_place_empty,
    a_running_instance_is_read_at_one_moment_and_erasures_wait,
);
