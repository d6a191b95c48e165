//! The tables of this service.

use plan::field::{
    AcceptedDigest, AcceptedTime, AccessIp, AccessTime, AppVersion, DeviceKey, DeviceLabel, DevicePsk, JoinedDay,
    PasswordHash, RecoveryHash, SessionHash, StaffRole, Tariff, UsageBytes, UsageDay,
};
use plan::{DeviceId, MemberId, SessionId, SubjectId, VisitId};

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
