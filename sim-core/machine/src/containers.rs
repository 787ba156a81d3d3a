//! Processes: from the start of a container to its end.

use crate::behavior::{Behavior, Exit, Stop};
use crate::note::{Note, NoteKind};
use crate::timer::{Due, End, Run};
use crate::{Machine, MachineContext, Pod};
use cri::{Container, ContainerId, ContainerState, PodAnswer};
use std::sync::Arc;
use units::{SimDuration, SimTime, parse_go_duration};

/// Exit code of a process that SIGKILL ended.
const KILLED: i32 = 137;

/// A container that is created or runs.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub container: Arc<Container>,
    pub behavior: Arc<Behavior>,
    /// Whether a StopContainer waits for its end.
    is_stopping: bool,
    /// Whether a hook's command runs in it.
    has_hook: bool,
}

impl Process {
    pub const fn new(container: Arc<Container>, behavior: Arc<Behavior>) -> Self {
        Self { container, behavior, is_stopping: false, has_hook: false }
    }
}

impl Pod {
    pub fn process(&self, id: ContainerId) -> Option<&Process> {
        self.processes.iter().find(|p| p.container.id == id)
    }
    fn process_mut(&mut self, id: ContainerId) -> Option<&mut Process> {
        self.processes.iter_mut().find(|p| p.container.id == id)
    }
    /// When the run was started, if its process runs.
    pub fn running_since(&self, id: ContainerId) -> Option<SimTime> {
        self.status.containers.iter().find(|c| c.container.id == id).and_then(|c| match c.state {
            ContainerState::Running { started_at } => Some(started_at),
            ContainerState::Created | ContainerState::Exited { .. } => None,
        })
    }
    /// The running process of the container of that name.
    pub fn running_by_name(&self, name: &str) -> Option<(SimTime, &Behavior)> {
        let process = self.processes.iter().find(|p| p.container.name == name)?;
        self.running_since(process.container.id).map(|at| (at, &*process.behavior))
    }
}

impl Machine {
    pub(crate) fn process_starts(&mut self, serial: u32, run: Run, context: &mut MachineContext<'_>) {
        let Some(pod) = self.pods.get(&serial) else { return };
        let Some(process) = pod.process(run.id) else { return };
        let exit = process.behavior.exit;
        let record = note(pod, &process.container, NoteKind::ProcessStarted, context);
        let state = ContainerState::Running { started_at: context.now };
        self.set_state(serial, run.id, state, record);
        if let Some(Exit { after, code }) = exit {
            self.after(serial, after, Due::Ended { run, how: End::ByItself(code) }, context);
        }
    }

    pub(crate) fn stop(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Arc<Container>,
        grace: SimDuration,
        context: &mut MachineContext<'_>,
    ) {
        let (serial, run) = (pod.serial, Run::of(container));
        let running = self.pods.get_mut(&serial).filter(|known| known.running_since(run.id).is_some());
        let Some(known) = running else {
            context.answer(serial, PodAnswer::Stopped { id: run.id });
            return;
        };
        let Some(process) = known.process_mut(run.id) else { return };
        process.is_stopping = true;
        let stop = process.behavior.stop;
        let kind = NoteKind::ProcessSignalled { grace_seconds: grace.as_secs() };
        note(known, container, kind, context);
        // A process that needs exactly the grace loses (kubelet.md 6.3).
        match stop {
            Stop::After { after, code } if after < grace => {
                self.after(serial, after, Due::Ended { run, how: End::OnTerm(code) }, context);
            }
            Stop::After { .. } | Stop::Never => {
                self.after(serial, grace, Due::Ended { run, how: End::OnKill }, context);
            }
        }
    }

    /// A process ends, unless it has ended before.
    pub(crate) fn ended(&mut self, serial: u32, run: Run, how: End, context: &mut MachineContext<'_>) {
        let Some(pod) = self.pods.get_mut(&serial) else { return };
        let Some(started_at) = pod.running_since(run.id) else { return };
        let Some(at) = pod.processes.iter().position(|p| p.container.id == run.id) else { return };
        let process = pod.processes.remove(at);
        let code = match how {
            End::ByItself(code) | End::OnTerm(code) => code,
            End::OnKill => KILLED,
        };
        let record = note(pod, &process.container, NoteKind::ProcessEnded { code }, context);
        let reason = cri::Name::new_static(if code == 0 { "Completed" } else { "Error" });
        let state = ContainerState::Exited { started_at, finished_at: context.now, code, reason };
        let pod = pod.pod.clone();
        self.set_state(serial, run.id, state, record);
        if process.has_hook {
            context.answer(serial, PodAnswer::HookEnded { id: run.id, succeeded: false });
        }
        if process.is_stopping {
            let time = self.stop_time(&pod, &process.container, context);
            self.after(serial, time, Due::Stopped { run }, context);
        }
    }

    fn set_state(&mut self, serial: u32, id: ContainerId, state: ContainerState, record: Option<u64>) {
        self.change(serial, |pod| {
            if let Some(status) = pod.containers.iter_mut().find(|c| c.container.id == id) {
                (status.state, status.record) = (state, record);
            }
        });
    }

    pub(crate) fn exec_hook(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Arc<Container>,
        command: &[cri::Name],
        context: &mut MachineContext<'_>,
    ) {
        let (serial, run) = (pod.serial, Run::of(container));
        let runs = self.pods.get(&serial).is_some_and(|known| known.running_since(run.id).is_some());
        if let Some(process) = self.pods.get_mut(&serial).and_then(|known| known.process_mut(run.id)) {
            process.has_hook = runs;
        }
        if runs {
            self.after(serial, hook_time(command), Due::Hook { run }, context);
        } else {
            context.answer(serial, PodAnswer::HookEnded { id: run.id, succeeded: false });
        }
    }

    pub(crate) fn hook_over(
        &mut self,
        serial: u32,
        run: Run,
        succeeded: bool,
        context: &mut MachineContext<'_>,
    ) {
        let process = self.pods.get_mut(&serial).and_then(|pod| pod.process_mut(run.id));
        if let Some(process) = process.filter(|p| p.has_hook) {
            process.has_hook = false;
            context.answer(serial, PodAnswer::HookEnded { id: run.id, succeeded });
        }
    }
}

fn note(
    pod: &Pod,
    container: &Arc<Container>,
    kind: NoteKind,
    context: &mut MachineContext<'_>,
) -> Option<u64> {
    context.note(Note { pod: pod.pod.clone(), container: Some(container.clone()), kind })
}

/// `[hook, prestop, 3s]` takes 3 s, any other command no time (scenario.md, Rules).
pub(crate) fn hook_time(command: &[cri::Name]) -> SimDuration {
    match command {
        [hook, _, time] if hook == "hook" => {
            parse_go_duration(time).unwrap_or_default().at_least(SimDuration::ZERO)
        }
        _ => SimDuration::ZERO,
    }
}
