//! Rows of typed tables and of `held`: put, found, replaced, refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use plan::act::{Keep, Show};
use plan::field::{DeviceKey, DeviceLabel, Email, Nickname, UsageBytes, UsageDay};
use plan::purpose::{Account as ForAccount, Billing};
use plan::{Permit, Personal, SessionId};
use store::{Limit, Origin, Row as _, StoreError};
use world::{DAY, Device, Home, START, Session, Usage, device, member, on_both, usage};

async fn a_row_that_was_inserted_is_read_back(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let show: Permit<DeviceLabel, Show> = store.plan().permit().unwrap();
    let keep_key: Permit<DeviceKey, Keep> = store.plan().permit().unwrap();
    let subject = store.create_subject().await.unwrap();
    let router = device(store, &subject, "router");
    let devices = store.rows::<Device>().unwrap();
    store
        .commit(vec![devices.insert(&subject, &router).unwrap()])
        .await
        .unwrap();

    let of_member = store.select(&world::DEVICES_OF).unwrap();
    let found = store.read_rows(&of_member, (member(&subject),)).await.unwrap();
    let labels: Vec<String> = found
        .iter()
        .map(|device| device.label.show(&show).to_string())
        .collect();
    assert_eq!(labels, ["router"]);
    assert!(found[0].id == router.id && found[0].public_key.open(&keep_key) == router.public_key.open(&keep_key));
}

async fn a_found_value_is_found_by_its_index_and_by_no_other(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let keep_key: Permit<DeviceKey, Keep> = store.plan().permit().unwrap();
    let subject = store.create_subject().await.unwrap();
    let router = device(store, &subject, "router");
    let devices = store.rows::<Device>().unwrap();
    store
        .commit(vec![devices.insert(&subject, &router).unwrap()])
        .await
        .unwrap();

    let by_key = store.select(&world::DEVICE_BY_KEY).unwrap();
    let same = store.lookup(&keep_key, &router.public_key);
    let other = store.lookup(&keep_key, &Personal::new([0; 32]));
    assert_eq!(store.read_rows(&by_key, (same,)).await.unwrap().len(), 1);
    assert_eq!(store.read_rows(&by_key, (other,)).await.unwrap().len(), 0);
}

async fn a_found_value_stands_in_one_row_at_most(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let (ada, eve) = (
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    );
    let hers = device(store, &ada, "router");
    let copied = Device {
        public_key: hers.public_key.clone(),
        ..device(store, &eve, "copy")
    };
    let devices = store.rows::<Device>().unwrap();
    store.commit(vec![devices.insert(&ada, &hers).unwrap()]).await.unwrap();
    let refused = store.commit(vec![devices.insert(&eve, &copied).unwrap()]).await;
    assert_eq!(refused, Err(StoreError::Taken));
}

async fn a_matched_value_stands_in_several_rows(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let keep = store.plan().permit().unwrap();
    let today = store.day_subject(START.day()).await.unwrap();
    let address = Personal::new("2001:db8::7".parse().unwrap());
    let visits = store.rows().unwrap();
    let visit = || world::Visit {
        id: plan::VisitId::from_bytes(store.random()),
        day: today.id(),
        at: Personal::new(START),
        address: address.clone(),
    };
    let ops = vec![
        visits.insert(&today, &visit()).unwrap(),
        visits.insert(&today, &visit()).unwrap(),
    ];
    store.commit(ops).await.unwrap();
    let from = store.select(&world::VISITS_FROM).unwrap();
    let lookup = store.lookup(&keep, &address);
    assert_eq!(store.read_rows(&from, (lookup, store.now())).await.unwrap().len(), 2);
}

async fn an_upsert_replaces_the_row_and_does_not_extend_its_time(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let billing: Permit<UsageBytes, Billing> = store.plan().permit().unwrap();
    let subject = store.create_subject().await.unwrap();
    let counts = store.rows::<Usage>().unwrap();
    store
        .commit(vec![counts.upsert(&subject, &usage(&subject, START.day(), 5)).unwrap()])
        .await
        .unwrap();
    world.clock.advance_seconds(100 * DAY);
    let subject = store.subject(subject.id()).await.unwrap();
    store
        .commit(vec![counts.upsert(&subject, &usage(&subject, START.day(), 7)).unwrap()])
        .await
        .unwrap();

    let of_member = store.select(&world::USAGE_OF).unwrap();
    let found = store
        .read_rows(&of_member, (member(&subject), store.now(), Limit(9)))
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|row| *row.bytes.open(&billing)).collect::<Vec<_>>(),
        [7]
    );
    let export = store.export(subject.id()).await.unwrap();
    assert_eq!(export.tables[0].rows[0].expires_at, START.plus_seconds(395 * DAY));
}

