//! The Deployment controller: moves pods from old ReplicaSets to the one that has the Deployment's template.
//!
//! Upstream: `pkg/controller/deployment/{deployment_controller,sync,rolling,recreate,progress,rollback}.go`,
//! `pkg/controller/deployment/util/deployment_util.go`, v1.36.2 (controllers.md 3).
//! Watches Deployments, ReplicaSets and (for Recreate) pods → creates, resizes, adopts and deletes ReplicaSets; writes
//! the Deployment's status and revision; events.
//! Timers: the queue's, and one a second after the progress deadline.
//! DIFFERENCE: the ReplicaSets of a Deployment are listed by name; upstream's list has no order. Who compares the
//! victims of complete ties can tell.
//! Validation: tables and runs beside the code; recordings deployment-create, rolling-update, proportional-scaling,
//! rolling-update-surge0, stuck-rollout-undo.

mod new_replica_set;
mod recreate;
mod rollback;
mod rolling;
mod scale;
mod sets;
mod status;

use crate::Indexer;
use api::apps::{Deployment, ReplicaSet, Strategy};
use api::event::EventType;
use api::pod::Pod;
use api::{ApiError, Kind, Name, Object, ObjectKey, ObjectRef, Uid};
use client::controller::{
    Claim, Controller, Progress, QueueConfig, Script, Step, Stop, SyncContext, claim, settle,
};
use client::{Call, Change, NewEvent, Reply, View};
use journal::ChangeType;
use std::collections::BTreeSet;
use std::sync::Arc;
use units::{Clock, SimDuration};

type Context<'a> = SyncContext<'a, DeploymentController>;

/// The Deployment controller. All that it remembers lies in its queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeploymentController;

/// What a sync works on: the cache as it was at its beginning.
#[derive(Clone, Debug)]
pub struct Snapshot {
    deployment: Arc<Deployment>,
    /// Its ReplicaSets, by name.
    sets: Vec<Arc<ReplicaSet>>,
    /// ReplicaSets that are to be adopted or released.
    claims: Vec<(Claim, Object)>,
    /// Which of the ReplicaSets have pods that have not ended (looked at for Recreate alone).
    running: BTreeSet<Uid>,
}

/// How a Deployment comes again without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Requeue {
    No,
    After(SimDuration),
    RateLimited,
}

impl Controller for DeploymentController {
    type Key = ObjectKey;
    type Sync = Progress<Snapshot>;
    type Indexer = Indexer;
    const QUEUES: &'static [QueueConfig] = &[QueueConfig::new(5).giving_up_after(15)];

    fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        match &change.object {
            Object::Deployment(deployment) => context.add(deployment.meta.key()),
            Object::ReplicaSet(set) => on_replica_set(change, set, context),
            Object::Pod(pod) if change.kind == ChangeType::Deleted => on_pod_deleted(pod, context),
            _ => {}
        }
    }

    fn sync(&mut self, key: &ObjectKey, context: &mut Context<'_>) -> Step<Self::Sync> {
        let Some(deployment) = context.view.deployment(key) else { return Step::Done };
        go_on(Progress::new(snapshot(deployment, context.indexer), context.now), key, context)
    }

    fn resume(
        &mut self,
        key: &ObjectKey,
        mut progress: Self::Sync,
        replies: Vec<Reply>,
        context: &mut Context<'_>,
    ) -> Step<Self::Sync> {
        progress.answer(replies, context.now);
        go_on(progress, key, context)
    }
}

fn on_replica_set(change: &Change, set: &ReplicaSet, context: &mut Context<'_>) {
    let old = change.old.as_ref().and_then(Object::as_replica_set);
    let moved = old.is_some_and(|old| old.meta.controller() != set.meta.controller());
    if moved && let Some(deployment) = old.and_then(|old| owner(old, &context.view)) {
        context.add(deployment.meta.key());
    }
    if let Some(deployment) = owner(set, &context.view) {
        context.add(deployment.meta.key());
        return;
    }
    let relabelled = old.is_some_and(|old| old.meta.labels != set.meta.labels);
    let is_new = change.kind == ChangeType::Added && !set.meta.is_deleting();
    if set.meta.controller().is_none() && (is_new || moved || relabelled) {
        wake_matching(set, context);
    }
}

