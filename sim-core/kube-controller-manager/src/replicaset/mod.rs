//! The ReplicaSet controller: keeps as many active pods as its ReplicaSet wants, and counts them in its status.
//!
//! Upstream: `pkg/controller/replicaset/{replica_set,replica_set_utils}.go`, v1.36.2 (controllers.md 2).
//! Watches ReplicaSets and pods → creates, deletes, adopts and releases pods; writes the ReplicaSet's status; events.
//! Timers: the queue's, and one when the next Ready pod becomes available.
//! DIFFERENCE: related pods (deletion order, rule 5) are those that sibling ReplicaSets own; a pod that only matches a
//! sibling's selector is not counted. Who lets selectors of strangers overlap can tell.
//! DIFFERENCE: pods that are to be adopted are looked for once, at the beginning; what is active is counted after the
//! adoptions and not before them. Who adds pods in those milliseconds can tell.
//! Validation: tables and property tests beside the code; recordings deployment-create, rolling-update,
//! scale-down-victims.

mod deletion_order;
mod manage;
mod status;

use crate::Indexer;
use api::apps::{ReplicaSet, ReplicaSetStatus};
use api::event::EventType;
use api::pod::Pod;
use api::{ApiError, Kind, Name, Object, ObjectKey, ObjectRef, OwnerReference};
use client::controller::{
    Claim, Controller, Expectations, Progress, QueueConfig, ReadYourWrites, SlowStart, Step, SyncContext,
    claim, settle,
};
use client::{Change, NewEvent, Reply, Response};
use journal::ChangeType;
use status::{Counts, reported, reread};
use std::sync::Arc;
use units::SimDuration;

type Context<'a> = SyncContext<'a, ReplicaSetController>;

/// The ReplicaSet controller.
#[derive(Clone, Debug, Default)]
pub struct ReplicaSetController {
    expectations: Expectations<ObjectKey>,
    writes: ReadYourWrites<ObjectKey>,
}

/// A sync that waits for replies.
#[derive(Clone, Debug)]
pub enum Sync {
    /// Adopting and releasing pods.
    Claiming(Progress<Claims>),
    /// Creating pods, batch by batch.
    Creating(Round, SlowStart),
    /// Deleting these pods.
    Deleting(Round, Vec<ObjectKey>),
    /// Writing the status.
    Reporting(Round, Box<ReplicaSetStatus>, Try),
    /// Reading the ReplicaSet anew after the first failure.
    Rereading(Round, Box<ReplicaSetStatus>),
}

/// How often a status is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// The first time.
    First,
    /// Once more, onto the newest version.
    Last,
}

/// Pods that are to be adopted or released.
#[derive(Clone, Debug)]
pub struct Claims {
    set: Arc<ReplicaSet>,
    claims: Vec<(Claim, Object)>,
    may_manage: bool,
}

/// One round of a ReplicaSet: what its status is computed from, and what went wrong.
#[derive(Clone, Debug)]
pub struct Round {
    set: Arc<ReplicaSet>,
    /// As they were before any pod was created or deleted.
    counts: Counts,
    failure: Option<ApiError>,
}

impl Controller for ReplicaSetController {
    type Key = ObjectKey;
    type Sync = Sync;
    type Indexer = Indexer;
    const QUEUES: &'static [QueueConfig] = &[QueueConfig::new(5)];

    fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        match &change.object {
            Object::ReplicaSet(set) => self.on_replica_set(change, set, context),
            Object::Pod(pod) => self.on_pod(change, pod, context),
            _ => {}
        }
    }

    fn sync(&mut self, key: &ObjectKey, context: &mut Context<'_>) -> Step<Sync> {
        if !self.writes.caught_up(key, |kind| context.indexer.reached(kind)) {
            return Step::Retry;
        }
        let Some(set) = context.view.replica_set(key) else {
            self.expectations.forget(key);
            return Step::Done;
        };
        let may_manage = self.expectations.satisfied(key, context.now);
        let claims = claims(set, context.indexer);
        if claims.is_empty() {
            return self.manage(set, may_manage, &[], context);
        }
        let claims = Claims { set: Arc::clone(set), claims, may_manage };
        self.claim(Progress::new(claims, context.now), context)
    }

    fn on_reply(
        &mut self,
        key: &ObjectKey,
        sync: &mut Sync,
        index: usize,
        reply: &Reply,
        context: &mut Context<'_>,
    ) {
        match sync {
            Sync::Claiming(_) | Sync::Creating(..) => self.remember(key, Kind::Pod, reply),
            Sync::Reporting(..) => self.remember(key, Kind::ReplicaSet, reply),
            Sync::Deleting(..) | Sync::Rereading(..) => {}
        }
        match sync {
            Sync::Creating(round, _) => tell_creation(&round.set, reply, context),
            Sync::Deleting(round, pods) => {
                if let Some(pod) = pods.get(index) {
                    self.on_deletion_reply(key, &round.set, pod, reply, context);
                }
            }
            _ => {}
        }
    }

    fn resume(
        &mut self,
        key: &ObjectKey,
        sync: Sync,
        replies: Vec<Reply>,
        context: &mut Context<'_>,
    ) -> Step<Sync> {
        match sync {
            Sync::Claiming(mut progress) => {
                progress.answer(replies, context.now);
                self.claim(progress, context)
            }
            Sync::Creating(round, start) => self.created(key, round, start, &replies, context),
            Sync::Deleting(round, _) => {
                let failure = replies.into_iter().filter_map(Result::err).find(|e| !is_gone(e));
                self.report(Round { failure, ..round }, context)
            }
            Sync::Reporting(round, status, time) => reported(round, status, time, replies, context),
            Sync::Rereading(round, status) => reread(round, status, replies),
        }
    }
}

fn is_gone(error: &ApiError) -> bool {
    error.reason == api::Reason::NotFound
}

impl ReplicaSetController {
    fn on_replica_set(&mut self, change: &Change, set: &ReplicaSet, context: &mut Context<'_>) {
        let key = set.meta.key();
        let replaced = change.old.as_ref().is_some_and(|old| old.meta().uid != set.meta.uid);
        if change.kind == ChangeType::Deleted || replaced {
            self.expectations.forget(&key);
            self.writes.forget(&key);
        }
        context.add(key);
    }

    fn on_pod(&mut self, change: &Change, pod: &Pod, context: &mut Context<'_>) {
        let old = change.old.as_ref().and_then(Object::as_pod);
        match (change.kind, old) {
            (ChangeType::Deleted, _) => self.on_pod_gone(pod, context),
            (ChangeType::Modified, Some(old)) => self.on_pod_update(old, pod, context),
            _ if pod.meta.is_deleting() => self.on_pod_gone(pod, context),
            _ => match owner(pod, context) {
                Some(set) => {
                    let key = set.meta.key();
                    self.expectations.creation_observed(&key);
                    context.add(key);
                }
                None if pod.meta.controller().is_none() => wake_matching(pod, context),
                None => {}
            },
        }
    }

    fn on_pod_update(&mut self, old: &Pod, pod: &Pod, context: &mut Context<'_>) {
        let relabelled = old.meta.labels != pod.meta.labels;
        if pod.meta.is_deleting() {
            self.on_pod_gone(pod, context);
            if relabelled {
                self.on_pod_gone(old, context);
            }
            return;
        }
        let moved = old.meta.controller() != pod.meta.controller();
        if moved && let Some(set) = owner(old, context) {
            context.add(set.meta.key());
        }
        match owner(pod, context) {
            Some(set) => {
                context.add(set.meta.key());
                if !old.is_ready() && pod.is_ready() && set.spec.min_ready_seconds > 0 {
                    let span = SimDuration::from_secs(set.spec.min_ready_seconds.into());
                    context.add_after(set.meta.key(), span);
                }
            }
            None if pod.meta.controller().is_none() && (relabelled || moved) => wake_matching(pod, context),
            None => {}
        }
    }

    /// A pod is gone or being deleted: for its ReplicaSet that is the same.
    fn on_pod_gone(&mut self, pod: &Pod, context: &mut Context<'_>) {
        let Some(set) = owner(pod, context) else { return };
        let key = set.meta.key();
        self.expectations.deletion_of_observed(&key, &pod.meta.key());
        context.add(key);
    }

