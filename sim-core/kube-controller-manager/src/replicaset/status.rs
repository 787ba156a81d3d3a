//! The status of a ReplicaSet (controllers.md 2.4) and its writing (2.2, steps 5 and 6).

use super::{Context, ReplicaSetController, Round, Sync, Try};
use crate::indexer::{Indexer, PodCounts};
use api::apps::{ReplicaSet, ReplicaSetStatus};
use api::pod::Pod;
use api::{Condition, Kind, Object, condition};
use client::controller::Step;
use client::{Call, Reply, Response};
use std::collections::BTreeMap;
use std::sync::Arc;
use units::{Clock, SimDuration, SimTime, Timestamp};

/// Type of the only condition.
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// What a status is computed from. Which of the Ready pods are available depends on the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    active: u32,
    fully_labelled: u32,
    terminating: u32,
    ready: u32,
    /// The Ready pods by the moment at which they turned Ready; empty unless the ReplicaSet asks for some time.
    ready_since: BTreeMap<Timestamp, u32>,
}

impl Counts {
    /// Over the pods that a ReplicaSet claims.
    pub fn of(set: &ReplicaSet, adopted: &[Object], indexer: &Indexer) -> Self {
        let matches =
            |counts: &PodCounts| counts.active.keys().all(|labels| set.spec.selector.matches(labels));
        match indexer.counts(set.meta.uid) {
            Some(counts) if adopted.is_empty() && matches(counts) => Self::from_counts(set, counts),
            None if adopted.is_empty() => Self::default(),
            _ => {
                let mut counts = PodCounts::default();
                claimed_pods(set, adopted, indexer).iter().for_each(|pod| counts.add(pod));
                if let Some(indexed) = indexer.counts(set.meta.uid) {
                    counts.terminating.clone_from(&indexed.terminating);
                }
                Self::from_counts(set, &counts)
            }
        }
    }

    fn from_counts(set: &ReplicaSet, counts: &PodCounts) -> Self {
        let labelled = |(labels, _): &(&api::StringMap, &u32)| labels.contains_all(&set.spec.template.labels);
        let selected = |(labels, _): &(&api::StringMap, &u32)| set.spec.selector.matches(labels);
        let timed = set.spec.min_ready_seconds > 0;
        Self {
            active: counts.active.values().sum(),
            fully_labelled: counts.active.iter().filter(labelled).map(|(_, n)| n).sum(),
            terminating: counts.terminating.iter().filter(selected).map(|(_, n)| n).sum(),
            ready: counts.ready_since.values().sum(),
            ready_since: if timed { counts.ready_since.clone() } else { BTreeMap::new() },
        }
    }

    /// How many active pods.
    pub fn active(&self) -> usize {
        usize::try_from(self.active).unwrap_or(usize::MAX)
    }

    /// When the next Ready pod becomes available, and how many Ready ones are not yet.
    fn not_available(&self, min_ready: i32, now: SimTime, clock: Clock) -> (Option<SimTime>, u32) {
        let from = |since: &Timestamp| clock.instant(*since) + SimDuration::from_secs(min_ready.into());
        let late = self.ready_since.iter().rev().take_while(|(since, _)| from(since) > now);
        late.fold((None, 0), |(_, count), (since, n)| (Some(from(since)), count + n))
    }
}

