//! Holding the statements against each other: promises, refusals, the floor, and what outsiders get.

use std::collections::HashSet;

use plan::{Collect, FieldClass, FieldId, RecipientClass, Surface};

use crate::draft::{Draft, Placed};
use crate::problem::{Problem, Problems, Span};

/// Reports every pair of statements that cannot both be true, and every statement below the floor.
pub(crate) fn check(draft: &Draft, problems: &mut Problems) {
    surfaces_are_declared(draft, problems);
    promises_hold(draft, problems);
    refusals_hold(draft, problems);
    cards_are_never_stored(draft, problems);
    outsiders_get_what_is_collected(draft, problems);
    outsiders_are_bound(draft, problems);
    names_are_used_once(draft, problems);
    collects_agree(draft, problems);
    numbered_members_are_told(draft, problems);
    memberships_end_once(draft, problems);
}

/// Who gave no e-mail address can be told of a change at signing in alone, so the policy must say so.
fn numbered_members_are_told(draft: &Draft, problems: &mut Problems) {
    let numbered = draft.collects.iter().flat_map(|collect| &collect.fields);
    let Some((_, span)) = numbered.into_iter().find(|(field, _)| *field == FieldId::AccountNumber) else {
        return;
    };
    let told = |changes: &crate::draft::Heading<plan::Changes>| changes.value.by == Some(plan::Telling::SignIn);
    if !draft.changes.as_ref().is_some_and(told) {
        problems.add_pair(Problem {
            what: "members without an e-mail address could not be told of a change".to_owned(),
            span: *span,
            why: "an account number reaches nobody, so a change must be shown to whoever signs in".to_owned(),
            instead: "`changes … by=sign-in` at the top".to_owned(),
            also: draft
                .changes
                .as_ref()
                .map(|changes| (changes.span, "how people are told".to_owned())),
        });
    }
    let needed = draft
        .collects
        .iter()
        .find(|collect| collect.value.required && collect.fields.iter().any(|(field, _)| *field == FieldId::Email));
    if let Some(email) = needed {
        problems.add_pair(Problem {
            what: "an account needs an e-mail address and can do without one".to_owned(),
            span: *span,
            why: "a numbered account is one without an e-mail address".to_owned(),
            instead: "`collect email surface=account { … }` without `required`".to_owned(),
            also: Some((email.span, "needed here".to_owned())),
        });
    }
}

/// The end of a membership closes the account, so only the day of that end can be kept by it.
fn memberships_end_once(draft: &Draft, problems: &mut Problems) {
    for collect in &draft.collects {
        if collect.value.keep.until != Some(plan::Until::AccountExpired) {
            continue;
        }
        for (field, span) in collect.fields.iter().filter(|(field, _)| *field != FieldId::PaidUntil) {
            problems.add(
                *span,
                format!("`{}` ends with the membership", field.key()),
                "the whole account is erased then, and the day of that end says when: `paid.until` alone is kept so",
                "`keep until=account.closed` here, and `collect paid.until … { keep until=account.expired plus=\"30d\" }`",
            );
        }
    }
}

fn surfaces_are_declared(draft: &Draft, problems: &mut Problems) {
    let Some(declared) = &draft.surfaces else { return };
    let collects = draft.collects.iter().flat_map(|collect| {
        let surfaces = collect.value.surfaces.iter();
        surfaces.map(move |surface| (*surface, collect.surface))
    });
    let promises = draft
        .promises
        .iter()
        .map(|promise| (promise.value.surface, promise.surface));
    let processes = draft
        .processes
        .iter()
        .map(|process| (process.value.surface, process.surface));
    let cookies = draft
        .cookies
        .iter()
        .map(|cookie| (cookie.value.surface, cookie.surface));
    for (surface, span) in collects.chain(promises).chain(processes).chain(cookies) {
        if !declared.value.contains(&surface) {
            problems.add_pair(Problem {
                what: format!("the surface `{}` is not declared", surface.key()),
                span,
                why: "a policy says once where it applies, and speaks of these places alone".to_owned(),
                instead: format!(
                    "`surfaces {} {}` at the top, or another surface here",
                    keys(&declared.value),
                    surface.key()
                ),
                also: Some((declared.span, "declared here".to_owned())),
            });
        }
    }
}

