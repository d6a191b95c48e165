//! A treemap: what is held, each thing as large as there is of it, shaded by the time that it has left.

use plan::Language;

use super::{Svg, escaped};
use crate::speech::{Saying, say};

/// How much time something has left, in steps that the eye can tell apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Left {
    Fortnight,
    Quarter,
    Year,
    Account,
}

impl Left {
    pub(crate) const ALL: [Self; 4] = [Self::Fortnight, Self::Quarter, Self::Year, Self::Account];

    /// From seconds; `None` ends with the account.
    pub(crate) const fn of(seconds: Option<i64>) -> Self {
        const DAY: i64 = 86_400;
        match seconds {
            None => Self::Account,
            Some(seconds) if seconds <= 14 * DAY => Self::Fortnight,
            Some(seconds) if seconds <= 92 * DAY => Self::Quarter,
            Some(_) => Self::Year,
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Fortnight => "left-fortnight",
            Self::Quarter => "left-quarter",
            Self::Year => "left-year",
            Self::Account => "left-account",
        }
    }

    pub(crate) fn words(self, language: &Language) -> Saying {
        match self {
            Self::Fortnight => say(*language, "left-fortnight"),
            Self::Quarter => say(*language, "left-quarter"),
            Self::Year => say(*language, "left-year"),
            Self::Account => say(*language, "left-account"),
        }
    }
}

/// One thing that is held.
pub(crate) struct Tile {
    pub(crate) name: String,
    pub(crate) values: u64,
    pub(crate) left: Left,
}

#[derive(Clone, Copy)]
struct Box2 {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The tiles in a box of `width` by `height`. Sizes follow the square root of the counts, so that one long list does not
/// hide the rest; the numbers are in the tiles.
pub(crate) fn treemap(language: Language, tiles: &[Tile], width: f64, height: f64, class: &str) -> Svg {
    let mut order: Vec<(&Tile, f64)> = tiles.iter().map(|tile| (tile, (tile.values as f64).sqrt())).collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1));
    let total: f64 = order.iter().map(|(_, weight)| weight).sum();
    let whole: u64 = tiles.iter().map(|tile| tile.values).sum();
    let mut svg = format!(
        "<svg class=\"treemap {class}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         aria-label=\"{}\">",
        say(language, "treemap-label").number("values", whole)
    );
    let space = Box2 {
        x: 0.0,
        y: 0.0,
        width,
        height,
    };
    let scale = if total > 0.0 { width * height / total } else { 0.0 };
    let areas: Vec<f64> = order.iter().map(|(_, weight)| weight * scale).collect();
    for ((tile, _), place) in order.iter().zip(squarified(&areas, space)) {
        push_tile(&mut svg, tile, place);
    }
    svg.push_str("</svg>");
    Svg(svg)
}

fn push_tile(svg: &mut String, tile: &Tile, place: Box2) {
    const GAP: f64 = 2.0;
    let (x, y) = (place.x + GAP, place.y + GAP);
    let (width, height) = ((place.width - 2.0 * GAP).max(0.0), (place.height - 2.0 * GAP).max(0.0));
    svg.push_str(&format!(
        "<g class=\"{}\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"4\"/>",
        tile.left.class()
    ));
    // About 7.7 units for a letter of 15 units' size; a text that does not fit is left out, the list has it.
    let letters = ((width - 16.0) / 7.7).max(0.0) as usize;
    let lines = wrapped(&tile.name, letters);
    let fits = lines.len() as f64 * 19.0 + 30.0 <= height;
    if let (true, false) = (fits, lines.is_empty()) {
        for (index, line) in lines.iter().enumerate() {
            svg.push_str(&format!(
                "<text class=\"tile-name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 10.0,
                y + 22.0 + index as f64 * 19.0,
                escaped(line)
            ));
        }
        svg.push_str(&format!(
            "<text class=\"tile-count\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 10.0,
            y + height - 10.0,
            tile.values
        ));
    }
    svg.push_str("</g>");
}

/// The fewest letters of a word that are worth drawing.
const LEAST_LETTERS: usize = 6;

/// Where a long word may be broken, as HTML has it: a soft hyphen.
const SOFT_HYPHEN: char = '\u{ad}';

