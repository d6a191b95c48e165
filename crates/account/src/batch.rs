//! Doing the same with many members at once: all of them or none.

use std::collections::BTreeSet;

use plan::MemberId;
use plan::purpose::Account;
use store::{Op, StoreError, Subject};
use thiserror::Error;

use crate::accounts::Accounts;
use crate::email::parse_email;
use crate::number::FindError;
use crate::signing_in::SignInError;
use crate::standing::Suspended;

/// Members that one batch changes at most: each costs a key from the disk.
pub const BATCH_LIMIT: usize = 500;
/// Days that one batch extends memberships by at most: ten years.
pub const EXTEND_DAYS_LIMIT: u32 = 3_650;

/// What is done with each member of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MemberChange {
    /// Gives a tariff. One of days begins today unless the present end is later; one without days ends never.
    Tariff(String),
    /// Lets the membership last so many days longer.
    Extend(u32),
    /// Stops the devices; the account stays.
    Suspend,
    /// Ends a suspension.
    Resume,
    /// Erases the account.
    Erase,
}

/// Why a batch was not done. Nothing of it was, unless the variant says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BatchError {
    /// Nobody, or too many.
    #[error("a batch has 1 to {BATCH_LIMIT} members; take fewer at once")]
    Size,
    /// Somebody is not there any more.
    #[error("member {0} is not there (any more), so nothing was done for anybody; take them out of the list")]
    NoSuchMember(MemberId),
    /// Somebody works for the operator.
    #[error("member {0} works for the operator and is not changed in a batch, so nothing was done for anybody")]
    Staff(MemberId),
    /// The tariff is not in the configuration.
    #[error("the configuration has no tariff of this name, so nothing was done")]
    NoSuchTariff,
    /// The number of days is out of range.
    #[error("memberships are extended by 1 to {EXTEND_DAYS_LIMIT} days")]
    Days,
    /// A membership has no end.
    #[error(
        "the membership of {0} has no end that could be later, so nothing was done for anybody; give a tariff of days first"
    )]
    NoEnd(MemberId),
    /// The policy keeps no suspensions.
    #[error(
        "the policy declares no suspensions; to keep them, add to the policy: collect suspended.day surface=account \
         {{ for account; keep until=account.closed }}"
    )]
    NotDeclared,
    /// Erasing stopped on the way: an erasure cannot be undone, so those are erased who were.
    #[error("{done} members are erased, and then the program failed: {why}; send the same list again without those")]
    HalfErased {
        /// How many: what is left of them is gone after the next sweep.
        done: usize,
        /// Why it stopped.
        why: StoreError,
    },
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Does the same with all of these members, in one commit: all of it or nothing. Each is erased for themselves, after
    /// all of them were found to be there.
    ///
    /// # Errors
    /// [`BatchError`].
    pub async fn change_members(&self, members: &[MemberId], change: &MemberChange) -> Result<usize, BatchError> {
        let members: BTreeSet<MemberId> = members.iter().copied().collect();
        if !(1..=BATCH_LIMIT).contains(&members.len()) {
            return Err(BatchError::Size);
        }
        let mut subjects = Vec::with_capacity(members.len());
        for member in &members {
            match self.store.subject(*member).await {
                Ok(subject) => subjects.push(subject),
                Err(StoreError::NoSuchSubject) => return Err(BatchError::NoSuchMember(*member)),
                Err(error) => return Err(error.into()),
            }
            if self.is_staff(*member).await? {
                return Err(BatchError::Staff(*member));
            }
            // A day of the access log has a key as well, and is nobody.
            if self.store.read_row(&self.member, (*member,)).await?.is_none() {
                return Err(BatchError::NoSuchMember(*member));
            }
        }
        if *change == MemberChange::Erase {
            return self.erase_all(&members).await;
        }
        let mut ops = Vec::new();
        for subject in &subjects {
            ops.extend(self.change_of(subject, change).await?);
        }
        self.store.commit(ops).await?;
        self.check_standing().await?;
        Ok(members.len())
    }

    async fn change_of(&self, subject: &Subject, change: &MemberChange) -> Result<Vec<Op>, BatchError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        match change {
            MemberChange::Tariff(name) => {
                let tariff = self.find_tariff(name).ok_or(BatchError::NoSuchTariff)?;
                Ok(self.give_tariff(subject, tariff)?)
            }
            MemberChange::Extend(days) if !(1..=EXTEND_DAYS_LIMIT).contains(days) => Err(BatchError::Days),
            MemberChange::Extend(days) => {
                let op = self.extend(subject, *days).await?;
                op.map(|op| vec![op]).ok_or(BatchError::NoEnd(member))
            }
            MemberChange::Suspend => self.suspension(subject, Suspended::FromToday),
            MemberChange::Resume => self.suspension(subject, Suspended::No),
            MemberChange::Erase => Ok(Vec::new()),
        }
    }

    fn suspension(&self, subject: &Subject, suspended: Suspended) -> Result<Vec<Op>, BatchError> {
        let op = self.suspend(subject, suspended)?;
        op.map(|op| vec![op]).ok_or(BatchError::NotDeclared)
    }

    async fn erase_all(&self, members: &BTreeSet<MemberId>) -> Result<usize, BatchError> {
        // Who erased themselves meanwhile is left out: that is what was wanted.
        let people = members.iter().map(|member| (*member).into()).collect();
        let erased = self.erase_members(people).await;
        erased.map_err(|(done, why)| BatchError::HalfErased { done, why })?;
        Ok(members.len())
    }

    async fn is_staff(&self, member: MemberId) -> Result<bool, StoreError> {
        Ok(self.store.read_row(&self.staff.of, (member,)).await?.is_some())
    }

    /// The member whose e-mail address, number or id this is, exactly; nothing sealed is opened.
    ///
    /// # Errors
    /// [`SignInError::Busy`] when too many numbers are being looked up; database errors.
    pub async fn find_member(&self, typed: &str) -> Result<Option<MemberId>, SignInError> {
        let typed = typed.trim();
        if let Some(email) = parse_email(typed) {
            let permit = self.store.plan().permit::<plan::field::Email, Account>();
            let Ok(permit) = permit else { return Ok(None) };
            let held = self.store.held();
            let found = held
                .find(&permit, &plan::Personal::new(email), self.store.now())
                .await?;
            return Ok(found.map(|id| MemberId::from_bytes(*id.as_bytes())));
        }
        if let Ok(id) = typed.parse::<MemberId>() {
            let row = self.store.read_row(&self.member, (id,)).await?;
            return Ok(row.map(|row| row.member));
        }
        let found = self.find_by_number(typed).await;
        let found = found.map_err(|error: FindError| SignInError::from(error))?;
        Ok(found.map(|(member, _)| member))
    }
}
