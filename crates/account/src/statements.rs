//! The statements of this service.

use plan::field::UsageBytes;
use plan::{Day, DeviceId, InvitationId, MemberId, PurposeId, SessionId, Timestamp, TokenId};
use store::{
    Catalogue, Days, Expect, Limit, Lookup, Row, RunStatement, Sealed, SelectStatement, Statement, Text, Touch,
    whole_rows,
};

use crate::tables::{
    Acceptance, AccessLine, AccessProgram, ApiToken, Credential, Device, Invitation, InvitationUse, Member,
    MemberTariff, Membership, Numbered, Session, Staff, Suspension, Usage,
};

/// A value for a column of bytes moved, with the permit to keep it.
pub(crate) type Bytes = (plan::Permit<UsageBytes, plan::act::Keep>, plan::Personal<UsageBytes>);

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $wrapper:ty = $new:expr, $label:literal, $purpose:ident, touches [$($table:literal),+], $sql:expr $(, $expect:expr)?;)*) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: $wrapper = $new(
                Statement {
                    name: $label,
                    sql: $sql,
                    touches: &[$(Touch { table: $table, columns: None }),+],
                    purpose: PurposeId::$purpose,
                }
                $(, $expect)?
            );
        )*

        const STATEMENTS: &[Statement] = &[$($name.statement,)*];
    };
}

macro_rules! rows {
    ($row:ty, $rest:literal) => {{
        const TEXT: Text = whole_rows::<$row>($rest);
        TEXT.as_str()
    }};
}

