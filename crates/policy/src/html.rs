//! HTML of a policy. Every text of the file passes [`escaped`].

use std::collections::BTreeSet;
use std::fmt::Write as _;

use plan::{FieldId, Language};

use crate::compile::Compiled;
use crate::label::{Label, label};
use crate::page::{Item, Section, cookie_row, sections};
use crate::tongue::{self, Part, Tongue};

/// The stylesheet of all pages; every rule is inside `.policy` or a `policy-` class.
pub const STYLESHEET: &str = include_str!("policy.css");

/// `text` as HTML shows it, in an element or a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// The long page as one `<article class="policy">`, with its own `<h1>`, to be put into a page of a site.
///
/// `exercised` are the fields that the program really holds or looks at; `version` is the program's.
pub fn page_fragment(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str, language: Language) -> String {
    let parts = compiled.plan().parts();
    let tongue = tongue::tongue(language);
    let mut html = article(
        &tongue.page_title(&parts.controller.name),
        Some(&meta(compiled, tongue)),
    );
    push(&mut html, format_args!("<p>{}</p>\n", tongue.intro()));
    push(
        &mut html,
        format_args!(
            "<section aria-labelledby=\"policy-short\">\n<h2 id=\"policy-short\">{}</h2>\n",
            tongue.in_short()
        ),
    );
    html.push_str(&boxes(&label(compiled, exercised, language), 3, tongue));
    html.push_str("</section>\n");
    for section in sections(compiled, exercised, language) {
        push_section(&mut html, &section, tongue);
        if section.part == Part::Memory || (section.part == Part::Kept && parts.processes.is_empty()) {
            html.push_str(&cookie_section(compiled, tongue));
        }
    }
    html.push_str(&foot(compiled, version, tongue));
    html.push_str("</article>\n");
    html
}

/// The label of one screen as a fragment: collected, shared, kept, never.
pub fn label_fragment(compiled: &Compiled, exercised: &BTreeSet<FieldId>, language: Language) -> String {
    let tongue = tongue::tongue(language);
    let title = tongue.label_title(&compiled.plan().parts().controller.name);
    let mut html = article(&title, Some(&meta(compiled, tongue)));
    html.push_str(&boxes(&label(compiled, exercised, language), 2, tongue));
    html.push_str("</article>\n");
    html
}

/// The table of cookies as a fragment.
pub fn cookie_fragment(compiled: &Compiled, language: Language) -> String {
    let tongue = tongue::tongue(language);
    let mut html = article(&tongue.cookies_title(&compiled.plan().parts().controller.name), None);
    html.push_str(&cookie_table(compiled, tongue));
    html.push_str("</article>\n");
    html
}

/// The beginning of a fragment; `meta` is escaped already.
fn article(title: &str, meta: Option<&str>) -> String {
    let mut html = format!("<article class=\"policy\">\n<h1>{}</h1>\n", escaped(title));
    if let Some(meta) = meta {
        push(&mut html, format_args!("<p class=\"policy-meta\">{meta}</p>\n"));
    }
    html
}

/// A fragment as a page of its own, with the stylesheet beside it.
pub(crate) fn standalone(title: &str, fragment: &str, language: Language) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<link rel=\"stylesheet\" \
         href=\"policy.css\">\n</head>\n<body class=\"policy-page\">\n<main>\n{fragment}</main>\n</body>\n</html>\n",
        language.tag(),
        escaped(title)
    )
}

fn meta(compiled: &Compiled, tongue: &dyn Tongue) -> String {
    let date = compiled
        .date()
        .map(|date| format!("<time datetime=\"{0}\">{0}</time>", escaped(date)));
    tongue.meta(date.as_deref(), &escaped(&compiled.plan().parts().version))
}

