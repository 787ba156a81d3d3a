//! What runs a controller: queues, workers, the client's bucket and the recorder.

use super::{Controller, QueueConfig, RateLimiter, Step, SyncContext, Wakeup, Workqueue};
use crate::{Call, Change, Class, Context, Lane, Recorder, Reply, Tag, Timer, TimerKey, TokenBucket};
use api::Name;
use journal::Causes;
use std::collections::{BTreeMap, BTreeSet};
use units::{SimDuration, SimTime};

/// Requests a second and burst of each controller's client (controllers.md 1.3).
const QPS: i64 = 20;
const BURST: i64 = 30;
/// Where a tag holds the controller's number, and where the number of the run; below them the place in the batch.
const NUMBER_SHIFT: u32 = 56;
const RUN_SHIFT: u32 = 16;
const LOW: u64 = (1 << NUMBER_SHIFT) - 1;

/// The timer of a driver: a delayed key, or the end of a pause. One at most is pending for any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wake {
    /// The controller's number in its component.
    pub controller: u8,
}

impl Timer for Wake {
    fn key(&self) -> TimerKey {
        TimerKey { class: Class::Controller, entity: u32::from(self.controller), timer: 0 }
    }
}

/// Runs a controller.
#[derive(Clone, Debug)]
pub struct Driver<C: Controller> {
    controller: C,
    number: u8,
    bucket: TokenBucket,
    recorder: Recorder,
    queues: Vec<Queue<C::Key>>,
    /// Syncs that wait for replies or for the end of a pause, by the number of their batch.
    runs: BTreeMap<u64, Run<C>>,
    paused: BTreeSet<(SimTime, u64)>,
    next_run: u64,
    /// The moments for which a timer is pending.
    armed: BTreeSet<SimTime>,
}

#[derive(Clone, Debug)]
struct Queue<K> {
    config: QueueConfig,
    work: Workqueue<K>,
    limiter: RateLimiter<K>,
    busy: usize,
}

#[derive(Clone, Debug)]
struct Run<C: Controller> {
    key: C::Key,
    sync: C::Sync,
    replies: Vec<Option<Reply>>,
    causes: Causes,
}

impl<K: Ord + Clone> Queue<K> {
    fn new(config: QueueConfig) -> Self {
        Self { config, work: Workqueue::default(), limiter: RateLimiter::new(config.limiter), busy: 0 }
    }
    fn add_rate_limited(&mut self, key: &K, now: SimTime, causes: &Causes) {
        let at = now + self.limiter.when(key, now);
        self.work.add_at(key.clone(), at, now, causes);
    }
    fn may_retry(&self, key: &K) -> bool {
        self.config.retries.is_none_or(|limit| self.limiter.failures(key) < limit)
    }
}

impl<C: Controller> Driver<C> {
    /// Runs a controller that its component knows by `number` (below 255) and that tells events as `source`.
    pub fn new(number: u8, source: impl Into<Name>, controller: C) -> Self {
        let tag = u64::from(number) << NUMBER_SHIFT | LOW;
        Self {
            controller,
            number,
            bucket: TokenBucket::per_second(QPS, BURST),
            recorder: Recorder::new(source, "").tagged(tag),
            queues: C::QUEUES.iter().copied().map(Queue::new).collect(),
            runs: BTreeMap::new(),
            paused: BTreeSet::new(),
            next_run: 0,
            armed: BTreeSet::new(),
        }
    }
    /// The same with another budget than 20 requests a second and a burst of 30.
    pub fn with_budget(self, bucket: TokenBucket) -> Self {
        Self { bucket, ..self }
    }
    /// The number of the controller that a call belongs to.
    pub fn number_of(tag: Tag) -> u8 {
        u8::try_from(tag >> NUMBER_SHIFT).unwrap_or(u8::MAX)
    }
    /// The controller.
    pub fn controller(&self) -> &C {
        &self.controller
    }
    /// The controller, to be told what no change says.
    pub fn controller_mut(&mut self) -> &mut C {
        &mut self.controller
    }
    /// Whether a key is being synced.
    pub fn is_processing(&self, key: &C::Key) -> bool {
        self.queues[C::queue_of(key)].work.is_processing(key)
    }

