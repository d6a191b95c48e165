//! The languages that pages are written in. The tuples of a plan are the same in each; only the sentences differ.
//!
//! A sentence is a method of one of the traits below, and every language implements all of them: a sentence that is
//! missing in one language does not compile. What the operator wrote (names, notes) is quoted as it stands.

mod english;
mod german;

use std::collections::BTreeSet;

use plan::{
    Basis, Changes, Collect, CookieLife, Disclose, FieldId, Grain, Keep, Language, Never, PurposeId, Recipient, Rights,
    Surface,
};

use crate::difference::{Bound, Change, Datum, Named, Outsider, Rule, Verdict, What};
pub(crate) use english::{English, capitalised};
pub(crate) use german::German;

/// Where something happens, in the words of a page: `on the VPN tunnel`, `im VPN-Tunnel`.
pub fn place_words(surface: Surface, language: Language) -> &'static str {
    tongue(language).on(surface)
}

/// How long something is kept, in the words of a page: `for 14 days`, `until you close your account`.
pub fn keep_words(keep: Keep, language: Language) -> String {
    tongue(language).keep(keep)
}

/// A length of time in the words of a page: `14 days`.
pub fn length_words(seconds: i64, language: Language) -> String {
    tongue(language).length(seconds)
}

/// `a`, `a and b`, `a, b and c`.
pub fn list_words<T: AsRef<str>>(items: &[T], language: Language) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    list(&items, tongue(language).and())
}

/// What speaks a language.
pub(crate) const fn tongue(language: Language) -> &'static dyn Tongue {
    match language {
        Language::English => &English,
        Language::German => &German,
    }
}

/// Everything that a language says.
pub(crate) trait Tongue: Vocabulary + PageWords + Frame + Tensions + Differences {}
impl<T: Vocabulary + PageWords + Frame + Tensions + Differences> Tongue for T {}

/// The words of the catalogues.
pub(crate) trait Vocabulary: Sync {
    fn language(&self) -> Language;
    /// Continues `this policy is about`.
    fn surface(&self, surface: Surface) -> &'static str;
    /// Where something happens.
    fn on(&self, surface: Surface) -> &'static str;
    fn and(&self) -> &'static str;
    fn length(&self, seconds: i64) -> String;
    fn keep(&self, keep: Keep) -> String;

    fn fields(&self, fields: &[FieldId]) -> String {
        let words: Vec<&str> = fields.iter().map(|field| field.words_in(self.language())).collect();
        list(&words, self.and())
    }
    fn purposes(&self, purposes: &[PurposeId]) -> String {
        let words: Vec<&str> = purposes
            .iter()
            .map(|purpose| purpose.words_in(self.language()))
            .collect();
        list(&words, self.and())
    }
    fn surfaces(&self, surfaces: &[Surface]) -> String {
        let words: Vec<&str> = surfaces.iter().map(|surface| self.surface(*surface)).collect();
        list(&words, self.and())
    }
    fn names(&self, names: &[&str]) -> String {
        list(names, self.and())
    }
}

/// A heading and the sentence below it.
pub(crate) type Heading = (&'static str, &'static str);

/// The sections of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Never,
    Kept,
    Memory,
    Others,
    Rights,
    Apart,
    Notes,
}

impl Part {
    /// Its anchor on the page, the same in every language.
    pub(crate) const fn anchor(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Kept => "kept",
            Self::Memory => "memory",
            Self::Others => "others",
            Self::Rights => "rights",
            Self::Apart => "apart",
            Self::Notes => "notes",
        }
    }
}

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

/// Titles that do not come from the policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Title {
    NotAccepted,
    NotDone,
    Disclosure,
    Countries,
    Handover,
    Export,
    Erase,
    Floor,
    Correct,
    Ask,
    Audience,
    Changes,
    Scope,
    Note,
}

/// The sentences of the long page.
pub(crate) trait PageWords: Vocabulary {
    fn part(&self, part: Part) -> Heading;
    fn mark(&self, mark: Mark) -> &'static str;
    fn title(&self, title: Title) -> &'static str;

