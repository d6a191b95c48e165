//! The right to do one act with one field.

use std::fmt;
use std::marker::PhantomData;

use crate::act::{Act, ActId};
use crate::{Field, FieldId};

/// The right to do the act `A` with the field `F`. Only [`crate::Plan::permit`] makes one.
pub struct Permit<F: Field, A: Act>(PhantomData<fn() -> (F, A)>);

impl<F: Field, A: Act> Permit<F, A> {
    pub(crate) const fn mint() -> Self {
        Self(PhantomData)
    }
}

impl<F: Field, A: Act> Clone for Permit<F, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Field, A: Act> Copy for Permit<F, A> {}

/// The policy does not declare what was asked for. `Display` names the line that would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDeclared {
    /// The field that was to be used.
    pub field: FieldId,
    /// What was to be done with it.
    pub act: ActId,
}

impl fmt::Display for NotDeclared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.key();
        match self.act {
            ActId::Keep | ActId::Show => write!(
                f,
                "the policy does not declare that {field} ({}) is kept; to keep it, add to the policy: \
                 collect {field} surface=account {{ for service; keep \"30d\" }}",
                self.field.words()
            ),
            ActId::Use(purpose) => write!(
                f,
                "the policy does not declare {field} for the purpose {0}; to allow it, add to the policy: \
                 collect {field} surface=account {{ for {0}; keep \"30d\" }}",
                purpose.key()
            ),
        }
    }
}

impl std::error::Error for NotDeclared {}
