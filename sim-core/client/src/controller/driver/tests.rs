use super::*;
use crate::{Cursors, NewEvent, Output, Response, Tables, View};
use api::event::EventType;
use api::{ApiError, Kind, ObjectKey, ObjectRef, Reason, Uid};
use journal::RecordId;
use random::Seed;
use units::Clock;

/// Keys say what their syncs do: so many calls, or one of the outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Calls(u8, usize),
    Pause,
    Again,
    Fails,
    Never,
}

#[derive(Clone, Debug, Default)]
struct Probe {
    began: Vec<Key>,
    replies: Vec<usize>,
}

impl Controller for Probe {
    type Key = Key;
    type Sync = ();
    type Indexer = ();
    const QUEUES: &'static [QueueConfig] = &[QueueConfig::new(2), QueueConfig::new(1).giving_up_after(3)];

    fn queue_of(key: &Key) -> usize {
        usize::from(*key == Key::Never)
    }
    fn on_change(&mut self, _: &Change, _: &mut SyncContext<'_, Self>) {}
    fn sync(&mut self, key: &Key, context: &mut SyncContext<'_, Self>) -> Step<()> {
        self.began.push(*key);
        match key {
            Key::Calls(_, n) => {
                let get = Call::Get { kind: Kind::Pod, key: ObjectKey::new("default", "a") };
                Step::Calls(vec![get; *n], ())
            }
            Key::Pause => Step::Pause(SimDuration::from_secs(1), ()),
            Key::Again => {
                context.add_after(Key::Fails, SimDuration::from_millis(500));
                Step::RequeueAfter(SimDuration::from_secs(2))
            }
            Key::Fails | Key::Never => Step::Retry,
        }
    }
    fn on_reply(
        &mut self,
        _: &Key,
        _: &mut (),
        index: usize,
        _: &Reply,
        context: &mut SyncContext<'_, Self>,
    ) {
        self.replies.push(index);
        context.event(NewEvent {
            about: ObjectRef { kind: Kind::Pod, key: ObjectKey::new("default", "a"), uid: Uid(1) },
            field_path: "".into(),
            kind: EventType::Normal,
            reason: "Replied".into(),
            message: format!("{index}").into(),
        });
    }
    fn resume(&mut self, _: &Key, (): (), replies: Vec<Reply>, _: &mut SyncContext<'_, Self>) -> Step<()> {
        if replies.iter().all(Result::is_ok) { Step::Done } else { Step::Retry }
    }
}

struct Bench {
    driver: Driver<Probe>,
    tables: Tables,
    cursors: Cursors,
    now: SimTime,
    out: Vec<Output<Wake, ()>>,
}

impl Bench {
    fn new() -> Self {
        Self {
            driver: Driver::new(3, "probe-controller", Probe::default()),
            tables: Tables::default(),
            cursors: Cursors::default(),
            now: SimTime::ZERO,
            out: Vec::new(),
        }
    }
    fn with(
        &mut self,
        act: impl FnOnce(&mut Driver<Probe>, &mut Context<'_, Wake>),
    ) -> Vec<Output<Wake, ()>> {
        let view = View::new(&self.tables, &self.cursors);
        let (now, clock, seed) = (self.now, Clock::default(), Seed(1));
        act(
            &mut self.driver,
            &mut Context { now, clock, seed, view, next_record: journal::RecordId(0), out: &mut self.out },
        );
        std::mem::take(&mut self.out)
    }
    fn add(&mut self, key: Key, record: u64) -> Vec<Output<Wake, ()>> {
        self.with(|driver, context| driver.add(key, &RecordId(record).into(), &(), context))
    }
    fn reply(&mut self, tag: Tag, reply: Reply) -> Vec<Output<Wake, ()>> {
        self.with(|driver, context| driver.on_reply(tag, reply, &RecordId(99).into(), &(), context))
    }
    fn wake(&mut self, at: SimTime) -> Vec<Output<Wake, ()>> {
        self.now = at;
        self.with(|driver, context| driver.on_wake(&(), context))
    }
    fn began(&self) -> &[Key] {
        &self.driver.controller.began
    }
}

/// Tags, moments and causes of the calls on a lane.
fn calls(out: &[Output<Wake, ()>], on: Lane) -> Vec<(Tag, i64, Vec<u64>)> {
    let call = |output: &Output<Wake, ()>| match output {
        Output::Call { lane, tag, at, causes, .. } if *lane == on => {
            Some((*tag, (*at - SimTime::ZERO).as_millis(), causes.iter().map(|r| r.0).collect()))
        }
        _ => None,
    };
    out.iter().filter_map(call).collect()
}

fn timers(out: &[Output<Wake, ()>]) -> Vec<i64> {
    let timer = |output: &Output<Wake, ()>| match output {
        Output::Timer { at, .. } => Some((*at - SimTime::ZERO).as_millis()),
        _ => None,
    };
    out.iter().filter_map(timer).collect()
}

#[test]
fn a_worker_is_busy_until_all_its_replies_are_there() {
    let mut bench = Bench::new();
    let first = calls(&bench.add(Key::Calls(1, 2), 7), Lane::Main);
    assert_eq!(
        first.iter().map(|(_, at, causes)| (*at, causes.clone())).collect::<Vec<_>>(),
        [(0, vec![7]), (0, vec![7])]
    );
    bench.add(Key::Calls(2, 1), 8);
    bench.add(Key::Calls(3, 1), 9);
    assert_eq!(bench.began(), [Key::Calls(1, 2), Key::Calls(2, 1)], "two workers");
    let out = bench.reply(first[1].0, Ok(Response::Done));
    assert_eq!(calls(&out, Lane::Events).len(), 1, "the event is written at once");
    assert_eq!(calls(&out, Lane::Events)[0].2, [7, 99]);
    assert_eq!(bench.began().len(), 2);
    bench.reply(first[1].0, Ok(Response::Done));
    assert_eq!(bench.driver.controller.replies, [1], "a second reply to the same call is ignored");
    bench.reply(first[0].0, Ok(Response::Done));
    assert_eq!(bench.began().len(), 3);
    assert!(bench.reply(first[0].0, Ok(Response::Done)).is_empty());
}

#[test]
fn calls_and_events_share_the_bucket() {
    let mut bench = Bench::new();
    let made = calls(&bench.add(Key::Calls(1, 31), 1), Lane::Main);
    assert_eq!(made.iter().map(|(_, at, _)| *at).collect::<Vec<_>>()[28..], [0, 0, 50]);
    let out = bench.reply(made[0].0, Ok(Response::Done));
    assert_eq!(calls(&out, Lane::Events)[0].1, 100);
    assert_eq!(calls(&bench.add(Key::Calls(2, 1), 1), Lane::Main)[0].1, 150);
}

#[test]
fn no_calls_need_no_replies() {
    let mut bench = Bench::new();
    bench.add(Key::Calls(1, 0), 1);
    assert!(!bench.driver.is_processing(&Key::Calls(1, 0)));
}

#[test]
fn a_pause_keeps_the_worker() {
    let mut bench = Bench::new();
    assert_eq!(timers(&bench.add(Key::Pause, 1)), [1000]);
    assert!(bench.driver.is_processing(&Key::Pause));
    bench.wake(SimTime::from_millis(999));
    assert!(bench.driver.is_processing(&Key::Pause));
    bench.wake(SimTime::from_secs(1));
    assert!(!bench.driver.is_processing(&Key::Pause));
}

#[test]
fn failures_come_again_later_each_time_until_the_queue_gives_up() {
    let check = |key: Key, expect: &[i64]| {
        let mut bench = Bench::new();
        let (mut due, mut seen) = (timers(&bench.add(key, 1)), Vec::new());
        while let (Some(at), true) = (due.pop(), seen.len() < 5) {
            seen.push(at - (bench.now - SimTime::ZERO).as_millis());
            due = timers(&bench.wake(SimTime::from_millis(at)));
        }
        assert_eq!(seen, expect, "{key:?}");
    };
    check(Key::Fails, &[5, 10, 20, 40, 80]);
    check(Key::Never, &[5, 10, 20]);
}

#[test]
fn one_timer_at_most_is_pending_for_a_moment() {
    let mut bench = Bench::new();
    assert_eq!(timers(&bench.add(Key::Again, 1)), [500]);
    assert_eq!(timers(&bench.add(Key::Again, 1)), [0; 0]);
    // The failing key comes again 5 ms after its turn, the other one after 2 s.
    assert_eq!(timers(&bench.wake(SimTime::from_millis(500))), [505]);
    bench.reply(0, Err(ApiError::new(Reason::Conflict, "late")));
    assert_eq!(bench.driver.armed.len(), 1);
}

#[test]
fn numbers_lie_in_tags() {
    let mut bench = Bench::new();
    let tag = calls(&bench.add(Key::Calls(1, 1), 1), Lane::Main)[0].0;
    assert_eq!(Driver::<Probe>::number_of(tag), 3);
    let out = bench.reply(tag, Ok(Response::Done));
    let told = calls(&out, Lane::Events)[0].0;
    assert_eq!(Driver::<Probe>::number_of(told), 3);
    assert_ne!(told, Recorder::TAG);
}
