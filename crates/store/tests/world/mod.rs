//! What the tests of the store share: a small service's catalogue, a policy that declares all of it, and a store in a
//! temporary folder with a clock that a test moves.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test file uses its own part of this world"
)]

mod cluster;
mod home;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use plan::field::{
    AccessIp, AccessTime, DeviceKey, DeviceLabel, JoinedDay, PasswordHash, SessionHash, UsageBytes, UsageDay,
};
use plan::{Day, DeviceId, ManualClock, MemberId, Personal, Plan, PurposeId, SessionId, SubjectId, Timestamp, VisitId};
use store::{
    Catalogue, Expect, Given, Limit, Lookup, OpenError, Options, Place, Row as _, RunStatement, SelectStatement,
    Statement, Store, Subject, Text, Touch, WrappingKey, whole_rows,
};

pub(crate) use cluster::Cluster;
pub(crate) use home::{Home, on_both, place_at};

store::table! {
    /// Your account.
    pub(crate) struct Account in "account" {
        /// Whose it is.
        owner member: MemberId,
        /// What lets the member in.
        secret password: PasswordHash,
        /// When the member joined.
        plain("counted by the day") joined: JoinedDay,
    }
    primary key (member);
}

store::table! {
    /// Things of yours that connect.
    pub(crate) struct Device in "device" {
        /// Which device.
        key id: DeviceId,
        /// Whose it is.
        owner member: MemberId,
        /// What the member calls it.
        sealed label: DeviceLabel,
        /// Its public key.
        found public_key: DeviceKey,
    }
    primary key (id);
}

store::table! {
    /// How much you used on each day.
    pub(crate) struct Usage in "usage" {
        /// Whose use.
        owner member: MemberId,
        /// On which day.
        plain("summed by the database") day: UsageDay,
        /// How many bytes.
        plain("summed by the database") bytes: UsageBytes,
    }
    primary key (member, day);
    expires;
}

store::table! {
    /// Browsers that you are signed in with.
    pub(crate) struct Session in "session" {
        /// Which session.
        key id: SessionId,
        /// Whose it is.
        owner member: MemberId,
        /// What the cookie is compared with.
        found hash: SessionHash,
    }
    primary key (id);
    expires;
}

store::table! {
    /// Visits to the site, linked to nobody's account.
    pub(crate) struct Visit in "visit" {
        /// Which line.
        key id: VisitId,
        /// Under which day's key.
        owner day: SubjectId,
        /// When.
        sealed at: AccessTime,
        /// From where.
        matched address: AccessIp,
    }
    primary key (id);
    expires;
}

const DEVICES_OF_SQL: Text = whole_rows::<Device>("WHERE member = $1 ORDER BY id");
/// A member's devices.
pub(crate) const DEVICES_OF: SelectStatement<(MemberId,), Device> = SelectStatement::new(Statement {
    name: "device.of_member",
    sql: DEVICES_OF_SQL.as_str(),
    touches: &[Touch {
        table: "device",
        columns: Some(&["id", "member", "label", "public_key"]),
    }],
    purpose: PurposeId::Service,
});

const DEVICE_BY_KEY_SQL: Text = whole_rows::<Device>("WHERE public_key_index = $1");
/// The device with a public key.
pub(crate) const DEVICE_BY_KEY: SelectStatement<(Lookup,), Device> = SelectStatement::new(Statement {
    name: "device.by_key",
    sql: DEVICE_BY_KEY_SQL.as_str(),
    touches: &[Touch {
        table: "device",
        columns: None,
    }],
    purpose: PurposeId::Service,
});

const USAGE_OF_SQL: Text = whole_rows::<Usage>("WHERE member = $1 AND expires_at > $2 ORDER BY day LIMIT $3");
/// A member's usage, oldest day first.
pub(crate) const USAGE_OF: SelectStatement<(MemberId, Timestamp, Limit), Usage> = SelectStatement::new(Statement {
    name: "usage.of_member",
    sql: USAGE_OF_SQL.as_str(),
    touches: &[Touch {
        table: "usage",
        columns: None,
    }],
    purpose: PurposeId::Billing,
});

/// The bytes of everybody together.
pub(crate) const USAGE_TOTAL: SelectStatement<(Timestamp,), i64> = SelectStatement::new(Statement {
    name: "usage.total",
    sql: "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM usage WHERE expires_at > $1",
    touches: &[Touch {
        table: "usage",
        columns: Some(&["bytes", "expires_at"]),
    }],
    purpose: PurposeId::Billing,
});

/// Adds to a member's count of a day.
pub(crate) const USAGE_ADD: RunStatement<(MemberId, Given<UsageDay>, Given<UsageBytes>, Timestamp)> = RunStatement::new(
    Statement {
        name: "usage.add",
        sql: "INSERT INTO usage (member, day, bytes, expires_at) VALUES ($1, $2, $3, $4) \
              ON CONFLICT (member, day) DO UPDATE SET bytes = usage.bytes + excluded.bytes",
        touches: &[Touch {
            table: "usage",
            columns: None,
        }],
        purpose: PurposeId::Billing,
    },
    Expect::Rows(1),
);

