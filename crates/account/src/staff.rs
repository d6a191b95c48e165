//! The operator: set up once by a one-time token, and what the operator sees of members.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use plan::{MemberId, Shown, Timestamp};
use store::{Rows, Run, Select, Store};

use crate::standing::Stop;
use crate::statements::{STAFF_COUNT, STAFF_FIRST, STAFF_OF};
use crate::tables::Staff;

/// How long a set-up token works.
const SET_UP_SECONDS: i64 = 3600;

/// One member as the operator sees them: nothing that says who it is.
pub struct MemberLine {
    /// The random id.
    pub id: MemberId,
    /// The day on which they joined.
    pub joined: Shown,
    /// How many devices they have.
    pub devices: u32,
    /// Their tariff.
    pub tariff: String,
    /// Bytes up and down together in this month; `None` when the policy declares no usage.
    pub month_bytes: Option<u64>,
    /// Why their devices are not served; `None` when they are.
    pub stopped: Option<Stop>,
}

/// The one-time token in the set-up URL. It is held in memory alone, works once, and expires.
pub struct SetUpToken {
    token: Mutex<Option<(String, Timestamp)>>,
}

impl SetUpToken {
    /// No token: the set-up is done.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            token: Mutex::new(None),
        }
    }

    /// A token of random bytes, valid for an hour from `now`.
    #[must_use]
    pub fn new(random: [u8; 20], now: Timestamp) -> Self {
        let token = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            token: Mutex::new(Some((token, now.plus_seconds(SET_UP_SECONDS)))),
        }
    }

    /// The token, for the URL.
    pub fn text(&self) -> Option<String> {
        self.token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|(token, _)| token.clone())
    }

    /// Whether `given` is the token and it still works.
    pub fn fits(&self, given: &str, now: Timestamp) -> bool {
        match self.token.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some((token, expires)) => {
                now < *expires && verify_slices_are_equal(token.as_bytes(), given.as_bytes()).is_ok()
            }
            None => false,
        }
    }

    /// Takes the token when it fits: nobody else can use it meanwhile, and nobody again once it is spent.
    pub(crate) fn take(&self, given: &str, now: Timestamp) -> Option<TakenToken<'_>> {
        if !self.fits(given, now) {
            return None;
        }
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).take();
        token.map(|token| TakenToken {
            from: self,
            token: Some(token),
        })
    }
}

/// A token that is being used. Unless it is spent it goes back: the form was wrong, or whoever sent it has gone away.
pub(crate) struct TakenToken<'s> {
    from: &'s SetUpToken,
    token: Option<(String, Timestamp)>,
}

impl TakenToken<'_> {
    pub(crate) fn spend(mut self) {
        self.token = None;
    }
}

impl Drop for TakenToken<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            *self.from.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        }
    }
}

pub(crate) struct StaffBook {
    pub(crate) rows: Rows<Staff>,
    pub(crate) of: Select<(MemberId,), Staff>,
    /// Whether somebody who is put is the first.
    pub(crate) first: Run<(MemberId,)>,
    pub(crate) count: Select<(), i64>,
}

impl StaffBook {
    pub(crate) fn of(store: &Store) -> Result<Self, plan::NotDeclared> {
        let missing = || plan::NotDeclared {
            field: plan::FieldId::StaffRole,
            act: plan::act::ActId::Keep,
        };
        Ok(Self {
            rows: store.require_rows()?,
            of: store.select(&STAFF_OF).ok_or_else(missing)?,
            first: store.run(&STAFF_FIRST).ok_or_else(missing)?,
            count: store.select(&STAFF_COUNT).ok_or_else(missing)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_token_works_once_and_for_an_hour() {
        let start = Timestamp::from_microseconds(0);
        let token = SetUpToken::new([9; 20], start);
        let text = token.text().unwrap();
        assert!(!token.fits("wrong", start));
        assert!(token.fits(&text, start.plus_seconds(3599)));
        assert!(!token.fits(&text, start.plus_seconds(3600)));
        drop(token.take(&text, start));
        let taken = token.take(&text, start).expect("it was not spent");
        assert!(token.take(&text, start).is_none(), "somebody has it in hand");
        taken.spend();
        assert!(token.take(&text, start).is_none());
    }
}
