//! A class among classes: steps that grow, filled up to the one that holds.

use super::{Svg, escaped};
use crate::speech::Saying;

/// `filled` of `all` steps, and what that means.
pub(crate) fn steps(words: &Saying, filled: usize, all: usize) -> Svg {
    let mut svg = format!(
        "<svg class=\"steps\" viewBox=\"0 0 {} 60\" role=\"img\" aria-label=\"{}\">",
        all * 60,
        escaped(&words.to_string())
    );
    for step in 0..all {
        let height = 60.0 * (step + 1) as f64 / all as f64;
        let class = if step < filled { "step-filled" } else { "step-free" };
        svg.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{:.1}\" width=\"48\" height=\"{:.1}\" rx=\"3\"/>",
            step * 60 + 6,
            60.0 - height + 1.0,
            height - 2.0
        ));
    }
    svg.push_str("</svg>");
    Svg(svg)
}

#[cfg(test)]
mod tests {
    use plan::Language;

    use super::*;
    use crate::speech::say;

    #[test]
    fn as_many_steps_are_filled_as_hold() {
        let svg = steps(&say(Language::English, "load-busy"), 3, 4).0;
        assert_eq!(
            (svg.matches("step-filled").count(), svg.matches("step-free").count()),
            (3, 1)
        );
    }
}
