//! The picture of the policy: each thing and how long it stays, from never to as long as the account.

use std::collections::{BTreeMap, BTreeSet};

use plan::act::ActId;
use plan::{FieldClass, FieldId, Keep, Language, Never, Plan};

use super::Svg;
use crate::failure::capitalised;
use crate::speech::say;
use crate::words;

/// The rows of the picture; the text of each row is the table.
pub(crate) struct Lifetimes {
    pub(crate) rows: Vec<Life>,
    /// How many kinds of data are never kept.
    pub(crate) never: usize,
    /// How many kinds of data are kept.
    pub(crate) kept: usize,
}

/// How long one thing stays.
pub(crate) struct Life {
    /// Whether it comes to rest anywhere at all.
    pub(crate) kept: bool,
    /// Whether it is looked at in memory and forgotten.
    pub(crate) passing: bool,
    pub(crate) what: String,
    pub(crate) more: String,
    pub(crate) how_long: String,
    pub(crate) bar: Svg,
}

/// The length at each mark of the axis but the first, in seconds; one step lies between two.
const STEPS: [f64; 5] = [60.0, 3_600.0, 86_400.0, 2_592_000.0, 31_536_000.0];
/// Units of the drawing: one step of the axis.
const STEP: f64 = 100.0;
const WIDTH: f64 = STEP * 6.0;

enum Bar {
    Never,
    Memory(i64),
    Kept(Keep),
}

