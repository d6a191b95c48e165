//! SQLite leaves copies of rows in the gaps of pages when cells move to a neighbour (btree.c, `rebuildPage`). When and
//! where it does is chance, so these tests put bytes into the gaps themselves and see that they go: after an erasure, at
//! the start that finishes one, and a day after a sweep.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod world;

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use plan::act::Keep;
use plan::field::Nickname;
use plan::{Permit, Personal};
use store::{Database, Origin, Subject};
use world::{DAY, Device, Home, World, device, found_in, member, usage};

const CANARY: &[u8] = b"canary in a gap, 5f0c2a91";

/// Writes bytes into the gap of every page of a tree that has room for them, between the list of cells and the cells
/// (sqlite.org/fileformat2.html, section 1.6). How many pages had.
fn plant(path: &Path, bytes: &[u8]) -> usize {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let mut content = vec![0; length];
    file.read_exact_at(&mut content, 0).unwrap();
    let number = |at: usize| usize::from(u16::from_be_bytes([content[at], content[at + 1]]));
    let page_bytes = number(16);
    let mut planted = 0;
    for start in (0..length).step_by(page_bytes) {
        let header = if start == 0 { 100 } else { start };
        let header_bytes = match content[header] {
            0x02 | 0x05 => 12,
            0x0a | 0x0d => 8,
            // A page that is no tree's.
            _ => continue,
        };
        let gap = header + header_bytes + 2 * number(header + 3);
        let cells = start + number(header + 5);
        if gap + bytes.len() + 64 < cells {
            file.write_all_at(bytes, u64::try_from(cells - bytes.len() - 32).unwrap())
                .unwrap();
            planted += 1;
        }
    }
    file.sync_all().unwrap();
    planted
}

fn path(home: &Home, database: Database) -> std::path::PathBuf {
    home.folder().join(match database {
        Database::Rows => "candor.db",
        Database::Keys => "keys.db",
    })
}

/// Two people with something in several tables, and the store closed.
async fn furnished(home: &Home) -> (World, [Subject; 2]) {
    let world = world::open(home).await;
    let store = &world.store;
    let keep: Permit<Nickname, Keep> = store.plan().permit().unwrap();
    let people = [
        store.create_subject().await.unwrap(),
        store.create_subject().await.unwrap(),
    ];
    for subject in &people {
        let nickname = Personal::new("the one in the kitchen".to_owned());
        let op = store.held().put(&keep, subject, &nickname, Origin::Person);
        let devices = store.rows::<Device>().unwrap();
        let phone = devices.insert(subject, &device(store, subject, "phone")).unwrap();
        let counts = store.rows().unwrap();
        let count = counts.insert(subject, &usage(subject, world::START.day(), 5)).unwrap();
        store.commit(vec![op, phone, count]).await.unwrap();
    }
    store.close().await;
    (world, people)
}

fn is_in(home: &Home, canary: &[u8]) -> bool {
    !found_in(home.folder(), &[canary.to_vec()]).is_empty()
}

#[tokio::test]
async fn a_sweep_writes_the_file_anew_a_day_after_it_deleted_rows() {
    let home = Home::sqlite();
    let (world, [ada, _]) = furnished(&home).await;
    assert!(plant(&path(&home, Database::Rows), CANARY) > 0);
    let store = world::reopen(&home, &world.clock).await;
    store.sweep().await.unwrap();
    world.clock.advance_seconds(DAY);
    store.sweep().await.unwrap();
    assert!(is_in(&home, CANARY), "nothing was swept, so nothing is wiped");

    world.clock.advance_seconds(30 * DAY);
    assert!(store.sweep().await.unwrap() > 0, "the nicknames have ended");
    assert!(is_in(&home, CANARY), "the search finds what is there");
    world.clock.advance_seconds(DAY - 1);
    store.sweep().await.unwrap();
    assert!(is_in(&home, CANARY), "the day is not over");
    world.clock.advance_seconds(1);
    store.sweep().await.unwrap();
    assert!(!is_in(&home, CANARY), "a day after, it is wiped");
    let of_member = store.select(&world::DEVICES_OF).unwrap();
    let devices = store.read_rows(&of_member, (member(&ada),)).await.unwrap();
    assert_eq!(devices.len(), 1, "what has not ended is there");
}

#[tokio::test]
async fn an_erasure_empties_the_gaps_of_both_files() {
    let home = Home::sqlite();
    let (world, [ada, ben]) = furnished(&home).await;
    let keys = home
        .pairs_raw(Database::Keys, "SELECT subject, wrapped FROM subject_key")
        .await;
    let (_, wrapped) = keys.into_iter().find(|(id, _)| id == ada.id().as_bytes()).unwrap();
    // In the one file half of her id, as a copy of which the beginning was overwritten has; in the other, her key.
    let (half, key) = (ada.id().as_bytes()[8..].to_vec(), wrapped);
    assert!(plant(&path(&home, Database::Rows), &half) > 0);
    assert!(plant(&path(&home, Database::Keys), &key) > 0);
    let store = world::reopen(&home, &world.clock).await;
    store.erase(ada.id()).await.unwrap();
    for (what, canary) in [("half of the id", &half), ("the key", &key)] {
        assert!(!is_in(&home, canary), "{what} is gone");
    }
    assert!(!store.export(ben.id()).await.unwrap().tables.is_empty());
}

#[tokio::test]
async fn a_piece_of_a_destroyed_key_is_not_left_in_a_gap() {
    let home = Home::sqlite();
    let (world, [ada, _]) = furnished(&home).await;
    let keys = home
        .pairs_raw(Database::Keys, "SELECT subject, wrapped FROM subject_key")
        .await;
    let (_, wrapped) = keys.into_iter().find(|(id, _)| id == ada.id().as_bytes()).unwrap();
    let piece = wrapped[wrapped.len() - 16..].to_vec();
    assert!(plant(&path(&home, Database::Keys), &piece) > 0);
    let store = world::reopen(&home, &world.clock).await;
    store.erase(ada.id()).await.unwrap();
    assert!(!is_in(&home, &piece));
}

#[tokio::test]
async fn a_start_that_finds_an_open_erasure_writes_both_files_anew() {
    let home = Home::sqlite();
    let (world, [ada, _]) = furnished(&home).await;
    let canaries = || [Database::Rows, Database::Keys].map(|database| plant(&path(&home, database), CANARY));
    assert!(canaries().iter().all(|planted| *planted > 0));
    world::reopen(&home, &world.clock).await.close().await;
    assert!(is_in(&home, CANARY), "an ordinary start has no reason to");

    const OPEN: &str =
        "INSERT INTO tombstone (subject_tag, done, expires_at) VALUES (x'5f0c2a91', 0, 9000000000000000000)";
    assert_eq!(home.run_raw(Database::Rows, OPEN).await, 1);
    let store = world::reopen(&home, &world.clock).await;
    assert!(!is_in(&home, CANARY), "the run that was killed may not have looked");
    assert!(!store.export(ada.id()).await.unwrap().tables.is_empty());
    assert_eq!(
        home.number_raw("SELECT COUNT(*) FROM tombstone WHERE done = 0").await,
        0
    );
}