/// The active pods that a ReplicaSet claims, by name.
pub fn claimed_pods(set: &ReplicaSet, adopted: &[Object], indexer: &Indexer) -> Vec<Arc<Pod>> {
    let mut pods = BTreeMap::new();
    for pod in adopted.iter().filter_map(Object::as_pod).chain(indexer.pods().owned(set.meta.uid)) {
        pods.insert(pod.meta.name.clone(), Arc::clone(pod));
    }
    let claimed = |pod: &Arc<Pod>| pod.is_active() && set.spec.selector.matches(&pod.meta.labels);
    pods.into_values().filter(claimed).collect()
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn new_status(round: &Round, now: SimTime, clock: Clock) -> ReplicaSetStatus {
    let (set, counts) = (&round.set, &round.counts);
    let (_, waiting) = counts.not_available(set.spec.min_ready_seconds, now, clock);
    ReplicaSetStatus {
        observed_generation: set.status.observed_generation,
        replicas: number(counts.active),
        fully_labeled_replicas: number(counts.fully_labelled),
        ready_replicas: number(counts.ready),
        available_replicas: number(counts.ready.saturating_sub(waiting)),
        terminating_replicas: Some(number(counts.terminating)),
        conditions: conditions(round, clock.timestamp(now)),
    }
}

fn conditions(round: &Round, now: Timestamp) -> Vec<Condition> {
    let mut conditions = round.set.status.conditions.clone();
    let present = condition::find(&conditions, REPLICA_FAILURE).is_some();
    match &round.failure {
        Some(error) if !present => {
            let missing =
                round.counts.active() < usize::try_from(round.set.spec.replicas).unwrap_or_default();
            let reason = if missing { "FailedCreate" } else { "FailedDelete" };
            let failure = Condition::new(REPLICA_FAILURE, true, now).because(reason, error.message.as_str());
            conditions.push(failure);
        }
        None if present => conditions.retain(|c| c.kind != REPLICA_FAILURE),
        _ => {}
    }
    conditions
}

impl ReplicaSetController {
    /// Writes the status if it changes.
    pub(super) fn report(&mut self, round: Round, context: &mut Context<'_>) -> Step<Sync> {
        let set = &round.set;
        let status = new_status(&round, context.now, context.clock);
        if status == set.status && set.meta.generation == set.status.observed_generation {
            let set = Arc::clone(set);
            return end(&round, &set, context);
        }
        let call = write(set, &round, &status);
        Step::Calls(vec![call], Sync::Reporting(round, Box::new(status), Try::First))
    }
}

fn write(onto: &ReplicaSet, round: &Round, status: &ReplicaSetStatus) -> Call {
    let status = ReplicaSetStatus { observed_generation: round.set.meta.generation, ..status.clone() };
    Call::UpdateStatus(ReplicaSet { status, ..onto.clone() }.into())
}

/// The status write was answered.
pub fn reported(
    round: Round,
    status: Box<ReplicaSetStatus>,
    time: Try,
    replies: Vec<Reply>,
    context: &mut Context<'_>,
) -> Step<Sync> {
    match (replies.into_iter().next(), time) {
        (Some(Ok(Response::Object(Object::ReplicaSet(set)))), _) => end(&round, &set, context),
        (Some(Err(_)), Try::First) => {
            let get = Call::Get { kind: Kind::ReplicaSet, key: round.set.meta.key() };
            Step::Calls(vec![get], Sync::Rereading(round, status))
        }
        _ => Step::Retry,
    }
}

/// The ReplicaSet was read anew after its status could not be written.
pub fn reread(round: Round, status: Box<ReplicaSetStatus>, replies: Vec<Reply>) -> Step<Sync> {
    match replies.into_iter().next() {
        Some(Ok(Response::Object(Object::ReplicaSet(set)))) => {
            let call = write(&set, &round, &status);
            Step::Calls(vec![call], Sync::Reporting(round, status, Try::Last))
        }
        _ => Step::Retry,
    }
}

fn end(round: &Round, set: &ReplicaSet, context: &mut Context<'_>) -> Step<Sync> {
    if round.failure.is_some() {
        return Step::Retry;
    }
    let min_ready = set.spec.min_ready_seconds;
    if min_ready > 0 && set.status.ready_replicas != set.status.available_replicas {
        let (next, _) = round.counts.not_available(min_ready, context.now, context.clock);
        let span = next.map_or(SimDuration::from_secs(min_ready.into()), |at| at - context.now);
        context.add_after(set.meta.key(), span);
    }
    Step::Done
}
