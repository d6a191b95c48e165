//! The service itself: what the portal and the binary call.

use std::sync::Arc;

use plan::act::{ActId, Keep, Show};
use plan::field::{AcceptedDigest, Email, JoinedDay, PasswordHash, RecoveryHash};
use plan::purpose::{self, SignIn};
use plan::{FieldId, MemberId, NotDeclared, Permit, Plan};
use store::{Limit, Row as _, Rows, Run, Sealed, Select, Store, StoreError};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::access::TokenBook;
use crate::devices::{DeviceChange, Devices};
use crate::guesses::Guesses;
use crate::invitations::InvitationBook;
use crate::joining::Joining;
use crate::limit::RateLimit;
use crate::number::NumberBook;
use crate::password::Hasher;
use crate::serving::Serving;
use crate::sessions::Sessions;
use crate::staff::{SetUpToken, StaffBook};
use crate::standing::{Memberships, Suspensions};
use crate::statements::{ACCEPTANCE_OF, CREDENTIAL_OF, CREDENTIAL_STAYS, MEMBER, MEMBER_COUNT, MEMBERS_AFTER};
use crate::tables::{Acceptance, Credential, Invitation, Member};
use crate::usage::{Tariff, UsageBook};
use crate::visits::Visits;

/// Passwords that somebody who is signed in is asked for again: so many at once, then one each so many seconds.
const CONFIRM_BURST: u32 = 10;
const CONFIRM_REFILL_SECONDS: i64 = 60;

/// The permits that every account needs; without one of them the service does not start.
pub(crate) struct Permits {
    pub(crate) keep_email: Permit<Email, Keep>,
    pub(crate) show_email: Permit<Email, Show>,
    pub(crate) sign_in_email: Permit<Email, SignIn>,
    pub(crate) sign_in_password: Permit<PasswordHash, SignIn>,
    pub(crate) sign_in_recovery: Permit<RecoveryHash, SignIn>,
    pub(crate) show_joined: Permit<JoinedDay, Show>,
    pub(crate) read_digest: Permit<AcceptedDigest, purpose::Agreement>,
}

/// Members and everything that is theirs.
pub struct Accounts {
    pub(crate) store: Store,
    pub(crate) hasher: Hasher,
    pub(crate) permits: Permits,
    pub(crate) members: Rows<Member>,
    pub(crate) credentials: Rows<Credential>,
    pub(crate) acceptances: Rows<Acceptance>,
    pub(crate) credential_of: Select<(MemberId,), Credential>,
    pub(crate) credential_stays: Run<(MemberId, Sealed, Sealed)>,
    pub(crate) acceptance_of: Select<(MemberId,), Acceptance>,
    pub(crate) member: Select<(MemberId,), Member>,
    pub(crate) member_count: Select<(), i64>,
    pub(crate) members_after: Select<(MemberId, Limit), Member>,
    pub(crate) sessions: Sessions,
    pub(crate) staff: StaffBook,
    pub(crate) numbers: Option<NumberBook>,
    pub(crate) tokens: Option<TokenBook>,
    pub(crate) invitations: Option<InvitationBook>,
    pub(crate) memberships: Option<Memberships>,
    pub(crate) suspensions: Option<Suspensions>,
    pub(crate) joining: Joining,
    pub(crate) devices: Option<Devices>,
    pub(crate) usage: Option<UsageBook>,
    pub(crate) visits: Option<Visits>,
    pub(crate) tariffs: Vec<Tariff>,
    pub(crate) set_up: SetUpToken,
    pub(crate) serving: Arc<Serving>,
    pub(crate) sign_ins: Guesses,
    pub(crate) resets: Guesses,
    pub(crate) confirmations: RateLimit,
}

impl Accounts {
    /// The service over a store. `tariffs` has at least one; the first is what new members get. `changes` is where the
    /// VPN learns of devices.
    ///
    /// # Errors
    /// [`NotDeclared`] when the policy lacks what every account needs; it names the line to add.
    pub async fn new(
        store: Store,
        tariffs: Vec<Tariff>,
        changes: mpsc::UnboundedSender<DeviceChange>,
    ) -> Result<Self, AccountsError> {
        check_tariffs(store.plan(), &tariffs)?;
        let plan = Arc::clone(store.plan());
        let staff = StaffBook::of(&store)?;
        let set_up = match store.read(&staff.count, ()).await?.first() {
            Some(0) | None => SetUpToken::new(store.random(), store.now()),
            Some(_) => SetUpToken::none(),
        };
        let missing = |field| NotDeclared {
            field,
            act: ActId::Keep,
        };
        let accounts = Self {
            permits: Permits {
                keep_email: plan.permit()?,
                show_email: plan.permit()?,
                sign_in_email: plan.permit()?,
                sign_in_password: plan.permit()?,
                sign_in_recovery: plan.permit()?,
                show_joined: plan.permit()?,
                read_digest: plan.permit()?,
            },
            members: store.require_rows()?,
            credentials: store.require_rows()?,
            acceptances: store.require_rows()?,
            credential_of: store.select(&CREDENTIAL_OF).ok_or(missing(FieldId::PasswordHash))?,
            credential_stays: store.run(&CREDENTIAL_STAYS).ok_or(missing(FieldId::PasswordHash))?,
            acceptance_of: store.select(&ACCEPTANCE_OF).ok_or(missing(FieldId::AcceptedDigest))?,
            member: store.select(&MEMBER).ok_or(missing(FieldId::JoinedDay))?,
            member_count: store.select(&MEMBER_COUNT).ok_or(missing(FieldId::JoinedDay))?,
            members_after: store.select(&MEMBERS_AFTER).ok_or(missing(FieldId::JoinedDay))?,
            sessions: Sessions::of(&store)?,
            staff,
            numbers: NumberBook::of(&store).await?,
            tokens: TokenBook::of(&store),
            invitations: InvitationBook::of(&store),
            memberships: Memberships::of(&store),
            suspensions: Suspensions::of(&store),
            joining: Joining::Open,
            devices: Devices::of(&store),
            usage: UsageBook::of(&store),
            visits: Visits::of(&store),
            hasher: Hasher::new(),
            tariffs,
            set_up,
            serving: Arc::new(Serving::new(changes)),
            sign_ins: Guesses::new(),
            resets: Guesses::new(),
            confirmations: RateLimit::new(CONFIRM_BURST, CONFIRM_REFILL_SECONDS),
            store,
        };
        accounts.check_standing().await?;
        Ok(accounts)
    }

