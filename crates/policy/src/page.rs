//! The policy in plain English: sections of items, from which the page, the label and the terminal text are made.

use std::collections::BTreeSet;

use plan::{Collect, Cookie, Effective, FieldId, Parts, Process, Promise, Recipient, RecipientClass, Surface};

use crate::compile::Compiled;
use crate::english::{self, capitalised};
use crate::length;
use crate::served;

/// Something that the reader must know about an item beside what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// The policy lets it be collected, and this version does not.
    NotCollected,
    /// The policy lets it be done, and this version does not.
    NotDone,
    /// Not the operator's wish: the program puts it there.
    AddedBySoftware,
    /// Prose that no code makes true.
    OperatorsWords,
    /// Switched off by the operator.
    SwitchedOff,
}

impl Mark {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NotCollected => "declared, not collected by this version",
            Self::NotDone => "declared, not done by this version",
            Self::AddedBySoftware => "added by the software",
            Self::OperatorsWords => "operator's words, not enforced",
            Self::SwitchedOff => "switched off",
        }
    }
}

/// One statement in words.
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) sentences: Vec<String>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) clauses: Vec<String>,
}

impl Item {
    fn new(title: impl Into<String>, sentences: Vec<String>, clauses: &[String]) -> Self {
        Self {
            title: title.into(),
            sentences,
            marks: Vec::new(),
            clauses: clauses.to_vec(),
        }
    }

    fn marked(mut self, mark: Mark, when: bool) -> Self {
        if when {
            self.marks.push(mark);
        }
        self
    }
}

/// A part of the page.
pub(crate) struct Section {
    /// Anchor.
    pub(crate) id: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) items: Vec<Item>,
}

