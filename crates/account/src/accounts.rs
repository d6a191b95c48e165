//! The service itself: what the portal and the binary call.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use plan::act::{Keep, Show};
use plan::field::{AcceptedDigest, Email, JoinedDay, PasswordHash, RecoveryHash, Tariff as TariffField};
use plan::purpose::{self, SignIn};
use plan::{Day, DeviceId, Digest, MemberId, NotDeclared, Permit, Personal, Shown};
use store::{Certificate, Export, Limit, Origin, Rows, Select, Store, StoreError, Subject};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::devices::{DeviceChange, DeviceError, DeviceView, Devices, KeyText, NewDevice};
use crate::limit::RateLimit;
use crate::password::{HashError, Hasher, PASSWORD_MINIMUM_CHARACTERS};
use crate::sessions::{Sessions, SignedIn};
use crate::staff::{MemberLine, SetUpToken, StaffBook};
use crate::statements::{ACCEPTANCE_OF, CREDENTIAL_OF, DEVICE_COUNTS, MEMBER_COUNT, MEMBERS_AFTER, TARIFF_OF, TARIFFS};
use crate::tables::{Acceptance, Credential, Member, MemberTariff, Staff};
use crate::token::{RecoveryCode, SessionToken};
use crate::usage::{DayUsage, Tariff, UsageBook, UsageDelta, month_start};
use crate::visits::{Visit, Visits};

/// The longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3: a path of 256 with its brackets).
const EMAIL_LIMIT_BYTES: usize = 254;
/// Sign-ins for one e-mail address: so many at once, then one each so many seconds.
const SIGN_IN_BURST: u32 = 10;
const SIGN_IN_REFILL_SECONDS: i64 = 60;
/// The role that the set-up gives.
const OPERATOR: &str = "operator";

/// What somebody who joins fills in.
pub struct JoinForm {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
    /// Age in years where the policy asks for it; compared and forgotten.
    pub age: Option<u8>,
    /// The digest of the policy that the form showed.
    pub accepted: Digest,
}

/// Somebody who has just joined or reset the password.
pub struct Joined {
    /// Who.
    pub member: MemberId,
    /// Lets them in without the password; shown once.
    pub recovery: RecoveryCode,
    /// They are signed in.
    pub session: SessionToken,
}

/// Why somebody could not join. The member acts, except for the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JoinError {
    /// Not an e-mail address.
    #[error("this is not an e-mail address; it has a name, an @ and a domain")]
    Email,
    /// Somebody has joined with it.
    #[error("somebody has joined with this e-mail address; sign in, or use your recovery code")]
    EmailTaken,
    /// The password is too short.
    #[error("the password is too short; take at least {PASSWORD_MINIMUM_CHARACTERS} characters, a few words will do")]
    PasswordShort,
    /// The password is too long.
    #[error("the password is too long; take at most 1000 characters")]
    PasswordLong,
    /// The age is missing.
    #[error("please say how old you are; the number is compared with the limit and not kept")]
    AgeMissing,
    /// Below the age of the audience.
    #[error("this service is for people from {0} years; nothing that you entered was kept")]
    TooYoung(u8),
    /// The policy changed while the form was open.
    #[error("the policy has changed since you opened this page; please read it and send the form again")]
    PolicyChanged,
    /// The set-up token is wrong, used or too old.
    #[error("this set-up link is wrong, used or more than an hour old; start candor again for a new one")]
    SetUpToken,
    /// Too many passwords are being checked.
    #[error("too many people are signing in at this moment; try again in a few seconds")]
    Busy,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Why somebody could not sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignInError {
    /// The e-mail address or the password is wrong; which of the two is not said.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// Too many tries for this address.
    #[error("too many tries for this address; wait a minute")]
    TooOften,
    /// Too many passwords are being checked.
    #[error("too many people are signing in at this moment; try again in a few seconds")]
    Busy,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Why a password was not reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ResetError {
    /// The e-mail address or the code is wrong.
    #[error("the e-mail address or the recovery code is wrong")]
    Wrong,
    /// The new password is too short.
    #[error("the password is too short; take at least {PASSWORD_MINIMUM_CHARACTERS} characters, a few words will do")]
    PasswordShort,
    /// Too many tries for this address.
    #[error("too many tries for this address; wait a minute")]
    TooOften,
    /// Too many passwords are being checked.
    #[error("too many people are signing in at this moment; try again in a few seconds")]
    Busy,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<HashError> for JoinError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::TooLong => Self::PasswordLong,
        }
    }
}

