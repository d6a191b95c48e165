//! Invitations: a code that lets so many people in until a day, made by somebody who works for the operator.

use plan::act::{Keep, Show};
use plan::field::{InvitationCode as CodeField, InvitationEnd, InvitationTariff, InvitationUses};
use plan::purpose::Account;
use plan::{InvitationId, MemberId, Permit, Personal, Shown, Timestamp};
use store::{Limit, Lookup, Op, Rows, Run, Select, Store, StoreError, Subject};
use thiserror::Error;

use crate::accounts::Accounts;
use crate::joining::JoinError;
use crate::statements::{
    INVITATION_BY_CODE, INVITATION_USED_BY, INVITATIONS_AFTER, SWEEP_INVITATIONS, USE_INVITATION, WITHDRAW_INVITATION,
};
use crate::tables::{Invitation, InvitationUse};
use crate::token::RecoveryCode;
use crate::usage::Tariff;

/// People that one invitation lets in at most: a class, a company.
pub const INVITATION_USES_LIMIT: u32 = 10_000;
/// Days that an invitation lives at most, where the policy keeps it that long.
pub const INVITATION_DAYS_LIMIT: u32 = 365;
/// Invitations that are made at once at most: a school's worth, in one commit.
pub const INVITATIONS_LIMIT: usize = 500;
const DAY_SECONDS: i64 = 86_400;

/// What a new invitation is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewInvitation {
    /// How many it lets in.
    pub uses: u32,
    /// For how many days.
    pub days: u32,
    /// The tariff that it gives; the first one when absent.
    pub tariff: Option<String>,
}

/// An invitation that was just made; its code is shown once.
pub struct MadeInvitation {
    /// Which.
    pub id: InvitationId,
    /// What lets people in.
    pub code: RecoveryCode,
    /// When it ends.
    pub ends: Timestamp,
}

/// An invitation as the operator sees it.
pub struct InvitationView {
    /// Which.
    pub id: InvitationId,
    /// The tariff that it gives.
    pub tariff: Shown,
    /// How many it still lets in.
    pub uses_left: u32,
    /// When it ends.
    pub ends: Shown,
}

/// Why an invitation was not made or withdrawn. The operator acts, except for `Store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvitationError {
    /// The policy keeps no invitations.
    #[error(
        "the policy declares no invitations; to make some, add to the policy: collect invitation.code invitation.tariff \
         invitation.uses invitation.end surface=account {{ for account; keep \"90d\" }}"
    )]
    NotDeclared,
    /// Nobody, or more than one invitation can let in.
    #[error("an invitation lets 1 to {INVITATION_USES_LIMIT} people in")]
    Uses,
    /// No day, or too many.
    #[error("an invitation lives 1 to {INVITATION_DAYS_LIMIT} days")]
    Days,
    /// None, or too many at once.
    #[error("1 to {INVITATIONS_LIMIT} invitations are made at once; make the others after them")]
    TooMany,
    /// There is no such tariff.
    #[error("the configuration has no tariff of this name")]
    NoSuchTariff,
    /// There is no such invitation.
    #[error("there is no such invitation; it may be over or withdrawn already")]
    NoSuchInvitation,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// An invitation that somebody joins by.
pub(crate) struct Invited {
    id: InvitationId,
    pub(crate) tariff: Tariff,
}

/// Which invitation members joined by.
struct Used {
    rows: Rows<InvitationUse>,
    by: Select<(MemberId,), InvitationUse>,
}

pub(crate) struct InvitationBook {
    rows: Rows<Invitation>,
    /// Absent where the policy does not keep who joined by which.
    used: Option<Used>,
    by_code: Select<(Lookup, Timestamp), Invitation>,
    take: Run<(InvitationId, Timestamp)>,
    page: Select<(InvitationId, Timestamp, Limit), Invitation>,
    withdraw: Run<(InvitationId,)>,
    sweep: Run<(Timestamp,)>,
    keep_code: Permit<CodeField, Keep>,
    read_tariff: Permit<InvitationTariff, Account>,
    read_uses: Permit<InvitationUses, Account>,
    show_tariff: Permit<InvitationTariff, Show>,
    show_end: Permit<InvitationEnd, Show>,
}

