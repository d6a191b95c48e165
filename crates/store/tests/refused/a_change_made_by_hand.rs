//! The right to put rows comes from an open store alone, and so does every change.

use plan::{MemberId, field::UsageBytes};

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

fn rows(plan: std::sync::Arc<plan::Plan>) -> store::Rows<Usage> {
    store::Rows { plan, row: std::marker::PhantomData }
}

fn op() -> store::Op {
    store::Op { sql: "DELETE FROM held", cells: Vec::new(), expect: store::Expect::Any }
}

fn main() {}
