//! The numbers that are no part of Kubernetes: latencies, jitter, reservations (profiles.md).
//!
//! One value, three instances. Kubernetes' own constants (periods, back-offs, grace times) are in the components and
//! the same in every profile. Every number here is that page's, under its key there.

use random::Latency;
use units::SimDuration;

/// Which of the three profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfileName {
    /// Everyday use: a plausible installation on good machines.
    #[default]
    Typical,
    /// For comparison with recorded clusters.
    Recorded,
    /// For timelines worked out by hand: no jitter, whole-second phases.
    Reference,
}

impl ProfileName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Typical, Self::Recorded, Self::Reference];

    /// The name, as a scenario writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Typical => "typical",
            Self::Recorded => "recorded",
            Self::Reference => "reference",
        }
    }
    /// The profile that a scenario names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }
}

/// The numbers of one installation.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Which one.
    pub name: ProfileName,
    /// `api.read`: from the request to the answer.
    pub api_read: Latency,
    /// `api.write`: from the request to the commit.
    pub api_write: Latency,
    /// `watch.delay`: from a commit until a watcher sees it.
    pub watch_delay: Latency,
    /// The same for a kubelet that sees a pod bound to its node.
    pub watch_delay_after_bind: Latency,
    /// `kubelet.statusPatch`: GET and PATCH together.
    pub kubelet_status_patch: Latency,
    /// `scheduler.decision`: serial part of a decision.
    pub scheduler_decision: Latency,
    /// `scheduler.perNode`: the same, for each node visited.
    pub scheduler_per_node: SimDuration,
    /// `scheduler.bind`: asynchronous.
    pub scheduler_bind: Latency,
    /// `kubelet.volumeWait`: poll of the volume wait; a token volume passes at the second poll.
    pub kubelet_volume_wait: SimDuration,
    /// `kubelet.relist`: an on-demand relist.
    pub kubelet_relist: Latency,
    /// `kubelet.cleanup`: unmount and removal of cgroups.
    pub kubelet_cleanup: Latency,
    /// `runtime.sandbox`.
    pub runtime_sandbox: Latency,
    /// What passes between a sandbox and its first container (recordings/README.md); zero elsewhere.
    pub runtime_sandbox_settle: SimDuration,
    /// `runtime.imageCheck`.
    pub runtime_image_check: Latency,
    /// `registry.roundTrip`.
    pub registry_round_trip: Latency,
    /// `image.pull`: the fixed part.
    pub image_pull: Latency,
    /// `image.pullPer30MB`, times the image's size ÷ 30 MB.
    pub image_pull_per_30mb: SimDuration,
    /// `image.size` in bytes, where nothing says. ASSUMPTION of profiles.md.
    pub image_size: i64,
    /// `runtime.create`.
    pub runtime_create: Latency,
    /// `runtime.start`.
    pub runtime_start: Latency,
    /// `runtime.stop`: after the process' end.
    pub runtime_stop: Latency,
    /// `runtime.stopSandbox`.
    pub runtime_stop_sandbox: Latency,
    /// `runtime.crowding`: sandbox, create and start take × (1 + this × pods starting on the node); in hundredths.
    pub runtime_crowding_percent: u32,
    /// `probe.exec`.
    pub probe_exec: Latency,
    /// `probe.net`.
    pub probe_net: Latency,
    /// `phases`: uniform over the period, or zero.
    pub random_phases: bool,
    /// `jitter` of client-go's and the kubelet's timers.
    pub jitter: bool,
    /// Hard eviction thresholds reserve memory and disk.
    pub reservations: bool,
}

const fn ms(millis: i64) -> SimDuration {
    SimDuration::from_millis(millis)
}

const fn fixed(millis: i64) -> Latency {
    Latency::constant(ms(millis))
}

const fn about(millis: i64, sigma: f64) -> Latency {
    Latency::log_normal(ms(millis), sigma)
}

