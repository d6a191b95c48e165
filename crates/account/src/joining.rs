//! Joining, the operator's set-up, and agreeing to the policy.

use plan::{Digest, MemberId, Personal};
use store::{Op, Origin, StoreError, Subject};
use thiserror::Error;

use crate::access::{IssuedToken, NewToken, TokenError};
use crate::accounts::Accounts;
use crate::email::parse_email;
use crate::invitations::Invited;
use crate::number::AccountNumber;
use crate::password::{HashError, PasswordError, check_new};
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
    /// The password is not taken.
    #[error("{0}")]
    Password(#[from] PasswordError),
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
    /// The policy lets nobody join without an e-mail address.
    #[error(
        "the policy of this instance lets nobody join without an e-mail address; the operator can add to the policy: \
         collect account.number surface=account {{ for sign-in security; keep until=account.closed }}, and by=sign-in to \
         its line of changes"
    )]
    NoNumbers,
    /// People join by invitation alone.
    #[error("people join here by invitation; ask somebody who works for the operator for one")]
    InvitationNeeded,
    /// The invitation lets nobody in.
    #[error("this invitation is wrong, used up or over; ask for a new one")]
    InvitationWrong,
    /// The token of the program could not be made.
    #[error("{0}")]
    Token(TokenError),
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
            HashError::TooLong => Self::Password(PasswordError::Long),
        }
    }
}

/// How somebody is known.
pub enum Identity {
    /// By e-mail address and password.
    Email {
        /// E-mail address.
        email: String,
        /// Password.
        password: String,
    },
    /// By a number that the program gives.
    Number,
}

/// Somebody who wants to join.
pub struct Enrolment {
    /// How they are known.
    pub identity: Identity,
    /// Age in years where the policy asks for it; compared and forgotten.
    pub age: Option<u8>,
    /// The digest of the policy that they were shown.
    pub accepted: Digest,
    /// The code of an invitation.
    pub invitation: Option<String>,
}

/// What lets a new member back in; shown once.
pub enum Secret {
    /// Beside the password.
    Recovery(RecoveryCode),
    /// By itself.
    Number(AccountNumber),
}

/// How somebody comes in after joining or signing in.
pub enum Access {
    /// With a browser.
    Browser,
    /// With a program.
    Program(NewToken),
}

/// What a browser or a program shows from now on.
pub enum Entry {
    /// A browser's cookie.
    Session(SessionToken),
    /// A program's token.
    Token(IssuedToken),
}

/// Somebody who has just joined.
pub struct Enrolled {
    /// Who.
    pub member: MemberId,
    /// Lets them back in.
    pub secret: Secret,
    /// They are signed in.
    pub entry: Entry,
}

/// Who may join.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Joining {
    /// Whoever the policy's audience is.
    #[default]
    Open,
    /// Whoever has an invitation.
    ByInvitation,
}

impl Accounts {
    /// The first operator: joins and gets the role, for the one-time token.
    ///
    /// # Errors
    /// [`JoinError`]; the token stays good when the form was wrong.
    pub async fn set_up_operator(&self, token: &str, form: JoinForm) -> Result<Joined, JoinError> {
        let taken = self.set_up.take(token, self.store.now()).ok_or(JoinError::SetUpToken)?;
        let result = self.enrol(form.into(), Some(OPERATOR), Access::Browser).await;
        match &result {
            Ok(_) | Err(JoinError::SetUpToken) => taken.spend(),
            Err(_) => drop(taken),
        }
        result.map(Joined::from)
    }

    /// A new member with an e-mail address, in a browser.
    ///
    /// # Errors
    /// [`JoinError`]; then nothing was kept.
    pub async fn join(&self, form: JoinForm) -> Result<Joined, JoinError> {
        self.enrol(form.into(), None, Access::Browser).await.map(Joined::from)
    }

