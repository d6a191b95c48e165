//! The catalogue of fields: every kind of personal datum that this code could ever meet.
//!
//! A policy selects from this list; it cannot add to it. A field whose value type is [`Unheld`] has no value that
//! code of this version could make, so it can be promised never to be kept without trusting anybody's care.

use std::net::IpAddr;

use crate::value::{Cell, Unheld, Value};
use crate::{Day, Shown, Timestamp};

mod sealed {
    pub trait Sealed {}
}

/// A kind of personal datum, as a type. Implemented by the markers of this module alone.
pub trait Field: sealed::Sealed + Send + Sync + 'static {
    /// The same field as a value.
    const ID: FieldId;
    /// What a datum of this kind is made of.
    type Value: Value;
}

/// What sort of datum a field is; pages group by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FieldClass {
    /// What flows through the services on its way to somebody else.
    Traffic,
    /// Who somebody is and how to reach them.
    Identity,
    /// What lets somebody in.
    Credential,
    /// What the account is and has agreed to.
    Account,
    /// What connects.
    Device,
    /// How much was used.
    Usage,
    /// What somebody wrote.
    Content,
    /// What is paid with, and what was ordered.
    Payment,
    /// What a visit to the web site or the interface leaves.
    Visit,
    /// What helps to find a fault.
    Debug,
}

impl FieldClass {
    /// What a page calls the group.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Identity => "who you are",
            Self::Credential => "what lets you in",
            Self::Account => "your account",
            Self::Device => "your devices",
            Self::Usage => "how much you used",
            Self::Content => "what you wrote",
            Self::Payment => "orders and payment",
            Self::Visit => "visits to the site",
            Self::Debug => "fault finding",
        }
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $class:ident, $value:ty, $dpv:literal, $words:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl sealed::Sealed for $name {}
            impl Field for $name {
                const ID: FieldId = FieldId::$name;
                type Value = $value;
            }
        )*

        /// A kind of personal datum, as a value.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum FieldId {
            $($(#[$doc])* $name,)*
        }

        impl FieldId {
            /// Every field, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word that policies use.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
            /// What sort of datum it is.
            pub const fn class(self) -> FieldClass {
                match self { $(Self::$name => FieldClass::$class,)* }
            }
            /// The nearest concept of the Data Privacy Vocabulary 2 (W3C community group) or of its `pd` extension.
            pub const fn dpv(self) -> &'static str {
                match self { $(Self::$name => $dpv,)* }
            }
            /// What a page calls it.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
            /// Whether this version has a type that could hold a datum of this kind at all.
            pub fn can_be_held(self) -> bool {
                match self { $(Self::$name => std::mem::size_of::<$value>() > 0,)* }
            }
            /// The words for a value that the store has unsealed (`bytes`), for the person concerned; `None` when the
            /// bytes are not of this field's type.
            pub fn shown_of_bytes(self, bytes: &[u8]) -> Option<Shown> {
                match self { $(Self::$name => <$value as Value>::from_bytes(bytes).map(|value| Shown::of(&value)),)* }
            }
            /// The words for a value of a column in clear, for the person concerned; `None` when the cell is not of
            /// this field's type.
            pub fn shown_of_cell(self, cell: &Cell) -> Option<Shown> {
                match self { $(Self::$name => <$value as Value>::from_cell(cell).map(|value| Shown::of(&value)),)* }
            }
        }
    };
}

