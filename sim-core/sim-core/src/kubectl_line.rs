//! kubectl lines: each one a client of its own.

use crate::client_state::ClientState;
use crate::event::{Caller, Event};
use crate::simulation::{Simulation, delivery_key};
use apiserver::Write;
use client::{Agent, Class, Context, Cursors, Input, View};
use engine::Key;
use journal::{Body, RecordId};
use units::SimTime;

/// A kubectl line that has begun or will.
#[derive(Clone, Debug)]
pub(crate) struct KubectlProcess {
    pub run: kubectl::Run,
    pub client: ClientState,
    /// Whether its end has been recorded.
    recorded: Option<RecordId>,
}

impl Simulation {
    /// Puts the timeline into the queue.
    pub(crate) fn schedule_lines(&mut self, lines: Vec<(SimTime, kubectl::Command)>) {
        for (number, (at, command)) in lines.into_iter().enumerate() {
            let line = u32::try_from(number).unwrap_or_else(|_| panic!("more than 2^32 kubectl lines"));
            let (number, luck) = (Self::kubectl_number(line), format!("kubectl/{line}"));
            let client = ClientState::with_luck(self.seed, number, "kubectl".into(), &luck);
            let options = kubectl::Options { namespace: "default".into(), number: line };
            self.kubectl.push(KubectlProcess {
                run: kubectl::Run::new(command, options),
                client,
                recorded: None,
            });
            let key = Key::new(at, Class::Timeline as u8, line, 0);
            self.queue.push(key, Event::Timeline { line });
        }
    }

    pub(crate) fn start_kubectl(&mut self, line: u32) {
        self.kubectl_turn(line, kubectl::Run::start);
    }

    pub(crate) fn kubectl_input(&mut self, line: u32, input: Input<kubectl::Timer, ()>) {
        self.kubectl_turn(line, |run, context| run.on_input(input, context));
    }

    /// Sends a commit to the lines that wait for its object.
    pub(crate) fn send_to_kubectl(&mut self, write: &Write) {
        let (now, kind, delay) = (self.now(), write.object.kind(), self.profile.watch_delay);
        let waiting = |process: &KubectlProcess| {
            let meta = write.object.meta();
            let waits_for = process.run.waits_for();
            waits_for
                .is_some_and(|(k, key)| k == kind && key.name == meta.name && key.namespace == meta.namespace)
        };
        for number in 0..self.kubectl.len() {
            if !waiting(&self.kubectl[number]) {
                continue;
            }
            let Some(change) = self.apiserver.tables().change(kind, write.cursor) else { return };
            let client = &mut self.kubectl[number].client;
            let key = delivery_key(client, &change, write, now, delay);
            let line = u32::try_from(number).unwrap_or_default();
            self.queue.push(key, Event::KubectlDelivery { line, change: Box::new(change) });
        }
    }

    fn kubectl_turn(
        &mut self,
        line: u32,
        turn: impl FnOnce(&mut kubectl::Run, &mut Context<'_, kubectl::Timer, ()>),
    ) {
        let (now, clock, seed, next_record) = (self.now(), self.clock, self.seed, self.next_record());
        let (mut out, nothing) = (Vec::new(), Cursors::default());
        let view = View::new(self.apiserver.tables(), &nothing);
        let process = &mut self.kubectl[line as usize];
        turn(&mut process.run, &mut Context { now, clock, seed, view, next_record, out: &mut out });
        self.carry_out(Caller::Kubectl(line), out, |timer| Event::Kubectl { line, timer });
        self.record_outcome(line);
    }

    fn record_outcome(&mut self, line: u32) {
        let process = &self.kubectl[line as usize];
        if process.recorded.is_some() {
            return;
        }
        let Some(outcome) = process.run.outcome().cloned() else { return };
        let causes = process.run.causes().clone();
        let id = self.record(causes, Body::Kubectl(Box::new(outcome)));
        self.kubectl[line as usize].recorded = Some(id);
    }
}
