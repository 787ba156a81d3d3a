//! The scheduler as a component of a running cluster: one decision after another, bindings beside them.
//!
//! Source: `pkg/scheduler/{scheduler,schedule_one,eventhandlers}.go`, v1.36.2 (scheduler.md 4, 6).
//! Watches pods and nodes; reads Services and ReplicaSets from its view → Binding, a pod's condition PodScheduled,
//! Event objects. Timers: the end of a decision's serial part, the flush of the backoff queues at whole seconds, the
//! flush of unschedulablePods each 30 s; flushes that have nothing to do are left out.
//! DIFFERENCE: StatefulSets and ReplicationControllers give no default selector: their pods are spread by their
//! Services alone. Who has no Service for a StatefulSet can tell.
//! DIFFERENCE: a `%` in a message stays as it is, where the real event mangles it. Only names with `%` can tell.
//! Validated by `scheduler/tests.rs`, which lets it run against a small API server of its own.

mod config;
mod failure;
#[cfg(test)]
mod tests;
mod watch;

pub use config::{Config, SchedulerTimer};

use crate::cache::Cache;
use crate::default_selector::{is_needed, merged_services, with_owner};
use crate::framework::{Decision, FitError, Framework};
use crate::queue::{MAX_UNSCHEDULABLE, Moment, QueuedPod, SchedulingQueue, second_after};
use crate::recorder::{Note, Recorder};
use api::event::{Action, EventType};
use api::pod::Pod;
use api::{Kind, LabelSelector, Name, ObjectKey, ObjectRef, StringMap};
use client::{Agent, Call, Context, Cursor, Input, Lane, Reply, Tag, TokenBucket};
use journal::{Attempt, AttemptOutcome, Body, Causes, RecordId};
use random::{Latency, Seed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use units::{SimDuration, SimTime};

/// unschedulablePods is looked through so often, from the start on.
const UNSCHEDULABLE_FLUSH: SimDuration = SimDuration::from_secs(30);

/// A decision whose serial part is not over yet.
#[derive(Clone, Debug)]
struct Deciding {
    number: u64,
    entry: QueuedPod,
    result: Result<Decision, FitError>,
}

/// A call whose reply is awaited.
#[derive(Clone, Debug)]
enum Pending {
    Bind { entry: Box<QueuedPod>, node: Name },
    Patch { call: Box<Call>, tries: u32 },
}

/// The scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    config: Config,
    framework: Framework,
    cache: Cache,
    queue: SchedulingQueue,
    recorder: Recorder,
    limit: TokenBucket,
    started: Option<SimTime>,
    deciding: Option<Box<Deciding>>,
    decisions: u64,
    pending: BTreeMap<Tag, Pending>,
    next_tag: Tag,
    flush_seconds: BTreeSet<i64>,
    flush_numbers: BTreeSet<i64>,
    services: MergedServices,
}

/// Merged selectors of Services by namespace and labels, as long as no Service changes.
#[derive(Clone, Debug, Default)]
struct MergedServices {
    seen: Cursor,
    merged: BTreeMap<(Name, StringMap), BTreeMap<Name, Name>>,
}

type Ctx<'a, 'b> = &'a mut Context<'b, SchedulerTimer>;

impl Scheduler {
    /// A scheduler that has not started: it takes what its watches bring, and decides nothing.
    pub fn new(config: Config) -> Self {
        Self {
            framework: Framework::new(config.profile.clone(), config.host_choice, Seed::default()),
            cache: Cache::default(),
            queue: SchedulingQueue::new(&config.profile),
            recorder: Recorder::new(&config.profile.name, &config.hostname),
            limit: TokenBucket::per_second(50, 100),
            started: None,
            deciding: None,
            decisions: 0,
            pending: BTreeMap::new(),
            next_tag: 0,
            flush_seconds: BTreeSet::new(),
            flush_numbers: BTreeSet::new(),
            services: MergedServices::default(),
            config,
        }
    }

    /// Begins to decide, once the watches have brought what there was.
    pub fn start(&mut self, context: Ctx<'_, '_>) {
        self.started = Some(context.now);
        self.framework.seed = context.seed;
        self.go_on(context);
    }

    /// Nodes and pods as it sees them.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Its queue.
    pub fn queue(&self) -> &SchedulingQueue {
        &self.queue
    }

    /// Decides as long as there is something to decide and no decision takes time; sets the timers of the flushes.
    fn go_on(&mut self, context: Ctx<'_, '_>) {
        if self.started.is_none() {
            return;
        }
        while self.deciding.is_none() {
            let Some(entry) = self.queue.pop() else { break };
            self.begin(entry, context);
        }
        self.set_flush_timers(context);
    }

