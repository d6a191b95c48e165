//! The policy in plain words: sections of items, from which the page and the terminal text are made.

use std::collections::BTreeSet;

use plan::{Collect, Cookie, FieldId, Language, Parts, Process, Promise, Recipient, RecipientClass, Surface};

use crate::compile::Compiled;
use crate::served;
use crate::tongue::{self, Mark, Part, Title, Tongue, capitalised};

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
    pub(crate) part: Part,
    pub(crate) heading: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) items: Vec<Item>,
}

/// What the page says, in its order.
pub(crate) fn sections(compiled: &Compiled, exercised: &BTreeSet<FieldId>, language: Language) -> Vec<Section> {
    let parts = compiled.plan().parts();
    let tongue = tongue::tongue(language);
    let all = [
        (Part::Never, never_items(parts, tongue)),
        (Part::Kept, collect_items(parts, exercised, tongue)),
        (
            Part::Memory,
            parts
                .processes
                .iter()
                .map(|process| process_item(process, tongue))
                .collect(),
        ),
        (Part::Others, outsider_items(parts, tongue)),
        (Part::Rights, rights_items(parts, tongue)),
        (Part::Apart, tension_items(compiled, language)),
        (
            Part::Notes,
            parts.notes.iter().map(|note| note_item(note, tongue)).collect(),
        ),
    ];
    let said = all.into_iter().filter(|(_, items)| !items.is_empty());
    said.map(|(part, items)| {
        let (heading, lead) = tongue.part(part);
        Section {
            part,
            heading,
            lead,
            items,
        }
    })
    .collect()
}

fn never_items(parts: &Parts, tongue: &dyn Tongue) -> Vec<Item> {
    let mut items: Vec<Item> = parts
        .promises
        .iter()
        .map(|promise| promise_item(promise, tongue))
        .collect();
    for refuse in &parts.refuses {
        let sentence = tongue.refused(&refuse.fields);
        items.push(Item::new(
            tongue.title(Title::NotAccepted),
            vec![sentence],
            &refuse.says,
        ));
    }
    for (never, says) in &parts.nevers {
        let sentence = tongue.never(*never).to_owned();
        items.push(Item::new(tongue.title(Title::NotDone), vec![sentence], says));
    }
    items
}

fn promise_item(promise: &Promise, tongue: &dyn Tongue) -> Item {
    let mut sentences = vec![tongue.promise_holds(promise.surface, &promise.never)];
    if !promise.except.is_empty() {
        let names: Vec<&str> = promise.except.iter().map(String::as_str).collect();
        sentences.push(tongue.promise_excepts(&names));
    }
    Item::new(tongue.promise_title(&promise.name), sentences, &promise.says)
}

fn collect_items(parts: &Parts, exercised: &BTreeSet<FieldId>, tongue: &dyn Tongue) -> Vec<Item> {
    let mut collects: Vec<&Collect> = parts.collects.iter().collect();
    collects.sort_by_key(|collect| collect.surfaces.iter().min().copied());
    collects
        .into_iter()
        .map(|collect| collect_item(parts, collect, exercised, tongue))
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

fn collect_item(parts: &Parts, collect: &Collect, exercised: &BTreeSet<FieldId>, tongue: &dyn Tongue) -> Item {
    let collected = is_collected(collect, exercised);
    let mut sentences = vec![tongue.where_met(collect)];
    sentences.extend(tongue.uses(collect));
    sentences.push(tongue.kept(collect.keep));
    sentences.extend(collect.grain.map(|grain| tongue.grain(grain).to_owned()));
    sentences.push(tongue.held_because(collect.basis).to_owned());
    sentences.push(tongue.goes_to(&who_gets(parts, collect)));
    if collect.fields.iter().any(|field| ACCESS_LOG.contains(field)) {
        sentences.push(tongue.access_log().to_owned());
    }
    if collected {
        sentences.extend(not_in_this_version(collect, exercised, tongue));
    }
    Item::new(capitalised(&tongue.fields(&collect.fields)), sentences, &collect.says)
        .marked(Mark::NotCollected, !collected)
        .marked(Mark::AddedBySoftware, served::is_needed_by_the_program(&collect.fields))
}

/// What the access log is made of. The program keeps its lines under a key of their day, apart from all accounts.
const ACCESS_LOG: [FieldId; 3] = [FieldId::AccessTime, FieldId::AccessIp, FieldId::AppVersion];

fn who_gets<'p>(parts: &'p Parts, collect: &Collect) -> Vec<&'p str> {
    let gets =
        |recipient: &&Recipient| recipient.enabled && recipient.gets.iter().any(|field| collect.fields.contains(field));
    let recipients = parts.recipients.iter().filter(gets);
    recipients.map(|recipient| recipient.name.as_str()).collect()
}

fn not_in_this_version(collect: &Collect, exercised: &BTreeSet<FieldId>, tongue: &dyn Tongue) -> Option<String> {
    let fields = collect.fields.iter().copied();
    let fields: Vec<FieldId> = fields.filter(|field| !exercised.contains(field)).collect();
    let purposes = collect.purposes.iter().map(|(purpose, _)| *purpose);
    let purposes: Vec<_> = purposes
        .filter(|purpose| !served::purpose_is_served(*purpose))
        .collect();
    let all_done = fields.is_empty() && purposes.is_empty();
    (!all_done).then(|| tongue.not_in_this_version(&fields, &purposes))
}

