//! Deleting what has expired. Reads filter by expiry, so a late sweep never shows.

use plan::Timestamp;
use plan::value::Value as _;

use crate::engine::{Expect, Op};
use crate::{Store, StoreError, held, rights, subject};

/// How many days beyond the longest keep are looked at for keys of days: an instance that stood still for longer
/// destroys them at its next start.
const DAYS_LOOKED_BACK: i32 = 400;

impl Store {
    /// Deletes every row whose time is over and the keys of log days that have ended; returns how many rows.
    ///
    /// # Errors
    /// Database errors.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let now: Timestamp = self.now();
        let delete = |sql| Op {
            sql,
            cells: vec![now.to_cell()],
            expect: Expect::Any,
        };
        let mut ops = vec![
            delete(held::SWEEP_LOOKUPS),
            delete(held::SWEEP),
            delete(rights::SWEEP_TOMBSTONES),
        ];
        ops.extend(
            self.tables
                .iter()
                .filter(|table| table.shape.expires)
                .map(|table| delete(table.sweep)),
        );
        let rows = self.engine.commit(ops).await?.into_iter().sum();
        if rows > 0 {
            self.engine.truncate_log().await?;
        }
        self.destroy_ended_days(now).await?;
        Ok(rows)
    }

    async fn destroy_ended_days(&self, now: Timestamp) -> Result<(), StoreError> {
        let keeps = self
            .plan
            .kept_fields()
            .filter_map(|field| self.plan.keep(field)?.keep.seconds);
        let longest_days = i32::try_from(keeps.max().unwrap_or(0) / 86_400).unwrap_or(i32::MAX);
        let keyed = self.keys.subjects().await?;
        let past =
            (1..=longest_days.saturating_add(DAYS_LOOKED_BACK)).map(|back| self.day_subject_id(now.day().plus(-back)));
        let mut ended = Vec::new();
        for day in past.filter(|day| keyed.contains(day)) {
            match self.engine.commit(vec![subject::delete(day)]).await {
                Ok(_) => ended.push(day),
                // The day still has rows: the database keeps it.
                Err(StoreError::RefusedByDatabase) => {}
                Err(error) => return Err(error),
            }
        }
        if !ended.is_empty() {
            self.keys.destroy(&ended).await?;
            self.engine.truncate_log().await?;
        }
        Ok(())
    }
}
