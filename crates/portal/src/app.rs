//! What every page has at hand.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use account::{Accounts, RateLimit, SignedIn};
use plan::{Event, FieldId, Language, Plan, Surface, Timestamp};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::doctor::Doctor;
use crate::failure::{Failure, capitalised};
use crate::frame::{Frame, Here};
use crate::picture::lifetimes::{Lifetimes, lifetimes};
use crate::session::COOKIE;
use crate::speech::{Saying, Speech};
use crate::uptime::Uptime;
use crate::vpn::VpnStatus;

/// Attempts of one address at once, and seconds until one more, by form. Guesses: a family behind one address can do
/// what it wants to, a program that guesses passwords gets nowhere.
const JOIN_BURST: u32 = 20;
const JOIN_REFILL_SECONDS: i64 = 60;
const SIGN_IN_BURST: u32 = 30;
const SIGN_IN_REFILL_SECONDS: i64 = 10;
/// Lines of the access log that are being written at once; more are left out rather than waited for.
const VISITS_AT_ONCE: usize = 64;

/// Lines of the access log that one household causes at once, and seconds until one more: 2,880 a day. More are left out:
/// whoever floods would fill the database, and everything of an address is read when somebody looks at it. Guesses.
const VISIT_BURST: u32 = 120;
const VISIT_REFILL_SECONDS: i64 = 30;

/// Lines of one failure in the operator's log at once, and seconds until one more. Guesses: a full disk must not fill what
/// is left with lines that say so.
const REPORT_BURST: u32 = 5;
const REPORT_REFILL_SECONDS: i64 = 60;

/// What the pages are made of.
pub struct Portal {
    /// Members and everything that is theirs.
    pub accounts: Arc<Accounts>,
    /// The policy that the program was started with.
    pub policy: Arc<policy::Compiled>,
    /// The fields that the program really holds or looks at.
    pub exercised: BTreeSet<FieldId>,
    /// The state of the VPN.
    pub vpn: Arc<dyn VpnStatus>,
    /// Who looks at the installation.
    pub doctor: Arc<dyn Doctor>,
    /// The program's version.
    pub version: &'static str,
    /// How long each part worked on each day.
    pub uptime: Arc<Uptime>,
    /// Where an event of the pages goes: the operator's log.
    pub report: Arc<dyn Fn(Event) + Send + Sync>,
}

/// Why the pages cannot be served.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PortalError {
    /// The policy lets nobody sign in.
    #[error(
        "the policy does not declare the cookie {COOKIE}, without which nobody can sign in; add to the policy: \
         cookie {COOKIE} surface=account life=session {{ for sign-in }}"
    )]
    CookieNotDeclared,
}

