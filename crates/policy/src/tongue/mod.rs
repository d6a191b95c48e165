//! The languages that pages are written in. The tuples of a plan are the same in each; only the sentences differ.
//!
//! A sentence is a method of one of the traits below, and every language implements all of them: a sentence that is
//! missing in one language does not compile. What the operator wrote (names, notes) is quoted as it stands.

mod english;
mod german;

use plan::{
    Basis, Changes, Collect, CookieLife, Disclose, FieldClass, FieldId, Grain, Keep, Never, PurposeId, Recipient,
    Rights, Surface,
};

pub(crate) use english::{English, capitalised};
pub(crate) use german::German;

/// A language that the pages of a policy can be written in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The language's tag (BCP 47), as `lang` attributes and `Accept-Language` write it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language's own name for itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language of a tag: `de`, `de-AT`; `None` for a language that the pages are not written in.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// What a page calls a field.
    pub fn field(self, field: FieldId) -> &'static str {
        self.tongue().field(field)
    }
    /// What a page calls a group of fields.
    pub fn class(self, class: FieldClass) -> &'static str {
        self.tongue().class(class)
    }
    /// What a page calls a purpose: the end of a sentence that begins with "in order to".
    pub fn purpose(self, purpose: PurposeId) -> &'static str {
        self.tongue().purpose(purpose)
    }
    /// Where something happens: `on the VPN tunnel`, `im VPN-Tunnel`.
    pub fn on(self, surface: Surface) -> &'static str {
        self.tongue().on(surface)
    }
    /// How long something is kept: `for 14 days`, `until you close your account`.
    pub fn keep(self, keep: Keep) -> String {
        self.tongue().keep(keep)
    }
    /// A length of time: `14 days`.
    pub fn length(self, seconds: i64) -> String {
        self.tongue().length(seconds)
    }
    /// `a`, `a and b`, `a, b and c`.
    pub fn list<T: AsRef<str>>(self, items: &[T]) -> String {
        let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        list(&items, self.tongue().and())
    }

    pub(crate) const fn tongue(self) -> &'static dyn Tongue {
        match self {
            Self::English => &English,
            Self::German => &German,
        }
    }
}

/// Everything that a language says.
pub(crate) trait Tongue: Vocabulary + PageWords + Frame + Tensions {}
impl<T: Vocabulary + PageWords + Frame + Tensions> Tongue for T {}

/// The words of the catalogues.
pub(crate) trait Vocabulary: Sync {
    fn field(&self, field: FieldId) -> &'static str;
    fn class(&self, class: FieldClass) -> &'static str;
    /// Continues `in order to`.
    fn purpose(&self, purpose: PurposeId) -> &'static str;
    /// Continues `this policy is about`.
    fn surface(&self, surface: Surface) -> &'static str;
    /// Where something happens.
    fn on(&self, surface: Surface) -> &'static str;
    fn and(&self) -> &'static str;
    fn length(&self, seconds: i64) -> String;
    fn keep(&self, keep: Keep) -> String;

    fn fields(&self, fields: &[FieldId]) -> String {
        let words: Vec<&str> = fields.iter().map(|field| self.field(*field)).collect();
        list(&words, self.and())
    }
    fn purposes(&self, purposes: &[PurposeId]) -> String {
        let words: Vec<&str> = purposes.iter().map(|purpose| self.purpose(*purpose)).collect();
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

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[&str], and: &str) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
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
        let english = |items: &[&str]| Language::English.list(items);
        assert_eq!(english(&[]), "");
        assert_eq!(english(&["a"]), "a");
        assert_eq!(english(&["a", "b", "c"]), "a, b and c");
        assert_eq!(Language::German.list(&["a", "b"]), "a und b");
    }

    #[test]
    fn a_tag_finds_its_language() {
        for language in Language::ALL {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
        }
        assert_eq!(Language::from_tag("de-AT"), Some(Language::German));
        assert_eq!(Language::from_tag("EN-gb"), Some(Language::English));
        for other in ["", "fr", "den", "-de"] {
            assert_eq!(Language::from_tag(other), None, "{other}");
        }
    }
}
