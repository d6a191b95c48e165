//! A statement takes ids, instants, and personal values in their box with a permit: no bare text, no bare number.

use plan::MemberId;
use store::{Run, Select};

fn read(select: Select<(String,), i64>, run: Run<(MemberId, i64)>) {
    let _ = run.with((MemberId::from_bytes([0; 16]), 5));
    let _ = select;
}

async fn bare(store: store::Store, select: Select<(String,), i64>) {
    let _ = store.read(&select, ("ada@example.org".to_owned(),)).await;
}

fn main() {}
