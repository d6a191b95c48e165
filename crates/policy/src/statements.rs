//! Reading the statements of which a policy may have many.

use plan::{
    Aggregate, Basis, Choice, Collect, Cookie, CookieLife, Disclose, FieldClass, FieldId, Grain, Handover, Keep, Never,
    Note, Process, Promise, PurposeId, Recipient, RecipientClass, Refuse, Source, Surface, Transfer, Until, Upkeep,
};

use crate::country;
use crate::draft::{Draft, Placed};
use crate::length;
use crate::problem::{Problems, Span};
use crate::read::{Reader, find};
use crate::word::{Capability, CookieName, Ground, Moment, Word};

/// The least number of people behind a figure that leaves. Sesame's example uses 10 (SOSP 2024); twice that, chosen.
const MIN_K: i128 = 20;
/// Work in memory forgets within an hour; what is needed for longer is kept, and says so.
const MAX_TTL_SECONDS: i64 = 3_600;
/// How many of the staff can be asked to agree.
const MAX_APPROVALS: i128 = 9;

pub(crate) fn promise(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let (surface, surface_span) = one_surface(reader, problems);
    let never = reader.listed::<FieldId>("never", Some("a promise says what is never kept"), problems);
    let except = reader.parts("except", problems);
    let except = except.iter().flat_map(Reader::arguments);
    let except = except.map(|text| find::<Capability>(text, problems).map(Word::written));
    let except: Vec<String> = except.flatten().map(str::to_owned).collect();
    let value = Promise {
        name: argument(reader),
        surface,
        never: only(&never),
        except,
        says: reader.says(problems),
    };
    draft.promises.push(placed(reader, value, never, surface_span));
}

pub(crate) fn collect(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let fields = reader.words::<FieldId>(problems);
    let surfaces = reader.spaced_words::<Surface>("surface", problems);
    if !reader.has("surface") {
        reader.missing("surface", "it must be said where the datum is met", problems);
    }
    let basis = reader.listed::<Basis>("basis", None, problems);
    let grain = reader.word::<Grain>("grain", problems);
    if let (Some(_), Some((field, span))) = (grain, fields.iter().find(|(field, _)| !counted(*field))) {
        problems.add(
            *span,
            format!("`{}` is not a count", field.key()),
            "a grain says how finely something is counted",
            "the same statement without `grain`",
        );
    }
    let value = Collect {
        fields: only(&fields),
        surfaces: only(&surfaces),
        purposes: purposes_with_choice(reader, problems),
        basis: basis.first().map_or(Basis::Contract, |(basis, _)| *basis),
        keep: keep(reader, problems),
        grain,
        required: reader.flag("required", problems).unwrap_or(false),
        when: reader
            .word::<Moment>("when", problems)
            .map(|moment| moment.written().to_owned()),
        capability: reader
            .word::<Capability>("capability", problems)
            .map(|capability| capability.written().to_owned()),
        says: reader.says(problems),
    };
    draft
        .collects
        .push(placed(reader, value, fields, reader.span_of("surface")));
}

fn counted(field: FieldId) -> bool {
    field.class() == FieldClass::Usage
}

/// Mails that nobody needs: a person can always say no to them.
const ASKED: [PurposeId; 3] = [PurposeId::Feedback, PurposeId::Promotion, PurposeId::ProductNews];

fn purposes_with_choice(reader: &Reader<'_>, problems: &mut Problems) -> Vec<(PurposeId, Choice)> {
    let parts = reader.parts("for", problems);
    if parts.is_empty() {
        reader.missing("for", "a datum without a purpose has no reason to be held", problems);
    }
    let mut purposes: Vec<(PurposeId, Choice)> = Vec::new();
    for part in parts {
        let choice = part.word::<Choice>("choice", problems).unwrap_or(Choice::None);
        for (purpose, span) in part.words::<PurposeId>(problems) {
            if purposes.iter().any(|(known, _)| *known == purpose) {
                problems.add(
                    span,
                    format!("`{}` stands in two `for` parts", purpose.key()),
                    "the two could give the person a say and deny it",
                    "the purpose once",
                );
                continue;
            }
            if choice == Choice::None && ASKED.contains(&purpose) {
                problems.add(
                    span,
                    format!("`{}` gives the person no say", purpose.key()),
                    "everybody can say no to such mail; no policy can lower this floor",
                    format!("`for {} choice=opt-in` or `choice=opt-out`", purpose.key()),
                );
            }
            purposes.push((purpose, choice));
        }
    }
    purposes
}

/// What stands in when a keep is wrong; nothing is compiled then.
const NO_KEEP: Keep = Keep {
    seconds: None,
    until: None,
    plus: None,
};