    /// A watched object changed; view and indexer have been moved to the change.
    pub fn on_change<T: Timer + From<Wake>, Q>(
        &mut self,
        change: &Change,
        indexer: &C::Indexer,
        context: &mut Context<'_, T, Q>,
    ) {
        let causes = change.record.map(Causes::from).unwrap_or_default();
        self.with_controller(indexer, &causes, context, |controller, sync| {
            controller.on_change(change, sync)
        });
        self.work(indexer, context);
    }

    /// Queues a key.
    pub fn add<T: Timer + From<Wake>, Q>(
        &mut self,
        key: C::Key,
        causes: &Causes,
        indexer: &C::Indexer,
        context: &mut Context<'_, T, Q>,
    ) {
        self.queues[C::queue_of(&key)].work.add(key, causes);
        self.work(indexer, context);
    }

    /// Its timer is due.
    pub fn on_wake<T: Timer + From<Wake>, Q>(
        &mut self,
        indexer: &C::Indexer,
        context: &mut Context<'_, T, Q>,
    ) {
        let now = context.now;
        self.armed = self.armed.split_off(&(now + SimDuration::from_nanos(1)));
        self.queues.iter_mut().for_each(|queue| queue.work.add_due(now));
        while self.paused.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, run)) = self.paused.pop_first() else { break };
            self.resume(run, indexer, context);
        }
        self.work(indexer, context);
    }

    /// A reply came to a call of this controller. One that nothing waits for is ignored.
    pub fn on_reply<T: Timer + From<Wake>, Q>(
        &mut self,
        tag: Tag,
        reply: Reply,
        causes: &Causes,
        indexer: &C::Indexer,
        context: &mut Context<'_, T, Q>,
    ) {
        if tag & LOW == LOW {
            self.recorder.on_reply(&mut self.bucket, context);
            return;
        }
        let (number, index) = ((tag & LOW) >> RUN_SHIFT, usize::try_from(tag & 0xffff).unwrap_or(usize::MAX));
        let Some(mut run) = self.runs.remove(&number) else { return };
        if run.replies.get(index).is_some_and(Option::is_none) {
            run.causes.extend(causes);
            let trace = run.causes.clone();
            self.with_controller(indexer, &trace, context, |controller, sync| {
                controller.on_reply(&run.key, &mut run.sync, index, &reply, sync);
            });
            run.replies[index] = Some(reply);
        }
        let complete = run.replies.iter().all(Option::is_some);
        self.runs.insert(number, run);
        if complete {
            self.resume(number, indexer, context);
        }
        self.work(indexer, context);
    }

    /// Gives keys to free workers until there are no more of either, and sets the timer.
    fn work<T: Timer + From<Wake>, Q>(&mut self, indexer: &C::Indexer, context: &mut Context<'_, T, Q>) {
        while let Some((key, causes)) = self.next_key() {
            let step = self.with_controller(indexer, &causes, context, |c, sync| c.sync(&key, sync));
            self.carry_out(key, step, causes, indexer, context);
        }
        let delayed = self.queues.iter().filter_map(|queue| queue.work.next_due());
        let due = delayed.chain(self.paused.first().map(|(at, _)| *at)).min();
        if let Some(at) = due
            && self.armed.first().is_none_or(|armed| at < *armed)
        {
            self.armed.insert(at);
            context.timer(at, Wake { controller: self.number }.into());
        }
    }

    fn next_key(&mut self) -> Option<(C::Key, Causes)> {
        let queue = self.queues.iter_mut().find(|q| q.busy < q.config.workers && !q.work.is_empty())?;
        queue.busy += 1;
        queue.work.get()
    }

    fn resume<T: Timer + From<Wake>, Q>(
        &mut self,
        number: u64,
        indexer: &C::Indexer,
        context: &mut Context<'_, T, Q>,
    ) {
        let Some(Run { key, sync, replies, causes }) = self.runs.remove(&number) else { return };
        let replies = replies.into_iter().flatten().collect();
        let step =
            self.with_controller(indexer, &causes, context, |c, scene| c.resume(&key, sync, replies, scene));
        self.carry_out(key, step, causes, indexer, context);
    }

    fn carry_out<T: Timer + From<Wake>, Q>(
        &mut self,
        key: C::Key,
        step: Step<C::Sync>,
        causes: Causes,
        indexer: &C::Indexer,
        context: &mut Context<'_, T, Q>,
    ) {
        match step {
            Step::Calls(calls, sync) => {
                let nothing_to_wait_for = calls.is_empty();
                let number = self.wait(Run { key, sync, replies: vec![None; calls.len()], causes });
                self.make(number, calls, context);
                if nothing_to_wait_for {
                    self.resume(number, indexer, context);
                }
            }
            Step::Pause(span, sync) => {
                let number = self.wait(Run { key, sync, replies: Vec::new(), causes });
                self.paused.insert((context.now + span, number));
            }
            Step::Done => self.finish(&key, context.now, |_, _| {}),
            Step::RequeueAfter(span) => self.finish(&key, context.now, |queue, now| {
                queue.work.add_at(key.clone(), now + span, now, &causes);
            }),
            Step::Retry => self.fail(&key, context.now, &causes),
        }
    }

    fn wait(&mut self, run: Run<C>) -> u64 {
        let number = self.next_run;
        self.next_run = (self.next_run + 1) % (1 << (NUMBER_SHIFT - RUN_SHIFT - 1));
        self.runs.insert(number, run);
        number
    }

    fn make<T: Timer, Q>(&mut self, run: u64, calls: Vec<Call>, context: &mut Context<'_, T, Q>) {
        let causes = self.runs.get(&run).map(|run| run.causes.clone()).unwrap_or_default();
        for (index, call) in (0_u64..).zip(calls) {
            let at = self.bucket.reserve(context.now);
            let tag = u64::from(self.number) << NUMBER_SHIFT | run << RUN_SHIFT | index;
            context.call_at(at, call, Lane::Main, tag, causes.clone());
        }
    }

    fn finish(&mut self, key: &C::Key, now: SimTime, requeue: impl FnOnce(&mut Queue<C::Key>, SimTime)) {
        let queue = &mut self.queues[C::queue_of(key)];
        queue.limiter.forget(key);
        requeue(queue, now);
        queue.busy -= 1;
        queue.work.done(key);
    }

    fn fail(&mut self, key: &C::Key, now: SimTime, causes: &Causes) {
        let queue = &mut self.queues[C::queue_of(key)];
        if queue.may_retry(key) {
            queue.add_rate_limited(key, now, causes);
        } else {
            queue.limiter.forget(key);
        }
        queue.busy -= 1;
        queue.work.done(key);
    }

    /// Lets the controller act, then queues and tells what it left.
    fn with_controller<T: Timer, Q, R>(
        &mut self,
        indexer: &C::Indexer,
        causes: &Causes,
        context: &mut Context<'_, T, Q>,
        act: impl FnOnce(&mut C, &mut SyncContext<'_, C>) -> R,
    ) -> R {
        let mut sync = SyncContext::new(context.now, context.clock, context.seed, context.view, indexer);
        let result = act(&mut self.controller, &mut sync);
        let SyncContext { wakeups, events, now, .. } = sync;
        wakeups.into_iter().for_each(|wakeup| self.queue(wakeup, now, causes));
        for event in events {
            self.recorder.event(event, causes.clone(), &mut self.bucket, context);
        }
        result
    }

    fn queue(&mut self, wakeup: Wakeup<C::Key>, now: SimTime, causes: &Causes) {
        let (Wakeup::Now(key) | Wakeup::After(key, _) | Wakeup::RateLimited(key)) = &wakeup;
        let queue = &mut self.queues[C::queue_of(key)];
        match wakeup {
            Wakeup::Now(key) => queue.work.add(key, causes),
            Wakeup::After(key, span) => queue.work.add_at(key, now + span, now, causes),
            Wakeup::RateLimited(key) => queue.add_rate_limited(&key, now, causes),
        }
    }
}

#[cfg(test)]
mod tests;
