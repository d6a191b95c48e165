//! The closed lists that a policy chooses its words from, and the nearest word to a misspelt one.

use plan::{
    Basis, Choice, CookieLife, Effective, FieldId, Grain, Never, PurposeId, RecipientClass, Surface, Telling, Until,
};

/// A word of a closed list.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// What one word of the list is called in messages.
    const NOUN: &'static str;
    /// Why the list is closed.
    const WHY: &'static str;
    /// The whole list.
    fn list() -> Vec<Self>;
    /// How it is written.
    fn written(self) -> &'static str;

    /// The word that is written `text`.
    fn find(text: &str) -> Option<Self> {
        Self::list().into_iter().find(|word| word.written() == text)
    }

    /// What to write instead of `text`: the nearest word, or the whole list when nothing is near.
    fn instead_of(text: &str) -> String {
        let words: Vec<&str> = Self::list().into_iter().map(Self::written).collect();
        instead_of(text, &words)
    }
}

macro_rules! plan_words {
    ($($type:ty, $noun:literal, $why:literal;)*) => {$(
        impl Word for $type {
            const NOUN: &'static str = $noun;
            const WHY: &'static str = $why;
            fn list() -> Vec<Self> {
                Self::ALL.to_vec()
            }
            fn written(self) -> &'static str {
                self.key()
            }
        }
    )*};
}

plan_words! {
    FieldId, "field", "the catalogue lists every datum that the program could hold; it has no place for any other";
    PurposeId, "purpose", "a datum is used for a purpose of the closed list or not at all";
    Surface, "surface", "a surface is a part of the program where data is met";
    Basis, "basis", "a datum is held on one of these grounds";
    Choice, "choice", "a person's say in a purpose has one of these forms";
    Until, "event", "only events that the program notices can end a keep";
    Grain, "grain", "a count is kept only as finely as the program can count";
    Effective, "moment", "a change takes effect in one of these ways";
    Telling, "way of telling", "people are told of a change in a way that the program has";
    RecipientClass, "class of recipient", "the class decides what must be said about an outsider";
    Never, "thing that is never done", "only what the program can refuse is on this list";
    CookieLife, "cookie life", "the program sets no cookie that outlives the browser's session";
}

macro_rules! own_words {
    ($($(#[$doc:meta])* $name:ident, $noun:literal, $why:literal { $($variant:ident = $written:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant,)* }

        impl Word for $name {
            const NOUN: &'static str = $noun;
            const WHY: &'static str = $why;
            fn list() -> Vec<Self> {
                vec![$(Self::$variant,)*]
            }
            fn written(self) -> &'static str {
                match self { $(Self::$variant => $written,)* }
            }
        }
    )*};
}

own_words! {
    /// On what ground data is disclosed.
    Ground, "ground", "data is disclosed on one of these grounds or not at all" {
        LegalOrder = "legal-order",
        EnforceTerms = "enforce-terms",
        ProtectSafety = "protect-safety",
    }
    /// A capability that a `collect` node may describe.
    Capability, "capability", "a capability is a part of the program that only a statement switches on" {
        DebugCapture = "debug-capture",
        OrderCapture = "legal-order",
    }
    /// A moment of collection other than joining.
    Moment, "moment", "a datum is collected at joining or at one of these moments" {
        Order = "order",
        Ticket = "ticket",
    }
    /// A cookie that the program can set.
    CookieName, "cookie", "the program can set no other cookie than those of its list" {
        SignIn = "__Host-sid",
        Cart = "__Host-cart",
    }
}

/// The nearest of `words` to `text`, or all of them when nothing is near.
pub(crate) fn instead_of(text: &str, words: &[&str]) -> String {
    match nearest(text, words) {
        Some(word) => format!("`{word}`"),
        None => format!("one of: {}", words.join(" ")),
    }
}

/// The word that takes the fewest edits, when these are fewer than half its letters.
pub(crate) fn nearest<'w>(text: &str, words: &[&'w str]) -> Option<&'w str> {
    if text.len() > MAX_COMPARED_BYTES {
        return None;
    }
    let within = |word: &str| {
        let edits = edits(text, word);
        let shared_part = word.len() >= 3 && text.len() >= 3 && (word.contains(text) || text.contains(word));
        (edits * 2 < word.chars().count().max(3) || shared_part).then_some(edits)
    };
    let near = words.iter().filter_map(|word| within(word).map(|edits| (edits, *word)));
    near.min().map(|(_, word)| word)
}

/// Longer texts are not compared: no word of any list is half as long.
const MAX_COMPARED_BYTES: usize = 64;

/// How many letters must be put in, left out, replaced or swapped with their neighbour to get from `a` to `b`.
///
/// Source: Damerau 1964, in the restricted form ("optimal string alignment").
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        rows[i][0] = i;
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        assert_eq!(nearest("emial", &["email", "name"]), Some("email"));
        assert_eq!(
            nearest("usage.byte", &["usage.bytes", "usage.day"]),
            Some("usage.bytes")
        );
        assert_eq!(nearest("ip", &["client.ip", "email"]), None);
        assert_eq!(
            nearest("marketing", &["marketing-research", "order"]),
            Some("marketing-research")
        );
        assert_eq!(nearest(&"x".repeat(10_000), &["email"]), None);
    }

    #[test]
    fn no_list_writes_a_word_twice() {
        fn check<W: Word>() {
            for word in W::list() {
                assert!(W::find(word.written()) == Some(word), "{}", word.written());
            }
        }
        check::<FieldId>();
        check::<PurposeId>();
        check::<Surface>();
        check::<Ground>();
        check::<CookieName>();
    }
}
