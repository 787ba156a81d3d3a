//! Which objects a controller takes for its own.
//!
//! Source: `pkg/controller/controller_ref_manager.go`, v1.36.2 (controllers.md 1.8).

use super::{Script, Stop};
use crate::{Call, Patch, Reply, Response, Subresource};
use api::{ApiError, Kind, Object, ObjectMeta, OwnerReference, Reason, Uid};

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is somebody else's, or nobody's and not to be had.
    Ignore,
    /// It is the controller's.
    Keep,
    /// It is the controller's but does not match any more: its reference is removed.
    Release,
    /// It is nobody's and matches: it gets a reference, after the owner was read anew.
    Adopt,
}

/// Whether `owner` takes `candidate`, which its selector `matches` or not.
pub fn claim(owner: &ObjectMeta, candidate: &ObjectMeta, matches: bool) -> Claim {
    match controller_uid(candidate) {
        Some(uid) if uid != owner.uid => Claim::Ignore,
        Some(_) if matches => Claim::Keep,
        Some(_) if owner.is_deleting() => Claim::Ignore,
        Some(_) => Claim::Release,
        None if !matches || owner.is_deleting() || candidate.is_deleting() => Claim::Ignore,
        None if owner.namespace != candidate.namespace => Claim::Ignore,
        None => Claim::Adopt,
    }
}

fn controller_uid(meta: &ObjectMeta) -> Option<Uid> {
    meta.controller().map(|owner| owner.uid)
}

/// Carries claims out, one call after the other: releases and adopts, and returns what was adopted. The owner is read
/// anew before the first adoption. Fails with the first refusal after everything was tried; what is gone is no failure.
pub fn settle(
    script: &mut Script<'_>,
    kind: Kind,
    owner: &ObjectMeta,
    claims: &[(Claim, Object)],
) -> Result<Vec<Object>, Stop> {
    let (mut adopted, mut failure, mut may_adopt) = (Vec::new(), None, None);
    for (claim, object) in claims {
        let outcome = match claim {
            Claim::Release => release(script, owner.uid, object)?,
            Claim::Adopt => {
                if may_adopt.is_none() {
                    may_adopt = Some(reread(script, kind, owner)?);
                }
                match may_adopt.clone() {
                    Some(Err(error)) => Err(error),
                    _ => adopt(script, kind, owner, object)?,
                }
            }
            Claim::Ignore | Claim::Keep => continue,
        };
        match outcome {
            Ok(Response::Object(object)) if *claim == Claim::Adopt => adopted.push(object),
            Err(error) if error.reason != Reason::NotFound => failure = failure.or(Some(error)),
            _ => {}
        }
    }
    failure.map_or(Ok(adopted), |error| Err(Stop::Refused(error)))
}

fn reread(script: &mut Script<'_>, kind: Kind, owner: &ObjectMeta) -> Result<Result<(), ApiError>, Stop> {
    let found = script.attempt(Call::Get { kind, key: owner.key() })?;
    let gone = |because: String| ApiError::new(Reason::InternalError, because);
    Ok(match found.as_ref().map(Response::object) {
        Err(error) => Err(gone(format!("can't recheck the owner: {error}"))),
        Ok(Some(object)) if object.meta().uid != owner.uid => {
            Err(gone(format!("the original {} {} is gone", kind.info().kind, owner.key())))
        }
        Ok(Some(object)) if object.meta().is_deleting() => {
            Err(gone(format!("{} has just been deleted", owner.key())))
        }
        Ok(_) => Ok(()),
    })
}

fn adopt(script: &mut Script<'_>, kind: Kind, owner: &ObjectMeta, object: &Object) -> Result<Reply, Stop> {
    let reference = OwnerReference::controller(kind, &owner.name, owner.uid);
    patch(script, object, Patch::AddOwner { uid: object.meta().uid, owner: reference })
}

fn release(script: &mut Script<'_>, owner: Uid, object: &Object) -> Result<Reply, Stop> {
    patch(script, object, Patch::RemoveOwner { uid: object.meta().uid, owner })
}

fn patch(script: &mut Script<'_>, object: &Object, patch: Patch) -> Result<Reply, Stop> {
    script.attempt(Call::Patch {
        kind: object.kind(),
        key: object.key(),
        patch,
        subresource: Subresource::Main,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::meta::Deletion;
    use api::{Kind, OwnerReference};

    fn meta(uid: u128, deleting: bool) -> ObjectMeta {
        let deletion = deleting.then_some(Deletion { timestamp: units::Timestamp(0), grace_seconds: None });
        ObjectMeta { uid: Uid(uid), deletion, ..ObjectMeta::named("default", "x") }
    }

    #[test]
    fn the_four_cases() {
        let check = |owner_deleting, controller: Option<u128>, deleting, matches, expect| {
            let mut candidate = meta(9, deleting);
            let reference = |uid| OwnerReference::controller(Kind::ReplicaSet, &"web".into(), Uid(uid));
            candidate.owners = controller.map(reference).into_iter().collect::<Vec<_>>().into();
            let found = claim(&meta(1, owner_deleting), &candidate, matches);
            assert_eq!(found, expect, "{owner_deleting} {controller:?} {deleting} {matches}");
        };
        check(false, Some(2), false, true, Claim::Ignore);
        check(false, Some(1), false, true, Claim::Keep);
        check(true, Some(1), true, true, Claim::Keep);
        check(false, Some(1), false, false, Claim::Release);
        check(true, Some(1), false, false, Claim::Ignore);
        check(false, None, false, true, Claim::Adopt);
        check(false, None, false, false, Claim::Ignore);
        check(false, None, true, true, Claim::Ignore);
        check(true, None, false, true, Claim::Ignore);
        let mut elsewhere = meta(9, false);
        elsewhere.namespace = "other".into();
        assert_eq!(claim(&meta(1, false), &elsewhere, true), Claim::Ignore);
    }
}
