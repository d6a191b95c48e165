//! A personal value cannot become part of an answer by itself.

use plan::{Personal, field::Email};

#[derive(serde::Serialize)]
struct Answer {
    email: Personal<Email>,
}

fn main() {}
