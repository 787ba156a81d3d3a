//! Creating what is missing and deleting what is too much (controllers.md 2.2, step 4).

use super::status::{Counts, claimed_pods};
use super::{Context, ReplicaSetController, Round, Sync, deletion_order, is_gone, is_terminating, tell};
use crate::Indexer;
use api::apps::ReplicaSet;
use api::event::EventType;
use api::pod::{Pod, PodStatus};
use api::{Kind, Name, Object, ObjectKey, ObjectMeta};
use client::controller::{SlowStart, Step};
use client::{Call, DeleteOptions, Reply};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many pods are created or deleted in one sync at most (`BurstReplicas`).
const BURST: usize = 500;
/// Size of the first batch (`SlowStartInitialBatchSize`).
const FIRST_BATCH: usize = 1;

impl ReplicaSetController {
    /// Counts, and creates or deletes pods if it may.
    pub(super) fn manage(
        &mut self,
        set: &Arc<ReplicaSet>,
        may_manage: bool,
        adopted: &[Object],
        context: &mut Context<'_>,
    ) -> Step<Sync> {
        let counts = Counts::of(set, adopted, context.indexer);
        let (active, wanted) = (counts.active(), usize::try_from(set.spec.replicas).unwrap_or_default());
        let round = Round { set: Arc::clone(set), counts, failure: None };
        if !may_manage || set.meta.is_deleting() || active == wanted {
            return self.report(round, context);
        }
        if active < wanted {
            return self.create(round, wanted - active, context);
        }
        self.delete(round, active - wanted, adopted, context)
    }

    fn create(&mut self, round: Round, missing: usize, context: &Context<'_>) -> Step<Sync> {
        let start = SlowStart::new(missing.min(BURST), FIRST_BATCH);
        self.expectations.expect_creations(&round.set.meta.key(), missing.min(BURST), context.now);
        create_batch(round, start, context.indexer)
    }

    /// A batch of creations was answered.
    pub(super) fn created(
        &mut self,
        key: &ObjectKey,
        mut round: Round,
        mut start: SlowStart,
        replies: &[Reply],
        context: &mut Context<'_>,
    ) -> Step<Sync> {
        // A namespace that is being deleted refuses all; that counts as success, and the expectation stays.
        let failures = replies.iter().filter_map(|r| r.as_ref().err()).filter(|e| !is_terminating(e));
        round.failure = failures.clone().next().cloned();
        let failed = failures.count();
        start.answered(failed);
        if start.batch() > 0 {
            return create_batch(round, start, context.indexer);
        }
        (0..failed + start.skipped()).for_each(|_| self.expectations.creation_observed(key));
        self.report(round, context)
    }

    fn delete(
        &mut self,
        round: Round,
        surplus: usize,
        adopted: &[Object],
        context: &Context<'_>,
    ) -> Step<Sync> {
        let set = Arc::clone(&round.set);
        let mut pods = claimed_pods(&set, adopted, context.indexer);
        let surplus = surplus.min(BURST);
        if surplus < pods.len() {
            let on_node = related_pods(&set, context.indexer);
            pods = deletion_order::order(pods, &on_node, context.now, context.clock);
        }
        let victims: Vec<ObjectKey> = pods.iter().take(surplus).map(|pod| pod.meta.key()).collect();
        let expected = victims.iter().cloned().collect();
        self.expectations.expect_deletions_of(&set.meta.key(), expected, context.now);
        let delete = |key: &ObjectKey| Call::Delete {
            kind: Kind::Pod,
            key: key.clone(),
            options: DeleteOptions::default(),
        };
        Step::Calls(victims.iter().map(delete).collect(), Sync::Deleting(round, victims))
    }

    pub(super) fn on_deletion_reply(
        &mut self,
        key: &ObjectKey,
        set: &ReplicaSet,
        pod: &ObjectKey,
        reply: &Reply,
        context: &mut Context<'_>,
    ) {
        let Err(error) = reply else {
            let message = format!("Deleted pod: {}", pod.name);
            tell(set, EventType::Normal, "SuccessfulDelete", message, context);
            return;
        };
        self.expectations.deletion_of_observed(key, pod);
        if !is_gone(error) {
            tell(set, EventType::Warning, "FailedDelete", format!("Error deleting: {error}"), context);
        }
    }
}

fn create_batch(round: Round, start: SlowStart, indexer: &Indexer) -> Step<Sync> {
    let pod: Object = new_pod(&round.set, indexer).into();
    Step::Calls(vec![Call::Create(pod); start.batch()], Sync::Creating(round, start))
}

/// A pod as the template says. Siblings share everything that they have in common.
fn new_pod(set: &ReplicaSet, indexer: &Indexer) -> Pod {
    let template = &set.spec.template;
    let reference = super::reference(set);
    let sibling = indexer.pods().owned(set.meta.uid).map(|pod| &pod.meta.owners).next();
    let owners = match sibling {
        Some(owners) if **owners == [reference.clone()] => owners.clone(),
        _ => vec![reference].into(),
    };
    Pod {
        meta: ObjectMeta {
            generate_name: format!("{}-", set.meta.name).into(),
            labels: template.labels.clone(),
            annotations: template.annotations.clone(),
            finalizers: template.finalizers.clone(),
            owners,
            ..ObjectMeta::named(set.meta.namespace.clone(), "")
        },
        spec: Arc::clone(&template.spec),
        node_name: Name::default(),
        status: PodStatus::default(),
    }
}

/// Per node: how many active pods belong to ReplicaSets with the same owner. None if the ReplicaSet has no owner.
fn related_pods(set: &ReplicaSet, indexer: &Indexer) -> BTreeMap<Name, u32> {
    let mut on_node = BTreeMap::new();
    let Some(owner) = set.meta.controller() else { return on_node };
    let siblings = indexer.replica_sets().owned(owner.uid);
    for pod in siblings.flat_map(|sibling| indexer.pods().owned(sibling.meta.uid)) {
        if pod.is_active() {
            *on_node.entry(pod.node_name.clone()).or_default() += 1;
        }
    }
    on_node
}
