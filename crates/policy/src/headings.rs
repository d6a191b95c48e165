//! Reading the statements of which a policy has exactly one.

use plan::{Audience, Changes, Controller, Effective, Rights, Says, Surface, Telling};

use crate::draft::{Draft, Heading};
use crate::length;
use crate::problem::{Problem, Problems, Span};
use crate::read::Reader;

/// A request is answered within a month: GDPR, Article 12(3). The program answers at once.
const MAX_WITHIN_SECONDS: i64 = 30 * 86_400;
/// Nobody is older.
const MAX_AGE: i128 = 120;

pub(crate) fn controller(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let name = reader.argument().map_or("", |text| text.value).to_owned();
    let contact = reader.text("contact", problems);
    if contact.is_none() && !reader.has("contact") {
        reader.missing("contact", "people must know whom to ask", problems);
    }
    let contact = contact.map_or("", |text| text.value).to_owned();
    once(&mut draft.controller, Controller { name, contact }, reader, problems);
}

pub(crate) fn surfaces(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let surfaces = reader.words::<Surface>(problems);
    let surfaces = surfaces.into_iter().map(|(surface, _)| surface).collect();
    once(&mut draft.surfaces, surfaces, reader, problems);
}

pub(crate) fn audience(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let min_age = reader.number("min-age", 1, MAX_AGE, problems);
    let everyone = reader.argument();
    match everyone {
        Some(text) if text.value != "everyone" => problems.add(
            text.span,
            format!("unknown audience `{}`", text.value),
            "a service is open to everyone or from an age",
            "`audience everyone` or `audience min-age=16`",
        ),
        Some(text) if reader.has("min-age") => problems.add(
            text.span,
            "everyone, and only from an age",
            "one of the two cannot be true",
            "`audience everyone` or `audience min-age=16`",
        ),
        None if !reader.has("min-age") => {
            reader.missing(
                "min-age",
                "the audience must be said, even when it is everyone",
                problems,
            );
        }
        Some(_) | None => {}
    }
    let min_age = min_age.and_then(|age| u8::try_from(age).ok());
    once(&mut draft.audience, Audience { min_age }, reader, problems);
}

pub(crate) fn rights(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    for floor in ["export", "erase"] {
        if reader.flag(floor, problems) == Some(false) {
            problems.add(
                reader.span_of(floor),
                format!("`{floor}` is switched off"),
                "everybody may export and erase what is held about them; no policy can lower this floor",
                format!("`{floor}=#true`"),
            );
        }
    }
    let correct = reader.flag("correct", problems).unwrap_or(true);
    let within = reader.seconds("within", problems);
    if within.is_some_and(|seconds| seconds > MAX_WITHIN_SECONDS) {
        problems.add(
            reader.span_of("within"),
            format!("requests wait {}", length::words(within.unwrap_or(0))),
            "a request is answered within a month at the latest; no policy can lower this floor",
            r#"`within="30d"` or less"#,
        );
    }
    if let Some(text) = reader.text("for", problems)
        && text.value != "everyone"
    {
        problems.add(
            text.span,
            format!("rights are for `{}` alone", text.value),
            "the rights are everybody's; where somebody lives is not asked",
            "`for=everyone`",
        );
    }
    let rights = Rights {
        within_seconds: within.unwrap_or(MAX_WITHIN_SECONDS),
        correct,
    };
    once(&mut draft.rights, rights, reader, problems);
}

pub(crate) fn changes(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let effective = reader.word::<Effective>("effective", problems);
    if effective.is_none() && !reader.has("effective") {
        reader.missing("effective", "people must know when a change binds them", problems);
    }
    let notice_days = reader.days("notice", problems);
    let needs_notice = effective == Some(Effective::AfterNotice);
    if needs_notice && !reader.has("notice") {
        reader.missing(
            "notice",
            "a change after notice needs the length of the notice",
            problems,
        );
    }
    if effective == Some(Effective::OnPosting) && reader.has("notice") {
        problems.add(
            reader.span_of("notice"),
            "a change on posting with a notice before it",
            "one of the two cannot be true",
            "`changes effective=on-posting` or `changes effective=after-notice notice=\"14d\"`",
        );
    }
    let changes = Changes {
        effective: effective.unwrap_or(Effective::AfterNotice),
        notice_days: notice_days.unwrap_or(0),
        by: reader.word::<Telling>("by", problems),
    };
    once(&mut draft.changes, changes, reader, problems);
}

fn once<T>(slot: &mut Option<Heading<T>>, value: T, reader: &Reader<'_>, problems: &mut Problems) {
    let says: Says = reader.says(problems);
    let span: Span = reader.span();
    match slot {
        None => *slot = Some(Heading { value, span, says }),
        Some(first) => problems.add_pair(Problem {
            what: "this statement stands twice".to_owned(),
            span,
            why: "a policy makes it once; two could contradict each other".to_owned(),
            instead: format!("one of them: `{}`", reader.example()),
            also: Some((first.span, "first here".to_owned())),
        }),
    }
}

/// Reports the headings that a policy may not be without.
pub(crate) fn missing(draft: &Draft, policy: Span, problems: &mut Problems) {
    let headings = [
        (
            "controller",
            draft.controller.is_some(),
            "somebody must answer for the policy",
        ),
        (
            "surfaces",
            draft.surfaces.is_some(),
            "it must be said where the policy applies",
        ),
        ("audience", draft.audience.is_some(), "it must be said who may join"),
        (
            "rights",
            draft.rights.is_some(),
            "everybody has rights, and the page must say so",
        ),
        (
            "changes",
            draft.changes.is_some(),
            "people must know how the policy may change",
        ),
    ];
    for (name, there, why) in headings {
        if !there {
            let example = crate::shape::statement(name).map_or("", |shape| shape.example);
            problems.add(policy, format!("the policy has no `{name}`"), why, example);
        }
    }
}
