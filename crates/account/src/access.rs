//! Access tokens: what a member's program signs in with. A token does what its scopes say and nothing else.

use std::fmt;
use std::str::FromStr;

use plan::act::{Keep, Show};
use plan::field::{TokenHash, TokenLabel, TokenScope};
use plan::purpose::SignIn;
use plan::{MemberId, Permit, Personal, Shown, Timestamp, TokenId};
use store::{Limit, Lookup, Op, Rows, Run, Select, Store, StoreError, Subject};
use thiserror::Error;

use crate::accounts::Accounts;
use crate::sessions::latest_end;
use crate::signing_in::Proven;
use crate::statements::{END_TOKEN, END_TOKENS_OF, TOKEN_BY_HASH, TOKEN_FITS, TOKENS_OF};
use crate::tables::ApiToken;
use crate::token::AccessToken;

/// The longest label of a token, in characters.
pub const TOKEN_LABEL_LIMIT_CHARACTERS: usize = 40;
/// Tokens that a member may have at once: more than anybody's programs, and a bound for one table.
pub const TOKENS_LIMIT: usize = 50;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $words:literal;)*) => {
        /// One thing that a token may do.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Scope { $($(#[$doc])* $name,)* }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The word that programs use.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
            /// What a page says.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

scopes! {
    /// See the account: e-mail address, tariff, standing, tokens, visits.
    AccountRead = "account:read", "see the account and its tokens";
    /// Change the account: agree to the policy, correct the address, change the password, end tokens.
    AccountWrite = "account:write", "change the account and end tokens";
    /// See devices.
    DevicesRead = "devices:read", "see devices";
    /// Add, rename and remove devices.
    DevicesWrite = "devices:write", "add, rename and remove devices";
    /// See what was used.
    UsageRead = "usage:read", "see what was used";
    /// Take everything that is held.
    Export = "export", "take everything that is held";
    /// Erase the account.
    Erase = "erase", "erase the account";
    /// Act for the operator, where the member is staff.
    Operator = "operator", "act for the operator";
}

impl Scope {
    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// What a token may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// The set of these.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |set, scope| set | scope.bit()))
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

impl fmt::Display for Scopes {
    /// The keys, with spaces between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.key())?;
        }
        Ok(())
    }
}

/// A word that is no scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAScope;

impl FromStr for Scope {
    type Err = NotAScope;
    fn from_str(key: &str) -> Result<Self, NotAScope> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.key() == key)
            .ok_or(NotAScope)
    }
}

impl FromStr for Scopes {
    type Err = NotAScope;
    fn from_str(text: &str) -> Result<Self, NotAScope> {
        text.split_whitespace().try_fold(Self::default(), |set, key| {
            Ok(Self(set.0 | key.parse::<Scope>()?.bit()))
        })
    }
}

/// Who a token stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bearer {
    /// The member.
    pub member: MemberId,
    /// The token.
    pub token: TokenId,
    /// What it may do.
    pub scopes: Scopes,
    /// Whether the member works for the operator.
    pub staff: bool,
}

/// A token that was just made; its text is shown once.
pub struct IssuedToken {
    /// Which.
    pub id: TokenId,
    /// What the program shows.
    pub token: AccessToken,
    /// What it may do.
    pub scopes: Scopes,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A token as its member sees it.
pub struct TokenView {
    /// Which.
    pub id: TokenId,
    /// What the member calls it.
    pub label: Shown,
    /// What it may do.
    pub scopes: Shown,
}

/// What a new token is to be.
#[derive(Clone)]
pub struct NewToken {
    /// What the member calls it.
    pub label: String,
    /// What it may do.
    pub scopes: Scopes,
}

/// Why a token was not made or ended. The member acts, except for `NotDeclared` and `Store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The policy keeps no tokens.
    #[error(
        "the policy of this instance declares no access tokens, so programs cannot sign in; the operator can add to the \
         policy: collect token.hash token.label token.scope surface=account {{ for sign-in security; keep \"90d\" }}"
    )]
    NotDeclared,
    /// The label is empty or too long.
    #[error("a label has 1 to {TOKEN_LABEL_LIMIT_CHARACTERS} characters; say which program the token is for")]
    Label,
    /// No scope.
    #[error("a token without a scope could do nothing; name at least one")]
    NoScope,
    /// There are too many.
    #[error("you have {TOKENS_LIMIT} access tokens, and there is room for no more; end one that you do not need")]
    TooMany,
    /// The secret that was shown for it is not the member's any more.
    #[error("your password or number was replaced a moment ago; sign in with the new one")]
    Replaced,
    /// There is no such token.
    #[error("there is no such access token; it may have ended already")]
    NoSuchToken,
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

pub(crate) struct TokenBook {
    rows: Rows<ApiToken>,
    by_hash: Select<(Lookup, Timestamp, Timestamp), ApiToken>,
    of: Select<(MemberId, Timestamp), ApiToken>,
    /// Whether a new token is within what a member may have.
    fits: Run<(TokenId, MemberId, Timestamp, Limit)>,
    end: Run<(TokenId, MemberId)>,
    end_all: Run<(MemberId,)>,
    keep: Permit<TokenHash, Keep>,
    read_scopes: Permit<TokenScope, SignIn>,
    show_label: Permit<TokenLabel, Show>,
    show_scopes: Permit<TokenScope, Show>,
}

