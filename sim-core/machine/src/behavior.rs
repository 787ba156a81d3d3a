//! What a container's process does (scenario.md, "behaviors").

use cri::ProbeRole;
use serde::{Deserialize, Serialize};
use units::SimDuration;

/// What one run of a container does. The default serves at once, answers its probes and stops at once with 143.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Behavior {
    /// How long its image takes to be pulled onto a node that lacks it; `None` = by the image's size.
    pub pull: Option<SimDuration>,
    /// From the start of the container until it serves; probes fail before that.
    pub start: SimDuration,
    /// What it does on SIGTERM.
    pub stop: Stop,
    /// When it ends by itself, if it does.
    pub exit: Option<Exit>,
    /// When its probes do not succeed; the first window that holds an attempt counts.
    pub health: Vec<Window>,
}

/// What a process does on SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// It ends.
    After {
        /// From SIGTERM to its end.
        after: SimDuration,
        /// Exit code.
        code: i32,
    },
    /// Nothing.
    Never,
}

impl Default for Stop {
    fn default() -> Self {
        Self::After { after: SimDuration::ZERO, code: 143 }
    }
}

/// A process that ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// From its start to its end.
    pub after: SimDuration,
    /// Exit code.
    pub code: i32,
}

/// A time in which probes do not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Which probes.
    pub probes: Vec<ProbeRole>,
    /// From the container's start; inclusive.
    pub from: SimDuration,
    /// From the container's start; exclusive.
    pub to: SimDuration,
    /// What they see.
    pub result: HealthResult,
}

/// What a probe sees in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthResult {
    /// A bad answer.
    Failure,
    /// None.
    Timeout,
}

impl Behavior {
    /// What a probe of this role sees when the container is `age` old; `None` = a good answer.
    pub(crate) fn illness(&self, role: ProbeRole, age: SimDuration) -> Option<HealthResult> {
        let holds = |w: &&Window| w.probes.contains(&role) && w.from <= age && age < w.to;
        self.health.iter().find(holds).map(|window| window.result)
    }
}