/// What the page says, in its order.
pub(crate) fn sections(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> Vec<Section> {
    let parts = compiled.plan().parts();
    let all = [
        Section {
            id: "never",
            heading: "What is never kept",
            lead: "The program has nowhere to put these.",
            items: never_items(parts),
        },
        Section {
            id: "kept",
            heading: "What is kept",
            lead: "Nothing else about you is stored, and everything here ends by itself.",
            items: collect_items(parts, exercised),
        },
        Section {
            id: "memory",
            heading: "What is looked at and forgotten",
            lead: "This happens in memory; none of it is written down.",
            items: parts.processes.iter().map(process_item).collect(),
        },
        Section {
            id: "others",
            heading: "Who else gets something",
            lead: "Everybody outside the operator who gets, or could get, anything.",
            items: outsider_items(parts),
        },
        Section {
            id: "rights",
            heading: "Your rights",
            lead: "These are the same for everybody, wherever you live.",
            items: rights_items(parts),
        },
        Section {
            id: "apart",
            heading: "Statements that pull apart",
            lead: "Where two statements of this policy pull apart, the program has to do one thing.",
            items: compiled.tensions().iter().map(tension_item).collect(),
        },
        Section {
            id: "notes",
            heading: "In the operator's own words",
            lead: "No code makes these true.",
            items: parts.notes.iter().map(note_item).collect(),
        },
    ];
    all.into_iter().filter(|section| !section.items.is_empty()).collect()
}

fn never_items(parts: &Parts) -> Vec<Item> {
    let mut items: Vec<Item> = parts.promises.iter().map(promise_item).collect();
    for refuse in &parts.refuses {
        let sentence = format!(
            "The program does not even accept {}: no form has a place for it, and a request that brings it is refused.",
            english::fields(&refuse.fields)
        );
        items.push(Item::new("Not accepted", vec![sentence], &refuse.says));
    }
    for (never, says) in &parts.nevers {
        let sentence = match never {
            plan::Never::Sell => "Your personal data is never sold, traded or rented out.",
            plan::Never::Profile => "No profile of you is made for advertising.",
        };
        items.push(Item::new("Not done", vec![sentence.to_owned()], says));
    }
    items
}

fn promise_item(promise: &Promise) -> Item {
    let mut sentences = vec![format!(
        "On {}, these are never written down, and go nowhere but the way you send them: {}.",
        promise.surface.words(),
        english::fields(&promise.never)
    )];
    if !promise.except.is_empty() {
        sentences.push(format!(
            "The only exceptions are the statements named {}, each with its own bounds, for one account at a time and \
             never for the past.",
            english::list(&promise.except)
        ));
    }
    Item::new(format!("Promise: {}", promise.name), sentences, &promise.says)
}

fn collect_items(parts: &Parts, exercised: &BTreeSet<FieldId>) -> Vec<Item> {
    let mut collects: Vec<&Collect> = parts.collects.iter().collect();
    collects.sort_by_key(|collect| collect.surfaces.iter().min().copied());
    collects
        .into_iter()
        .map(|collect| collect_item(parts, collect, exercised))
        .collect()
}

/// Whether this version of the program does what a `collect` declares.
pub(crate) fn is_collected(collect: &Collect, exercised: &BTreeSet<FieldId>) -> bool {
    let any_field = collect.fields.iter().any(|field| exercised.contains(field));
    let any_purpose = collect
        .purposes
        .iter()
        .any(|(purpose, _)| served::purpose_is_served(*purpose));
    collect.capability.is_none() && any_field && any_purpose
}

fn collect_item(parts: &Parts, collect: &Collect, exercised: &BTreeSet<FieldId>) -> Item {
    let collected = is_collected(collect, exercised);
    let mut sentences = vec![where_met(collect)];
    sentences.extend(english::uses(collect));
    sentences.push(format!("Kept {}.", english::keep(collect.keep)));
    if let Some(grain) = collect.grain {
        sentences.push(match grain {
            plan::Grain::AccountDay => "One figure for each account and day; nothing finer.".to_owned(),
        });
    }
    sentences.push(format!("It is held {}.", english::basis(collect.basis)));
    sentences.push(who_gets(parts, collect));
    if collect.fields.iter().any(|field| ACCESS_LOG.contains(field)) {
        sentences.push(
            "It is linked to no account; whoever comes from the same address sees it there and can delete it."
                .to_owned(),
        );
    }
    if collected {
        sentences.extend(not_in_this_version(collect, exercised));
    }
    Item::new(capitalised(&english::fields(&collect.fields)), sentences, &collect.says)
        .marked(Mark::NotCollected, !collected)
        .marked(Mark::AddedBySoftware, served::is_needed_by_the_program(&collect.fields))
}

/// What the access log is made of. The program keeps its lines under a key of their day, apart from all accounts.
const ACCESS_LOG: [FieldId; 3] = [FieldId::AccessTime, FieldId::AccessIp, FieldId::AppVersion];

fn where_met(collect: &Collect) -> String {
    let surfaces: Vec<&str> = collect.surfaces.iter().map(|surface| surface.words()).collect();
    let moment = match (collect.capability.as_deref(), collect.when.as_deref()) {
        (Some("debug-capture"), _) => ", only while a fault of yours is searched for and you know of it",
        (Some(_), _) => ", only after a lawful order for one account, from then on",
        (None, Some("order")) => ", only when you order something",
        (None, Some(_)) => ", only when you ask for help",
        (None, None) if collect.required => ", and needed: there is no account without it",
        (None, None) => "",
    };
    format!("Met on {}{moment}.", english::list(&surfaces))
}

fn who_gets(parts: &Parts, collect: &Collect) -> String {
    let gets =
        |recipient: &&Recipient| recipient.enabled && recipient.gets.iter().any(|field| collect.fields.contains(field));
    let names: Vec<&str> = parts
        .recipients
        .iter()
        .filter(gets)
        .map(|recipient| recipient.name.as_str())
        .collect();
    match names.is_empty() {
        true => "No outsider gets it.".to_owned(),
        false => format!("It goes to {} as well; see below.", english::list(&names)),
    }
}

fn not_in_this_version(collect: &Collect, exercised: &BTreeSet<FieldId>) -> Option<String> {
    let fields: Vec<FieldId> = collect
        .fields
        .iter()
        .copied()
        .filter(|field| !exercised.contains(field))
        .collect();
    let purposes = collect.purposes.iter().map(|(purpose, _)| *purpose);
    let purposes: Vec<_> = purposes
        .filter(|purpose| !served::purpose_is_served(*purpose))
        .collect();
    let mut left_out = Vec::new();
    if !fields.is_empty() {
        left_out.push(format!("collect {}", english::fields(&fields)));
    }
    if !purposes.is_empty() {
        left_out.push(format!("use it to {}", english::purposes(&purposes)));
    }
    (!left_out.is_empty()).then(|| {
        format!(
            "This version of the program does not {}.",
            left_out.join(" and does not ")
        )
    })
}

fn process_item(process: &Process) -> Item {
    let mut sentences = vec![format!(
        "On {}, the program looks at {} in order to {}. It forgets within {}.",
        process.surface.words(),
        english::fields(&process.fields),
        english::purposes(&process.purposes),
        length::words(process.ttl_seconds)
    )];
    sentences.push(match process.emit.is_empty() {
        true => "Nothing comes out of it.".to_owned(),
        false => format!("What comes out of it is a count: {}.", english::fields(&process.emit)),
    });
    let done = process
        .purposes
        .iter()
        .any(|purpose| served::purpose_is_served(*purpose));
    Item::new(capitalised(&process.name.replace('-', " ")), sentences, &process.says).marked(Mark::NotDone, !done)
}

fn outsider_items(parts: &Parts) -> Vec<Item> {
    let mut items: Vec<Item> = parts.recipients.iter().map(recipient_item).collect();
    for release in &parts.releases {
        let sentence = format!(
            "Figures counted from {} may be published or passed on in order to {}. A figure leaves only when at least \
             {} people are behind it.",
            english::fields(&release.fields),
            english::purposes(&release.purposes),
            release.k
        );
        let title = format!("Figures: {}", release.name);
        items.push(Item::new(title, vec![sentence], &release.says).marked(Mark::NotDone, true));
    }
    for disclose in &parts.discloses {
        items.push(disclose_item(disclose));
    }
    for source in &parts.sources {
        let sentence = format!(
            "{} may come from there as well.",
            capitalised(&english::fields(&source.fields))
        );
        let title = format!("Other source: {}", source.name.replace('-', " "));
        items.push(Item::new(title, vec![sentence], &source.says).marked(Mark::NotDone, true));
    }
    for transfer in &parts.transfers {
        let mut sentences = vec![format!(
            "Machines that carry traffic may stand in: {}.",
            transfer.nodes.join(", ")
        )];
        let processing = transfer.processing.iter();
        sentences.extend(processing.map(|country| format!("Accounts are kept in: {country}.")));
        items.push(Item::new("Countries", sentences, &transfer.says));
    }
    for handover in &parts.handovers {
        let sentence = format!(
            "If the business changes hands, you are told {} days before, and can take your data and erase it first.",
            handover.notice_days
        );
        items.push(Item::new("Handover", vec![sentence], &handover.says).marked(Mark::NotDone, true));
    }
    items
}

fn recipient_item(recipient: &Recipient) -> Item {
    let title = capitalised(&recipient.name.replace('-', " "));
    if recipient.class == RecipientClass::Resolver {
        let sentence = format!(
            "The name server that your device asks, through the tunnel, for {}. Your device sends this itself, as it \
             sends all its traffic; the program keeps none of it.",
            english::fields(&recipient.gets)
        );
        return Item::new(title, vec![sentence], &recipient.says).marked(Mark::SwitchedOff, !recipient.enabled);
    }
    let kind = match recipient.class {
        RecipientClass::Processor => "works on the operator’s behalf and is bound by an agreement",
        RecipientClass::ThirdParty => "decides for itself what it does with what it gets; read its own policy",
        RecipientClass::Partner => "is a business that the operator advertises with",
        RecipientClass::Resolver => "answers for names",
    };
    let country = recipient
        .country
        .as_deref()
        .map_or(String::new(), |country| format!(", in {country}"));
    let mut sentences = vec![format!("{title}{country}: it {kind}.")];
    if !recipient.gets.is_empty() {
        let (gets, purposes) = (english::fields(&recipient.gets), english::purposes(&recipient.purposes));
        sentences.push(format!("It would get {gets} in order to {purposes}."));
    }
    if recipient.cross_site {
        sentences.push("It follows people across other sites.".to_owned());
    }
    sentences.push(match recipient.enabled {
        true => "This version of the program has no way to hand anything to it.".to_owned(),
        false => "It gets nothing.".to_owned(),
    });
    Item::new(title, sentences, &recipient.says)
        .marked(Mark::SwitchedOff, !recipient.enabled)
        .marked(Mark::NotDone, recipient.enabled)
}

fn disclose_item(disclose: &plan::Disclose) -> Item {
    let grounds: Vec<&str> = disclose.grounds.iter().map(|ground| ground_words(ground)).collect();
    let mut sentences = vec![format!(
        "Data may be disclosed in order to {}, when {} of the staff agree. What is not kept cannot be disclosed.",
        english::list(&grounds),
        disclose.approvals
    )];
    sentences.push(match disclose.tell_subject {
        true => "You are told, unless the law forbids it.".to_owned(),
        false => "You may not be told.".to_owned(),
    });
    Item::new("Disclosure", sentences, &disclose.says).marked(Mark::NotDone, true)
}

fn ground_words(ground: &str) -> &str {
    match ground {
        "legal-order" => "obey a lawful order",
        "enforce-terms" => "enforce the terms of the service",
        "protect-safety" => "protect somebody’s rights, property or safety",
        other => other,
    }
}

fn rights_items(parts: &Parts) -> Vec<Item> {
    let says = |node: &str| {
        let mut headings = parts.heading_says.iter();
        headings
            .find(|(name, _)| *name == node)
            .map_or(&[][..], |(_, says)| says.as_slice())
    };
    let within = length::words(parts.rights.within_seconds);
    let mut items = vec![
        Item::new(
            "Take your data with you",
            vec!["You can export everything that is held under your account.".into()],
            &[],
        )
        .marked(Mark::AddedBySoftware, true),
        Item::new(
            "Have it erased",
            vec!["You can erase your account and everything that is held under it.".into()],
            &[],
        )
        .marked(Mark::AddedBySoftware, true),
        Item::new(
            "Every keep has an end; card numbers and card codes are never stored",
            vec!["A policy that says otherwise does not start this program.".into()],
            &[],
        )
        .marked(Mark::AddedBySoftware, true),
    ];
    if parts.rights.correct {
        let sentence = "What is wrong about you is put right.".to_owned();
        items.push(Item::new("Correct it", vec![sentence], says("rights")));
    }
    items.push(Item::new(
        "Ask",
        vec![format!(
            "Write to {}. You are answered within {within} at the latest.",
            parts.controller.contact
        )],
        says("controller"),
    ));
    let audience = match parts.audience.min_age {
        Some(age) => format!("You must be {age} or older to join."),
        None => "Everybody may join.".to_owned(),
    };
    items.push(Item::new("Who may join", vec![audience], says("audience")));
    let changes = match parts.changes.effective {
        Effective::OnPosting => {
            "A new version binds new data when it is posted here. What is already held keeps the rule it was collected \
             under. The date at the top tells you when the policy last changed."
                .to_owned()
        }
        Effective::AfterNotice => format!(
            "A new version takes effect {} days after you are told of it. The date at the top tells you when the \
             policy last changed.",
            parts.changes.notice_days
        ),
    };
    items.push(Item::new("Changes of this policy", vec![changes], says("changes")));
    let surfaces: Vec<&str> = parts.surfaces.iter().map(|surface: &Surface| surface.words()).collect();
    let sentence = format!("This policy is about {}.", english::list(&surfaces));
    items.push(Item::new("Where it applies", vec![sentence], says("surfaces")));
    items
}

fn tension_item(tension: &crate::Tension) -> Item {
    let sentences = vec![
        format!("One: {}.", tension.one),
        format!("The other: {}.", tension.other),
        format!(
            "These two statements pull apart; the program does this: {}",
            tension.does
        ),
    ];
    Item::new(tension.code, sentences, &[])
}

fn note_item(note: &plan::Note) -> Item {
    Item::new("Note", vec![note.text.clone()], &note.says).marked(Mark::OperatorsWords, true)
}

/// One row of the cookie table: name, where, what for, how long, whether this version sets it.
pub(crate) fn cookie_row(cookie: &Cookie) -> [String; 5] {
    let life = match cookie.life {
        plan::CookieLife::Session => "until you close the browser",
    };
    let set = match served::cookie_is_served(&cookie.name) {
        true => "yes",
        false => "no: declared, not set by this version",
    };
    [
        cookie.name.clone(),
        cookie.surface.words().to_owned(),
        capitalised(&english::purposes(&cookie.purposes)),
        life.to_owned(),
        set.to_owned(),
    ]
}

/// The heads of the cookie table's columns.
pub(crate) const COOKIE_COLUMNS: [&str; 5] = ["Name", "Where", "What for", "How long", "Set"];
