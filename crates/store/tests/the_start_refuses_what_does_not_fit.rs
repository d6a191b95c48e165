//! What a start refuses, and that each refusal says what to do.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::sync::Arc;

use plan::ManualClock;
use plan::act::Keep;
use plan::field::Nickname;
use plan::{Permit, Personal};
use store::{Database, Leftover, OpenError, Origin, Store, WrappingKey};
use world::{
    ACCOUNT, DEVICE, EMAIL, EVERYTHING, Home, NICKNAME, SESSION, START, Usage, VISIT, device, on_both, open_under,
    options,
};

/// A folder with one person who has a device and a nickname.
async fn furnished(home: &Home) -> plan::SubjectId {
    let world = world::open(home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    let keep: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let nickname = Personal::new("ada".to_owned());
    let mut ops = store.held().put_found(&keep, &subject, &nickname, Origin::Person);
    ops.push(
        store
            .rows()
            .unwrap()
            .insert(&subject, &device(store, &subject, "router"))
            .unwrap(),
    );
    store.commit(ops).await.unwrap();
    store.close().await;
    subject.id()
}

async fn refusal(home: &Home) -> OpenError {
    open_under(home, EVERYTHING).await.err().expect("the start is refused")
}

async fn a_second_start_finds_everything(home: Home) {
    let subject = furnished(&home).await;
    let store = open_under(&home, EVERYTHING).await.unwrap();
    assert_eq!(store.erasures_finished, 0);
    let export = store.export(subject).await.unwrap();
    assert_eq!(
        export.tables.iter().map(|table| table.name).collect::<Vec<_>>(),
        ["held", "device"]
    );
}

async fn another_wrapping_key_is_refused(home: Home) {
    furnished(&home).await;
    let clock = Arc::new(ManualClock::new(START));
    let mut other = options(&home, &world::policy_of(EVERYTHING), &clock);
    other.wrapping = WrappingKey::from_bytes(&mut [8; 32]);
    assert!(matches!(Store::open(other).await, Err(OpenError::WrongWrappingKey(_))));
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_named() {
    for (file, length) in [
        ("candor.db", 5000),
        ("keys.db", 5000),
        ("candor.db", 60),
        ("keys.db", 60),
    ] {
        let home = Home::sqlite();
        furnished(&home).await;
        let cut = std::fs::File::options()
            .write(true)
            .open(home.folder().join(file))
            .unwrap();
        cut.set_len(length).unwrap();
        let refused = refusal(&home).await;
        assert!(
            matches!(&refused, OpenError::Damaged(name) if name == file),
            "{file} of {length}: {refused}"
        );
        assert!(refused.to_string().contains("put back the newest backup"));
    }
}

async fn a_lost_database_does_not_cost_the_keys(home: Home) {
    let subject = furnished(&home).await;
    home.set_aside(Database::Rows);
    assert!(matches!(refusal(&home).await, OpenError::DatabaseMissing { people: 1 }));
    assert!(
        matches!(refusal(&home).await, OpenError::DatabaseMissing { people: 1 }),
        "and stays refused"
    );
    home.put_back(Database::Rows);
    let store = open_under(&home, EVERYTHING).await.unwrap();
    assert!(!store.export(subject).await.unwrap().tables.is_empty());
}

async fn a_lost_key_database_is_noticed(home: Home) {
    furnished(&home).await;
    home.set_aside(Database::Keys);
    assert!(matches!(refusal(&home).await, OpenError::KeysOfAnother));
}

async fn an_older_key_database_is_refused_and_the_operator_may_erase(home: Home) {
    let empty = world::open(&home).await;
    empty.store.close().await;
    home.copy_aside(Database::Keys);
    furnished(&home).await;
    home.put_back(Database::Keys);
    assert!(matches!(refusal(&home).await, OpenError::KeysMissing { people: 1 }));

    let clock = Arc::new(ManualClock::new(START));
    let mut erasing = options(&home, &world::policy_of(EVERYTHING), &clock);
    erasing.erase_leftovers = true;
    Store::open(erasing).await.unwrap().close().await;
    open_under(&home, EVERYTHING).await.unwrap();
}

async fn a_schema_that_was_changed_by_hand_is_refused_with_the_difference(home: Home) {
    furnished(&home).await;
    home.run_raw(Database::Rows, "ALTER TABLE usage ADD COLUMN host TEXT")
        .await;
    let refused = refusal(&home).await;
    let OpenError::SchemaDiffers { table, found, expected } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(table, "usage");
    assert!(found.to_lowercase().contains("host text") && !expected.to_lowercase().contains("host text"));
    assert!(refused.to_string().contains("changed by hand"));
}

async fn a_table_that_nobody_declares_is_refused(home: Home) {
    furnished(&home).await;
    home.run_raw(Database::Rows, "CREATE TABLE visited_host (host TEXT)")
        .await;
    assert!(matches!(refusal(&home).await, OpenError::UnknownTable(name) if name == "visited_host"));
}

async fn withdrawn_tables_and_fields_with_rows_are_refused_with_their_counts(home: Home) {
    furnished(&home).await;
    let without = [EMAIL, ACCOUNT, SESSION, VISIT];
    let refused = open_under(&home, &without).await.err().unwrap();
    let OpenError::Leftovers(leftovers) = &refused else {
        panic!("{refused}")
    };
    let leftover = |what: &str| Leftover {
        what: what.to_owned(),
        rows: 1,
    };
    assert_eq!(leftovers, &[leftover("nickname"), leftover("device")]);
    assert!(refused.to_string().contains("nickname (1 rows), device (1 rows)"));
    assert!(refused.to_string().contains("candor policy publish --erase-withdrawn"));
    open_under(&home, EVERYTHING)
        .await
        .expect("a refused start has changed nothing");
}

async fn erasing_leftovers_erases_exactly_them(home: Home) {
    let subject = furnished(&home).await;
    let clock = Arc::new(ManualClock::new(START));
    let mut erasing = options(
        &home,
        &world::policy_of(&[EMAIL, ACCOUNT, DEVICE, SESSION, VISIT]),
        &clock,
    );
    erasing.erase_leftovers = true;
    // Where the table's file begins on a server; pages of a SQLite file that nothing uses.
    let place = async || match home.is_postgres() {
        true => home.number_raw("SELECT pg_relation_filenode('held')::bigint").await,
        false => home.number_raw("PRAGMA freelist_count").await,
    };
    let before = place().await;
    let store = Store::open(erasing).await.unwrap();
    match home.is_postgres() {
        true => assert_ne!(place().await, before, "the gaps of the table are written anew"),
        false => assert_eq!(place().await, 0, "the pages of the dropped table are gone"),
    }
    let marks = home.number_raw("SELECT COUNT(*) FROM mark WHERE name IN ('residue', 'wiping')");
    assert_eq!(marks.await, 0);
    let export = store.export(subject).await.unwrap();
    assert_eq!(
        export.tables.iter().map(|table| table.name).collect::<Vec<_>>(),
        ["device"]
    );
    assert!(store.rows::<Usage>().is_none());
    store.close().await;
    open_under(&home, &[EMAIL, ACCOUNT, DEVICE, SESSION, VISIT])
        .await
        .unwrap();
}

async fn a_withdrawn_table_without_rows_goes_by_itself_and_comes_back(home: Home) {
    furnished(&home).await;
    let without_usage = [EMAIL, NICKNAME, ACCOUNT, DEVICE, SESSION, VISIT];
    let store = open_under(&home, &without_usage).await.unwrap();
    assert!(store.rows::<Usage>().is_none());
    store.close().await;
    let store = open_under(&home, EVERYTHING).await.unwrap();
    assert!(store.rows::<Usage>().is_some());
}

async fn a_policy_that_ends_what_this_program_keeps_is_refused_with_the_line_to_write(home: Home) {
    let ends = "  collect device.label device.key surface=account { for service; keep \"30d\"; }\n";
    let refused = open_under(&home, &[EMAIL, ends]).await.err().unwrap();
    assert!(matches!(refused, OpenError::KeepNotKept { table: "device", .. }));
    assert!(refused.to_string().contains("keep until=account.closed"));
}

on_both!(
    a_second_start_finds_everything,
    another_wrapping_key_is_refused,
    a_lost_database_does_not_cost_the_keys,
    a_lost_key_database_is_noticed,
    an_older_key_database_is_refused_and_the_operator_may_erase,
    a_schema_that_was_changed_by_hand_is_refused_with_the_difference,
    a_table_that_nobody_declares_is_refused,
    withdrawn_tables_and_fields_with_rows_are_refused_with_their_counts,
    erasing_leftovers_erases_exactly_them,
    a_withdrawn_table_without_rows_goes_by_itself_and_comes_back,
    a_policy_that_ends_what_this_program_keeps_is_refused_with_the_line_to_write,
);
