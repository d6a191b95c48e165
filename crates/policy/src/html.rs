//! HTML of a policy. Every text of the file passes [`escaped`].

use std::collections::BTreeSet;
use std::fmt::Write as _;

use plan::FieldId;

use crate::compile::Compiled;
use crate::label::{Label, label};
use crate::page::{COOKIE_COLUMNS, Item, Section, cookie_row, sections};

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
pub fn page_fragment(compiled: &Compiled, exercised: &BTreeSet<FieldId>, version: &str) -> String {
    let parts = compiled.plan().parts();
    let mut html = String::from("<article class=\"policy\">\n");
    push(
        &mut html,
        format_args!("<h1>Privacy policy of {}</h1>\n", escaped(&parts.controller.name)),
    );
    push(
        &mut html,
        format_args!("<p class=\"policy-meta\">{}</p>\n", heading_line(compiled)),
    );
    html.push_str(
        "<p>This page is written by the program from the policy that it was started with. What the policy does not \
         declare, the program has no place for.</p>\n",
    );
    html.push_str("<section aria-labelledby=\"policy-short\">\n<h2 id=\"policy-short\">In short</h2>\n");
    html.push_str(&boxes(&label(compiled, exercised), 3));
    html.push_str("</section>\n");
    for section in sections(compiled, exercised) {
        push_section(&mut html, &section);
        if section.id == "memory" || (section.id == "kept" && parts.processes.is_empty()) {
            html.push_str(&cookie_section(compiled));
        }
    }
    html.push_str(&foot(compiled, version));
    html.push_str("</article>\n");
    html
}

/// The label of one screen as a fragment: collected, shared, kept, never.
pub fn label_fragment(compiled: &Compiled, exercised: &BTreeSet<FieldId>) -> String {
    let parts = compiled.plan().parts();
    let mut html = String::from("<article class=\"policy\">\n");
    push(
        &mut html,
        format_args!("<h1>Privacy label of {}</h1>\n", escaped(&parts.controller.name)),
    );
    push(
        &mut html,
        format_args!("<p class=\"policy-meta\">{}</p>\n", heading_line(compiled)),
    );
    html.push_str(&boxes(&label(compiled, exercised), 2));
    html.push_str("</article>\n");
    html
}

/// The table of cookies as a fragment.
pub fn cookie_fragment(compiled: &Compiled) -> String {
    let mut html = String::from("<article class=\"policy\">\n");
    let name = escaped(&compiled.plan().parts().controller.name);
    push(
        &mut html,
        format_args!("<h1>Cookies of {name}</h1>\n{}", cookie_table(compiled)),
    );
    html.push_str("</article>\n");
    html
}

/// A fragment as a page of its own, with the stylesheet beside it.
pub(crate) fn standalone(title: &str, fragment: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<link rel=\"stylesheet\" \
         href=\"policy.css\">\n</head>\n<body class=\"policy-page\">\n<main>\n{fragment}</main>\n</body>\n</html>\n",
        escaped(title)
    )
}

fn heading_line(compiled: &Compiled) -> String {
    let parts = compiled.plan().parts();
    let version = escaped(&parts.version);
    match compiled.date() {
        Some(date) => format!(
            "Last changed on <time datetime=\"{0}\">{0}</time>, version {version}",
            escaped(date)
        ),
        None => format!("Version {version}"),
    }
}

/// The four boxes, with headings of the level that follows the page's last.
fn boxes(label: &Label, heading_level: u8) -> String {
    let mut html = String::from("<div class=\"policy-label\">\n");
    for (heading, lines) in label.boxes() {
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

fn push_section(html: &mut String, section: &Section) {
    let (id, heading, lead) = (section.id, section.heading, section.lead);
    push(
        html,
        format_args!(
            "<section aria-labelledby=\"policy-{id}\">\n<h2 id=\"policy-{id}\">{heading}</h2>\n\
             <p class=\"policy-lead\">{lead}</p>\n"
        ),
    );
    section.items.iter().for_each(|item| push_item(html, item));
    html.push_str("</section>\n");
}

fn push_item(html: &mut String, item: &Item) {
    push(
        html,
        format_args!("<div class=\"policy-item\"><h3>{}</h3>", escaped(&item.title)),
    );
    for mark in &item.marks {
        push(
            html,
            format_args!("<span class=\"policy-mark\">{}</span>", escaped(mark.words())),
        );
    }
    let sentences = escaped(&item.sentences.join(" "));
    push(html, format_args!("<p>{sentences}</p>"));
    html.push_str(&clauses(&item.clauses));
    html.push_str("</div>\n");
}

fn clauses(says: &[String]) -> String {
    match says.is_empty() {
        true => String::new(),
        false => format!("<p class=\"policy-clauses\">clauses {}</p>", escaped(&says.join(", "))),
    }
}

fn cookie_section(compiled: &Compiled) -> String {
    format!(
        "<section aria-labelledby=\"policy-cookies\">\n<h2 id=\"policy-cookies\">Cookies</h2>\n{}</section>\n",
        cookie_table(compiled)
    )
}

fn cookie_table(compiled: &Compiled) -> String {
    let cookies = &compiled.plan().parts().cookies;
    if cookies.is_empty() {
        return "<p>No cookie is set.</p>\n".to_owned();
    }
    let mut html = String::from("<p class=\"policy-lead\">No other cookie can be set, and none by anybody else.</p>\n");
    html.push_str(
        "<div class=\"policy-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Cookies\"><table><thead><tr>",
    );
    for column in COOKIE_COLUMNS {
        push(&mut html, format_args!("<th scope=\"col\">{column}</th>"));
    }
    html.push_str("</tr></thead><tbody>\n");
    for cookie in cookies {
        let [name, rest @ ..] = cookie_row(cookie);
        let clauses = clauses(&cookie.says);
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

fn foot(compiled: &Compiled, version: &str) -> String {
    let plan = compiled.plan();
    format!(
        "<footer class=\"policy-foot\"><p>Policy “{}”, plan digest <code>{}</code>, rendered by candor {}. Small \
         numbers such as S3.9 name the clauses that a statement carries.</p></footer>\n",
        escaped(&plan.parts().name),
        plan.digest(),
        escaped(version)
    )
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
