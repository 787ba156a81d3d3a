//! A node: its machine, its kubelet, and what they say to each other.

use crate::client_state::{ClientState, FIRST_KUBELET};
use crate::event::{Caller, Event, Request};
use crate::profile::Profile;
use crate::simulation::Simulation;
use api::{Kind, Name, Object, ObjectKey, ObjectRef, Uid};
use client::{Agent, Context, Cursors, Input, Output, View};
use journal::{Body, Causes, Occurrence, What};
use kubelet::Kubelet;
use machine::{Machine, MachineContext, MachineOutput, MachineTimer, NoteKind};
use random::Seed;
use std::collections::VecDeque;
use std::sync::Arc;
use units::SimTime;

/// A node's machine and kubelet.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub name: Name,
    pub kubelet: Kubelet,
    pub machine: Machine,
    pub client: ClientState,
}

impl Host {
    /// A machine that is up, with a kubelet that has not been started.
    pub(crate) fn new(seed: Seed, profile: &Profile, number: u32, name: Name) -> Self {
        Self {
            kubelet: Kubelet::new(Arc::new(crate::config::kubelet(profile)), number, name.clone()),
            machine: Machine::new(crate::config::machine(profile, number)),
            client: ClientState::new(seed, FIRST_KUBELET + number, format!("kubelet/{name}")),
            name,
        }
    }
}

impl Simulation {
    pub(crate) fn next_host_number(&self) -> u32 {
        u32::try_from(self.hosts.len()).unwrap_or_else(|_| panic!("more than 2^32 nodes"))
    }

    pub(crate) fn add_host(&mut self, host: Host) {
        let number = self.next_host_number();
        self.host_numbers.insert(host.name.clone(), number);
        self.hosts.push(host);
    }

    /// A Node object has come without a machine: it gets one, with a kubelet that finds its Node there.
    pub(crate) fn add_host_of(&mut self, node: &Object) {
        let number = self.next_host_number();
        let host = Host::new(self.seed, &self.profile, number, node.meta().name.clone());
        self.add_host(host);
        self.start_kubelet(number, kubelet::Started::Now { create: None });
    }

    pub(crate) fn start_kubelet(&mut self, node: u32, started: kubelet::Started) {
        self.kubelet_turn(node, |kubelet, context| kubelet.start(started, context));
    }

    /// Gives a kubelet an input.
    pub(crate) fn kubelet_input(&mut self, node: u32, input: Input<kubelet::Timer, cri::Answer>) {
        self.kubelet_turn(node, |kubelet, context| kubelet.on_input(input, context));
    }

