//! A compiled policy: the statements, the questions that code asks of them, and the tuples that are digested.

use std::collections::BTreeSet;

use crate::act::{Act, ActId};
use crate::digest::Tuple;
use crate::{Digest, Field, FieldId, NotDeclared, Permit, PurposeId, Surface, Timestamp};

/// The clauses of the commissioned policies that a statement carries, as written: `S3.9-10`.
pub type Says = Vec<String>;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $key:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word that policies use.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }
            /// The value that a policy calls `key`.
            pub fn from_key(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.key() == key)
            }
        }
    )*};
}

words! {
    /// On what ground a datum is held.
    Basis {
        /// Needed for the contract with the member.
        Contract = "contract",
        /// The member said yes.
        Consent = "consent",
        /// The law demands it.
        Law = "law",
        /// An interest of the operator that the member's does not outweigh.
        Interest = "interest",
    }
    /// Whether a person has a say in a purpose.
    Choice {
        /// Part of the service.
        None = "none",
        /// Off until the person says yes.
        OptIn = "opt-in",
        /// On until the person says no.
        OptOut = "opt-out",
    }
    /// An event that ends a keep.
    Until {
        /// The account is closed or erased.
        AccountClosed = "account.closed",
        /// The support request is resolved.
        TicketResolved = "ticket.resolved",
        /// The member deletes the datum.
        Deleted = "deleted",
        /// The membership was paid for until a day that is over; then the whole account is erased.
        AccountExpired = "account.expired",
    }
    /// How finely a usage count is kept.
    Grain {
        /// One figure for each account and day.
        AccountDay = "account*day",
    }
    /// When a change of the policy takes effect.
    Effective {
        /// At once for new data; data already held keeps the rule it was collected under.
        OnPosting = "on-posting",
        /// After the days of notice.
        AfterNotice = "after-notice",
    }
    /// How people are told of a change of the policy, beside its being posted.
    Telling {
        /// Whoever signs in is shown it, in the browser and in programs: reaches members without an e-mail address.
        SignIn = "sign-in",
    }
    /// What kind of outsider a recipient is.
    RecipientClass {
        /// Works on the operator's behalf under an agreement.
        Processor = "processor",
        /// Decides for itself what it does with the data.
        ThirdParty = "third-party",
        /// The name server that members' questions go to.
        Resolver = "resolver",
        /// A business that the operator advertises with.
        Partner = "partner",
    }
    /// What is never done with personal data.
    Never {
        /// Sell, trade or rent it.
        Sell = "sell",
        /// Make a profile of a person for advertising.
        Profile = "profile",
    }
    /// How long a cookie lives.
    CookieLife {
        /// Until the browser is closed.
        Session = "session",
    }
}

/// How long a datum is kept: a length, an event, or both (whichever comes first).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Keep {
    /// Seconds after collection.
    pub seconds: Option<i64>,
    /// The event that ends it.
    pub until: Option<Until>,
    /// What is added after the event.
    pub plus: Option<Upkeep>,
}

/// What is added to a keep after its event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Upkeep {
    /// A number of seconds.
    Seconds(i64),
    /// What the tax law of the controller's country demands, for invoice facts alone.
    TaxLaw,
}

/// The keep that binds a field, and which statement says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The field.
    pub field: FieldId,
    /// The shortest keep that any statement gives it.
    pub keep: Keep,
}

impl Keep {
    /// When a datum collected at `now` must be gone at the latest, by the length alone.
    pub const fn expiry(self, now: Timestamp) -> Timestamp {
        match self.seconds {
            Some(seconds) => now.plus_seconds(seconds),
            None => Timestamp::NEVER,
        }
    }
}

/// Who answers for the policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Controller {
    /// Name of the person or company.
    pub name: String,
    /// How to reach them about privacy.
    pub contact: String,
}

/// Who may join.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Audience {
    /// Years of age from which somebody may join; `None`: everybody.
    pub min_age: Option<u8>,
}

/// What every person may ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    /// Seconds within which a request is answered; the program answers at once.
    pub within_seconds: i64,
    /// Correcting what is held.
    pub correct: bool,
}

/// How the policy itself may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changes {
    /// When a change takes effect.
    pub effective: Effective,
    /// Days of notice before it does.
    pub notice_days: u16,
    /// How people are told, where the policy says so.
    pub by: Option<Telling>,
}

/// Fields that are never kept and never leave the process on one surface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Promise {
    /// What the promise is called.
    pub name: String,
    /// Where it holds.
    pub surface: Surface,
    /// What is never kept.
    pub never: Vec<FieldId>,
    /// The statements that are the only exceptions, by name.
    pub except: Vec<String>,
    /// The clauses that it carries.
    pub says: Says,
}