    fn begin(&mut self, mut entry: QueuedPod, context: Ctx<'_, '_>) {
        let pod = Arc::clone(&entry.incoming.pod);
        if self.is_skipped(&entry, context) {
            self.queue.done(&pod);
            return;
        }
        entry.incoming.default_selector = self.default_selector(&pod, context);
        let result = self.framework.schedule(&mut self.cache, &entry.incoming);
        let visited = match &result {
            Ok(decision) => decision.diagnosis.visited,
            Err(error) => error.diagnosis.visited,
        };
        let cost = self.cost(&pod, entry.attempts, visited, context.seed);
        self.decisions += 1;
        let number = self.decisions;
        let deciding = Deciding { number, entry, result };
        if cost == SimDuration::ZERO {
            self.finish(deciding, context);
            return;
        }
        let timer = SchedulerTimer::Decided { instance: self.config.instance, number };
        context.timer(context.now + cost, timer);
        self.deciding = Some(Box::new(deciding));
    }

    /// A pod that is being deleted, or that has been decided already, is left alone.
    fn is_skipped(&mut self, entry: &QueuedPod, context: Ctx<'_, '_>) -> bool {
        let pod = &entry.incoming.pod;
        if pod.meta.is_deleting() {
            let text = format!("skip schedule deleting pod: {}", pod.meta.key());
            self.note(pod, failed_scheduling(text), entry.causes.clone(), context);
            return true;
        }
        self.cache.is_assumed(&pod.meta.key())
    }

    /// Median and spread are those of the whole: decision and visited nodes.
    fn cost(&self, pod: &Pod, attempt: u32, visited: usize, seed: Seed) -> SimDuration {
        let nodes = self.config.per_node.times(i64::try_from(visited).unwrap_or(i64::MAX));
        let median = self.config.decision.median + nodes;
        let stream = seed.stream("scheduler-decision", &pod.meta.key().to_string());
        Latency::log_normal(median, self.config.decision.sigma).draw(&mut stream.at(u64::from(attempt)))
    }

    fn finish(&mut self, deciding: Deciding, context: Ctx<'_, '_>) {
        let Deciding { mut entry, result, .. } = deciding;
        let attempt = self.record(&entry, &result, context);
        entry.causes = attempt.into();
        match result {
            Ok(decision) => self.bind(entry, decision.node, context),
            Err(error) => {
                let rejectors = error.diagnosis.rejectors;
                self.fail(entry, rejectors, failure::Reason::Unschedulable, error.message, context);
            }
        }
    }

