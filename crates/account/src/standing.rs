//! Who is served: memberships that end, suspensions, and quotas that are used up. Whoever is stopped keeps the account and
//! loses the tunnel; whose membership has been over for as long as the policy says is erased.

use std::collections::BTreeMap;

use plan::act::{Keep, Show};
use plan::field::PaidUntil;
use plan::{Day, DeviceId, MemberId, Permit, Personal, Shown, SubjectId, Until, Upkeep};
use store::{Days, Op, Rows, Run, Select, Store, StoreError, Subject};

use crate::accounts::Accounts;
use crate::batch::BATCH_LIMIT;
use crate::devices::DeviceChange;
use crate::statements::{
    DayGiven, END_MEMBERSHIP, EXTEND_MEMBERSHIP, LIFT_SUSPENSION, MEMBERSHIP_AT_LEAST, MEMBERSHIP_OF, MEMBERSHIPS_OVER,
    SUSPENSIONS,
};
use crate::tables::{MemberTariff, Membership, Suspension};
use crate::usage::{Tariff, month_start};

const DAY_SECONDS: i64 = 86_400;

/// Why a member's devices are not served. In the order in which they are told: the first that holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stop {
    /// The operator suspended them.
    Suspended,
    /// The membership is over.
    Ended,
    /// The quota of the month is used up.
    OverQuota,
}

pub(crate) struct Memberships {
    rows: Rows<Membership>,
    of: Select<(MemberId,), Membership>,
    over: Select<(DayGiven,), Membership>,
    extend: Run<(MemberId, DayGiven, Days)>,
    at_least: Run<(MemberId, DayGiven)>,
    unbind: Run<(MemberId,)>,
    keep: Permit<PaidUntil, Keep>,
    show: Permit<PaidUntil, Show>,
    /// Seconds after the end of the last day when the account is erased; `None`: never.
    erase_after_seconds: Option<i64>,
}

impl Memberships {
    /// `None` when the policy declares no end of memberships.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        let keep = store.plan().keep(plan::FieldId::PaidUntil)?.keep;
        let erase_after_seconds = (keep.until == Some(Until::AccountExpired)).then_some(match keep.plus {
            Some(Upkeep::Seconds(seconds)) => seconds,
            Some(Upkeep::TaxLaw) | None => 0,
        });
        Some(Self {
            rows: store.rows()?,
            of: store.select(&MEMBERSHIP_OF)?,
            over: store.select(&MEMBERSHIPS_OVER)?,
            extend: store.run(&EXTEND_MEMBERSHIP)?,
            at_least: store.run(&MEMBERSHIP_AT_LEAST)?,
            unbind: store.run(&END_MEMBERSHIP)?,
            keep: store.plan().permit().ok()?,
            show: store.plan().permit().ok()?,
            erase_after_seconds,
        })
    }

    fn put(&self, subject: &Subject, paid_until: Day) -> Result<Op, StoreError> {
        let row = Membership {
            member: MemberId::from_bytes(*subject.id().as_bytes()),
            paid_until: Personal::new(paid_until),
        };
        self.rows.upsert(subject, &row)
    }

    /// Members whose last day lies before `day`.
    async fn over_before(&self, store: &Store, day: Day) -> Result<Vec<MemberId>, StoreError> {
        let rows = store.read_rows(&self.over, ((self.keep, Personal::new(day)),)).await?;
        Ok(rows.iter().map(|row| row.member).collect())
    }
}

pub(crate) struct Suspensions {
    rows: Rows<Suspension>,
    all: Select<(), Suspension>,
    lift: Run<(MemberId,)>,
}

impl Suspensions {
    /// `None` when the policy declares no suspensions.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        Some(Self {
            rows: store.rows()?,
            all: store.select(&SUSPENSIONS)?,
            lift: store.run(&LIFT_SUSPENSION)?,
        })
    }
}

impl Accounts {
    /// Why the member's devices are not served; `None` when they are.
    pub fn stopped(&self, member: MemberId) -> Option<Stop> {
        self.serving.stopped(member)
    }

    /// Whether the member is stopped because the quota of the month is used up.
    pub fn is_over_quota(&self, member: MemberId) -> bool {
        self.stopped(member) == Some(Stop::OverQuota)
    }

