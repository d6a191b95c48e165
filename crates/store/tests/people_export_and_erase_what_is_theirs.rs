//! Everybody may see everything that is held about them, and have it erased with a certificate.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::sync::{Arc, Mutex};

use plan::act::Keep;
use plan::field::Email;
use plan::{Permit, Personal, SubjectId};
use sqlx::{Connection as _, SqliteConnection};
use store::{Certificate, Database, Export, Origin, Store, StoreError};
use world::{DAY, Device, Home, START, account, device, on_both, usage};

async fn join(store: &Store, name: &str) -> SubjectId {
    let subject = store.create_subject().await.unwrap();
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    let email = Personal::new(format!("{name}@example.org"));
    let mut ops = store.held().put_found(&keep, &subject, &email, Origin::Person);
    ops.push(
        store
            .rows()
            .unwrap()
            .insert(&subject, &account(&subject, "$argon2id$secret"))
            .unwrap(),
    );
    ops.push(
        store
            .rows()
            .unwrap()
            .insert(&subject, &device(store, &subject, "router"))
            .unwrap(),
    );
    ops.push(
        store
            .rows()
            .unwrap()
            .insert(&subject, &usage(&subject, START.day(), 1_234))
            .unwrap(),
    );
    store.commit(ops).await.unwrap();
    subject.id()
}

/// An export as lines: table, field, words, expiry.
fn lines(export: &Export) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &export.tables {
        for row in &table.rows {
            let values = row.columns.iter().map(|column| {
                let value = column
                    .value
                    .as_ref()
                    .map_or("(not shown)".to_owned(), ToString::to_string);
                format!("{}={value}", column.field.key())
            });
            let ends = match row.expires_at {
                plan::Timestamp::NEVER => "with the account".to_owned(),
                at => at.to_string(),
            };
            let values = values.collect::<Vec<_>>().join(" ");
            lines.push(format!("{}: {values}; {}; ends {ends}", table.name, row.origin.words()));
        }
    }
    lines
}