/// What the policy says, row by row.
pub(crate) fn lifetimes(language: Language, plan: &Plan, exercised: &BTreeSet<FieldId>) -> Lifetimes {
    let never = never_fields(plan);
    let mut rows = never_rows(language, plan, &never);
    for process in &plan.parts().processes {
        let fields: Vec<&str> = process.fields.iter().map(|field| field.words_in(language)).collect();
        let ttl = words::length_within(language, process.ttl_seconds);
        rows.push(Life {
            kept: false,
            passing: true,
            what: say(language, "life-in-memory")
                .text("surface", process.surface.words_in(language))
                .to_string(),
            more: words::list(language, &fields),
            how_long: say(language, "life-forgotten").text("length", ttl).to_string(),
            bar: bar(&Bar::Memory(process.ttl_seconds)),
        });
    }
    let kept: Vec<FieldId> = plan.kept_fields().filter(|field| exercised.contains(field)).collect();
    let mut groups: BTreeMap<(Keep, FieldClass), Vec<FieldId>> = BTreeMap::new();
    for field in &kept {
        if let Some(kept) = plan.keep(*field) {
            groups.entry((kept.keep, field.class())).or_default().push(*field);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((keep, _), _)| keep.seconds.unwrap_or(i64::MAX));
    for ((keep, class), fields) in groups {
        let names: Vec<&str> = fields.iter().map(|field| field.words_in(language)).collect();
        rows.push(Life {
            kept: true,
            passing: false,
            what: capitalised(class.words_in(language)),
            more: words::list(language, &names),
            how_long: policy::keep_words(keep, language),
            bar: bar(&Bar::Kept(keep)),
        });
    }
    Lifetimes {
        rows,
        never: never.len(),
        kept: kept.len(),
    }
}

/// Everything that is promised or refused and not kept elsewhere.
pub(crate) fn never_fields(plan: &Plan) -> BTreeSet<FieldId> {
    let promised = plan.parts().promises.iter().flat_map(|promise| &promise.never);
    let refused = plan.parts().refuses.iter().flat_map(|refuse| &refuse.fields);
    let all = promised.chain(refused).copied();
    all.filter(|field| !plan.allows(*field, ActId::Keep)).collect()
}

fn never_rows(language: Language, plan: &Plan, never: &BTreeSet<FieldId>) -> Vec<Life> {
    let parts = plan.parts();
    let mut rows = Vec::new();
    let mut row = |what: String, fields: &[FieldId], how_long: &str| {
        let fields = fields.iter().filter(|field| never.contains(field));
        let names: Vec<&str> = fields.map(|field| field.words_in(language)).collect();
        if !names.is_empty() {
            rows.push(Life {
                kept: false,
                passing: false,
                what,
                more: words::list(language, &names),
                how_long: how_long.to_owned(),
                bar: bar(&Bar::Never),
            });
        }
    };
    for promise in &parts.promises {
        let place = capitalised(promise.surface.words_in(language));
        let exceptions: Vec<&str> = promise.except.iter().map(String::as_str).collect();
        let how_long = match exceptions.is_empty() {
            true => say(language, "life-never-kept"),
            false => say(language, "life-exceptions").text("exceptions", words::list(language, &exceptions)),
        };
        row(place, &promise.never, &how_long.to_string());
    }
    for refuse in &parts.refuses {
        let how_long = say(language, "life-not-accepted").to_string();
        row(say(language, "life-not-asked").to_string(), &refuse.fields, &how_long);
    }
    if !parts.nevers.is_empty() {
        let names = parts.nevers.iter().map(|(never, _)| match never {
            Never::Sell => say(language, "life-sell").to_string(),
            Never::Profile => say(language, "life-profile").to_string(),
        });
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        rows.push(Life {
            kept: false,
            passing: false,
            what: say(language, "life-not-done").to_string(),
            more: words::list(language, &names),
            how_long: say(language, "life-never").to_string(),
            bar: bar(&Bar::Never),
        });
    }
    rows
}

/// Where a length lies on the axis, in units of the drawing.
fn place(seconds: f64) -> f64 {
    let log = |seconds: f64| seconds.max(1.0).ln();
    if seconds <= STEPS[0] {
        return STEP * seconds / STEPS[0];
    }
    for (index, pair) in STEPS.windows(2).enumerate() {
        if seconds <= pair[1] {
            let share = (log(seconds) - log(pair[0])) / (log(pair[1]) - log(pair[0]));
            return STEP * (1.0 + index as f64 + share);
        }
    }
    // Ten years are the end of the axis; a policy cannot say more.
    let share = (log(seconds) - log(STEPS[4])) / (log(10.0 * STEPS[4]) - log(STEPS[4]));
    STEP * (5.0 + share.min(1.0))
}

fn bar(bar: &Bar) -> Svg {
    // A ring with nothing in it; it keeps its shape while bars stretch with their column.
    const NEVER: &str = "<svg class=\"life-ring\" viewBox=\"0 0 20 20\" aria-hidden=\"true\">\
                         <circle class=\"life-never\" cx=\"10\" cy=\"10\" r=\"7\"/></svg>";
    let mut svg =
        format!("<svg class=\"life\" viewBox=\"0 0 {WIDTH:.0} 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    match bar {
        Bar::Never => return Svg(NEVER.to_owned()),
        Bar::Memory(seconds) => {
            let width = place(*seconds as f64);
            svg.push_str(&format!(
                "<rect class=\"life-memory\" x=\"0\" y=\"4\" width=\"{width:.1}\" height=\"12\"/>"
            ));
        }
        Bar::Kept(keep) => {
            let width = keep.seconds.map_or(WIDTH, |seconds| place(seconds as f64));
            let class = if keep.seconds.is_none() {
                "life-account"
            } else {
                "life-kept"
            };
            svg.push_str(&format!(
                "<rect class=\"{class}\" x=\"0\" y=\"4\" width=\"{width:.1}\" height=\"12\"/>"
            ));
        }
    }
    svg.push_str("</svg>");
    Svg(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_grows_and_ends() {
        let lengths = [
            0.0,
            30.0,
            60.0,
            180.0,
            3_600.0,
            86_400.0,
            7_776_000.0,
            31_536_000.0,
            4e8,
            4e9,
        ];
        let places: Vec<f64> = lengths.into_iter().map(place).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(place(60.0), 100.0);
        assert_eq!(place(86_400.0), 300.0);
        assert_eq!(place(4e9), WIDTH);
    }
}