impl TokenBook {
    /// `None` when the policy declares no access tokens.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        Some(Self {
            rows: store.rows()?,
            by_hash: store.select(&TOKEN_BY_HASH)?,
            of: store.select(&TOKENS_OF)?,
            fits: store.run(&TOKEN_FITS)?,
            end: store.run(&END_TOKEN)?,
            end_all: store.run(&END_TOKENS_OF)?,
            keep: store.plan().permit().ok()?,
            read_scopes: store.plan().permit().ok()?,
            show_label: store.plan().permit().ok()?,
            show_scopes: store.plan().permit().ok()?,
        })
    }

    /// A new token and the change that stores it.
    pub(crate) fn begin(
        &self,
        store: &Store,
        subject: &Subject,
        member: MemberId,
        wanted: &NewToken,
    ) -> Result<(IssuedToken, Op), TokenError> {
        wanted.check()?;
        let token = AccessToken::from_bytes(store.random());
        let row = ApiToken {
            id: TokenId::from_bytes(store.random()),
            member,
            hash: Personal::new(token.hash()),
            label: Personal::new(wanted.label.trim().to_owned()),
            scopes: Personal::new(wanted.scopes.to_string()),
        };
        let op = self.rows.insert(subject, &row)?;
        let issued = IssuedToken {
            id: row.id,
            token,
            scopes: wanted.scopes,
            expires_at: store.expiry::<ApiToken>(),
        };
        Ok((issued, op))
    }

    pub(crate) async fn has_room(&self, store: &Store, member: MemberId) -> Result<(), TokenError> {
        let count = store.read_rows(&self.of, (member, store.now())).await?.len();
        if count >= TOKENS_LIMIT {
            Err(TokenError::TooMany)
        } else {
            Ok(())
        }
    }

    pub(crate) fn end_all(&self, member: MemberId) -> Op {
        self.end_all.with((member,))
    }
}

impl NewToken {
    /// Whether it can be made.
    ///
    /// # Errors
    /// [`TokenError::Label`], [`TokenError::NoScope`].
    pub fn check(&self) -> Result<(), TokenError> {
        let label = self.label.trim();
        let length = label.chars().count();
        if length == 0 || length > TOKEN_LABEL_LIMIT_CHARACTERS || label.chars().any(char::is_control) {
            return Err(TokenError::Label);
        }
        if self.scopes.is_empty() {
            return Err(TokenError::NoScope);
        }
        Ok(())
    }
}

impl Accounts {
    /// Whether the policy declares access tokens, without which programs cannot sign in.
    pub const fn has_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    pub(crate) fn token_book(&self) -> Result<&TokenBook, TokenError> {
        self.tokens.as_ref().ok_or(TokenError::NotDeclared)
    }

    /// Who a program's token stands for.
    ///
    /// # Errors
    /// Database errors.
    pub async fn bearer(&self, token: &AccessToken) -> Result<Option<Bearer>, StoreError> {
        let Some(book) = &self.tokens else { return Ok(None) };
        let lookup = self.store.lookup(&book.keep, &Personal::new(token.hash()));
        let span = (lookup, self.store.now(), latest_end::<ApiToken>(&self.store));
        let found = self.store.read_row(&book.by_hash, span).await?;
        let Some(row) = found else { return Ok(None) };
        let staff = self.store.read_row(&self.staff.of, (row.member,)).await?.is_some();
        Ok(Some(Bearer {
            member: row.member,
            token: row.id,
            scopes: row.scopes.open(&book.read_scopes).parse().unwrap_or_default(),
            staff,
        }))
    }

    /// The member's tokens; none where the policy declares none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn tokens(&self, member: MemberId) -> Result<Vec<TokenView>, StoreError> {
        let Some(book) = &self.tokens else {
            return Ok(Vec::new());
        };
        let rows = self.store.read_rows(&book.of, (member, self.store.now())).await?;
        let view = |row: &ApiToken| TokenView {
            id: row.id,
            label: row.label.show(&book.show_label),
            scopes: row.scopes.show(&book.show_scopes),
        };
        Ok(rows.iter().map(view).collect())
    }

    /// A new token for a member whose password or number was just checked.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn issue_token(&self, proven: Proven, wanted: &NewToken) -> Result<IssuedToken, TokenError> {
        let book = self.token_book()?;
        let member = proven.member;
        let (issued, op) = book.begin(&self.store, &proven.subject, member, wanted)?;
        let room = Limit(u32::try_from(TOKENS_LIMIT).unwrap_or(u32::MAX));
        let fits = book.fits.with((issued.id, member, self.store.now(), room));
        match self.store.commit(vec![proven.stays, op, fits]).await {
            Err(StoreError::Gone) => Err(match book.has_room(&self.store, member).await {
                Ok(()) => TokenError::Replaced,
                Err(error) => error,
            }),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(issued),
        }
    }

    /// Ends a token.
    ///
    /// # Errors
    /// [`TokenError::NoSuchToken`]; database errors.
    pub async fn end_token(&self, member: MemberId, token: TokenId) -> Result<(), TokenError> {
        let book = self.token_book()?;
        match self.store.commit(vec![book.end.with((token, member))]).await {
            Err(StoreError::Gone) => Err(TokenError::NoSuchToken),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// The changes that sign a member out everywhere: browsers and programs.
    pub(crate) fn sign_out_everywhere(&self, member: MemberId) -> Vec<Op> {
        let tokens = self.tokens.iter().map(|book| book.end_all(member));
        std::iter::once(self.sessions.end_all(member)).chain(tokens).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_printing_and_reading() {
        let scopes = Scopes::of(&[Scope::Export, Scope::DevicesRead]);
        assert_eq!(scopes.to_string(), "devices:read export");
        assert_eq!(scopes.to_string().parse(), Ok(scopes));
        assert_eq!("devices:read everything".parse::<Scopes>(), Err(NotAScope));
        assert!(scopes.has(Scope::Export) && !scopes.has(Scope::DevicesWrite));
        assert_eq!(Scopes::of(Scope::ALL).to_string().parse(), Ok(Scopes::of(Scope::ALL)));
    }
}
