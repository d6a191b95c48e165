//! Fills a data folder with invented members, for measuring how the program does when it has many.
//!
//! ```text
//! fill_a_store FOLDER MEMBERS SESSIONS COOKIES
//! ```
//!
//! Every member has an e-mail address, an accepted policy, a device and a week of usage, written through the store as the
//! program writes them. They share one password, `PASSWORD`, whose hash is computed once. The first SESSIONS of them are
//! signed in: their cookies go to the file COOKIES, one a line, in order. The first of all works for the operator.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use account::{Acceptance, Credential, Device, Member, Session, SessionToken, Staff, Usage};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use plan::field::Email;
use plan::{Clock, DeviceId, MemberId, Permit, Personal, SessionId, Timestamp, act::Keep};
use store::{Options, Origin, Place, Rows, Store, WrappingKey};
use tokio::task::JoinSet;

/// The password of every invented member.
const PASSWORD: &str = "correct horse battery";
/// Members that are written at once, so that they share commits.
const AT_ONCE: u64 = 256;
/// Days of usage of each.
const DAYS: i32 = 7;

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Timestamp::from_microseconds(i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(i64::MAX))
    }
}

struct Filler {
    store: Store,
    keep_email: Permit<Email, Keep>,
    members: Rows<Member>,
    credentials: Rows<Credential>,
    acceptances: Rows<Acceptance>,
    sessions: Rows<Session>,
    devices: Rows<Device>,
    usage: Rows<Usage>,
    staff: Rows<Staff>,
    hash: String,
    digest: String,
}

impl Filler {
    fn new(store: Store) -> Result<Self, Box<dyn Error>> {
        // The cost is the program's own (crates/account/src/password.rs): a storm of sign-ins is to cost what it costs.
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None)?);
        let hash = argon2.hash_password_with_salt(PASSWORD.as_bytes(), &store.random::<16>())?;
        Ok(Self {
            keep_email: store.plan().permit()?,
            members: store.require_rows()?,
            credentials: store.require_rows()?,
            acceptances: store.require_rows()?,
            sessions: store.require_rows()?,
            devices: store.require_rows()?,
            usage: store.require_rows()?,
            staff: store.require_rows()?,
            hash: hash.to_string(),
            digest: store.plan().digest().to_string(),
            store,
        })
    }

    /// Writes one member; returns the cookie of their session when they have one.
    async fn member(&self, index: u64, signed_in: bool) -> Result<Option<String>, store::StoreError> {
        let subject = self.store.create_subject().await?;
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        let now = self.store.now();
        let email = Personal::new(format!("member-{index}@example.org"));
        let mut ops = self
            .store
            .held()
            .put_found(&self.keep_email, &subject, &email, Origin::Person);
        ops.push(self.acceptances.insert(
            &subject,
            &Acceptance {
                member,
                digest: Personal::new(self.digest.clone()),
                time: Personal::new(now),
            },
        )?);
        ops.push(self.members.insert(
            &subject,
            &Member {
                member,
                joined: Personal::new(now.day()),
            },
        )?);
        ops.push(self.credentials.insert(
            &subject,
            &Credential {
                member,
                password: Personal::new(self.hash.clone()),
                recovery: Personal::new(self.hash.clone()),
            },
        )?);
        ops.push(self.devices.insert(
            &subject,
            &Device {
                id: DeviceId::from_bytes(self.store.random()),
                member,
                label: Personal::new("phone".to_owned()),
                public_key: Personal::new(self.store.random()),
                psk: Personal::new(self.store.random()),
            },
        )?);
        for ago in 0..DAYS {
            ops.push(self.usage.insert(
                &subject,
                &Usage {
                    member,
                    day: Personal::new(now.day().plus(-ago)),
                    up: Personal::new(1_000_000 + i64::try_from(index).unwrap_or(0)),
                    down: Personal::new(25_000_000),
                },
            )?);
        }
        if index == 0 {
            let role = Personal::new("operator".to_owned());
            ops.push(self.staff.insert(&subject, &Staff { member, role })?);
        }
        let mut cookie = None;
        if signed_in {
            let token = SessionToken::from_bytes(self.store.random());
            ops.push(self.sessions.insert(
                &subject,
                &Session {
                    id: SessionId::from_bytes(self.store.random()),
                    member,
                    hash: Personal::new(token.hash()),
                },
            )?);
            cookie = Some(token.to_cookie());
        }
        self.store.commit(ops).await?;
        Ok(cookie)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, members, sessions, cookies] = arguments.as_slice() else {
        return Err("give: fill_a_store FOLDER MEMBERS SESSIONS COOKIES".into());
    };
    let (folder, members, sessions) = (PathBuf::from(folder), members.parse::<u64>()?, sessions.parse::<u64>()?);
    let policy = policy::compile(include_str!("../../../policies/default.kdl"), "policies/default.kdl")
        .map_err(|errors| errors.to_string())?;
    let mut key: [u8; 32] = std::fs::read(folder.join("wrapping.key"))?
        .try_into()
        .map_err(|_| "wrapping.key does not have 32 bytes")?;
    let store = Store::open(Options {
        place: Place::Folder(folder),
        wrapping: WrappingKey::from_bytes(&mut key),
        plan: Arc::new(policy.plan().clone()),
        catalogues: vec![account::CATALOGUE],
        clock: Arc::new(WallClock),
        erase_leftovers: false,
    })
    .await?;
    let filler = Arc::new(Filler::new(store.clone())?);
    let mut given = String::new();
    let mut next = 0;
    while next < members {
        let end = members.min(next + AT_ONCE);
        let mut batch = JoinSet::new();
        for index in next..end {
            let filler = Arc::clone(&filler);
            batch.spawn(async move { (index, filler.member(index, index < sessions).await) });
        }
        let mut written = batch.join_all().await;
        // They end in any order, and the first line is the operator's.
        written.sort_unstable_by_key(|(index, _)| *index);
        for (_, cookie) in written {
            if let Some(cookie) = cookie? {
                given.push_str(&cookie);
                given.push('\n');
            }
        }
        next = end;
    }
    store.close().await;
    std::fs::write(cookies, given)?;
    Ok(())
}