    /// Who may join from now on.
    ///
    /// # Errors
    /// [`AccountsError::InvitationsNotDeclared`] when people would join by invitation and the policy keeps none.
    pub fn joined_by_way_of(mut self, joining: Joining) -> Result<Self, AccountsError> {
        if joining == Joining::ByInvitation {
            check_joining(self.store.plan())?;
        }
        self.joining = joining;
        Ok(self)
    }

    /// The store, for its digest, its clock and the sweep.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The one-time token of the set-up.
    pub const fn set_up(&self) -> &SetUpToken {
        &self.set_up
    }

    /// Whether the policy declares devices, without which there is no VPN.
    pub const fn has_devices(&self) -> bool {
        self.devices.is_some()
    }

    /// Whether the policy declares usage.
    pub const fn has_usage(&self) -> bool {
        self.usage.is_some()
    }

    /// Whether the policy declares an access log.
    pub const fn has_visits(&self) -> bool {
        self.visits.is_some()
    }
}

/// Whether the policy declares what these tariffs need.
///
/// # Errors
/// [`AccountsError`]: names the line to add.
pub fn check_tariffs(plan: &Plan, tariffs: &[Tariff]) -> Result<(), AccountsError> {
    let keeps = |field| plan.allows(field, ActId::Keep);
    if tariffs.iter().any(|tariff| tariff.quota_bytes.is_some())
        && !(keeps(FieldId::UsageBytes) && keeps(FieldId::UsageDay))
    {
        return Err(AccountsError::QuotaWithoutUsage);
    }
    if tariffs.iter().any(|tariff| tariff.days.is_some()) && !keeps(FieldId::PaidUntil) {
        return Err(AccountsError::DaysWithoutEnd);
    }
    if tariffs.len() > 1 && !keeps(FieldId::Tariff) {
        return Err(AccountsError::TariffsNotDeclared);
    }
    Ok(())
}

/// Whether people can join by invitation under this policy.
///
/// # Errors
/// [`AccountsError::InvitationsNotDeclared`]: names the line to add.
pub fn check_joining(plan: &Plan) -> Result<(), AccountsError> {
    let fields = Invitation::TABLE.shape.fields();
    match fields.into_iter().all(|field| plan.allows(field, ActId::Keep)) {
        true => Ok(()),
        false => Err(AccountsError::InvitationsNotDeclared),
    }
}

/// Why the service does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccountsError {
    /// The policy lacks what every account needs.
    #[error("{0}")]
    NotDeclared(#[from] NotDeclared),
    /// A tariff has a quota and nothing is counted.
    #[error(
        "a tariff has quota_gib, but the policy declares no count of bytes that it could be compared with; leave the quota \
         out, or add to the policy: collect usage.day usage.bytes surface=tunnel grain=\"account*day\" {{ for network-ops \
         support; keep \"90d\" }}"
    )]
    QuotaWithoutUsage,
    /// A tariff has an end and the policy keeps none.
    #[error(
        "a tariff has days, but the policy declares no end of a membership; leave the days out, or add to the policy: \
         collect paid.until surface=account {{ for account; keep until=account.expired plus=\"90d\" }}"
    )]
    DaysWithoutEnd,
    /// There are several tariffs and the policy keeps none.
    #[error(
        "there is more than one tariff, but the policy declares no tariff, so nobody could have another than the first; \
         leave the others out, or add to the policy: collect tariff surface=account {{ for account; keep \
         until=account.closed }}"
    )]
    TariffsNotDeclared,
    /// People join by invitation and the policy keeps none.
    #[error(
        "joining is by invitation, but the policy declares none; open it, or add to the policy: collect invitation.code \
         invitation.tariff invitation.uses invitation.end surface=account {{ for account; keep \"90d\" }}"
    )]
    InvitationsNotDeclared,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}
