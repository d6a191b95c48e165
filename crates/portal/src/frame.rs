//! What surrounds a page: title, navigation, what the member has to know, and the foot.

use account::{Accounts, SignedIn, Stop};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::failure::Failure;
use crate::speech::{Markup, Saying, Speech};

/// The surroundings of a page.
pub(crate) struct Frame {
    pub(crate) speech: Speech,
    /// What stands before every address.
    pub(crate) at: &'static str,
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
    /// Why the member's devices are not served.
    pub(crate) stopped: Option<Stop>,
}

impl Frame {
    pub(crate) fn say(&self, key: &'static str) -> Saying {
        self.speech.say(key)
    }

    pub(crate) fn html(&self, key: &'static str) -> Markup {
        self.speech.html(key)
    }

    /// What a member has to know whose devices are not served: a label, and what to do.
    pub(crate) fn stop_notice(&self) -> Option<(Saying, Markup)> {
        Some(match self.stopped? {
            Stop::Suspended => (self.say("suspended-label"), self.html("suspended")),
            Stop::Ended => (self.say("ended-label"), self.html("ended")),
            Stop::OverQuota => (self.say("over-quota-label"), self.html("over-quota")),
        })
    }
}

/// An entry of the navigation.
pub(crate) struct Link {
    pub(crate) href: &'static str,
    pub(crate) words: Saying,
    pub(crate) current: bool,
}

/// Where in the navigation a page belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    Nowhere,
    Policy,
    Status,
    Server,
    Join,
    SignIn,
    Home,
    Devices,
    Usage,
    Me,
    Operator,
    Members,
    Invitations,
    Network,
    OperatorPolicy,
    Doctor,
}

impl Here {
    pub(crate) fn links(self, speech: &Speech, signed_in: Option<&SignedIn>, accounts: &Accounts) -> Vec<Link> {
        let operating = matches!(
            self,
            Self::Operator | Self::Members | Self::Invitations | Self::Network | Self::OperatorPolicy | Self::Doctor
        );
        let entries: Vec<(Self, &'static str, Saying, bool)> = match signed_in {
            None => vec![
                (Self::Policy, "/policy", speech.say("nav-policy"), true),
                (Self::Join, "/join", speech.say("nav-join"), true),
                (Self::SignIn, "/sign-in", speech.say("nav-sign-in"), true),
            ],
            Some(_) if operating => vec![
                (Self::Operator, "/operator", speech.say("nav-promises"), true),
                (Self::Members, "/operator/members", speech.say("nav-members"), true),
                (
                    Self::Invitations,
                    "/operator/invitations",
                    speech.say("nav-invitations"),
                    accounts.has_invitations(),
                ),
                (Self::Network, "/operator/network", speech.say("nav-network"), true),
                (Self::OperatorPolicy, "/operator/policy", speech.say("nav-policy"), true),
                (Self::Doctor, "/operator/doctor", speech.say("nav-doctor"), true),
                (Self::Home, "/home", speech.say("nav-account"), true),
            ],
            Some(who) => vec![
                (Self::Home, "/home", speech.say("nav-home"), true),
                (
                    Self::Devices,
                    "/devices",
                    speech.say("nav-devices"),
                    accounts.has_devices(),
                ),
                (Self::Usage, "/usage", speech.say("nav-usage"), accounts.has_usage()),
                (Self::Me, "/me", speech.say("nav-me"), true),
                (Self::Policy, "/policy", speech.say("nav-policy"), true),
                (Self::Operator, "/operator", speech.say("nav-operator"), who.staff),
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
