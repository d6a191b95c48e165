//! Account numbers: for members who give no e-mail address. The number alone signs in, so it is as long as a password
//! that a machine chose, and only a slow hash of it is held.

use std::fmt;

use plan::act::Keep;
use plan::field::AccountNumber as NumberField;
use plan::{MemberId, Permit, Personal};
use store::{Lookup, Op, Rows, Run, Select, Store, StoreError, Subject};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::accounts::Accounts;
use crate::password::{HashError, Hasher};
use crate::statements::{NUMBER_BY_HASH, NUMBER_STAYS};
use crate::tables::Numbered;

/// Digits of a number: 15 random ones (49.8 bits) and a check digit. One guess at a time costs a slow hash, of which the
/// pool computes about 100 in a second: to hit one of 10,000 numbers takes 30 years of nothing else.
const DIGITS: usize = 16;
const RANDOM_NUMBERS: u128 = 1_000_000_000_000_000;

/// The quasigroup of order 10 in Damm's check digit: it notices every wrong digit and every swap of neighbours.
///
/// Source: H. M. Damm, "Total anti-symmetrische Quasigruppen", Marburg 2004, page 98.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// A number that lets its member in; shown once.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct AccountNumber([u8; DIGITS]);

impl AccountNumber {
    /// From random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let mut rest = u128::from_be_bytes(bytes) % RANDOM_NUMBERS;
        let mut digits = [0; DIGITS];
        for digit in digits[..DIGITS - 1].iter_mut().rev() {
            *digit = (rest % 10) as u8;
            rest /= 10;
        }
        digits[DIGITS - 1] = check(&digits[..DIGITS - 1]);
        Self(digits)
    }

    /// From what somebody typed: spaces and hyphens do not matter. `None` when it cannot be a number: a slip is noticed
    /// before anything is looked up.
    #[must_use]
    pub fn from_typed(typed: &str) -> Option<Self> {
        let mut digits = [0; DIGITS];
        let mut count = 0;
        for character in typed.trim().chars().filter(|character| !matches!(character, ' ' | '-')) {
            let digit = character.to_digit(10)?;
            *digits.get_mut(count)? = u8::try_from(digit).ok()?;
            count += 1;
        }
        (count == DIGITS && check(&digits) == 0).then_some(Self(digits))
    }
}

/// Damm's check digit; 0 for digits that end with their own.
fn check(digits: &[u8]) -> u8 {
    digits
        .iter()
        .fold(0, |interim, digit| DAMM[usize::from(interim)][usize::from(*digit)])
}

impl fmt::Display for AccountNumber {
    /// Groups of four.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digit) in self.0.iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

pub(crate) struct NumberBook {
    rows: Rows<Numbered>,
    by_hash: Select<(Lookup,), Numbered>,
    stays: Run<(MemberId, Lookup)>,
    keep: Permit<NumberField, Keep>,
    salt: Zeroizing<[u8; 32]>,
}

impl NumberBook {
    /// `None` when the policy declares no account numbers.
    pub(crate) async fn of(store: &Store) -> Result<Option<Self>, StoreError> {
        let (Some(rows), Some(by_hash), Some(stays), Ok(keep)) = (
            store.rows(),
            store.select(&NUMBER_BY_HASH),
            store.run(&NUMBER_STAYS),
            store.plan().permit(),
        ) else {
            return Ok(None);
        };
        Ok(Some(Self {
            rows,
            by_hash,
            stays,
            keep,
            salt: store.instance_secret("account numbers").await?,
        }))
    }

    pub(crate) async fn hash(
        &self,
        hasher: &Hasher,
        number: &AccountNumber,
    ) -> Result<Personal<NumberField>, HashError> {
        hasher.derive(&number.0, self.salt.clone()).await.map(Personal::new)
    }

    /// The change that gives a member the number of this hash; an earlier one ends.
    pub(crate) fn put(&self, subject: &Subject, number: Personal<NumberField>) -> Result<Op, StoreError> {
        let member = MemberId::from_bytes(*subject.id().as_bytes());
        self.rows.upsert(subject, &Numbered { member, number })
    }
}

impl Accounts {
    /// Whether the policy lets people join without an e-mail address.
    pub const fn has_numbers(&self) -> bool {
        self.numbers.is_some()
    }

    /// Whose number this is, and the change that is refused when it is no longer theirs. A text that cannot be a number costs the same time as one that is nobody's.
    pub(crate) async fn find_by_number(&self, typed: &str) -> Result<Option<(MemberId, Op)>, FindError> {
        let Some(numbers) = &self.numbers else {
            return Ok(None);
        };
        let number = AccountNumber::from_typed(typed);
        let looked_up = number.clone().unwrap_or(AccountNumber([0; DIGITS]));
        let hash = numbers.hash(&self.hasher, &looked_up).await?;
        let lookup = self.store.lookup(&numbers.keep, &hash);
        let found = self.store.read_row(&numbers.by_hash, (lookup.clone(),)).await?;
        let found = found.filter(|_| number.is_some());
        Ok(found.map(|row| (row.member, numbers.stays.with((row.member, lookup)))))
    }
}

/// Why nobody was looked for.
pub(crate) enum FindError {
    Hash(HashError),
    Store(StoreError),
}

impl From<HashError> for FindError {
    fn from(error: HashError) -> Self {
        Self::Hash(error)
    }
}

impl From<StoreError> for FindError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_type_it() {
        let number = AccountNumber::from_random([0xa7; 16]);
        let printed = number.to_string();
        assert_eq!(printed.len(), 19, "{printed}");
        for typed in [
            printed.clone(),
            printed.replace(' ', ""),
            printed.replace(' ', "-"),
            format!(" {printed} "),
        ] {
            assert!(AccountNumber::from_typed(&typed) == Some(number.clone()), "{typed}");
        }
    }

    #[test]
    fn every_slip_of_one_digit_and_every_swap_of_neighbours_is_noticed() {
        let number = AccountNumber::from_random([0x5b; 16]);
        for place in 0..DIGITS {
            for digit in (0..10).filter(|digit| *digit != number.0[place]) {
                let mut slip = number.clone();
                slip.0[place] = digit;
                assert!(AccountNumber::from_typed(&slip.to_string()).is_none(), "{slip}");
            }
            let mut swap = number.clone();
            if place > 0 && swap.0[place] != swap.0[place - 1] {
                swap.0.swap(place, place - 1);
                assert!(AccountNumber::from_typed(&swap.to_string()).is_none(), "{swap}");
            }
        }
    }

    #[test]
    fn what_is_not_sixteen_digits_is_no_number() {
        for typed in [
            "",
            "0",
            "12345678",
            "abcd efgh ijkl mnop",
            &"1".repeat(17),
            &"٣".repeat(16),
        ] {
            assert!(AccountNumber::from_typed(typed).is_none(), "{typed}");
        }
    }
}
