//! How long a runtime takes: the keys `runtime.*`, `image.*`, `registry.*`, `probe.*` of a profile (profiles.md).

use random::Latency;
use serde::{Deserialize, Serialize};
use units::SimDuration;

/// Latencies of a machine and its registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// `runtime.sandbox`: starting a sandbox, network included.
    pub sandbox: Latency,
    /// `runtime.sandbox` of profile `recorded`, second number: least time from a sandbox to its first container.
    pub first_container: SimDuration,
    /// `runtime.imageCheck`: looking at an image that is there, and at one just pulled.
    pub image_check: Latency,
    /// `registry.roundTrip`: a pull that finds everything there.
    pub registry_round_trip: Latency,
    /// `image.pull`: what every pull takes.
    pub image_pull: Latency,
    /// `image.pullPer30MB`: and per 30 MB of compressed size.
    pub image_pull_per_30mb: Latency,
    /// `image.size`: compressed size in bytes.
    pub image_size: i64,
    /// `runtime.create`: creating a container.
    pub create: Latency,
    /// `runtime.start`: starting a container.
    pub start: Latency,
    /// `runtime.stop`: from a process' end to the answer of StopContainer.
    pub stop: Latency,
    /// `runtime.stopSandbox`: stopping a sandbox.
    pub stop_sandbox: Latency,
    /// `runtime.crowding`: how much longer sandbox, create and start take per other pod that starts, in percent.
    pub crowding_percent: i64,
    /// `probe.exec`: an exec probe's own time.
    pub probe_exec: Latency,
    /// `probe.net`: another probe's own time.
    pub probe_net: Latency,
}

const fn millis(millis: i64) -> Latency {
    Latency::constant(SimDuration::from_millis(millis))
}

impl Latencies {
    /// Those of profile `reference`.
    pub const fn reference() -> Self {
        Self {
            sandbox: millis(300),
            first_container: SimDuration::ZERO,
            image_check: millis(10),
            registry_round_trip: millis(500),
            image_pull: millis(500),
            image_pull_per_30mb: millis(1000),
            image_size: 60_000_000,
            create: millis(60),
            start: millis(60),
            stop: millis(0),
            stop_sandbox: millis(100),
            crowding_percent: 0,
            probe_exec: millis(0),
            probe_net: millis(0),
        }
    }
}
