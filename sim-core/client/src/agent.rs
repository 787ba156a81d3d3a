//! Agents: components that are driven by inputs and leave outputs.

use crate::{Call, Change, Reply, Timer, View};
use journal::{Body, Causes, RecordId};
use random::Seed;
use serde::{Deserialize, Serialize};
use units::{Clock, SimTime};

/// What a component chooses to recognise the reply to its call by.
pub type Tag = u64;

/// Independent sequences of calls of one client: leaving out the calls of one moves nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Lane {
    /// Ordinary calls.
    Main,
    /// Event objects.
    Events,
    /// Lease renewals.
    Lease,
    /// A kubelet's node status.
    NodeStatus,
    /// A kubelet's pod statuses.
    PodStatus,
    /// A scheduler's bindings.
    Bind,
}

/// What a component is given.
#[derive(Clone, Debug)]
pub enum Input<T, R> {
    /// A watcher of its saw a change; its view has been moved to it.
    Watch(Change),
    /// One of its timers is due.
    Timer(T),
    /// The API server answered.
    Reply {
        /// As it was given with the call.
        tag: Tag,
        /// The answer.
        reply: Reply,
        /// What the call was caused by, the commit included.
        causes: Causes,
    },
    /// The container runtime answered or told something (kubelets alone).
    Runtime(R),
}

/// What a component leaves to be done.
#[derive(Clone, Debug)]
pub enum Output<T, Q> {
    /// Makes a call. It leaves the client at `at` (token buckets make that later than now).
    Call {
        /// The call.
        call: Box<Call>,
        /// Which of its sequences it belongs to.
        lane: Lane,
        /// Comes back with the reply.
        tag: Tag,
        /// When it leaves the client.
        at: SimTime,
        /// What it is caused by.
        causes: Causes,
    },
    /// Sets a timer. Timers are not cancelled: one that finds nothing to do does nothing.
    Timer {
        /// When it is due; not before now.
        at: SimTime,
        /// What comes back.
        timer: T,
    },
    /// Writes a record.
    Record {
        /// What happened.
        body: Body,
        /// Why.
        causes: Causes,
    },
    /// Asks the container runtime (kubelets alone).
    Runtime(Q),
}

/// All that a component may touch.
pub struct Context<'a, T, Q = ()> {
    /// The time.
    pub now: SimTime,
    /// The cluster's wall clock.
    pub clock: Clock,
    /// The run's seed, for the component's own named streams.
    pub seed: Seed,
    /// The cluster as the component sees it.
    pub view: View<'a>,
    /// The number that the first record left in this turn will have; those behind it follow. Records are written
    /// before anything else of a turn is done, so that its calls can name them as causes.
    pub next_record: RecordId,
    /// What it leaves to be done, in order; empty at the beginning of a turn.
    pub out: &'a mut Vec<Output<T, Q>>,
}

impl<T: Timer, Q> Context<'_, T, Q> {
    /// Makes a call that leaves now.
    pub fn call(&mut self, call: Call, lane: Lane, tag: Tag, causes: Causes) {
        let at = self.now;
        self.call_at(at, call, lane, tag, causes);
    }
    /// Makes a call that leaves at `at`.
    pub fn call_at(&mut self, at: SimTime, call: Call, lane: Lane, tag: Tag, causes: Causes) {
        self.out.push(Output::Call { call: Box::new(call), lane, tag, at, causes });
    }
    /// Sets a timer; one in the past is due now.
    pub fn timer(&mut self, at: SimTime, timer: T) {
        self.out.push(Output::Timer { at: at.max(self.now), timer });
    }
    /// Writes a record, and says which number it will have.
    pub fn record(&mut self, body: Body, causes: Causes) -> RecordId {
        let before = self.out.iter().filter(|output| matches!(output, Output::Record { .. })).count() as u64;
        self.out.push(Output::Record { body, causes });
        RecordId(self.next_record.0 + before)
    }
    /// Asks the container runtime.
    pub fn runtime(&mut self, request: Q) {
        self.out.push(Output::Runtime(request));
    }
    /// Now, as the API stores it.
    pub fn timestamp(&self) -> units::Timestamp {
        self.clock.timestamp(self.now)
    }
}

/// A component that is driven by inputs. Its state is plain data: `Clone`, no closures, no trait objects.
pub trait Agent: Clone {
    /// Its timers.
    type Timer: Timer;
    /// What it hears from the container runtime; `()` if nothing.
    type RuntimeInput;
    /// What it asks the container runtime; `()` if nothing.
    type RuntimeRequest;

    /// Takes an input and leaves outputs in the context.
    fn on_input(
        &mut self,
        input: Input<Self::Timer, Self::RuntimeInput>,
        context: &mut Context<'_, Self::Timer, Self::RuntimeRequest>,
    );
}
