//! What surrounds a page: title, navigation, what the member has to know, and the foot.

use account::{Accounts, SignedIn};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::failure::Failure;

/// The surroundings of a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Who runs this, as the policy writes it.
    pub(crate) controller: String,
    /// The same as a name at the top of the page.
    pub(crate) brand: String,
    pub(crate) contact: String,
    pub(crate) links: Vec<Link>,
    pub(crate) signed_in: bool,
    pub(crate) style: String,
    /// The script's path where the page has one.
    pub(crate) script: Option<String>,
    pub(crate) version: &'static str,
    pub(crate) digest: String,
    /// The policy that runs is not the one that the member accepted.
    pub(crate) must_accept: bool,
    /// The quota of the month is used up.
    pub(crate) over_quota: bool,
}

/// An entry of the navigation.
pub(crate) struct Link {
    pub(crate) href: &'static str,
    pub(crate) words: &'static str,
    pub(crate) current: bool,
}

/// Where in the navigation a page belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    Nowhere,
    Policy,
    Join,
    SignIn,
    Home,
    Devices,
    Usage,
    Me,
    Operator,
    Members,
    Network,
    OperatorPolicy,
}

impl Here {
    pub(crate) fn links(self, signed_in: Option<&SignedIn>, accounts: &Accounts) -> Vec<Link> {
        let operating = matches!(
            self,
            Self::Operator | Self::Members | Self::Network | Self::OperatorPolicy
        );
        let entries: Vec<(Self, &'static str, &'static str, bool)> = match signed_in {
            None => vec![
                (Self::Policy, "/policy", "Policy", true),
                (Self::Join, "/join", "Join", true),
                (Self::SignIn, "/sign-in", "Sign in", true),
            ],
            Some(_) if operating => vec![
                (Self::Operator, "/operator", "Promises", true),
                (Self::Members, "/operator/members", "Members", true),
                (Self::Network, "/operator/network", "Network", true),
                (Self::OperatorPolicy, "/operator/policy", "Policy", true),
                (Self::Home, "/home", "My account", true),
            ],
            Some(who) => vec![
                (Self::Home, "/home", "Home", true),
                (Self::Devices, "/devices", "Devices", accounts.has_devices()),
                (Self::Usage, "/usage", "Usage", accounts.has_usage()),
                (Self::Me, "/me", "About me", true),
                (Self::Policy, "/policy", "Policy", true),
                (Self::Operator, "/operator", "Operator", who.staff),
            ],
        };
        let shown = entries.into_iter().filter(|(.., shown)| *shown);
        shown
            .map(|(here, href, words, _)| Link {
                href,
                words,
                current: here == self,
            })
            .collect()
    }
}

/// A rendered page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => Failure::Ourselves.into_response(),
    }
}