fn keep(reader: &Reader<'_>, problems: &mut Problems) -> Keep {
    const INSTEAD: &str = r#"`"14d"`, or an event: `until=account.closed`, `until=deleted max="365d"`"#;
    let parts = reader.parts("keep", problems);
    let Some(part) = parts.first() else {
        reader.missing("keep", "a datum without an end would stay for ever", problems);
        return NO_KEEP;
    };
    let length = part.argument();
    let seconds = length.and_then(|text| {
        let meant = length::meant(text.value).map(|meant| format!(r#"`"{meant}"`"#));
        let instead = meant.as_deref().unwrap_or(INSTEAD);
        part.measured(text, length::parse(text.value), instead, problems)
    });
    let until = part.word::<Until>("until", problems);
    let max = part.seconds("max", problems);
    if !part.has_argument() && !part.has("until") {
        let why = "a datum without an end would stay for ever";
        let instead = r#"`keep "14d"`, `keep until=account.closed` or `keep until=deleted max="365d"`"#;
        problems.add(part.span(), "`keep` has no end", why, instead);
    }
    if let Some(text) = length
        && (part.has("until") || part.has("max"))
    {
        problems.add(
            text.span,
            "a length stands beside an event or a `max`",
            "a keep is a length, or an event with the longest wait for it",
            format!("`keep until=account.closed max=\"{}\"`", text.value),
        );
    }
    let open_ended = matches!(until, Some(Until::TicketResolved | Until::Deleted));
    if let (true, false, Some(until)) = (open_ended, part.has("max"), until) {
        problems.add(
            part.span_of("until"),
            format!("`{}` may never happen", until.key()),
            "nobody is made to do it, so the keep could have no end",
            format!("`until={} max=\"180d\"`", until.key()),
        );
    }
    Keep {
        seconds: seconds.or(max),
        until,
        plus: upkeep(part, problems),
    }
}

fn upkeep(part: &Reader<'_>, problems: &mut Problems) -> Option<Upkeep> {
    let text = part.text("plus", problems)?;
    if !part.has("until") {
        let why = "a length alone can simply be longer";
        let span = part.span_of("plus");
        problems.add(
            span,
            "`plus` without an event",
            why,
            r#"`keep until=account.closed plus="30d"`"#,
        );
    }
    if text.value == "tax-law" {
        return Some(Upkeep::TaxLaw);
    }
    let instead = r#"`plus="30d"` or `plus=tax-law`"#;
    let seconds = part.measured(text, length::parse(text.value), instead, problems)?;
    Some(Upkeep::Seconds(seconds))
}

pub(crate) fn process(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let (surface, surface_span) = one_surface(reader, problems);
    let mut fields = reader.listed::<FieldId>("fields", Some("it must be said what the work looks at"), problems);
    let purposes = purposes(reader, problems);
    let emit = reader.listed::<FieldId>("emit", None, problems);
    let ttl = reader.seconds("ttl", problems);
    match ttl {
        None if !reader.has("ttl") => {
            reader.missing("ttl", "work in memory forgets, and it must be said how soon", problems);
        }
        Some(seconds) if seconds > MAX_TTL_SECONDS => problems.add(
            reader.span_of("ttl"),
            format!("memory holds it for {}", length::words(seconds)),
            "what is remembered for more than an hour is kept",
            r#"`ttl="60m"` or less, or a `collect`"#,
        ),
        Some(_) | None => {}
    }
    let value = Process {
        name: argument(reader),
        surface,
        fields: only(&fields),
        purposes,
        ttl_seconds: ttl.unwrap_or(0),
        emit: only(&emit),
        says: reader.says(problems),
    };
    fields.extend(emit);
    draft.processes.push(placed(reader, value, fields, surface_span));
}

pub(crate) fn refuse(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let fields = reader.words::<FieldId>(problems);
    let value = Refuse {
        fields: only(&fields),
        says: reader.says(problems),
    };
    draft.refuses.push(placed(reader, value, fields, reader.span()));
}

pub(crate) fn cookie(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let name = reader.argument().and_then(|text| find::<CookieName>(text, problems));
    let (surface, surface_span) = one_surface(reader, problems);
    if reader.has("surface") && !matches!(surface, Surface::Site | Surface::Account) {
        problems.add(
            surface_span,
            format!("a cookie on `{}`", surface.key()),
            "only a browser holds cookies, and only the site and the account speak with browsers",
            "`surface=site` or `surface=account`",
        );
    }
    let life = reader.word::<CookieLife>("life", problems);
    if !reader.has("life") {
        reader.missing("life", "it must be said how long the cookie lives", problems);
    }
    let value = Cookie {
        name: name.map_or("", Word::written).to_owned(),
        surface,
        life: life.unwrap_or(CookieLife::Session),
        purposes: purposes(reader, problems),
        says: reader.says(problems),
    };
    draft.cookies.push(placed(reader, value, Vec::new(), surface_span));
}

pub(crate) fn recipient(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let class = reader.word::<RecipientClass>("class", problems);
    if !reader.has("class") {
        reader.missing("class", "people must know what kind of outsider it is", problems);
    }
    let gets = reader.listed::<FieldId>("gets", None, problems);
    let purposes = match gets.is_empty() && reader.parts("for", problems).is_empty() {
        true => Vec::new(),
        false => purposes(reader, problems),
    };
    let country = reader
        .text("country", problems)
        .and_then(|text| country::code(text, problems));
    let agreement = reader.text("agreement", problems).map(|text| text.value.to_owned());
    let value = Recipient {
        name: argument(reader),
        class: class.unwrap_or(RecipientClass::ThirdParty),
        country,
        agreement,
        enabled: reader.flag("enabled", problems).unwrap_or(true),
        cross_site: reader.flag("cross-site", problems).unwrap_or(false),
        gets: only(&gets),
        purposes,
        says: reader.says(problems),
    };
    draft
        .recipients
        .push(placed(reader, value, gets, reader.span_of("class")));
}

pub(crate) fn disclose(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let grounds = reader.words::<Ground>(problems);
    let approvals = reader.number("approvals", 2, MAX_APPROVALS, problems);
    if !reader.has("approvals") {
        reader.missing(
            "approvals",
            "at least two of the staff must agree before anything is disclosed",
            problems,
        );
    }
    let value = Disclose {
        grounds: grounds.iter().map(|(ground, _)| ground.written().to_owned()).collect(),
        approvals: approvals.and_then(|count| u8::try_from(count).ok()).unwrap_or(2),
        tell_subject: reader.flag("tell-subject", problems).unwrap_or(true),
        says: reader.says(problems),
    };
    draft.discloses.push(placed(reader, value, Vec::new(), reader.span()));
}

pub(crate) fn release(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let from = reader.listed::<FieldId>(
        "from",
        Some("it must be said what the figures are counted from"),
        problems,
    );
    let k = reader.number("k", MIN_K, i128::from(u32::MAX), problems);
    if !reader.has("k") {
        reader.missing("k", "a figure about few people is a figure about one of them", problems);
    }
    let value = Aggregate {
        name: argument(reader),
        k: k.and_then(|k| u32::try_from(k).ok()).unwrap_or(u32::MAX),
        fields: only(&from),
        purposes: purposes(reader, problems),
        says: reader.says(problems),
    };
    draft.releases.push(placed(reader, value, from, reader.span()));
}

pub(crate) fn never(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let says = reader.says(problems);
    for (never, span) in reader.words::<Never>(problems) {
        draft.nevers.push(Placed {
            value: (never, says.clone()),
            span,
            fields: Vec::new(),
            surface: span,
        });
    }
}

pub(crate) fn source(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let fields = reader.listed::<FieldId>("fields", Some("it must be said what comes from there"), problems);
    let value = Source {
        name: argument(reader),
        fields: only(&fields),
        says: reader.says(problems),
    };
    draft.sources.push(placed(reader, value, fields, reader.span()));
}

pub(crate) fn transfer(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let nodes = reader.text("nodes", problems);
    if nodes.is_none() && !reader.has("nodes") {
        reader.missing(
            "nodes",
            "people must know through which countries their traffic goes",
            problems,
        );
    }
    let processing = reader.text("processing", problems);
    let value = Transfer {
        nodes: nodes.map_or(Vec::new(), |text| country::codes(text, problems)),
        processing: processing.and_then(|text| country::code(text, problems)),
        says: reader.says(problems),
    };
    draft.transfers.push(placed(reader, value, Vec::new(), reader.span()));
}

pub(crate) fn handover(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let notice_days = reader.days("notice", problems);
    if !reader.has("notice") {
        reader.missing(
            "notice",
            "people must have time to leave before their data changes hands",
            problems,
        );
    }
    let value = Handover {
        notice_days: notice_days.unwrap_or(0),
        says: reader.says(problems),
    };
    draft.handovers.push(placed(reader, value, Vec::new(), reader.span()));
}

pub(crate) fn note(reader: &Reader<'_>, draft: &mut Draft, problems: &mut Problems) {
    let value = Note {
        text: argument(reader),
        says: reader.says(problems),
    };
    draft.notes.push(placed(reader, value, Vec::new(), reader.span()));
}

fn argument(reader: &Reader<'_>) -> String {
    reader.argument().map_or("", |text| text.value).to_owned()
}

fn purposes(reader: &Reader<'_>, problems: &mut Problems) -> Vec<PurposeId> {
    only(&reader.listed::<PurposeId>("for", Some("it must be said what for"), problems))
}

fn one_surface(reader: &Reader<'_>, problems: &mut Problems) -> (Surface, Span) {
    if !reader.has("surface") {
        reader.missing("surface", "it must be said where", problems);
    }
    let surface = reader.word::<Surface>("surface", problems);
    (surface.unwrap_or(Surface::Site), reader.span_of("surface"))
}

fn only<W: Copy>(words: &[(W, Span)]) -> Vec<W> {
    words.iter().map(|(word, _)| *word).collect()
}

fn placed<T>(reader: &Reader<'_>, value: T, fields: Vec<(FieldId, Span)>, surface: Span) -> Placed<T> {
    Placed {
        value,
        span: reader.span(),
        fields,
        surface,
    }
}
