//! The catalogue is closed: no other crate adds a field, a value type aside, or an act.

struct ShoeSize;

impl plan::Field for ShoeSize {
    const ID: plan::FieldId = plan::FieldId::Email;
    type Value = String;
}

struct Sell;

impl plan::act::Act for Sell {
    const ACT: plan::act::ActId = plan::act::ActId::Show;
}

fn main() {}
