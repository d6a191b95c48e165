//! Only a compiled policy gives permits.

use plan::{Permit, act::Keep, field::Email};

fn main() {
    let _literal: Permit<Email, Keep> = Permit(std::marker::PhantomData);
    let _minted: Permit<Email, Keep> = Permit::mint();
    let _default: Permit<Email, Keep> = Default::default();
}
