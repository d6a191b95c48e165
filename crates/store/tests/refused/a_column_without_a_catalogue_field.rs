//! A column holds a field of the catalogue, or it does not build.

struct ShoeSize;

store::table! {
    /// Feet.
    pub struct Feet in "feet" {
        /// Whose.
        owner member: plan::MemberId,
        /// How long.
        sealed size: ShoeSize,
    }
    primary key (member);
}

fn main() {}