fn keys(surfaces: &[Surface]) -> String {
    surfaces
        .iter()
        .map(|surface| surface.key())
        .collect::<Vec<_>>()
        .join(" ")
}

fn promises_hold(draft: &Draft, problems: &mut Problems) {
    for promise in &draft.promises {
        for (field, promised) in &promise.fields {
            let breaks = |collect: &&Placed<Collect>| {
                let excepted = collect.value.capability.as_ref();
                let excepted = excepted.is_some_and(|capability| promise.value.except.contains(capability));
                collect.value.surfaces.contains(&promise.value.surface) && !excepted
            };
            for collect in draft.collects.iter().filter(breaks) {
                if let Some((_, span)) = collect.fields.iter().find(|(known, _)| known == field) {
                    broken(
                        promise.value.name.as_str(),
                        *field,
                        promise.value.surface,
                        *promised,
                        *span,
                        problems,
                    );
                }
            }
            for process in &draft.processes {
                if process.value.surface == promise.value.surface && process.value.emit.contains(field) {
                    let span = last_span(&process.fields, *field, process.span);
                    broken(
                        promise.value.name.as_str(),
                        *field,
                        promise.value.surface,
                        *promised,
                        span,
                        problems,
                    );
                }
            }
            let handed = |class| !matches!(class, RecipientClass::Resolver);
            for recipient in draft
                .recipients
                .iter()
                .filter(|r| r.value.enabled && handed(r.value.class))
            {
                if let Some((_, span)) = recipient.fields.iter().find(|(known, _)| known == field)
                    && !collected_elsewhere(draft, *field, promise.value.surface)
                {
                    broken(
                        promise.value.name.as_str(),
                        *field,
                        promise.value.surface,
                        *promised,
                        *span,
                        problems,
                    );
                }
            }
        }
        excepts_exist(draft, promise, problems);
    }
}

/// Whether a field is kept somewhere that the promise does not reach, so that an outsider may get it from there.
fn collected_elsewhere(draft: &Draft, field: FieldId, promised: Surface) -> bool {
    draft.collects.iter().any(|collect| {
        let surfaces = &collect.value.surfaces;
        collect.value.fields.contains(&field) && surfaces.iter().any(|surface| *surface != promised)
    })
}

fn last_span(fields: &[(FieldId, Span)], field: FieldId, otherwise: Span) -> Span {
    let mut found = fields.iter().rev();
    found
        .find(|(known, _)| *known == field)
        .map_or(otherwise, |(_, span)| *span)
}

fn broken(promise: &str, field: FieldId, surface: Surface, promised: Span, span: Span, problems: &mut Problems) {
    problems.add_pair(Problem {
        what: format!("`{}` breaks the promise `{promise}`", field.key()),
        span,
        why: format!(
            "the promise says that on {1} nothing is kept or handed on of: {0}",
            field.words(),
            surface.words()
        ),
        instead: format!(
            "another surface than `{}`; or take `{}` out of the promise and tell people",
            surface.key(),
            field.key()
        ),
        also: Some((promised, "promised here".to_owned())),
    });
}

fn excepts_exist(draft: &Draft, promise: &Placed<plan::Promise>, problems: &mut Problems) {
    for except in &promise.value.except {
        let collected = draft
            .collects
            .iter()
            .any(|collect| collect.value.capability.as_ref() == Some(except));
        let disclosed = draft
            .discloses
            .iter()
            .any(|disclose| disclose.value.grounds.contains(except));
        if !collected && !disclosed {
            problems.add(
                promise.span,
                format!("the promise excepts `{except}`, which no statement describes"),
                "an exception that nothing describes has no bounds",
                format!("a `collect … capability={except}` with its fields and its end, or no exception"),
            );
        }
    }
}

