//! A simulation: everything that exists at one moment of virtual time. It is a value: clone it, and both go their ways.

use crate::client_state::{CONTROLLER_MANAGER, ClientState, FIRST_CONTROLLER, FIRST_KUBECTL, SCHEDULER};
use crate::event::{Caller, Event, Request, Watcher};
use crate::host::Host;
use crate::kubectl_line::KubectlProcess;
use crate::latency;
use crate::profile::Profile;
use crate::setup::{Behaviors, Setup};
use api::{Kind, Name, Object};
use apiserver::{ApiServer, Write};
use client::{Agent, Change, Class, Context, Cursors, Input, Output, Reply, Timer, View};
use engine::{EventHash, Key, Queue};
use journal::{Body, Causes, ChangeType, Commit, Record, RecordId, Refusal};
use kube_controller_manager::ControllerManager;
use kube_scheduler::Scheduler;
use random::Seed;
use std::collections::BTreeMap;
use std::sync::Arc;
use units::{Clock, SimTime};

/// What the controller manager watches.
const CONTROLLER_MANAGER_WATCHES: &[Kind] = ControllerManager::WATCHES;
/// What the scheduler watches.
const SCHEDULER_WATCHES: &[Kind] = &[Kind::Pod, Kind::Node, Kind::Service, Kind::ReplicaSet];

/// A component of the control plane and its client.
#[derive(Clone, Debug)]
pub(crate) struct Process<A> {
    pub agent: A,
    pub client: ClientState,
}

/// A running simulation.
#[derive(Clone)]
pub struct Simulation {
    pub(crate) clock: Clock,
    pub(crate) seed: Seed,
    pub(crate) profile: Arc<Profile>,
    pub(crate) queue: Queue<Event>,
    event_hash: EventHash,
    events: u64,
    pub(crate) apiserver: ApiServer,
    controller_manager: Process<ControllerManager>,
    /// The controllers' own clients, by the controllers' numbers.
    controllers: BTreeMap<u8, ClientState>,
    scheduler: Process<Scheduler>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) host_numbers: BTreeMap<Name, u32>,
    pub(crate) kubectl: Vec<KubectlProcess>,
    pub(crate) behaviors: Behaviors,
    journal: journal::Writer,
    /// Records that nobody has taken yet.
    records: Vec<Record>,
    keeps_records: bool,
}

impl Simulation {
    /// A cluster as it is at t = 0: its nodes Ready, its control plane running, nothing asked for yet.
    pub fn new(setup: Setup) -> Self {
        let header = journal::Header::new(setup.seed.0, setup.clock, &setup.name);
        let seed = setup.seed;
        let mut simulation = Self {
            clock: setup.clock,
            seed,
            queue: Queue::starting_at(SimTime::ZERO),
            event_hash: EventHash::default(),
            events: 0,
            apiserver: ApiServer::new(setup.clock, seed),
            controller_manager: Process {
                agent: ControllerManager::new(),
                client: ClientState::new(seed, CONTROLLER_MANAGER, "kube-controller-manager"),
            },
            controllers: BTreeMap::new(),
            scheduler: Process {
                agent: Scheduler::new(crate::config::scheduler(&setup.profile)),
                client: ClientState::new(seed, SCHEDULER, "kube-scheduler"),
            },
            hosts: Vec::new(),
            host_numbers: BTreeMap::new(),
            kubectl: Vec::new(),
            behaviors: Behaviors::new(setup.behaviors),
            journal: journal::Writer::new(header),
            records: Vec::new(),
            keeps_records: true,
            profile: Arc::new(setup.profile),
        };
        simulation.furnish(&setup.nodes);
        simulation.schedule_lines(setup.lines);
        simulation
    }