/// The portal at work.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) policy: Arc<policy::Compiled>,
    pub(crate) exercised: BTreeSet<FieldId>,
    pub(crate) vpn: Arc<dyn VpnStatus>,
    pub(crate) doctor: Arc<dyn Doctor>,
    pub(crate) version: &'static str,
    pub(crate) assets: Assets,
    /// The picture of the policy, in the order of [`Language::ALL`].
    lifetimes: [Lifetimes; Language::ALL.len()],
    /// The policy page's heading and the rest, in the same order; the picture stands between them.
    policy_pages: [(String, String); Language::ALL.len()],
    pub(crate) policy_json: String,
    pub(crate) joins: RateLimit,
    pub(crate) sign_ins: RateLimit,
    /// Places for lines of the access log that are being written.
    visits: Arc<Semaphore>,
    visit_rate: RateLimit,
    pub(crate) uptime: Arc<Uptime>,
    report: Arc<dyn Fn(Event) + Send + Sync>,
    reports: RateLimit,
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    pub(crate) fn new(portal: Portal) -> Result<Self, PortalError> {
        let Portal {
            accounts,
            policy,
            exercised,
            vpn,
            doctor,
            version,
            uptime,
            report,
        } = portal;
        if policy.plan().cookie(COOKIE).is_none() {
            return Err(PortalError::CookieNotDeclared);
        }
        Ok(Self(Arc::new(Inner {
            assets: Assets::new(),
            lifetimes: Language::ALL.map(|language| lifetimes(language, policy.plan(), &exercised)),
            policy_pages: Language::ALL
                .map(|language| split_page(policy::page_fragment(&policy, &exercised, version, language))),
            policy_json: policy::show_json(&policy, &exercised, version),
            joins: RateLimit::new(JOIN_BURST, JOIN_REFILL_SECONDS),
            sign_ins: RateLimit::new(SIGN_IN_BURST, SIGN_IN_REFILL_SECONDS),
            visits: Arc::new(Semaphore::new(VISITS_AT_ONCE)),
            visit_rate: RateLimit::new(VISIT_BURST, VISIT_REFILL_SECONDS),
            reports: RateLimit::new(REPORT_BURST, REPORT_REFILL_SECONDS),
            uptime,
            report,
            accounts,
            policy,
            exercised,
            vpn,
            doctor,
            version,
        })))
    }

    pub(crate) fn plan(&self) -> &Plan {
        self.policy.plan()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.accounts.store().now()
    }

    /// The picture of the policy.
    /// The policy page's heading and the rest.
    pub(crate) fn policy_page(&self, language: Language) -> &(String, String) {
        &self.policy_pages[language as usize]
    }

    pub(crate) fn lifetimes(&self, language: Language) -> &Lifetimes {
        &self.lifetimes[language as usize]
    }

    /// Tells the operator's log of a failure; one that repeats is told less often.
    pub(crate) fn report(&self, event: Event) {
        let mut key = [0; 16];
        if let Event::Failed { place, code } = event {
            key[0] = place as u8;
            key[12..].copy_from_slice(&code.to_be_bytes());
        }
        if self.reports.allow(&key, self.now()) {
            (self.report)(event);
        }
    }

    /// The frame of a page for somebody who may be signed in.
    pub(crate) fn frame(&self, speech: &Speech, title: Saying, here: Here, signed_in: Option<&SignedIn>) -> Frame {
        let parts = self.plan().parts();
        Frame {
            at: speech.at,
            speech: speech.clone(),
            title: title.to_string(),
            controller: parts.controller.name.clone(),
            brand: capitalised(&parts.controller.name),
            contact: parts.controller.contact.clone(),
            links: here.links(speech, signed_in, &self.accounts),
            signed_in: signed_in.is_some(),
            style: self.assets.style_path.clone(),
            script: None,
            version: self.version,
            digest: self.plan().digest().to_string(),
            must_accept: false,
            stopped: None,
        }
    }

    /// The frame of a member's page, with what they have to know.
    pub(crate) async fn member_frame(
        &self,
        speech: &Speech,
        title: Saying,
        here: Here,
        who: &SignedIn,
    ) -> Result<Frame, Failure> {
        let mut frame = self.frame(speech, title, here, Some(who));
        frame.must_accept = !self.accounts.accepted_current(who.member).await?;
        frame.stopped = self.accounts.stopped(who.member);
        Ok(frame)
    }

    /// Writes a line of the access log where the policy declares one on this surface. The page does not wait for it.
    pub(crate) fn record_visit(&self, surface: Surface, address: Option<IpAddr>, program: &str) {
        let declared = self
            .plan()
            .collects_of(FieldId::AccessIp)
            .any(|collect| collect.surfaces.contains(&surface));
        let (Some(address), true) = (address, declared && self.accounts.has_visits()) else {
            return;
        };
        if !self.visit_rate.allow(&limit_key(Some(address)), self.now()) {
            return;
        }
        let Ok(place) = Arc::clone(&self.visits).try_acquire_owned() else {
            return;
        };
        let accounts = Arc::clone(&self.accounts);
        let program = program.to_owned();
        drop(tokio::spawn(async move {
            let _unwritten = accounts.record_visit(address, &program).await;
            drop(place);
        }));
    }
}

/// Parts the rendered policy before its first section.
fn split_page(mut page: String) -> (String, String) {
    let rest = page.split_off(page.find("<section").unwrap_or(page.len()));
    (page, rest)
}

/// What a rate limit counts by: an IPv4 address, or the /64 of an IPv6 address, which is one household.
pub(crate) fn limit_key(address: Option<IpAddr>) -> [u8; 16] {
    let address = match address {
        None => Ipv6Addr::UNSPECIFIED,
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
        }
    };
    address.octets()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_household_of_ipv6_is_one_key() {
        let key = |text: &str| limit_key(text.parse().ok());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
