//! The languages that people are spoken to in, and the catalogue's words in each.
//!
//! A policy file is written in one vocabulary, whatever the language: only what people read is translated.

use std::fmt;

use crate::field::FieldClass;
use crate::{FieldId, PurposeId, Surface, german};

/// A language that pages are written in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Language {
    /// English, which the program is written in.
    #[default]
    English,
    /// German, polite form.
    German,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What it calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language of a tag; of `de-AT` as well as of `de`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL
            .into_iter()
            .find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FieldId {
    /// What a page in that language calls it.
    pub const fn words_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.words(),
            Language::German => german::field(self),
        }
    }
}

impl FieldClass {
    /// What a page in that language calls the group.
    pub const fn words_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.words(),
            Language::German => german::class(self),
        }
    }
}

impl PurposeId {
    /// What a page in that language calls it: after “to” in English, after „für“ in German.
    pub const fn words_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.words(),
            Language::German => german::purpose(self),
        }
    }
}

impl Surface {
    /// What a page in that language calls it.
    pub const fn words_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.words(),
            Language::German => german::surface(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_region_does_not_hide_the_language() {
        assert_eq!(Language::from_tag("de-AT"), Some(Language::German));
        assert_eq!(Language::from_tag("DE"), Some(Language::German));
        assert_eq!(Language::from_tag("en_GB"), Some(Language::English));
        for other in ["", "den", "fr", "d", "-de"] {
            assert_eq!(Language::from_tag(other), None, "{other}");
        }
    }

    #[test]
    fn no_two_things_have_one_name_in_any_language() {
        for language in Language::ALL {
            let fields: BTreeSet<_> = FieldId::ALL.iter().map(|field| field.words_in(language)).collect();
            assert_eq!(fields.len(), FieldId::ALL.len(), "{language}");
            let purposes: BTreeSet<_> = PurposeId::ALL
                .iter()
                .map(|purpose| purpose.words_in(language))
                .collect();
            assert_eq!(purposes.len(), PurposeId::ALL.len(), "{language}");
            let surfaces: BTreeSet<_> = Surface::ALL.iter().map(|surface| surface.words_in(language)).collect();
            assert_eq!(surfaces.len(), Surface::ALL.len(), "{language}");
        }
    }

    #[test]
    fn what_stands_in_lists_has_no_comma() {
        for language in Language::ALL {
            let fields = FieldId::ALL.iter().map(|field| field.words_in(language));
            let purposes = PurposeId::ALL.iter().map(|purpose| purpose.words_in(language));
            for words in fields.chain(purposes) {
                assert!(!words.contains(','), "{words}");
            }
        }
    }

    #[test]
    fn german_is_translated() {
        // Words that are the same in both languages.
        let same = ["name"];
        for field in FieldId::ALL {
            let (english, german) = (field.words_in(Language::English), field.words_in(Language::German));
            assert!(
                same.contains(&english) || !english.eq_ignore_ascii_case(german),
                "{english} is not translated"
            );
        }
    }
}
