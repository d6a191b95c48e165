//! What this build can do with data: the closed lists of tables and statements, and the fields that they exercise.

use std::collections::BTreeSet;

use plan::FieldId;
use store::Catalogue;

/// Every service's tables and statements.
pub(crate) const CATALOGUES: &[Catalogue] = &[account::CATALOGUE];

/// Fields that the table `held` is used for by this build.
const HELD_FIELDS: &[FieldId] = &[FieldId::Email];

/// Fields that the VPN's worker meets in memory.
const PROCESSED_FIELDS: &[FieldId] = &[
    FieldId::ClientIp,
    FieldId::DstIp,
    FieldId::Payload,
    FieldId::SessionStart,
];

/// The fields that code of this build collects or processes; a policy that declares others is told so.
pub(crate) fn fields() -> BTreeSet<FieldId> {
    let tables = CATALOGUES.iter().flat_map(|catalogue| catalogue.tables);
    let columns = tables.flat_map(|table| table.shape.fields());
    columns
        .chain(HELD_FIELDS.iter().copied())
        .chain(PROCESSED_FIELDS.iter().copied())
        .collect()
}
