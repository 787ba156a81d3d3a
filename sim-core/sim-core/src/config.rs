//! What each component takes from the profile.

use crate::profile::Profile;
use crate::setup::NodeSetup;
use machine::Latencies;
use random::Latency;
use std::sync::Arc;

/// Of a machine.
pub fn machine(profile: &Profile, node: u32) -> machine::Config {
    let latencies = Latencies {
        sandbox: profile.runtime_sandbox,
        first_container: profile.runtime_sandbox_settle,
        image_check: profile.runtime_image_check,
        registry_round_trip: profile.registry_round_trip,
        image_pull: profile.image_pull,
        image_pull_per_30mb: Latency::constant(profile.image_pull_per_30mb),
        image_size: profile.image_size,
        create: profile.runtime_create,
        start: profile.runtime_start,
        stop: profile.runtime_stop,
        stop_sandbox: profile.runtime_stop_sandbox,
        crowding_percent: i64::from(profile.runtime_crowding_percent),
        probe_exec: profile.probe_exec,
        probe_net: profile.probe_net,
    };
    machine::Config { node, latencies: Arc::new(latencies) }
}

/// Of a kubelet.
pub fn kubelet(profile: &Profile) -> kubelet::Config {
    let (phases, reservations) = (phases(profile), reservations(profile));
    kubelet::Config {
        volume_wait: profile.kubelet_volume_wait,
        cleanup: profile.kubelet_cleanup,
        on_demand_relist: profile.kubelet_relist,
        phases,
        jitter: profile.jitter,
        reservations,
    }
}

fn phases(profile: &Profile) -> kubelet::Phases {
    if profile.random_phases { kubelet::Phases::Uniform } else { kubelet::Phases::Zero }
}

fn reservations(profile: &Profile) -> kubelet::Reservations {
    if profile.reservations { kubelet::Reservations::Default } else { kubelet::Reservations::None }
}

/// Of the Node object of a pool's machine.
pub fn node(
    profile: &Profile,
    number: u32,
    setup: &NodeSetup,
    now: units::Timestamp,
) -> kubelet::Registration {
    kubelet::Registration {
        name: setup.name.clone(),
        number,
        labels: setup.labels.clone(),
        taints: setup.taints.clone(),
        capacity: setup.capacity.clone(),
        reservations: reservations(profile),
        now,
    }
}

/// Of the scheduler.
pub fn scheduler(profile: &Profile) -> kube_scheduler::Config {
    kube_scheduler::Config {
        decision: profile.scheduler_decision,
        per_node: profile.scheduler_per_node,
        ..kube_scheduler::Config::default()
    }
}
