//! The tables of this service.

use plan::field::{
    AcceptedDigest, AcceptedTime, AccessIp, AccessTime, AccountNumber, AppVersion, DeviceKey, DeviceLabel, DevicePsk,
    InvitationCode, InvitationEnd, InvitationTariff, InvitationUsed, InvitationUses, JoinedDay, PaidUntil,
    PasswordHash, RecoveryHash, SessionHash, StaffRole, SuspendedDay, Tariff, TokenHash, TokenLabel, TokenScope,
    UsageBytes, UsageDay,
};
use plan::{DeviceId, InvitationId, MemberId, SessionId, SubjectId, TokenId, VisitId};

store::table! {
    /// Your membership.
    pub struct Member in "member" {
        /// Who.
        owner member: MemberId,
        /// The day on which they joined.
        sealed joined: JoinedDay,
    }
    primary key (member);
}

store::table! {
    /// Which tariff you have.
    pub struct MemberTariff in "member_tariff" {
        /// Whose.
        owner member: MemberId,
        /// The tariff's name in the configuration.
        sealed tariff: Tariff,
    }
    primary key (member);
}

store::table! {
    /// Until when your membership lasts.
    pub struct Membership in "membership" {
        /// Whose.
        owner member: MemberId,
        /// The last day, in UTC.
        plain("those whose day is over are found by it") paid_until: PaidUntil,
    }
    primary key (member);
}

store::table! {
    /// That the operator has suspended you.
    pub struct Suspension in "suspension" {
        /// Who.
        owner member: MemberId,
        /// Since when.
        sealed since: SuspendedDay,
    }
    primary key (member);
}

store::table! {
    /// An invitation that you made for others.
    pub struct Invitation in "invitation" {
        /// Which.
        key id: InvitationId,
        /// Who made it.
        owner maker: MemberId,
        /// SHA-256 of its code.
        found code: InvitationCode,
        /// The tariff that it gives.
        sealed tariff: InvitationTariff,
        /// How many it still lets in.
        plain("a counter is counted down in place") uses: InvitationUses,
        /// When it ends.
        plain("it is compared with the clock in place") ends: InvitationEnd,
    }
    primary key (id);
    expires;
}

store::table! {
    /// The invitation that you joined by.
    pub struct InvitationUse in "invitation_use" {
        /// Who.
        owner member: MemberId,
        /// The invitation's id.
        sealed invitation: InvitationUsed,
    }
    primary key (member);
}

store::table! {
    /// A program of yours that may act for you.
    pub struct ApiToken in "api_token" {
        /// Which.
        key id: TokenId,
        /// Whose.
        owner member: MemberId,
        /// SHA-256 of the token.
        found hash: TokenHash,
        /// What the member calls it.
        sealed label: TokenLabel,
        /// What it may do.
        sealed scopes: TokenScope,
    }
    primary key (id);
    expires;
}

store::table! {
    /// The number that lets you in: a hash that cannot be turned back.
    pub struct Numbered in "account_number" {
        /// Whose.
        owner member: MemberId,
        /// Argon2id of the number under a salt of this instance.
        found number: AccountNumber,
    }
    primary key (member);
}

store::table! {
    /// That you work for the operator.
    pub struct Staff in "staff" {
        /// Who.
        owner member: MemberId,
        /// What they may do.
        sealed role: StaffRole,
    }
    primary key (member);
}

store::table! {
    /// What lets you in: hashes that cannot be turned back.
    pub struct Credential in "credential" {
        /// Whose.
        owner member: MemberId,
        /// Argon2id of the password.
        secret password: PasswordHash,
        /// Argon2id of the recovery code.
        secret recovery: RecoveryHash,
    }
    primary key (member);
}

store::table! {
    /// A browser that is signed in.
    pub struct Session in "session" {
        /// Which.
        key id: SessionId,
        /// Whose.
        owner member: MemberId,
        /// SHA-256 of the random number in the cookie.
        found hash: SessionHash,
    }
    primary key (id);
    expires;
}

store::table! {
    /// The policy version that you accepted.
    pub struct Acceptance in "acceptance" {
        /// Who.
        owner member: MemberId,
        /// The plan's digest.
        sealed digest: AcceptedDigest,
        /// When.
        sealed time: AcceptedTime,
    }
    primary key (member);
}

store::table! {
    /// A device that connects to the VPN.
    pub struct Device in "device" {
        /// Which.
        key id: DeviceId,
        /// Whose.
        owner member: MemberId,
        /// What the member calls it.
        sealed label: DeviceLabel,
        /// Its WireGuard public key.
        found public_key: DeviceKey,
        /// The preshared key of the device and the server.
        secret psk: DevicePsk,
    }
    primary key (id);
}

store::table! {
    /// How many bytes your account moved on one day.
    pub struct Usage in "usage" {
        /// Whose.
        owner member: MemberId,
        /// The day, in UTC.
        plain("a counter is added to in place") day: UsageDay,
        /// Bytes from the member's devices.
        plain("a counter is added to in place") up: UsageBytes,
        /// Bytes to the member's devices.
        plain("a counter is added to in place") down: UsageBytes,
    }
    primary key (member, day);
    expires;
}

store::table! {
    /// Visits to the site, under a key of their day and linked to no account.
    pub struct AccessLine in "access_line" {
        /// Which.
        key id: VisitId,
        /// The day that it belongs to; the day's key is destroyed when its rows have ended.
        owner day: SubjectId,
        /// Where the visit came from.
        matched ip: AccessIp,
        /// When.
        sealed time: AccessTime,
    }
    primary key (id);
    expires;
}

store::table! {
    /// The program of a visit to the site.
    pub struct AccessProgram in "access_program" {
        /// Which visit.
        key id: VisitId,
        /// The day that it belongs to.
        owner day: SubjectId,
        /// What the program calls itself.
        sealed version: AppVersion,
    }
    primary key (id);
    expires;
}