/// A datum that may be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Collect {
    /// What.
    pub fields: Vec<FieldId>,
    /// Where it is met.
    pub surfaces: Vec<Surface>,
    /// What for, and whether the person has a say.
    pub purposes: Vec<(PurposeId, Choice)>,
    /// On what ground.
    pub basis: Basis,
    /// For how long.
    pub keep: Keep,
    /// How finely, for counts.
    pub grain: Option<Grain>,
    /// Whether the service cannot be had without it.
    pub required: bool,
    /// The moment of collection when it is not at joining: `order`, `ticket`.
    pub when: Option<String>,
    /// A capability of the statement beyond the plain datum: `debug-capture`.
    pub capability: Option<String>,
    /// The clauses that it carries.
    pub says: Says,
}

impl Collect {
    /// The purposes in which the person has this say.
    pub fn purposes_with(&self, wanted: Choice) -> Vec<PurposeId> {
        let purposes = self.purposes.iter().filter(|(_, choice)| *choice == wanted);
        purposes.map(|(purpose, _)| *purpose).collect()
    }
}

/// Work in memory that keeps nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// What the work is called.
    pub name: String,
    /// Where it is done.
    pub surface: Surface,
    /// What it looks at.
    pub fields: Vec<FieldId>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// Seconds after which what it looked at is forgotten.
    pub ttl_seconds: i64,
    /// Counts that come out of it.
    pub emit: Vec<FieldId>,
    /// The clauses that it carries.
    pub says: Says,
}

/// Fields that are not even accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refuse {
    /// What.
    pub fields: Vec<FieldId>,
    /// The clauses that it carries.
    pub says: Says,
}

/// A cookie that may be set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Where it is set.
    pub surface: Surface,
    /// How long it lives.
    pub life: CookieLife,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// The clauses that it carries.
    pub says: Says,
}

/// An outsider who may be handed data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recipient {
    /// What the policy calls it.
    pub name: String,
    /// What kind it is.
    pub class: RecipientClass,
    /// ISO 3166-1 code of the country where it works.
    pub country: Option<String>,
    /// Reference of the stored agreement; a processor without one is handed nothing.
    pub agreement: Option<String>,
    /// Whether it is handed anything at all.
    pub enabled: bool,
    /// Whether it follows people across other sites.
    pub cross_site: bool,
    /// What it is handed.
    pub gets: Vec<FieldId>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// The clauses that it carries.
    pub says: Says,
}

/// A ground on which data is disclosed against or without the person's wish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disclose {
    /// The grounds: `legal-order`, `enforce-terms`, `protect-safety`.
    pub grounds: Vec<String>,
    /// How many of the staff must agree.
    pub approvals: u8,
    /// Whether the person is told unless an order forbids it.
    pub tell_subject: bool,
    /// The clauses that it carries.
    pub says: Says,
}

/// Figures about many that leave without the individual.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aggregate {
    /// What the release is called.
    pub name: String,
    /// The least number of people behind a figure.
    pub k: u32,
    /// What it is counted from.
    pub fields: Vec<FieldId>,
    /// What for.
    pub purposes: Vec<PurposeId>,
    /// The clauses that it carries.
    pub says: Says,
}

/// Another place that data comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// What the policy calls it.
    pub name: String,
    /// What comes from it.
    pub fields: Vec<FieldId>,
    /// The clauses that it carries.
    pub says: Says,
}

/// Where machines stand and data is processed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// ISO 3166-1 codes of the countries with machines that carry traffic.
    pub nodes: Vec<String>,
    /// ISO 3166-1 code of the country where accounts are kept.
    pub processing: Option<String>,
    /// The clauses that it carries.
    pub says: Says,
}

/// What happens to the data when the business is handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handover {
    /// Days of notice before it.
    pub notice_days: u16,
    /// The clauses that it carries.
    pub says: Says,
}

/// The operator's own words; shown, marked, and not enforced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The words.
    pub text: String,
    /// The clauses that it carries.
    pub says: Says,
}

