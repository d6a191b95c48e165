//! Ninety days in a strip: a bar for each day, whose height and colour say how it went.

use plan::Language;

use super::Svg;
use crate::speech::{Saying, say};
use crate::uptime::Seconds;

/// How a day went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Went {
    /// No outage of more than a minute in all.
    Well,
    /// Outages of up to a quarter of an hour in all.
    Briefly,
    /// Longer outages.
    Badly,
    /// Nothing is known.
    Unknown,
}

impl Went {
    pub(crate) const ALL: [Self; 4] = [Self::Well, Self::Briefly, Self::Badly, Self::Unknown];

    pub(crate) fn of(seconds: Option<Seconds>) -> Self {
        match seconds.map(Seconds::down) {
            None => Self::Unknown,
            Some(..=60) => Self::Well,
            Some(..=900) => Self::Briefly,
            Some(_) => Self::Badly,
        }
    }

    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::Well => "day-well",
            Self::Briefly => "day-briefly",
            Self::Badly => "day-badly",
            Self::Unknown => "day-unknown",
        }
    }

    pub(crate) fn words(&self, language: &Language) -> Saying {
        match self {
            Self::Well => say(*language, "day-well"),
            Self::Briefly => say(*language, "day-briefly"),
            Self::Badly => say(*language, "day-badly"),
            Self::Unknown => say(*language, "day-unknown"),
        }
    }

    /// The height of the bar in parts of the picture's, so that the days differ without colours too.
    const fn height(self) -> f64 {
        match self {
            Self::Well => 40.0,
            Self::Briefly => 28.0,
            Self::Badly => 16.0,
            Self::Unknown => 5.0,
        }
    }
}

/// The strip; the oldest day is on the left.
pub(crate) fn strip(language: Language, days: &[Went]) -> Svg {
    let count = |wanted: Went| days.iter().filter(|went| **went == wanted).count();
    let words = say(language, "strip-label")
        .number("days", days.len())
        .number("well", count(Went::Well))
        .number("briefly", count(Went::Briefly))
        .number("badly", count(Went::Badly))
        .number("unknown", count(Went::Unknown));
    let mut svg = format!(
        "<svg class=\"strip\" viewBox=\"0 0 {} 40\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{words}\">",
        days.len() * 8
    );
    for (index, went) in days.iter().enumerate() {
        let height = went.height();
        svg.push_str(&format!(
            "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"5.5\" height=\"{height}\"/>",
            went.class(),
            index * 8 + 1,
            40.0 - height
        ));
    }
    svg.push_str("</svg>");
    Svg(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_bar_and_the_words_count_them() {
        let days = [Went::Well, Went::Unknown, Went::Badly, Went::Well];
        let svg = strip(Language::English, &days).0;
        assert_eq!(svg.matches("<rect").count(), 4);
        assert!(svg.contains("2 days without"), "{svg}");
    }

    #[test]
    fn a_day_goes_as_its_seconds_say() {
        let down = |stopped| {
            Some(Seconds {
                watched: 10,
                stopped,
                ..Seconds::default()
            })
        };
        assert_eq!(Went::of(None), Went::Unknown);
        assert_eq!(Went::of(down(60)), Went::Well);
        assert_eq!(Went::of(down(61)), Went::Briefly);
        assert_eq!(Went::of(down(901)), Went::Badly);
    }
}
