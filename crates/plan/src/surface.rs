//! Where data is met.

/// Where data is met. Scope by surface is how a no-log promise on `tunnel` and an access log on `site` live in one
/// policy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Surface {
    /// The VPN's data path.
    Tunnel,
    /// Questions and answers of the name service.
    Dns,
    /// Shared exits.
    Exit,
    /// Messages and calls.
    Talk,
    /// The member's account and its HTTP interface.
    Account,
    /// The public web site.
    Site,
    /// The member's own client program.
    App,
    /// Requests for help.
    Support,
}

impl Surface {
    /// Every surface, in the order of pages.
    pub const ALL: [Self; 8] = [
        Self::Tunnel,
        Self::Dns,
        Self::Exit,
        Self::Talk,
        Self::Account,
        Self::Site,
        Self::App,
        Self::Support,
    ];

    /// The word that policies use.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Dns => "dns",
            Self::Exit => "exit",
            Self::Talk => "talk",
            Self::Account => "account",
            Self::Site => "site",
            Self::App => "app",
            Self::Support => "support",
        }
    }

    /// What a page calls it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Tunnel => "the VPN tunnel",
            Self::Dns => "the name service",
            Self::Exit => "shared exits",
            Self::Talk => "messages and calls",
            Self::Account => "your account",
            Self::Site => "this web site",
            Self::App => "the app",
            Self::Support => "support",
        }
    }

    /// The surface that a policy calls `key`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|surface| surface.key() == key)
    }
}