impl InvitationBook {
    /// `None` when the policy declares no invitations.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        Some(Self {
            rows: store.rows()?,
            used: store
                .rows()
                .zip(store.select(&INVITATION_USED_BY))
                .map(|(rows, by)| Used { rows, by }),
            by_code: store.select(&INVITATION_BY_CODE)?,
            take: store.run(&USE_INVITATION)?,
            page: store.select(&INVITATIONS_AFTER)?,
            withdraw: store.run(&WITHDRAW_INVITATION)?,
            sweep: store.run(&SWEEP_INVITATIONS)?,
            keep_code: store.plan().permit().ok()?,
            read_tariff: store.plan().permit().ok()?,
            read_uses: store.plan().permit().ok()?,
            show_tariff: store.plan().permit().ok()?,
            show_end: store.plan().permit().ok()?,
        })
    }
}

impl Accounts {
    /// Whether the policy declares invitations.
    pub const fn has_invitations(&self) -> bool {
        self.invitations.is_some()
    }

    /// Makes an invitation in the name of `maker`, who works for the operator.
    ///
    /// # Errors
    /// [`InvitationError`].
    pub async fn invite(&self, maker: MemberId, wanted: &NewInvitation) -> Result<MadeInvitation, InvitationError> {
        let mut made = self.invite_many(maker, std::slice::from_ref(wanted)).await?;
        made.pop().ok_or(InvitationError::NotDeclared)
    }