fn refusals_hold(draft: &Draft, problems: &mut Problems) {
    let collects = draft.collects.iter().flat_map(|collect| &collect.fields);
    let gets = draft.recipients.iter().flat_map(|recipient| &recipient.fields);
    let looks = draft.processes.iter().flat_map(|process| &process.fields);
    let comes = draft.sources.iter().flat_map(|source| &source.fields);
    let used: Vec<&(FieldId, Span)> = collects.chain(gets).chain(looks).chain(comes).collect();
    for (field, refused) in draft.refuses.iter().flat_map(|refuse| &refuse.fields) {
        for (_, span) in used.iter().filter(|(known, _)| known == field) {
            problems.add_pair(Problem {
                what: format!("`{}` is refused and used", field.key()),
                span: *span,
                why: "what is refused is not even accepted, so nothing can be done with it".to_owned(),
                instead: format!("the statement without `{0}`, or the refusal without `{0}`", field.key()),
                also: Some((*refused, "refused here".to_owned())),
            });
        }
    }
}

/// What no policy may hold or hand on: PCI DSS 4.0.1, requirement 3.3, forbids keeping a verification code, and a card
/// number that is never held cannot be lost.
const NEVER_STORED: [FieldId; 2] = [FieldId::PaymentPan, FieldId::PaymentCvv];

fn cards_are_never_stored(draft: &Draft, problems: &mut Problems) {
    let collects = draft.collects.iter().flat_map(|collect| &collect.fields);
    let gets = draft.recipients.iter().flat_map(|recipient| &recipient.fields);
    let comes = draft.sources.iter().flat_map(|source| &source.fields);
    for (field, span) in collects.chain(gets).chain(comes) {
        if NEVER_STORED.contains(field) {
            problems.add(
                *span,
                format!("`{}` is never held by this program", field.key()),
                "card numbers and verification codes stay with the payment gateway; no policy can lower this floor",
                "`payment.token`, the gateway's reference",
            );
        }
    }
}

fn outsiders_get_what_is_collected(draft: &Draft, problems: &mut Problems) {
    let collected: HashSet<FieldId> = draft
        .collects
        .iter()
        .flat_map(|c| c.value.fields.iter().copied())
        .collect();
    let emitted: HashSet<FieldId> = draft
        .processes
        .iter()
        .flat_map(|p| p.value.emit.iter().copied())
        .collect();
    let mut require = |fields: &[(FieldId, Span)], who: &str, allowed: &dyn Fn(FieldId) -> bool| {
        for (field, span) in fields {
            if !collected.contains(field) && !allowed(*field) && !NEVER_STORED.contains(field) {
                problems.add(
                    *span,
                    format!("`{}` is not collected, so {who}", field.key()),
                    "every datum that arrives or leaves has a statement with its purpose and its end",
                    format!(
                        "`collect {} surface=… {{ for …; keep … }}` as well, or nothing here",
                        field.key()
                    ),
                );
            }
        }
    };
    for recipient in &draft.recipients {
        let by_device =
            |field: FieldId| recipient.value.class == RecipientClass::Resolver && field.class() == FieldClass::Traffic;
        require(&recipient.fields, "nobody can be handed it", &by_device);
    }
    for release in &draft.releases {
        require(&release.fields, "no figure can be counted from it", &|field| {
            emitted.contains(&field)
        });
    }
    for source in &draft.sources {
        require(&source.fields, "it cannot come from there", &|_| false);
    }
}

