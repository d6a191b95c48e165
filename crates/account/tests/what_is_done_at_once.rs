//! Two things done at once come to what one after the other would have come to, and what nobody waits for any more is
//! done to its end or not at all. Each is tried at every point at which the first one waits.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

#[path = "../../store/tests/world/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use account::{
    Access, Accounts, CATALOGUE, DeviceChange, DeviceError, Enrolment, Identity, JoinError, JoinForm, KeyText,
    MemberChange, NewToken, Proven, Scope, Scopes, Secret, SignInError, SignInForm, Stop, TOKENS_LIMIT, Tariff,
    TokenError, UsageDelta,
};
use cluster::Cluster;
use plan::{Day, DeviceId, ManualClock, MemberId};
use store::{Options, Place, ServerUrl, Store, WrappingKey};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PASSWORD: &str = "three small words";
const TODAY: Day = Day::from_number(20_780);
/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);

struct World {
    accounts: Accounts,
    clock: Arc<ManualClock>,
    changes: Mutex<UnboundedReceiver<DeviceChange>>,
    /// The devices that a VPN serves which does as it is told and remembers nothing.
    served: Mutex<BTreeMap<DeviceId, MemberId>>,
    place: Place,
    folder: tempfile::TempDir,
}

#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    Postgres,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = match engine {
            Engine::Sqlite => Place::Folder(folder.path().to_owned()),
            Engine::Postgres => {
                let cluster = Cluster::shared();
                let [rows, keys] = [(); 2].map(|()| ServerUrl::parse(&cluster.url(&cluster.new_database())).unwrap());
                Place::Servers { rows, keys }
            }
        };
        Self::at(place, folder, Arc::new(ManualClock::new(TODAY.start()))).await
    }

    /// The same instance, started again: it remembers no opened key.
    async fn restarted(self) -> Self {
        self.accounts.store().close().await;
        Self::at(self.place, self.folder, self.clock).await
    }

    async fn at(place: Place, folder: tempfile::TempDir, clock: Arc<ManualClock>) -> Self {
        let text = include_str!("../../../policies/default.kdl");
        let plan = policy::compile(text, "default.kdl").unwrap().plan().clone();
        let store = Store::open(Options {
            place: place.clone(),
            wrapping: WrappingKey::from_bytes(&mut [7; 32]),
            plan: Arc::new(plan),
            catalogues: vec![CATALOGUE],
            clock: clock.clone(),
            erase_leftovers: false,
        });
        let tariff = |name: &str, quota_bytes, days| Tariff {
            name: name.to_owned(),
            quota_bytes,
            devices: 2,
            days,
        };
        let tariffs = vec![tariff("first", Some(1 << 30), None), tariff("month", None, Some(30))];
        let (tell, changes) = unbounded_channel();
        let accounts = Accounts::new(store.await.unwrap(), tariffs, tell).await.unwrap();
        Self {
            accounts,
            clock,
            changes: Mutex::new(changes),
            served: Mutex::default(),
            place,
            folder,
        }
    }

    fn form(&self, email: &str) -> JoinForm {
        JoinForm {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            age: Some(30),
            accepted: self.accounts.store().plan_digest(),
        }
    }

    async fn join(&self, name: &str) -> MemberId {
        let joined = self.accounts.join(self.form(&format!("{name}@example.org"))).await;
        joined.unwrap().member
    }

    async fn proven(&self, name: &str, password: &str) -> Result<Proven, SignInError> {
        // Nobody waits for another try.
        self.clock.advance_seconds(600);
        let email = &format!("{name}@example.org");
        self.accounts
            .identify(SignInForm::Email {
                email,
                password,
                from: None,
            })
            .await
    }

    async fn device(&self, member: MemberId, key: u8) -> Result<DeviceId, DeviceError> {
        let key = KeyText([key; 32]);
        let added = self.accounts.add_device(member, "phone".to_owned(), key).await?;
        Ok(added.id)
    }

    async fn device_count(&self, member: MemberId) -> usize {
        self.accounts.devices(member).await.unwrap().len()
    }

    /// The devices that the VPN serves by now.
    fn served(&self) -> Vec<DeviceId> {
        let mut served = self.served.lock().unwrap();
        let mut changes = self.changes.lock().unwrap();
        while let Ok(change) = changes.try_recv() {
            match change {
                DeviceChange::Added { device, member, .. } => _ = served.insert(device, member),
                DeviceChange::Removed { device } => _ = served.remove(&device),
                DeviceChange::MemberRemoved { member } => served.retain(|_, owner| *owner != member),
            }
        }
        served.keys().copied().collect()
    }

    /// Waits until somebody is gone, their key included, and nothing of theirs is served.
    async fn until_gone(&self, member: MemberId) {
        let began = Instant::now();
        while self.accounts.export(member).await.is_ok() || !self.served().is_empty() {
            assert!(began.elapsed() < PATIENCE, "an erasure stopped half-way");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Changes something past the program; SQLite alone.
    fn sql(&self, sql: &str) {
        let done = Command::new("sqlite3")
            .args(["-cmd", ".timeout 10000"])
            .arg(self.folder.path().join("candor.db"))
            .arg(sql)
            .status();
        assert!(done.expect("sqlite3 is installed: ./test packages").success());
    }
}

/// Lets something run until it has waited so many times; `None` when it is not done by then.
async fn until<T>(waits: usize, one: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    let mut waited = 0;
    poll_fn(|context| match std::pin::Pin::new(&mut *one).poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if waited == waits => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

/// Lets one thing run until it has waited so many times, does another to its end, and lets the first go on. The other is
/// `None` when the first did not wait so often.
async fn between<T, U>(waits: usize, one: impl Future<Output = T>, other: impl Future<Output = U>) -> (T, Option<U>) {
    let mut one = Box::pin(one);
    match until(waits, &mut one).await {
        Some(done) => (done, None),
        None => {
            let came_between = other.await;
            (one.await, Some(came_between))
        }
    }
}

/// Makes of each function a test on SQLite and a test on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name(super::World::new(super::Engine::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(super::World::new(super::Engine::Postgres).await).await;
            }
        }
    )+};
}