    /// Virtual time: that of the last event.
    pub fn now(&self) -> SimTime {
        self.queue.now()
    }
    /// The cluster's wall clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }
    /// How many queue events have been processed.
    pub fn events_processed(&self) -> u64 {
        self.events
    }
    /// Hash of the processed events: two runs of one setup agree at every event.
    pub fn event_hash(&self) -> EventHash {
        self.event_hash
    }
    /// Hash of what happened: stable over optimisations.
    pub fn journal_hash(&self) -> journal::JournalHash {
        self.journal.hash()
    }
    /// Objects of a kind as they are stored now, by namespace and name.
    pub fn objects(&self, kind: Kind) -> Vec<Object> {
        self.apiserver.tables().list(kind, None)
    }
    /// Places of the behaviours that have matched no container so far.
    pub fn unmatched_behaviors(&self) -> Vec<usize> {
        self.behaviors.unmatched().collect()
    }
    /// Hands out the records since the last call.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }
    /// Records are no longer kept for [`Simulation::take_records`]; the journal goes on.
    pub fn drop_records(&mut self) {
        self.keeps_records = false;
        self.records = Vec::new();
    }
    /// The journal, whose sealed chunks are for the driver to take.
    pub fn journal(&mut self) -> &mut journal::Writer {
        &mut self.journal
    }

    /// Processes everything up to and including `limit`.
    pub fn run_until(&mut self, limit: SimTime) {
        while self.step(limit).is_some() {}
    }

