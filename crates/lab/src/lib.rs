//! For developers alone: checks that need the whole program, or more than the program may do. Never shipped.

pub mod authorizer;
pub mod world;
