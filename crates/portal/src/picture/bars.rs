//! Bars for each day: what went up and what came down.

use plan::Language;

use super::Svg;
use crate::speech::say;

/// One day of the picture.
pub(crate) struct Bar {
    pub(crate) up: u64,
    pub(crate) down: u64,
}

const STEP: f64 = 20.0;
const HEIGHT: f64 = 120.0;
const WIDTH: f64 = 13.0;

/// Bars over a middle line: down above it, up below it. The picture stretches with its box; texts stand beside it.
pub(crate) fn bars(language: Language, days: &[Bar]) -> Svg {
    let most_down = days.iter().map(|bar| bar.down).max().unwrap_or(0);
    let most_up = days.iter().map(|bar| bar.up).max().unwrap_or(0);
    // Both directions have one scale, so that they can be compared.
    let whole = (most_down as f64 + most_up as f64).max(1.0);
    let room = HEIGHT - 8.0;
    let middle = if most_down + most_up == 0 {
        HEIGHT - 4.0
    } else {
        4.0 + room * most_down as f64 / whole
    };
    let length = |bytes: u64| match bytes {
        0 => 0.0,
        bytes => (room * bytes as f64 / whole).max(1.5),
    };
    let total = days.len() as f64 * STEP;
    let mut svg = format!(
        "<svg class=\"bars\" viewBox=\"0 0 {total:.0} {HEIGHT:.0}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{}\">",
        say(language, "usage-picture")
    );
    for (index, bar) in days.iter().enumerate() {
        let x = index as f64 * STEP + (STEP - WIDTH) / 2.0;
        let (down, up) = (length(bar.down), length(bar.up));
        svg.push_str(&format!(
            "<rect class=\"bar-down\" x=\"{x:.1}\" y=\"{:.2}\" width=\"{WIDTH}\" height=\"{down:.2}\"/>\
             <rect class=\"bar-up\" x=\"{x:.1}\" y=\"{middle:.2}\" width=\"{WIDTH}\" height=\"{up:.2}\"/>",
            middle - down
        ));
    }
    svg.push_str(&format!(
        "<line class=\"bar-line\" x1=\"0\" x2=\"{total:.0}\" y1=\"{middle:.2}\" y2=\"{middle:.2}\"/></svg>"
    ));
    Svg(svg)
}

/// A bar for a share of a whole, as one line of a table.
pub(crate) fn share(part: u64, whole: u64) -> Svg {
    let width = if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    };
    Svg(format!(
        "<svg class=\"share\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"share-track\" width=\"100\" height=\"6\"/><rect class=\"share-part\" width=\"{:.2}\" height=\"6\"/></svg>",
        width.min(100.0)
    ))
}

/// So many places, the first of which are taken.
pub(crate) fn places(language: Language, taken: u64, all: u64) -> Svg {
    const MOST_DRAWN: u64 = 12;
    let words = say(language, "devices-places")
        .number("taken", taken)
        .number("limit", all);
    if all > MOST_DRAWN {
        let width = 240.0 * taken.min(all) as f64 / all as f64;
        return Svg(format!(
            "<svg class=\"places\" viewBox=\"0 0 240 22\" role=\"img\" aria-label=\"{words}\">\
             <rect class=\"place-free\" x=\"1\" y=\"2\" width=\"238\" height=\"18\" rx=\"4\"/>\
             <rect class=\"place-taken\" x=\"1\" y=\"2\" width=\"{width:.1}\" height=\"18\" rx=\"4\"/></svg>"
        ));
    }
    let drawn = all.max(1);
    let mut svg = format!(
        "<svg class=\"places\" viewBox=\"0 0 {} 22\" role=\"img\" aria-label=\"{words}\">",
        drawn * 22
    );
    for place in 0..drawn {
        let class = if place < taken { "place-taken" } else { "place-free" };
        svg.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"2\" width=\"18\" height=\"18\" rx=\"4\"/>",
            place * 22 + 2
        ));
    }
    svg.push_str("</svg>");
    Svg(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_traffic_have_no_bar() {
        let svg = bars(Language::English, &[Bar { up: 0, down: 0 }, Bar { up: 10, down: 90 }]).0;
        assert_eq!(svg.matches("height=\"0.00\"").count(), 2);
        assert!(!svg.contains("NaN") && !bars(Language::English, &[]).0.contains("NaN"));
    }

    #[test]
    fn many_places_are_one_bar() {
        assert_eq!(places(Language::English, 3, 5).0.matches("<rect").count(), 5);
        assert_eq!(places(Language::English, 30, 200).0.matches("<rect").count(), 2);
        assert!(places(Language::English, 300, 200).0.contains("width=\"240.0\""));
    }

    #[test]
    fn a_share_stays_inside_its_track() {
        assert!(share(5, 0).0.contains("width=\"0.00\""));
        assert!(share(500, 100).0.contains("width=\"100.00\""));
    }
}