async fn a_device_that_is_removed_while_it_is_renamed_stays_removed(world: World) {
    let ada = world.join("ada").await;
    for waits in 0.. {
        let phone = world.device(ada, 1).await.unwrap();
        let rename = world.accounts.rename_device(ada, phone, "other");
        let (_, removed) = between(waits, rename, world.accounts.remove_device(ada, phone)).await;
        if removed.is_none() {
            break;
        }
        assert_eq!(world.device_count(ada).await, 0, "after {waits} waits");
        assert_eq!(world.served(), []);
    }
}

async fn two_devices_at_once_do_not_pass_the_tariffs_limit(world: World) {
    let ada = world.join("ada").await;
    world.device(ada, 1).await.unwrap();
    for waits in 0.. {
        let (one, other) = between(waits, world.device(ada, 2), world.device(ada, 3)).await;
        let Some(other) = other else { break };
        let added = [one, other];
        assert_eq!(world.device_count(ada).await, 2, "after {waits} waits");
        assert!(added.contains(&Err(DeviceError::TooMany(2))));
        for device in added.into_iter().flatten() {
            world.accounts.remove_device(ada, device).await.unwrap();
        }
    }
}

async fn two_tokens_at_once_do_not_pass_the_limit(world: World) {
    let ada = world.join("ada").await;
    let wanted = NewToken {
        label: "laptop".to_owned(),
        scopes: Scopes::of(&[Scope::DevicesRead]),
    };
    let proven = world.proven("ada", PASSWORD).await.unwrap();
    for _ in 1..TOKENS_LIMIT {
        world.accounts.issue_token(proven.clone(), &wanted).await.unwrap();
    }
    for waits in 0.. {
        let one = world.accounts.issue_token(proven.clone(), &wanted);
        let other = world.accounts.issue_token(proven.clone(), &wanted);
        let (one, other) = between(waits, one, other).await;
        let Some(other) = other else { break };
        assert_eq!(world.accounts.tokens(ada).await.unwrap().len(), TOKENS_LIMIT);
        let made = [one, other];
        let refused = made.iter().filter_map(|made| made.as_ref().err());
        assert_eq!(
            refused.collect::<Vec<_>>(),
            [&TokenError::TooMany],
            "after {waits} waits"
        );
        for token in made.into_iter().flatten() {
            world.accounts.end_token(ada, token.id).await.unwrap();
        }
    }
}

