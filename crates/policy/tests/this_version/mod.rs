//! The shipped profiles, and the fields that this version of the program holds or looks at.

use std::collections::BTreeSet;

use plan::FieldId;
use policy::Compiled;

/// A profile of `policies/`.
pub(crate) fn profile(name: &str) -> Compiled {
    let path = format!("{}/../../policies/{name}.kdl", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(&path).unwrap();
    policy::compile(&source, &format!("policies/{name}.kdl")).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What the tables of this version can hold and its workers look at.
#[allow(dead_code, reason = "not every test renders")]
pub(crate) fn exercised() -> BTreeSet<FieldId> {
    BTreeSet::from([
        FieldId::ClientIp,
        FieldId::DstIp,
        FieldId::Payload,
        FieldId::SessionStart,
        FieldId::Email,
        FieldId::PasswordHash,
        FieldId::RecoveryHash,
        FieldId::SessionHash,
        FieldId::AccountNumber,
        FieldId::TokenHash,
        FieldId::TokenLabel,
        FieldId::TokenScope,
        FieldId::PaidUntil,
        FieldId::SuspendedDay,
        FieldId::InvitationCode,
        FieldId::InvitationTariff,
        FieldId::InvitationUses,
        FieldId::InvitationEnd,
        FieldId::InvitationUsed,
        FieldId::JoinedDay,
        FieldId::StaffRole,
        FieldId::Tariff,
        FieldId::AcceptedDigest,
        FieldId::AcceptedTime,
        FieldId::DeviceLabel,
        FieldId::DeviceKey,
        FieldId::DevicePsk,
        FieldId::UsageDay,
        FieldId::UsageBytes,
        FieldId::AccessTime,
        FieldId::AccessIp,
        FieldId::AppVersion,
    ])
}