    fn remember(&mut self, key: &ObjectKey, kind: Kind, reply: &Reply) {
        if let Some(object) = reply.as_ref().ok().and_then(Response::object)
            && object.kind() == kind
        {
            self.writes.wrote(key, kind, object.meta().resource_version);
        }
    }

    fn claim(&mut self, progress: Progress<Claims>, context: &mut Context<'_>) -> Step<Sync> {
        let claims = progress.snapshot.clone();
        let mut adopted = None;
        let step = progress.run(
            |claims, script| settle(script, Kind::ReplicaSet, &claims.set.meta, &claims.claims),
            |event| context.event(event),
            |result| {
                adopted = result.ok();
                Step::Retry
            },
        );
        match (step, adopted) {
            (Step::Calls(calls, progress), _) => Step::Calls(calls, Sync::Claiming(progress)),
            (Step::Pause(span, progress), _) => Step::Pause(span, Sync::Claiming(progress)),
            (_, Some(adopted)) => self.manage(&claims.set, claims.may_manage, &adopted, context),
            _ => Step::Retry,
        }
    }
}

/// The ReplicaSet that controls a pod.
fn owner<'a>(pod: &Pod, context: &Context<'a>) -> Option<&'a Arc<ReplicaSet>> {
    let owner = pod.meta.controller().filter(|owner| owner.kind == Kind::ReplicaSet.info().kind)?;
    let key = ObjectKey { namespace: pod.meta.namespace.clone(), name: owner.name.clone() };
    context.view.replica_set(&key).filter(|set| set.meta.uid == owner.uid)
}

fn wake_matching(pod: &Pod, context: &mut Context<'_>) {
    for set in context.view.replica_sets_in(&pod.meta.namespace) {
        if !set.spec.selector.is_empty() && set.spec.selector.matches(&pod.meta.labels) {
            context.add(set.meta.key());
        }
    }
}

/// Which pods are to be adopted or released. Candidates are active pods.
fn claims(set: &ReplicaSet, indexer: &Indexer) -> Vec<(Claim, Object)> {
    let all_match = indexer
        .counts(set.meta.uid)
        .is_none_or(|counts| counts.active.keys().all(|labels| set.spec.selector.matches(labels)));
    let owned = indexer.pods().owned(set.meta.uid).filter(|_| !all_match);
    let candidates = owned.chain(indexer.pods().orphans(&set.meta.namespace)).filter(|pod| pod.is_active());
    let claimed = candidates.map(|pod| {
        let matches = set.spec.selector.matches(&pod.meta.labels);
        (claim(&set.meta, &pod.meta, matches), Object::Pod(Arc::clone(pod)))
    });
    claimed.filter(|(claim, _)| matches!(claim, Claim::Adopt | Claim::Release)).collect()
}

fn tell_creation(set: &ReplicaSet, reply: &Reply, context: &mut Context<'_>) {
    match reply {
        Ok(response) => {
            let pod = response.object().map(|o| o.meta().name.clone()).unwrap_or_default();
            tell(set, EventType::Normal, "SuccessfulCreate", format!("Created pod: {pod}"), context);
        }
        Err(error) if is_terminating(error) => {}
        Err(error) => {
            tell(set, EventType::Warning, "FailedCreate", format!("Error creating: {error}"), context)
        }
    }
}

/// Whether the namespace is being deleted, so that nothing can be created in it.
fn is_terminating(error: &ApiError) -> bool {
    error.cause == "NamespaceTerminating"
}

fn tell(set: &ReplicaSet, kind: EventType, reason: &'static str, message: String, context: &mut Context<'_>) {
    context.event(NewEvent {
        about: ObjectRef::new(Kind::ReplicaSet, &set.meta),
        field_path: Name::default(),
        kind,
        reason: Name::new_static(reason),
        message: message.into(),
    });
}

/// The reference that a ReplicaSet's pods carry.
fn reference(set: &ReplicaSet) -> OwnerReference {
    OwnerReference::controller(Kind::ReplicaSet, &set.meta.name, set.meta.uid)
}