async fn who_signs_in_with_the_old_password_is_not_in_after_a_reset(world: World) {
    let (email, mut password) = ("ada@example.org", PASSWORD.to_owned());
    let mut recovery = world.accounts.join(world.form(email)).await.unwrap().recovery;
    for waits in 0.. {
        world.clock.advance_seconds(3_600);
        let new = format!("three other words {waits}");
        let sign_in = world.accounts.sign_in(email, &password, None);
        let (signed_in, reset) = between(waits, sign_in, world.accounts.reset_only(email, &recovery, &new, None)).await;
        let Some(reset) = reset else { break };
        (recovery, password) = (reset.unwrap(), new);
        match signed_in {
            Ok(session) => assert_eq!(
                world.accounts.signed_in(&session).await,
                Ok(None),
                "after {waits} waits"
            ),
            Err(error) => assert_eq!(error, SignInError::Wrong),
        }
    }
}

async fn a_token_for_the_old_password_is_not_made_after_a_reset(world: World) {
    let email = "ada@example.org";
    let joined = world.accounts.join(world.form(email)).await.unwrap();
    let proven = world.proven("ada", PASSWORD).await.unwrap();
    let confirmed = world.accounts.confirm(joined.member, PASSWORD).await.unwrap();
    let reset = world
        .accounts
        .reset_only(email, &joined.recovery, "three other words", None)
        .await;
    reset.unwrap();
    let wanted = NewToken {
        label: "laptop".to_owned(),
        scopes: Scopes::of(&[Scope::Operator]),
    };
    for old in [proven, confirmed] {
        let refused = world.accounts.issue_token(old, &wanted).await.err();
        assert_eq!(refused, Some(TokenError::Replaced));
    }
    let proven = world.proven("ada", "three other words").await.unwrap();
    assert!(world.accounts.issue_token(proven, &wanted).await.is_ok());
}

async fn a_change_of_the_password_does_not_bring_the_old_recovery_code_back(world: World) {
    let (email, mut password) = ("ada@example.org", PASSWORD.to_owned());
    let joined = world.accounts.join(world.form(email)).await.unwrap();
    let mut recovery = joined.recovery;
    for waits in 0.. {
        world.clock.advance_seconds(3_600);
        let (by_change, by_reset) = (format!("by a change {waits}"), format!("by a reset {waits}"));
        let change = world.accounts.change_password(joined.member, &password, &by_change);
        let reset = world.accounts.reset_only(email, &recovery, &by_reset, None);
        let (_, reset) = between(waits, change, reset).await;
        match reset {
            None => break,
            Some(Ok(code)) => (recovery, password) = (code, by_reset),
            // The change came through first, while the reset looked at what was there before; it can be tried again.
            Some(Err(_)) => password = by_change,
        }
        assert!(world.proven("ada", &password).await.is_ok(), "after {waits} waits");
    }
}

async fn an_old_number_lets_nobody_in_after_it_was_replaced(world: World) {
    let enrolment = Enrolment {
        identity: Identity::Number,
        age: Some(30),
        accepted: world.accounts.store().plan_digest(),
        invitation: None,
    };
    let enrolled = world.accounts.join_as(enrolment, Access::Browser).await.unwrap();
    let Secret::Number(number) = enrolled.secret else {
        panic!("a number was asked for");
    };
    let mut number = number.to_string();
    for waits in 0.. {
        world.clock.advance_seconds(3_600);
        let sign_in = world.accounts.sign_in_browser(SignInForm::Number(&number), None);
        let renew = world.accounts.renew_number(enrolled.member, &number);
        let (signed_in, renewed) = between(waits, sign_in, renew).await;
        let Some(renewed) = renewed else { break };
        number = renewed.unwrap().to_string();
        match signed_in {
            Ok(session) => assert_eq!(
                world.accounts.signed_in(&session).await,
                Ok(None),
                "after {waits} waits"
            ),
            Err(error) => assert_eq!(error, SignInError::Wrong),
        }
    }
}

