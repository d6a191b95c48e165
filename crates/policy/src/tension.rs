//! What compiles and still deserves a word: lints, and statements that pull apart.

use plan::{Choice, Effective, FieldClass, FieldId, Parts, RecipientClass, Surface, Upkeep};

use crate::clause::{ClauseId, expand};
use crate::draft::Draft;
use crate::english;
use crate::length;
use crate::problem::Span;

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
pub(crate) fn tensions(parts: &Parts) -> Vec<Tension> {
    let found = [
        no_log_beside_access_log(parts),
        never_sold_beside_outsiders(parts),
        gateway_beside_no_card_data(parts),
        change_on_posting_beside_consent(parts),
        two_readings_of_an_address(parts),
        nothing_from_the_device_beside_its_model(parts),
        no_log_beside_exceptions(parts),
        nothing_financial_beside_invoices(parts),
        reading_the_policy_beside_access_log(parts),
    ];
    found.into_iter().flatten().collect()
}

fn collects(parts: &Parts, field: FieldId) -> bool {
    parts.collects.iter().any(|collect| collect.fields.contains(&field))
}

fn promise_on_tunnel(parts: &Parts) -> Option<&plan::Promise> {
    parts.promises.iter().find(|promise| promise.surface == Surface::Tunnel)
}

fn tension(code: &'static str, one: &str, other: &str, does: impl Into<String>) -> Option<Tension> {
    Some(Tension {
        code,
        one: one.to_owned(),
        other: other.to_owned(),
        does: does.into(),
    })
}

fn no_log_beside_access_log(parts: &Parts) -> Option<Tension> {
    let promise = promise_on_tunnel(parts)?;
    let surfaces = parts
        .collects
        .iter()
        .filter(|collect| collect.fields.contains(&FieldId::AccessIp));
    let mut surfaces: Vec<&str> = surfaces
        .flat_map(|c| &c.surfaces)
        .map(|surface| surface.words())
        .collect();
    surfaces.sort_unstable();
    surfaces.dedup();
    if surfaces.is_empty() {
        return None;
    }
    tension(
        "T3a",
        &format!(
            "“{}”: nothing about what goes through the VPN tunnel is kept",
            promise.name
        ),
        "an access log holds the time and the address of visits",
        format!(
            "The promise binds the tunnel, whose process has no file to write to. The access log is about {} alone; on \
             the tunnel the same line does not compile.",
            english::list(&surfaces)
        ),
    )
}

fn never_sold_beside_outsiders(parts: &Parts) -> Option<Tension> {
    let handed = parts.recipients.iter().any(|r| r.class != RecipientClass::Resolver);
    if parts.nevers.is_empty() || !(handed || !parts.releases.is_empty() || !parts.handovers.is_empty()) {
        return None;
    }
    tension(
        "T3b",
        "personal data is never sold or traded",
        "outsiders work for the operator, figures about many leave, and the business may change hands",
        "Each outsider is named with what it gets, and gets nothing unless it is enabled; figures need a minimum of \
         people behind them; a handover comes after a notice, during which everybody can erase their account.",
    )
}

fn gateway_beside_no_card_data(parts: &Parts) -> Option<Tension> {
    let refuses = parts
        .refuses
        .iter()
        .any(|refuse| refuse.fields.contains(&FieldId::PaymentPan));
    if !refuses || !collects(parts, FieldId::PaymentToken) {
        return None;
    }
    tension(
        "T3c",
        "card data is kept encrypted in a payment gateway's database",
        "card data is not stored after a transaction",
        "The database in question is the gateway's. This program accepts no card number and no code on any form; it \
         could hold only the gateway's reference.",
    )
}

fn change_on_posting_beside_consent(parts: &Parts) -> Option<Tension> {
    let choices = parts.collects.iter().flat_map(|collect| &collect.purposes);
    let mut choices = choices.filter(|(_, choice)| *choice != Choice::None);
    if parts.changes.effective != Effective::OnPosting || choices.next().is_none() {
        return None;
    }
    tension(
        "T3d",
        "a change of this policy takes effect when it is posted",
        "some uses depend on what a person was told and chose",
        "A change is for new data at once. Data that was collected earlier keeps the rule it was collected under, and \
         a choice once made is not widened by a new text.",
    )
}

fn two_readings_of_an_address(parts: &Parts) -> Option<Tension> {
    let promise = promise_on_tunnel(parts)?;
    let carried = promise.says.iter().any(|piece| piece.starts_with("S3."));
    let both = promise.never.contains(&FieldId::LeaseIp) && promise.never.contains(&FieldId::DstHost);
    (carried && both).then_some(())?;
    tension(
        "T3e",
        "no record of the sites you visit",
        "no record of an address assigned to you",
        "The original sentence can be read as either. The program keeps both readings: neither is ever kept.",
    )
}

fn nothing_from_the_device_beside_its_model(parts: &Parts) -> Option<Tension> {
    promise_on_tunnel(parts)?;
    let device = collects(parts, FieldId::DeviceModel) || collects(parts, FieldId::DeviceOs);
    if !device && !collects(parts, FieldId::SiteHits) {
        return None;
    }
    tension(
        "T3f",
        "nothing sent from your device through the VPN is kept",
        "the kind of your device and the use of the site are counted",
        "What is known of a device comes from the account and the app, never from the tunnel; counts of use are made \
         of page views, never of traffic.",
    )
}

fn no_log_beside_exceptions(parts: &Parts) -> Option<Tension> {
    let promise = promise_on_tunnel(parts).filter(|promise| !promise.except.is_empty())?;
    tension(
        "T3g",
        &format!("“{}”: nothing is kept", promise.name),
        &format!("except: {}", promise.except.join(", ")),
        "An exception is one statement with its own fields and its own end. It looks forward for one account only; \
         nothing from before can be found, because nothing was kept. This version of the program has none of these \
         captures built in.",
    )
}

fn nothing_financial_beside_invoices(parts: &Parts) -> Option<Tension> {
    let refuses = parts.refuses.iter().flat_map(|refuse| &refuse.fields);
    let refuses_cards = refuses.into_iter().any(|field| field.class() == FieldClass::Payment);
    let kept_for_tax = parts.collects.iter().any(|c| c.keep.plus == Some(Upkeep::TaxLaw));
    if !refuses_cards || !(kept_for_tax || collects(parts, FieldId::InvoiceNumber)) {
        return None;
    }
    tension(
        "T3h",
        "nothing financial is stored after a purchase",
        "purchases are billed, and tax law asks for invoices",
        "The facts of an invoice may be kept (its number and its sum), no instrument of payment.",
    )
}

/// The clause that asks people to read the policy again and again.
const ASKED_TO_LOOK: ClauseId = ClauseId { series: 3, number: 43 };

fn reading_the_policy_beside_access_log(parts: &Parts) -> Option<Tension> {
    let on_site = |collect: &plan::Collect| {
        collect.fields.contains(&FieldId::AccessIp) && collect.surfaces.contains(&Surface::Site)
    };
    let asked_to_look = |(_, says): &(&str, plan::Says)| expand(says).contains(&ASKED_TO_LOOK);
    if !parts.heading_says.iter().any(asked_to_look) || !parts.collects.iter().any(on_site) {
        return None;
    }
    tension(
        "T3i",
        "everybody is asked to look at this policy often",
        "a visit to this page may be in the access log",
        "Reading the policy is a visit like any other and ends with the access log's keep; nothing else records who \
         read it.",
    )
}
