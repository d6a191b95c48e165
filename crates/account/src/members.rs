//! Members as the operator sees them: counts, and lines that say nothing of who somebody is.

use std::collections::BTreeMap;

use plan::{Day, MemberId};
use store::{Limit, StoreError};

use crate::accounts::Accounts;
use crate::staff::MemberLine;
use crate::statements::DEVICE_COUNTS;
use crate::tables::Member;
use crate::usage::month_start;

impl Accounts {
    /// How many members there are.
    ///
    /// # Errors
    /// Database errors.
    pub async fn member_count(&self) -> Result<u64, StoreError> {
        let count = self.store.read(&self.member_count, ()).await?;
        Ok(count.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0))
    }

    /// A page of members after `after`, in the order of their random ids, as the operator sees them.
    ///
    /// # Errors
    /// Database errors.
    pub async fn members(&self, after: Option<MemberId>, limit: u32) -> Result<Vec<MemberLine>, StoreError> {
        let after = after.unwrap_or(MemberId::from_bytes([0; 16]));
        let rows = self.store.read_rows(&self.members_after, (after, Limit(limit))).await?;
        self.lines(&rows).await
    }

    /// One member as the operator sees them.
    ///
    /// # Errors
    /// Database errors.
    pub async fn member_line(&self, member: MemberId) -> Result<Option<MemberLine>, StoreError> {
        let row = self.store.read_row(&self.member, (member,)).await?;
        Ok(self.lines(row.as_slice()).await?.pop())
    }

    /// What goes with members who follow each other in the order of their ids.
    async fn lines(&self, rows: &[Member]) -> Result<Vec<MemberLine>, StoreError> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(Vec::new());
        };
        let span = (first.member, last.member);
        let devices: BTreeMap<MemberId, i64> = match self.store.select(&DEVICE_COUNTS) {
            Some(select) => self.store.read(&select, span).await?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        let month = month_start(self.store.now().day());
        let totals = match &self.usage {
            Some(usage) => Some(usage.totals_between(&self.store, span, month).await?),
            None => None,
        };
        let tariffs = self.tariffs_between(span).await?;
        let line = |row: &Member| MemberLine {
            id: row.member,
            joined: row.joined.show(&self.permits.show_joined),
            devices: devices
                .get(&row.member)
                .and_then(|count| u32::try_from(*count).ok())
                .unwrap_or(0),
            tariff: self.tariff_named(tariffs.get(&row.member)).name.clone(),
            month_bytes: totals
                .as_ref()
                .map(|totals| totals.get(&row.member).copied().unwrap_or(0)),
            stopped: self.stopped(row.member),
        };
        Ok(rows.iter().map(line).collect())
    }

    /// Bytes up and down together of everybody since a day, as it was at most ten seconds ago; `None` when the policy
    /// declares no usage.
    ///
    /// # Errors
    /// Database errors.
    pub async fn total_bytes_since(&self, from: Day) -> Result<Option<u64>, StoreError> {
        match &self.usage {
            Some(usage) => usage.sum_since(&self.store, from).await.map(Some),
            None => Ok(None),
        }
    }
}
