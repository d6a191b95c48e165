//! Time ends what is kept: reads look at it at once, the sweep deletes, and a day's key goes with its last row.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::sync::Arc;

use plan::act::Keep;
use plan::field::Nickname;
use plan::{Permit, Personal, VisitId};
use store::{Limit, Origin, Store, StoreError, Subject};
use world::{DAY, Home, START, Usage, Visit, World, found_in_files, member, on_both, usage};

async fn put_nickname(store: &Store, subject: &Subject) {
    let keep: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let nickname = Personal::new("ada".to_owned());
    let ops = store.held().put_found(&keep, subject, &nickname, Origin::Person);
    store.commit(ops).await.unwrap();
}

async fn put_usage(store: &Store, subject: &Subject) {
    let counts = store.rows::<Usage>().unwrap();
    let op = counts.insert(subject, &usage(subject, START.day(), 5)).unwrap();
    store.commit(vec![op]).await.unwrap();
}

async fn put_visit(store: &Store) -> Subject {
    let today = store.day_subject(store.now().day()).await.unwrap();
    let visit = Visit {
        id: VisitId::from_bytes(store.random()),
        day: today.id(),
        at: Personal::new(store.now()),
        address: Personal::new("2001:db8::7".parse().unwrap()),
    };
    let op = store.rows().unwrap().insert(&today, &visit).unwrap();
    store.commit(vec![op]).await.unwrap();
    today
}

async fn usage_rows_read(world: &World, subject: &Subject) -> usize {
    let of_member = world.store.select(&world::USAGE_OF).unwrap();
    let args = (member(subject), world.store.now(), Limit(9));
    world.store.read_rows(&of_member, args).await.unwrap().len()
}

async fn what_has_ended_is_not_read_although_it_was_not_swept(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    put_nickname(store, &subject).await;
    put_usage(store, &subject).await;

    world.clock.advance_seconds(30 * DAY - 1);
    assert!(store.held().read::<Nickname>(&subject).await.unwrap().is_some());
    world.clock.advance_seconds(1);
    assert!(
        store.held().read::<Nickname>(&subject).await.unwrap().is_none(),
        "a nickname is kept for 30 days"
    );
    let names = |export: store::Export| export.tables.iter().map(|table| table.name).collect::<Vec<_>>();
    assert_eq!(names(store.export(subject.id()).await.unwrap()), ["usage"]);

    world.clock.advance_seconds(365 * DAY - 1);
    assert_eq!(usage_rows_read(&world, &subject).await, 1);
    world.clock.advance_seconds(1);
    assert_eq!(usage_rows_read(&world, &subject).await, 0, "usage is kept for 395 days");
    assert!(names(store.export(subject.id()).await.unwrap()).is_empty());
    assert_eq!(
        home.number_raw("SELECT (SELECT COUNT(*) FROM usage) + (SELECT COUNT(*) FROM held)")
            .await,
        2
    );
}

async fn the_sweep_deletes_what_has_ended_and_nothing_else(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    put_nickname(store, &subject).await;
    put_usage(store, &subject).await;
    assert_eq!(store.sweep().await, Ok(0));
    world.clock.advance_seconds(30 * DAY);
    assert_eq!(store.sweep().await, Ok(2), "the nickname and its index");
    assert_eq!(store.sweep().await, Ok(0));
    assert_eq!(usage_rows_read(&world, &subject).await, 1);
    world.clock.advance_seconds(365 * DAY);
    assert_eq!(store.sweep().await, Ok(1));
    assert_eq!(
        home.number_raw("SELECT (SELECT COUNT(*) FROM usage) + (SELECT COUNT(*) FROM held)")
            .await,
        0
    );
}

/// How the database stores a number of 64 bits: SQLite in network order (sqlite.org/fileformat2.html, section 2.1),
/// PostgreSQL as the machine does.
fn stored_form(home: &Home, number: i64) -> Vec<u8> {
    match home.is_postgres() {
        false => number.to_be_bytes().to_vec(),
        true => number.to_ne_bytes().to_vec(),
    }
}

async fn a_counter_that_was_swept_is_in_no_file(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    let counter = i64::MAX ^ 0x0123_4567_89ab;
    let canary = [stored_form(&home, counter)];
    let row = usage(&subject, START.day(), counter);
    let op = store.rows::<Usage>().unwrap().insert(&subject, &row).unwrap();
    store.commit(vec![op]).await.unwrap();
    assert!(!found_in_files(&home, &canary).is_empty());
    world.clock.advance_seconds(395 * DAY);
    assert_eq!(store.sweep().await, Ok(1));
    if home.is_postgres() {
        world::wipe(&world).await;
    }
    assert_eq!(found_in_files(&home, &canary), []);
}