impl From<HashError> for SignInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::TooLong => Self::Wrong,
        }
    }
}

impl From<HashError> for ResetError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::TooLong => Self::Wrong,
        }
    }
}

/// The permits that every account needs; without one of them the service does not start.
struct Permits {
    keep_email: Permit<Email, Keep>,
    show_email: Permit<Email, Show>,
    sign_in_email: Permit<Email, SignIn>,
    sign_in_password: Permit<PasswordHash, SignIn>,
    sign_in_recovery: Permit<RecoveryHash, SignIn>,
    show_joined: Permit<JoinedDay, Show>,
    read_digest: Permit<AcceptedDigest, purpose::Agreement>,
}

/// Members and everything that is theirs.
pub struct Accounts {
    store: Store,
    hasher: Hasher,
    permits: Permits,
    members: Rows<Member>,
    credentials: Rows<Credential>,
    acceptances: Rows<Acceptance>,
    credential_of: Select<(MemberId,), Credential>,
    acceptance_of: Select<(MemberId,), Acceptance>,
    member_count: Select<(), i64>,
    members_after: Select<(MemberId, Limit), Member>,
    sessions: Sessions,
    staff: StaffBook,
    devices: Option<Devices>,
    usage: Option<UsageBook>,
    visits: Option<Visits>,
    tariffs: Vec<Tariff>,
    set_up: SetUpToken,
    changes: mpsc::UnboundedSender<DeviceChange>,
    over_quota: Mutex<BTreeSet<MemberId>>,
    sign_ins: RateLimit,
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
        let plan = Arc::clone(store.plan());
        let staff = StaffBook::of(&store)?;
        let set_up = match store.read(&staff.count, ()).await?.first() {
            Some(0) | None => SetUpToken::new(store.random(), store.now()),
            Some(_) => SetUpToken::none(),
        };
        let missing = |field| NotDeclared {
            field,
            act: plan::act::ActId::Keep,
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
            credential_of: store
                .select(&CREDENTIAL_OF)
                .ok_or(missing(plan::FieldId::PasswordHash))?,
            acceptance_of: store
                .select(&ACCEPTANCE_OF)
                .ok_or(missing(plan::FieldId::AcceptedDigest))?,
            member_count: store.select(&MEMBER_COUNT).ok_or(missing(plan::FieldId::JoinedDay))?,
            members_after: store.select(&MEMBERS_AFTER).ok_or(missing(plan::FieldId::JoinedDay))?,
            sessions: Sessions::of(&store)?,
            staff,
            devices: Devices::of(&store),
            usage: UsageBook::of(&store),
            visits: Visits::of(&store),
            hasher: Hasher::new(),
            tariffs,
            set_up,
            changes,
            over_quota: Mutex::default(),
            sign_ins: RateLimit::new(SIGN_IN_BURST, SIGN_IN_REFILL_SECONDS),
            store,
        };
        accounts.check_quotas().await?;
        Ok(accounts)
    }

    /// The store, for its digest, its clock and the sweep.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The one-time token of the set-up.
    pub const fn set_up(&self) -> &SetUpToken {
        &self.set_up
    }

    /// The first operator: joins and gets the role, for the one-time token.
    ///
    /// # Errors
    /// [`JoinError`]; the token stays good when the form was wrong.
    pub async fn set_up_operator(&self, token: &str, form: JoinForm) -> Result<Joined, JoinError> {
        let taken = self.set_up.take(token, self.store.now()).ok_or(JoinError::SetUpToken)?;
        let result = self.enrol(form, Some(OPERATOR)).await;
        if result.is_err() {
            self.set_up.restore(taken);
        }
        result
    }

    /// A new member.
    ///
    /// # Errors
    /// [`JoinError`]; then nothing was kept.
    pub async fn join(&self, form: JoinForm) -> Result<Joined, JoinError> {
        self.enrol(form, None).await
    }

    async fn enrol(&self, form: JoinForm, role: Option<&str>) -> Result<Joined, JoinError> {
        let plan = self.store.plan();
        if let Some(minimum) = plan.parts().audience.min_age {
            let age = form.age.ok_or(JoinError::AgeMissing)?;
            if age < minimum {
                return Err(JoinError::TooYoung(minimum));
            }
        }
        if form.accepted != plan.digest() {
            return Err(JoinError::PolicyChanged);
        }
        let email = parse_email(&form.email).ok_or(JoinError::Email)?;
        if form.password.chars().count() < PASSWORD_MINIMUM_CHARACTERS {
            return Err(JoinError::PasswordShort);
        }
        let recovery = RecoveryCode::from_random(&self.store.random());
        let password_hash = self.hasher.hash(form.password.as_bytes(), self.store.random()).await?;
        let recovery_hash = self.hasher.hash(recovery.as_bytes(), self.store.random()).await?;
        let subject = self.store.create_subject().await?;
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        // What was agreed comes before the first datum about the person.
        let accepted = Acceptance {
            member,
            digest: Personal::new(form.accepted.to_string()),
            time: Personal::new(self.store.now()),
        };
        let mut ops = vec![self.acceptances.insert(&subject, &accepted)?];
        ops.extend(self.store.held().put_found(
            &self.permits.keep_email,
            &subject,
            &Personal::new(email),
            Origin::Person,
        ));
        ops.push(self.members.insert(
            &subject,
            &Member {
                member,
                joined: Personal::new(self.store.now().day()),
            },
        )?);
        ops.push(
            self.credentials
                .insert(&subject, &credential(member, password_hash, recovery_hash))?,
        );
        if let Some(role) = role {
            ops.push(self.staff.rows.insert(
                &subject,
                &Staff {
                    member,
                    role: Personal::new(role.to_owned()),
                },
            )?);
        }
        let (session, op) = self.sessions.begin(&self.store, &subject, member)?;
        ops.push(op);
        match self.store.commit(ops).await {
            Err(StoreError::Taken) => {
                self.store.forget_unused(&subject).await?;
                Err(JoinError::EmailTaken)
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Joined {
                member,
                recovery,
                session,
            }),
        }
    }

    /// Signs in; an earlier session of the same browser ends.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        earlier: Option<&SessionToken>,
    ) -> Result<SessionToken, SignInError> {
        let known = self.find_by_email(email).await?;
        if !self
            .sign_ins
            .allow(email.trim().to_lowercase().as_bytes(), self.store.now())
        {
            return Err(SignInError::TooOften);
        }
        let hash = known
            .as_ref()
            .map(|(_, credential)| credential.password.open(&self.permits.sign_in_password).clone());
        let fits = self.hasher.fits(password.as_bytes(), hash).await?;
        let Some((subject, credential)) = known.filter(|_| fits) else {
            return Err(SignInError::Wrong);
        };
        let (token, begin) = self.sessions.begin(&self.store, &subject, credential.member)?;
        let mut ops = vec![begin];
        if let Some(earlier) = earlier
            && let Some((_, session)) = self.sessions.find(&self.store, earlier).await?
        {
            ops.push(self.sessions.end(session));
        }
        self.store.commit(ops).await?;
        Ok(token)
    }

    /// Sets a new password with the recovery code; every session ends and a new code is given.
    ///
    /// # Errors
    /// [`ResetError`].
    pub async fn reset(&self, email: &str, code: &RecoveryCode, password: &str) -> Result<Joined, ResetError> {
        if password.chars().count() < PASSWORD_MINIMUM_CHARACTERS {
            return Err(ResetError::PasswordShort);
        }
        if !self
            .sign_ins
            .allow(email.trim().to_lowercase().as_bytes(), self.store.now())
        {
            return Err(ResetError::TooOften);
        }
        let known = self.find_by_email(email).await?;
        let hash = known
            .as_ref()
            .map(|(_, credential)| credential.recovery.open(&self.permits.sign_in_recovery).clone());
        let fits = self.hasher.fits(code.as_bytes(), hash).await?;
        let Some((subject, old)) = known.filter(|_| fits) else {
            return Err(ResetError::Wrong);
        };
        let member = old.member;
        let recovery = RecoveryCode::from_random(&self.store.random());
        let password_hash = self.hasher.hash(password.as_bytes(), self.store.random()).await?;
        let recovery_hash = self.hasher.hash(recovery.as_bytes(), self.store.random()).await?;
        let (session, begin) = self.sessions.begin(&self.store, &subject, member)?;
        let replace = self
            .credentials
            .upsert(&subject, &credential(member, password_hash, recovery_hash))?;
        self.store
            .commit(vec![self.sessions.end_all(member), replace, begin])
            .await?;
        Ok(Joined {
            member,
            recovery,
            session,
        })
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<(Subject, Credential)>, StoreError> {
        let Some(email) = parse_email(email) else {
            return Ok(None);
        };
        let held = self.store.held();
        let found = held
            .find(&self.permits.sign_in_email, &Personal::new(email), self.store.now())
            .await?;
        let Some(id) = found else { return Ok(None) };
        let subject = match self.store.subject(id).await {
            Err(StoreError::NoSuchSubject) => return Ok(None),
            other => other?,
        };
        let member = MemberId::from_bytes(*id.as_bytes());
        let credential = self.store.read_rows(&self.credential_of, (member,)).await?.pop();
        Ok(credential.map(|credential| (subject, credential)))
    }

    /// Who a cookie's token stands for.
    ///
    /// # Errors
    /// Database errors.
    pub async fn signed_in(&self, token: &SessionToken) -> Result<Option<SignedIn>, StoreError> {
        let Some((member, session)) = self.sessions.find(&self.store, token).await? else {
            return Ok(None);
        };
        let staff = !self.store.read_rows(&self.staff.of, (member,)).await?.is_empty();
        Ok(Some(SignedIn { member, session, staff }))
    }

    /// Ends a session on the server.
    ///
    /// # Errors
    /// Database errors.
    pub async fn sign_out(&self, signed_in: SignedIn) -> Result<(), StoreError> {
        self.store
            .commit(vec![self.sessions.end(signed_in.session)])
            .await
            .map(|_| ())
    }

    /// Whether this is the member's password: asked again before what cannot be undone.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn confirm(&self, member: MemberId, password: &str) -> Result<(), SignInError> {
        if !self.sign_ins.allow(member.as_bytes(), self.store.now()) {
            return Err(SignInError::TooOften);
        }
        let credential = self.store.read_rows(&self.credential_of, (member,)).await?.pop();
        let hash = credential.map(|credential| credential.password.open(&self.permits.sign_in_password).clone());
        if self.hasher.fits(password.as_bytes(), hash).await? {
            Ok(())
        } else {
            Err(SignInError::Wrong)
        }
    }

    /// The member's e-mail address, for the member.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors.
    pub async fn email(&self, member: MemberId) -> Result<Option<Shown>, StoreError> {
        let subject = self.store.subject(member).await?;
        let held = self.store.held().read::<Email>(&subject).await?;
        Ok(held.map(|held| held.value.show(&self.permits.show_email)))
    }

    /// Corrects the e-mail address.
    ///
    /// # Errors
    /// [`JoinError::Email`], [`JoinError::EmailTaken`]; database errors.
    pub async fn correct_email(&self, member: MemberId, email: &str) -> Result<(), JoinError> {
        let email = parse_email(email).ok_or(JoinError::Email)?;
        let subject = self.store.subject(member).await?;
        let ops = self.store.held().put_found(
            &self.permits.keep_email,
            &subject,
            &Personal::new(email),
            Origin::Person,
        );
        match self.store.commit(ops).await {
            Err(StoreError::Taken) => Err(JoinError::EmailTaken),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Whether the member accepted the policy that runs now.
    ///
    /// # Errors
    /// Database errors.
    pub async fn accepted_current(&self, member: MemberId) -> Result<bool, StoreError> {
        let acceptance = self.store.read_rows(&self.acceptance_of, (member,)).await?.pop();
        let current = self.store.plan_digest().to_string();
        Ok(acceptance.is_some_and(|acceptance| *acceptance.digest.open(&self.permits.read_digest) == current))
    }

    /// The member accepts the policy that runs now.
    ///
    /// # Errors
    /// [`JoinError::PolicyChanged`] when `accepted` is another one; database errors.
    pub async fn accept(&self, member: MemberId, accepted: Digest) -> Result<(), JoinError> {
        if accepted != self.store.plan_digest() {
            return Err(JoinError::PolicyChanged);
        }
        let subject = self.store.subject(member).await?;
        let row = Acceptance {
            member,
            digest: Personal::new(accepted.to_string()),
            time: Personal::new(self.store.now()),
        };
        self.store
            .commit(vec![self.acceptances.upsert(&subject, &row)?])
            .await?;
        Ok(())
    }

    /// Everything that is held about the member.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors.
    pub async fn export(&self, member: MemberId) -> Result<Export, StoreError> {
        self.store.export(member).await
    }

    /// Erases the member and disconnects their devices.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSubject`]; database errors, after which the next start finishes what was begun.
    pub async fn erase(&self, member: MemberId) -> Result<Certificate, StoreError> {
        let devices = match &self.devices {
            Some(devices) => devices.ids(&self.store, member).await?,
            None => Vec::new(),
        };
        let certificate = self.store.erase(member).await?;
        devices
            .into_iter()
            .for_each(|device| self.tell(DeviceChange::Removed { device }));
        self.over_quota
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&member);
        Ok(certificate)
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

    /// The member's devices; none where the policy declares none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn devices(&self, member: MemberId) -> Result<Vec<DeviceView>, StoreError> {
        match &self.devices {
            Some(devices) => devices.list(&self.store, member).await,
            None => Ok(Vec::new()),
        }
    }

    /// Adds a device; the VPN learns of it unless the quota is used up.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn add_device(
        &self,
        member: MemberId,
        label: String,
        public_key: KeyText,
    ) -> Result<NewDevice, DeviceError> {
        let devices = self.devices.as_ref().ok_or(DeviceError::NoSuchDevice)?;
        let limit = self.tariff(member).await?.devices;
        let (added, change) = devices.add(&self.store, member, label, public_key, limit).await?;
        if !self.is_over_quota(member) {
            self.tell(change);
        }
        Ok(added)
    }

    /// Removes a device; it is disconnected.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchDevice`]; database errors.
    pub async fn remove_device(&self, member: MemberId, device: DeviceId) -> Result<(), DeviceError> {
        let devices = self.devices.as_ref().ok_or(DeviceError::NoSuchDevice)?;
        let change = devices.remove(&self.store, member, device).await?;
        self.tell(change);
        Ok(())
    }

    /// Every device that may connect now, for a worker that starts.
    ///
    /// # Errors
    /// Database errors.
    pub async fn all_devices(&self) -> Result<Vec<DeviceChange>, StoreError> {
        let Some(devices) = &self.devices else {
            return Ok(Vec::new());
        };
        let mut all = devices.all(&self.store).await?;
        all.retain(|change| match change {
            DeviceChange::Added { member, .. } => !self.is_over_quota(*member),
            DeviceChange::Removed { .. } => true,
        });
        Ok(all)
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

    fn tariff_named(&self, row: Option<&MemberTariff>) -> &Tariff {
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

    async fn tariffs_by_member(&self) -> Result<BTreeMap<MemberId, MemberTariff>, StoreError> {
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
        let devices: BTreeMap<MemberId, i64> = match self.store.select(&DEVICE_COUNTS) {
            Some(select) => self.store.read(&select, ()).await?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        let month = month_start(self.store.now().day());
        let totals = match &self.usage {
            Some(usage) => Some(usage.totals_since(&self.store, month).await?),
            None => None,
        };
        let tariffs = self.tariffs_by_member().await?;
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
            over_quota: self.is_over_quota(row.member),
        };
        Ok(rows.iter().map(line).collect())
    }

    /// Bytes up and down together of everybody since a day; `None` when the policy declares no usage.
    ///
    /// # Errors
    /// Database errors.
    pub async fn total_bytes_since(&self, from: Day) -> Result<Option<u64>, StoreError> {
        match &self.usage {
            Some(usage) => Ok(Some(usage.totals_since(&self.store, from).await?.values().sum())),
            None => Ok(None),
        }
    }

    /// Writes a line of the site's access log; does nothing where the policy declares none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn record_visit(&self, ip: IpAddr, program: &str) -> Result<(), StoreError> {
        match &self.visits {
            Some(visits) => visits.record(&self.store, ip, program).await,
            None => Ok(()),
        }
    }

    /// What the access log holds of an address, for somebody who comes from that address.
    ///
    /// # Errors
    /// Database errors.
    pub async fn visits_from(&self, ip: IpAddr) -> Result<Vec<Visit>, StoreError> {
        match &self.visits {
            Some(visits) => visits.of_address(&self.store, ip).await,
            None => Ok(Vec::new()),
        }
    }

    /// Deletes what the access log holds of an address.
    ///
    /// # Errors
    /// Database errors.
    pub async fn forget_visits_from(&self, ip: IpAddr) -> Result<(), StoreError> {
        match &self.visits {
            Some(visits) => visits.forget_address(&self.store, ip).await,
            None => Ok(()),
        }
    }

    fn tell(&self, change: DeviceChange) {
        // Nobody listens where no VPN runs; the next worker reads all devices when it starts.
        let _unheard = self.changes.send(change);
    }
}

