//! A field of traffic has no value that code could make: "which site" cannot be put anywhere.

use plan::{Personal, field::DstHost};

fn main() {
    let _host = Personal::<DstHost>::new("example.org".to_owned());
}
