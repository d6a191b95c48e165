//! Erasing people. It is done by a task of its own, so that it goes on when whoever asked for it has gone away; what a
//! failure leaves half done is brought to its end by the next sweep, or by the next start.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use plan::value::{Cell, Value as _};
use plan::{SubjectId, Timestamp};

use crate::engine::{Dialect, Expect, Op};
use crate::rights::{BURY, Certificate, MARK_DONE, OPEN_TOMBSTONES, TOMBSTONE_KEEP_SECONDS};
use crate::sweep::RESIDUE;
use crate::{Store, StoreError, schema};

/// People who are looked for in the gaps of the file when they are erased together; for more of them the file is written
/// anew without a look. Guess.
const SOUGHT_LIMIT: usize = 16;

/// A person whose rows are gone and whose key is not, yet.
struct Buried {
    id: SubjectId,
    tag: Cell,
    at: Timestamp,
    /// Rows by change: the tombstone, held_lookup, held, the tables, the person.
    touched: Vec<u64>,
}

/// The change that marks a tombstone done.
fn mark(tag: Cell) -> Op {
    Op {
        sql: MARK_DONE,
        cells: vec![tag],
        // A start or a sweep may have marked it, and a later sweep have taken it away.
        expect: Expect::Any,
    }
}

impl Store {
    /// Erases a person: a tombstone and the deletes in one commit, then the data key; the tombstone is marked afterwards.
    /// When this returns, the database file holds nothing of them and the key that opened copies is gone. It goes on when
    /// the caller does not wait for it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors, after which [`Store::finish_begun`] or the next start finishes
    /// what was begun.
    pub async fn erase(&self, id: impl Into<SubjectId>) -> Result<Certificate, StoreError> {
        let made = self.erase_all(vec![id.into()], |_| {}).await?;
        made.into_iter().next().ok_or(StoreError::NoSuchSubject)
    }

    /// As [`Store::erase`], of many people, who cost one writing anew together. Whoever is not there (any more) gets no
    /// certificate. `gone` hears of each as soon as the rows are gone, whatever happens afterwards.
    ///
    /// # Errors
    /// Database errors: of some people the rows may be there still, and `gone` has not heard of those.
    pub async fn erase_all(
        &self,
        people: Vec<SubjectId>,
        gone: impl Fn(SubjectId) + Send + Sync + 'static,
    ) -> Result<Vec<Certificate>, StoreError> {
        let store = self.clone();
        let erasing = tokio::spawn(async move { store.erase_people(people, gone).await });
        // It ends early with the runtime alone.
        erasing.await.unwrap_or(Err(StoreError::Closing))
    }

    async fn erase_people(
        &self,
        people: Vec<SubjectId>,
        gone: impl Fn(SubjectId),
    ) -> Result<Vec<Certificate>, StoreError> {
        let _erasing = self.erasing.read().await;
        let (mut buried, mut failed) = (Vec::new(), None);
        let people = people.into_iter().map(|id| self.bury(id, &gone));
        for outcome in join_all(people).await {
            match outcome {
                Ok(one) => buried.push(one),
                Err(StoreError::NoSuchSubject) => {}
                Err(error) => failed = Some(error),
            }
        }
        if !buried.is_empty() {
            self.finish(&buried).await?;
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(buried.iter().map(|one| self.certify(one)).collect()),
        }
    }

    /// The rows of one person end.
    async fn bury(&self, id: SubjectId, gone: &impl Fn(SubjectId)) -> Result<Buried, StoreError> {
        self.keys.key(id).await?;
        let at = self.now();
        let tag = self.tombstone_tag(id);
        let keep_until = at.plus_seconds(TOMBSTONE_KEEP_SECONDS);
        let mut ops = vec![Op {
            sql: BURY,
            cells: vec![tag.clone(), keep_until.to_cell()],
            expect: Expect::New,
        }];
        ops.extend(self.deletes(id));
        if self.engine.dialect() == Dialect::Postgres {
            ops.push(schema::add_mark(RESIDUE, at.microseconds()));
        }
        let _marking = self.marking.read().await;
        let touched = match self.engine.commit(ops).await {
            // Somebody else is erasing the same person at this moment, or an erasure of theirs is to be finished.
            Err(StoreError::Taken) => return Err(StoreError::NoSuchSubject),
            other => other?,
        };
        gone(id);
        Ok(Buried { id, tag, at, touched })
    }

    /// What comes after the rows: the keys, the log, the gaps, the marks.
    async fn finish(&self, buried: &[Buried]) -> Result<(), StoreError> {
        let ids: Vec<SubjectId> = buried.iter().map(|one| one.id).collect();
        // Two databases, which do not wait for each other.
        let (destroyed, emptied) = tokio::join!(self.keys.destroy(&ids), self.empty_gaps(buried));
        destroyed.and(emptied)?;
        // Nobody waits for the mark: without it, the next sweep or start does once more what is done.
        let marks = buried.iter().map(|one| mark(one.tag.clone()));
        self.engine.commit_later(marks.collect()).await
    }

    /// Leaves nothing of erased people in the log of the rows' database, nor in the gaps of its pages.
    async fn empty_gaps(&self, buried: &[Buried]) -> Result<(), StoreError> {
        self.engine.truncate_log().await?;
        // Every row about a person begins with ids, theirs among them: a copy in a gap is recognised by either half.
        let halves = buried.iter().flat_map(|one| {
            let (first, second) = one.id.as_bytes().split_at(8);
            [first.to_vec(), second.to_vec()]
        });
        if buried.len() > SOUGHT_LIMIT || self.engine.may_hold(halves.collect()).await? {
            let emptied: BTreeSet<&str> = buried
                .iter()
                .flat_map(|one| self.emptied_in_clear(&one.touched))
                .collect();
            self.engine.rewrite(emptied.into_iter().collect()).await?;
        }
        Ok(())
    }

    /// Finishes erasures whose rows went and that failed afterwards; gives those people whose keys were there still.
    ///
    /// # Errors
    /// Database errors; the next call goes on.
    pub async fn finish_begun(&self) -> Result<Vec<SubjectId>, StoreError> {
        let _erasing = self.erasing.read().await;
        let open = self.engine.fetch(OPEN_TOMBSTONES, &[]).await?;
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let tags: Vec<Cell> = open.into_iter().flatten().collect();
        let keyed = self.keys.subjects().await?;
        let left: Vec<SubjectId> = keyed
            .into_iter()
            .filter(|id| tags.contains(&self.tombstone_tag(*id)))
            .collect();
        self.keys.destroy(&left).await?;
        // For nobody as well: the key may be gone, and the file not yet written anew.
        self.keys.rewrite().await?;
        self.engine.truncate_log().await?;
        // Whose rows they were is no longer known for all of them, so nothing can be looked for.
        self.engine.rewrite(self.rewriting_texts()).await?;
        self.engine.commit(tags.into_iter().map(mark).collect()).await?;
        Ok(left)
    }

    fn tombstone_tag(&self, id: SubjectId) -> Cell {
        Cell::Bytes(self.keys.index().tag("tombstone", id.as_bytes()).as_ref().to_vec())
    }

    fn certify(&self, buried: &Buried) -> Certificate {
        let names = ["held_lookup", "held"]
            .into_iter()
            .chain(self.tables.iter().map(|table| table.shape.name));
        let counts: Vec<(&str, u64)> = names.zip(buried.touched.iter().skip(1).copied()).collect();
        self.certificate(buried.id, buried.at, &counts)
    }
}