statements! {
    CREDENTIAL_OF: SelectStatement<(MemberId,), Credential> = SelectStatement::new, "credential.of", SignIn, touches ["credential"],
        rows!(Credential, "WHERE member = $1");
    // Who was let in by a secret, or sets another for it, is refused when it was replaced meanwhile.
    CREDENTIAL_STAYS: RunStatement<(MemberId, Sealed, Sealed)> = RunStatement::new, "credential.stays", SignIn, touches ["credential"],
        "UPDATE credential SET password = password WHERE member = $1 AND password = $2 AND recovery = $3", Expect::Rows(1);
    NUMBER_STAYS: RunStatement<(MemberId, Lookup)> = RunStatement::new, "account_number.stays", SignIn, touches ["account_number"],
        "UPDATE account_number SET number = number WHERE member = $1 AND number_index = $2", Expect::Rows(1);
    SESSION_BY_HASH: SelectStatement<(Lookup, Timestamp, Timestamp), Session> = SelectStatement::new, "session.by_hash", SignIn, touches ["session"],
        rows!(Session, "WHERE hash_index = $1 AND expires_at > $2 AND expires_at <= $3");
    END_SESSION: RunStatement<(SessionId,)> = RunStatement::new, "session.end", SignIn, touches ["session"],
        "DELETE FROM session WHERE id = $1", Expect::Any;
    END_SESSIONS_OF: RunStatement<(MemberId,)> = RunStatement::new, "session.end_all", SignIn, touches ["session"],
        "DELETE FROM session WHERE member = $1", Expect::Any;
    END_ALL_SESSIONS: RunStatement<()> = RunStatement::new, "session.end_everybodys", SignIn, touches ["session"],
        "DELETE FROM session", Expect::Any;
    END_ALL_TOKENS: RunStatement<()> = RunStatement::new, "api_token.end_everybodys", SignIn, touches ["api_token"],
        "DELETE FROM api_token", Expect::Any;
    NUMBER_BY_HASH: SelectStatement<(Lookup,), Numbered> = SelectStatement::new, "account_number.by_hash", SignIn, touches ["account_number"],
        rows!(Numbered, "WHERE number_index = $1");
    TOKEN_BY_HASH: SelectStatement<(Lookup, Timestamp, Timestamp), ApiToken> = SelectStatement::new, "api_token.by_hash", SignIn, touches ["api_token"],
        rows!(ApiToken, "WHERE hash_index = $1 AND expires_at > $2 AND expires_at <= $3");
    TOKENS_OF: SelectStatement<(MemberId, Timestamp), ApiToken> = SelectStatement::new, "api_token.of", SignIn, touches ["api_token"],
        rows!(ApiToken, "WHERE member = $1 AND expires_at > $2 ORDER BY id");
    END_TOKEN: RunStatement<(TokenId, MemberId)> = RunStatement::new, "api_token.end", SignIn, touches ["api_token"],
        "DELETE FROM api_token WHERE id = $1 AND member = $2", Expect::Rows(1);
    END_TOKENS_OF: RunStatement<(MemberId,)> = RunStatement::new, "api_token.end_all", SignIn, touches ["api_token"],
        "DELETE FROM api_token WHERE member = $1", Expect::Any;
    TOKEN_FITS: RunStatement<(TokenId, MemberId, Timestamp, Limit)> = RunStatement::new, "api_token.fits", SignIn, touches ["api_token"],
        "UPDATE api_token SET label = label WHERE id = $1 \
         AND (SELECT COUNT(*) FROM api_token WHERE member = $2 AND expires_at > $3) <= $4", Expect::Rows(1);
    MEMBERSHIP_OF: SelectStatement<(MemberId,), Membership> = SelectStatement::new, "membership.of", Account, touches ["membership"],
        rows!(Membership, "WHERE member = $1");
    MEMBERSHIPS_OVER: SelectStatement<(DayGiven,), Membership> = SelectStatement::new, "membership.over", Account, touches ["membership"],
        rows!(Membership, "WHERE paid_until < $1");
    END_MEMBERSHIP: RunStatement<(MemberId,)> = RunStatement::new, "membership.unbind", Account, touches ["membership"],
        "DELETE FROM membership WHERE member = $1", Expect::Any;
    EXTEND_MEMBERSHIP: RunStatement<(MemberId, DayGiven, Days)> = RunStatement::new, "membership.extend", Account, touches ["membership"],
        "UPDATE membership SET paid_until = CASE WHEN paid_until < $2 THEN $2 ELSE paid_until END + $3 WHERE member = $1", Expect::Rows(1);
    MEMBERSHIP_AT_LEAST: RunStatement<(MemberId, DayGiven)> = RunStatement::new, "membership.at_least", Account, touches ["membership"],
        "INSERT INTO membership (member, paid_until) VALUES ($1, $2) ON CONFLICT (member) DO UPDATE SET paid_until = \
         CASE WHEN membership.paid_until < excluded.paid_until THEN excluded.paid_until ELSE membership.paid_until END", Expect::Rows(1);
    SUSPENSIONS: SelectStatement<(), Suspension> = SelectStatement::new, "suspension.all", Account, touches ["suspension"],
        rows!(Suspension, "");
    LIFT_SUSPENSION: RunStatement<(MemberId,)> = RunStatement::new, "suspension.lift", Account, touches ["suspension"],
        "DELETE FROM suspension WHERE member = $1", Expect::Any;
    INVITATION_BY_CODE: SelectStatement<(Lookup, Timestamp), Invitation> = SelectStatement::new, "invitation.by_code", Account, touches ["invitation"],
        rows!(Invitation, "WHERE code_index = $1 AND uses > 0 AND ends > $2 AND expires_at > $2");
    USE_INVITATION: RunStatement<(InvitationId, Timestamp)> = RunStatement::new, "invitation.use", Account, touches ["invitation"],
        "UPDATE invitation SET uses = uses - 1 WHERE id = $1 AND uses > 0 AND ends > $2 AND expires_at > $2", Expect::Rows(1);
    INVITATIONS_AFTER: SelectStatement<(InvitationId, Timestamp, Limit), Invitation> = SelectStatement::new, "invitation.page", Account, touches ["invitation"],
        rows!(Invitation, "WHERE id > $1 AND ends > $2 AND expires_at > $2 ORDER BY id LIMIT $3");
    WITHDRAW_INVITATION: RunStatement<(InvitationId,)> = RunStatement::new, "invitation.withdraw", Account, touches ["invitation"],
        "DELETE FROM invitation WHERE id = $1", Expect::Rows(1);
    SWEEP_INVITATIONS: RunStatement<(Timestamp,)> = RunStatement::new, "invitation.delete_ended", Account, touches ["invitation"],
        "DELETE FROM invitation WHERE ends <= $1", Expect::Any;
    INVITATION_USED_BY: SelectStatement<(MemberId,), InvitationUse> = SelectStatement::new, "invitation_use.of", Account, touches ["invitation_use"],
        rows!(InvitationUse, "WHERE member = $1");
    DEVICE_OF: SelectStatement<(DeviceId, MemberId), Device> = SelectStatement::new, "device.one", Service, touches ["device"],
        rows!(Device, "WHERE id = $1 AND member = $2");
    MEMBER: SelectStatement<(MemberId,), Member> = SelectStatement::new, "member.one", Account, touches ["member"],
        rows!(Member, "WHERE member = $1");
    MEMBERS_AFTER: SelectStatement<(MemberId, Limit), Member> = SelectStatement::new, "member.page", Account, touches ["member"],
        rows!(Member, "WHERE member > $1 ORDER BY member LIMIT $2");
    MEMBER_COUNT: SelectStatement<(), i64> = SelectStatement::new, "member.count", Account, touches ["member"],
        "SELECT COUNT(*) FROM member";
    TARIFF_OF: SelectStatement<(MemberId,), MemberTariff> = SelectStatement::new, "tariff.of", Account, touches ["member_tariff"],
        rows!(MemberTariff, "WHERE member = $1");
    TARIFFS: SelectStatement<(MemberId, MemberId), MemberTariff> = SelectStatement::new, "tariff.between", Account, touches ["member_tariff"],
        rows!(MemberTariff, "WHERE member >= $1 AND member <= $2");
    STAFF_OF: SelectStatement<(MemberId,), Staff> = SelectStatement::new, "staff.of", Account, touches ["staff"],
        rows!(Staff, "WHERE member = $1");
    STAFF_FIRST: RunStatement<(MemberId,)> = RunStatement::new, "staff.first", Account, touches ["staff"],
        "UPDATE staff SET role = role WHERE member = $1 AND (SELECT COUNT(*) FROM staff) = 1", Expect::Rows(1);
    STAFF_COUNT: SelectStatement<(), i64> = SelectStatement::new, "staff.count", Account, touches ["staff"],
        "SELECT COUNT(*) FROM staff";
    ACCEPTANCE_OF: SelectStatement<(MemberId,), Acceptance> = SelectStatement::new, "acceptance.of", Agreement, touches ["acceptance"],
        rows!(Acceptance, "WHERE member = $1");
    DEVICES_OF: SelectStatement<(MemberId,), Device> = SelectStatement::new, "device.of", Service, touches ["device"],
        rows!(Device, "WHERE member = $1 ORDER BY id");
    DEVICES: SelectStatement<(), Device> = SelectStatement::new, "device.all", Service, touches ["device"],
        rows!(Device, "");
    DEVICE_COUNTS: SelectStatement<(MemberId, MemberId), (MemberId, i64)> = SelectStatement::new, "device.counts", Service, touches ["device"],
        "SELECT member, COUNT(*) FROM device WHERE member >= $1 AND member <= $2 GROUP BY member";
    REMOVE_DEVICE: RunStatement<(DeviceId, MemberId)> = RunStatement::new, "device.remove", Service, touches ["device"],
        "DELETE FROM device WHERE id = $1 AND member = $2", Expect::Rows(1);
    // Counted after the row is there, in its own commit: two at once cannot both find room for one.
    DEVICE_FITS: RunStatement<(DeviceId, MemberId, Limit)> = RunStatement::new, "device.fits", Service, touches ["device"],
        "UPDATE device SET label = label WHERE id = $1 AND (SELECT COUNT(*) FROM device WHERE member = $2) <= $3", Expect::Rows(1);
    DEVICE_STAYS: RunStatement<(DeviceId, MemberId)> = RunStatement::new, "device.stays", Service, touches ["device"],
        "UPDATE device SET label = label WHERE id = $1 AND member = $2", Expect::Rows(1);
    ADD_USAGE: RunStatement<(MemberId, DayArg, Bytes, Bytes, Timestamp)> = RunStatement::new, "usage.add", NetworkOps, touches ["usage"],
        "INSERT INTO usage (member, day, up, down, expires_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (member, day) DO UPDATE SET \
         up = CASE WHEN usage.up < 4611686018427387904 THEN usage.up + excluded.up ELSE usage.up END, \
         down = CASE WHEN usage.down < 4611686018427387904 THEN usage.down + excluded.down ELSE usage.down END", Expect::Rows(1);
    USAGE_OF: SelectStatement<(MemberId, Day, Timestamp), Usage> = SelectStatement::new, "usage.of", NetworkOps, touches ["usage"],
        rows!(Usage, "WHERE member = $1 AND day >= $2 AND expires_at > $3 ORDER BY day");
    USAGE_TOTALS: SelectStatement<(Day, Timestamp), (MemberId, i64)> = SelectStatement::new, "usage.totals", NetworkOps, touches ["usage"],
        "SELECT member, CAST(SUM(up + down) AS BIGINT) FROM usage WHERE day >= $1 AND expires_at > $2 GROUP BY member";
    USAGE_SUM: SelectStatement<(Day, Timestamp), i64> = SelectStatement::new, "usage.sum", NetworkOps, touches ["usage"],
        "SELECT CAST(COALESCE(SUM(up + down), 0) AS BIGINT) FROM usage WHERE day >= $1 AND expires_at > $2";
    USAGE_TOTALS_OF: SelectStatement<(MemberId, MemberId, Day, Timestamp), (MemberId, i64)> = SelectStatement::new, "usage.totals_of",
        NetworkOps, touches ["usage"],
        "SELECT member, CAST(SUM(up + down) AS BIGINT) FROM usage \
         WHERE member >= $1 AND member <= $2 AND day >= $3 AND expires_at > $4 GROUP BY member";
    VISITS_FROM: SelectStatement<(Lookup, Timestamp), AccessLine> = SelectStatement::new, "access_line.from", Security, touches ["access_line"],
        rows!(AccessLine, "WHERE ip_index = $1 AND expires_at > $2");
    FORGET_VISITS: RunStatement<(Lookup,)> = RunStatement::new, "access_line.forget", Security, touches ["access_line"],
        "DELETE FROM access_line WHERE ip_index = $1", Expect::Any;
    FORGET_PROGRAMS: RunStatement<(Lookup,)> = RunStatement::new, "access_program.forget", Security,
        touches ["access_program", "access_line"],
        "DELETE FROM access_program WHERE id IN (SELECT id FROM access_line WHERE ip_index = $1)", Expect::Any;
}

/// A day as a personal value, with the permit to keep it.
pub(crate) type DayArg = (
    plan::Permit<plan::field::UsageDay, plan::act::Keep>,
    plan::Personal<plan::field::UsageDay>,
);

/// A last day of membership, with the permit to keep it.
pub(crate) type DayGiven = store::Given<plan::field::PaidUntil>;

/// What this service brings to the store.
pub const CATALOGUE: Catalogue = Catalogue {
    tables: &[
        Member::TABLE,
        MemberTariff::TABLE,
        Membership::TABLE,
        Suspension::TABLE,
        Invitation::TABLE,
        InvitationUse::TABLE,
        ApiToken::TABLE,
        Numbered::TABLE,
        Staff::TABLE,
        Credential::TABLE,
        Session::TABLE,
        Acceptance::TABLE,
        Device::TABLE,
        Usage::TABLE,
        AccessLine::TABLE,
        AccessProgram::TABLE,
    ],
    statements: STATEMENTS,
};