    fn record(
        &self,
        entry: &QueuedPod,
        result: &Result<Decision, FitError>,
        context: Ctx<'_, '_>,
    ) -> RecordId {
        let (diagnosis, scores, outcome) = match result {
            Ok(decision) => {
                (&decision.diagnosis, decision.top.clone(), AttemptOutcome::Chosen(decision.node.clone()))
            }
            Err(error) => {
                (&*error.diagnosis, Vec::new(), AttemptOutcome::Unschedulable(error.message.clone()))
            }
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let attempt = Attempt {
            pod: ObjectRef::new(Kind::Pod, &entry.incoming.pod.meta),
            nodes: number(diagnosis.all_nodes),
            visited: number(diagnosis.visited),
            feasible: number(diagnosis.feasible),
            rejected: diagnosis.rejected_nodes(&self.cache),
            scores,
            outcome,
        };
        context.record(Body::Attempt(Box::new(attempt)), entry.causes.clone())
    }

    /// Counts the pod on its node and has it bound; the next decision does not wait for that.
    fn bind(&mut self, entry: QueuedPod, node: Name, context: Ctx<'_, '_>) {
        let pod = Arc::clone(&entry.incoming.pod);
        self.queue.done(&pod);
        self.cache.assume(&pod, &node);
        let binder = self.framework.profile.plugins.iter().find_map(|weighted| weighted.plugin.bind());
        let Some(binder) = binder else { return };
        let causes = entry.causes.clone();
        let call = binder.bind(&pod, &node);
        self.call(call, Pending::Bind { entry: Box::new(entry), node }, Lane::Bind, causes, context);
    }

    fn call(&mut self, call: Call, pending: Pending, lane: Lane, causes: Causes, context: Ctx<'_, '_>) {
        let tag = self.next_tag;
        self.next_tag += 1;
        self.pending.insert(tag, pending);
        let at = self.limit.reserve(context.now);
        context.call_at(at, call, lane, tag, causes);
    }

    fn on_reply(&mut self, tag: Tag, reply: Reply, causes: Causes, context: Ctx<'_, '_>) {
        match self.pending.remove(&tag) {
            Some(Pending::Bind { entry, node }) => match reply {
                Ok(_) => {
                    let pod = &entry.incoming.pod;
                    let text = format!("Successfully assigned {} to {node}", pod.meta.key());
                    let note =
                        Note { kind: EventType::Normal, reason: "Scheduled", action: Action::Binding, text };
                    self.note(pod, note, causes, context);
                }
                Err(error) => self.binding_failed(*entry, &error, &causes, context),
            },
            Some(Pending::Patch { call, tries }) => {
                if let Err(error) = reply {
                    self.patch_failed(call, tries, &error, causes, context);
                }
            }
            None => {}
        }
    }

    fn note(&mut self, pod: &Pod, note: Note, causes: Causes, context: Ctx<'_, '_>) {
        self.recorder.record(pod, &note, causes, context);
    }

    /// The selector of the system's default spreading, from what the view shows of Services and the owner.
    fn default_selector(&mut self, pod: &Pod, context: Ctx<'_, '_>) -> Option<LabelSelector> {
        if !is_needed(pod) {
            return None;
        }
        let view = context.view;
        let cursor = view.cursor(Kind::Service);
        if self.services.seen != cursor {
            self.services = MergedServices { seen: cursor, merged: BTreeMap::new() };
        }
        let key = (pod.meta.namespace.clone(), pod.meta.labels.clone());
        let merged = self
            .services
            .merged
            .entry(key)
            .or_insert_with(|| merged_services(view.services_in(&pod.meta.namespace), &pod.meta.labels));
        let owner = pod.meta.controller().filter(|owner| owner.kind == "ReplicaSet");
        let owner = owner.and_then(|owner| {
            view.replica_set(&ObjectKey::new(pod.meta.namespace.clone(), owner.name.clone()))
        });
        with_owner(merged.clone(), owner.map(|replica_set| &*replica_set.spec.selector))
    }

    fn set_flush_timers(&mut self, context: Ctx<'_, '_>) {
        let instance = self.config.instance;
        if let Some(second) = self.queue.next_release()
            && self.flush_seconds.first().is_none_or(|first| second < *first)
        {
            self.flush_seconds.insert(second);
            let at = second_after(context.clock, second);
            context.timer(at, SchedulerTimer::FlushBackoff { instance, second });
        }
        let (Some(since), Some(started)) = (self.queue.waits_since(), self.started) else { return };
        // The first look at which the pod has waited for more than five minutes.
        let waited = (since + MAX_UNSCHEDULABLE - started).as_nanos();
        let number = waited.div_euclid(UNSCHEDULABLE_FLUSH.as_nanos()) + 1;
        if self.flush_numbers.first().is_none_or(|first| number < *first) {
            self.flush_numbers.insert(number);
            let at = started + UNSCHEDULABLE_FLUSH.times(number);
            context.timer(at, SchedulerTimer::FlushUnschedulable { instance, number });
        }
    }

    fn on_timer(&mut self, timer: SchedulerTimer, context: Ctx<'_, '_>) {
        let now = moment(context);
        match timer {
            SchedulerTimer::Decided { number, .. } => {
                if let Some(deciding) = self.deciding.take_if(|deciding| deciding.number == number) {
                    self.finish(*deciding, context);
                }
            }
            SchedulerTimer::FlushBackoff { second, .. } => {
                self.flush_seconds.remove(&second);
                self.queue.flush_backoff(now);
            }
            SchedulerTimer::FlushUnschedulable { number, .. } => {
                self.flush_numbers.remove(&number);
                self.queue.flush_unschedulable(now);
            }
        }
    }
}

fn moment(context: &Context<'_, SchedulerTimer>) -> Moment {
    Moment { time: context.now, clock: context.clock }
}

fn failed_scheduling(text: String) -> Note {
    Note { kind: EventType::Warning, reason: "FailedScheduling", action: Action::Scheduling, text }
}

impl Agent for Scheduler {
    type Timer = SchedulerTimer;
    type RuntimeInput = ();
    type RuntimeRequest = ();

    fn on_input(&mut self, input: Input<SchedulerTimer, ()>, context: &mut Context<'_, SchedulerTimer>) {
        match input {
            Input::Watch(change) => self.on_change(&change, context),
            Input::Timer(timer) => self.on_timer(timer, context),
            Input::Reply { tag, reply, causes } => self.on_reply(tag, reply, causes, context),
            Input::Runtime(()) => {}
        }
        self.go_on(context);
    }
}