/// The words of `text` in lines of at most `letters`; none where there is no room for a word.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let Some(pieces) = broken(word, letters) else {
            return Vec::new();
        };
        for (index, piece) in pieces.into_iter().enumerate() {
            let length = piece.chars().count();
            match lines.last_mut() {
                Some(line) if index == 0 && line.chars().count() + 1 + length <= letters => {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

/// A word in pieces of at most `letters`: whole, broken where it may be, or cut; `None` where nothing of it can be read.
fn broken(word: &str, letters: usize) -> Option<Vec<String>> {
    let whole: String = word.chars().filter(|letter| *letter != SOFT_HYPHEN).collect();
    if whole.chars().count() <= letters {
        return Some(vec![whole]);
    }
    if letters < LEAST_LETTERS {
        return None;
    }
    let mut pieces: Vec<String> = Vec::new();
    let parts: Vec<&str> = word.split(SOFT_HYPHEN).collect();
    for (index, part) in parts.iter().enumerate() {
        let hyphen = if index + 1 < parts.len() { "-" } else { "" };
        let length = part.chars().count() + hyphen.len();
        if length > letters {
            // What remains of a long word says more than nothing; the list below has it whole.
            let start: String = whole.chars().take(letters - 1).collect();
            return Some(vec![format!("{start}…")]);
        }
        match pieces.last_mut() {
            Some(piece) if piece.chars().count() - 1 + length <= letters => {
                piece.pop();
                piece.push_str(part);
                piece.push_str(hyphen);
            }
            _ => pieces.push(format!("{part}{hyphen}")),
        }
    }
    Some(pieces)
}

/// Places areas, largest first, in rows whose boxes are as square as can be.
///
/// Source: Bruls, Huizing, van Wijk, "Squarified Treemaps" (2000).
fn squarified(areas: &[f64], mut space: Box2) -> Vec<Box2> {
    let mut places = Vec::with_capacity(areas.len());
    let mut rest = areas;
    while !rest.is_empty() {
        let side = space.width.min(space.height);
        let mut count = 1;
        while count < rest.len() && worst(&rest[..=count], side) <= worst(&rest[..count], side) {
            count += 1;
        }
        let (row, after) = rest.split_at(count);
        let sum: f64 = row.iter().sum();
        let depth = if side > 0.0 { sum / side } else { 0.0 };
        let upright = space.width >= space.height;
        let mut along = 0.0;
        for area in row {
            let length = if depth > 0.0 { area / depth } else { 0.0 };
            places.push(if upright {
                Box2 {
                    x: space.x,
                    y: space.y + along,
                    width: depth,
                    height: length,
                }
            } else {
                Box2 {
                    x: space.x + along,
                    y: space.y,
                    width: length,
                    height: depth,
                }
            });
            along += length;
        }
        if upright {
            space.x += depth;
            space.width -= depth;
        } else {
            space.y += depth;
            space.height -= depth;
        }
        rest = after;
    }
    places
}

/// The longest ratio of sides in a row of boxes along a side.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let ratios = row.iter().map(|area| {
        let (length, depth) = (area * side / sum, sum / side);
        (length / depth).max(depth / length)
    });
    ratios.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fill_the_box_and_do_not_overlap() {
        let areas = [600.0, 600.0, 400.0, 300.0, 200.0, 200.0, 100.0];
        let space = Box2 {
            x: 0.0,
            y: 0.0,
            width: 60.0,
            height: 40.0,
        };
        let places = squarified(&areas, space);
        for (area, place) in areas.iter().zip(&places) {
            assert!((place.width * place.height - area).abs() < 1e-6);
            assert!(place.x >= -1e-9 && place.x + place.width <= 60.0 + 1e-6);
            assert!(place.y >= -1e-9 && place.y + place.height <= 40.0 + 1e-6);
        }
        for (index, one) in places.iter().enumerate() {
            for other in &places[index + 1..] {
                let apart_x = one.x + one.width <= other.x + 1e-6 || other.x + other.width <= one.x + 1e-6;
                let apart_y = one.y + one.height <= other.y + 1e-6 || other.y + other.height <= one.y + 1e-6;
                assert!(apart_x || apart_y);
            }
        }
    }

    #[test]
    fn a_long_word_is_cut_and_a_narrow_tile_is_left_empty() {
        assert_eq!(wrapped("Ihre Zugangsdaten", 8), ["Ihre", "Zugangs…"]);
        assert_eq!(wrapped("Ihre Zugangsdaten", 13), ["Ihre", "Zugangsdaten"]);
        assert!(wrapped("Ihre Zugangsdaten", 5).is_empty());
        assert_eq!(wrapped("Ihre Zugangs\u{ad}daten", 8), ["Ihre", "Zugangs-", "daten"]);
        assert_eq!(wrapped("Ihre Zugangs\u{ad}daten", 7), ["Ihre", "Zugang…"]);
        assert_eq!(wrapped("Ihre Zugangs\u{ad}daten", 17), ["Ihre Zugangsdaten"]);
        assert_eq!(wrapped("Mit\u{ad}glied\u{ad}schaft", 11), ["Mitglied-", "schaft"]);
    }

    #[test]
    fn an_empty_map_and_a_name_with_markup_are_drawn_safely() {
        assert!(!treemap(Language::English, &[], 900.0, 300.0, "wide").0.contains("NaN"));
        let tile = Tile {
            name: "<b>".to_owned(),
            values: 3,
            left: Left::Account,
        };
        let svg = treemap(Language::English, &[tile], 900.0, 300.0, "wide").0;
        assert!(svg.contains("&lt;b&gt;") && !svg.contains("<b>"));
    }
}
