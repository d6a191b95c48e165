//! Signing in and out, the recovery code, and asking for the password again.

use std::net::IpAddr;

use plan::{MemberId, Personal};
use store::{Op, Sealed, StoreError, Subject};
use thiserror::Error;

use crate::accounts::Accounts;
use crate::email::parse_email;
use crate::joining::Joined;
use crate::number::{AccountNumber, FindError};
use crate::password::{HashError, PasswordError, check_new};
use crate::sessions::SignedIn;
use crate::tables::Credential;
use crate::token::{RecoveryCode, SessionToken};

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

/// Why no new password was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NewPasswordError {
    /// The new password is not taken.
    #[error("{0}")]
    Password(#[from] PasswordError),
    /// Whoever asks showed no right to: [`SignInError::Wrong`] is about the recovery code or the present password.
    #[error("{0}")]
    SignIn(#[from] SignInError),
}

impl From<HashError> for SignInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::TooLong => Self::Wrong,
        }
    }
}

impl From<FindError> for SignInError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Hash(error) => error.into(),
            FindError::Store(error) => error.into(),
        }
    }
}

impl From<HashError> for NewPasswordError {
    fn from(error: HashError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<StoreError> for NewPasswordError {
    fn from(error: StoreError) -> Self {
        Self::SignIn(error.into())
    }
}

/// What somebody signs in with.
pub enum SignInForm<'a> {
    /// E-mail address and password.
    Email {
        /// E-mail address.
        email: &'a str,
        /// Password.
        password: &'a str,
        /// Where the person comes from, for the limit of tries alone.
        from: Option<IpAddr>,
    },
    /// An account number.
    Number(&'a str),
}

/// Somebody whose password or number was just checked. What is done for it is refused when it was replaced meanwhile.
#[derive(Clone)]
pub struct Proven {
    pub(crate) member: MemberId,
    pub(crate) subject: Subject,
    pub(crate) stays: Op,
}

impl Accounts {
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
        let from = None;
        self.sign_in_browser(SignInForm::Email { email, password, from }, earlier)
            .await
    }

    /// Signs a browser in; an earlier session of it ends.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in_browser(
        &self,
        form: SignInForm<'_>,
        earlier: Option<&SessionToken>,
    ) -> Result<SessionToken, SignInError> {
        let proven = self.identify(form).await?;
        let (token, begin) = self.sessions.begin(&self.store, &proven.subject, proven.member)?;
        let mut ops = vec![proven.stays, begin];
        if let Some(earlier) = earlier
            && let Some((_, session)) = self.sessions.find(&self.store, earlier).await?
        {
            ops.push(self.sessions.end(session));
        }
        self.commit_proven(ops).await?;
        Ok(token)
    }

    /// Makes changes of which the first is refused when the secret that they are made for was replaced meanwhile.
    async fn commit_proven(&self, ops: Vec<Op>) -> Result<(), SignInError> {
        match self.store.commit(ops).await {
            Err(StoreError::Gone) => Err(SignInError::Wrong),
            other => Ok(other.map(|_| ())?),
        }
    }