    fn promise_title(&self, name: &str) -> String;
    fn promise_holds(&self, surface: Surface, never: &[FieldId]) -> String;
    fn promise_excepts(&self, names: &[&str]) -> String;
    fn refused(&self, fields: &[FieldId]) -> String;
    fn never(&self, never: Never) -> &'static str;

    fn where_met(&self, collect: &Collect) -> String;
    fn uses(&self, collect: &Collect) -> Vec<String>;
    fn kept(&self, keep: Keep) -> String;
    fn grain(&self, grain: Grain) -> &'static str;
    fn held_because(&self, basis: Basis) -> &'static str;
    fn goes_to(&self, names: &[&str]) -> String;
    fn access_log(&self) -> &'static str;
    fn not_in_this_version(&self, fields: &[FieldId], purposes: &[PurposeId]) -> String;

    fn process(&self, surface: Surface, fields: &[FieldId], purposes: &[PurposeId], ttl_seconds: i64) -> String;
    fn process_emits(&self, fields: &[FieldId]) -> String;

    fn resolver(&self, gets: &[FieldId]) -> String;
    /// Who the outsider is, in one sentence; `title` is its name.
    fn recipient(&self, title: &str, recipient: &Recipient) -> String;
    fn recipient_gets(&self, gets: &[FieldId], purposes: &[PurposeId]) -> String;
    fn follows_people(&self) -> &'static str;
    fn handed(&self, enabled: bool) -> &'static str;
    fn release_title(&self, name: &str) -> String;
    fn release(&self, fields: &[FieldId], purposes: &[PurposeId], k: u32) -> String;
    fn disclose(&self, disclose: &Disclose) -> String;
    fn ground<'g>(&self, ground: &'g str) -> &'g str;
    fn told(&self, tell_subject: bool) -> &'static str;
    fn source_title(&self, name: &str) -> String;
    fn source(&self, fields: &[FieldId]) -> String;
    fn nodes(&self, countries: &[String]) -> String;
    fn processing(&self, country: &str) -> String;
    fn handover(&self, notice_days: u16) -> String;

    fn export(&self) -> &'static str;
    fn erase(&self) -> &'static str;
    fn floor(&self) -> &'static str;
    fn correct(&self) -> &'static str;
    fn ask(&self, contact: &str, rights: Rights) -> String;
    fn audience(&self, min_age: Option<u8>) -> String;
    fn changes(&self, changes: Changes) -> String;
    fn scope(&self, surfaces: &[Surface]) -> String;
    fn apart(&self, tension: &crate::Tension) -> Vec<String>;
}

/// The four boxes of the label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LabelBox {
    Collected,
    Shared,
    Kept,
    Never,
}

/// What stands around the sentences: titles, the label, the cookie table, the foot.
pub(crate) trait Frame: Vocabulary {
    fn page_title(&self, controller: &str) -> String;
    fn label_title(&self, controller: &str) -> String;
    fn cookies_title(&self, controller: &str) -> String;
    /// `Last changed on {date}, version {version}`; the date as it is to stand there.
    fn meta(&self, date: Option<&str>, version: &str) -> String;
    fn intro(&self) -> &'static str;
    fn in_short(&self) -> &'static str;
    fn clauses(&self) -> &'static str;
    /// The foot of the page; what it is handed is escaped already.
    fn foot(&self, name: &str, digest: &str, version: &str) -> String;
    /// How the terminal's text begins, below its title.
    fn run_by(&self, version: &str) -> String;

    fn label_box(&self, part: LabelBox) -> &'static str;
    fn nothing_collected(&self) -> &'static str;
    fn left_out(&self, count: usize) -> String;
    fn shared_with_nobody(&self) -> &'static str;
    fn device_asks(&self) -> &'static str;
    fn on_orders(&self) -> &'static str;
    fn erased_on_request(&self) -> &'static str;
    fn never_label(&self, never: Never) -> &'static str;

