//! While a person is here, no file shows what is sealed, and a sealed value that is moved does not open.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use plan::act::Keep;
use plan::field::{Email, Nickname};
use plan::{Permit, Personal, SubjectId};
use store::{Database, Origin, Store, StoreError};
use world::{Home, account, device, found_in_files, member, on_both};

const CANARY: &str = "canary-3f1c9a77e2d04b58";

async fn join(store: &Store, name: &str) -> SubjectId {
    let subject = store.create_subject().await.unwrap();
    let email: Permit<Email, Keep> = store.plan().permit().unwrap();
    let nickname: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let value = format!("{CANARY} {name}");
    let held = store.held();
    let mut ops = held.put_found(&email, &subject, &Personal::new(value.clone()), Origin::Person);
    ops.push(held.put(&nickname, &subject, &Personal::new(value.clone()), Origin::Person));
    ops.push(
        store
            .rows()
            .unwrap()
            .insert(&subject, &account(&subject, &value))
            .unwrap(),
    );
    ops.push(
        store
            .rows()
            .unwrap()
            .insert(&subject, &device(store, &subject, &value))
            .unwrap(),
    );
    store.commit(ops).await.unwrap();
    subject.id()
}

async fn no_file_holds_a_sealed_value_in_clear(home: Home) {
    let world = world::open(&home).await;
    let ada = join(&world.store, "ada").await;
    assert_eq!(found_in_files(&home, &[CANARY.as_bytes().to_vec()]), []);
    assert!(
        !found_in_files(&home, &[ada.as_bytes().to_vec()]).is_empty(),
        "the search finds what is there"
    );
    world.store.close().await;
    assert_eq!(found_in_files(&home, &[CANARY.as_bytes().to_vec()]), []);
}

async fn a_sealed_value_that_was_moved_to_another_row_does_not_open(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.subject(join(store, "ada").await).await.unwrap();
    let second = device(store, &subject, "second");
    store
        .commit(vec![store.rows().unwrap().insert(&subject, &second).unwrap()])
        .await
        .unwrap();
    let of_member = store.select(&world::DEVICES_OF).unwrap();
    assert_eq!(store.read_rows(&of_member, (member(&subject),)).await.unwrap().len(), 2);
    home.run_raw(
        Database::Rows,
        "UPDATE device SET label = (SELECT label FROM device ORDER BY label DESC LIMIT 1)",
    )
    .await;
    let moved = store.read_rows(&of_member, (member(&subject),)).await;
    assert_eq!(moved.err(), Some(StoreError::Unsealable));
    assert_eq!(store.export(subject.id()).await.err(), Some(StoreError::Unsealable));
}

async fn a_sealed_value_that_was_moved_to_another_column_or_field_does_not_open(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.subject(join(store, "ada").await).await.unwrap();
    home.run_raw(
        Database::Rows,
        "UPDATE held SET value = (SELECT value FROM held WHERE field = 'email')",
    )
    .await;
    assert!(store.held().read::<Email>(&subject).await.is_ok());
    assert_eq!(
        store.held().read::<Nickname>(&subject).await.err(),
        Some(StoreError::Unsealable)
    );
    home.run_raw(Database::Rows, "UPDATE device SET public_key = label")
        .await;
    let of_member = store.select(&world::DEVICES_OF).unwrap();
    assert_eq!(
        store.read_rows(&of_member, (member(&subject),)).await.err(),
        Some(StoreError::Unsealable)
    );
}

async fn a_sealed_value_that_was_moved_to_another_person_does_not_open(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let (ada, eve) = (join(store, "ada").await, join(store, "eve").await);
    home.run_raw(
        Database::Rows,
        "UPDATE account SET password = (SELECT password FROM account ORDER BY password DESC LIMIT 1)",
    )
    .await;
    let opened = [store.export(ada).await.err(), store.export(eve).await.err()];
    assert_eq!(
        opened.iter().flatten().collect::<Vec<_>>(),
        [&StoreError::Unsealable],
        "one of two still opens"
    );
}

on_both!(
    no_file_holds_a_sealed_value_in_clear,
    a_sealed_value_that_was_moved_to_another_row_does_not_open,
    a_sealed_value_that_was_moved_to_another_column_or_field_does_not_open,
    a_sealed_value_that_was_moved_to_another_person_does_not_open,
);