async fn two_extensions_at_once_both_count(world: World) {
    let ada = world.join("ada").await;
    world.accounts.set_tariff(ada, "month").await.unwrap();
    // 30 days, of which today is the first.
    let mut last = TODAY.plus(29);
    for waits in 0.. {
        let extend = |days| {
            let accounts = &world.accounts;
            async move {
                accounts
                    .change_members(&[ada], &MemberChange::Extend(days))
                    .await
                    .unwrap()
            }
        };
        let month = async {
            world.accounts.set_tariff(ada, "month").await.unwrap();
            extend(2).await
        };
        let (_, other) = between(waits, extend(1), month).await;
        last = last.plus(if other.is_some() { 3 } else { 1 });
        let paid_until = world.accounts.paid_until(ada).await.unwrap().unwrap();
        assert_eq!(paid_until.to_string(), last.to_string(), "after {waits} waits");
        if other.is_none() {
            break;
        }
    }
}

async fn a_membership_that_is_over_is_extended_from_today(world: World) {
    let ada = world.join("ada").await;
    world.accounts.set_tariff(ada, "month").await.unwrap();
    world.clock.advance_seconds(40 * 86_400);
    let extend = MemberChange::Extend(5);
    world.accounts.change_members(&[ada], &extend).await.unwrap();
    let paid_until = world.accounts.paid_until(ada).await.unwrap().unwrap();
    assert_eq!(
        paid_until.to_string(),
        TODAY.plus(44).to_string(),
        "today is the first day"
    );
}

async fn a_device_that_is_added_during_an_erasure_is_not_served(world: World) {
    for waits in 0.. {
        let ada = world.join("ada").await;
        world.device(ada, 1).await.unwrap();
        let (_, erased) = between(waits, world.device(ada, 2), world.accounts.erase(ada)).await;
        assert_eq!(world.served().is_empty(), erased.is_some(), "after {waits} waits");
        if erased.is_none() {
            break;
        }
    }
}

async fn a_member_who_is_erased_while_let_back_in_is_not_served(world: World) {
    let (suspend, resume) = (MemberChange::Suspend, MemberChange::Resume);
    for waits in 0.. {
        let ada = world.join("ada").await;
        world.device(ada, 1).await.unwrap();
        let members = [ada];
        world.accounts.change_members(&[ada], &suspend).await.unwrap();
        assert_eq!(world.served(), []);
        let resuming = world.accounts.change_members(&members, &resume);
        let (_, erased) = between(waits, resuming, world.accounts.erase(ada)).await;
        assert_eq!(world.served().is_empty(), erased.is_some(), "after {waits} waits");
        if erased.is_none() {
            break;
        }
    }
}

async fn a_device_that_is_added_while_its_member_is_suspended_is_not_served(world: World) {
    let members = [world.join("ada").await];
    let [ada] = members;
    let (suspend, resume) = (MemberChange::Suspend, MemberChange::Resume);
    for waits in 0.. {
        let suspending = world.accounts.change_members(&members, &suspend);
        let (added, suspended) = between(waits, world.device(ada, 1), suspending).await;
        assert_eq!(world.served().is_empty(), suspended.is_some(), "after {waits} waits");
        if suspended.is_none() {
            break;
        }
        world.accounts.remove_device(ada, added.unwrap()).await.unwrap();
        world.accounts.change_members(&members, &resume).await.unwrap();
    }
}

/// The VPN hears nothing of it before the member is let back in, and then it hears of it.
async fn a_device_that_a_suspended_member_adds_is_told_of_when_they_are_let_back_in(world: World) {
    let members = [world.join("ada").await];
    let [ada] = members;
    let phone = world.device(ada, 1).await.unwrap();
    world
        .accounts
        .change_members(&members, &MemberChange::Suspend)
        .await
        .unwrap();
    assert_eq!(world.served(), []);
    let router = world.device(ada, 2).await.unwrap();
    let heard = world.changes.lock().unwrap().try_recv();
    assert!(
        heard.is_err(),
        "the VPN was told of a device of somebody who is suspended"
    );
    assert_eq!(
        world.accounts.all_devices().await.unwrap().len(),
        0,
        "nor is a new worker"
    );
    world
        .accounts
        .change_members(&members, &MemberChange::Resume)
        .await
        .unwrap();
    let mut both = vec![phone, router];
    both.sort_unstable();
    assert_eq!(world.served(), both);
    assert_eq!(world.accounts.all_devices().await.unwrap().len(), 2);
}

