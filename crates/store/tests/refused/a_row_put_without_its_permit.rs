//! The right to put rows comes from an open store alone, and so does every change.

use plan::{MemberId, Personal, field::UsageBytes};

store::table! {
    /// Use.
    pub struct Usage in "usage" {
        /// Whose.
        owner member: MemberId,
        /// How much.
        plain("counted") bytes: UsageBytes,
    }
    primary key (member);
}

fn main() {
    let _rows: store::Rows<Usage> = store::Rows { plan: todo!(), row: std::marker::PhantomData };
    let _op = store::Op { sql: "DELETE FROM held", cells: Vec::new(), expect: store::Expect::Any };
    let _bare = Usage { member: MemberId::from_bytes([0; 16]), bytes: 5 };
    let _boxed = Usage { member: MemberId::from_bytes([0; 16]), bytes: Personal::new(5) };
}