    /// Makes several invitations, or none.
    ///
    /// # Errors
    /// [`InvitationError`]; then none was made.
    pub async fn invite_many(
        &self,
        maker: MemberId,
        wanted: &[NewInvitation],
    ) -> Result<Vec<MadeInvitation>, InvitationError> {
        let book = self.invitations.as_ref().ok_or(InvitationError::NotDeclared)?;
        if !(1..=INVITATIONS_LIMIT).contains(&wanted.len()) {
            return Err(InvitationError::TooMany);
        }
        let subject = self.store.subject(maker).await?;
        let now = self.store.now();
        let mut ops = Vec::with_capacity(wanted.len());
        let mut made = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let tariff = self.tariff_of(wanted)?;
            let code = RecoveryCode::from_random(&self.store.random());
            let ends = now
                .plus_seconds(i64::from(wanted.days) * DAY_SECONDS)
                .min(self.store.expiry::<Invitation>());
            let row = Invitation {
                id: InvitationId::from_bytes(self.store.random()),
                maker,
                code: Personal::new(code.hash()),
                tariff: Personal::new(tariff.name.clone()),
                uses: Personal::new(i64::from(wanted.uses)),
                ends: Personal::new(ends),
            };
            ops.push(book.rows.insert(&subject, &row)?);
            made.push(MadeInvitation { id: row.id, code, ends });
        }
        self.store.commit(ops).await?;
        Ok(made)
    }

    /// Whether such an invitation can be made.
    ///
    /// # Errors
    /// [`InvitationError::Uses`], [`InvitationError::Days`], [`InvitationError::NoSuchTariff`].
    pub fn check_invitation(&self, wanted: &NewInvitation) -> Result<(), InvitationError> {
        self.tariff_of(wanted).map(|_| ())
    }

    /// The name of the tariff that such an invitation gives.
    pub fn tariff_of_invitation<'a>(&'a self, wanted: &'a NewInvitation) -> &'a str {
        wanted.tariff.as_deref().unwrap_or(&self.first_tariff().name)
    }

    fn tariff_of(&self, wanted: &NewInvitation) -> Result<&Tariff, InvitationError> {
        if !(1..=INVITATION_USES_LIMIT).contains(&wanted.uses) {
            return Err(InvitationError::Uses);
        }
        if !(1..=INVITATION_DAYS_LIMIT).contains(&wanted.days) {
            return Err(InvitationError::Days);
        }
        match &wanted.tariff {
            None => Ok(self.first_tariff()),
            Some(name) => self.find_tariff(name).ok_or(InvitationError::NoSuchTariff),
        }
    }

    /// A page of the invitations that still let somebody in or have not ended, after `after`.
    ///
    /// # Errors
    /// [`InvitationError::NotDeclared`]; database errors.
    pub async fn invitations(
        &self,
        after: Option<InvitationId>,
        limit: u32,
    ) -> Result<Vec<InvitationView>, InvitationError> {
        let book = self.invitations.as_ref().ok_or(InvitationError::NotDeclared)?;
        let after = after.unwrap_or(InvitationId::from_bytes([0; 16]));
        let rows = self
            .store
            .read_rows(&book.page, (after, self.store.now(), Limit(limit)))
            .await?;
        let view = |row: &Invitation| InvitationView {
            id: row.id,
            tariff: row.tariff.show(&book.show_tariff),
            uses_left: u32::try_from(*row.uses.open(&book.read_uses)).unwrap_or(0),
            ends: row.ends.show(&book.show_end),
        };
        Ok(rows.iter().map(view).collect())
    }

    /// Ends an invitation before its time.
    ///
    /// # Errors
    /// [`InvitationError::NoSuchInvitation`]; database errors.
    pub async fn withdraw_invitation(&self, id: InvitationId) -> Result<(), InvitationError> {
        let book = self.invitations.as_ref().ok_or(InvitationError::NotDeclared)?;
        match self.store.commit(vec![book.withdraw.with((id,))]).await {
            Err(StoreError::Gone) => Err(InvitationError::NoSuchInvitation),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// The id of the invitation that a member joined by; `None` without one, or where the policy does not keep it.
    ///
    /// # Errors
    /// Database errors.
    pub async fn joined_by(&self, member: MemberId) -> Result<Option<Shown>, StoreError> {
        let Some(used) = self.invitations.as_ref().and_then(|book| book.used.as_ref()) else {
            return Ok(None);
        };
        let row = self.store.read_row(&used.by, (member,)).await?;
        let permit = self.store.plan().permit()?;
        Ok(row.map(|row| row.invitation.show(&permit)))
    }

    /// The invitation of a code that somebody typed.
    pub(crate) async fn open_invitation(&self, code: &str) -> Result<Invited, JoinError> {
        let book = self.invitations.as_ref().ok_or(JoinError::InvitationWrong)?;
        let hash = Personal::new(RecoveryCode::from_typed(code).hash());
        let lookup = self.store.lookup(&book.keep_code, &hash);
        let row = self.store.read_row(&book.by_code, (lookup, self.store.now())).await?;
        let row = row.ok_or(JoinError::InvitationWrong)?;
        let tariff = row.tariff.open(&book.read_tariff);
        Ok(Invited {
            id: row.id,
            tariff: self.find_tariff(tariff).unwrap_or_else(|| self.first_tariff()).clone(),
        })
    }

    /// The changes that take a place of an invitation for a new member.
    pub(crate) fn use_invitation(&self, subject: &Subject, invited: &Invited) -> Result<Vec<Op>, JoinError> {
        let book = self.invitations.as_ref().ok_or(JoinError::InvitationWrong)?;
        let mut ops = vec![book.take.with((invited.id, self.store.now()))];
        if let Some(used) = &book.used {
            let row = InvitationUse {
                member: MemberId::from_bytes(*subject.id().as_bytes()),
                invitation: Personal::new(invited.id.to_string()),
            };
            ops.push(used.rows.insert(subject, &row)?);
        }
        Ok(ops)
    }

    pub(crate) fn sweep_invitations(&self) -> Option<Op> {
        let book = self.invitations.as_ref()?;
        Some(book.sweep.with((self.store.now(),)))
    }
}
