//! What the facade keeps of each client of the API server: how many calls it made, and what it has seen.

use api::{Kind, ObjectKey};
use client::{Class, Cursors, Lane};
use engine::Key;
use random::{Draw, Seed, Stream};
use std::collections::BTreeMap;
use units::{SimDuration, SimTime};

/// Clients and watchers have dense numbers: the control plane first, then kubectl lines, then kubelets.
pub const CONTROLLER_MANAGER: u32 = 0;
/// The scheduler.
pub const SCHEDULER: u32 = 1;
/// The first controller: each makes its calls through a client of its own.
pub const FIRST_CONTROLLER: u32 = 1 << 4;
/// The first kubectl line.
pub const FIRST_KUBECTL: u32 = 1 << 10;
/// The first kubelet.
pub const FIRST_KUBELET: u32 = 1 << 20;

/// Bits of a request's ordinal within its lane.
const ORDINAL_BITS: u32 = 27;

/// One client of the API server.
#[derive(Clone, Debug)]
pub struct ClientState {
    /// Its dense number.
    pub number: u32,
    /// How records name it.
    pub name: api::Name,
    /// How much it has seen, by kind; empty for kubelets, which keep what concerns them themselves.
    pub cursors: Cursors,
    /// How many calls it has made, by lane.
    calls: [u32; 6],
    /// Its luck with calls and deliveries.
    api: Stream,
    watch: Stream,
    /// When its last delivery of a kind comes: deliveries to one watcher keep their order.
    last_delivery: BTreeMap<Kind, SimTime>,
}

impl ClientState {
    /// A client that has done nothing yet.
    pub fn new(seed: Seed, number: u32, name: impl Into<api::Name>) -> Self {
        let name = name.into();
        Self::with_luck(seed, number, name.clone(), &name)
    }

    /// A client whose luck goes by another name than records give it.
    pub fn with_luck(seed: Seed, number: u32, name: api::Name, luck: &str) -> Self {
        Self {
            number,
            cursors: Cursors::default(),
            calls: [0; 6],
            api: seed.stream("api", luck),
            watch: seed.stream("watch", luck),
            last_delivery: BTreeMap::new(),
            name,
        }
    }

    /// Counts a call: its ordinal in its lane.
    pub fn count_call(&mut self, lane: Lane) -> u32 {
        let ordinal = self.calls[lane as usize];
        self.calls[lane as usize] += 1;
        ordinal
    }

    /// Luck of a call. It belongs to the object that the call is about and to how often that was written; a call
    /// without such an object has that of its place among the calls of its lane.
    pub fn call_draw(&self, lane: Lane, ordinal: u32, about: Option<(Kind, &ObjectKey, u32)>) -> Draw {
        let stream = self.api.child(lane as u64);
        match about {
            Some((kind, key, version)) => of_object(stream, kind, key).at(u64::from(version)),
            None => stream.at(u64::from(ordinal)),
        }
    }

    /// Key of a call's arrival at the API server.
    pub fn request_key(&self, at: SimTime, lane: Lane, ordinal: u32) -> Key {
        assert!(
            ordinal < 1 << ORDINAL_BITS,
            "{} made more than 2^{ORDINAL_BITS} calls of {lane:?}",
            self.name
        );
        Key::new(at, Class::Request as u8, self.number, (lane as u32) << ORDINAL_BITS | ordinal)
    }

    /// When a commit of a kind is seen: not before what was committed earlier.
    pub fn delivery_time(&mut self, kind: Kind, committed: SimTime, delay: SimDuration) -> SimTime {
        let last = self.last_delivery.entry(kind).or_insert(SimTime::from_nanos(i64::MIN));
        let at = (committed + delay).max(*last);
        *last = at;
        at
    }

    /// When a quiet commit is seen: not before what was committed earlier; what comes later does not wait for it.
    pub fn quiet_delivery_time(&self, kind: Kind, committed: SimTime, delay: SimDuration) -> SimTime {
        let last = self.last_delivery.get(&kind).copied();
        last.map_or(committed + delay, |last| last.max(committed + delay))
    }

    /// Luck of the delivery of an object's n-th commit.
    pub fn delivery_draw(&self, kind: Kind, key: &ObjectKey, version: u32) -> Draw {
        of_object(self.watch, kind, key).at(u64::from(version))
    }

    /// Luck of the delivery of a quiet commit.
    pub fn quiet_delivery_draw(&self, kind: Kind, key: &ObjectKey, committed: SimTime) -> Draw {
        of_object(self.watch, kind, key).named("quiet").at(committed.as_nanos().unsigned_abs())
    }
}

fn of_object(stream: Stream, kind: Kind, key: &ObjectKey) -> Stream {
    stream.child(kind.index() as u64).named(&key.namespace).named(&key.name)
}
