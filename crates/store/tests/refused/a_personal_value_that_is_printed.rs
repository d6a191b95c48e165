//! A personal value has neither `Display` nor `Debug`.

use plan::{Personal, field::Email};

fn main() {
    let email = Personal::<Email>::new("ada@example.org".to_owned());
    println!("{email}");
    println!("{email:?}");
}
