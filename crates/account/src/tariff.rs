//! Tariffs: what members may use, what they have used, and giving them another tariff.

use std::collections::BTreeMap;

use plan::field::Tariff as TariffField;
use plan::{Day, MemberId, Personal, purpose};
use store::{Op, StoreError, Subject};

use crate::accounts::Accounts;
use crate::statements::{TARIFF_OF, TARIFFS};
use crate::tables::MemberTariff;
use crate::usage::{DayUsage, Tariff, Unrecorded, UsageBook, UsageDelta};

impl Accounts {
    /// The member's tariff: the named one, or the first of the configuration.
    ///
    /// # Errors
    /// Database errors.
    pub async fn tariff(&self, member: MemberId) -> Result<Tariff, StoreError> {
        let named = match self.store.select(&TARIFF_OF) {
            Some(select) => self.store.read_row(&select, (member,)).await?,
            None => None,
        };
        Ok(self.tariff_named(named.as_ref()).clone())
    }

    /// The tariffs of the configuration.
    pub fn tariffs(&self) -> &[Tariff] {
        &self.tariffs
    }

    /// The tariff that members have who were given no other.
    pub(crate) fn first_tariff(&self) -> &Tariff {
        self.tariffs.first().expect("the configuration has at least one tariff")
    }

    pub(crate) fn find_tariff(&self, name: &str) -> Option<&Tariff> {
        self.tariffs.iter().find(|tariff| tariff.name == name)
    }

    /// Gives a member another tariff; what follows for the end of the membership is in [`crate::MemberChange::Tariff`].
    ///
    /// # Errors
    /// [`StoreError::NotDeclared`] when the policy keeps no tariffs; [`StoreError::Gone`] when there is none of that
    /// name; database errors.
    pub async fn set_tariff(&self, member: MemberId, name: &str) -> Result<(), StoreError> {
        let tariff = self.find_tariff(name).ok_or(StoreError::Gone)?;
        let subject = self.store.subject(member).await?;
        let ops = self.give_tariff(&subject, tariff)?;
        self.store.commit(ops).await?;
        self.check_standing().await
    }

    /// The changes that give a member a tariff. A tariff of days begins anew today unless the member's present end is
    /// later; one without days ends never.
    pub(crate) fn give_tariff(&self, subject: &Subject, tariff: &Tariff) -> Result<Vec<Op>, StoreError> {
        let rows = self.store.require_rows::<MemberTariff>()?;
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        let row = MemberTariff {
            member,
            tariff: Personal::new(tariff.name.clone()),
        };
        let mut ops = vec![rows.upsert(subject, &row)?];
        ops.extend(self.end_with(subject, tariff));
        Ok(ops)
    }

    pub(crate) fn tariff_named(&self, row: Option<&MemberTariff>) -> &Tariff {
        let first = self.first_tariff();
        let permit = self.store.plan().permit::<TariffField, purpose::Account>();
        match (row, permit) {
            (Some(row), Ok(permit)) => {
                let name = row.tariff.open(&permit);
                self.tariffs.iter().find(|tariff| tariff.name == *name).unwrap_or(first)
            }
            _ => first,
        }
    }

    /// The named tariffs of the members whose ids lie from the first to the last of these.
    pub(crate) async fn tariffs_between(
        &self,
        span: (MemberId, MemberId),
    ) -> Result<BTreeMap<MemberId, MemberTariff>, StoreError> {
        let Some(select) = self.store.select(&TARIFFS) else {
            return Ok(BTreeMap::new());
        };
        let rows = self.store.read_rows(&select, span).await?;
        Ok(rows.into_iter().map(|row| (row.member, row)).collect())
    }

    /// Adds what accounts moved to their day, and stops those whose quota is used up.
    ///
    /// # Errors
    /// [`Unrecorded`]: what it does not name was written down, or may have been, and must not be handed in again.
    pub async fn record_usage(&self, deltas: &[UsageDelta]) -> Result<(), Unrecorded> {
        let Some(usage) = &self.usage else { return Ok(()) };
        let mut known = Vec::with_capacity(deltas.len());
        for delta in deltas {
            // An erased member's last bytes are nobody's.
            match self.store.subject(delta.member).await {
                Ok(_) => known.push(*delta),
                Err(StoreError::NoSuchSubject) => {}
                Err(why) => return Err(not_written(deltas, why)),
            }
        }
        if !known.is_empty() {
            let ops = known.iter().map(|delta| usage.add(&self.store, *delta));
            match self.store.commit(ops.collect()).await {
                Ok(_) => {}
                // Somebody was erased between the two; the others' counts are kept one by one.
                Err(StoreError::RefusedByDatabase) => self.record_one_by_one(usage, &known).await?,
                // It may have been written: bytes may be lost, and are never counted twice.
                Err(why @ StoreError::Uncertain) => return Err(not_written(&[], why)),
                Err(why) => return Err(not_written(&known, why)),
            }
        }
        let checked = self.check_standing().await;
        checked.map_err(|why| not_written(&[], why))
    }

    async fn record_one_by_one(&self, usage: &UsageBook, deltas: &[UsageDelta]) -> Result<(), Unrecorded> {
        for (written, delta) in deltas.iter().enumerate() {
            match self.store.commit(vec![usage.add(&self.store, *delta)]).await {
                Ok(_) | Err(StoreError::RefusedByDatabase) => {}
                Err(why @ StoreError::Uncertain) => return Err(not_written(&deltas[written + 1..], why)),
                Err(why) => return Err(not_written(&deltas[written..], why)),
            }
        }
        Ok(())
    }

    /// What the member moved, day by day, since `from`; days without traffic are left out. `None` when the policy
    /// declares no usage.
    ///
    /// # Errors
    /// Database errors.
    pub async fn usage(&self, member: MemberId, from: Day) -> Result<Option<Vec<DayUsage>>, StoreError> {
        match &self.usage {
            Some(usage) => usage.of_member(&self.store, member, from).await.map(Some),
            None => Ok(None),
        }
    }
}

fn not_written(deltas: &[UsageDelta], why: StoreError) -> Unrecorded {
    Unrecorded {
        again: deltas.to_vec(),
        why,
    }
}
