//! What people read, in their language.
//!
//! Every text of a page stands in `locales/`, one folder for each language, in the files' own syntax (Fluent). Templates
//! and handlers name a text by its key. The language is the one that the browser asks for, or the one at the front of the
//! address: `/de/home`. There is no cookie for it, because the policy would have to declare one.

use std::fmt;
use std::sync::LazyLock;

use askama::filters::HtmlSafe;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap, LOCATION, VARY};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use plan::Language;

use crate::picture::escaped;
use crate::words;

type Bundle = FluentBundle<FluentResource>;

macro_rules! texts {
    ($language:literal) => {
        [
            include_str!(concat!("../locales/", $language, "/frame.ftl")),
            include_str!(concat!("../locales/", $language, "/public.ftl")),
            include_str!(concat!("../locales/", $language, "/member.ftl")),
            include_str!(concat!("../locales/", $language, "/operator.ftl")),
            include_str!(concat!("../locales/", $language, "/refusals.ftl")),
            include_str!(concat!("../locales/", $language, "/words.ftl")),
        ]
    };
}

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English, &texts!("en")));
static GERMAN: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::German, &texts!("de")));

fn of(language: Language) -> &'static Bundle {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// The texts are part of the program, and a test reads all of them: what does not parse here is left out.
fn bundle(language: Language, texts: &[&str]) -> Bundle {
    let locale = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![locale]);
    // The marks around values are for texts that mix directions of writing; ours are elements of their own there.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::English => |value, _| number(Language::English, value),
        Language::German => |value, _| number(Language::German, value),
    }));
    for text in texts {
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _already_there = bundle.add_resource(resource);
    }
    bundle
}

fn number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(words::whole(language, number.value as u64)),
        _ => None,
    }
}

/// A text of the catalogue, with what goes into it. It is formatted when it is displayed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Saying {
    language: Language,
    key: &'static str,
    values: Vec<(&'static str, Value)>,
}

#[derive(Clone, PartialEq, Debug)]
enum Value {
    Number(u64),
    Text(String),
}

/// A whole number that a text can have in it; a negative one is none of anything.
pub(crate) trait Count {
    fn count(&self) -> u64;
}

macro_rules! count {
    ($($number:ty)*) => { $(impl Count for $number {
        fn count(&self) -> u64 {
            u64::try_from(*self).unwrap_or(0)
        }
    })* };
}
count!(u8 u16 u32 u64 usize i32 i64);

/// Templates hand over references.
impl<T: Count> Count for &T {
    fn count(&self) -> u64 {
        (*self).count()
    }
}

/// The text `key` in that language.
pub(crate) fn say(language: Language, key: &'static str) -> Saying {
    Saying {
        language,
        key,
        values: Vec::new(),
    }
}

/// The text of a key that is put together while the program runs; `None` when there is none.
pub(crate) fn perhaps(language: Language, key: &str) -> Option<String> {
    let pattern = of(language).get_message(key)?.value()?;
    Some(of(language).format_pattern(pattern, None, &mut Vec::new()).into_owned())
}

impl Saying {
    /// With a number: it decides between singular and plural and is written as the language writes numbers.
    pub(crate) fn number(mut self, name: &'static str, number: impl Count) -> Self {
        self.values.push((name, Value::Number(number.count())));
        self
    }

    /// With a text from elsewhere.
    pub(crate) fn text(mut self, name: &'static str, text: impl fmt::Display) -> Self {
        self.values.push((name, Value::Text(text.to_string())));
        self
    }

    fn format(&self, escape: bool) -> String {
        let bundle = of(self.language);
        let Some(pattern) = bundle.get_message(self.key).and_then(|message| message.value()) else {
            debug_assert!(false, "no text is called {}", self.key);
            return self.key.to_owned();
        };
        let mut arguments = FluentArgs::new();
        for (name, value) in &self.values {
            let value = match value {
                Value::Number(number) => FluentValue::from(*number as f64),
                Value::Text(text) if escape => FluentValue::from(escaped(text)),
                Value::Text(text) => FluentValue::from(text.clone()),
            };
            arguments.set(*name, value);
        }
        let mut missing = Vec::new();
        let text = bundle
            .format_pattern(pattern, Some(&arguments), &mut missing)
            .into_owned();
        debug_assert!(missing.is_empty(), "{}: {missing:?}", self.key);
        text
    }
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(false))
    }
}

/// A text of the catalogue that has elements of HTML in it. What goes into it is escaped.
pub(crate) struct Markup(Saying);

impl Markup {
    /// As [`Saying::number`].
    pub(crate) fn number(self, name: &'static str, number: impl Count) -> Self {
        Self(self.0.number(name, number))
    }

    /// As [`Saying::text`].
    pub(crate) fn text(self, name: &'static str, text: impl fmt::Display) -> Self {
        Self(self.0.text(name, text))
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(true))
    }
}

impl HtmlSafe for Markup {}

/// How the answer to one request speaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Speech {
    pub(crate) language: Language,
    /// What stands before every address of this answer: the language, when the visitor chose one.
    pub(crate) at: &'static str,
    /// The address of this page without its language; `None` when the page is the answer to a form and cannot be asked
    /// for again.
    pub(crate) here: Option<String>,
}

impl Speech {
    pub(crate) fn say(&self, key: &'static str) -> Saying {
        say(self.language, key)
    }

    /// A text that has elements in it. Its links begin with `{ $at }`.
    pub(crate) fn html(&self, key: &'static str) -> Markup {
        Markup(self.say(key).text("at", self.at))
    }

    /// The same page in the other languages: the language, and where.
    pub(crate) fn others(&self) -> Vec<(Language, String)> {
        let Some(here) = &self.here else {
            return Vec::new();
        };
        let others = Language::ALL.into_iter().filter(|language| *language != self.language);
        others
            .map(|language| (language, format!("{}{here}", front(language))))
            .collect()
    }

