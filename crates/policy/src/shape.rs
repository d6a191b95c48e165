//! The grammar: which nodes there are and what may stand in them.

/// What may stand in a node.
pub(crate) struct Shape {
    /// The node's name.
    pub(crate) name: &'static str,
    /// Whether it takes words after its name.
    pub(crate) arguments: Arguments,
    /// Its properties.
    pub(crate) properties: &'static [&'static str],
    /// The nodes inside its braces.
    pub(crate) children: &'static [&'static str],
    /// The nodes inside its braces that may stand there more than once.
    pub(crate) repeated: &'static [&'static str],
    /// One that is right, for messages.
    pub(crate) example: &'static str,
}

/// How many words stand after a node's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// None.
    None,
    /// At most one.
    Optional,
    /// Exactly one.
    One,
    /// One or more.
    Some,
}

/// The node that holds a policy.
pub(crate) const POLICY: Shape = Shape {
    name: "policy",
    arguments: Arguments::One,
    properties: &["schema", "version", "date"],
    children: &[],
    repeated: &[],
    example: r#"policy my-service schema=1 version="1" { … }"#,
};

/// The statements.
pub(crate) const STATEMENTS: &[Shape] = &[
    Shape {
        name: "controller",
        arguments: Arguments::One,
        properties: &["contact", "says"],
        children: &[],
        repeated: &[],
        example: r#"controller "Harbour Lane Co-operative" contact="privacy@harbourlane.example""#,
    },
    Shape {
        name: "surfaces",
        arguments: Arguments::Some,
        properties: &["says"],
        children: &[],
        repeated: &[],
        example: "surfaces tunnel account site",
    },
    Shape {
        name: "audience",
        arguments: Arguments::Optional,
        properties: &["min-age", "says"],
        children: &[],
        repeated: &[],
        example: "audience min-age=16",
    },
    Shape {
        name: "rights",
        arguments: Arguments::None,
        properties: &["export", "erase", "correct", "within", "for", "says"],
        children: &[],
        repeated: &[],
        example: r#"rights export=#true erase=#true correct=#true within="30d" for=everyone"#,
    },
    Shape {
        name: "changes",
        arguments: Arguments::None,
        properties: &["effective", "notice", "by", "says"],
        children: &[],
        repeated: &[],
        example: r#"changes effective=after-notice notice="14d""#,
    },
    Shape {
        name: "promise",
        arguments: Arguments::One,
        properties: &["surface", "says"],
        children: &["never", "except"],
        repeated: &[],
        example: "promise no-log surface=tunnel { never dst.ip dns.query }",
    },
    Shape {
        name: "collect",
        arguments: Arguments::Some,
        properties: &["surface", "required", "grain", "when", "capability", "says"],
        children: &["for", "basis", "keep"],
        repeated: &["for"],
        example: "collect email surface=account { for account; keep until=account.closed }",
    },
    Shape {
        name: "process",
        arguments: Arguments::One,
        properties: &["surface", "ttl", "says"],
        children: &["fields", "for", "emit"],
        repeated: &[],
        example: r#"process routing surface=tunnel ttl="180s" { fields client.ip dst.ip; for service }"#,
    },
    Shape {
        name: "refuse",
        arguments: Arguments::Some,
        properties: &["says"],
        children: &[],
        repeated: &[],
        example: "refuse payment.pan payment.cvv",
    },
    Shape {
        name: "cookie",
        arguments: Arguments::One,
        properties: &["surface", "life", "says"],
        children: &["for"],
        repeated: &[],
        example: "cookie __Host-sid surface=account life=session { for sign-in }",
    },
    Shape {
        name: "recipient",
        arguments: Arguments::One,
        properties: &["class", "country", "agreement", "enabled", "cross-site", "says"],
        children: &["gets", "for"],
        repeated: &[],
        example: r#"recipient gateway class=processor country=SE agreement="DPA-1" { gets payment.token; for billing }"#,
    },
    Shape {
        name: "disclose",
        arguments: Arguments::Some,
        properties: &["approvals", "tell-subject", "says"],
        children: &[],
        repeated: &[],
        example: "disclose legal-order approvals=2 tell-subject=#true",
    },
    Shape {
        name: "release",
        arguments: Arguments::One,
        properties: &["k", "says"],
        children: &["from", "for"],
        repeated: &[],
        example: "release site-figures k=20 { from site.hits; for analytics }",
    },
    Shape {
        name: "never",
        arguments: Arguments::Some,
        properties: &["says"],
        children: &[],
        repeated: &[],
        example: "never sell profile",
    },
    Shape {
        name: "source",
        arguments: Arguments::One,
        properties: &["says"],
        children: &["fields"],
        repeated: &[],
        example: "source third-party-sign-in { fields email }",
    },
    Shape {
        name: "transfer",
        arguments: Arguments::None,
        properties: &["nodes", "processing", "says"],
        children: &[],
        repeated: &[],
        example: r#"transfer nodes="SE NL" processing=SE"#,
    },
    Shape {
        name: "handover",
        arguments: Arguments::None,
        properties: &["notice", "says"],
        children: &[],
        repeated: &[],
        example: r#"handover notice="30d""#,
    },
    Shape {
        name: "note",
        arguments: Arguments::One,
        properties: &["says"],
        children: &[],
        repeated: &[],
        example: r#"note "We answer questions on working days.""#,
    },
];

const fn list(name: &'static str, example: &'static str) -> Shape {
    Shape {
        name,
        arguments: Arguments::Some,
        properties: &[],
        children: &[],
        repeated: &[],
        example,
    }
}

/// The nodes inside the braces of a statement.
pub(crate) const PARTS: &[Shape] = &[
    list("never", "never dst.ip dns.query"),
    list("except", "except debug-capture"),
    list("fields", "fields client.ip dst.ip"),
    list("emit", "emit rule.hits"),
    list("gets", "gets email order.total"),
    list("from", "from site.hits"),
    Shape {
        name: "for",
        arguments: Arguments::Some,
        properties: &["choice"],
        children: &[],
        repeated: &[],
        example: "for account billing",
    },
    Shape {
        name: "basis",
        arguments: Arguments::One,
        properties: &[],
        children: &[],
        repeated: &[],
        example: "basis contract",
    },
    Shape {
        name: "keep",
        arguments: Arguments::Optional,
        properties: &["until", "max", "plus"],
        children: &[],
        repeated: &[],
        example: r#"keep "14d""#,
    },
];

/// The statement called `name`.
pub(crate) fn statement(name: &str) -> Option<&'static Shape> {
    STATEMENTS.iter().find(|shape| shape.name == name)
}

/// The part of a statement called `name`.
pub(crate) fn part(name: &str) -> Option<&'static Shape> {
    PARTS.iter().find(|shape| shape.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_a_statement_names_has_a_shape() {
        for shape in STATEMENTS {
            for child in shape.children {
                assert!(part(child).is_some(), "{child}");
            }
        }
    }
}
