//! The catalogue of purposes: why a datum may be used.

mod sealed {
    pub trait Sealed {}
}

/// A reason for using a datum, as a type. Implemented by the markers of this module alone.
pub trait Purpose: sealed::Sealed + Send + Sync + 'static {
    /// The same purpose as a value.
    const ID: PurposeId;
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $dpv:literal, $words:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl sealed::Sealed for $name {}
            impl Purpose for $name {
                const ID: PurposeId = PurposeId::$name;
            }
            impl crate::act::Act for $name {
                const ACT: crate::act::ActId = crate::act::ActId::Use(PurposeId::$name);
            }
            impl crate::act::sealed::Sealed for $name {}
        )*

        /// A reason for using a datum, as a value.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum PurposeId {
            $($(#[$doc])* $name,)*
        }

        impl PurposeId {
            /// Every purpose, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word that policies use.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
            /// The nearest concept of the Data Privacy Vocabulary 2 (W3C community group).
            pub const fn dpv(self) -> &'static str {
                match self { $(Self::$name => $dpv,)* }
            }
            /// What a page calls it.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

purposes! {
    /// Opening, keeping and closing an account.
    Account = "account", "dpv:AccountManagement", "run your account";
    /// Letting the right person in.
    SignIn = "sign-in", "dpv:IdentityAuthentication", "let you sign in";
    /// Doing what the member asked for.
    Service = "service", "dpv:RequestedServiceProvision", "provide the service you asked for";
    /// Asking for money by tariff.
    Billing = "billing", "dpv:PaymentManagement", "bill you";
    /// Fulfilling a purchase.
    Fulfilment = "fulfilment", "dpv:FulfilmentOfContractualObligation", "fulfil your purchase";
    /// Keeping what is in the cart.
    Order = "order", "dpv:CustomerOrderManagement", "take your order";
    /// Running the network.
    NetworkOps = "network-ops", "dpv:TechnicalServiceProvision", "run the network";
    /// Sharing the network fairly and keeping it whole.
    TrafficManagement = "traffic-management", "dpv:ServiceOptimisation", "manage traffic";
    /// Answering requests for help.
    Support = "support", "dpv:CustomerCare", "help you";
    /// Finding a fault.
    Debugging = "debugging", "dpv:RepairImpairments", "find a fault";
    /// Running the site and the interface.
    Operate = "operate", "dpv:ServiceProvision", "run this site";
    /// Keeping attackers out.
    Security = "security", "dpv:EnforceSecurity", "keep the service secure";
    /// Supporting the devices that people have.
    Compatibility = "compatibility", "dpv:IncreaseServiceRobustness", "support your kind of device";
    /// Making the service better.
    Improve = "improve", "dpv:ImproveExistingProductsAndServices", "improve the service";
    /// Making the service fit one person.
    Personalise = "personalise", "dpv:Personalisation", "fit the service to you";
    /// Asking what people think.
    Feedback = "feedback", "dpv:CommunicationForCustomerCare", "ask for feedback";
    /// Telling of offers.
    Promotion = "promotion", "dpv:DirectMarketing", "tell you of offers";
    /// Telling of changes to the product.
    ProductNews = "product-news", "dpv:CommunicationManagement", "tell you of product updates";
    /// Counting how the site is used.
    Analytics = "analytics", "dpv:ServiceUsageAnalytics", "count how the site is used";
    /// Learning what people want to buy.
    MarketingResearch = "marketing-research", "dpv:Marketing", "learn what people want";
    /// Proving what was agreed.
    Agreement = "agreement", "dpv:EstablishContractualAgreement", "remember what you agreed to";
    /// Talking with others.
    Community = "community", "dpv:RequestedServiceProvision", "let you talk with others";
    /// Doing what a lawful order demands.
    LegalDuty = "legal-duty", "dpv:LegalCompliance", "do what a lawful order demands";
}

impl PurposeId {
    /// The purpose that a policy calls `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.key() == key)
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u8
    }
}

const _: () = assert!(PurposeId::ALL.len() <= 32, "permit bit sets hold 32 purposes");
