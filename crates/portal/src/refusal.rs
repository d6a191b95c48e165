//! Why a form is refused, in words: one text for each error of the services.

use account::{
    DeviceError, INVITATION_DAYS_LIMIT, INVITATION_USES_LIMIT, INVITATIONS_LIMIT, InvitationError, JoinError,
    LABEL_LIMIT_CHARACTERS, NotAKey, PASSWORD_MAXIMUM_CHARACTERS, PASSWORD_MINIMUM_CHARACTERS, PasswordError,
    SignInError, TOKEN_LABEL_LIMIT_CHARACTERS, TOKENS_LIMIT, TokenError,
};
use store::StoreError;

use crate::speech::{Saying, Speech};

/// An error that a page can say.
pub(crate) trait Refusal {
    /// What happened and what to do.
    fn said(&self, speech: &Speech) -> Saying;
}

impl Refusal for PasswordError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::Short => speech
                .say("refused-password-short")
                .number("minimum", PASSWORD_MINIMUM_CHARACTERS),
            Self::Long => speech
                .say("refused-password-long")
                .number("maximum", PASSWORD_MAXIMUM_CHARACTERS),
        }
    }
}

impl Refusal for JoinError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::Email => speech.say("refused-email"),
            Self::EmailTaken => speech.say("refused-email-taken"),
            Self::Password(error) => error.said(speech),
            Self::AgeMissing => speech.say("refused-age-missing"),
            Self::TooYoung(age) => speech.say("refused-young").number("age", *age),
            Self::PolicyChanged => speech.say("refused-policy-changed"),
            Self::SetUpToken => speech.say("refused-set-up"),
            Self::NoNumbers => speech.say("refused-no-numbers"),
            Self::InvitationNeeded => speech.say("refused-invitation-needed"),
            Self::InvitationWrong => speech.say("refused-invitation-wrong"),
            Self::Token(error) => error.said(speech),
            Self::Busy => speech.say("refused-busy"),
            Self::Store(error) => error.said(speech),
        }
    }
}

impl Refusal for SignInError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::Wrong => speech.say("refused-sign-in"),
            Self::TooOften => speech.say("failure-too-often-do"),
            Self::Busy => speech.say("refused-busy"),
            Self::Store(error) => error.said(speech),
        }
    }
}

impl Refusal for TokenError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::NotDeclared => speech.say("api-no-tokens"),
            Self::Label => speech
                .say("refused-token-label")
                .number("limit", TOKEN_LABEL_LIMIT_CHARACTERS),
            Self::NoScope => speech.say("refused-no-scope"),
            Self::TooMany => speech.say("refused-too-many-tokens").number("limit", TOKENS_LIMIT),
            Self::Replaced => speech.say("refused-replaced"),
            Self::NoSuchToken => speech.say("failure-not-found"),
            Self::Store(error) => error.said(speech),
        }
    }
}

impl Refusal for InvitationError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::Uses => speech.say("refused-uses").number("limit", INVITATION_USES_LIMIT),
            Self::Days => speech.say("refused-days").number("limit", INVITATION_DAYS_LIMIT),
            Self::TooMany => speech
                .say("refused-many-invitations")
                .number("limit", INVITATIONS_LIMIT),
            Self::NoSuchTariff => speech.say("refused-no-such-tariff"),
            Self::NotDeclared | Self::NoSuchInvitation => speech.say("failure-not-found"),
            Self::Store(error) => error.said(speech),
        }
    }
}

impl Refusal for NotAKey {
    fn said(&self, speech: &Speech) -> Saying {
        speech.say("refused-key")
    }
}

impl Refusal for DeviceError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::Label => speech.say("refused-label").number("limit", LABEL_LIMIT_CHARACTERS),
            Self::KeyTaken => speech.say("refused-key-taken"),
            Self::EmptyKey => speech.say("refused-key-empty"),
            Self::TooMany(limit) => speech.say("refused-too-many").number("limit", *limit),
            Self::NoSuchDevice => speech.say("failure-not-found"),
            Self::Store(error) => error.said(speech),
        }
    }
}

impl Refusal for StoreError {
    fn said(&self, speech: &Speech) -> Saying {
        match self {
            Self::NotDeclared(_) => speech.say("store-not-declared"),
            Self::RefusedByDatabase => speech.say("store-refused"),
            Self::Taken => speech.say("store-taken"),
            Self::Gone => speech.say("store-gone"),
            Self::NoSuchSubject => speech.say("store-no-subject"),
            Self::Unsealable => speech.say("store-unsealable"),
            Self::Malformed => speech.say("store-malformed"),
            Self::WrongArgumentCount => speech.say("store-arguments"),
            Self::Damaged => speech.say("store-damaged"),
            Self::DiskFull => speech.say("store-full"),
            Self::Database(code) => speech.say("store-database").text("code", code),
            Self::Closing => speech.say("store-closing"),
            Self::Conflict => speech.say("store-conflict"),
            Self::Uncertain => speech.say("store-uncertain"),
            // The last three are met at a start alone, which tells them to the operator.
            Self::Disconnected | Self::InUse | Self::NotDurable | Self::Foreign => speech.say("store-disconnected"),
        }
    }
}

/// The number of a failure in the operator's log and on the page that the member reads: the database's own where there is
/// one (a positive result code of SQLite, or what `store` puts for a connection), and numbers from 10001 for the others.
pub(crate) const fn code(error: StoreError) -> i32 {
    match error {
        StoreError::Database(code) => code.0,
        StoreError::NotDeclared(_) => 10_001,
        StoreError::RefusedByDatabase => 10_002,
        StoreError::Taken => 10_003,
        StoreError::Gone => 10_004,
        StoreError::NoSuchSubject => 10_005,
        StoreError::Unsealable => 10_006,
        StoreError::Malformed => 10_007,
        StoreError::WrongArgumentCount => 10_008,
        StoreError::Damaged => 10_009,
        StoreError::DiskFull => 10_010,
        StoreError::Closing => 10_011,
        StoreError::Conflict => 10_012,
        StoreError::Disconnected => 10_013,
        StoreError::Uncertain => 10_014,
        StoreError::InUse => 10_015,
        StoreError::NotDurable => 10_016,
        StoreError::Foreign => 10_017,
    }
}