async fn an_export_says_everything_in_words_and_hides_secrets(home: Home) {
    let world = world::open(&home).await;
    let ada = join(&world.store, "ada").await;
    join(&world.store, "eve").await;
    let export = world.store.export(ada).await.unwrap();
    let lines = lines(&export);
    let key = lines[2]
        .split("device.key=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(key.len(), 64);
    assert_eq!(
        lines,
        [
            "held: email=ada@example.org; you gave it; ends with the account".to_owned(),
            "account: password.hash=(not shown) joined.day=2026-11-22; made by using the service; ends with the account".to_owned(),
            format!("device: device.label=router device.key={key}; made by using the service; ends with the account"),
            "usage: usage.day=2026-11-22 usage.bytes=1234; made by using the service; ends 2027-12-22 12:00 UTC".to_owned(),
        ]
    );
    assert_eq!(export.plan_digest, world.store.plan_digest());
    assert_eq!(export.tables[0].rows[0].collected_at, Some(START));
    assert_eq!(export.tables[2].about, "Things of yours that connect.");
}

async fn after_an_erasure_there_is_no_such_person(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let (ada, eve) = (join(store, "ada").await, join(store, "eve").await);
    let certificate = store.erase(ada).await.unwrap();
    assert_eq!((certificate.rows, certificate.erased_at), (5, START));
    assert_eq!(store.export(ada).await.err(), Some(StoreError::NoSuchSubject));
    assert_eq!(store.subject(ada).await.err(), Some(StoreError::NoSuchSubject));
    assert_eq!(store.erase(ada).await.err(), Some(StoreError::NoSuchSubject));
    assert_eq!(
        lines(&store.export(eve).await.unwrap()).len(),
        4,
        "another person's rows stay"
    );
    join(store, "ada").await;
}

async fn a_certificate_verifies_and_a_changed_one_does_not(home: Home) {
    let world = world::open(&home).await;
    let ada = join(&world.store, "ada").await;
    let text = world.store.erase(ada).await.unwrap().text;
    assert!(
        text.contains("rows deleted: held_lookup 1, held 1, account 1, device 1, usage 1"),
        "{text}"
    );
    assert!(Certificate::verifies(&text));
    assert!(!Certificate::verifies(&text.replace("usage 1", "usage 0")));
    assert!(!Certificate::verifies(&text.replace("2026", "2025")));
    assert!(!Certificate::verifies(&format!("P.S. of somebody\n{text}")));
    assert!(!Certificate::verifies(&format!("{text}P.S. of somebody\n")));
    assert!(!Certificate::verifies(text.lines().next().unwrap()));
    assert!(!Certificate::verifies(""));
}

async fn a_late_writer_cannot_bring_an_erased_person_back(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let id = join(store, "ada").await;
    let subject = store.subject(id).await.unwrap();
    store.erase(id).await.unwrap();
    let late = store
        .rows::<Device>()
        .unwrap()
        .insert(&subject, &device(store, &subject, "late"))
        .unwrap();
    assert_eq!(store.commit(vec![late]).await, Err(StoreError::RefusedByDatabase));
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    let email = Personal::new("ada@example.org".to_owned());
    let late = store.held().put_found(&keep, &subject, &email, Origin::Person);
    assert_eq!(store.commit(late).await, Err(StoreError::RefusedByDatabase));
}

async fn an_unused_person_is_forgotten_and_one_with_rows_is_not(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let unused = store.create_subject().await.unwrap();
    store.forget_unused(&unused).await.unwrap();
    assert_eq!(store.subject(unused.id()).await.err(), Some(StoreError::NoSuchSubject));
    let ada = store.subject(join(store, "ada").await).await.unwrap();
    assert_eq!(store.forget_unused(&ada).await, Err(StoreError::RefusedByDatabase));
    assert!(store.subject(ada.id()).await.is_ok());
}

async fn many_people_are_erased_together(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let mut people = Vec::new();
    for number in 0..20 {
        people.push(join(store, &format!("person-{number}")).await);
    }
    let (eve, heard) = (join(store, "eve").await, Arc::new(Mutex::new(Vec::new())));
    store.erase(people[0]).await.unwrap();
    let hears = Arc::clone(&heard);
    let made = store
        .erase_all(people.clone(), move |id| hears.lock().unwrap().push(id))
        .await;
    let made = made.unwrap();
    assert_eq!(made.len(), 19, "one was gone already");
    assert!(
        made.iter()
            .all(|certificate| certificate.rows == 5 && Certificate::verifies(&certificate.text))
    );
    let mut heard = heard.lock().unwrap().clone();
    heard.sort_unstable();
    people.remove(0);
    people.sort_unstable();
    assert_eq!(heard, people);
    for id in &people {
        assert_eq!(store.subject(*id).await.err(), Some(StoreError::NoSuchSubject));
    }
    assert!(store.export(eve).await.is_ok(), "another person's rows stay");
    let ids: Vec<Vec<u8>> = people.iter().map(|id| id.as_bytes().to_vec()).collect();
    if !home.is_postgres() {
        assert_eq!(world::found_in_files(&home, &ids), []);
    }
}

/// Another program holds the keys for longer than an erasure waits for them.
#[tokio::test]
async fn an_erasure_that_failed_on_the_way_is_finished_by_the_next_sweep() {
    let home = Home::sqlite();
    let world = world::open(&home).await;
    let store = &world.store;
    let ada = join(store, "ada").await;
    let mut other = SqliteConnection::connect(&home.url(Database::Keys)).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let (tell, heard) = std::sync::mpsc::channel();
    let failed = store.erase_all(vec![ada], move |id| tell.send(id).unwrap()).await;
    assert!(failed.is_err());
    assert_eq!(heard.recv(), Ok(ada), "it is told as soon as the rows are gone");
    assert!(store.subject(ada).await.is_ok(), "the key is there still");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_eq!(store.finish_begun().await, Ok(vec![ada]));
    assert_eq!(store.subject(ada).await.err(), Some(StoreError::NoSuchSubject));
    assert_eq!(store.finish_begun().await, Ok(Vec::new()), "once is enough");
    let halves = ada.as_bytes().chunks(8).map(<[u8]>::to_vec);
    assert_eq!(world::found_in_files(&home, &halves.collect::<Vec<_>>()), []);
}

async fn a_tombstone_goes_after_thirty_days(home: Home) {
    let world = world::open(&home).await;
    let ada = join(&world.store, "ada").await;
    world.store.erase(ada).await.unwrap();
    assert_eq!(world.store.sweep().await, Ok(0));
    world.clock.advance_seconds(30 * DAY);
    assert_eq!(world.store.sweep().await, Ok(1));
}

async fn a_thousand_rows_are_exported_and_erased(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let id = join(store, "ada").await;
    let subject = store.subject(id).await.unwrap();
    let devices = store.rows().unwrap();
    let insert = |number: usize| {
        devices
            .insert(&subject, &device(store, &subject, &format!("device {number}")))
            .unwrap()
    };
    store.commit((0..1_000).map(insert).collect()).await.unwrap();
    assert_eq!(lines(&store.export(id).await.unwrap()).len(), 1_004);
    assert_eq!(store.erase(id).await.unwrap().rows, 1_005);
}

on_both!(
    an_export_says_everything_in_words_and_hides_secrets,
    after_an_erasure_there_is_no_such_person,
    a_certificate_verifies_and_a_changed_one_does_not,
    a_late_writer_cannot_bring_an_erased_person_back,
    an_unused_person_is_forgotten_and_one_with_rows_is_not,
    a_tombstone_goes_after_thirty_days,
    a_thousand_rows_are_exported_and_erased,
    many_people_are_erased_together,
);