/// Of a Recreate Deployment the last pod is gone.
fn on_pod_deleted(pod: &Pod, context: &mut Context<'_>) {
    let Some(owner_of_pod) = pod.meta.controller() else { return };
    let key = ObjectKey { namespace: pod.meta.namespace.clone(), name: owner_of_pod.name.clone() };
    let set = context.view.replica_set(&key).filter(|set| set.meta.uid == owner_of_pod.uid);
    let Some(deployment) = set.and_then(|set| owner(set, &context.view)) else { return };
    let has_pods = || {
        let mut sets = context.indexer.replica_sets().owned(deployment.meta.uid);
        sets.any(|set| context.indexer.pods().owned(set.meta.uid).next().is_some())
    };
    if deployment.spec.strategy == Strategy::Recreate && !has_pods() {
        context.add(deployment.meta.key());
    }
}

fn owner<'a>(set: &ReplicaSet, view: &View<'a>) -> Option<&'a Arc<Deployment>> {
    let owner = set.meta.controller().filter(|owner| owner.kind == Kind::Deployment.info().kind)?;
    let key = ObjectKey { namespace: set.meta.namespace.clone(), name: owner.name.clone() };
    view.deployment(&key).filter(|deployment| deployment.meta.uid == owner.uid)
}

fn wake_matching(set: &ReplicaSet, context: &mut Context<'_>) {
    for deployment in context.view.deployments_in(&set.meta.namespace) {
        let selector = &deployment.spec.selector;
        if !selector.is_empty() && selector.matches(&set.meta.labels) {
            context.add(deployment.meta.key());
        }
    }
}

fn snapshot(deployment: &Arc<Deployment>, indexer: &Indexer) -> Snapshot {
    let meta = &deployment.meta;
    let (mut sets, mut claims) = (Vec::new(), Vec::new());
    let owned = indexer.replica_sets().owned(meta.uid);
    for set in owned.chain(indexer.replica_sets().orphans(&meta.namespace)) {
        match claim(meta, &set.meta, deployment.spec.selector.matches(&set.meta.labels)) {
            Claim::Keep => sets.push(Arc::clone(set)),
            Claim::Ignore => {}
            settle => claims.push((settle, Object::ReplicaSet(Arc::clone(set)))),
        }
    }
    let mut running = BTreeSet::new();
    if deployment.spec.strategy == Strategy::Recreate {
        let runs = |set: &&Arc<ReplicaSet>| {
            indexer.pods().owned(set.meta.uid).any(|pod| !pod.status.phase.is_terminal())
        };
        running.extend(sets.iter().filter(runs).map(|set| set.meta.uid));
    }
    Snapshot { deployment: Arc::clone(deployment), sets, claims, running }
}

fn go_on(
    progress: Progress<Snapshot>,
    key: &ObjectKey,
    context: &mut Context<'_>,
) -> Step<Progress<Snapshot>> {
    let (view, clock) = (context.view, context.clock);
    let mut requeue = Requeue::No;
    let step = progress.run(
        |snapshot, script| Rollout::new(snapshot, script, view, clock).sync(),
        |event| context.event(event),
        |result| match result {
            Ok(wanted) => {
                requeue = wanted;
                Step::Done
            }
            Err(error) if error.cause == "NamespaceTerminating" => Step::Done,
            Err(_) => Step::Retry,
        },
    );
    match requeue {
        Requeue::No => {}
        Requeue::After(span) => context.add_after(key.clone(), span),
        Requeue::RateLimited => context.add_rate_limited(key.clone()),
    }
    step
}

