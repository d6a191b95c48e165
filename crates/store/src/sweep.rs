//! Deleting what has expired. Reads filter by expiry, so a late sweep never shows.

use plan::Timestamp;
use plan::value::Value as _;

use crate::engine::{Expect, Op};
use crate::{Store, StoreError, held, rights, schema, subject};

/// How many days beyond the longest keep are looked at for keys of days: an instance that stood still for longer
/// destroys them at its next start.
const DAYS_LOOKED_BACK: i32 = 400;

/// The mark that says since when deleted rows may stand in gaps.
pub(crate) const RESIDUE: &str = "residue";
/// The mark that says that everything is being written anew: what is deleted meanwhile is marked as [`RESIDUE`] again.
const WIPING: &str = "wiping";
/// How long they may. Writing everything anew takes as long as copying the database; once a day is borne; guess.
const WIPED_AFTER_SECONDS: i64 = 86_400;

impl Store {
    /// Deletes every row whose time is over and the keys of log days that have ended; returns how many rows.
    ///
    /// # Errors
    /// Database errors.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let _erasing = self.erasing.read().await;
        let now: Timestamp = self.now();
        let delete = |sql| Op {
            sql,
            cells: vec![now.to_cell()],
            expect: Expect::Any,
        };
        let mut ops = vec![
            schema::add_mark(RESIDUE, now.microseconds()),
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
        let rows = {
            // An erasure between the two commits would rely on a mark that goes.
            let _marking = self.marking.write().await;
            let touched = self.engine.commit(ops).await?;
            let rows = touched.iter().skip(1).sum();
            if rows == 0 && touched.first() == Some(&1) {
                self.engine.commit(vec![schema::remove_mark(RESIDUE)]).await?;
            }
            rows
        };
        if rows > 0 {
            self.engine.truncate_log().await?;
        }
        self.destroy_ended_days(now).await?;
        self.wipe(now).await?;
        Ok(rows)
    }

    /// Writes anew what rows were deleted from, a day after the first of them: nothing that time has ended, and on a
    /// server nothing of an erased person, stands in the gap of a page for longer than a day and the time between two
    /// sweeps.
    async fn wipe(&self, now: Timestamp) -> Result<(), StoreError> {
        let since = schema::mark(&self.engine, RESIDUE).await?;
        let is_due = |since: i64| Timestamp::from_microseconds(since).plus_seconds(WIPED_AFTER_SECONDS) <= now;
        if since.is_some_and(is_due) || schema::mark(&self.engine, WIPING).await?.is_some() {
            self.wipe_now(now).await?;
        }
        Ok(())
    }

    /// Writes everything anew, now.
    pub(crate) async fn wipe_now(&self, now: Timestamp) -> Result<(), StoreError> {
        let begun = vec![
            schema::set_mark(WIPING, now.microseconds()),
            schema::remove_mark(RESIDUE),
        ];
        self.engine.commit(begun).await?;
        self.engine.rewrite(self.rewriting_texts()).await?;
        self.engine.truncate_log().await?;
        self.engine.commit(vec![schema::remove_mark(WIPING)]).await?;
        Ok(())
    }

    /// What writes every table anew that holds rows about people.
    pub(crate) fn rewriting_texts(&self) -> Vec<&'static str> {
        let own = [
            held::REWRITE_HELD,
            held::REWRITE_LOOKUP,
            rights::REWRITE_TOMBSTONES,
            subject::REWRITE,
        ];
        own.into_iter()
            .chain(self.tables.iter().map(|table| table.rewrite))
            .collect()
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
