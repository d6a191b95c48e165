//! What a start refuses, and that each refusal says what to do.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::path::Path;
use std::sync::Arc;

use plan::ManualClock;
use plan::act::Keep;
use plan::field::Nickname;
use plan::{Permit, Personal};
use sqlx::{Connection as _, SqliteConnection};
use store::{Leftover, OpenError, Origin, Store, WrappingKey};
use world::{ACCOUNT, DEVICE, EMAIL, EVERYTHING, NICKNAME, SESSION, START, Usage, VISIT, device, open_under, options};

/// A folder with one person who has a device and a nickname.
async fn furnished(folder: &Path) -> plan::SubjectId {
    let world = world::open(folder).await;
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

async fn run_raw(folder: &Path, sql: &'static str) {
    let url = format!("sqlite://{}", folder.join("candor.db").display());
    let mut raw = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(sql).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
}

async fn refusal(folder: &Path) -> OpenError {
    open_under(folder, EVERYTHING)
        .await
        .err()
        .expect("the start is refused")
}

#[tokio::test]
async fn a_second_start_finds_everything() {
    let folder = tempfile::tempdir().unwrap();
    let subject = furnished(folder.path()).await;
    let store = open_under(folder.path(), EVERYTHING).await.unwrap();
    assert_eq!(store.erasures_finished, 0);
    let export = store.export(subject).await.unwrap();
    assert_eq!(
        export.tables.iter().map(|table| table.name).collect::<Vec<_>>(),
        ["held", "device"]
    );
}

#[tokio::test]
async fn another_wrapping_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    let clock = Arc::new(ManualClock::new(START));
    let mut other = options(folder.path(), &world::policy_of(EVERYTHING), &clock);
    other.wrapping = WrappingKey::from_bytes(&mut [8; 32]);
    assert!(matches!(Store::open(other).await, Err(OpenError::WrongWrappingKey)));
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_named() {
    for (file, length) in [
        ("candor.db", 5000),
        ("keys.db", 5000),
        ("candor.db", 60),
        ("keys.db", 60),
    ] {
        let folder = tempfile::tempdir().unwrap();
        furnished(folder.path()).await;
        let cut = std::fs::File::options()
            .write(true)
            .open(folder.path().join(file))
            .unwrap();
        cut.set_len(length).unwrap();
        let refused = refusal(folder.path()).await;
        assert!(
            matches!(refused, OpenError::Damaged(name) if name == file),
            "{file} of {length}: {refused}"
        );
        assert!(refused.to_string().contains("put back the newest backup"));
    }
}

#[tokio::test]
async fn a_lost_database_does_not_cost_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let subject = furnished(folder.path()).await;
    let moved = folder.path().join("moved");
    std::fs::rename(folder.path().join("candor.db"), &moved).unwrap();
    assert!(matches!(
        refusal(folder.path()).await,
        OpenError::DatabaseMissing { people: 1 }
    ));
    assert!(
        matches!(refusal(folder.path()).await, OpenError::DatabaseMissing { people: 1 }),
        "and stays refused"
    );
    std::fs::rename(moved, folder.path().join("candor.db")).unwrap();
    let store = open_under(folder.path(), EVERYTHING).await.unwrap();
    assert!(!store.export(subject).await.unwrap().tables.is_empty());
}

#[tokio::test]
async fn a_lost_key_database_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    std::fs::remove_file(folder.path().join("keys.db")).unwrap();
    assert!(matches!(refusal(folder.path()).await, OpenError::KeysOfAnother));
}

#[tokio::test]
async fn an_older_key_database_is_refused_and_the_operator_may_erase() {
    let folder = tempfile::tempdir().unwrap();
    let empty = world::open(folder.path()).await;
    empty.store.close().await;
    let backup = folder.path().join("backup");
    std::fs::copy(folder.path().join("keys.db"), &backup).unwrap();
    furnished(folder.path()).await;
    std::fs::rename(&backup, folder.path().join("keys.db")).unwrap();
    assert!(matches!(
        refusal(folder.path()).await,
        OpenError::KeysMissing { people: 1 }
    ));

    let clock = Arc::new(ManualClock::new(START));
    let mut erasing = options(folder.path(), &world::policy_of(EVERYTHING), &clock);
    erasing.erase_leftovers = true;
    Store::open(erasing).await.unwrap().close().await;
    open_under(folder.path(), EVERYTHING).await.unwrap();
}

#[tokio::test]
async fn a_schema_that_was_changed_by_hand_is_refused_with_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    run_raw(folder.path(), "ALTER TABLE usage ADD COLUMN host TEXT").await;
    let refused = refusal(folder.path()).await;
    let OpenError::SchemaDiffers { table, found, expected } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(table, "usage");
    assert!(found.contains("host TEXT") && !expected.contains("host TEXT"));
    assert!(refused.to_string().contains("changed by hand"));
}

#[tokio::test]
async fn a_table_that_nobody_declares_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    run_raw(folder.path(), "CREATE TABLE visited_host (host TEXT)").await;
    assert!(matches!(refusal(folder.path()).await, OpenError::UnknownTable(name) if name == "visited_host"));
}

#[tokio::test]
async fn withdrawn_tables_and_fields_with_rows_are_refused_with_their_counts() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    let without = [EMAIL, ACCOUNT, SESSION, VISIT];
    let refused = open_under(folder.path(), &without).await.err().unwrap();
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
    open_under(folder.path(), EVERYTHING)
        .await
        .expect("a refused start has changed nothing");
}

#[tokio::test]
async fn erasing_leftovers_erases_exactly_them() {
    let folder = tempfile::tempdir().unwrap();
    let subject = furnished(folder.path()).await;
    let clock = Arc::new(ManualClock::new(START));
    let mut erasing = options(
        folder.path(),
        &world::policy_of(&[EMAIL, ACCOUNT, DEVICE, SESSION, VISIT]),
        &clock,
    );
    erasing.erase_leftovers = true;
    let store = Store::open(erasing).await.unwrap();
    let export = store.export(subject).await.unwrap();
    assert_eq!(
        export.tables.iter().map(|table| table.name).collect::<Vec<_>>(),
        ["device"]
    );
    assert!(store.rows::<Usage>().is_none());
    store.close().await;
    open_under(folder.path(), &[EMAIL, ACCOUNT, DEVICE, SESSION, VISIT])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_withdrawn_table_without_rows_goes_by_itself_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path()).await;
    let without_usage = [EMAIL, NICKNAME, ACCOUNT, DEVICE, SESSION, VISIT];
    let store = open_under(folder.path(), &without_usage).await.unwrap();
    assert!(store.rows::<Usage>().is_none());
    store.close().await;
    let store = open_under(folder.path(), EVERYTHING).await.unwrap();
    assert!(store.rows::<Usage>().is_some());
}

#[tokio::test]
async fn a_policy_that_ends_what_this_program_keeps_is_refused_with_the_line_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let ends = "  collect device.label device.key surface=account { for service; keep \"30d\"; }\n";
    let refused = open_under(folder.path(), &[EMAIL, ends]).await.err().unwrap();
    assert!(matches!(refused, OpenError::KeepNotKept { table: "device", .. }));
    assert!(refused.to_string().contains("keep until=account.closed"));
}