/// Everything that a policy file says, before it is a [`Plan`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parts {
    /// What the policy is called.
    pub name: String,
    /// Its version, as the operator counts.
    pub version: String,
    /// Who answers for it.
    pub controller: Controller,
    /// Where it applies.
    pub surfaces: BTreeSet<Surface>,
    /// Who may join.
    pub audience: Audience,
    /// What every person may ask for.
    pub rights: Rights,
    /// How it may change.
    pub changes: Changes,
    /// What clauses the single nodes above carry: (node, clauses).
    pub heading_says: Vec<(&'static str, Says)>,
    /// What is never kept.
    pub promises: Vec<Promise>,
    /// What is kept.
    pub collects: Vec<Collect>,
    /// What is done in memory.
    pub processes: Vec<Process>,
    /// What is not accepted.
    pub refuses: Vec<Refuse>,
    /// What cookies are set.
    pub cookies: Vec<Cookie>,
    /// Who is handed data.
    pub recipients: Vec<Recipient>,
    /// On what grounds data is disclosed.
    pub discloses: Vec<Disclose>,
    /// What figures leave.
    pub releases: Vec<Aggregate>,
    /// What is never done.
    pub nevers: Vec<(Never, Says)>,
    /// Where else data comes from.
    pub sources: Vec<Source>,
    /// Where machines stand.
    pub transfers: Vec<Transfer>,
    /// What happens at a handover.
    pub handovers: Vec<Handover>,
    /// The operator's own words.
    pub notes: Vec<Note>,
}

/// A compiled policy. Made by the `policy` crate alone; immutable.
#[derive(Clone, Debug)]
pub struct Plan {
    parts: Parts,
    kept: u128,
    uses: [u32; 128],
    tuples: BTreeSet<Tuple>,
    digest: Digest,
}

impl Plan {
    /// Makes the plan of checked parts. The `policy` crate calls this after its checks and nobody else does
    /// (`crates/lab/tests/house_rules.rs` holds the list of callers).
    pub fn assemble(parts: Parts) -> Self {
        let mut kept = 0;
        let mut uses = [0; 128];
        // A capability's data needs more than the policy: an open ticket or an order. No permit comes from here.
        for collect in parts.collects.iter().filter(|collect| collect.capability.is_none()) {
            for field in &collect.fields {
                kept |= field.bit();
                for (purpose, choice) in &collect.purposes {
                    if *choice == Choice::None {
                        uses[*field as usize] |= purpose.bit();
                    }
                }
            }
        }
        let tuples = crate::digest::tuples(&parts);
        let digest = crate::digest::digest(&tuples);
        Self {
            parts,
            kept,
            uses,
            tuples,
            digest,
        }
    }

    /// The right to do the act `A` with the field `F`.
    ///
    /// # Errors
    /// [`NotDeclared`] when no statement declares it; its text names the line to add. A purpose with a choice is not
    /// given by the policy alone: it needs the person's consent as well.
    pub fn permit<F: Field, A: Act>(&self) -> Result<Permit<F, A>, NotDeclared> {
        if self.allows(F::ID, A::ACT) {
            Ok(Permit::mint())
        } else {
            Err(NotDeclared {
                field: F::ID,
                act: A::ACT,
            })
        }
    }

    /// Whether a statement declares `act` with `field`.
    pub const fn allows(&self, field: FieldId, act: ActId) -> bool {
        match act {
            ActId::Keep | ActId::Show => self.kept & field.bit() != 0,
            ActId::Use(purpose) => self.uses[field as usize] & purpose.bit() != 0,
        }
    }

    /// The fields that may be kept, in the order of the catalogue.
    pub fn kept_fields(&self) -> impl Iterator<Item = FieldId> + '_ {
        FieldId::ALL
            .iter()
            .copied()
            .filter(|field| self.allows(*field, ActId::Keep))
    }

    /// How long a field may be kept: the shortest of what its statements say; `None` when it may not be kept.
    pub fn keep(&self, field: FieldId) -> Option<Kept> {
        let collects = self
            .parts
            .collects
            .iter()
            .filter(|collect| collect.capability.is_none() && collect.fields.contains(&field));
        let keep = collects
            .map(|collect| collect.keep)
            .min_by_key(|keep| keep.seconds.unwrap_or(i64::MAX))?;
        Some(Kept { field, keep })
    }

    /// The statements that declare `field` as kept.
    pub fn collects_of(&self, field: FieldId) -> impl Iterator<Item = &Collect> + '_ {
        self.parts
            .collects
            .iter()
            .filter(move |collect| collect.fields.contains(&field))
    }

    /// Whether the policy lets a cookie of this name be set.
    pub fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.parts.cookies.iter().find(|cookie| cookie.name == name)
    }

    /// What the policy file says.
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The canonical tuples, sorted: one JSON array of strings each (RFC 8785).
    pub fn tuples(&self) -> impl Iterator<Item = String> + '_ {
        self.tuples.iter().map(Tuple::to_json)
    }

    /// The same tuples with their values apart.
    pub const fn tuple_set(&self) -> &BTreeSet<Tuple> {
        &self.tuples
    }

    /// SHA-256 of the canonical tuples. Names, versions, clause ids and notes are not part of it.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}
