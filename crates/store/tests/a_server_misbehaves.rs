//! What a PostgreSQL server does to a store: it chooses a victim among two changes, breaks off, forgets to answer, is
//! set up wrongly, and writes a log. Each is made to happen, by another connection or by the server's own means.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::time::{Duration, Instant};

use plan::act::{Keep, Show};
use plan::field::{DeviceLabel, Email, UsageBytes, UsageDay};
use plan::{Permit, Personal};
use sqlx::{Connection as _, PgConnection};
use store::{Database, Limit, Op, OpenError, Origin, Place, ServerUrl, Store, StoreError, Subject};
use world::{Cluster, Device, EVERYTHING, Home, START, Usage, World, device, member, open_under};

/// How long a state is waited for on a busy machine.
const PATIENCE: u32 = 6_000;

/// A store with one person and two devices of theirs, which sort as they are given back.
async fn furnished(home: &Home) -> (World, Subject, [Device; 2]) {
    let world = world::open(home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    let mut first = device(store, &subject, "first");
    first.id = plan::DeviceId::from_bytes([1; 16]);
    let mut second = device(store, &subject, "second");
    second.id = plan::DeviceId::from_bytes([2; 16]);
    let rows = store.rows::<Device>().unwrap();
    let ops = [&first, &second].map(|device| rows.insert(&subject, device).unwrap());
    store.commit(ops.into()).await.unwrap();
    (world, subject, [first, second])
}

fn renamed(store: &Store, subject: &Subject, device: &mut Device, label: &str) -> Op {
    device.label = Personal::new(label.to_owned());
    store.rows::<Device>().unwrap().upsert(subject, device).unwrap()
}

/// Adds five bytes to a count: done twice, it shows.
fn five_more(store: &Store, subject: &Subject) -> Op {
    let day: Permit<UsageDay, Keep> = store.plan().permit().unwrap();
    let bytes: Permit<UsageBytes, Keep> = store.plan().permit().unwrap();
    let add = store.run(&world::USAGE_ADD).unwrap();
    add.with((
        member(subject),
        (day, Personal::new(START.day())),
        (bytes, Personal::new(5)),
        store.expiry::<Usage>(),
    ))
}

async fn counted(store: &Store, subject: &Subject) -> i64 {
    let bytes: Permit<UsageBytes, Keep> = store.plan().permit().unwrap();
    let of_member = store.select(&world::USAGE_OF).unwrap();
    let rows = store
        .read_rows(&of_member, (member(subject), store.now(), Limit(9)))
        .await;
    rows.unwrap().iter().map(|row| *row.bytes.open(&bytes)).sum()
}

async fn labels(store: &Store, subject: &Subject) -> Vec<String> {
    let show: Permit<DeviceLabel, Show> = store.plan().permit().unwrap();
    let of_member = store.select(&world::DEVICES_OF).unwrap();
    let devices = store.read_rows(&of_member, (member(subject),)).await.unwrap();
    devices
        .iter()
        .map(|device| device.label.show(&show).to_string())
        .collect()
}

/// Another program's connection to the rows.
async fn stranger(home: &Home) -> PgConnection {
    PgConnection::connect(&home.url(Database::Rows)).await.unwrap()
}

async fn run(raw: &mut PgConnection, sql: &'static str) -> u64 {
    sqlx::query(sql).execute(raw).await.unwrap().rows_affected()
}

/// Waits until a query of psql's gives a number above 0.
async fn until(cluster: &Cluster, database: &str, sql: &str) {
    for _ in 0..PATIENCE {
        if cluster.sql(database, sql).trim() != "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the state did not come: {sql}\n{}", cluster.log());
}

const WAITS_FOR_A_LOCK: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'candor'";
const LOCK_FIRST: &str = "UPDATE device SET label = label WHERE id = '\\x01010101010101010101010101010101'";
const LOCK_SECOND: &str = "UPDATE device SET label = label WHERE id = '\\x02020202020202020202020202020202'";

#[tokio::test(flavor = "multi_thread")]
async fn the_victim_of_a_deadlock_is_tried_again() {
    let home = Home::postgres();
    let name = home.name(Database::Rows);
    // The store's connection is the one that notices; the stranger's waits as long as it takes.
    Cluster::shared().sql(name, &format!("ALTER DATABASE {name} SET deadlock_timeout = '3s'"));
    let (world, subject, [mut first, mut second]) = furnished(&home).await;
    let mut raw = stranger(&home).await;
    run(&mut raw, "SET deadlock_timeout = '1h'").await;
    run(&mut raw, "BEGIN").await;
    run(&mut raw, LOCK_FIRST).await;
    let ops = vec![
        five_more(&world.store, &subject),
        renamed(&world.store, &subject, &mut second, "second, again"),
        renamed(&world.store, &subject, &mut first, "first, again"),
    ];
    let store = world.store.clone();
    let committing = tokio::spawn(async move { store.commit(ops).await });
    until(Cluster::shared(), name, WAITS_FOR_A_LOCK).await;
    assert_eq!(run(&mut raw, LOCK_SECOND).await, 1, "the stranger goes first");
    run(&mut raw, "COMMIT").await;
    assert_eq!(committing.await.unwrap(), Ok(vec![1, 1, 1]));
    assert_eq!(labels(&world.store, &subject).await, ["first, again", "second, again"]);
    assert_eq!(counted(&world.store, &subject).await, 5, "once");
    assert!(Cluster::shared().log().contains("deadlock detected"), "there was one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_serialised_is_tried_again() {
    let home = Home::postgres();
    let name = home.name(Database::Rows);
    let level = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'");
    Cluster::shared().sql(name, &level);
    let (world, subject, [mut first, _]) = furnished(&home).await;
    let mut raw = stranger(&home).await;
    run(&mut raw, "BEGIN").await;
    run(&mut raw, LOCK_FIRST).await;
    let ops = vec![
        five_more(&world.store, &subject),
        renamed(&world.store, &subject, &mut first, "again"),
    ];
    let store = world.store.clone();
    let committing = tokio::spawn(async move { store.commit(ops).await });
    until(Cluster::shared(), name, WAITS_FOR_A_LOCK).await;
    run(&mut raw, "COMMIT").await;
    assert_eq!(committing.await.unwrap(), Ok(vec![1, 1]));
    assert_eq!(counted(&world.store, &subject).await, 5, "once");
    assert!(
        Cluster::shared().log().contains("could not serialize access"),
        "it could not"
    );
}

#[tokio::test]
async fn a_conflict_that_does_not_end_is_told_and_the_next_change_is_made() {
    let home = Home::postgres();
    let (world, subject, [mut first, _]) = furnished(&home).await;
    let name = home.name(Database::Rows);
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
        $$BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END$$; \
        CREATE TRIGGER refuse BEFORE UPDATE ON device FOR EACH ROW EXECUTE FUNCTION refuse()";
    Cluster::shared().sql(name, refuse);
    let op = |first: &mut Device| vec![renamed(&world.store, &subject, first, "again")];
    assert_eq!(world.store.commit(op(&mut first)).await, Err(StoreError::Conflict));
    Cluster::shared().sql(name, "DROP FUNCTION refuse() CASCADE");
    assert_eq!(world.store.commit(op(&mut first)).await, Ok(vec![1]));
}

fn end_connections(cluster: &Cluster, database: &str) {
    let sql = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'candor'";
    assert_ne!(cluster.sql(database, sql).trim(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_again_and_nothing_is_done_twice() {
    let home = Home::postgres();
    let (world, subject, _) = furnished(&home).await;
    let (store, cluster) = (&world.store, Cluster::shared());
    for database in [Database::Rows, Database::Keys] {
        end_connections(cluster, home.name(database));
    }
    assert_eq!(labels(store, &subject).await.len(), 2, "a reader reads again");
    assert_eq!(store.commit(vec![five_more(store, &subject)]).await, Ok(vec![1]));
    store.create_subject().await.unwrap();

    // In the middle of a transaction.
    let mut raw = stranger(&home).await;
    run(&mut raw, "BEGIN").await;
    run(&mut raw, "LOCK TABLE usage").await;
    let (again, op) = (store.clone(), five_more(store, &subject));
    let committing = tokio::spawn(async move { again.commit(vec![op]).await });
    until(cluster, home.name(Database::Rows), WAITS_FOR_A_LOCK).await;
    end_connections(cluster, home.name(Database::Rows));
    run(&mut raw, "ROLLBACK").await;
    assert_eq!(committing.await.unwrap(), Ok(vec![1]));
    assert_eq!(counted(store, &subject).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_the_commit_leaves_nothing_and_the_change_is_made_again() {
    let home = Home::postgres();
    let (world, subject, _) = furnished(&home).await;
    let name = home.name(Database::Rows);
    // The server ends the connection while it commits, once: a sequence is not rolled back.
    let die = "CREATE SEQUENCE deaths; CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS \
        $$BEGIN IF nextval('deaths') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(9); END IF; RETURN NULL; END$$; \
        CREATE CONSTRAINT TRIGGER die AFTER INSERT ON usage DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()";
    Cluster::shared().sql(name, die);
    let added = world.store.commit(vec![five_more(&world.store, &subject)]).await;
    assert_eq!(added, Ok(vec![1]));
    assert_eq!(counted(&world.store, &subject).await, 5);
    assert_eq!(
        Cluster::shared().sql(name, "SELECT last_value FROM deaths").trim(),
        "2",
        "it broke once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_after_the_commit_does_not_make_the_change_twice() {
    let cluster = Cluster::start();
    let names = [cluster.new_database(), cluster.new_database()];
    let place = world::place_at(&cluster, &names);
    let clock = std::sync::Arc::new(plan::ManualClock::new(START));
    let store = world::reopen_at(place, &clock).await;
    let subject = store.create_subject().await.unwrap();
    // A commit is local first and then waits for a standby, which never answers.
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    until(
        &cluster,
        "postgres",
        "SELECT count(*) FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting = 'nobody'",
    )
    .await;
    let (again, op) = (store.clone(), five_more(&store, &subject));
    let committing = tokio::spawn(async move { again.commit(vec![op]).await });
    until(
        &cluster,
        &names[0],
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()",
    )
    .await;
    end_connections(&cluster, &names[0]);
    // Whoever makes the change again now would not have to wait.
    cluster.sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    assert_eq!(
        committing.await.unwrap(),
        Ok(vec![1]),
        "it was committed, and is said to be"
    );
    assert!(cluster.log().contains("already committed locally"), "{}", cluster.log());
    assert_eq!(counted(&store, &subject).await, 5, "once");
}

#[tokio::test]
async fn a_second_instance_is_refused_and_may_start_when_the_first_has_ended() {
    let home = Home::postgres();
    let (world, _, _) = furnished(&home).await;
    let refused = open_under(&home, EVERYTHING).await.err().unwrap();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert!(
        refused.to_string().contains("another candor runs on the database"),
        "{refused}"
    );
    world.store.close().await;
    open_under(&home, EVERYTHING).await.unwrap();
}

#[tokio::test]
async fn a_server_that_stays_away_is_told_to_whoever_reads_within_a_minute() {
    let cluster = Cluster::start();
    let [rows, keys] = [cluster.new_database(), cluster.new_database()];
    let url = |name: &str| ServerUrl::parse(&cluster.url(name)).unwrap();
    let place = Place::Servers {
        rows: url(&rows),
        keys: url(&keys),
    };
    let clock = std::sync::Arc::new(plan::ManualClock::new(START));
    let store = world::reopen_at(place, &clock).await;
    let subject = store.create_subject().await.unwrap();
    drop(cluster);
    let began = Instant::now();
    let read = store.held().read::<Email>(&subject).await;
    assert_eq!(read.err(), Some(StoreError::Disconnected));
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

async fn refusal(place: Place) -> OpenError {
    let clock = std::sync::Arc::new(plan::ManualClock::new(START));
    let plan = world::policy_of(EVERYTHING);
    let opened = Store::open(world::options_at(place, &plan, &clock)).await;
    opened.err().expect("the start is refused")
}

#[tokio::test]
async fn a_server_that_is_not_as_it_must_be_is_refused_with_what_to_do() {
    let cluster = Cluster::start();
    let [rows, keys] = [cluster.new_database(), cluster.new_database()];
    let url = |url: &str| ServerUrl::parse(url).unwrap();
    let place = |rows: &str, keys: &str| Place::Servers {
        rows: url(rows),
        keys: url(keys),
    };
    let (rows_url, keys_url) = (cluster.url(&rows), cluster.url(&keys));
    let stranger = keys_url.replace("user=candor", "user=nobody");
    let elsewhere = "postgres:///candor?user=candor&host=/nowhere";
    for (place, expected) in [
        (place(&rows_url, &rows_url), "a database of their own"),
        (place(&rows_url, &stranger), "refuses the login"),
        (place(&rows_url, elsewhere), "cannot be reached"),
        (place(&rows_url, &cluster.url("none")), "no such database"),
    ] {
        let refused = refusal(place).await.to_string();
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    cluster.sql(&rows, "CREATE TABLE book (title text)");
    let refused = refusal(place(&rows_url, &keys_url)).await;
    assert!(matches!(refused, OpenError::Foreign(_)), "{refused}");
    assert_eq!(
        cluster
            .sql(&rows, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .trim(),
        "1"
    );
    cluster.sql(&rows, "DROP TABLE book");
    cluster.sql("postgres", "ALTER SYSTEM SET fsync = off");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    until(
        &cluster,
        "postgres",
        "SELECT count(*) FROM pg_settings WHERE name = 'fsync' AND setting = 'off'",
    )
    .await;
    let refused = refusal(place(&rows_url, &keys_url)).await;
    assert!(matches!(refused, OpenError::NotDurable(_)), "{refused}");
    assert!(refused.to_string().contains("fsync = on"), "{refused}");
}

/// Everything that makes a server complain: what is taken, what is refused, a person who was erased meanwhile.
async fn complaints(place: Place) -> (String, String) {
    let clock = std::sync::Arc::new(plan::ManualClock::new(START));
    let store = world::reopen_at(place, &clock).await;
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    let email = Personal::new("canary-77c1@example.org".to_owned());
    let (ada, eve) = (
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    );
    let put = |subject: &Subject| store.held().put_found(&keep, subject, &email, Origin::Person);
    store.commit(put(&ada)).await.unwrap();
    assert_eq!(store.commit(put(&eve)).await, Err(StoreError::Taken));
    let rows = store.rows::<Device>().unwrap();
    let hers = device(&store, &ada, "canary-77c1");
    store.commit(vec![rows.insert(&ada, &hers).unwrap()]).await.unwrap();
    let mut same_key = device(&store, &eve, "canary-77c1");
    store.commit(vec![rows.insert(&eve, &same_key).unwrap()]).await.unwrap();
    same_key.public_key = hers.public_key.clone();
    assert_eq!(
        store.commit(vec![rows.upsert(&eve, &same_key).unwrap()]).await,
        Err(StoreError::Taken)
    );
    store.erase(ada.id()).await.unwrap();
    let late = rows.insert(&ada, &device(&store, &ada, "canary-77c1")).unwrap();
    assert_eq!(store.commit(vec![late]).await, Err(StoreError::RefusedByDatabase));
    store.close().await;
    let id = ada.id().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    (id, "canary-77c1".to_owned())
}

#[tokio::test]
async fn with_the_documented_settings_the_servers_log_names_nobody() {
    let cluster = Cluster::start();
    let names = || [cluster.new_database(), cluster.new_database()];
    // A log that says as much as it can, to begin with.
    cluster.sql("postgres", "ALTER SYSTEM SET log_min_duration_statement = 0");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let (id, value) = complaints(world::place_at(&cluster, &names())).await;
    assert!(cluster.log().contains(&id), "the search finds what is there");
    assert!(!cluster.log().contains(&value), "what is sealed is never in clear");

    let documented = include_str!("../../../docs/configuration.md");
    let lines: Vec<&str> = documented
        .lines()
        .filter(|line| line.starts_with("ALTER ROLE candor SET"))
        .collect();
    assert!(lines.len() >= 8, "{lines:?}");
    lines.iter().for_each(|line| _ = cluster.sql("postgres", line));
    let (id, value) = complaints(world::place_at(&cluster, &names())).await;
    assert!(
        !cluster.log().contains(&id) && !cluster.log().contains(&value),
        "{}",
        cluster.log()
    );
}