    /// Processes the next event that is not later than `limit`.
    pub fn step(&mut self, limit: SimTime) -> Option<Key> {
        let (key, event) = self.queue.pop_until(limit)?;
        self.event_hash.feed(key, &[event.discriminant()]);
        self.events += 1;
        self.dispatch(event);
        Some(key)
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Timeline { line } => self.start_kubectl(line),
            Event::Request(request) => self.serve(*request),
            Event::Delivery { to, kind, cursor } => self.deliver(to, kind, cursor),
            Event::KubeletDelivery { node, change } => self.kubelet_input(node, Input::Watch(*change)),
            Event::KubectlDelivery { line, change } => self.kubectl_input(line, Input::Watch(*change)),
            Event::Machine { node, timer } => self.machine_timer(node, timer),
            Event::Kubelet { node, timer } => self.kubelet_input(node, Input::Timer(timer)),
            Event::ControllerManager(timer) => self.controller_manager_input(Input::Timer(timer)),
            Event::Scheduler(timer) => self.scheduler_input(Input::Timer(timer)),
            Event::Kubectl { line, timer } => self.kubectl_input(line, Input::Timer(timer)),
        }
    }

    /// A call reaches the API server: commits are recorded and sent out, and the caller has its answer.
    fn serve(&mut self, request: Request) {
        let now = self.now();
        let about = request.call.about();
        let (is_write, verb, by) = (request.call.is_write(), request.call.verb(), self.user(&request));
        let outcome = self.apiserver.handle(request.call, now, Some(self.journal.next_id()));
        let mut causes = request.causes;
        for write in outcome.writes {
            if let Some(id) = self.record_commit(by.clone(), &write, &causes) {
                causes.add(id);
            }
            self.send_out(write);
        }
        if let (Err(error), true) = (&outcome.reply, is_write) {
            let (kind, key) = about;
            let about = api::ObjectRef { kind, key, uid: api::Uid::default() };
            let refusal = Refusal { about, verb: verb.into(), by, error: error.clone() };
            causes.add(self.record(causes.clone(), Body::Refusal(Box::new(refusal))));
        }
        self.answer(request.from, request.tag, outcome.reply, causes);
    }

    fn record_commit(&mut self, by: Name, write: &Write, causes: &Causes) -> Option<RecordId> {
        let expected = write.record?;
        let commit = Commit { change: write.change, object: write.object.clone(), by };
        let id = self.record(causes.clone(), Body::Commit(Box::new(commit)));
        assert_eq!(id, expected, "a commit was recorded under another number than it was stored with");
        Some(id)
    }

    /// Who makes a call, as records name it.
    fn user(&self, request: &Request) -> Name {
        match request.from {
            Caller::ControllerManager => Name::new_static(ControllerManager::user(request.tag)),
            from => self.client(from).name.clone(),
        }
    }

    /// Writes a record.
    pub(crate) fn record(&mut self, causes: Causes, body: Body) -> RecordId {
        let (time, id) = (self.now(), self.journal.next_id());
        let record = Record { id, time, causes, body };
        self.journal.append(&record);
        if self.keeps_records {
            self.records.push(record);
        }
        id
    }

    /// The number that the next record will have.
    pub(crate) fn next_record(&self) -> RecordId {
        self.journal.next_id()
    }

    fn answer(&mut self, to: Caller, tag: client::Tag, reply: Reply, causes: Causes) {
        match to {
            Caller::ControllerManager => self.controller_manager_input(Input::Reply { tag, reply, causes }),
            Caller::Scheduler => self.scheduler_input(Input::Reply { tag, reply, causes }),
            Caller::Kubelet(node) => self.kubelet_input(node, Input::Reply { tag, reply, causes }),
            Caller::Kubectl(line) => self.kubectl_input(line, Input::Reply { tag, reply, causes }),
        }
    }

    /// Sends a commit to those who watch it.
    fn send_out(&mut self, write: Write) {
        let kind = write.object.kind();
        let cursor = write.cursor;
        if CONTROLLER_MANAGER_WATCHES.contains(&kind) {
            self.send_to(Watcher::ControllerManager, &write);
        }
        if SCHEDULER_WATCHES.contains(&kind) {
            self.send_to(Watcher::Scheduler, &write);
        }
        if matches!(kind, Kind::Pod | Kind::Node) {
            self.send_to_kubelets(&write);
        }
        self.send_to_kubectl(&write);
        if !CONTROLLER_MANAGER_WATCHES.contains(&kind) && !SCHEDULER_WATCHES.contains(&kind) {
            // Nobody has a view of this kind.
            self.apiserver.trim(kind, client::Cursor(cursor.0 + 1));
        }
    }

    fn send_to(&mut self, to: Watcher, write: &Write) {
        let (now, kind, cursor) = (self.now(), write.object.kind(), write.cursor);
        let Some(change) = self.apiserver.tables().change(kind, cursor) else { return };
        let delay = self.profile.watch_delay;
        let client = match to {
            Watcher::ControllerManager => &mut self.controller_manager.client,
            Watcher::Scheduler => &mut self.scheduler.client,
        };
        let key = delivery_key(client, &change, write, now, delay);
        self.queue.push(key, Event::Delivery { to, kind, cursor });
    }

    /// Kubelets see the pods that are bound to their node, and their own Node.
    fn send_to_kubelets(&mut self, write: &Write) {
        let kind = write.object.kind();
        let Some(mut change) = self.apiserver.tables().change(kind, write.cursor) else { return };
        let node = match &change.object {
            Object::Pod(pod) => pod.node_name.clone(),
            Object::Node(node) => node.meta.name.clone(),
            _ => return,
        };
        let now = self.now();
        if change.kind == ChangeType::Added && kind == Kind::Node && !self.host_numbers.contains_key(&node) {
            self.add_host_of(&change.object);
        }
        let Some(&number) = self.host_numbers.get(&node) else { return };
        let newly_bound = matches!(&change.old, Some(Object::Pod(old)) if !old.is_bound());
        if newly_bound {
            // A watch on spec.nodeName sees the object come into being here.
            (change.kind, change.old) = (ChangeType::Added, None);
        }
        let delay = if newly_bound { self.profile.watch_delay_after_bind } else { self.profile.watch_delay };
        let client = &mut self.hosts[number as usize].client;
        let key = delivery_key(client, &change, write, now, delay);
        self.queue.push(key, Event::KubeletDelivery { node: number, change: Box::new(change) });
    }

    /// A watcher of the control plane sees a change: its view moves, then it hears of it.
    fn deliver(&mut self, to: Watcher, kind: Kind, cursor: client::Cursor) {
        let client = match to {
            Watcher::ControllerManager => &mut self.controller_manager.client,
            Watcher::Scheduler => &mut self.scheduler.client,
        };
        if cursor < client.cursors.get(kind) {
            return; // A quiet commit that a later one of the same instant has overtaken.
        }
        client.cursors.advance(kind, client::Cursor(cursor.0 + 1));
        let Some(change) = self.apiserver.tables().change(kind, cursor) else { return };
        match to {
            Watcher::ControllerManager => self.controller_manager_input(Input::Watch(change)),
            Watcher::Scheduler => self.scheduler_input(Input::Watch(change)),
        }
        self.trim(kind);
    }

    /// Cuts the log of a kind behind the slower of its two views.
    fn trim(&mut self, kind: Kind) {
        let seen = |watches: &[Kind], cursors: &Cursors| watches.contains(&kind).then(|| cursors.get(kind));
        let views = [
            seen(CONTROLLER_MANAGER_WATCHES, &self.controller_manager.client.cursors),
            seen(SCHEDULER_WATCHES, &self.scheduler.client.cursors),
        ];
        if let Some(slowest) = views.into_iter().flatten().min() {
            self.apiserver.trim(kind, slowest);
        }
    }

    fn controller_manager_input(&mut self, input: Input<kube_controller_manager::Timer, ()>) {
        let shared = (self.now(), self.clock, self.seed, self.next_record());
        let out = drive(&mut self.controller_manager, &self.apiserver, shared, |agent, context| {
            agent.on_input(input, context);
        });
        self.carry_out(Caller::ControllerManager, out, Event::ControllerManager);
    }

    fn scheduler_input(&mut self, input: Input<kube_scheduler::SchedulerTimer, ()>) {
        let shared = (self.now(), self.clock, self.seed, self.next_record());
        let out = drive(&mut self.scheduler, &self.apiserver, shared, |agent, context| {
            agent.on_input(input, context);
        });
        self.carry_out(Caller::Scheduler, out, Event::Scheduler);
    }

    /// Starts the control plane's loops, at t = 0.
    pub(crate) fn start_control_plane(&mut self) {
        for kind in Kind::ALL.iter().copied() {
            let head = self.apiserver.tables().head(kind);
            self.show_existing(kind, head);
        }
        let shared = (self.now(), self.clock, self.seed, self.next_record());
        let out = drive(&mut self.controller_manager, &self.apiserver, shared, |agent, context| {
            agent.start(context)
        });
        self.carry_out(Caller::ControllerManager, out, Event::ControllerManager);
        let out = drive(&mut self.scheduler, &self.apiserver, shared, |agent, context| agent.start(context));
        self.carry_out(Caller::Scheduler, out, Event::Scheduler);
    }

    fn show_existing(&mut self, kind: Kind, head: client::Cursor) {
        for at in 0..head.0 {
            let cursor = client::Cursor(at);
            if CONTROLLER_MANAGER_WATCHES.contains(&kind) {
                self.deliver(Watcher::ControllerManager, kind, cursor);
            }
            if SCHEDULER_WATCHES.contains(&kind) {
                self.deliver(Watcher::Scheduler, kind, cursor);
            }
        }
        if !CONTROLLER_MANAGER_WATCHES.contains(&kind) && !SCHEDULER_WATCHES.contains(&kind) {
            self.apiserver.trim(kind, head);
        }
    }

    /// Carries out what a component without a runtime has left.
    pub(crate) fn carry_out<T: Timer>(
        &mut self,
        from: Caller,
        out: Vec<Output<T, ()>>,
        event: impl Fn(T) -> Event,
    ) {
        for output in self.write_records(out) {
            match output {
                Output::Call { call, lane, tag, at, causes } => {
                    self.send_call(at, Request { from, lane, tag, call: *call, causes });
                }
                Output::Timer { at, timer } => self.set_timer(at, timer, &event),
                Output::Record { .. } | Output::Runtime(()) => {}
            }
        }
    }

    /// Writes the records of a turn, before anything else of it is done, and gives the rest back.
    pub(crate) fn write_records<T, Q>(&mut self, out: Vec<Output<T, Q>>) -> Vec<Output<T, Q>> {
        let (records, rest): (Vec<_>, Vec<_>) =
            out.into_iter().partition(|o| matches!(o, Output::Record { .. }));
        for record in records {
            if let Output::Record { body, causes } = record {
                self.record(causes, body);
            }
        }
        rest
    }

    /// A call leaves its client at `at` and reaches the server after the latency of its kind.
    pub(crate) fn send_call(&mut self, at: SimTime, request: Request) {
        let latency = latency::of_call(&self.profile, &request.call);
        let (kind, about) = request.call.about();
        let version = self.apiserver.tables().version(kind, &about);
        let named = (!about.name.is_empty()).then_some((kind, &about, version));
        let client = self.caller_mut(request.from, request.tag);
        let ordinal = client.count_call(request.lane);
        let mut draw = client.call_draw(request.lane, ordinal, named);
        let is_first_of_kubectl = matches!(request.from, Caller::Kubectl(_)) && ordinal == 0;
        let arrives = if is_first_of_kubectl { at } else { at + latency.draw(&mut draw) };
        let key = client.request_key(arrives, request.lane, ordinal);
        self.queue.push(key, Event::Request(Box::new(request)));
    }

    /// The client that makes a call: each controller has one of its own.
    fn caller_mut(&mut self, caller: Caller, tag: client::Tag) -> &mut ClientState {
        match caller {
            Caller::ControllerManager => {
                let number = ControllerManager::controller(tag);
                let (seed, name) = (self.seed, ControllerManager::user(tag));
                let new = || ClientState::new(seed, FIRST_CONTROLLER + u32::from(number), name);
                self.controllers.entry(number).or_insert_with(new)
            }
            other => self.client_mut(other),
        }
    }

    /// Puts a component's timer into the queue under its own key.
    pub(crate) fn set_timer<T: Timer>(&mut self, at: SimTime, timer: T, event: impl Fn(T) -> Event) {
        let key = timer.key();
        self.queue.push(Key::new(at, key.class as u8, key.entity, key.timer), event(timer));
    }

    pub(crate) fn client(&self, caller: Caller) -> &ClientState {
        match caller {
            Caller::ControllerManager => &self.controller_manager.client,
            Caller::Scheduler => &self.scheduler.client,
            Caller::Kubelet(node) => &self.hosts[node as usize].client,
            Caller::Kubectl(line) => &self.kubectl[line as usize].client,
        }
    }

    pub(crate) fn client_mut(&mut self, caller: Caller) -> &mut ClientState {
        match caller {
            Caller::ControllerManager => &mut self.controller_manager.client,
            Caller::Scheduler => &mut self.scheduler.client,
            Caller::Kubelet(node) => &mut self.hosts[node as usize].client,
            Caller::Kubectl(line) => &mut self.kubectl[line as usize].client,
        }
    }

    /// Number of a kubectl line's client.
    pub(crate) fn kubectl_number(line: u32) -> u32 {
        FIRST_KUBECTL + line
    }

    /// Ends what came before t = 0: the journal begins with a snapshot of what is there.
    pub(crate) fn begin_journal(&mut self) {
        let objects: Vec<Object> =
            Kind::ALL.iter().flat_map(|kind| self.apiserver.tables().list(*kind, None)).collect();
        self.journal.snapshot(SimTime::ZERO, objects.iter());
    }
}

