//! The site's access log: where, when and with which program, under a key of the day, linked to no account.

use std::net::IpAddr;

use plan::act::{Keep, Show};
use plan::field::{AccessIp, AccessTime, AppVersion};
use plan::{Permit, Personal, Shown, Timestamp, VisitId};
use store::{Lookup, Rows, Run, Select, Store, StoreError};

use crate::statements::{FORGET_PROGRAMS, FORGET_VISITS, VISITS_FROM};
use crate::tables::{AccessLine, AccessProgram};

/// The longest name of a program that is kept, in bytes.
const PROGRAM_LIMIT_BYTES: usize = 200;

/// One visit as the person at that address sees it.
pub struct Visit {
    /// When.
    pub time: Shown,
    /// From where.
    pub ip: Shown,
}

pub(crate) struct Visits {
    rows: Rows<AccessLine>,
    programs: Option<Rows<AccessProgram>>,
    from: Select<(Lookup, Timestamp), AccessLine>,
    forget: Run<(Lookup,)>,
    forget_programs: Option<Run<(Lookup,)>>,
    keep_ip: Permit<AccessIp, Keep>,
    keep_time: Permit<AccessTime, Keep>,
    show_ip: Permit<AccessIp, Show>,
    show_time: Permit<AccessTime, Show>,
}

impl Visits {
    /// `None` when the policy declares no access log.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        Some(Self {
            rows: store.rows()?,
            programs: store.rows(),
            from: store.select(&VISITS_FROM)?,
            forget: store.run(&FORGET_VISITS)?,
            forget_programs: store.run(&FORGET_PROGRAMS),
            keep_ip: store.plan().permit().ok()?,
            keep_time: store.plan().permit().ok()?,
            show_ip: store.plan().permit().ok()?,
            show_time: store.plan().permit().ok()?,
        })
    }

    pub(crate) async fn record(&self, store: &Store, ip: IpAddr, program: &str) -> Result<(), StoreError> {
        let now = store.now();
        let subject = store.day_subject(now.day()).await?;
        let id = VisitId::from_bytes(store.random());
        let day = subject.id();
        let line = AccessLine {
            id,
            day,
            ip: Personal::new(ip),
            time: Personal::new(now),
        };
        let mut ops = vec![self.rows.insert(&subject, &line)?];
        if let Some(programs) = &self.programs {
            let version = program.chars().filter(|character| !character.is_control());
            let mut version: String = version.collect();
            version.truncate(version.floor_char_boundary(PROGRAM_LIMIT_BYTES));
            ops.push(programs.insert(
                &subject,
                &AccessProgram {
                    id,
                    day,
                    version: Personal::<AppVersion>::new(version),
                },
            )?);
        }
        store.commit(ops).await?;
        Ok(())
    }

    /// The newest first.
    pub(crate) async fn of_address(&self, store: &Store, ip: IpAddr) -> Result<Vec<Visit>, StoreError> {
        let lookup = store.lookup(&self.keep_ip, &Personal::new(ip));
        let mut lines = store.read_rows(&self.from, (lookup, store.now())).await?;
        lines.sort_by_key(|line| std::cmp::Reverse(*line.time.open(&self.keep_time)));
        let show = |line: &AccessLine| Visit {
            time: line.time.show(&self.show_time),
            ip: line.ip.show(&self.show_ip),
        };
        Ok(lines.iter().map(show).collect())
    }

    pub(crate) async fn forget_address(&self, store: &Store, ip: IpAddr) -> Result<(), StoreError> {
        let lookup = || store.lookup(&self.keep_ip, &Personal::new(ip));
        // The programs are found through the lines, so they go first.
        let mut ops: Vec<_> = self
            .forget_programs
            .iter()
            .map(|forget| forget.with((lookup(),)))
            .collect();
        ops.push(self.forget.with((lookup(),)));
        store.commit(ops).await?;
        Ok(())
    }
}
