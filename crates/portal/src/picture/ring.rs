//! The quota ring.

use plan::Language;

use super::Svg;
use crate::speech::say;

const RADIUS: f64 = 52.0;

/// A ring that is filled by the share of the quota that is used; open and unbroken where there is no limit.
pub(crate) fn ring(language: Language, used: u64, quota: Option<u64>) -> Svg {
    let around = std::f64::consts::TAU * RADIUS;
    let share = quota.map(|quota| {
        if quota == 0 {
            1.0
        } else {
            (used as f64 / quota as f64).min(1.0)
        }
    });
    let words = match share {
        Some(share) => say(language, "ring-used").number("percent", percent(share)),
        None => say(language, "ring-open"),
    };
    let mut svg = format!(
        "<svg class=\"ring\" viewBox=\"0 0 128 128\" role=\"img\" aria-label=\"{words}\">\
         <circle class=\"ring-track{}\" cx=\"64\" cy=\"64\" r=\"{RADIUS}\"/>",
        if share.is_none() { " ring-open" } else { "" }
    );
    let centre = match share {
        Some(share) => {
            let class = if share >= 1.0 { " ring-full" } else { "" };
            // A dash of length 0 with round ends would still be a dot.
            if share > 0.0 {
                svg.push_str(&format!(
                    "<circle class=\"ring-used{class}\" cx=\"64\" cy=\"64\" r=\"{RADIUS}\" transform=\"rotate(-90 64 64)\" \
                     stroke-dasharray=\"{:.2} {around:.2}\"/>",
                    share * around
                ));
            }
            say(language, "ring-percent")
                .number("percent", percent(share))
                .to_string()
        }
        None => "∞".to_owned(),
    };
    svg.push_str(&format!(
        "<text class=\"ring-text\" x=\"64\" y=\"64\" text-anchor=\"middle\" dominant-baseline=\"central\">{centre}</text></svg>"
    ));
    Svg(svg)
}

fn percent(share: f64) -> u64 {
    (share * 100.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Language = Language::English;

    #[test]
    fn the_ring_says_its_number() {
        assert!(ring(EN, 25, Some(100)).0.contains("25 percent"));
        assert!(ring(EN, 300, Some(100)).0.contains("100 percent"));
        assert!(ring(EN, 0, Some(0)).0.contains("100 percent"));
        assert!(ring(EN, 5, None).0.contains("There is no limit"));
        assert!(!ring(EN, 0, Some(100)).0.contains("ring-used"));
    }
}
