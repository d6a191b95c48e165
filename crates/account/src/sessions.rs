//! Signed-in browsers. A session has an id, an owner, a hash and an end: no address, no browser, no last use.

use plan::act::Keep;
use plan::field::SessionHash;
use plan::{MemberId, Permit, Personal, SessionId};
use store::{Op, Rows, Run, Select, Store, StoreError, Subject};

use crate::statements::{END_ALL_SESSIONS, END_ALL_TOKENS, END_SESSION, END_SESSIONS_OF, SESSION_BY_HASH};
use crate::tables::Session;
use crate::token::SessionToken;

/// How far a clock may be set back, in seconds, before what began under it counts as begun in the future: as far as clocks
/// are apart that are kept in step by nobody. Guess.
const SKEW_SECONDS: i64 = 300;

/// The latest end of what began by now. What ends later began under a clock that was set forward and has returned: it would
/// live for as long as the clock was ahead, and is refused.
pub(crate) fn latest_end<R: store::Row>(store: &Store) -> plan::Timestamp {
    store.expiry::<R>().plus_seconds(SKEW_SECONDS)
}

/// Who is signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// The member.
    pub member: MemberId,
    /// The session.
    pub session: SessionId,
    /// Whether the member works for the operator.
    pub staff: bool,
}

/// Ends every session and every access token: for a store that is as it was at an earlier time, in which some live that
/// were ended since.
///
/// # Errors
/// Database errors.
pub async fn sign_everybody_out(store: &Store) -> Result<(), StoreError> {
    let statements = [store.run(&END_ALL_SESSIONS), store.run(&END_ALL_TOKENS)];
    store
        .commit(statements.iter().flatten().map(|end| end.with(())).collect())
        .await
        .map(|_| ())
}

pub(crate) struct Sessions {
    rows: Rows<Session>,
    permit: Permit<SessionHash, Keep>,
    by_hash: Select<(store::Lookup, plan::Timestamp, plan::Timestamp), Session>,
    end: Run<(SessionId,)>,
    end_all: Run<(MemberId,)>,
}

impl Sessions {
    pub(crate) fn of(store: &Store) -> Result<Self, plan::NotDeclared> {
        let rows = store.require_rows::<Session>()?;
        let permit = store.plan().permit()?;
        let missing = || plan::NotDeclared {
            field: plan::FieldId::SessionHash,
            act: plan::act::ActId::Keep,
        };
        Ok(Self {
            rows,
            permit,
            by_hash: store.select(&SESSION_BY_HASH).ok_or_else(missing)?,
            end: store.run(&END_SESSION).ok_or_else(missing)?,
            end_all: store.run(&END_SESSIONS_OF).ok_or_else(missing)?,
        })
    }

    /// A new session and the change that stores it.
    pub(crate) fn begin(
        &self,
        store: &Store,
        subject: &Subject,
        member: MemberId,
    ) -> Result<(SessionToken, Op), StoreError> {
        let token = SessionToken::from_bytes(store.random());
        let session = Session {
            id: SessionId::from_bytes(store.random()),
            member,
            hash: Personal::new(token.hash()),
        };
        let op = self.rows.insert(subject, &session)?;
        Ok((token, op))
    }

    pub(crate) async fn find(
        &self,
        store: &Store,
        token: &SessionToken,
    ) -> Result<Option<(MemberId, SessionId)>, StoreError> {
        let lookup = store.lookup(&self.permit, &Personal::new(token.hash()));
        let span = (lookup, store.now(), latest_end::<Session>(store));
        let found = store.read_row(&self.by_hash, span).await?;
        Ok(found.map(|session| (session.member, session.id)))
    }

    pub(crate) fn end(&self, session: SessionId) -> Op {
        self.end.with((session,))
    }

    pub(crate) fn end_all(&self, member: MemberId) -> Op {
        self.end_all.with((member,))
    }
}
