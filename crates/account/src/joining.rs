//! Joining, the operator's set-up, and agreeing to the policy.

use plan::{Digest, MemberId, Personal};
use store::{Origin, StoreError};
use thiserror::Error;

use crate::accounts::Accounts;
use crate::email::parse_email;
use crate::password::{HashError, PASSWORD_MINIMUM_CHARACTERS};
use crate::signing_in::credential;
use crate::tables::{Acceptance, Member, Staff};
use crate::token::{RecoveryCode, SessionToken};

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

impl From<HashError> for JoinError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::TooLong => Self::PasswordLong,
        }
    }
}

impl Accounts {
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
}
