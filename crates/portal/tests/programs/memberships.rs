//! Tariffs with an end: who is served, and when an account is erased by itself.

use std::sync::Arc;

use account::{Accounts, AccountsError, DeviceChange, MemberChange, Stop, Tariff, UsageDelta};
use axum::http::StatusCode;
use plan::{Clock, ManualClock, MemberId};
use serde_json::json;

use crate::program::{Program, key, member, operator};
use crate::world::{DEFAULT_POLICY, NO_LOG_POLICY, START, World};

const DAY: i64 = 86_400;

async fn only_member(world: &World) -> MemberId {
    let lines = world.accounts.members(None, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    lines[0].id
}

async fn served(world: &World) -> usize {
    world.accounts.all_devices().await.unwrap().len()
}

async fn with_device(world: &World) -> (Program, MemberId) {
    let ada = member(world, "ada@example.org").await;
    ada.post("/devices", json!({"label": "phone", "public_key": key(9)}))
        .await
        .ok();
    let id = only_member(world).await;
    (ada, id)
}

#[tokio::test]
async fn s3_068_a_membership_is_served_through_its_last_day_and_not_after_it() {
    let mut world = World::new(DEFAULT_POLICY).await;
    let (ada, id) = with_device(&world).await;
    world
        .accounts
        .change_members(&[id], &MemberChange::Tariff("month".into()))
        .await
        .unwrap();
    let account = ada.get("/account").await.ok();
    assert_eq!(
        account["paid_until"], "2026-12-21",
        "30 days, of which 22 November is the first"
    );
    assert_eq!(account["erased_after_days"], json!(90));
    // 2026-11-22 12:00 to the last second of 2026-12-21.
    world.clock.advance_seconds(29 * DAY + DAY / 2 - 1);
    world.accounts.sweep().await.unwrap();
    assert_eq!((served(&world).await, world.accounts.stopped(id)), (1, None));
    world.drain();
    world.clock.advance_seconds(1);
    world.accounts.sweep().await.unwrap();
    assert_eq!(
        (served(&world).await, world.accounts.stopped(id)),
        (0, Some(Stop::Ended))
    );
    assert!(
        matches!(world.drain().as_slice(), [DeviceChange::Removed { .. }]),
        "the tunnel is told"
    );
    assert_eq!(
        ada.get("/account").await.ok()["stopped"],
        "ended",
        "the account is there"
    );

    world
        .accounts
        .change_members(&[id], &MemberChange::Extend(10))
        .await
        .unwrap();
    assert_eq!((served(&world).await, world.accounts.stopped(id)), (1, None));
    assert!(
        matches!(world.drain().as_slice(), [DeviceChange::Added { .. }]),
        "and told again"
    );
    let paid_until = ada.get("/account").await.ok()["paid_until"].clone();
    assert_eq!(paid_until, "2026-12-31", "what was over begins anew today");
}

#[tokio::test]
async fn an_account_is_erased_when_its_membership_has_been_over_for_as_long_as_the_policy_says() {
    let world = World::new(DEFAULT_POLICY).await;
    let (ada, id) = with_device(&world).await;
    world
        .accounts
        .change_members(&[id], &MemberChange::Tariff("month".into()))
        .await
        .unwrap();
    // The token ends before the account does, so the account is looked at by its e-mail address.
    world.clock.advance_seconds(29 * DAY + DAY / 2 + 90 * DAY - 1);
    world.accounts.sweep().await.unwrap();
    assert_eq!(world.accounts.find_member("ada@example.org").await, Ok(Some(id)));
    world.clock.advance_seconds(1);
    world.accounts.sweep().await.unwrap();
    assert_eq!(world.accounts.find_member("ada@example.org").await, Ok(None));
    assert_eq!((world.accounts.member_count().await, served(&world).await), (Ok(0), 0));
    assert_eq!(ada.get("/account").await.status, StatusCode::UNAUTHORIZED);
    // The name can be used again: nothing is left that stands in its way.
    member(&world, "ada@example.org").await;
}

#[tokio::test]
async fn a_policy_that_keeps_accounts_until_they_are_closed_erases_none_by_itself() {
    let world = World::new(NO_LOG_POLICY).await;
    let (_, id) = with_device(&world).await;
    world
        .accounts
        .change_members(&[id], &MemberChange::Tariff("month".into()))
        .await
        .unwrap();
    assert_eq!(world.accounts.erased_after_days(), None);
    world.clock.advance_seconds(4_000 * DAY);
    world.accounts.sweep().await.unwrap();
    assert_eq!(
        (world.accounts.member_count().await, world.accounts.stopped(id)),
        (Ok(1), Some(Stop::Ended))
    );
}

#[tokio::test]
async fn who_works_for_the_operator_is_not_erased_by_the_clock() {
    let world = World::new(DEFAULT_POLICY).await;
    operator(&world).await;
    let id = only_member(&world).await;
    world.accounts.set_tariff(id, "month").await.unwrap();
    world.clock.advance_seconds(4_000 * DAY);
    world.accounts.sweep().await.unwrap();
    assert_eq!(world.accounts.member_count().await, Ok(1));
}

#[tokio::test]
async fn counters_that_cannot_be_true_stop_nobody_elses_from_being_kept() {
    let world = World::new(DEFAULT_POLICY).await;
    let (_ada, id) = with_device(&world).await;
    let delta = |up| UsageDelta {
        member: id,
        up,
        down: up,
    };
    for _ in 0..3 {
        world.accounts.record_usage(&[delta(u64::MAX), delta(1)]).await.unwrap();
    }
    let usage = world
        .accounts
        .usage(id, world.clock.now().day())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(usage[0].up, 3 * 1_000_000_000_000 + 3, "a bound for each report");
}

#[tokio::test]
async fn a_quota_stops_the_devices_until_the_next_month() {
    let world = World::new(DEFAULT_POLICY).await;
    let (ada, id) = with_device(&world).await;
    world.accounts.set_tariff(id, "small").await.unwrap();
    let moved = |up| {
        [UsageDelta {
            member: id,
            up,
            down: 0,
        }]
    };
    world.accounts.record_usage(&moved((1 << 20) - 1)).await.unwrap();
    assert_eq!(served(&world).await, 1, "one byte below it");
    world.accounts.record_usage(&moved(1)).await.unwrap();
    assert_eq!(
        (served(&world).await, world.accounts.stopped(id)),
        (0, Some(Stop::OverQuota))
    );
    assert_eq!(ada.get("/account").await.ok()["stopped"], "over-quota");
    world.clock.advance_seconds(9 * DAY);
    world.accounts.sweep().await.unwrap();
    assert_eq!(
        (served(&world).await, world.accounts.stopped(id)),
        (1, None),
        "1 December"
    );
}

async fn start(policy: &str, tariff: Tariff) -> Result<(), AccountsError> {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(policy::compile(policy, "test.kdl").unwrap().plan().clone());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(START));
    let store = store::Store::open(store::Options {
        place: folder.path().to_owned().into(),
        wrapping: store::WrappingKey::from_bytes(&mut [7; 32]),
        plan,
        catalogues: vec![account::CATALOGUE],
        clock,
        erase_leftovers: false,
    });
    let (tell, _heard) = tokio::sync::mpsc::unbounded_channel();
    Accounts::new(store.await.unwrap(), vec![tariff], tell).await.map(drop)
}