    /// A new member.
    ///
    /// # Errors
    /// [`JoinError`]; then nothing was kept.
    pub async fn join_as(&self, enrolment: Enrolment, access: Access) -> Result<Enrolled, JoinError> {
        self.enrol(enrolment, None, access).await
    }

    /// Who may join.
    pub const fn joining(&self) -> Joining {
        self.joining
    }

    async fn enrol(&self, enrolment: Enrolment, role: Option<&str>, access: Access) -> Result<Enrolled, JoinError> {
        self.may_join(&enrolment)?;
        if let Access::Program(wanted) = &access {
            self.token_book()
                .and_then(|_| wanted.check())
                .map_err(JoinError::Token)?;
        }
        let invited = match (&enrolment.invitation, role) {
            (Some(code), _) => Some(self.open_invitation(code).await?),
            (None, None) if self.joining == Joining::ByInvitation => return Err(JoinError::InvitationNeeded),
            (None, _) => None,
        };
        let hashed = self.hash_identity(enrolment.identity).await?;
        let subject = self.store.create_subject().await?;
        let built = self.new_member(&subject, enrolment.accepted, hashed, role, invited.as_ref());
        let (ops, secret, entry) = match built.and_then(|built| self.let_in(&subject, access, built)) {
            Ok(built) => built,
            Err(error) => {
                self.store.forget_unused(&subject).await?;
                return Err(error);
            }
        };
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        match self.store.commit(ops).await {
            Ok(_) => Ok(Enrolled { member, secret, entry }),
            Err(error) => {
                self.store.forget_unused(&subject).await?;
                Err(match error {
                    StoreError::Taken => JoinError::EmailTaken,
                    // An earlier try came through, though nobody heard of it.
                    StoreError::Gone if role.is_some() => JoinError::SetUpToken,
                    // Somebody else took the last place meanwhile.
                    StoreError::Gone => JoinError::InvitationWrong,
                    other => other.into(),
                })
            }
        }
    }

    /// What can be said before anything is looked up or computed.
    fn may_join(&self, enrolment: &Enrolment) -> Result<(), JoinError> {
        let plan = self.store.plan();
        if let Some(minimum) = plan.parts().audience.min_age {
            let age = enrolment.age.ok_or(JoinError::AgeMissing)?;
            if age < minimum {
                return Err(JoinError::TooYoung(minimum));
            }
        }
        if enrolment.accepted != plan.digest() {
            return Err(JoinError::PolicyChanged);
        }
        match &enrolment.identity {
            Identity::Number if !self.has_numbers() => Err(JoinError::NoNumbers),
            Identity::Number => Ok(()),
            Identity::Email { email, password } => {
                parse_email(email).ok_or(JoinError::Email)?;
                Ok(check_new(password)?)
            }
        }
    }

    async fn hash_identity(&self, identity: Identity) -> Result<Hashed, JoinError> {
        match identity {
            Identity::Email { email, password } => {
                let recovery = RecoveryCode::from_random(&self.store.random());
                Ok(Hashed::Email {
                    email: parse_email(&email).ok_or(JoinError::Email)?,
                    password: self.hasher.hash(password.as_bytes(), self.store.random()).await?,
                    hash: self.hasher.hash(recovery.as_bytes(), self.store.random()).await?,
                    recovery,
                })
            }
            Identity::Number => {
                let numbers = self.numbers.as_ref().ok_or(JoinError::NoNumbers)?;
                let number = AccountNumber::from_random(self.store.random());
                Ok(Hashed::Number {
                    hash: numbers.hash(&self.hasher, &number).await?,
                    number,
                })
            }
        }
    }

