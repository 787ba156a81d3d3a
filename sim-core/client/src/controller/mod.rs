//! Controllers: components that bring a key's state in line with what is desired, one *sync* at a time.
//!
//! A [`Driver`] owns what all controllers share and what gives real clusters their timing: rate-limited queues, worker
//! slots (a worker is busy until its replies are there), the client's token bucket and its event recorder. A
//! [`Controller`] says which keys a change wakes and what a sync of a key does.
//!
//! Source: `staging/src/k8s.io/client-go/util/workqueue/`, `pkg/controller/controller_utils.go`,
//! `pkg/controller/controller_ref_manager.go`, v1.36.2 (controllers.md 1).
//! DIFFERENCE: a sync takes no time of its own: between two calls nothing passes but the waiting for tokens and replies.
//! Who compares the CPU time of a controller under load can tell.

mod claim;
mod driver;
mod expectations;
mod names;
mod rate_limiter;
mod read_your_writes;
mod script;
mod slow_start;
mod workqueue;

pub use claim::{Claim, claim, settle};
pub use driver::{Driver, Wake};
pub use expectations::Expectations;
pub use names::{hash_name, template_hash};
pub use rate_limiter::{Limiter, QueueConfig, RateLimiter};
pub use read_your_writes::ReadYourWrites;
pub use script::{Answer, Progress, Script, Stop};
pub use slow_start::SlowStart;
pub use workqueue::Workqueue;

use crate::{Call, Change, NewEvent, Reply, View};
use random::Seed;
use units::{Clock, SimDuration, SimTime, Timestamp};

/// A controller: which keys a change wakes, and what a sync of a key does. Its state is plain data.
pub trait Controller: Clone {
    /// What is synced.
    type Key: Clone + Ord + std::fmt::Debug;
    /// What a running sync remembers between its calls and their replies.
    type Sync: Clone + std::fmt::Debug;
    /// Indexes that several controllers share.
    type Indexer;

    /// Its queues. Most have one.
    const QUEUES: &'static [QueueConfig];

    /// Which of its queues a key waits in.
    fn queue_of(_key: &Self::Key) -> usize {
        0
    }
    /// A watched object changed. View and indexer have been moved to the change.
    fn on_change(&mut self, change: &Change, context: &mut SyncContext<'_, Self>);
    /// Begins a sync.
    fn sync(&mut self, key: &Self::Key, context: &mut SyncContext<'_, Self>) -> Step<Self::Sync>;
    /// One of the awaited replies came, before the others of its batch may have.
    fn on_reply(
        &mut self,
        _key: &Self::Key,
        _sync: &mut Self::Sync,
        _index: usize,
        _reply: &Reply,
        _context: &mut SyncContext<'_, Self>,
    ) {
    }
    /// Goes on: all replies are there, in the order of the calls (none after a pause).
    fn resume(
        &mut self,
        key: &Self::Key,
        sync: Self::Sync,
        replies: Vec<Reply>,
        context: &mut SyncContext<'_, Self>,
    ) -> Step<Self::Sync>;
}

/// What a sync does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<S> {
    /// Makes these calls in parallel (each takes its token in this order) and waits for all replies.
    Calls(Vec<Call>, S),
    /// Keeps its worker and goes on after this time.
    Pause(SimDuration, S),
    /// It is done; the key's failures are forgotten.
    Done,
    /// It is done; the key comes again after this time.
    RequeueAfter(SimDuration),
    /// It failed; the key comes again when its queue's limiter says, unless it has failed too often.
    Retry,
}

/// A key that is to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wakeup<K> {
    /// Now.
    Now(K),
    /// After this time.
    After(K, SimDuration),
    /// When its queue's limiter says.
    RateLimited(K),
}

/// All that a controller may touch.
pub struct SyncContext<'a, C: Controller> {
    /// The time.
    pub now: SimTime,
    /// The cluster's wall clock.
    pub clock: Clock,
    /// The run's seed.
    pub seed: Seed,
    /// The cluster as its informers have it.
    pub view: View<'a>,
    /// Indexes over the view.
    pub indexer: &'a C::Indexer,
    wakeups: Vec<Wakeup<C::Key>>,
    events: Vec<NewEvent>,
}

impl<'a, C: Controller> SyncContext<'a, C> {
    /// A context without anything to do yet.
    pub fn new(now: SimTime, clock: Clock, seed: Seed, view: View<'a>, indexer: &'a C::Indexer) -> Self {
        Self { now, clock, seed, view, indexer, wakeups: Vec::new(), events: Vec::new() }
    }
    /// Queues a key.
    pub fn add(&mut self, key: C::Key) {
        self.wakeups.push(Wakeup::Now(key));
    }
    /// Queues a key after a time.
    pub fn add_after(&mut self, key: C::Key, after: SimDuration) {
        self.wakeups.push(Wakeup::After(key, after));
    }
    /// Queues a key when its queue's limiter says.
    pub fn add_rate_limited(&mut self, key: C::Key) {
        self.wakeups.push(Wakeup::RateLimited(key));
    }
    /// Tells users something.
    pub fn event(&mut self, event: NewEvent) {
        self.events.push(event);
    }
    /// Now, as the API stores it.
    pub fn timestamp(&self) -> Timestamp {
        self.clock.timestamp(self.now)
    }
    /// What has been asked for so far.
    pub fn wakeups(&self) -> &[Wakeup<C::Key>] {
        &self.wakeups
    }
    /// What has been told so far.
    pub fn events(&self) -> &[NewEvent] {
        &self.events
    }
}
