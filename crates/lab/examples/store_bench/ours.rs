//! Our side: everything through the store, as the program does it.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use account::{Device, Usage};
use plan::act::Keep;
use plan::field::Email;
use plan::{Clock as _, Day, DeviceId, MemberId, Permit, Personal, Plan, PurposeId, SubjectId, Timestamp};
use store::{
    Catalogue, Op, Options, Origin, Place, Rows, Select, SelectStatement, Statement, Store, Subject, Text, Touch,
    WrappingKey, whole_rows,
};
use tokio::task::JoinSet;

use crate::{Chance, DAYS, DEVICES, Id, MANY_DAYS, MANY_DEVICES, Measure, Outcome, Side, WallClock};

/// Members that are written at once.
const AT_ONCE: usize = 64;

const USAGE_ON_SQL: Text = whole_rows::<Usage>("WHERE member = $1 AND day = $2 AND expires_at > $3");
/// A member's usage of one day.
pub(crate) const USAGE_ON: SelectStatement<(MemberId, Day, Timestamp), Usage> = SelectStatement::new(Statement {
    name: "bench.usage",
    sql: USAGE_ON_SQL.as_str(),
    touches: &[Touch {
        table: "usage",
        columns: None,
    }],
    purpose: PurposeId::NetworkOps,
});

const DEVICE_ONE_SQL: Text = whole_rows::<Device>("WHERE id = $1");
/// One device.
pub(crate) const DEVICE_ONE: SelectStatement<(DeviceId,), Device> = SelectStatement::new(Statement {
    name: "bench.device",
    sql: DEVICE_ONE_SQL.as_str(),
    touches: &[Touch {
        table: "device",
        columns: None,
    }],
    purpose: PurposeId::Service,
});

const BENCH: Catalogue = Catalogue {
    tables: &[],
    statements: &[USAGE_ON.statement, DEVICE_ONE.statement],
};

/// Every table and statement that there is.
pub(crate) fn catalogues() -> Vec<Catalogue> {
    vec![account::CATALOGUE, BENCH]
}

/// The policy that the program has when it is told none.
pub(crate) fn plan() -> Outcome<Arc<Plan>> {
    let policy = policy::compile(include_str!("../../../../policies/default.kdl"), "policies/default.kdl");
    let policy = policy.map_err(|errors| errors.to_string())?;
    Ok(Arc::new(policy.plan().clone()))
}

/// Opens or makes a store with the program's tables.
pub(crate) async fn open(place: Place) -> Outcome<Store> {
    let options = Options {
        place,
        wrapping: WrappingKey::from_bytes(&mut [7; 32]),
        plan: plan()?,
        catalogues: catalogues(),
        clock: Arc::new(WallClock),
        erase_leftovers: false,
    };
    Ok(Store::open(options).await?)
}

pub(crate) struct Ours {
    store: Store,
    keep_email: Permit<Email, Keep>,
    usage_on: Select<(MemberId, Day, Timestamp), Usage>,
    device_one: Select<(DeviceId,), Device>,
    rows: Writing,
    members: Vec<Id>,
    devices: Vec<Id>,
    many: Id,
}

/// What rows are made with.
struct Writing {
    usage: Rows<Usage>,
    devices: Rows<Device>,
    /// The next day of usage: a new one for each row.
    next_day: AtomicI32,
    today: Day,
}

impl Ours {
    pub(crate) async fn open(place: Place, members: usize) -> Outcome<Self> {
        let store = open(place).await?;
        let mut ours = Self {
            keep_email: store.plan().permit()?,
            usage_on: store.select(&USAGE_ON).ok_or("the policy declares usage")?,
            device_one: store.select(&DEVICE_ONE).ok_or("the policy declares devices")?,
            rows: Writing {
                usage: store.require_rows()?,
                devices: store.require_rows()?,
                next_day: AtomicI32::new(0),
                today: WallClock.now().day(),
            },
            store,
            members: Vec::new(),
            devices: Vec::new(),
            many: [0; 16],
        };
        ours.many = ours.furnish().await?;
        let ours = Arc::new(ours);
        let mut made = Vec::new();
        while made.len() < members {
            let mut batch = JoinSet::new();
            for number in made.len()..members.min(made.len() + AT_ONCE) {
                let ours = Arc::clone(&ours);
                batch.spawn(async move { ours.member(number, DAYS, DEVICES).await });
            }
            for member in batch.join_all().await {
                made.push(member?);
            }
        }
        let mut ours = Arc::into_inner(ours).ok_or("every task has ended")?;
        ours.members = made.iter().map(|(member, _)| *member).collect();
        ours.devices = made.into_iter().map(|(_, device)| device).collect();
        Ok(ours)
    }

