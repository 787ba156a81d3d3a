//! What depends on the installation (profiles.md), and Kubernetes' own periods.

use random::{Latency, Periodic, Seed};
use serde::{Deserialize, Serialize};
use units::{SimDuration, SimTime};

/// Time between two relists of PLEG, whose own cost is 0 (kubelet.md 1.2).
pub const RELIST_PERIOD: SimDuration = SimDuration::from_secs(1);
/// Period of the sync ticker (kubelet.md 1.4).
pub const SYNC_TICK: SimDuration = SimDuration::from_secs(1);
/// Period of the status manager's full pass (kubelet.md 2.5).
pub const STATUS_PASS: SimDuration = SimDuration::from_secs(10);
/// Period of the list of images in the node status (kubelet.md 9.3).
pub const IMAGES_PERIOD: SimDuration = SimDuration::from_secs(30);
/// Period of leases and of node status computations, before jitter (kubelet.md 9.3).
pub const HEARTBEAT_PERIOD: SimDuration = SimDuration::from_secs(10);

/// Where periodic loops begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phases {
    /// Anywhere in their period, from the seed.
    Uniform,
    /// At whole periods since t = 0.
    Zero,
}

/// What of a node's capacity pods may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reservations {
    /// Nothing, and no ephemeral storage is reported.
    None,
    /// The hard eviction thresholds of memory and disk: 100Mi and 10 % (kubelet.md 9.5).
    Default,
}

/// A kubelet's part of a profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// `kubelet.volumeWait`: how long a pod with volumes waits for them.
    pub volume_wait: SimDuration,
    /// `kubelet.cleanup`: unmount and removal of the cgroup.
    pub cleanup: Latency,
    /// `kubelet.relist`: from a sync that acted to the relist of its pod.
    pub on_demand_relist: Latency,
    /// `phases`
    pub phases: Phases,
    /// `jitter`: whether timers are drawn longer, as the real ones are.
    pub jitter: bool,
    /// Reservations.
    pub reservations: Reservations,
}

impl Config {
    /// That of profile `reference`.
    pub const fn reference() -> Self {
        Self {
            volume_wait: SimDuration::from_millis(300),
            cleanup: Latency::constant(SimDuration::from_millis(30)),
            on_demand_relist: Latency::constant(SimDuration::from_millis(1)),
            phases: Phases::Zero,
            jitter: false,
            reservations: Reservations::None,
        }
    }

    /// A loop of this node without jitter.
    pub(crate) fn grid(&self, seed: Seed, purpose: &str, node: &str, period: SimDuration) -> Periodic {
        let stream = seed.stream(purpose, node);
        let start = match self.phases {
            Phases::Uniform => SimTime::ZERO + stream.at(u64::MAX).duration_below(period),
            Phases::Zero => SimTime::ZERO,
        };
        Periodic { stream, start, mean: period, jitter: SimDuration::ZERO }
    }

    /// A loop of this node that waits `10 s × (1…1.04)` between its rounds.
    pub(crate) fn heartbeat(&self, seed: Seed, purpose: &str, node: &str) -> Periodic {
        let grid = self.grid(seed, purpose, node, HEARTBEAT_PERIOD);
        if self.jitter {
            let (mean, jitter) = (SimDuration::from_millis(10_200), SimDuration::from_millis(400));
            Periodic { mean, jitter, ..grid }
        } else {
            grid
        }
    }
}