#[tokio::test]
async fn a_tariff_that_the_policy_cannot_bear_is_refused_at_the_start_with_the_line_to_add() {
    let tariff = |quota_bytes, days| Tariff {
        name: "one".into(),
        quota_bytes,
        devices: 1,
        days,
    };
    let uncounted = DEFAULT_POLICY.replace(
        "collect usage.day usage.bytes surface=tunnel grain=\"account*day\"",
        "collect ticket.body surface=account",
    );
    let error = start(&uncounted, tariff(Some(1), None)).await.unwrap_err();
    assert_eq!(error, AccountsError::QuotaWithoutUsage);
    assert!(
        error
            .to_string()
            .contains("collect usage.day usage.bytes surface=tunnel"),
        "{error}"
    );
    assert_eq!(start(&uncounted, tariff(None, None)).await, Ok(()));
    let endless = DEFAULT_POLICY
        .replace("collect paid.until", "collect ticket.body")
        .replace("until=account.expired plus=\"90d\"", "\"1d\"");
    let error = start(&endless, tariff(None, Some(30))).await.unwrap_err();
    assert_eq!(error, AccountsError::DaysWithoutEnd);
    assert!(
        error.to_string().contains("collect paid.until surface=account"),
        "{error}"
    );
    assert_eq!(start(DEFAULT_POLICY, tariff(Some(1), Some(30))).await, Ok(()));
}