    pub(crate) async fn close(&self) {
        self.store.close().await;
    }

    /// Writes a member with so many rows; who, and one of their devices.
    async fn member(&self, number: usize, days: i32, devices: usize) -> Outcome<(Id, Id)> {
        let subject = self.store.create_subject().await?;
        let email = Personal::new(format!("member-{number}-{}@example.org", subject.id()));
        let held = self.store.held();
        let mut ops = held.put_found(&self.keep_email, &subject, &email, Origin::Person);
        for ago in 0..days {
            ops.push(self.usage(&subject, self.rows.today.plus(-ago))?);
        }
        let mut last = [0; 16];
        for _ in 0..devices {
            let (op, id) = self.device(&subject)?;
            ops.push(op);
            last = id;
        }
        self.store.commit(ops).await?;
        Ok((*subject.id().as_bytes(), last))
    }

    fn usage(&self, subject: &Subject, day: Day) -> Outcome<Op> {
        let row = Usage {
            member: MemberId::from_bytes(*subject.id().as_bytes()),
            day: Personal::new(day),
            up: Personal::new(1_000_000),
            down: Personal::new(25_000_000),
        };
        Ok(self.rows.usage.insert(subject, &row)?)
    }

    fn device(&self, subject: &Subject) -> Outcome<(Op, Id)> {
        let id = self.store.random();
        let row = Device {
            id: DeviceId::from_bytes(id),
            member: MemberId::from_bytes(*subject.id().as_bytes()),
            label: Personal::new("the phone in the kitchen".to_owned()),
            public_key: Personal::new(self.store.random()),
            psk: Personal::new(self.store.random()),
        };
        Ok((self.rows.devices.insert(subject, &row)?, id))
    }
}

impl Side for Ours {
    async fn read(&self, measure: Measure, chance: &mut Chance) -> Outcome {
        let number = chance.below(self.members.len());
        let member = SubjectId::from_bytes(self.members[number]);
        match measure {
            Measure::ReadPlain => {
                let day = self.rows.today.plus(-(chance.below(DAYS as usize) as i32));
                let args = (MemberId::from_bytes(self.members[number]), day, self.store.now());
                let row = self.store.read_row(&self.usage_on, args).await?;
                black_box(row.ok_or("the day is there")?);
            }
            Measure::ReadSealed => {
                let subject = self.store.subject(member).await?;
                let email = self.store.held().read::<Email>(&subject).await?;
                black_box(email.ok_or("the address is there")?);
            }
            _ => {
                let args = (DeviceId::from_bytes(self.devices[number]),);
                let row = self.store.read_row(&self.device_one, args).await?;
                black_box(row.ok_or("the device is there")?);
            }
        }
        Ok(())
    }

    async fn insert(&self, measure: Measure, chance: &mut Chance) -> Outcome {
        let member = SubjectId::from_bytes(self.members[chance.below(self.members.len())]);
        let subject = self.store.subject(member).await?;
        let op = match measure {
            Measure::InsertPlain => {
                let ahead = self.rows.next_day.fetch_add(1, Ordering::Relaxed);
                self.usage(&subject, self.rows.today.plus(1 + ahead))?
            }
            _ => self.device(&subject)?.0,
        };
        self.store.commit(vec![op]).await?;
        Ok(())
    }

    async fn export(&self) -> Outcome<usize> {
        let export = self.store.export(SubjectId::from_bytes(self.many)).await?;
        Ok(black_box(serde_json::to_string(&portal::export_json(&export))?).len())
    }

    async fn furnish(&self) -> Outcome<Id> {
        Ok(self.member(0, MANY_DAYS, MANY_DEVICES).await?.0)
    }

    async fn erase(&self, id: Id) -> Outcome {
        black_box(self.store.erase(SubjectId::from_bytes(id)).await?);
        Ok(())
    }
}