    /// Whose these credentials are.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn identify(&self, form: SignInForm<'_>) -> Result<Proven, SignInError> {
        match form {
            SignInForm::Email { email, password, from } => {
                let known = self.find_by_email(email).await?;
                if !self.sign_ins.allow(email, from, self.store.now()) {
                    return Err(SignInError::TooOften);
                }
                let hash = known
                    .as_ref()
                    .map(|(_, credential, _)| credential.password.open(&self.permits.sign_in_password).clone());
                let fits = self.hasher.fits(password.as_bytes(), hash).await?;
                let (subject, credential, stays) = known.filter(|_| fits).ok_or(SignInError::Wrong)?;
                Ok(Proven {
                    member: credential.member,
                    subject,
                    stays,
                })
            }
            SignInForm::Number(typed) => {
                let (member, stays) = self.find_by_number(typed).await?.ok_or(SignInError::Wrong)?;
                self.proven(member, stays).await
            }
        }
    }

    async fn proven(&self, member: MemberId, stays: Op) -> Result<Proven, SignInError> {
        match self.store.subject(member).await {
            Err(StoreError::NoSuchSubject) => Err(SignInError::Wrong),
            other => Ok(Proven {
                member,
                subject: other?,
                stays,
            }),
        }
    }

    /// Sets a new password with the recovery code; every browser and program is signed out but this browser, and a new code
    /// is given.
    ///
    /// # Errors
    /// [`NewPasswordError`].
    pub async fn reset(
        &self,
        email: &str,
        code: &RecoveryCode,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Joined, NewPasswordError> {
        let (subject, member, recovery, ops) = self.new_credentials(email, code, password, from).await?;
        Ok(Joined {
            member,
            recovery,
            session: self.commit_and_sign_in(&subject, ops).await?,
        })
    }

    /// As [`Accounts::reset`], and nobody is signed in afterwards.
    ///
    /// # Errors
    /// [`NewPasswordError`].
    pub async fn reset_only(
        &self,
        email: &str,
        code: &RecoveryCode,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<RecoveryCode, NewPasswordError> {
        let (_, _, recovery, ops) = self.new_credentials(email, code, password, from).await?;
        self.commit_proven(ops).await?;
        Ok(recovery)
    }

    async fn new_credentials(
        &self,
        email: &str,
        code: &RecoveryCode,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<(Subject, MemberId, RecoveryCode, Vec<Op>), NewPasswordError> {
        check_new(password)?;
        if !self.resets.allow(email, from, self.store.now()) {
            return Err(SignInError::TooOften.into());
        }
        let known = self.find_by_email(email).await?;
        let hash = known
            .as_ref()
            .map(|(_, credential, _)| credential.recovery.open(&self.permits.sign_in_recovery).clone());
        let fits = self.hasher.fits(code.as_bytes(), hash).await?;
        let Some((subject, old, stays)) = known.filter(|_| fits) else {
            return Err(SignInError::Wrong.into());
        };
        let member = old.member;
        let recovery = RecoveryCode::from_random(&self.store.random());
        let password_hash = self.hasher.hash(password.as_bytes(), self.store.random()).await?;
        let recovery_hash = self.hasher.hash(recovery.as_bytes(), self.store.random()).await?;
        let mut ops = vec![stays];
        ops.extend(self.sign_out_everywhere(member));
        ops.push(
            self.credentials
                .upsert(&subject, &credential(member, password_hash, recovery_hash))?,
        );
        Ok((subject, member, recovery, ops))
    }

    /// Gives a member another number for the present one; every browser and program is signed out.
    ///
    /// # Errors
    /// [`SignInError::Wrong`] when `old` is not the member's number.
    pub async fn renew_number(&self, member: MemberId, old: &str) -> Result<AccountNumber, SignInError> {
        let (_, number, ops) = self.new_number(member, old).await?;
        self.commit_proven(ops).await?;
        Ok(number)
    }

    /// As [`Accounts::renew_number`], and the browser that asks is signed in again.
    ///
    /// # Errors
    /// As there.
    pub async fn renew_number_here(
        &self,
        member: MemberId,
        old: &str,
    ) -> Result<(AccountNumber, SessionToken), SignInError> {
        let (subject, number, ops) = self.new_number(member, old).await?;
        Ok((number, self.commit_and_sign_in(&subject, ops).await?))
    }

    async fn new_number(&self, member: MemberId, old: &str) -> Result<(Subject, AccountNumber, Vec<Op>), SignInError> {
        if !self.confirmations.allow(member.as_bytes(), self.store.now()) {
            return Err(SignInError::TooOften);
        }
        let found = self.find_by_number(old).await?;
        let found = found.filter(|(owner, _)| *owner == member);
        let (Some(numbers), Some((_, stays))) = (&self.numbers, found) else {
            return Err(SignInError::Wrong);
        };
        let number = AccountNumber::from_random(self.store.random());
        let hash = numbers.hash(&self.hasher, &number).await?;
        let subject = self.store.subject(member).await?;
        let mut ops = vec![stays];
        ops.extend(self.sign_out_everywhere(member));
        ops.push(numbers.put(&subject, hash)?);
        Ok((subject, number, ops))
    }

    /// Makes changes that sign a member out everywhere, and signs in the browser that asked for them.
    async fn commit_and_sign_in(&self, subject: &Subject, mut ops: Vec<Op>) -> Result<SessionToken, SignInError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        let (session, begin) = self.sessions.begin(&self.store, subject, member)?;
        ops.push(begin);
        self.commit_proven(ops).await?;
        Ok(session)
    }

    pub(crate) async fn find_by_email(&self, email: &str) -> Result<Option<(Subject, Credential, Op)>, StoreError> {
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
        let credential = self.credential(member).await?;
        Ok(credential.map(|(credential, stays)| (subject, credential, stays)))
    }

    /// What lets a member in, and the change that is refused when it was replaced since.
    async fn credential(&self, member: MemberId) -> Result<Option<(Credential, Op)>, StoreError> {
        let Some((credential, sealed)) = self.store.read_seen(&self.credential_of, (member,)).await? else {
            return Ok(None);
        };
        let [password, recovery] = <[Sealed; 2]>::try_from(sealed).map_err(|_| StoreError::Malformed)?;
        let stays = self.credential_stays.with((member, password, recovery));
        Ok(Some((credential, stays)))
    }

    /// Who a cookie's token stands for.
    ///
    /// # Errors
    /// Database errors.
    pub async fn signed_in(&self, token: &SessionToken) -> Result<Option<SignedIn>, StoreError> {
        let Some((member, session)) = self.sessions.find(&self.store, token).await? else {
            return Ok(None);
        };
        let staff = self.store.read_row(&self.staff.of, (member,)).await?.is_some();
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

    /// Whether this is the member's password, or the number of a member who has none: asked again before what cannot be
    /// undone.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn confirm(&self, member: MemberId, secret: &str) -> Result<Proven, SignInError> {
        if !self.confirmations.allow(member.as_bytes(), self.store.now()) {
            return Err(SignInError::TooOften);
        }
        let stays = match self.credential(member).await? {
            Some((credential, stays)) => {
                let hash = credential.password.open(&self.permits.sign_in_password).clone();
                let fits = self.hasher.fits(secret.as_bytes(), Some(hash)).await?;
                fits.then_some(stays)
            }
            None => {
                let found = self.find_by_number(secret).await?;
                found.filter(|(owner, _)| *owner == member).map(|(_, stays)| stays)
            }
        };
        self.proven(member, stays.ok_or(SignInError::Wrong)?).await
    }

    /// Whether the member signs in with a password; otherwise with a number.
    ///
    /// # Errors
    /// Database errors.
    pub async fn has_password(&self, member: MemberId) -> Result<bool, StoreError> {
        Ok(self.store.read_row(&self.credential_of, (member,)).await?.is_some())
    }

    /// Sets a new password; every browser and program is signed out. The recovery code stays.
    ///
    /// # Errors
    /// [`SignInError::Wrong`] in a [`NewPasswordError`] when `old` is not the password, or the member has none.
    pub async fn change_password(&self, member: MemberId, old: &str, new: &str) -> Result<(), NewPasswordError> {
        let (_, ops) = self.new_password(member, old, new).await?;
        self.commit_proven(ops).await?;
        Ok(())
    }

    /// As [`Accounts::change_password`], and the browser that asks is signed in again.
    ///
    /// # Errors
    /// As there.
    pub async fn change_password_here(
        &self,
        member: MemberId,
        old: &str,
        new: &str,
    ) -> Result<SessionToken, NewPasswordError> {
        let (subject, ops) = self.new_password(member, old, new).await?;
        Ok(self.commit_and_sign_in(&subject, ops).await?)
    }

    async fn new_password(
        &self,
        member: MemberId,
        old: &str,
        new: &str,
    ) -> Result<(Subject, Vec<Op>), NewPasswordError> {
        check_new(new)?;
        if !self.confirmations.allow(member.as_bytes(), self.store.now()) {
            return Err(SignInError::TooOften.into());
        }
        let (credential_now, stays) = self.credential(member).await?.ok_or(SignInError::Wrong)?;
        let hash = credential_now.password.open(&self.permits.sign_in_password).clone();
        if !self.hasher.fits(old.as_bytes(), Some(hash)).await? {
            return Err(SignInError::Wrong.into());
        }
        let password = self.hasher.hash(new.as_bytes(), self.store.random()).await?;
        let subject = self.store.subject(member).await?;
        let row = Credential {
            member,
            password: Personal::new(password),
            recovery: credential_now.recovery.clone(),
        };
        let mut ops = vec![stays];
        ops.extend(self.sign_out_everywhere(member));
        ops.push(self.credentials.upsert(&subject, &row)?);
        Ok((subject, ops))
    }
}

pub(crate) fn credential(member: MemberId, password: String, recovery: String) -> Credential {
    Credential {
        member,
        password: Personal::new(password),
        recovery: Personal::new(recovery),
    }
}