/// Why the service does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccountsError {
    /// The policy lacks what every account needs.
    #[error("{0}")]
    NotDeclared(#[from] NotDeclared),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

fn credential(member: MemberId, password: String, recovery: String) -> Credential {
    Credential {
        member,
        password: Personal::new(password),
        recovery: Personal::new(recovery),
    }
}

/// An e-mail address in lower case: one @ between a name and a domain with a dot or `localhost`, nothing unprintable.
fn parse_email(typed: &str) -> Option<String> {
    let email = typed.trim().to_lowercase();
    let (name, domain) = email.rsplit_once('@')?;
    let printable = !email
        .chars()
        .any(|character| character.is_whitespace() || character.is_control());
    let named = !name.is_empty() && !name.contains('@');
    let placed = !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
    (printable && named && placed && email.len() <= EMAIL_LIMIT_BYTES).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_a_name_an_at_and_a_domain() {
        assert_eq!(parse_email(" Ada@Example.org ").as_deref(), Some("ada@example.org"));
        assert_eq!(parse_email("ada@localhost").as_deref(), Some("ada@localhost"));
        for typed in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "ada lovelace@example.org",
            "ada@.org",
            "ada@example..org",
        ] {
            assert_eq!(parse_email(typed), None, "{typed}");
        }
        let (longest, longer) = (format!("{}@b.c", "a".repeat(250)), format!("{}@b.c", "a".repeat(251)));
        assert!(parse_email(&longest).is_some() && parse_email(&longer).is_none());
    }
}
