//! Every row is about somebody: a table without an owner could be neither exported nor erased.

store::table! {
    /// Visits without anybody.
    pub struct Visit in "visit" {
        /// Which.
        key id: plan::VisitId,
        /// From where.
        sealed address: plan::field::AccessIp,
    }
    primary key (id);
}

fn main() {
    let _table = <Visit as store::Row>::TABLE;
}