/// The look itself, and not a change that looks by a task of its own, in a program that has just begun: after it has read
/// all devices it waits for the key of somebody else's, and only so the removal falls between reading and telling.
async fn a_device_that_is_removed_while_its_member_is_let_back_in_is_not_served(mut world: World) {
    let (ada, eve) = (world.join("ada").await, world.join("eve").await);
    let (other, mut early) = (world.device(eve, 2).await.unwrap(), 0);
    for waits in 0.. {
        let phone = world.device(ada, 1).await.unwrap();
        let delta = UsageDelta {
            member: ada,
            up: 1 << 30,
            down: 0,
        };
        world.accounts.record_usage(&[delta]).await.unwrap();
        world = world.restarted().await;
        assert_eq!(world.accounts.stopped(ada), Some(Stop::OverQuota));
        assert_eq!(world.accounts.stopped(eve), None);
        // The next month, in which the next look lets the member back in.
        world.clock.advance_seconds(32 * 86_400);
        let remove = world.accounts.remove_device(ada, phone);
        let (looked, removed) = between(waits, world.accounts.check_standing(), remove).await;
        assert_eq!(looked, Ok(()));
        let served = world.served();
        if removed.is_none() {
            assert_eq!(
                served,
                [phone],
                "nobody removed it, and it alone is let back in: not {other:?}"
            );
            // An answer may be there before it is waited for, so one look that is over early does not end the tries.
            early += 1;
            if early == 4 {
                break;
            }
            world.accounts.remove_device(ada, phone).await.unwrap();
            assert_eq!(world.served(), []);
            continue;
        }
        assert_eq!(removed, Some(Ok(())));
        assert_eq!(served, [], "after {waits} waits");
    }
}

async fn a_member_who_is_suspended_again_while_let_back_in_is_not_served(world: World) {
    let members = [world.join("ada").await];
    let [ada] = members;
    let phone = world.device(ada, 1).await.unwrap();
    for waits in 0.. {
        world
            .accounts
            .change_members(&members, &MemberChange::Suspend)
            .await
            .unwrap();
        let resuming = world.accounts.change_members(&members, &MemberChange::Resume);
        let again = world.accounts.change_members(&members, &MemberChange::Suspend);
        let (_, suspended) = between(waits, resuming, again).await;
        let is_suspended = world.accounts.stopped(ada).is_some();
        let served: &[DeviceId] = if is_suspended { &[] } else { &[phone] };
        assert_eq!(world.served(), served, "after {waits} waits");
        // Whichever of the two came last is what the databases say.
        let now = world.accounts.all_devices().await.unwrap().len();
        assert_eq!(now, served.len(), "after {waits} waits");
        if suspended.is_none() {
            break;
        }
        world
            .accounts
            .change_members(&members, &MemberChange::Resume)
            .await
            .unwrap();
        assert_eq!(world.served(), [phone], "after {waits} waits");
    }
}

async fn an_erasure_goes_on_when_nobody_waits_for_it(world: World) {
    for waits in 0.. {
        let ada = world.join("ada").await;
        world.device(ada, 1).await.unwrap();
        let mut erasing = Box::pin(world.accounts.erase(ada));
        let done = until(waits, &mut erasing).await;
        drop(erasing);
        world.until_gone(ada).await;
        if done.is_some() {
            break;
        }
    }
}

