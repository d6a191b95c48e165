//! Pictures: SVG drawn from the same numbers that stand beside them as text.
//!
//! Shapes carry classes, never `style` attributes, so that the colours follow the stylesheet in light and dark and the
//! content security policy stays whole.

pub(crate) mod bars;
pub(crate) mod guards;
pub(crate) mod lifetimes;
pub(crate) mod ring;
pub(crate) mod steps;
pub(crate) mod strip;
pub(crate) mod treemap;

use std::fmt;

use askama::filters::HtmlSafe;

/// A drawn picture. It is made of numbers and of texts that [`escaped`] has passed.
pub(crate) struct Svg(pub(crate) String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Svg {}

/// `text` as SVG shows it, in an element or a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