    /// The speech of a request, and its address without the language when one stood there.
    pub(crate) fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> (Self, Option<Uri>) {
        let chosen = chosen(uri);
        let whole = chosen.as_ref().map_or(uri, |(_, rest)| rest);
        let speech = Self {
            language: chosen
                .as_ref()
                .map_or_else(|| asked(headers), |(language, _)| *language),
            at: chosen.as_ref().map_or("", |(language, _)| front(*language)),
            here: (method == Method::GET).then(|| {
                let path = whole.path_and_query().map_or("/", PathAndQuery::as_str);
                path.to_owned()
            }),
        };
        (speech, chosen.map(|(_, rest)| rest))
    }
}

impl<S: Sync> FromRequestParts<S> for Speech {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::of(&parts.method, &parts.uri, &parts.headers).0))
    }
}

const fn front(language: Language) -> &'static str {
    match language {
        Language::English => "/en",
        Language::German => "/de",
    }
}

/// The language at the front of the address, and the address without it.
fn chosen(uri: &Uri) -> Option<(Language, Uri)> {
    let whole = uri.path_and_query()?.as_str();
    let (language, rest) = Language::ALL
        .into_iter()
        .find_map(|language| Some((language, whole.strip_prefix(front(language))?)))?;
    let rest = match rest.chars().next() {
        Some('/') => rest.to_owned(),
        None | Some('?') => format!("/{rest}"),
        // A page of its own whose name begins like a language.
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.parse().ok()?);
    Some((language, Uri::from_parts(parts).ok()?))
}

/// The language that the browser likes best of those that there are.
///
/// Source: RFC 9110, section 12.5.4; of two with one weight the earlier.
fn asked(headers: &HeaderMap) -> Language {
    let lines = headers.get_all(ACCEPT_LANGUAGE).into_iter();
    let wishes = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(wish);
    let mut best: Option<(Language, f32)> = None;
    for (language, weight) in wishes {
        if weight > best.map_or(0.0, |(_, most)| most) {
            best = Some((language, weight));
        }
    }
    best.map_or_else(Language::default, |(language, _)| language)
}

fn wish(part: &str) -> Option<(Language, f32)> {
    let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(weight) => weight
            .trim()
            .parse()
            .ok()
            .filter(|weight| (0.0..=1.0).contains(weight))?,
        None => 1.0,
    };
    Some((Language::from_tag(tag.trim())?, weight))
}

/// Settles the language of a request and takes it off its address, before the address is looked up. What the answer
/// leads to is in the language that was chosen.
pub(crate) async fn speak(mut request: Request, next: Next) -> Response {
    let (speech, rest) = Speech::of(request.method(), request.uri(), request.headers());
    if let Some(rest) = rest {
        *request.uri_mut() = rest;
    }
    let at = speech.at;
    request.extensions_mut().insert(speech);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if at.is_empty() {
        headers.append(VARY, HeaderValue::from_static("accept-language"));
    } else if let Some(location) = headers.get(LOCATION).and_then(|location| location.to_str().ok())
        && location.starts_with('/')
        && let Ok(location) = HeaderValue::from_str(&format!("{at}{location}"))
    {
        headers.insert(LOCATION, location);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(method: Method, address: &str, accept: &str) -> (Speech, Option<Uri>) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accept).unwrap());
        Speech::of(&method, &address.parse().unwrap(), &headers)
    }

    #[test]
    fn the_browser_says_its_language_with_weights() {
        let language = |accept| speech(Method::GET, "/", accept).0.language;
        assert_eq!(language("de-CH, de;q=0.9, en;q=0.8"), Language::German);
        assert_eq!(language("en-GB,en;q=0.9,de;q=0.8"), Language::English);
        assert_eq!(language("fr, de;q=0.3, en;q=0.2"), Language::German);
        assert_eq!(language("de;q=0, *"), Language::English);
        assert_eq!(language("de;q=0.5, en;q=0.5"), Language::German);
        for odd in ["", "fr", "de;q=2", "de;q=x", ";;,,q=1", "de;q=NaN"] {
            assert_eq!(language(odd), Language::English, "{odd}");
        }
    }

    #[test]
    fn an_address_may_begin_with_a_language() {
        for (address, language, rest) in [
            ("/de/home?after=1", Language::German, "/home?after=1"),
            ("/en/", Language::English, "/"),
            ("/de", Language::German, "/"),
            ("/de?x=1", Language::German, "/?x=1"),
            ("/de/de/home", Language::German, "/de/home"),
        ] {
            let (speech, uri) = speech(Method::GET, address, "en;q=0.1");
            assert_eq!((speech.language, uri.unwrap().to_string().as_str()), (language, rest));
            assert_eq!(speech.here.as_deref(), Some(rest));
        }
        for address in ["/devices", "/den/", "/", "/enough"] {
            assert!(speech(Method::GET, address, "de").1.is_none(), "{address}");
        }
    }

    #[test]
    fn the_answer_to_a_form_offers_no_other_language() {
        assert!(speech(Method::POST, "/de/join", "de").0.others().is_empty());
        let others = speech(Method::GET, "/de/join", "de").0.others();
        assert_eq!(others, [(Language::English, "/en/join".to_owned())]);
    }

    #[test]
    fn what_goes_into_markup_is_escaped() {
        let (speech, _) = speech(Method::GET, "/", "en");
        let text = speech
            .html("foot-run-by")
            .text("controller", "<b>")
            .text("contact", "a & b")
            .to_string();
        assert!(text.contains("&lt;b&gt;") && text.contains("a &amp; b"), "{text}");
    }
}
