//! Tariffs and quotas: who may use how much, and stopping those whose quota is used up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use plan::field::Tariff as TariffField;
use plan::{Day, MemberId, Personal, purpose};
use store::StoreError;

use crate::accounts::Accounts;
use crate::devices::DeviceChange;
use crate::statements::{TARIFF_OF, TARIFFS};
use crate::tables::MemberTariff;
use crate::usage::{DayUsage, Tariff, UsageBook, UsageDelta, month_start};

impl Accounts {
    /// The member's tariff: the named one, or the first of the configuration.
    ///
    /// # Errors
    /// Database errors.
    pub async fn tariff(&self, member: MemberId) -> Result<Tariff, StoreError> {
        let named = match self.store.select(&TARIFF_OF) {
            Some(select) => self.store.read_rows(&select, (member,)).await?.pop(),
            None => None,
        };
        Ok(self.tariff_named(named.as_ref()).clone())
    }

    /// The tariffs of the configuration.
    pub fn tariffs(&self) -> &[Tariff] {
        &self.tariffs
    }

    /// Gives a member another tariff.
    ///
    /// # Errors
    /// [`StoreError::NotDeclared`] when the policy keeps no tariffs; [`StoreError::Gone`] when there is none of that
    /// name; database errors.
    pub async fn set_tariff(&self, member: MemberId, name: &str) -> Result<(), StoreError> {
        let rows = self.store.require_rows::<MemberTariff>()?;
        let tariff = self
            .tariffs
            .iter()
            .find(|tariff| tariff.name == name)
            .ok_or(StoreError::Gone)?;
        let subject = self.store.subject(member).await?;
        let row = MemberTariff {
            member,
            tariff: Personal::new(tariff.name.clone()),
        };
        self.store.commit(vec![rows.upsert(&subject, &row)?]).await?;
        self.check_quotas().await
    }

    pub(crate) fn tariff_named(&self, row: Option<&MemberTariff>) -> &Tariff {
        let first = self.tariffs.first().expect("the configuration has at least one tariff");
        let permit = self.store.plan().permit::<TariffField, purpose::Account>();
        match (row, permit) {
            (Some(row), Ok(permit)) => {
                let name = row.tariff.open(&permit);
                self.tariffs.iter().find(|tariff| tariff.name == *name).unwrap_or(first)
            }
            _ => first,
        }
    }

    pub(crate) async fn tariffs_by_member(&self) -> Result<BTreeMap<MemberId, MemberTariff>, StoreError> {
        let Some(select) = self.store.select(&TARIFFS) else {
            return Ok(BTreeMap::new());
        };
        Ok(self
            .store
            .read_rows(&select, ())
            .await?
            .into_iter()
            .map(|row| (row.member, row))
            .collect())
    }

    /// Adds what accounts moved to their day, and stops those whose quota is used up.
    ///
    /// # Errors
    /// Database errors; then nothing was added.
    pub async fn record_usage(&self, deltas: &[UsageDelta]) -> Result<(), StoreError> {
        let Some(usage) = &self.usage else { return Ok(()) };
        let mut known = Vec::with_capacity(deltas.len());
        for delta in deltas {
            // An erased member's last bytes are nobody's.
            match self.store.subject(delta.member).await {
                Ok(_) => known.push(usage.add(&self.store, *delta)),
                Err(StoreError::NoSuchSubject) => {}
                Err(error) => return Err(error),
            }
        }
        if !known.is_empty() {
            match self.store.commit(known).await {
                // Somebody was erased between the two; the others' counts are kept one by one.
                Err(StoreError::RefusedByDatabase) => self.record_one_by_one(usage, deltas).await?,
                other => other.map(|_| ())?,
            }
        }
        self.check_quotas().await
    }

    async fn record_one_by_one(&self, usage: &UsageBook, deltas: &[UsageDelta]) -> Result<(), StoreError> {
        for delta in deltas {
            match self.store.commit(vec![usage.add(&self.store, *delta)]).await {
                Ok(_) | Err(StoreError::RefusedByDatabase) => {}
                Err(error) => return Err(error),
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

    /// Whether the member is stopped because the quota of the month is used up.
    pub fn is_over_quota(&self, member: MemberId) -> bool {
        self.over_quota
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&member)
    }

    /// Compares what everybody moved in this month with their quotas: stops those who are over, lets those in again
    /// whose month is new or whose tariff grew.
    ///
    /// # Errors
    /// Database errors.
    pub async fn check_quotas(&self) -> Result<(), StoreError> {
        let Some(usage) = &self.usage else { return Ok(()) };
        if self.tariffs.iter().all(|tariff| tariff.quota_bytes.is_none()) {
            return Ok(());
        }
        let totals = usage
            .totals_since(&self.store, month_start(self.store.now().day()))
            .await?;
        let named = self.tariffs_by_member().await?;
        let is_over = |(member, total): &(&MemberId, &u64)| {
            let quota = self.tariff_named(named.get(member)).quota_bytes;
            quota.is_some_and(|quota| **total >= quota)
        };
        let over: BTreeSet<MemberId> = totals.iter().filter(is_over).map(|(member, _)| *member).collect();
        let before = std::mem::replace(
            &mut *self.over_quota.lock().unwrap_or_else(PoisonError::into_inner),
            over.clone(),
        );
        let Some(devices) = &self.devices else { return Ok(()) };
        for member in over.difference(&before) {
            devices
                .ids(&self.store, *member)
                .await?
                .into_iter()
                .for_each(|device| self.tell(DeviceChange::Removed { device }));
        }
        if before.difference(&over).next().is_some() {
            let again = |change: &DeviceChange| match change {
                DeviceChange::Added { member, .. } => before.contains(member) && !over.contains(member),
                DeviceChange::Removed { .. } => false,
            };
            devices
                .all(&self.store)
                .await?
                .into_iter()
                .filter(again)
                .for_each(|change| self.tell(change));
        }
        Ok(())
    }
}