const SESSION_BY_HASH_SQL: Text = whole_rows::<Session>("WHERE hash_index = $1 AND expires_at > $2");
/// The session of a cookie.
pub(crate) const SESSION_BY_HASH: SelectStatement<(Lookup, Timestamp), Session> = SelectStatement::new(Statement {
    name: "session.by_hash",
    sql: SESSION_BY_HASH_SQL.as_str(),
    touches: &[Touch {
        table: "session",
        columns: None,
    }],
    purpose: PurposeId::SignIn,
});

/// Ends one session.
pub(crate) const SESSION_END: RunStatement<(SessionId,)> = RunStatement::new(
    Statement {
        name: "session.end",
        sql: "DELETE FROM session WHERE id = $1",
        touches: &[Touch {
            table: "session",
            columns: None,
        }],
        purpose: PurposeId::SignIn,
    },
    Expect::Rows(1),
);

const VISITS_FROM_SQL: Text = whole_rows::<Visit>("WHERE address_index = $1 AND expires_at > $2 ORDER BY id");
/// The visits from one address.
pub(crate) const VISITS_FROM: SelectStatement<(Lookup, Timestamp), Visit> = SelectStatement::new(Statement {
    name: "visit.from_address",
    sql: VISITS_FROM_SQL.as_str(),
    touches: &[Touch {
        table: "visit",
        columns: None,
    }],
    purpose: PurposeId::Security,
});

/// A statement with a defect: two places, where its type in a test says one.
pub(crate) const WRONG_COUNT: Statement = Statement {
    name: "usage.wrong",
    sql: "SELECT COUNT(*) FROM usage WHERE member = $1 AND expires_at > $2",
    touches: &[Touch {
        table: "usage",
        columns: Some(&["member", "expires_at"]),
    }],
    purpose: PurposeId::Billing,
};

/// A statement with a defect: its argument is given to a column of another type.
pub(crate) const WRONG_TYPE: Statement = Statement {
    name: "device.wrong",
    sql: "UPDATE device SET label = $1",
    touches: &[Touch {
        table: "device",
        columns: Some(&["label"]),
    }],
    purpose: PurposeId::Service,
};

/// Everything of this small service.
pub(crate) const CATALOGUE: Catalogue = Catalogue {
    tables: &[
        Account::TABLE,
        Device::TABLE,
        Usage::TABLE,
        Session::TABLE,
        Visit::TABLE,
    ],
    statements: &[
        DEVICES_OF.statement,
        DEVICE_BY_KEY.statement,
        USAGE_OF.statement,
        USAGE_TOTAL.statement,
        USAGE_ADD.statement,
        SESSION_BY_HASH.statement,
        SESSION_END.statement,
        VISITS_FROM.statement,
        WRONG_COUNT,
        WRONG_TYPE,
    ],
};

const BEGINNING: &str = r#"policy world schema=1 version="1" date="2026-11-22" {
  controller "The World" contact="privacy@world.example"
  surfaces tunnel account site
  audience everyone
  rights within="30d"
  changes effective=on-posting
"#;
/// What members tell, one line for each.
pub(crate) const EMAIL: &str =
    "  collect email surface=account required=#true { for account sign-in; keep until=account.closed; }\n";
/// A nickname is kept for thirty days.
pub(crate) const NICKNAME: &str = "  collect nickname surface=site { for community; keep \"30d\"; }\n";
/// The account.
pub(crate) const ACCOUNT: &str =
    "  collect password.hash joined.day surface=account { for account sign-in; keep until=account.closed; }\n";
/// Devices.
pub(crate) const DEVICE: &str =
    "  collect device.label device.key surface=account { for service; keep until=account.closed; }\n";
/// Usage, kept for 395 days.
pub(crate) const USAGE: &str =
    "  collect usage.day usage.bytes surface=tunnel grain=\"account*day\" { for billing; keep \"395d\"; }\n";
/// Sessions of thirty days.
pub(crate) const SESSION: &str =
    "  collect session.hash surface=account { for sign-in security; keep until=account.closed max=\"30d\"; }\n";
/// Visits, kept for fourteen days.
pub(crate) const VISIT: &str = "  collect access.time access.ip surface=site { for operate security; keep \"14d\"; }\n";
/// Every line.
pub(crate) const EVERYTHING: &[&str] = &[EMAIL, NICKNAME, ACCOUNT, DEVICE, USAGE, SESSION, VISIT];

