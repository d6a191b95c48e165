//! A personal value in a box with one door.

use std::fmt;

use crate::act::{Act, Show};
use crate::value::Value;
use crate::{Field, Permit};

/// A datum about a person. It cannot be printed, compared, serialised or looked at; [`Personal::open`] is the door.
///
/// ```compile_fail
/// # use plan::{Personal, field::Email};
/// let email = Personal::<Email>::new("ada@example.org".into());
/// println!("{email}"); // no Display
/// ```
/// ```compile_fail
/// # use plan::{Personal, field::Email};
/// let email = Personal::<Email>::new("ada@example.org".into());
/// println!("{email:?}"); // no Debug
/// ```
/// ```compile_fail
/// # use plan::Personal;
/// struct ShoeSize;
/// fn keep(_: Personal<ShoeSize>) {} // not in the catalogue
/// ```
pub struct Personal<F: Field>(F::Value);

impl<F: Field> Personal<F> {
    /// Closes the box over a value.
    pub const fn new(value: F::Value) -> Self {
        Self(value)
    }

    /// Looks at the value, for the act that the permit is for.
    pub const fn open<A: Act>(&self, _permit: &Permit<F, A>) -> &F::Value {
        &self.0
    }

    /// The value in the words of a page for the person concerned.
    pub fn show(&self, _permit: &Permit<F, Show>) -> Shown {
        Shown::of(&self.0)
    }
}

impl<F: Field> Drop for Personal<F> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

impl<F: Field> Clone for Personal<F>
where
    F::Value: Clone,
{
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A value on its way to the page of the person concerned: it can be displayed and nothing else.
pub struct Shown(String);

impl Shown {
    pub(crate) fn of<V: Value>(value: &V) -> Self {
        Self(value.to_words())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
