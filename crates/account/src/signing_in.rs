//! Signing in and out, the recovery code, and asking for the password again.

use plan::{MemberId, Personal};
use store::{StoreError, Subject};
use thiserror::Error;

use crate::accounts::Accounts;
use crate::email::parse_email;
use crate::joining::Joined;
use crate::password::{HashError, PASSWORD_MINIMUM_CHARACTERS};
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

    pub(crate) async fn find_by_email(&self, email: &str) -> Result<Option<(Subject, Credential)>, StoreError> {
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
}

pub(crate) fn credential(member: MemberId, password: String, recovery: String) -> Credential {
    Credential {
        member,
        password: Personal::new(password),
        recovery: Personal::new(recovery),
    }
}
