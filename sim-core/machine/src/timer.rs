//! A machine's timers and their keys.

use cri::{ContainerId, ProbeOutcome, ProbeRole};
use serde::{Deserialize, Serialize};
use units::SimDuration;

/// The end of something under way on a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineTimer {
    pub(crate) serial: u32,
    pub(crate) what: Due,
}

/// What ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Due {
    SandboxUp { attempt: u32, host_network: bool },
    SandboxDown,
    ImageChecked { index: u8 },
    Pulled { index: u8, image: cri::Name, took: SimDuration },
    Created { run: Run },
    Started { run: Run },
    Ended { run: Run, how: End },
    Stopped { run: Run },
    Hook { run: Run },
    Probed { run: Run, role: ProbeRole, outcome: ProbeOutcome },
}

/// One run of a container, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub id: ContainerId,
    pub index: u8,
    pub number: u32,
}

/// Why a process ends, and with which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    ByItself(i32),
    OnTerm(i32),
    OnKill,
}

impl Run {
    pub fn of(container: &cri::Container) -> Self {
        Self { id: container.id, index: container.index, number: container.run }
    }
}

impl MachineTimer {
    /// Whose (the pod's serial) and which: what it is, the container's place and run. Below 2³¹.
    pub fn key(&self) -> (u32, u32) {
        let none = (0, 0);
        let run = |run: &Run| (u32::from(run.index), run.number);
        let (kind, (index, number)) = match &self.what {
            Due::SandboxUp { attempt, .. } => (0, (0, *attempt)),
            Due::SandboxDown => (1, none),
            Due::ImageChecked { index } => (2, (u32::from(*index), 0)),
            Due::Pulled { index, .. } => (3, (u32::from(*index), 0)),
            Due::Created { run: r } => (4, run(r)),
            Due::Started { run: r } => (5, run(r)),
            Due::Ended { run: r, how: End::ByItself(_) } => (6, run(r)),
            Due::Ended { run: r, how: End::OnTerm(_) } => (7, run(r)),
            Due::Ended { run: r, how: End::OnKill } => (8, run(r)),
            Due::Stopped { run: r } => (9, run(r)),
            Due::Hook { run: r } => (10, run(r)),
            Due::Probed { run: r, role: ProbeRole::Startup, .. } => (11, run(r)),
            Due::Probed { run: r, role: ProbeRole::Readiness, .. } => (12, run(r)),
            Due::Probed { run: r, role: ProbeRole::Liveness, .. } => (13, run(r)),
        };
        // 4 bits of what, 8 of the place, 19 of the run: half a million runs of a container fit.
        (self.serial, kind << 27 | index << 19 | number & 0x7_ffff)
    }
}
