//! What this version of the program does not do yet, so that a page never claims more than runs.

use plan::{FieldId, PurposeId};

/// Purposes that no code of this version pursues.
pub(crate) const fn purpose_is_served(purpose: PurposeId) -> bool {
    match purpose {
        PurposeId::Account
        | PurposeId::SignIn
        | PurposeId::Service
        | PurposeId::NetworkOps
        | PurposeId::Support
        | PurposeId::Operate
        | PurposeId::Security
        | PurposeId::Agreement => true,
        PurposeId::Billing
        | PurposeId::Fulfilment
        | PurposeId::Order
        | PurposeId::TrafficManagement
        | PurposeId::Debugging
        | PurposeId::Compatibility
        | PurposeId::Improve
        | PurposeId::Personalise
        | PurposeId::Feedback
        | PurposeId::Promotion
        | PurposeId::ProductNews
        | PurposeId::Analytics
        | PurposeId::MarketingResearch
        | PurposeId::Community
        | PurposeId::LegalDuty => false,
    }
}

/// Whether this version sets the cookie.
pub(crate) fn cookie_is_served(name: &str) -> bool {
    name == "__Host-sid"
}

/// What an account of this program cannot do without, whatever the operator's own policy said.
const NEEDED: [FieldId; 10] = [
    FieldId::PasswordHash,
    FieldId::RecoveryHash,
    FieldId::SessionHash,
    FieldId::JoinedDay,
    FieldId::StaffRole,
    FieldId::AcceptedDigest,
    FieldId::AcceptedTime,
    FieldId::DeviceLabel,
    FieldId::DeviceKey,
    FieldId::DevicePsk,
];

/// Whether a statement is there because the program itself needs it.
pub(crate) fn is_needed_by_the_program(fields: &[FieldId]) -> bool {
    fields.iter().all(|field| NEEDED.contains(field))
}
