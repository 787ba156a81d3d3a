//! The kube-controller-manager: its controllers, one module each, over one set of caches.
//!
//! [`ControllerManager`] is an [`Agent`]: changes, timers and replies come in, calls and timers go out. Each controller
//! has a client of its own (controllers.md 1.3), known by the number in the tag of its calls.
//! Upstream: `cmd/kube-controller-manager/app/`, v1.36.2 (controllers.md 1).
//! DIFFERENCE: no leader election and no start-up: the controllers act from their first input on. Who restarts a control
//! plane can tell.
//! DIFFERENCE: informers do not resync every 12–24 h; a resync wakes controllers that then find nothing to do.

mod deployment;
mod endpointslice;
mod garbage_collector;
mod indexer;
mod node_lifecycle;
mod replicaset;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use deployment::DeploymentController;
pub use endpointslice::EndpointSliceController;
pub use garbage_collector::GarbageCollector;
pub use indexer::{ByController, Indexer, PodCounts};
pub use node_lifecycle::NodeLifecycleController;
pub use replicaset::ReplicaSetController;

use api::Kind;
use client::controller::{Driver, Wake};
use client::{Agent, Class, Context, Input, Tag, TimerKey, TokenBucket};
use journal::Causes;
use random::{Periodic, Seed};
use std::collections::BTreeSet;
use units::{SimDuration, SimTime};

/// From one look at the nodes to the next (`--node-monitor-period`).
const MONITOR_PERIOD: SimDuration = SimDuration::from_secs(5);
/// From one look at the zones' queues to the next (`podEvictionInterval` of the tainting loop).
const TAINT_PERIOD: SimDuration = SimDuration::from_millis(100);

/// The kube-controller-manager.
#[derive(Clone, Debug)]
pub struct ControllerManager {
    indexer: Indexer,
    deployment: Driver<DeploymentController>,
    replicaset: Driver<ReplicaSetController>,
    endpointslice: Driver<EndpointSliceController>,
    node_lifecycle: Driver<NodeLifecycleController>,
    garbage_collector: Driver<GarbageCollector>,
    /// The monitor pass that is due next, once the first was set.
    next_pass: Option<SimTime>,
    /// The looks at the zones' queues that are due, while a node waits there.
    ticks: BTreeSet<SimTime>,
}

/// Timers of the kube-controller-manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A delayed key of a controller.
    Wake(Wake),
    /// A look at all nodes.
    MonitorPass,
    /// A look at the zones' queues of nodes that are to be tainted.
    TaintTick,
}

impl From<Wake> for Timer {
    fn from(wake: Wake) -> Self {
        Self::Wake(wake)
    }
}

impl client::Timer for Timer {
    fn key(&self) -> TimerKey {
        let pass = |timer| TimerKey { class: Class::ControllerPass, entity: 0, timer };
        match self {
            Self::Wake(wake) => wake.key(),
            Self::MonitorPass => pass(0),
            Self::TaintTick => pass(1),
        }
    }
}

/// Names of the controllers' users, by their numbers.
const USERS: [&str; 5] = [
    "deployment-controller",
    "replicaset-controller",
    "endpointslice-controller",
    "node-controller",
    "generic-garbage-collector",
];

impl Default for ControllerManager {
    fn default() -> Self {
        Self::new()
    }
}

impl ControllerManager {
    /// What it watches.
    pub const WATCHES: &'static [Kind] = &[
        Kind::Deployment,
        Kind::ReplicaSet,
        Kind::Pod,
        Kind::Service,
        Kind::EndpointSlice,
        Kind::Node,
        Kind::Lease,
    ];

    /// A manager that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            indexer: Indexer::default(),
            deployment: Driver::new(0, USERS[0], DeploymentController),
            replicaset: Driver::new(1, USERS[1], ReplicaSetController::default()),
            endpointslice: Driver::new(2, "endpoint-slice-controller", EndpointSliceController::default()),
            node_lifecycle: Driver::new(3, USERS[3], NodeLifecycleController::default()),
            garbage_collector: Driver::new(4, USERS[4], GarbageCollector::default())
                .with_budget(TokenBucket::per_second(40, 30)),
            next_pass: None,
            ticks: BTreeSet::new(),
        }
    }

    /// Begins as one that has long been running: the nodes that it sees now were registered before.
    pub fn start(&mut self, context: &mut Context<'_, Timer>) {
        self.set_first_pass(context);
        for node in context.view.nodes() {
            self.node_lifecycle.controller_mut().was_registered(node);
        }
    }

    /// The number of the controller that makes a call with this tag.
    pub fn controller(tag: Tag) -> u8 {
        Driver::<DeploymentController>::number_of(tag)
    }

    /// The user that makes a call with this tag.
    pub fn user(tag: Tag) -> &'static str {
        let number = usize::from(Driver::<DeploymentController>::number_of(tag));
        USERS.get(number).copied().unwrap_or("kube-controller-manager")
    }

    /// The indexes over its caches.
    pub fn indexer(&self) -> &Indexer {
        &self.indexer
    }
}