/// The four boxes, with headings of the level that follows the page's last.
fn boxes(label: &Label, heading_level: u8, tongue: &dyn Tongue) -> String {
    let mut html = String::from("<div class=\"policy-label\">\n");
    for (part, lines) in label.boxes() {
        let heading = tongue.label_box(part);
        push(
            &mut html,
            format_args!("<div class=\"policy-box\"><h{heading_level}>{heading}</h{heading_level}><ul>"),
        );
        lines
            .iter()
            .for_each(|line| push(&mut html, format_args!("<li>{}</li>", escaped(line))));
        html.push_str("</ul></div>\n");
    }
    html.push_str("</div>\n");
    html
}

fn push_section(html: &mut String, section: &Section, tongue: &dyn Tongue) {
    let (id, heading, lead) = (section.part.anchor(), section.heading, section.lead);
    push(
        html,
        format_args!(
            "<section aria-labelledby=\"policy-{id}\">\n<h2 id=\"policy-{id}\">{heading}</h2>\n\
             <p class=\"policy-lead\">{lead}</p>\n"
        ),
    );
    section.items.iter().for_each(|item| push_item(html, item, tongue));
    html.push_str("</section>\n");
}

fn push_item(html: &mut String, item: &Item, tongue: &dyn Tongue) {
    push(
        html,
        format_args!("<div class=\"policy-item\"><h3>{}</h3>", escaped(&item.title)),
    );
    for mark in &item.marks {
        push(
            html,
            format_args!("<span class=\"policy-mark\">{}</span>", escaped(tongue.mark(*mark))),
        );
    }
    let sentences = escaped(&item.sentences.join(" "));
    push(html, format_args!("<p>{sentences}</p>"));
    html.push_str(&clauses(&item.clauses, tongue));
    html.push_str("</div>\n");
}

fn clauses(says: &[String], tongue: &dyn Tongue) -> String {
    match says.is_empty() {
        true => String::new(),
        false => format!(
            "<p class=\"policy-clauses\">{} {}</p>",
            tongue.clauses(),
            escaped(&says.join(", "))
        ),
    }
}

fn cookie_section(compiled: &Compiled, tongue: &dyn Tongue) -> String {
    format!(
        "<section aria-labelledby=\"policy-cookies\">\n<h2 id=\"policy-cookies\">{}</h2>\n{}</section>\n",
        tongue.cookies(),
        cookie_table(compiled, tongue)
    )
}

fn cookie_table(compiled: &Compiled, tongue: &dyn Tongue) -> String {
    let cookies = &compiled.plan().parts().cookies;
    if cookies.is_empty() {
        return format!("<p>{}</p>\n", tongue.no_cookie());
    }
    let mut html = format!(
        "<p class=\"policy-lead\">{}</p>\n<div class=\"policy-scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{}\"><table><thead><tr>",
        tongue.cookies_lead(),
        tongue.cookies()
    );
    for column in tongue.cookie_columns() {
        push(&mut html, format_args!("<th scope=\"col\">{column}</th>"));
    }
    html.push_str("</tr></thead><tbody>\n");
    for cookie in cookies {
        let [name, rest @ ..] = cookie_row(cookie, tongue);
        let clauses = clauses(&cookie.says, tongue);
        push(
            &mut html,
            format_args!("<tr><td><code>{}</code>{clauses}</td>", escaped(&name)),
        );
        rest.iter()
            .for_each(|cell| push(&mut html, format_args!("<td>{}</td>", escaped(cell))));
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
    html
}

fn foot(compiled: &Compiled, version: &str, tongue: &dyn Tongue) -> String {
    let plan = compiled.plan();
    let digest = format!("<code>{}</code>", plan.digest());
    let words = tongue.foot(&escaped(&plan.parts().name), &digest, &escaped(version));
    format!("<footer class=\"policy-foot\"><p>{words}</p></footer>\n")
}

fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_can_open_an_element_or_leave_an_attribute() {
        assert_eq!(
            escaped("<a href='x' b=\"y\">&"),
            "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;"
        );
    }
}