async fn a_removal_goes_on_when_nobody_waits_for_it(world: World) {
    let ada = world.join("ada").await;
    for waits in 0.. {
        let phone = world.device(ada, 1).await.unwrap();
        let mut removing = Box::pin(world.accounts.remove_device(ada, phone));
        let done = until(waits, &mut removing).await;
        drop(removing);
        let began = Instant::now();
        while world.device_count(ada).await > 0 || !world.served().is_empty() {
            assert!(began.elapsed() < PATIENCE, "a removed device is served");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if done.is_some() {
            break;
        }
    }
}

async fn many_are_erased_together(world: World) {
    let ada = world.join("ada").await;
    let mut members = vec![ada, world.join("eve").await];
    world.device(ada, 1).await.unwrap();
    let done = world.accounts.change_members(&members, &MemberChange::Erase).await;
    assert_eq!(done, Ok(2));
    assert_eq!(world.accounts.member_count().await, Ok(0));
    assert_eq!(world.served(), []);
    members.truncate(1);
    let again = world.accounts.change_members(&members, &MemberChange::Erase).await;
    assert!(again.is_err(), "nobody is there any more");
}

async fn bytes_count_once_when_somebody_is_erased_meanwhile(world: World) {
    let eve = world.join("eve").await;
    let mut expected = 0;
    for waits in 0.. {
        let ada = world.join("ada").await;
        let deltas = [ada, eve].map(|member| UsageDelta { member, up: 1, down: 0 });
        let (recorded, erased) = between(waits, world.accounts.record_usage(&deltas), world.accounts.erase(ada)).await;
        assert_eq!(recorded, Ok(()), "after {waits} waits");
        expected += 1;
        let usage = world.accounts.usage(eve, TODAY).await.unwrap().unwrap();
        assert_eq!(usage[0].up, expected, "after {waits} waits");
        if erased.is_none() {
            break;
        }
    }
}

on_both! {
    a_device_that_is_removed_while_it_is_renamed_stays_removed,
    two_devices_at_once_do_not_pass_the_tariffs_limit,
    two_tokens_at_once_do_not_pass_the_limit,
    who_signs_in_with_the_old_password_is_not_in_after_a_reset,
    a_token_for_the_old_password_is_not_made_after_a_reset,
    a_change_of_the_password_does_not_bring_the_old_recovery_code_back,
    an_old_number_lets_nobody_in_after_it_was_replaced,
    two_extensions_at_once_both_count,
    a_membership_that_is_over_is_extended_from_today,
    a_device_that_is_added_during_an_erasure_is_not_served,
    a_member_who_is_erased_while_let_back_in_is_not_served,
    a_device_that_is_added_while_its_member_is_suspended_is_not_served,
    a_device_that_a_suspended_member_adds_is_told_of_when_they_are_let_back_in,
    a_device_that_is_removed_while_its_member_is_let_back_in_is_not_served,
    a_member_who_is_suspended_again_while_let_back_in_is_not_served,
    an_erasure_goes_on_when_nobody_waits_for_it,
    a_removal_goes_on_when_nobody_waits_for_it,
    many_are_erased_together,
    bytes_count_once_when_somebody_is_erased_meanwhile,
}

#[tokio::test]
async fn bytes_that_are_written_down_are_not_asked_for_again_when_what_follows_fails() {
    let world = World::new(Engine::Sqlite).await;
    let ada = world.join("ada").await;
    let deltas = [UsageDelta {
        member: ada,
        up: 1,
        down: 2,
    }];
    world.sql("ALTER TABLE suspension RENAME TO away");
    let unrecorded = world.accounts.record_usage(&deltas).await.unwrap_err();
    assert_eq!(unrecorded.again, [], "they are written down");
    world.sql("ALTER TABLE away RENAME TO suspension; ALTER TABLE usage RENAME TO away");
    let unrecorded = world.accounts.record_usage(&deltas).await.unwrap_err();
    assert_eq!(unrecorded.again, deltas, "they are not");
    world.sql("ALTER TABLE away RENAME TO usage");
    let usage = world.accounts.usage(ada, TODAY).await.unwrap().unwrap();
    assert_eq!((usage[0].up, usage[0].down), (1, 2));
}

#[tokio::test]
async fn a_set_up_that_nobody_waits_for_leaves_its_link_or_an_operator() {
    for waits in 0.. {
        let world = World::new(Engine::Sqlite).await;
        let token = world.accounts.set_up().text().unwrap();
        let form = world.form("operator@example.org");
        let mut setting_up = Box::pin(world.accounts.set_up_operator(&token, form));
        let done = until(waits, &mut setting_up).await;
        drop(setting_up);
        if let Some(done) = done {
            done.unwrap();
            assert!(world.accounts.set_up().text().is_none());
            break;
        }
        assert_eq!(
            world.accounts.set_up().text(),
            Some(token.clone()),
            "after {waits} waits"
        );
        // What was handed to the database before comes first.
        let again = world
            .accounts
            .set_up_operator(&token, world.form("other@example.org"))
            .await;
        match again {
            Ok(_) => assert_eq!(world.accounts.member_count().await, Ok(1), "nobody came through before"),
            Err(error) => assert_eq!(error, JoinError::SetUpToken, "somebody came through before"),
        }
        assert_eq!(world.accounts.member_count().await, Ok(1));
        assert!(world.accounts.set_up().text().is_none());
    }
}