fn process_item(process: &Process, tongue: &dyn Tongue) -> Item {
    let sentences = vec![
        tongue.process(process.surface, &process.fields, &process.purposes, process.ttl_seconds),
        tongue.process_emits(&process.emit),
    ];
    let mut purposes = process.purposes.iter();
    let done = purposes.any(|purpose| served::purpose_is_served(*purpose));
    Item::new(title_of(&process.name), sentences, &process.says).marked(Mark::NotDone, !done)
}

/// A name of the policy as a title: `web-analytics` is `Web analytics`.
fn title_of(name: &str) -> String {
    capitalised(&name.replace('-', " "))
}

fn outsider_items(parts: &Parts, tongue: &dyn Tongue) -> Vec<Item> {
    let recipients = parts.recipients.iter();
    let mut items: Vec<Item> = recipients.map(|recipient| recipient_item(recipient, tongue)).collect();
    for release in &parts.releases {
        let sentence = tongue.release(&release.fields, &release.purposes, release.k);
        let title = tongue.release_title(&release.name);
        items.push(Item::new(title, vec![sentence], &release.says).marked(Mark::NotDone, true));
    }
    for disclose in &parts.discloses {
        let sentences = vec![tongue.disclose(disclose), tongue.told(disclose.tell_subject).to_owned()];
        let title = tongue.title(Title::Disclosure);
        items.push(Item::new(title, sentences, &disclose.says).marked(Mark::NotDone, true));
    }
    for source in &parts.sources {
        let sentence = tongue.source(&source.fields);
        let title = tongue.source_title(&source.name);
        items.push(Item::new(title, vec![sentence], &source.says).marked(Mark::NotDone, true));
    }
    for transfer in &parts.transfers {
        let mut sentences = vec![tongue.nodes(&transfer.nodes)];
        sentences.extend(transfer.processing.iter().map(|country| tongue.processing(country)));
        items.push(Item::new(tongue.title(Title::Countries), sentences, &transfer.says));
    }
    for handover in &parts.handovers {
        let sentence = tongue.handover(handover.notice_days);
        let title = tongue.title(Title::Handover);
        items.push(Item::new(title, vec![sentence], &handover.says).marked(Mark::NotDone, true));
    }
    items
}

fn recipient_item(recipient: &Recipient, tongue: &dyn Tongue) -> Item {
    let title = title_of(&recipient.name);
    if recipient.class == RecipientClass::Resolver {
        let sentence = tongue.resolver(&recipient.gets);
        return Item::new(title, vec![sentence], &recipient.says).marked(Mark::SwitchedOff, !recipient.enabled);
    }
    let mut sentences = vec![tongue.recipient(&title, recipient)];
    if !recipient.gets.is_empty() {
        sentences.push(tongue.recipient_gets(&recipient.gets, &recipient.purposes));
    }
    if recipient.cross_site {
        sentences.push(tongue.follows_people().to_owned());
    }
    sentences.push(tongue.handed(recipient.enabled).to_owned());
    Item::new(title, sentences, &recipient.says)
        .marked(Mark::SwitchedOff, !recipient.enabled)
        .marked(Mark::NotDone, recipient.enabled)
}

fn rights_items(parts: &Parts, tongue: &dyn Tongue) -> Vec<Item> {
    let says = |node: &str| {
        let mut headings = parts.heading_says.iter();
        headings
            .find(|(name, _)| *name == node)
            .map_or(&[][..], |(_, says)| says.as_slice())
    };
    let item = |title, sentence: String, says: &[String]| Item::new(tongue.title(title), vec![sentence], says);
    let floor = [
        (Title::Export, tongue.export()),
        (Title::Erase, tongue.erase()),
        (Title::Floor, tongue.floor()),
    ];
    let mut items: Vec<Item> = floor
        .into_iter()
        .map(|(title, sentence)| item(title, sentence.to_owned(), &[]).marked(Mark::AddedBySoftware, true))
        .collect();
    if parts.rights.correct {
        items.push(item(Title::Correct, tongue.correct().to_owned(), says("rights")));
    }
    let surfaces: Vec<Surface> = parts.surfaces.iter().copied().collect();
    items.extend([
        item(
            Title::Ask,
            tongue.ask(&parts.controller.contact, parts.rights),
            says("controller"),
        ),
        item(
            Title::Audience,
            tongue.audience(parts.audience.min_age),
            says("audience"),
        ),
        item(Title::Changes, tongue.changes(parts.changes), says("changes")),
        item(Title::Scope, tongue.scope(&surfaces), says("surfaces")),
    ]);
    items
}

fn tension_items(compiled: &Compiled, language: Language) -> Vec<Item> {
    let tensions = compiled.tensions_in(language);
    let item = |tension: &crate::Tension| Item::new(tension.code, tongue::tongue(language).apart(tension), &[]);
    tensions.iter().map(item).collect()
}

fn note_item(note: &plan::Note, tongue: &dyn Tongue) -> Item {
    let item = Item::new(tongue.title(Title::Note), vec![note.text.clone()], &note.says);
    item.marked(Mark::OperatorsWords, true)
}

/// One row of the cookie table: name, where, what for, how long, whether this version sets it.
pub(crate) fn cookie_row(cookie: &Cookie, tongue: &dyn Tongue) -> [String; 5] {
    [
        cookie.name.clone(),
        tongue.cookie_where(cookie.surface).to_owned(),
        tongue.cookie_purposes(&cookie.purposes),
        tongue.cookie_life(cookie.life).to_owned(),
        tongue.cookie_set(served::cookie_is_served(&cookie.name)).to_owned(),
    ]
}