    /// Lets a kubelet act; what it asks its runtime for at once is answered at once, until both are silent.
    fn kubelet_turn(
        &mut self,
        node: u32,
        turn: impl FnOnce(&mut Kubelet, &mut Context<'_, kubelet::Timer, cri::Request>),
    ) {
        let out = self.drive_kubelet(node, turn);
        let mut answers = self.carry_out_kubelet(node, out);
        while let Some(answer) = answers.pop_front() {
            let out = self
                .drive_kubelet(node, |kubelet, context| kubelet.on_input(Input::Runtime(answer), context));
            answers.extend(self.carry_out_kubelet(node, out));
        }
    }

    fn drive_kubelet(
        &mut self,
        node: u32,
        turn: impl FnOnce(&mut Kubelet, &mut Context<'_, kubelet::Timer, cri::Request>),
    ) -> Vec<Output<kubelet::Timer, cri::Request>> {
        let (now, clock, seed, next_record) = (self.now(), self.clock, self.seed, self.next_record());
        let (mut out, nothing) = (Vec::new(), Cursors::default());
        // A kubelet keeps what concerns its node itself; it has no view of whole kinds.
        let view = View::new(self.apiserver.tables(), &nothing);
        turn(
            &mut self.hosts[node as usize].kubelet,
            &mut Context { now, clock, seed, view, next_record, out: &mut out },
        );
        out
    }

    fn carry_out_kubelet(
        &mut self,
        node: u32,
        out: Vec<Output<kubelet::Timer, cri::Request>>,
    ) -> VecDeque<cri::Answer> {
        let mut answers = VecDeque::new();
        for output in self.write_records(out) {
            match output {
                Output::Call { call, lane, tag, at, causes } => {
                    let from = Caller::Kubelet(node);
                    self.send_call(at, Request { from, lane, tag, call: *call, causes });
                }
                Output::Timer { at, timer } => {
                    self.set_timer(at, timer, |timer| Event::Kubelet { node, timer })
                }
                Output::Record { .. } => {}
                Output::Runtime(request) => answers.extend(self.machine_request(node, request)),
            }
        }
        answers
    }

    fn machine_request(&mut self, node: u32, request: cri::Request) -> Vec<cri::Answer> {
        let behavior = match request.container() {
            Some((pod, container)) => self.behavior_of(pod, container),
            None => Arc::default(),
        };
        self.machine_turn(node, |machine, context| machine.request(request, &behavior, context))
    }

    fn behavior_of(&mut self, pod: &cri::Pod, container: &cri::Container) -> Arc<machine::Behavior> {
        let key = ObjectKey::new(pod.namespace.clone(), pod.name.clone());
        let labels =
            self.apiserver.tables().pods.get(&key).map(|pod| pod.meta.labels.clone()).unwrap_or_default();
        self.behaviors.resolve(&labels, &container.name, container.run)
    }

    pub(crate) fn machine_timer(&mut self, node: u32, timer: MachineTimer) {
        let answers = self.machine_turn(node, |machine, context| machine.on_timer(timer, context));
        for answer in answers {
            self.kubelet_input(node, Input::Runtime(answer));
        }
    }

    fn machine_turn(
        &mut self,
        node: u32,
        turn: impl FnOnce(&mut Machine, &mut MachineContext<'_>),
    ) -> Vec<cri::Answer> {
        let (now, seed, next_record) = (self.now(), self.seed, Some(self.next_record().0));
        let mut out = MachineOutput::default();
        let mut context = MachineContext { now, seed, next_record, out: &mut out };
        turn(&mut self.hosts[node as usize].machine, &mut context);
        for (at, timer) in out.timers {
            self.push_machine_timer(node, at, timer);
        }
        for note in out.notes {
            self.record_note(note);
        }
        out.answers
    }

    fn push_machine_timer(&mut self, node: u32, at: SimTime, timer: MachineTimer) {
        let (entity, number) = timer.key();
        let class = client::Class::Runtime as u8;
        self.queue.push(engine::Key::new(at, class, entity, number), Event::Machine { node, timer });
    }

    fn record_note(&mut self, note: machine::Note) {
        let key = ObjectKey::new(note.pod.namespace.clone(), note.pod.name.clone());
        let about = ObjectRef { kind: Kind::Pod, key, uid: Uid(note.pod.uid) };
        let container = note.container.map(|container| container.name.clone()).unwrap_or_default();
        let occurrence = Occurrence { about, container, what: what_happened(note.kind) };
        self.record(Causes::none(), Body::Occurrence(Box::new(occurrence)));
    }
}

fn what_happened(kind: NoteKind) -> What {
    match kind {
        NoteKind::ProcessStarted => What::ProcessStarted,
        NoteKind::ProcessEnded { code } => What::ProcessEnded { code },
        NoteKind::ProcessSignalled { grace_seconds } => What::ProcessSignalled { grace_seconds },
        NoteKind::SandboxStarted => What::SandboxStarted,
        NoteKind::SandboxStopped => What::SandboxStopped,
        NoteKind::PullStarted { image } => What::PullStarted { image },
        NoteKind::ImagePulled { image } => What::ImagePulled { image },
    }
}
