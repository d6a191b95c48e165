//! What compiles and still deserves a word: lints, and statements that pull apart.

use plan::{Choice, Effective, FieldClass, FieldId, Language, Parts, RecipientClass, Surface, Upkeep};

use crate::clause::{ClauseId, expand};
use crate::draft::Draft;
use crate::length;
use crate::problem::Span;
use crate::tongue::{self, Told, Tongue};

/// Something that compiles and is probably not meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lint {
    /// Where.
    pub span: Span,
    /// What was found, and what the program does about it.
    pub text: String,
}

/// Two statements that pull apart, and what the program does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tension {
    /// Its code: `T3a`.
    pub code: &'static str,
    /// What the one statement says.
    pub one: String,
    /// What the other says.
    pub other: String,
    /// What the program does.
    pub does: String,
}

/// The lints of a policy that compiles, in the order of the file.
pub(crate) fn lints(draft: &Draft) -> Vec<Lint> {
    let mut lints = Vec::new();
    if draft.date.is_none() {
        let text = "the policy has no `date`; the page shows its version alone".to_owned();
        lints.push(Lint {
            span: Span::default(),
            text,
        });
    }
    contact_reaches_nobody(draft, &mut lints);
    shortest_keep_wins(draft, &mut lints);
    if let Some(surfaces) = &draft.surfaces {
        for surface in &surfaces.value {
            let spoken_of = draft.collects.iter().any(|c| c.value.surfaces.contains(surface))
                || draft.promises.iter().any(|p| p.value.surface == *surface)
                || draft.processes.iter().any(|p| p.value.surface == *surface)
                || draft.cookies.iter().any(|c| c.value.surface == *surface);
            if !spoken_of {
                let text = format!(
                    "the surface `{}` is declared and no statement speaks of it",
                    surface.key()
                );
                lints.push(Lint {
                    span: surfaces.span,
                    text,
                });
            }
        }
    }
    for recipient in draft
        .recipients
        .iter()
        .filter(|r| r.value.enabled && r.value.country.is_none())
    {
        if recipient.value.class != RecipientClass::Resolver {
            let text = format!(
                "the recipient `{}` has no country; the page cannot say where data goes",
                recipient.value.name
            );
            lints.push(Lint {
                span: recipient.span,
                text,
            });
        }
    }
    lints.sort_by_key(|lint| lint.span);
    lints
}

/// An address of any kind has one of these: e-mail, web, telephone or postal.
fn contact_reaches_nobody(draft: &Draft, lints: &mut Vec<Lint>) {
    let Some(controller) = &draft.controller else { return };
    let contact = &controller.value.contact;
    let address = contact.contains('@') || contact.contains("://") || contact.bytes().any(|byte| byte.is_ascii_digit());
    if !address {
        let text = format!(
            "nobody can be reached at “{contact}”; write an e-mail address, a web address, a telephone number or a postal \
             address before anybody joins"
        );
        lints.push(Lint {
            span: controller.span,
            text,
        });
    }
}

fn shortest_keep_wins(draft: &Draft, lints: &mut Vec<Lint>) {
    for field in FieldId::ALL {
        let keeps = draft.collects.iter().filter(|c| c.value.fields.contains(field));
        let keeps: Vec<(i64, Span)> = keeps
            .map(|c| (c.value.keep.seconds.unwrap_or(i64::MAX), c.span))
            .collect();
        let (Some(least), Some(most)) = (keeps.iter().min(), keeps.iter().max()) else {
            continue;
        };
        if least.0 < most.0 {
            let text = format!(
                "`{}` has keeps of different length; the shortest, {}, binds every purpose",
                field.key(),
                length::words(least.0)
            );
            lints.push(Lint { span: most.1, text });
        }
    }
}

/// The pairs of statements that pull apart, by code.
pub(crate) fn tensions(parts: &Parts, language: Language) -> Vec<Tension> {
    let tongue = tongue::tongue(language);
    let found = [
        ("T3a", no_log_beside_access_log(parts, tongue)),
        (
            "T3b",
            never_sold_beside_outsiders(parts).then(|| tongue.outsiders_beside_never_sold()),
        ),
        (
            "T3c",
            gateway_beside_no_card_data(parts).then(|| tongue.gateway_beside_no_card_data()),
        ),
        (
            "T3d",
            change_on_posting_beside_consent(parts).then(|| tongue.change_on_posting_beside_consent()),
        ),
        (
            "T3e",
            two_readings_of_an_address(parts).then(|| tongue.two_readings_of_an_address()),
        ),
        (
            "T3f",
            nothing_from_the_device_beside_its_model(parts).then(|| tongue.device_model_beside_promise()),
        ),
        ("T3g", no_log_beside_exceptions(parts, tongue)),
        (
            "T3h",
            nothing_financial_beside_invoices(parts).then(|| tongue.invoices_beside_nothing_financial()),
        ),
        (
            "T3i",
            reading_the_policy_beside_access_log(parts).then(|| tongue.access_log_beside_reading()),
        ),
    ];
    let told = found
        .into_iter()
        .filter_map(|(code, told)| told.map(|told| (code, told)));
    told.map(|(code, [one, other, does])| Tension { code, one, other, does })
        .collect()
}

