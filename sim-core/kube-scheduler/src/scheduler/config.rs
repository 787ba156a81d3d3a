//! What an installation decides about its scheduler, and the scheduler's timers.

use crate::framework::{HostChoice, Profile};
use api::Name;
use client::{Class, Timer, TimerKey};
use random::Latency;
use units::SimDuration;

/// What an installation decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// The plugins.
    pub profile: Profile,
    /// How ties are broken.
    pub host_choice: HostChoice,
    /// The serial part of a decision, without its nodes (profile key `scheduler.decision`); its σ is that of the whole.
    pub decision: Latency,
    /// What each visited node adds to it (`scheduler.perNode`).
    pub per_node: SimDuration,
    /// The host's name: events say it.
    pub hostname: Name,
    /// Which of several schedulers it is: makes its timers' keys its own.
    pub instance: u32,
}

impl Default for Config {
    /// The numbers of the profile `typical`.
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            host_choice: HostChoice::default(),
            decision: Latency::log_normal(SimDuration::from_micros(200), 0.2),
            per_node: SimDuration::from_micros(1),
            hostname: Name::new_static("control-plane"),
            instance: 0,
        }
    }
}

/// Its timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerTimer {
    /// The serial part of this decision is over.
    Decided {
        /// Which scheduler's.
        instance: u32,
        /// The how-many-th decision.
        number: u64,
    },
    /// A whole second at which a backoff is over.
    FlushBackoff {
        /// Which scheduler's.
        instance: u32,
        /// Second of the wall clock.
        second: i64,
    },
    /// The n-th look through unschedulablePods.
    FlushUnschedulable {
        /// Which scheduler's.
        instance: u32,
        /// The how-many-th look.
        number: i64,
    },
}

impl Timer for SchedulerTimer {
    fn key(&self) -> TimerKey {
        // Two timers of one kind at one instant differ in their lowest bits.
        const NUMBERS: u64 = 1 << 29;
        let (kind, instance, number) = match *self {
            Self::FlushBackoff { instance, second } => (0, instance, second.cast_unsigned()),
            Self::FlushUnschedulable { instance, number } => (1, instance, number.cast_unsigned()),
            Self::Decided { instance, number } => (2, instance, number),
        };
        let timer = u32::try_from(kind * NUMBERS + number % NUMBERS).unwrap_or(u32::MAX);
        TimerKey { class: Class::Scheduler, entity: instance, timer }
    }
}