fn outsiders_are_bound(draft: &Draft, problems: &mut Problems) {
    for recipient in draft.recipients.iter().filter(|recipient| recipient.value.enabled) {
        let name = &recipient.value.name;
        if recipient.value.class == RecipientClass::Processor && recipient.value.agreement.is_none() {
            problems.add(
                recipient.span,
                format!("the processor `{name}` is enabled without an agreement"),
                "who works on the operator's behalf is bound by an agreement first",
                "`agreement=\"…\"` with its reference, or `enabled=#false`",
            );
        }
        if recipient.value.cross_site {
            problems.add(
                recipient.span,
                format!("`{name}` follows people across other sites and is enabled"),
                "that needs each person's yes, which this version of the program cannot ask for",
                "`enabled=#false`",
            );
        }
        if recipient.value.gets.is_empty() {
            problems.add(
                recipient.span,
                format!("`{name}` is enabled and gets nothing"),
                "people must know what an outsider is handed",
                "`gets …` with the fields, or `enabled=#false`",
            );
        }
    }
}

fn names_are_used_once(draft: &Draft, problems: &mut Problems) {
    fn once<'d>(kind: &str, names: impl Iterator<Item = (&'d str, Span)>, problems: &mut Problems) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for (name, span) in names.filter(|(name, _)| !name.is_empty()) {
            match seen.iter().find(|(known, _)| *known == name) {
                None => seen.push((name, span)),
                Some((_, first)) => problems.add_pair(Problem {
                    what: format!("two statements are called `{kind} {name}`"),
                    span,
                    why: "a name stands for one statement, so that a change of it can be told".to_owned(),
                    instead: "one statement, or another name".to_owned(),
                    also: Some((*first, "first here".to_owned())),
                }),
            }
        }
    }
    once(
        "promise",
        draft.promises.iter().map(|p| (p.value.name.as_str(), p.span)),
        problems,
    );
    once(
        "process",
        draft.processes.iter().map(|p| (p.value.name.as_str(), p.span)),
        problems,
    );
    once(
        "cookie",
        draft.cookies.iter().map(|c| (c.value.name.as_str(), c.span)),
        problems,
    );
    once(
        "recipient",
        draft.recipients.iter().map(|r| (r.value.name.as_str(), r.span)),
        problems,
    );
    once(
        "release",
        draft.releases.iter().map(|r| (r.value.name.as_str(), r.span)),
        problems,
    );
    once(
        "source",
        draft.sources.iter().map(|s| (s.value.name.as_str(), s.span)),
        problems,
    );
    once(
        "never",
        draft.nevers.iter().map(|n| (n.value.0.key(), n.span)),
        problems,
    );
    once("transfer", draft.transfers.iter().map(|t| ("nodes", t.span)), problems);
    once("handover", draft.handovers.iter().map(|h| ("notice", h.span)), problems);
    let grounds = draft.discloses.iter();
    let grounds = grounds.flat_map(|d| d.value.grounds.iter().map(|ground| (ground.as_str(), d.span)));
    once("disclose", grounds, problems);
}

/// Two statements about the same datum, place, purpose and moment must not differ, and need not repeat each other.
fn collects_agree(draft: &Draft, problems: &mut Problems) {
    for (index, second) in draft.collects.iter().enumerate() {
        for first in &draft.collects[..index] {
            let same_moment =
                first.value.when == second.value.when && first.value.capability == second.value.capability;
            let shares_place = second
                .value
                .surfaces
                .iter()
                .any(|surface| first.value.surfaces.contains(surface));
            let purposes = first.value.purposes.iter();
            let mut purposes = purposes.filter(|(p, _)| second.value.purposes.iter().any(|(known, _)| known == p));
            let Some((purpose, _)) = purposes.next() else { continue };
            if !same_moment || !shares_place {
                continue;
            }
            for (field, span) in &second.fields {
                if let Some((_, other)) = first.fields.iter().find(|(known, _)| known == field) {
                    problems.add_pair(Problem {
                        what: format!("`{}` for `{}` is declared twice here", field.key(), purpose.key()),
                        span: *span,
                        why: "the two statements could give one datum two ends".to_owned(),
                        instead: "one statement for this datum, place and purpose".to_owned(),
                        also: Some((*other, "first here".to_owned())),
                    });
                }
            }
        }
    }
}