async fn the_key_of_a_day_goes_with_the_last_visit_of_the_day(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let day = put_visit(store).await;
    world.clock.advance_seconds(14 * DAY - 1);
    store.sweep().await.unwrap();
    assert!(store.subject(day.id()).await.is_ok(), "the day's visits are still kept");
    world.clock.advance_seconds(1);
    store.sweep().await.unwrap();
    assert_eq!(store.subject(day.id()).await.err(), Some(StoreError::NoSuchSubject));
    if home.is_postgres() {
        world::wipe(&world).await;
    }
    assert_eq!(found_in_files(&home, &[day.id().as_bytes().to_vec()]), []);
}

async fn many_requests_at_the_first_instant_of_a_day_share_one_key(home: Home) {
    let world = world::open(&home).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let store = world.store.clone();
        requests.spawn(async move { put_visit(&store).await.id() });
    }
    let days = requests.join_all().await;
    assert!(days.iter().all(|day| *day == days[0]));
    assert_eq!(home.number_raw("SELECT COUNT(*) FROM visit").await, 32);
}

async fn each_held_value_ends_when_its_field_does_and_the_others_with_the_account(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    put_nickname(store, &subject).await;
    let keep = store.plan().permit().unwrap();
    let email = Personal::<plan::field::Email>::new("ada@example.org".to_owned());
    store
        .commit(store.held().put_found(&keep, &subject, &email, Origin::Operator))
        .await
        .unwrap();
    let rows = store.export(subject.id()).await.unwrap().tables.remove(0).rows;
    let expiries: Vec<_> = rows
        .iter()
        .map(|row| (row.columns[0].field.key(), row.expires_at))
        .collect();
    assert_eq!(
        expiries,
        [
            ("email", plan::Timestamp::NEVER),
            ("nickname", START.plus_seconds(30 * DAY))
        ]
    );
}

async fn a_shorter_keep_holds_for_what_is_there_and_a_longer_one_does_not(home: Home) {
    let world = world::open(&home).await;
    let subject = world.store.create_subject().await.unwrap();
    put_nickname(&world.store, &subject).await;
    put_usage(&world.store, &subject).await;
    world.store.close().await;
    let ends = async || {
        let end = async |sql| plan::Timestamp::from_microseconds(home.number_raw(sql).await);
        [
            end("SELECT expires_at FROM held").await,
            end("SELECT expires_at FROM usage").await,
        ]
    };
    let in_days = |[held, usage]: [i64; 2]| [START.plus_seconds(held * DAY), START.plus_seconds(usage * DAY)];
    assert_eq!(ends().await, in_days([30, 395]));

    let (clock, mut lines) = (Arc::clone(&world.clock), world::EVERYTHING.to_vec());
    for (days, (nickname, usage), then) in [
        (10, ("15d", "7d"), [15, 17]),
        (0, ("20d", "90d"), [15, 17]),
        (0, ("1d", "395d"), [1, 17]),
    ] {
        clock.advance_seconds(days * DAY);
        let (nickname, usage) = (
            world::NICKNAME.replace("30d", nickname),
            world::USAGE.replace("395d", usage),
        );
        lines[1] = &nickname;
        lines[4] = &usage;
        let store = Store::open(world::options(&home, &world::policy_of(&lines), &clock)).await;
        store.unwrap().close().await;
        assert_eq!(ends().await, in_days(then));
        lines = world::EVERYTHING.to_vec();
    }
    let store = world::reopen(&home, &clock).await;
    assert_eq!(
        store.sweep().await,
        Ok(2),
        "the nickname and its index ended nine days ago"
    );
}

async fn an_erasure_beside_a_sweep_leaves_its_mark(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    for _ in 0..20 {
        let subject = store.create_subject().await.unwrap();
        put_nickname(store, &subject).await;
        let (swept, erased) = tokio::join!(store.sweep(), store.erase(subject.id()));
        assert_eq!(swept, Ok(0));
        erased.unwrap();
        let residue = home
            .number_raw("SELECT COUNT(*) FROM mark WHERE name = 'residue'")
            .await;
        // A file is searched for what an erasure leaves; a server's tables are written anew within a day.
        assert_eq!(residue, i64::from(home.is_postgres()));
        world.clock.advance_seconds(DAY);
        store.sweep().await.unwrap();
        let left = home.number_raw("SELECT COUNT(*) FROM mark WHERE name IN ('residue', 'wiping')");
        assert_eq!(left.await, 0);
    }
}

on_both!(
    an_erasure_beside_a_sweep_leaves_its_mark,
    a_shorter_keep_holds_for_what_is_there_and_a_longer_one_does_not,
    what_has_ended_is_not_read_although_it_was_not_swept,
    the_sweep_deletes_what_has_ended_and_nothing_else,
    a_counter_that_was_swept_is_in_no_file,
    the_key_of_a_day_goes_with_the_last_visit_of_the_day,
    many_requests_at_the_first_instant_of_a_day_share_one_key,
    each_held_value_ends_when_its_field_does_and_the_others_with_the_account,
);