/// One sync of a Deployment.
struct Rollout<'a, 's> {
    /// As the sync has it in hand: with the changes that it has written, and the old resourceVersion.
    deployment: Deployment,
    snapshot: &'a Snapshot,
    /// Its ReplicaSets, as they were at the beginning, and those adopted since.
    sets: Vec<Arc<ReplicaSet>>,
    script: &'a mut Script<'s>,
    view: View<'a>,
    clock: Clock,
}

/// The ReplicaSet with the Deployment's template, and all others, by name.
#[derive(Clone, Debug)]
struct Sets {
    new: Option<Arc<ReplicaSet>>,
    old: Vec<Arc<ReplicaSet>>,
}

impl Sets {
    /// The old ones, then the new one.
    fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> + Clone {
        self.old.iter().chain(&self.new)
    }
}

impl<'a, 's> Rollout<'a, 's> {
    fn new(snapshot: &'a Snapshot, script: &'a mut Script<'s>, view: View<'a>, clock: Clock) -> Self {
        let deployment = Deployment::clone(&snapshot.deployment);
        Self { deployment, snapshot, sets: snapshot.sets.clone(), script, view, clock }
    }

    /// What is done, in upstream's order (controllers.md 3.2).
    fn sync(&mut self) -> Result<Requeue, Stop> {
        if self.deployment.spec.selector.is_empty() {
            return self.refuse_to_select_all();
        }
        self.claim()?;
        if self.deployment.meta.is_deleting() {
            return self.refresh_status();
        }
        self.maintain_paused_condition()?;
        if self.deployment.spec.paused {
            return self.scale();
        }
        if let Some(revision) = rollback::target(&self.deployment) {
            return self.roll_back(revision);
        }
        if self.is_scaling()? {
            return self.scale();
        }
        match self.deployment.spec.strategy {
            Strategy::Recreate => self.recreate(),
            Strategy::RollingUpdate { .. } => self.roll(),
        }
    }

    fn refuse_to_select_all(&mut self) -> Result<Requeue, Stop> {
        let message = "This deployment is selecting all pods. A non-empty selector is required.";
        self.tell(EventType::Warning, "SelectingAll", message);
        if self.deployment.status.observed_generation < self.deployment.meta.generation {
            self.deployment.status.observed_generation = self.deployment.meta.generation;
            self.write_status_anyway()?;
        }
        Ok(Requeue::No)
    }

    fn claim(&mut self) -> Result<(), Stop> {
        let snapshot = self.snapshot;
        let adopted = settle(self.script, Kind::Deployment, &snapshot.deployment.meta, &snapshot.claims)?;
        self.sets.extend(adopted.iter().filter_map(Object::as_replica_set).cloned());
        self.sets.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        Ok(())
    }

    /// Some active ReplicaSet was sized for another number of replicas.
    fn is_scaling(&mut self) -> Result<bool, Stop> {
        let sets = self.find_sets(false)?;
        let wanted = self.deployment.spec.replicas;
        Ok(sets.all().any(|set| sets::is_active(set) && sets::desired(set).is_some_and(|n| n != wanted)))
    }

    fn write_status(&mut self) -> Result<(), Stop> {
        self.script.call(Call::UpdateDeploymentStatus(Box::new(self.deployment.clone())))?;
        Ok(())
    }

    /// Where upstream ignores the outcome.
    fn write_status_anyway(&mut self) -> Result<(), Stop> {
        self.script.attempt(Call::UpdateDeploymentStatus(Box::new(self.deployment.clone()))).map(drop)
    }

    fn tell(&mut self, kind: EventType, reason: &'static str, message: impl Into<Name>) {
        self.script.event(NewEvent {
            about: ObjectRef::new(Kind::Deployment, &self.deployment.meta),
            field_path: Name::default(),
            kind,
            reason: Name::new_static(reason),
            message: message.into(),
        });
    }

    fn now(&self) -> units::Timestamp {
        self.clock.timestamp(self.script.now)
    }
}

/// A failure that no call has had.
fn failure(message: impl Into<String>) -> Stop {
    Stop::Refused(ApiError::new(api::Reason::InternalError, message))
}
