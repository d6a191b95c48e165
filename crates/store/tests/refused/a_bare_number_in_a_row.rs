//! A column of a row takes a personal value in its box.

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

fn main() {
    let _bare = Usage { member: MemberId::from_bytes([0; 16]), bytes: 5 };
}