async fn an_upsert_over_an_ended_row_that_was_not_swept_yet_is_seen(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    let counts = store.rows::<Usage>().unwrap();
    store
        .commit(vec![counts.upsert(&subject, &usage(&subject, START.day(), 5)).unwrap()])
        .await
        .unwrap();
    world.clock.advance_seconds(400 * DAY);
    let subject = store.subject(subject.id()).await.unwrap();
    store
        .commit(vec![counts.upsert(&subject, &usage(&subject, START.day(), 7)).unwrap()])
        .await
        .unwrap();
    let of_member = store.select(&world::USAGE_OF).unwrap();
    assert_eq!(
        store
            .read_rows(&of_member, (member(&subject), store.now(), Limit(9)))
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn an_upsert_never_takes_somebody_elses_row(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let (ada, eve) = (
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    );
    let hers = device(store, &ada, "router");
    let stolen = Device {
        id: hers.id,
        ..device(store, &eve, "mine now")
    };
    let devices = store.rows::<Device>().unwrap();
    store.commit(vec![devices.insert(&ada, &hers).unwrap()]).await.unwrap();
    assert_eq!(
        store.commit(vec![devices.upsert(&eve, &stolen).unwrap()]).await,
        Err(StoreError::Gone)
    );
    let of_member = store.select(&world::DEVICES_OF).unwrap();
    assert_eq!(store.read_rows(&of_member, (member(&ada),)).await.unwrap().len(), 1);
}

async fn a_row_about_somebody_else_is_refused_before_the_database_sees_it(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let (ada, eve) = (
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    );
    let devices = store.rows::<Device>().unwrap();
    let refused = devices.insert(&eve, &device(store, &ada, "router"));
    assert_eq!(refused.err(), Some(StoreError::NoSuchSubject));
}

async fn a_statement_adds_in_the_database_and_sums_over_everybody(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let keep_day: Permit<UsageDay, Keep> = store.plan().permit().unwrap();
    let keep_bytes: Permit<UsageBytes, Keep> = store.plan().permit().unwrap();
    let add = store.run(&world::USAGE_ADD).unwrap();
    let (ada, eve) = (
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    );
    for (subject, bytes) in [(&ada, 10), (&ada, 20), (&eve, 5)] {
        let day = (keep_day, Personal::new(START.day()));
        let op = add.with((
            member(subject),
            day,
            (keep_bytes, Personal::new(bytes)),
            store.expiry::<Usage>(),
        ));
        store.commit(vec![op]).await.unwrap();
    }
    let total = store.select(&world::USAGE_TOTAL).unwrap();
    assert_eq!(store.read(&total, (store.now(),)).await.unwrap(), [35]);
}

async fn a_change_that_must_touch_a_row_fails_when_it_is_gone(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    let session = Session {
        id: SessionId::from_bytes(store.random()),
        member: member(&subject),
        hash: Personal::new(store.random()),
    };
    let insert = store.rows().unwrap().insert(&subject, &session).unwrap();
    store.commit(vec![insert]).await.unwrap();
    let end = store.run(&world::SESSION_END).unwrap();
    assert_eq!(store.commit(vec![end.with((session.id,))]).await, Ok(vec![1]));
    assert_eq!(store.commit(vec![end.with((session.id,))]).await, Err(StoreError::Gone));
}

async fn a_held_value_is_read_found_and_replaced(home: Home) {
    let world = world::open(&home).await;
    let (store, held) = (&world.store, world.store.held());
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    let show: Permit<Email, Show> = store.plan().permit().unwrap();
    let account: Permit<Email, ForAccount> = store.plan().permit().unwrap();
    let subject = store.create_subject().await.unwrap();
    let email = |text: &str| Personal::<Email>::new(text.to_owned());
    assert!(held.read::<Email>(&subject).await.unwrap().is_none());

    for text in ["ada@example.org", "ada@example.net"] {
        store
            .commit(held.put_found(&keep, &subject, &email(text), Origin::Person))
            .await
            .unwrap();
        let found = held.read::<Email>(&subject).await.unwrap().unwrap();
        assert_eq!(found.value.show(&show).to_string(), text);
        assert_eq!(
            (found.origin, found.collected_at, found.expires_at),
            (Origin::Person, START, plan::Timestamp::NEVER)
        );
        assert_eq!(
            held.find(&account, &email(text), store.now()).await.unwrap(),
            Some(subject.id())
        );
    }
    assert_eq!(
        held.find(&account, &email("ada@example.org"), store.now())
            .await
            .unwrap(),
        None
    );
}

async fn a_held_value_that_somebody_else_has_is_taken(home: Home) {
    let world = world::open(&home).await;
    let (store, held) = (&world.store, world.store.held());
    let keep: Permit<Email, Keep> = store.plan().permit().unwrap();
    let (ada, eve) = (
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    );
    let email = Personal::new("ada@example.org".to_owned());
    store
        .commit(held.put_found(&keep, &ada, &email, Origin::Person))
        .await
        .unwrap();
    let refused = store.commit(held.put_found(&keep, &eve, &email, Origin::Person)).await;
    assert_eq!(refused, Err(StoreError::Taken));
    assert!(
        held.read::<Email>(&eve).await.unwrap().is_none(),
        "nothing of the refused batch is there"
    );
}

async fn a_value_whose_time_is_over_frees_its_place_for_somebody_else(home: Home) {
    let world = world::open(&home).await;
    let (store, held) = (&world.store, world.store.held());
    let keep: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let nickname = Personal::new("ada".to_owned());
    let ada = store.create_subject().await.unwrap();
    store
        .commit(held.put_found(&keep, &ada, &nickname, Origin::Person))
        .await
        .unwrap();
    world.clock.advance_seconds(31 * DAY);
    let eve = store.create_subject().await.unwrap();
    store
        .commit(held.put_found(&keep, &eve, &nickname, Origin::Person))
        .await
        .unwrap();
    assert_eq!(held.find(&keep, &nickname, store.now()).await.unwrap(), Some(eve.id()));
}

async fn a_statement_with_the_wrong_number_of_values_is_refused(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    // The type says one value, the text has two places: a defect of the program.
    let wrong = store::SelectStatement::<(plan::MemberId,), i64>::new(world::WRONG_COUNT);
    let select = store.select(&wrong).unwrap();
    let subject = store.create_subject().await.unwrap();
    assert_eq!(
        store.read(&select, (member(&subject),)).await,
        Err(StoreError::WrongArgumentCount)
    );
    let wrong = store::RunStatement::<(plan::MemberId,)>::new(world::WRONG_COUNT, store::Expect::Any);
    let run = store.run(&wrong).unwrap();
    assert_eq!(
        store.commit(vec![run.with((member(&subject),))]).await,
        Err(StoreError::WrongArgumentCount)
    );
}

async fn a_statement_that_is_not_in_the_closed_list_is_not_given_out(home: Home) {
    let world = world::open(&home).await;
    let smuggled = store::SelectStatement::<(), i64>::new(store::Statement {
        name: "usage.total",
        sql: "SELECT COUNT(*) FROM held",
        ..world::USAGE_TOTAL.statement
    });
    assert!(world.store.select(&smuggled).is_none());
}

async fn a_statement_whose_purpose_the_policy_does_not_declare_is_not_given_out(home: Home) {
    let without_billing = world::USAGE.replace("for billing", "for network-ops");
    let others = [world::EMAIL, world::ACCOUNT, world::DEVICE, world::SESSION];
    let lines: Vec<&str> = others.into_iter().chain([without_billing.as_str()]).collect();
    let store = world::open_under(&home, &lines).await.unwrap();
    assert!(store.rows::<Usage>().is_some(), "usage is declared");
    assert!(store.select(&world::USAGE_OF).is_none(), "and is not used for billing");
    assert!(store.select(&world::USAGE_TOTAL).is_none() && store.run(&world::USAGE_ADD).is_none());
    assert!(store.select(&world::DEVICES_OF).is_some());
    let list = store::statement_list(&[world::CATALOGUE]);
    let listed = |name: &str| list.iter().find(|listed| listed.name == name).unwrap();
    assert!(!listed("usage.of_member").is_available(store.plan()) && listed("usage.sweep").is_available(store.plan()));
}

async fn a_statement_that_the_database_does_not_understand_refuses_the_start(home: Home) {
    const WRONG: store::Catalogue = store::Catalogue {
        tables: world::CATALOGUE.tables,
        statements: &[store::Statement {
            name: "device.wrong_word",
            sql: "SELEKT id FROM device WHERE member = $1",
            ..world::DEVICES_OF.statement
        }],
    };
    let clock = std::sync::Arc::new(plan::ManualClock::new(START));
    let mut options = world::options(&home, &world::policy_of(world::EVERYTHING), &clock);
    options.catalogues = vec![WRONG];
    let refused = store::Store::open(options).await.err().unwrap();
    assert!(
        matches!(&refused, store::OpenError::Statement { name, .. } if name == "device.wrong_word"),
        "{refused}"
    );
}

#[test]
fn a_table_knows_its_columns_as_the_database_does() {
    assert_eq!(
        Device::TABLE.shape.stored_columns(),
        ["id", "member", "label", "public_key", "public_key_index"]
    );
    assert_eq!(Usage::TABLE.shape.cell_count(), 4);
}

on_both!(
    a_statement_whose_purpose_the_policy_does_not_declare_is_not_given_out,
    a_statement_that_the_database_does_not_understand_refuses_the_start,
    a_row_that_was_inserted_is_read_back,
    a_found_value_is_found_by_its_index_and_by_no_other,
    a_found_value_stands_in_one_row_at_most,
    a_matched_value_stands_in_several_rows,
    an_upsert_replaces_the_row_and_does_not_extend_its_time,
    an_upsert_over_an_ended_row_that_was_not_swept_yet_is_seen,
    an_upsert_never_takes_somebody_elses_row,
    a_row_about_somebody_else_is_refused_before_the_database_sees_it,
    a_statement_adds_in_the_database_and_sums_over_everybody,
    a_change_that_must_touch_a_row_fails_when_it_is_gone,
    a_held_value_is_read_found_and_replaced,
    a_held_value_that_somebody_else_has_is_taken,
    a_value_whose_time_is_over_frees_its_place_for_somebody_else,
    a_statement_with_the_wrong_number_of_values_is_refused,
    a_statement_that_is_not_in_the_closed_list_is_not_given_out,
);
