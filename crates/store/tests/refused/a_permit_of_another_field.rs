//! A permit opens the field that it is for, and is for the act that it is for.

use plan::{Permit, Personal, act::{Keep, Show}, field::{Email, Name}};

fn open(email: Personal<Email>, name: Permit<Name, Keep>, keep: Permit<Email, Keep>) {
    let _ = email.open(&name);
    let _ = email.show(&keep);
}

fn put(held: store::HeldTable, subject: store::Subject, email: Personal<Email>, show: Permit<Email, Show>) {
    let _ = held.put(&show, &subject, &email, store::Origin::Person);
}

fn main() {}