/// Key of the delivery of a commit to a watcher: its revision, or, of a quiet commit, the object.
pub(crate) fn delivery_key(
    client: &mut ClientState,
    change: &Change,
    write: &Write,
    now: SimTime,
    delay: random::Latency,
) -> Key {
    let (kind, object) = (write.object.kind(), write.object.key());
    if write.record.is_some() {
        let revision = write.object.meta().resource_version;
        let delay = delay.draw(&mut client.delivery_draw(kind, &object, change.version));
        let at = client.delivery_time(kind, now, delay);
        let timer = u32::try_from(revision).unwrap_or_else(|_| panic!("more than 2^32 revisions"));
        return Key::new(at, Class::Delivery as u8, client.number, timer);
    }
    let delay = delay.draw(&mut client.quiet_delivery_draw(kind, &object, now));
    let at = client.quiet_delivery_time(kind, now, delay);
    Key::new(
        at,
        Class::QuietDelivery as u8,
        client.number,
        change.serial << 1 | u32::from(kind == Kind::Lease),
    )
}

/// Gives a process an input with all that it may touch, and returns what it leaves.
fn drive<A: Agent<RuntimeRequest = ()>>(
    process: &mut Process<A>,
    apiserver: &ApiServer,
    (now, clock, seed, next_record): (SimTime, Clock, Seed, RecordId),
    input: impl FnOnce(&mut A, &mut Context<'_, A::Timer, ()>),
) -> Vec<Output<A::Timer, ()>> {
    let mut out = Vec::new();
    let view = View::new(apiserver.tables(), &process.client.cursors);
    input(&mut process.agent, &mut Context { now, clock, seed, view, next_record, out: &mut out });
    out
}