/// Noon of some day.
pub(crate) const START: Timestamp = Day::from_number(20_779).start().plus_seconds(43_200);
/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// A policy of these lines.
pub(crate) fn policy_of(lines: &[&str]) -> Arc<Plan> {
    let text = format!("{BEGINNING}{}}}\n", lines.concat());
    match policy::compile(&text, "world.kdl") {
        Ok(compiled) => Arc::new(compiled.plan().clone()),
        Err(errors) => panic!("the world's policy does not compile: {errors:?}\n{text}"),
    }
}

/// A store in a folder, and the clock that it goes by.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
}

/// How to open a store of this world.
pub(crate) fn options(home: &Home, plan: &Arc<Plan>, clock: &Arc<ManualClock>) -> Options {
    options_at(home.place(), plan, clock)
}

/// How to open a store of this world at a place.
pub(crate) fn options_at(place: Place, plan: &Arc<Plan>, clock: &Arc<ManualClock>) -> Options {
    Options {
        place,
        wrapping: WrappingKey::from_bytes(&mut [7; 32]),
        plan: Arc::clone(plan),
        catalogues: vec![CATALOGUE],
        clock: clock.clone(),
        erase_leftovers: false,
    }
}

/// Opens the whole world in a folder.
pub(crate) async fn open(home: &Home) -> World {
    let clock = Arc::new(ManualClock::new(START));
    let store = reopen(home, &clock).await;
    World { store, clock }
}

/// Opens the whole world again, at the time that a clock shows.
pub(crate) async fn reopen(home: &Home, clock: &Arc<ManualClock>) -> Store {
    match Store::open(options(home, &policy_of(EVERYTHING), clock)).await {
        Ok(store) => store,
        Err(error) => panic!("the store does not open: {error}"),
    }
}

/// Opens the whole world at a place.
pub(crate) async fn reopen_at(place: Place, clock: &Arc<ManualClock>) -> Store {
    match Store::open(options_at(place, &policy_of(EVERYTHING), clock)).await {
        Ok(store) => store,
        Err(error) => panic!("the store does not open: {error}"),
    }
}

/// Opens a folder under another policy.
pub(crate) async fn open_under(home: &Home, lines: &[&str]) -> Result<Store, OpenError> {
    let clock = Arc::new(ManualClock::new(START));
    Store::open(options(home, &policy_of(lines), &clock)).await
}

/// Lets a day pass, after which the sweep wipes what deleted rows left in gaps.
pub(crate) async fn wipe(world: &World) {
    world.clock.advance_seconds(DAY);
    world.store.sweep().await.expect("the sweep sweeps");
}

/// Who a subject is as a member.
pub(crate) fn member(subject: &Subject) -> MemberId {
    MemberId::from_bytes(*subject.id().as_bytes())
}

/// A device of a subject's.
pub(crate) fn device(store: &Store, subject: &Subject, label: &str) -> Device {
    Device {
        id: DeviceId::from_bytes(store.random()),
        member: member(subject),
        label: Personal::new(label.to_owned()),
        public_key: Personal::new(store.random()),
    }
}

/// A count of a subject's.
pub(crate) fn usage(subject: &Subject, day: Day, bytes: i64) -> Usage {
    Usage {
        member: member(subject),
        day: Personal::new(day),
        bytes: Personal::new(bytes),
    }
}

/// An account of a subject's.
pub(crate) fn account(subject: &Subject, password: &str) -> Account {
    Account {
        member: member(subject),
        password: Personal::new(password.to_owned()),
        joined: Personal::new(START.day()),
    }
}

/// Every byte of every file in a folder and below it, by name. A running server may take a file away meanwhile.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder of the test is there") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                let parent = folder.file_name().unwrap_or_default().to_string_lossy();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                found.push((format!("{parent}/{name}"), bytes));
            }
        }
    }
    found
}

/// Which of the canaries stand in which file: (file, index of the canary).
pub(crate) fn found_in_files(home: &Home, canaries: &[Vec<u8>]) -> Vec<(String, usize)> {
    home.settle();
    let folders = home.folders();
    folders.iter().flat_map(|folder| found_in(folder, canaries)).collect()
}

/// Which of the canaries stand in which file of a folder and below it.
pub(crate) fn found_in(folder: &Path, canaries: &[Vec<u8>]) -> Vec<(String, usize)> {
    const PREFIX: usize = 8;
    let mut by_prefix: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, canary) in canaries.iter().enumerate() {
        assert!(canary.len() >= PREFIX, "a shorter canary is found by chance");
        by_prefix.entry(&canary[..PREFIX]).or_default().push(index);
    }
    let mut found = Vec::new();
    for (name, bytes) in files(folder) {
        for (at, window) in bytes.windows(PREFIX).enumerate() {
            let candidates = by_prefix.get(window).into_iter().flatten();
            let here = candidates.filter(|index| bytes[at..].starts_with(&canaries[**index]));
            found.extend(here.map(|index| (name.clone(), *index)));
        }
    }
    found
}