fn collects(parts: &Parts, field: FieldId) -> bool {
    parts.collects.iter().any(|collect| collect.fields.contains(&field))
}

fn promise_on_tunnel(parts: &Parts) -> Option<&plan::Promise> {
    parts.promises.iter().find(|promise| promise.surface == Surface::Tunnel)
}

fn no_log_beside_access_log(parts: &Parts, tongue: &dyn Tongue) -> Option<Told> {
    let promise = promise_on_tunnel(parts)?;
    let logs = parts
        .collects
        .iter()
        .filter(|collect| collect.fields.contains(&FieldId::AccessIp));
    let mut surfaces: Vec<Surface> = logs.flat_map(|collect| &collect.surfaces).copied().collect();
    surfaces.sort_unstable();
    surfaces.dedup();
    (!surfaces.is_empty()).then(|| tongue.access_log_beside_promise(&promise.name, &surfaces))
}

fn never_sold_beside_outsiders(parts: &Parts) -> bool {
    let handed = parts.recipients.iter().any(|r| r.class != RecipientClass::Resolver);
    !parts.nevers.is_empty() && (handed || !parts.releases.is_empty() || !parts.handovers.is_empty())
}

fn gateway_beside_no_card_data(parts: &Parts) -> bool {
    let refuses = parts
        .refuses
        .iter()
        .any(|refuse| refuse.fields.contains(&FieldId::PaymentPan));
    refuses && collects(parts, FieldId::PaymentToken)
}

fn change_on_posting_beside_consent(parts: &Parts) -> bool {
    let mut choices = parts.collects.iter().flat_map(|collect| &collect.purposes);
    parts.changes.effective == Effective::OnPosting && choices.any(|(_, choice)| *choice != Choice::None)
}

fn two_readings_of_an_address(parts: &Parts) -> bool {
    promise_on_tunnel(parts).is_some_and(|promise| {
        let carried = promise.says.iter().any(|piece| piece.starts_with("S3."));
        carried && promise.never.contains(&FieldId::LeaseIp) && promise.never.contains(&FieldId::DstHost)
    })
}

fn nothing_from_the_device_beside_its_model(parts: &Parts) -> bool {
    let counted = [FieldId::DeviceModel, FieldId::DeviceOs, FieldId::SiteHits];
    promise_on_tunnel(parts).is_some() && counted.into_iter().any(|field| collects(parts, field))
}

fn no_log_beside_exceptions(parts: &Parts, tongue: &dyn Tongue) -> Option<Told> {
    let promise = promise_on_tunnel(parts).filter(|promise| !promise.except.is_empty())?;
    Some(tongue.exceptions_beside_promise(&promise.name, &promise.except))
}

fn nothing_financial_beside_invoices(parts: &Parts) -> bool {
    let refuses = parts.refuses.iter().flat_map(|refuse| &refuse.fields);
    let refuses_cards = refuses.into_iter().any(|field| field.class() == FieldClass::Payment);
    let kept_for_tax = parts.collects.iter().any(|c| c.keep.plus == Some(Upkeep::TaxLaw));
    refuses_cards && (kept_for_tax || collects(parts, FieldId::InvoiceNumber))
}

/// The clause that asks people to read the policy again and again.
const ASKED_TO_LOOK: ClauseId = ClauseId { series: 3, number: 43 };

fn reading_the_policy_beside_access_log(parts: &Parts) -> bool {
    let on_site = |collect: &plan::Collect| {
        collect.fields.contains(&FieldId::AccessIp) && collect.surfaces.contains(&Surface::Site)
    };
    let asked_to_look = |(_, says): &(&str, plan::Says)| expand(says).contains(&ASKED_TO_LOOK);
    parts.heading_says.iter().any(asked_to_look) && parts.collects.iter().any(on_site)
}