    fn cookies(&self) -> &'static str;
    fn no_cookie(&self) -> &'static str;
    fn cookies_lead(&self) -> &'static str;
    /// Name, where, what for, how long, whether this version sets it.
    fn cookie_columns(&self) -> [&'static str; 5];
    fn cookie_where(&self, surface: Surface) -> &'static str;
    fn cookie_purposes(&self, purposes: &[PurposeId]) -> String;
    fn cookie_life(&self, life: CookieLife) -> &'static str;
    fn cookie_set(&self, set: bool) -> &'static str;
    /// A cookie in one line: `row` are the cells of the table.
    fn cookie_line(&self, row: &[String; 5]) -> String;
}

/// Statements that pull apart: what one says, what the other says, what the program does.
pub(crate) type Told = [String; 3];

/// The sentences about statements that pull apart.
pub(crate) trait Tensions: Vocabulary {
    fn access_log_beside_promise(&self, promise: &str, surfaces: &[Surface]) -> Told;
    fn outsiders_beside_never_sold(&self) -> Told;
    fn gateway_beside_no_card_data(&self) -> Told;
    fn change_on_posting_beside_consent(&self) -> Told;
    fn two_readings_of_an_address(&self) -> Told;
    fn device_model_beside_promise(&self) -> Told;
    fn exceptions_beside_promise(&self, promise: &str, except: &[String]) -> Told;
    fn invoices_beside_nothing_financial(&self) -> Told;
    fn access_log_beside_reading(&self) -> Told;
}

/// The parts of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DifferencePart {
    /// What people must be told.
    Significant,
    /// What becomes stricter.
    Narrower,
    /// What else is said differently.
    Other,
}

/// The sentences about what changes between two policies.
pub(crate) trait Differences: Vocabulary {
    fn difference_title(&self, old: &Named, new: &Named) -> String;
    fn difference_part(&self, part: DifferencePart) -> &'static str;
    fn verdict(&self, verdict: Verdict) -> &'static str;
    /// What the policy in force says about its own change, when the change is significant.
    fn must_be_told(&self, rule: Changes) -> String;
    /// The word that begins a line: `NEW`, `LONGER`, `WEAKER`.
    fn tag(&self, change: &Change) -> &'static str;

    fn change(&self, what: &What) -> String {
        match what {
            What::Datum(datum) => self.datum(datum),
            What::Bound(bound) => self.bound(bound),
            What::Outsider(outsider) => self.outsider(outsider),
            What::Rule(rule) => self.rule(rule),
        }
    }
    fn datum(&self, datum: &Datum) -> String;
    fn bound(&self, bound: &Bound) -> String;
    fn outsider(&self, outsider: &Outsider) -> String;
    fn rule(&self, rule: &Rule) -> String;

    fn field_set(&self, fields: &BTreeSet<FieldId>) -> String {
        self.fields(&fields.iter().copied().collect::<Vec<_>>())
    }
    fn purpose_set(&self, purposes: &BTreeSet<PurposeId>) -> String {
        self.purposes(&purposes.iter().copied().collect::<Vec<_>>())
    }
    fn places(&self, surfaces: &BTreeSet<Surface>) -> String {
        let places: Vec<&str> = surfaces.iter().map(|surface| self.on(*surface)).collect();
        list(&places, self.and())
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[&str], and: &str) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// The same of texts that are made on the way.
fn joined(items: impl Iterator<Item = String>, and: &str) -> String {
    let items: Vec<String> = items.collect();
    list(&items.iter().map(String::as_str).collect::<Vec<_>>(), and)
}

/// The unit that a length is a whole number of, and how many.
fn measured(seconds: i64) -> (i64, Unit) {
    for (unit, length) in [(Unit::Day, 86_400), (Unit::Hour, 3_600), (Unit::Minute, 60)] {
        if seconds % length == 0 {
            return (seconds / length, unit);
        }
    }
    (seconds, Unit::Second)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Day,
    Hour,
    Minute,
    Second,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_joined_in_each_language() {
        let english = |items: &[&str]| list_words(items, Language::English);
        assert_eq!(english(&[]), "");
        assert_eq!(english(&["a"]), "a");
        assert_eq!(english(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list_words(&["a", "b"], Language::German), "a und b");
    }
}
