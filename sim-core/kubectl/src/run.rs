//! A kubectl that runs: an agent that makes a command's calls and ends with what it printed.
//!
//! Timers: the end of a pause or of the longest wait. Watches: while it waits until an object is gone, it must hear of
//! changes of that object ([`Run::waits_for`]); changes of others do it no harm.
//!
//! DIFFERENCE: a real kubectl opens that watch with one more request, and does not learn of a deletion before it has
//! begun; here it is open from the answer to the request before.

use crate::command::Command;
use crate::terminal::{Printed, Terminal};
use crate::verbs::{Came, Next, Shell, Steps};
use api::{Kind, Name, ObjectKey, Uid};
use client::{Agent, Change, Class, Context, Input, Lane, Tag, TimerKey};
use journal::{Causes, KubectlLine};
use std::sync::Arc;

/// What a run needs beside its command.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The namespace of the context, where `-n` names no other.
    pub namespace: Name,
    /// Dense number of this run among all of its kind, below 2²⁷: whose timers they are.
    pub number: u32,
}

/// A pause is over, or the longest wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    run: u32,
    step: u32,
}

impl client::Timer for Timer {
    fn key(&self) -> TimerKey {
        TimerKey { class: Class::Kubectl, entity: self.run, timer: self.step }
    }
}

/// What it waits for.
#[derive(Clone, Debug, PartialEq)]
enum Waiting {
    Reply,
    Time,
    Gone(Kind, ObjectKey, Uid),
    Nothing,
}

/// A command that runs.
#[derive(Clone, Debug)]
pub struct Run {
    command: Arc<Command>,
    options: Options,
    steps: Steps,
    terminal: Terminal,
    waiting: Waiting,
    /// The how-many-th call or wait it is.
    step: u32,
    causes: Causes,
    outcome: Option<KubectlLine>,
}

impl Run {
    /// A run that has not begun. The command's files must have been loaded.
    pub fn new(command: Command, options: Options) -> Self {
        let steps = Steps::of(&command.verb);
        Self {
            command: Arc::new(command),
            options,
            steps,
            terminal: Terminal::default(),
            waiting: Waiting::Nothing,
            step: 0,
            causes: Causes::none(),
            outcome: None,
        }
    }

    /// Begins: makes its first call.
    pub fn start(&mut self, context: &mut Context<'_, Timer>) {
        if self.step == 0 && self.outcome.is_none() {
            self.go_on(Came::Start, context);
        }
    }

    /// What it printed, once it has ended.
    pub fn outcome(&self) -> Option<&KubectlLine> {
        self.outcome.as_ref()
    }

    /// The records that its end was caused by.
    pub fn causes(&self) -> &Causes {
        &self.causes
    }

    /// The object whose end it waits for.
    pub fn waits_for(&self) -> Option<(Kind, &ObjectKey)> {
        match &self.waiting {
            Waiting::Gone(kind, key, _) => Some((*kind, key)),
            Waiting::Reply | Waiting::Time | Waiting::Nothing => None,
        }
    }

    /// The command.
    pub fn command(&self) -> &Command {
        &self.command
    }

    fn go_on(&mut self, came: Came, context: &mut Context<'_, Timer>) {
        let command = self.command.clone();
        let namespace = command.namespace.as_ref().unwrap_or(&self.options.namespace).clone();
        let now = context.clock.micro_time(context.now);
        let mut shell = Shell { command: &command, namespace: &namespace, now, terminal: &mut self.terminal };
        let next = self.steps.next(came, &mut shell);
        self.step = self.step.saturating_add(1);
        match next {
            Next::Call(call) => {
                self.waiting = Waiting::Reply;
                context.call(*call, Lane::Main, Tag::from(self.step), self.causes.clone());
            }
            Next::Sleep(span) => {
                self.waiting = Waiting::Time;
                context.timer(context.now + span, self.timer());
            }
            Next::UntilGone { kind, key, uid, limit } => {
                self.waiting = Waiting::Gone(kind, key, uid);
                context.timer(context.now + limit, self.timer());
            }
            Next::Done => self.end(),
        }
    }

    fn timer(&self) -> Timer {
        Timer { run: self.options.number, step: self.step }
    }

    fn end(&mut self) {
        self.waiting = Waiting::Nothing;
        let Printed { stdout, stderr, status } = std::mem::take(&mut self.terminal).finish();
        self.outcome = Some(KubectlLine { line: self.command.line.clone(), stdout, stderr, status });
    }

    fn is_gone(&self, change: &Change) -> bool {
        let Waiting::Gone(kind, key, uid) = &self.waiting else { return false };
        let meta = change.meta();
        change.object_kind() == *kind
            && meta.name == key.name
            && meta.namespace == key.namespace
            && (change.current().is_none() == (meta.uid == *uid))
    }
}

impl Agent for Run {
    type Timer = Timer;
    type RuntimeInput = ();
    type RuntimeRequest = ();

    fn on_input(&mut self, input: Input<Timer, ()>, context: &mut Context<'_, Timer>) {
        match input {
            Input::Reply { tag, reply, causes }
                if self.waiting == Waiting::Reply && tag == Tag::from(self.step) =>
            {
                self.causes = causes;
                self.go_on(Came::Reply(reply), context);
            }
            Input::Watch(change) if self.is_gone(&change) => {
                if let Some(record) = change.record {
                    self.causes.add(record);
                }
                self.go_on(Came::Gone, context);
            }
            Input::Timer(timer)
                if timer == self.timer() && !matches!(self.waiting, Waiting::Reply | Waiting::Nothing) =>
            {
                self.go_on(Came::Elapsed, context);
            }
            // What nothing waits for any more.
            Input::Reply { .. } | Input::Watch(_) | Input::Timer(_) | Input::Runtime(()) => {}
        }
    }
}