    /// The last day of the membership; `None` when it has no end.
    ///
    /// # Errors
    /// Database errors.
    pub async fn paid_until(&self, member: MemberId) -> Result<Option<Shown>, StoreError> {
        let Some(memberships) = &self.memberships else {
            return Ok(None);
        };
        let row = self.store.read_row(&memberships.of, (member,)).await?;
        Ok(row.map(|row| row.paid_until.show(&memberships.show)))
    }

    /// Days after the last day of a membership when the account is erased; `None`: it is not.
    pub fn erased_after_days(&self) -> Option<i64> {
        let seconds = self.memberships.as_ref()?.erase_after_seconds?;
        Some(seconds / DAY_SECONDS)
    }

    /// The changes that begin the membership of somebody new: the tariff where it is not the first, and its end.
    pub(crate) fn begin_membership(&self, subject: &Subject, tariff: &Tariff) -> Result<Vec<Op>, StoreError> {
        let mut ops = Vec::new();
        if tariff.name != self.first_tariff().name {
            let row = MemberTariff {
                member: MemberId::from_bytes(*subject.id().as_bytes()),
                tariff: Personal::new(tariff.name.clone()),
            };
            ops.push(self.store.require_rows::<MemberTariff>()?.insert(subject, &row)?);
        }
        if let (Some(memberships), Some(days)) = (&self.memberships, tariff.days) {
            ops.push(memberships.put(subject, self.days_from_today(days))?);
        }
        Ok(ops)
    }