/// Does something with each controller's driver.
macro_rules! with_each {
    ($manager:ident, $driver:ident => $do:expr) => {{
        {
            let $driver = &mut $manager.deployment;
            $do;
        }
        {
            let $driver = &mut $manager.replicaset;
            $do;
        }
        {
            let $driver = &mut $manager.endpointslice;
            $do;
        }
        {
            let $driver = &mut $manager.node_lifecycle;
            $do;
        }
        {
            let $driver = &mut $manager.garbage_collector;
            $do;
        }
    }};
}

/// Does something with one controller's driver, known by its number.
macro_rules! with_one {
    ($manager:ident, $number:expr, $driver:ident => $do:expr) => {
        match $number {
            0 => {
                let $driver = &mut $manager.deployment;
                $do;
            }
            1 => {
                let $driver = &mut $manager.replicaset;
                $do;
            }
            2 => {
                let $driver = &mut $manager.endpointslice;
                $do;
            }
            3 => {
                let $driver = &mut $manager.node_lifecycle;
                $do;
            }
            4 => {
                let $driver = &mut $manager.garbage_collector;
                $do;
            }
            _ => {}
        }
    };
}

impl Agent for ControllerManager {
    type Timer = Timer;
    type RuntimeInput = ();
    type RuntimeRequest = ();

    fn on_input(&mut self, input: Input<Timer, ()>, context: &mut Context<'_, Timer>) {
        self.set_first_pass(context);
        match input {
            Input::Watch(change) => {
                self.indexer.on_change(&change);
                if change.object_kind() == Kind::Lease {
                    // Nobody is woken by leases: monitor passes look at them.
                    return;
                }
                let indexer = &self.indexer;
                with_each!(self, driver => driver.on_change(&change, indexer, context));
            }
            Input::Timer(Timer::Wake(wake)) => {
                let indexer = &self.indexer;
                with_one!(self, wake.controller, driver => driver.on_wake(indexer, context));
            }
            Input::Timer(Timer::MonitorPass) => self.pass(context),
            Input::Timer(Timer::TaintTick) => self.tick(context),
            Input::Reply { tag, reply, causes } => {
                let (indexer, number) = (&self.indexer, Driver::<DeploymentController>::number_of(tag));
                with_one!(self, number, driver => driver.on_reply(tag, reply, &causes, indexer, context));
            }
            Input::Runtime(()) => {}
        }
        self.set_tick(context);
    }
}

impl ControllerManager {
    /// A loop with a phase of its own that nothing shifts.
    fn grid(seed: Seed, name: &str, mean: SimDuration) -> Periodic {
        let stream = seed.stream("kube-controller-manager", name);
        let start = SimTime::ZERO + stream.at(0).duration_below(mean);
        Periodic { stream, start, mean, jitter: SimDuration::ZERO }
    }

    fn set_first_pass(&mut self, context: &mut Context<'_, Timer>) {
        if self.next_pass.is_none() {
            self.set_pass(context);
        }
    }

    fn set_pass(&mut self, context: &mut Context<'_, Timer>) {
        let (_, at) = Self::grid(context.seed, "node-monitor", MONITOR_PERIOD).next_after(context.now);
        self.next_pass = Some(at);
        context.timer(at, Timer::MonitorPass);
    }

    fn pass(&mut self, context: &mut Context<'_, Timer>) {
        if self.next_pass != Some(context.now) {
            return;
        }
        self.set_pass(context);
        // A pass that takes longer than its period makes the next one fall out.
        if !self.node_lifecycle.controller().is_passing() {
            let indexer = &self.indexer;
            self.node_lifecycle.add(node_lifecycle::Key::Pass, &Causes::none(), indexer, context);
        }
    }

    fn set_tick(&mut self, context: &mut Context<'_, Timer>) {
        let Some(due) = self.node_lifecycle.controller().next_taint() else { return };
        let before = due.max(context.now + SimDuration::from_nanos(1)) - SimDuration::from_nanos(1);
        let (_, at) = Self::grid(context.seed, "node-tainting", TAINT_PERIOD).next_after(before);
        if self.ticks.first().is_none_or(|first| at < *first) {
            self.ticks.insert(at);
            context.timer(at, Timer::TaintTick);
        }
    }

    fn tick(&mut self, context: &mut Context<'_, Timer>) {
        if self.ticks.remove(&context.now) {
            let indexer = &self.indexer;
            self.node_lifecycle.add(node_lifecycle::Key::TaintTick, &Causes::none(), indexer, context);
        }
    }
}
