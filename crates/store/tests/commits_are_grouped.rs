//! Changes of many writers share a commit, and each batch stands or falls alone.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use store::{Op, Store, StoreError, Subject};
use world::{Device, Home, device, member, on_both};

/// A device of somebody's under a given key.
fn device_op(store: &Store, subject: &Subject, key: [u8; 32]) -> Op {
    let mut new = device(store, subject, "device");
    new.public_key = plan::Personal::new(key);
    store.rows::<Device>().unwrap().insert(subject, &new).unwrap()
}

async fn devices_of(store: &Store, subject: &Subject) -> usize {
    let select = store.select(&world::DEVICES_OF).unwrap();
    store.read_rows(&select, (member(subject),)).await.unwrap().len()
}

async fn a_failing_batch_among_good_ones_undoes_itself_alone(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    store.commit(vec![device_op(store, &subject, [0; 32])]).await.unwrap();
    // On one thread these are all handed over before the writer sees the first: they share one commit.
    let batch = |ops: Vec<Op>| store.commit(ops);
    let (first, failing, last) = tokio::join!(
        batch(vec![device_op(store, &subject, [1; 32])]),
        batch(vec![
            device_op(store, &subject, [2; 32]),
            device_op(store, &subject, [0; 32])
        ]),
        batch(vec![
            device_op(store, &subject, [2; 32]),
            device_op(store, &subject, [3; 32])
        ]),
    );
    assert_eq!(
        (first, failing, last),
        (Ok(vec![1]), Err(StoreError::Taken), Ok(vec![1, 1]))
    );
    assert_eq!(devices_of(store, &subject).await, 4);
}

async fn an_unforeseen_error_in_one_batch_spares_the_others(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    // A statement with a defect: an instant where the table wants bytes; a STRICT table refuses it.
    let wrong = store::RunStatement::<(plan::Timestamp,)>::new(world::WRONG_TYPE, store::Expect::Any);
    let wrong = store.run(&wrong).unwrap().with((store.now(),));
    let (first, failing, last) = tokio::join!(
        store.commit(vec![device_op(store, &subject, [1; 32])]),
        store.commit(vec![wrong]),
        store.commit(vec![device_op(store, &subject, [2; 32])]),
    );
    assert!(matches!(failing, Err(StoreError::Database(_))), "{failing:?}");
    assert_eq!((first, last), (Ok(vec![1]), Ok(vec![1])));
    assert_eq!(devices_of(store, &subject).await, 2);
}

async fn sixty_four_writers_lose_nothing(home: Home) {
    const WRITERS: u8 = 64;
    const EACH: u8 = 10;
    let world = world::open(&home).await;
    let subject = world.store.create_subject().await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (store, subject) = (world.store.clone(), subject.clone());
        writers.spawn(async move {
            for number in 0..EACH {
                let mut key = [0; 32];
                key[..2].copy_from_slice(&[writer, number]);
                store.commit(vec![device_op(&store, &subject, key)]).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(
        devices_of(&world.store, &subject).await,
        usize::from(WRITERS) * usize::from(EACH)
    );
}

async fn closing_finishes_what_was_handed_over_and_takes_nothing_more(home: Home) {
    let world = world::open(&home).await;
    let store = &world.store;
    let subject = store.create_subject().await.unwrap();
    let (first, second, ()) = tokio::join!(
        store.commit(vec![device_op(store, &subject, [1; 32])]),
        store.commit(vec![device_op(store, &subject, [2; 32])]),
        store.close(),
    );
    assert_eq!((first, second), (Ok(vec![1]), Ok(vec![1])));
    let late = store.commit(vec![device_op(store, &subject, [3; 32])]).await;
    assert_eq!(late, Err(StoreError::Closing));
    assert_eq!(store.export(subject.id()).await.err(), Some(StoreError::Closing));
    if !home.is_postgres() {
        let files = world::files(home.folder());
        let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names.len(),
            2,
            "both files are whole, without a log beside them: {names:?}"
        );
    }
    let reopened = world::reopen(&home, &world.clock).await;
    assert_eq!(devices_of(&reopened, &subject).await, 2);
}

on_both!(
    a_failing_batch_among_good_ones_undoes_itself_alone,
    an_unforeseen_error_in_one_batch_spares_the_others,
    sixty_four_writers_lose_nothing,
    closing_finishes_what_was_handed_over_and_takes_nothing_more,
);