impl Profile {
    /// The profile of that name.
    pub fn named(name: ProfileName) -> Self {
        match name {
            ProfileName::Typical => Self::typical(),
            ProfileName::Recorded => Self::recorded(),
            ProfileName::Reference => Self::reference(),
        }
    }

    fn typical() -> Self {
        Self {
            name: ProfileName::Typical,
            api_read: about(2, 0.3),
            api_write: about(5, 0.3),
            watch_delay: about(5, 0.3),
            watch_delay_after_bind: about(5, 0.3),
            kubelet_status_patch: about(10, 0.3),
            scheduler_decision: Latency::log_normal(SimDuration::from_micros(200), 0.2),
            scheduler_per_node: SimDuration::from_micros(1),
            scheduler_bind: about(5, 0.5),
            kubelet_volume_wait: ms(300),
            kubelet_relist: about(1, 0.5),
            kubelet_cleanup: about(20, 0.3),
            runtime_sandbox: about(300, 0.5),
            runtime_sandbox_settle: SimDuration::ZERO,
            runtime_image_check: fixed(10),
            registry_round_trip: about(500, 0.5),
            image_pull: about(500, 0.3),
            image_pull_per_30mb: ms(1000),
            image_size: 60_000_000,
            runtime_create: about(60, 0.4),
            runtime_start: about(60, 0.4),
            runtime_stop: about(5, 0.4),
            runtime_stop_sandbox: about(100, 0.4),
            runtime_crowding_percent: 5,
            probe_exec: about(30, 0.5),
            probe_net: about(2, 0.5),
            random_phases: true,
            jitter: true,
            reservations: true,
        }
    }

    /// API, scheduler and kubelet as in `typical`; a runtime that takes no time, and no reservations.
    fn recorded() -> Self {
        Self {
            name: ProfileName::Recorded,
            runtime_sandbox_settle: ms(80),
            reservations: false,
            ..Self::instant_runtime(Self::typical())
        }
    }

    fn instant_runtime(profile: Self) -> Self {
        Self {
            runtime_sandbox: fixed(0),
            runtime_image_check: fixed(0),
            registry_round_trip: fixed(0),
            image_pull: fixed(0),
            image_pull_per_30mb: SimDuration::ZERO,
            runtime_create: fixed(0),
            runtime_start: fixed(0),
            runtime_stop: fixed(0),
            runtime_stop_sandbox: fixed(0),
            runtime_crowding_percent: 0,
            probe_exec: fixed(0),
            probe_net: fixed(0),
            ..profile
        }
    }

    fn reference() -> Self {
        Self {
            name: ProfileName::Reference,
            api_read: fixed(0),
            api_write: fixed(0),
            watch_delay: fixed(0),
            watch_delay_after_bind: fixed(5),
            kubelet_status_patch: fixed(10),
            scheduler_decision: fixed(0),
            scheduler_per_node: SimDuration::ZERO,
            scheduler_bind: fixed(10),
            kubelet_volume_wait: ms(300),
            kubelet_relist: fixed(1),
            kubelet_cleanup: fixed(30),
            runtime_sandbox: fixed(300),
            runtime_sandbox_settle: SimDuration::ZERO,
            runtime_image_check: fixed(10),
            registry_round_trip: fixed(500),
            image_pull: fixed(500),
            image_pull_per_30mb: ms(1000),
            image_size: 60_000_000,
            runtime_create: fixed(60),
            runtime_start: fixed(60),
            runtime_stop: fixed(0),
            runtime_stop_sandbox: fixed(100),
            runtime_crowding_percent: 0,
            probe_exec: fixed(0),
            probe_net: fixed(0),
            random_phases: false,
            jitter: false,
            reservations: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_they_are_written() {
        for name in [ProfileName::Typical, ProfileName::Recorded, ProfileName::Reference] {
            assert_eq!(ProfileName::parse(name.as_str()), Some(name));
            assert_eq!(Profile::named(name).name, name);
        }
        assert_eq!(ProfileName::parse("fast"), None);
    }
}
