//! Landlock (`landlock(7)`): no rule is ever added, so every right that the kernel can withhold
//! is withheld; a connector alone keeps the right to connect by TCP.

use super::Landlocked;
use crate::{Error, Missing};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetStatus, Scope,
};

/// The newest ABI whose rights this program names.
const NEWEST: ABI = ABI::V9;

/// Withholds everything from the calling thread and the threads and processes that it starts.
pub(super) fn restrict(may_connect: bool) -> Result<Landlocked, Error> {
    let network = match may_connect {
        true => BitFlags::from(AccessNet::BindTcp),
        false => AccessNet::from_all(NEWEST),
    };
    let status = Ruleset::default()
        // Without ABI 1 the worker does not start …
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        // … and what the kernel has beyond it is taken too.
        .map(|ruleset| ruleset.set_compatibility(CompatLevel::BestEffort))
        .and_then(|ruleset| ruleset.handle_access(AccessFs::from_all(NEWEST)))
        .and_then(|ruleset| ruleset.handle_access(network))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .and_then(|ruleset| ruleset.restrict_self())
        .map_err(refused)?;
    let effective = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi,
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => {
            return Err(Missing::Landlock.into());
        }
    };
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => {}
        RulesetStatus::NotEnforced => return Err(Missing::Landlock.into()),
    }
    Ok(Landlocked {
        abi: effective as i32,
        // landlock(7): network rights since ABI 4, scopes since ABI 6.
        tcp: effective >= ABI::V4,
        scoped: effective >= ABI::V6,
    })
}

fn refused(error: landlock::RulesetError) -> Error {
    if super::landlock_abi() < 1 {
        Missing::Landlock.into()
    } else {
        Error::Landlock(error.to_string())
    }
}