    /// The changes that make a member.
    fn new_member(
        &self,
        subject: &Subject,
        accepted: Digest,
        hashed: Hashed,
        role: Option<&str>,
        invited: Option<&Invited>,
    ) -> Result<(Vec<Op>, Secret), JoinError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        // What was agreed comes before the first datum about the person.
        let agreed = Acceptance {
            member,
            digest: Personal::new(accepted.to_string()),
            time: Personal::new(self.store.now()),
        };
        let joined = Member {
            member,
            joined: Personal::new(self.store.now().day()),
        };
        let mut ops = vec![
            self.acceptances.insert(subject, &agreed)?,
            self.members.insert(subject, &joined)?,
        ];
        let secret = match hashed {
            Hashed::Email {
                email,
                password,
                hash,
                recovery,
            } => {
                let held = self.store.held();
                ops.extend(held.put_found(&self.permits.keep_email, subject, &Personal::new(email), Origin::Person));
                ops.push(self.credentials.insert(subject, &credential(member, password, hash))?);
                Secret::Recovery(recovery)
            }
            Hashed::Number { number, hash } => {
                let numbers = self.numbers.as_ref().ok_or(JoinError::NoNumbers)?;
                ops.push(numbers.put(subject, hash)?);
                Secret::Number(number)
            }
        };
        if let Some(role) = role {
            let role = Personal::new(role.to_owned());
            ops.push(self.staff.rows.insert(subject, &Staff { member, role })?);
            ops.push(self.staff.first.with((member,)));
        } else {
            let tariff = invited.map_or_else(|| self.first_tariff(), |invited| &invited.tariff);
            ops.extend(self.begin_membership(subject, tariff)?);
        }
        if let Some(invited) = invited {
            ops.extend(self.use_invitation(subject, invited)?);
        }
        Ok((ops, secret))
    }

    /// Adds the change that lets the new member in.
    fn let_in(
        &self,
        subject: &Subject,
        access: Access,
        (mut ops, secret): (Vec<Op>, Secret),
    ) -> Result<(Vec<Op>, Secret, Entry), JoinError> {
        let (entry, op) = self.entry(subject, access).map_err(|error| match error {
            TokenError::Store(error) => JoinError::Store(error),
            other => JoinError::Token(other),
        })?;
        ops.push(op);
        Ok((ops, secret, entry))
    }

    /// A new session or token of a member, and the change that stores it.
    pub(crate) fn entry(&self, subject: &Subject, access: Access) -> Result<(Entry, Op), TokenError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        match access {
            Access::Browser => {
                let (token, op) = self.sessions.begin(&self.store, subject, member)?;
                Ok((Entry::Session(token), op))
            }
            Access::Program(wanted) => {
                let (issued, op) = self.token_book()?.begin(&self.store, subject, member, &wanted)?;
                Ok((Entry::Token(issued), op))
            }
        }
    }

    /// Whether the member accepted the policy that runs now.
    ///
    /// # Errors
    /// Database errors.
    pub async fn accepted_current(&self, member: MemberId) -> Result<bool, StoreError> {
        let acceptance = self.store.read_row(&self.acceptance_of, (member,)).await?;
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

/// An identity whose slow hashes are computed.
enum Hashed {
    Email {
        email: String,
        password: String,
        hash: String,
        recovery: RecoveryCode,
    },
    Number {
        number: AccountNumber,
        hash: Personal<plan::field::AccountNumber>,
    },
}

impl From<JoinForm> for Enrolment {
    fn from(form: JoinForm) -> Self {
        Self {
            identity: Identity::Email {
                email: form.email,
                password: form.password,
            },
            age: form.age,
            accepted: form.accepted,
            invitation: None,
        }
    }
}

impl From<Enrolled> for Joined {
    /// Of somebody who joined by e-mail address in a browser; others have no recovery code or no session.
    fn from(enrolled: Enrolled) -> Self {
        let (Secret::Recovery(recovery), Entry::Session(session)) = (enrolled.secret, enrolled.entry) else {
            unreachable!("a form of an e-mail address gives a recovery code, and a browser a session");
        };
        Self {
            member: enrolled.member,
            recovery,
            session,
        }
    }
}
