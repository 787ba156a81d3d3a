//! Garbage collection: what an absent owner leaves behind is deleted.
//!
//! Models background deletion: when an object is gone, its dependents are looked at; one without any owner that still
//! exists is deleted, and of the others the references to absent owners are removed.
//! Upstream: `pkg/controller/garbagecollector/{garbagecollector,graph_builder,graph}.go`, v1.36.2 (controllers.md 15.2).
//! Watches every kind that the controller manager watches → deletes objects, patches owner references.
//! Timers: none of its own.
//! DIFFERENCE: foreground deletion and orphaning are not modelled yet; kubectl refuses them.
//! DIFFERENCE: kinds that nothing here acts on are no dependents; a ConfigMap that a Deployment owns stays. Who lists it can tell.
//! Validated by the library scenario `scale-up-and-down`, which ends with the deletion of its Deployment.

use api::{Kind, Name, ObjectKey, ObjectRef, OwnerReference, Reason, Uid};
use client::controller::{Controller, QueueConfig, Step, SyncContext};
use client::{Call, Change, DeleteOptions, Patch, Preconditions, Propagation, Reply, Response, Subresource};
use std::collections::{BTreeMap, BTreeSet};

use crate::Indexer;

/// What a sync waits for.
#[derive(Clone, Debug)]
pub enum Sync {
    /// The object as it is now.
    Item,
    /// Its owners as they are now.
    Owners(Box<Item>),
    /// Its deletion, or the patch of its references.
    Written,
}

/// The object that is looked at, as it was read.
#[derive(Clone, Debug)]
pub struct Item {
    resource_version: u64,
    owners: Vec<OwnerReference>,
}

/// The garbage collector.
#[derive(Clone, Debug, Default)]
pub struct GarbageCollector {
    /// Dependents by the uid of their owner.
    dependents: BTreeMap<Uid, BTreeSet<ObjectRef>>,
    /// Possible owners that have gone, or that a live read did not find. Pods own nothing that is collected here.
    absent: BTreeSet<Uid>,
}

type Context<'a> = SyncContext<'a, GarbageCollector>;

impl Controller for GarbageCollector {
    type Key = ObjectRef;
    type Sync = Sync;
    type Indexer = Indexer;
    /// 20 workers that attempt to delete (controllers.md 1.4).
    const QUEUES: &'static [QueueConfig] = &[QueueConfig::new(20)];

    fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        if change.object_kind() == Kind::Event {
            return;
        }
        let object = change.object.reference();
        if let Some(old) = &change.old {
            self.forget_owners(&old.meta().owners, &object);
        }
        if change.current().is_some() {
            self.learn_owners(&change.meta().owners, &object, context);
            return;
        }
        self.forget_owners(&change.meta().owners, &object);
        if object.kind != Kind::Pod {
            self.absent.insert(object.uid);
        }
        for dependent in self.dependents.get(&object.uid).into_iter().flatten() {
            context.add(dependent.clone());
        }
    }

    fn sync(&mut self, key: &ObjectRef, _context: &mut Context<'_>) -> Step<Sync> {
        Step::Calls(vec![Call::Get { kind: key.kind, key: key.key.clone() }], Sync::Item)
    }

    fn resume(
        &mut self,
        key: &ObjectRef,
        sync: Sync,
        replies: Vec<Reply>,
        _context: &mut Context<'_>,
    ) -> Step<Sync> {
        match sync {
            Sync::Item => self.read_owners(key, replies),
            Sync::Owners(item) => self.judge(key, &item, &replies),
            Sync::Written => match replies.into_iter().find_map(Result::err) {
                Some(error) if error.reason != Reason::NotFound => Step::Retry,
                _ => Step::Done,
            },
        }
    }
}

impl GarbageCollector {
    fn forget_owners(&mut self, owners: &[OwnerReference], object: &ObjectRef) {
        for owner in owners {
            if let Some(dependents) = self.dependents.get_mut(&owner.uid) {
                dependents.remove(object);
                if dependents.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
    }

    fn learn_owners(&mut self, owners: &[OwnerReference], object: &ObjectRef, context: &mut Context<'_>) {
        for owner in owners {
            self.dependents.entry(owner.uid).or_default().insert(object.clone());
        }
        // The owner may have gone while its controller was at work.
        if owners.iter().any(|owner| self.absent.contains(&owner.uid)) {
            context.add(object.clone());
        }
    }

    /// The object has been read: its owners follow, those that are known to be absent left out.
    fn read_owners(&mut self, key: &ObjectRef, replies: Vec<Reply>) -> Step<Sync> {
        let Some(Ok(Response::Object(object))) = replies.into_iter().next() else { return Step::Done };
        let meta = object.meta();
        if meta.uid != key.uid || meta.is_deleting() || meta.owners.is_empty() {
            return Step::Done;
        }
        let item = Item { resource_version: meta.resource_version, owners: meta.owners.to_vec() };
        let calls: Vec<Call> =
            self.unknown(&item).filter_map(|owner| read(owner, &key.key.namespace)).collect();
        if calls.is_empty() {
            self.judge(key, &item, &[])
        } else {
            Step::Calls(calls, Sync::Owners(Box::new(item)))
        }
    }

    fn unknown<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = &'a OwnerReference> {
        item.owners.iter().filter(|owner| !self.absent.contains(&owner.uid) && kind_of(owner).is_some())
    }

    /// Its owners have been read: it goes if none is left, else it loses its references to absent ones.
    fn judge(&mut self, key: &ObjectRef, item: &Item, replies: &[Reply]) -> Step<Sync> {
        let unknown: Vec<Uid> = self.unknown(item).map(|owner| owner.uid).collect();
        for (uid, reply) in unknown.into_iter().zip(replies) {
            let there = matches!(reply, Ok(Response::Object(owner)) if owner.meta().uid == uid);
            if !there {
                self.absent.insert(uid);
            }
        }
        let (dangling, solid): (Vec<_>, Vec<_>) =
            item.owners.iter().partition(|o| self.absent.contains(&o.uid));
        if dangling.is_empty() {
            return Step::Done;
        }
        let calls = if solid.is_empty() {
            vec![delete(key, item.resource_version)]
        } else {
            dangling.into_iter().map(|owner| release(key, owner.uid)).collect()
        };
        Step::Calls(calls, Sync::Written)
    }
}

/// The owner's kind, if it is a built-in one; others cannot be looked up and count as there.
fn kind_of(owner: &OwnerReference) -> Option<Kind> {
    Kind::of_manifest(&owner.api_version, &owner.kind)
}

fn read(owner: &OwnerReference, namespace: &Name) -> Option<Call> {
    let kind = kind_of(owner)?;
    let namespace = if kind.info().namespaced { namespace.clone() } else { Name::default() };
    Some(Call::Get { kind, key: ObjectKey { namespace, name: owner.name.clone() } })
}

fn delete(object: &ObjectRef, resource_version: u64) -> Call {
    let preconditions = Preconditions { uid: Some(object.uid), resource_version: Some(resource_version) };
    let options =
        DeleteOptions { grace_seconds: None, preconditions, propagation: Some(Propagation::Background) };
    Call::Delete { kind: object.kind, key: object.key.clone(), options }
}

fn release(object: &ObjectRef, owner: Uid) -> Call {
    let patch = Patch::RemoveOwner { uid: object.uid, owner };
    Call::Patch { kind: object.kind, key: object.key.clone(), patch, subresource: Subresource::Main }
}