fields! {
    /// The address from which a device's tunnel packets come.
    ClientIp = "client.ip", Traffic, Unheld, "pd:IPAddress", "the address you connect from";
    /// The address that a member's traffic goes to.
    DstIp = "dst.ip", Traffic, Unheld, "pd:BrowsingBehavior", "addresses you reach";
    /// The host name that a member's traffic goes to.
    DstHost = "dst.host", Traffic, Unheld, "pd:BrowsingBehavior", "sites you visit";
    /// A name that a member's device asks for.
    DnsQuery = "dns.query", Traffic, Unheld, "pd:BrowsingBehavior", "names your device looks up";
    /// What a member's traffic says.
    Payload = "payload", Traffic, Unheld, "pd:Communication", "the content of your traffic";
    /// The address that a device is known by while it is connected.
    LeaseIp = "lease.ip", Traffic, Unheld, "pd:IPAddress", "an address assigned to you";
    /// When a connection began.
    SessionStart = "session.start", Traffic, Unheld, "pd:ServiceConsumptionBehavior", "when you connected";
    /// When a connection ended.
    SessionEnd = "session.end", Traffic, Unheld, "pd:ServiceConsumptionBehavior", "when you disconnected";
    /// How often a traffic rule matched.
    RuleHits = "rule.hits", Traffic, i64, "pd:ServiceConsumptionBehavior", "how often a traffic rule applied";

    /// E-mail address.
    Email = "email", Identity, String, "pd:EmailAddress", "e-mail address";
    /// Name of a person.
    Name = "name", Identity, String, "pd:Name", "name";
    /// Postal address.
    Address = "address", Identity, String, "pd:PhysicalAddress", "postal address";
    /// Telephone number.
    Phone = "phone", Identity, String, "pd:TelephoneNumber", "telephone number";
    /// A name that somebody chose for talking to others.
    Nickname = "nickname", Identity, String, "pd:Username", "nickname";
    /// Any other way of being reached or recognised that somebody chose to give.
    ContactExtra = "contact.extra", Identity, String, "pd:Contact", "other contact you gave";
    /// A number by which a state knows a person.
    Ssn = "ssn", Identity, Unheld, "pd:OfficialID", "social security number";

    /// The hash of a password.
    PasswordHash = "password.hash", Credential, String, "pd:Password", "password (only its hash)";
    /// The hash of a recovery code.
    RecoveryHash = "recovery.hash", Credential, String, "pd:Authenticating", "recovery code (only its hash)";
    /// The hash of the random number in a sign-in cookie.
    SessionHash = "session.hash", Credential, [u8; 32], "pd:Authenticating", "signed-in browser (only a hash)";
    /// The number by which somebody signs in who gave no e-mail address; only a slow hash of it is held.
    AccountNumber = "account.number", Credential, [u8; 32], "pd:AccountIdentifier", "account number (only its hash)";
    /// The hash of an access token of a member's program.
    TokenHash = "token.hash", Credential, [u8; 32], "pd:Authenticating", "access token (only its hash)";
    /// The hash of an invitation's code.
    InvitationCode = "invitation.code", Credential, [u8; 32], "pd:Authenticating", "invitation you made (only its hash)";

    /// The day on which somebody became a member.
    JoinedDay = "joined.day", Account, Day, "pd:ProfileCreation", "day you joined";
    /// Which version of the policy somebody accepted.
    AcceptedDigest = "accepted.digest", Account, String, "dpv:ConsentRecord", "policy version you accepted";
    /// When somebody accepted the policy.
    AcceptedTime = "accepted.time", Account, Timestamp, "dpv:ConsentRecord", "when you accepted it";
    /// What somebody may do for the operator.
    StaffRole = "staff.role", Account, String, "pd:ProfessionalRole", "role among the staff";
    /// What somebody buys or was given.
    Tariff = "tariff", Account, String, "pd:ServiceConsumptionBehavior", "tariff";
    /// The last day that a membership is paid for.
    PaidUntil = "paid.until", Account, Day, "pd:ServiceConsumptionBehavior", "day your membership lasts until";
    /// The day on which the operator suspended a member.
    SuspendedDay = "suspended.day", Account, Day, "pd:ServiceConsumptionBehavior", "day you were suspended";
    /// What a member calls an access token.
    TokenLabel = "token.label", Account, String, "pd:Authenticating", "what you call an access token";
    /// What an access token may do.
    TokenScope = "token.scope", Account, String, "pd:Authenticating", "what an access token may do";
    /// The tariff that an invitation gives.
    InvitationTariff = "invitation.tariff", Account, String, "pd:ServiceConsumptionBehavior", "tariff of an invitation you made";
    /// How many people an invitation still lets in.
    InvitationUses = "invitation.uses", Account, i64, "pd:ServiceConsumptionBehavior", "uses left of an invitation you made";
    /// When an invitation ends.
    InvitationEnd = "invitation.end", Account, Timestamp, "pd:ServiceConsumptionBehavior", "end of an invitation you made";
    /// The invitation that somebody joined by.
    InvitationUsed = "invitation.used", Account, String, "pd:ServiceConsumptionBehavior", "invitation you joined by";

    /// What a member calls a device.
    DeviceLabel = "device.label", Device, String, "pd:DeviceBased", "device label";
    /// A device's public key.
    DeviceKey = "device.key", Device, [u8; 32], "pd:DeviceBased", "device public key";
    /// A second secret that a device shares with the server.
    DevicePsk = "device.psk", Device, [u8; 32], "pd:DeviceBased", "device preshared key";
    /// The model of a device.
    DeviceModel = "device.model", Device, String, "pd:DeviceBased", "device model";
    /// The operating system of a device and its version.
    DeviceOs = "device.os", Device, String, "pd:DeviceOperatingSystem", "operating system";

    /// The day that a count of bytes belongs to.
    UsageDay = "usage.day", Usage, Day, "pd:ServiceConsumptionBehavior", "day of use";
    /// How many bytes an account moved, up and down.
    UsageBytes = "usage.bytes", Usage, i64, "pd:ServiceConsumptionBehavior", "bytes moved";

    /// How to reach somebody who asked for help.
    TicketContact = "ticket.contact", Content, String, "pd:Contact", "contact in a support request";
    /// What somebody who asked for help wrote.
    TicketBody = "ticket.body", Content, String, "pd:Communication", "text of a support request";

    /// A payment gateway's reference; no payment instrument.
    PaymentToken = "payment.token", Payment, String, "pd:Transactional", "payment reference";
    /// A card number.
    PaymentPan = "payment.pan", Payment, Unheld, "pd:PaymentCardNumber", "card number";
    /// A card's verification code.
    PaymentCvv = "payment.cvv", Payment, Unheld, "pd:PaymentCard", "card verification code";
    /// What an order costs.
    OrderTotal = "order.total", Payment, i64, "pd:Transactional", "order total";
    /// The number of an invoice.
    InvoiceNumber = "invoice.number", Payment, String, "pd:Transactional", "invoice number";
    /// What lies in a shopping cart.
    Cart = "cart", Payment, String, "pd:Transactional", "shopping cart";

    /// When the site or the account was used.
    AccessTime = "access.time", Visit, Timestamp, "pd:ServiceConsumptionBehavior", "time of a visit";
    /// The address that the site or the account was used from.
    AccessIp = "access.ip", Visit, IpAddr, "pd:IPAddress", "address of a visit";
    /// The version of the program that used the site or the account.
    AppVersion = "app.version", Visit, String, "pd:BrowserDeviceInformation", "app or browser version";
    /// How often a page was asked for, by everybody together.
    SiteHits = "site.hits", Visit, i64, "pd:ServiceConsumptionBehavior", "page views";
    /// The browser's name for itself, for analytics.
    WebBrowser = "web.browser", Visit, String, "pd:BrowserDeviceInformation", "web browser";
    /// A page that was looked at.
    PageUrl = "page.url", Visit, String, "pd:BrowsingBehavior", "pages viewed";
    /// How long a page was looked at.
    PageTime = "page.time", Visit, i64, "pd:BrowsingBehavior", "time on a page";
    /// A link that was followed.
    LinkClicked = "link.clicked", Visit, String, "pd:BrowsingBehavior", "links clicked";
    /// That a visit led to an order.
    Conversion = "conversion", Visit, String, "pd:BrowsingBehavior", "conversion";

    /// When somebody signed in, held while a fault is searched for.
    LoginTime = "login.time", Debug, Timestamp, "pd:ServiceConsumptionBehavior", "sign-in time";
}

impl FieldId {
    /// The field that a policy calls `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.key() == key)
    }

    pub(crate) const fn bit(self) -> u128 {
        1 << self as u8
    }
}

const _: () = assert!(FieldId::ALL.len() <= 128, "permit bit sets hold 128 fields");