    /// The changes that a new tariff makes to the end of a membership.
    pub(crate) fn end_with(&self, subject: &Subject, tariff: &Tariff) -> Option<Op> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        let memberships = self.memberships.as_ref()?;
        Some(match tariff.days {
            None => memberships.unbind.with((member,)),
            Some(days) => {
                let begun_today = Personal::new(self.days_from_today(days));
                memberships.at_least.with((member, (memberships.keep, begun_today)))
            }
        })
    }

    /// The change that lets a membership last `days` longer: from its end, or from today when it is over. `None` when it
    /// has no end.
    pub(crate) async fn extend(&self, subject: &Subject, days: u32) -> Result<Option<Op>, StoreError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        let Some(memberships) = &self.memberships else {
            return Ok(None);
        };
        if self.store.read_rows(&memberships.of, (member,)).await?.is_empty() {
            return Ok(None);
        }
        let yesterday = Personal::new(self.store.now().day().plus(-1));
        let to = (member, (memberships.keep, yesterday), Days(days));
        Ok(Some(memberships.extend.with(to)))
    }

    /// The change that suspends a member, or that ends it; `None` when the policy declares no suspensions.
    pub(crate) fn suspend(&self, subject: &Subject, suspended: Suspended) -> Result<Option<Op>, StoreError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        let Some(suspensions) = &self.suspensions else {
            return Ok(None);
        };
        Ok(Some(match suspended {
            Suspended::No => suspensions.lift.with((member,)),
            Suspended::FromToday => {
                let since = Personal::new(self.store.now().day());
                suspensions.rows.upsert(subject, &Suspension { member, since })?
            }
        }))
    }

    /// Today is the first of the days.
    fn days_from_today(&self, days: u32) -> Day {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        self.store.now().day().plus(days.saturating_sub(1))
    }

    /// Looks who is to be served: stops those who are suspended, whose membership is over or whose quota of the month is
    /// used up, and lets those in again for whom none of it holds any more.
    ///
    /// # Errors
    /// Database errors.
    pub async fn check_standing(&self) -> Result<(), StoreError> {
        let look = self.serving.begin_look();
        let found = self.find_stops().await?;
        let Some(mut turn) = self.serving.heed(look, found) else {
            return Ok(());
        };
        let devices = self.devices.as_ref();
        while let Some(member) = turn.next_stopped() {
            let ids = match devices {
                Some(devices) => devices.ids(&self.store, member).await?,
                None => Vec::new(),
            };
            turn.stop(member, ids.into_iter().map(|device| DeviceChange::Removed { device }));
        }
        let Some(devices) = devices else {
            turn.let_back(std::iter::empty());
            return Ok(());
        };
        if !turn.has_back() {
            return Ok(());
        }
        let mut again: Vec<(MemberId, DeviceId, DeviceChange)> = Vec::new();
        for change in devices.all(&self.store).await? {
            match change {
                DeviceChange::Added { member, device, .. } if turn.is_back(member) => {
                    again.push((member, device, change));
                }
                DeviceChange::Added { .. } | DeviceChange::Removed { .. } | DeviceChange::MemberRemoved { .. } => {}
            }
        }
        let told: Vec<(MemberId, DeviceId)> = again.iter().map(|(member, device, _)| (*member, *device)).collect();
        turn.let_back(again.into_iter().map(|(member, _, change)| (member, change)));
        // Whoever removed one of them after it was read may have said so before it was told of.
        for (member, device) in told {
            if self.store.read_rows(&devices.one, (device, member)).await?.is_empty() {
                self.serving.tell(DeviceChange::Removed { device });
            }
        }
        Ok(())
    }

    async fn find_stops(&self) -> Result<BTreeMap<MemberId, Stop>, StoreError> {
        let mut stops = BTreeMap::new();
        let mut add = |member: MemberId, stop: Stop| {
            let known = stops.entry(member).or_insert(stop);
            *known = stop.min(*known);
        };
        if let Some(suspensions) = &self.suspensions {
            for row in self.store.read_rows(&suspensions.all, ()).await? {
                add(row.member, Stop::Suspended);
            }
        }
        let today = self.store.now().day();
        if let Some(memberships) = &self.memberships {
            for member in memberships.over_before(&self.store, today).await? {
                add(member, Stop::Ended);
            }
        }
        let least = self.tariffs.iter().filter_map(|tariff| tariff.quota_bytes).min();
        if let (Some(usage), Some(least)) = (&self.usage, least) {
            let totals = usage.totals_since(&self.store, month_start(today)).await?;
            // Whose tariff it is matters for the few alone who moved as much as the least that any lets through.
            for (member, total) in totals.into_iter().filter(|(_, total)| *total >= least) {
                let quota = self.tariff(member).await?.quota_bytes;
                if quota.is_some_and(|quota| total >= quota) {
                    add(member, Stop::OverQuota);
                }
            }
        }
        Ok(stops)
    }

    /// Erases the accounts whose membership has been over for as long as the policy says; nothing stays of them, no
    /// certificate either. Returns how many. Who works for the operator is not erased.
    ///
    /// # Errors
    /// Database errors; the next call goes on.
    pub async fn erase_expired(&self) -> Result<u64, StoreError> {
        let Some((memberships, after)) = self
            .memberships
            .as_ref()
            .and_then(|memberships| Some((memberships, memberships.erase_after_seconds?)))
        else {
            return Ok(0);
        };
        // A membership is over at the end of its last day; a keep of no time erases at that moment.
        let past = self.store.now().plus_seconds(-after).day();
        let mut due: Vec<SubjectId> = Vec::new();
        for member in memberships.over_before(&self.store, past).await? {
            if self.store.read_row(&self.staff.of, (member,)).await?.is_none() {
                due.push(member.into());
            }
        }
        let mut erased = 0;
        for due in due.chunks(BATCH_LIMIT) {
            let made = self.erase_members(due.to_vec()).await.map_err(|(_, why)| why)?;
            erased += made.len() as u64;
        }
        Ok(erased)
    }

    /// What is due whatever the clock says: erasures that failed on the way are finished, and it is looked who is to be
    /// served.
    ///
    /// # Errors
    /// Database errors; the next call goes on.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.finish_erasures().await?;
        self.check_standing().await
    }

    /// Deletes what is over: rows whose keep has ended, invitations, and accounts whose membership has been over for as
    /// long as the policy says.
    ///
    /// # Errors
    /// Database errors; the next sweep goes on.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.finish_erasures().await?;
        let ended = match self.sweep_invitations() {
            Some(op) => self.store.commit(vec![op]).await?.into_iter().sum(),
            None => 0,
        };
        let rows = self.store.sweep().await?;
        self.erase_expired().await?;
        self.check_standing().await?;
        Ok(rows + ended)
    }
}

/// Whether somebody is to be suspended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Suspended {
    /// No longer.
    No,
    /// From today.
    FromToday,
}
