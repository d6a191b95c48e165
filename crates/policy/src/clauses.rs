//! The clauses that shipped profiles carry, in this product's own words, and what makes each true here.

use crate::clause::ClauseId;
use Status::{Later, Partly, Served};

/// How much of a clause this version makes true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// All that the clause asks for.
    Served,
    /// A part; the rest comes later.
    Partly,
    /// Nothing runs yet; the policy declares it.
    Later,
}

impl Status {
    /// What a table calls it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Partly => "served in part",
            Self::Later => "declared, served by a later version",
        }
    }
}

/// A clause in the product's own words.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Which.
    pub id: ClauseId,
    /// What the operator may or must do.
    pub must: &'static str,
    /// What in this program makes it true.
    pub made_true_by: &'static str,
    /// How much of it this version serves.
    pub status: Status,
}

const fn no_log_vpn(number: u16, status: Status, must: &'static str, made_true_by: &'static str) -> Clause {
    Clause {
        id: ClauseId { series: 3, number },
        must,
        made_true_by,
        status,
    }
}

/// The clauses, in the order of their ids.
pub const CLAUSES: &[Clause] = &[
    no_log_vpn(
        1,
        Served,
        "Say in plain words what happens to data, and name somebody who answers questions.",
        "The pages are generated from the policy with fixed short sentences; a policy without `controller` and `contact` does not compile.",
    ),
    no_log_vpn(
        2,
        Partly,
        "Carry all of a member's Internet traffic through the VPN.",
        "The configuration that a member downloads routes everything into the tunnel. Blocking other traffic while the tunnel is down is the task of a client program of ours, which comes later.",
    ),
    no_log_vpn(
        3,
        Served,
        "Make the way between device and server private.",
        "WireGuard: modern key exchange, authenticated encryption and new keys every two minutes, in an engine of our own that any standard client can talk to.",
    ),
    no_log_vpn(
        4,
        Partly,
        "Have a client that opens the tunnel and keeps it open.",
        "Any standard WireGuard client does. A client of ours comes later.",
    ),
    no_log_vpn(
        5,
        Served,
        "Keep nothing of what goes through the network, but for the exceptions that the policy lists.",
        "The tunnel runs in a process that has no right to open a file, a socket or a log. The compiler refuses a policy that promises this and collects it at once.",
    ),
    no_log_vpn(
        6,
        Served,
        "Keep nothing about the sites that a member visits.",
        "No type of this program can hold a visited host, address or name question, so no table, event or export can.",
    ),
    no_log_vpn(
        7,
        Served,
        "Keep nothing about the address that a member is given.",
        "No address is given: all devices use the same inner one. The worker picks a random internal address in memory and forgets it three minutes after the last packet.",
    ),
    no_log_vpn(
        8,
        Served,
        "Keep nothing that the device stores, or sends through the VPN.",
        "The tunnel carries WireGuard messages alone. What the account asks for is declared line by line.",
    ),
    no_log_vpn(
        9,
        Served,
        "Record how much each account moved, so that the network can be run.",
        "The only record of use: bytes up and down for each account and day.",
    ),
    no_log_vpn(
        10,
        Served,
        "Use that record for billing, for running the network and for support, and for nothing else.",
        "Code needs a permit for each purpose, and only the policy can give one.",
    ),
    no_log_vpn(
        11,
        Later,
        "Possibly keep more, for a while, in order to find a fault.",
        "No code of this version can do it. A policy that allows it says what, for whom and until when.",
    ),
    no_log_vpn(
        12,
        Later,
        "When it does: the time of sign-in and the addresses reached, no more.",
        "The two fields of the `debug-capture` statement; the second has no type that could hold it yet.",
    ),
    no_log_vpn(
        13,
        Later,
        "Delete it when the fault is found.",
        "The language wants an event and a longest wait for it: `keep until=ticket.resolved max=…`.",
    ),
    no_log_vpn(
        14,
        Later,
        "Possibly disclose, and begin to collect, for authorities who ask lawfully.",
        "No code of this version collects or hands over on order. What is not kept cannot be disclosed.",
    ),
    no_log_vpn(
        15,
        Later,
        "Do so only in the honest belief that the law demands it.",
        "A `disclose` statement wants at least two of the staff to agree; one is refused by the compiler.",
    ),
    no_log_vpn(
        16,
        Later,
        "Manage traffic by automatic rules, so that the network works for all.",
        "Declared as work in memory. No rules are built in yet.",
    ),
    no_log_vpn(
        17,
        Later,
        "Let such rules look at addresses while traffic passes.",
        "Declared with the fields that the rules may look at. No rules are built in yet.",
    ),
    no_log_vpn(
        18,
        Partly,
        "Keep no log of that.",
        "A `process` statement must forget within the hour, and this one within a minute; what comes out are counts. The tunnel's process could not write a log.",
    ),
    no_log_vpn(
        19,
        Partly,
        "Lead traffic through one or several countries, and say so.",
        "The `transfer` statement names them on the page. This version runs on one machine; a choice of countries comes later.",
    ),
    no_log_vpn(
        20,
        Later,
        "Have machines in several countries.",
        "One machine in this version.",
    ),
    no_log_vpn(
        21,
        Served,
        "Ask for an e-mail address, and need nothing else, to join.",
        "Joining asks for an e-mail address and a password.",
    ),
    no_log_vpn(
        22,
        Partly,
        "Use it for billing and for answering members.",
        "Purposes of the statement. This version sends no mail.",
    ),
    no_log_vpn(
        23,
        Later,
        "Use it for news, offers and questions, until the member says no.",
        "The language refuses such mail without a choice. This version sends no mail.",
    ),
    no_log_vpn(
        24,
        Later,
        "Ask for name, address, telephone and payment when something is bought.",
        "There is no shop in this version; the fields are declared for the moment of an order only.",
    ),
    no_log_vpn(
        25,
        Later,
        "Use them to deliver and to bill what was bought.",
        "Two purposes, in the statement. There is no shop in this version.",
    ),
    no_log_vpn(
        26,
        Served,
        "Guard personal data by several measures while it is entered, sent and read.",
        "TLS alone; a form is taken from this site alone; attempts are limited; personal columns are sealed with a key for each person.",
    ),
    no_log_vpn(
        27,
        Partly,
        "Let sensitive data travel over TLS only.",
        "Every address but the first start on the machine itself is TLS 1.2 or newer. Card data never travels here.",
    ),
    no_log_vpn(
        28,
        Later,
        "Leave card data with a payment gateway, open to few.",
        "No gateway is connected. A policy could let the program hold the gateway's reference, never the card.",
    ),
    no_log_vpn(
        29,
        Served,
        "Store no card, no social security number and no bank facts after a purchase.",
        "No type of this program can hold a card number, a card code or such a number, and no policy that collects the first two compiles.",
    ),
    no_log_vpn(
        30,
        Later,
        "Use a cookie to remember a shopping cart.",
        "Declared. There is no shop in this version, so the cookie is never set.",
    ),
    no_log_vpn(
        31,
        Later,
        "Count visits to the site, all together.",
        "Declared with a figure of at least twenty people. This version counts no page views.",
    ),
    no_log_vpn(
        32,
        Partly,
        "Work for people whose browser takes no cookies.",
        "The policy and all public pages need none. A cart without cookies comes with the shop.",
    ),
    no_log_vpn(
        33,
        Served,
        "Never sell, trade or rent out what identifies people.",
        "The program has no way out for personal data to anybody but the person concerned.",
    ),
    no_log_vpn(
        34,
        Partly,
        "Let only such helpers have data as are bound to silence.",
        "An enabled processor without an agreement does not compile. No helper is connected in this version.",
    ),
    no_log_vpn(
        35,
        Later,
        "Release data where law, terms or safety demand it.",
        "`disclose` names the grounds from a list of three. No code of this version releases anything.",
    ),
    no_log_vpn(
        36,
        Later,
        "Possibly pass on figures that identify nobody, for marketing too.",
        "`release` wants at least twenty people behind each figure. No figures leave this version.",
    ),
    no_log_vpn(
        37,
        Later,
        "Take contact data when somebody asks for help.",
        "There is no support desk in this version.",
    ),
    no_log_vpn(
        38,
        Later,
        "Take what is needed to answer the question.",
        "There is no support desk in this version.",
    ),
    no_log_vpn(
        39,
        Later,
        "Use it to solve the question and to become better.",
        "There is no support desk in this version.",
    ),
    no_log_vpn(
        40,
        Served,
        "Apply the policy to site, app and every contact.",
        "`surfaces` lists where it applies; a statement about another place does not compile.",
    ),
    no_log_vpn(
        41,
        Served,
        "Change the policy by posting the new one.",
        "`changes effective=on-posting`. Starting the program with the new file posts it.",
    ),
    no_log_vpn(
        42,
        Served,
        "Show a change by the date at the top.",
        "The page begins with the date and the version of the policy file.",
    ),
    no_log_vpn(
        43,
        Partly,
        "Ask people to look at the policy again and again.",
        "The page is open to all, without an account. A mark in the client when it changed comes later.",
    ),
    no_log_vpn(
        44,
        Partly,
        "Keep what people enter into forms and questions.",
        "Only forms of the account exist in this version, and their fields are declared.",
    ),
    no_log_vpn(
        45,
        Later,
        "Let people choose a nickname and other ways to be reached.",
        "Declared as optional. No form of this version asks for them.",
    ),
    no_log_vpn(
        46,
        Served,
        "Log visits to site, app and account: time, address and version of the program.",
        "The access log has these three fields and a keep of 14 days. On the tunnel the same line does not compile. A policy without it leaves no such table.",
    ),
    no_log_vpn(
        47,
        Later,
        "Record the model and the system of a device.",
        "Declared for the app, which comes later.",
    ),
    no_log_vpn(
        48,
        Later,
        "Add what other sources tell, such as a third-party sign-in.",
        "Declared. No other source is connected in this version.",
    ),
    no_log_vpn(
        49,
        Later,
        "Do so to give access or to be better.",
        "Declared. No other source is connected in this version.",
    ),
    no_log_vpn(
        50,
        Served,
        "Use data to provide, keep up and better the service.",
        "Purposes of the statements; a use without its purpose gets no permit.",
    ),
    no_log_vpn(
        51,
        Partly,
        "Use data to do what a member asked for, and to tell them about it.",
        "Purposes of the statements. Mails about an order come with the shop.",
    ),
    no_log_vpn(
        52,
        Later,
        "Use data to answer comments and questions.",
        "There is no support desk in this version.",
    ),
    no_log_vpn(
        53,
        Later,
        "Watch how much the service is used, and how.",
        "Only as figures about at least twenty people, and never from the tunnel. No figures leave this version.",
    ),
    no_log_vpn(
        54,
        Later,
        "Fit the service to a person.",
        "A purpose that the person must say yes to. Nothing is fitted in this version.",
    ),
    no_log_vpn(
        55,
        Served,
        "Process data in other countries, and tell people.",
        "`transfer` names the countries with machines and the one where accounts are kept.",
    ),
    no_log_vpn(
        56,
        Partly,
        "Let helpers have what their work needs.",
        "A recipient is named with each field that it gets, and gets a field only when that is collected. None is connected in this version.",
    ),
    no_log_vpn(
        57,
        Later,
        "Disclose where a lawful process reasonably demands it.",
        "As S3.14.",
    ),
    no_log_vpn(
        58,
        Later,
        "Disclose to enforce agreements and to prevent harm.",
        "As S3.35.",
    ),
    no_log_vpn(
        59,
        Later,
        "Hand the data over when the business changes hands.",
        "`handover` wants a notice, within which everybody can export and erase. No code of this version hands over.",
    ),
    no_log_vpn(
        60,
        Later,
        "Share in a particular way when people were told at the form and went on.",
        "A field goes to a recipient only by a statement that names both. None is connected in this version.",
    ),
    no_log_vpn(
        61,
        Later,
        "Possibly share figures in which nobody can be found.",
        "As S3.36.",
    ),
    no_log_vpn(
        62,
        Partly,
        "Possibly let others analyse the site.",
        "Declared and switched off. The pages load nothing from elsewhere.",
    ),
    no_log_vpn(
        63,
        Later,
        "Let them see addresses, browsers, pages, times, links and orders.",
        "Switched off; no field is handed over.",
    ),
    no_log_vpn(
        64,
        Later,
        "Use what they see to learn what is popular.",
        "Switched off; no field is handed over.",
    ),
    no_log_vpn(
        65,
        Partly,
        "Say that others' cookies have others' policies.",
        "No other party can set a cookie on these pages.",
    ),
    no_log_vpn(
        66,
        Partly,
        "Take reasonable care against loss, theft, misuse and change.",
        "Confined processes, sealed columns, a key for each person, and no log that could hold a person. Backups come later.",
    ),
    no_log_vpn(
        67,
        Served,
        "Answer questions that are sent by mail.",
        "The contact stands on the page; a policy without one does not compile.",
    ),
    no_log_vpn(
        68,
        Partly,
        "Offer tariffs and bill by them.",
        "Each account has a tariff. Billing comes later.",
    ),
    no_log_vpn(
        69,
        Later,
        "Ask members what they think.",
        "The language refuses it without a choice. This version sends no mail.",
    ),
    no_log_vpn(
        70,
        Later,
        "Let people sign in with an account elsewhere.",
        "Declared. Not built into this version.",
    ),
    no_log_vpn(
        71,
        Served,
        "Say which business stands behind the service.",
        "`controller` is the first statement of a policy and the headline of its page.",
    ),
    no_log_vpn(
        72,
        Later,
        "Keep a cart until the order is made.",
        "There is no shop in this version.",
    ),
    no_log_vpn(
        73,
        Served,
        "Tell when analysis reaches over other sites.",
        "`cross-site=#true` must be switched off to compile in this version.",
    ),
    no_log_vpn(
        74,
        Later,
        "Keep data for finding a fault only when it is needed.",
        "As S3.11: one account, an open request, and not without the member's yes.",
    ),
    no_log_vpn(
        75,
        Later,
        "Begin to collect for authorities only when they ask; nothing from before exists.",
        "As S3.14. Nothing from before exists, because nothing was kept.",
    ),
];
