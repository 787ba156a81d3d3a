//! The status of a pod at the beginning of a sync (kubelet.md 2).
//!
//! DIFFERENCE: `activeDeadlineSeconds` is not watched yet; whoever waits for the deadline can tell.

use super::conditions::set_conditions;
use super::containers::{Sources, container_status};
use super::phase::{PhaseInput, phase};
use crate::pod::PodEntry;
use api::pod::{ContainerStatus, PodStatus};
use std::net::IpAddr;
use units::{Clock, Timestamp};

/// What a status is computed from, beside what is kept of the pod.
pub(crate) struct Input {
    pub clock: Clock,
    pub now: Timestamp,
    pub host_ip: IpAddr,
    /// Whether the pod's termination is over.
    pub is_terminal: bool,
}

/// The status of a pod.
pub(crate) fn generate(entry: &PodEntry, input: &Input) -> PodStatus {
    let (previous, spec) = (entry.status(), &entry.spec);
    let container_statuses = container_statuses(entry, input.clock);
    let is_initialised = entry.snapshot.ready_sandbox().is_some() && !entry.snapshot.containers.is_empty();
    let phase_input = PhaseInput {
        spec,
        init: &[],
        regular: &container_statuses,
        is_initialised,
        is_terminal: input.is_terminal,
    };
    let computed = phase(&phase_input);
    // Terminal phases stick, whoever wrote them.
    let known = [previous.phase, entry.pod.status.phase];
    let ended = known.into_iter().find(|phase| phase.is_terminal() && !computed.is_terminal());
    let phase = ended.unwrap_or(computed);
    let is_same_phase = phase == previous.phase;
    let kept = |text: &api::Name| if is_same_phase { text.clone() } else { api::Name::default() };
    let mut status = PodStatus {
        observed_generation: entry.pod.meta.generation,
        phase,
        conditions: conditions_before(entry),
        reason: kept(&previous.reason),
        message: kept(&previous.message),
        host_ip: Some(input.host_ip),
        pod_ip: pod_ip(entry, input.host_ip),
        start_time: Some(previous.start_time.unwrap_or(input.now)),
        init_container_statuses: previous.init_container_statuses.clone(),
        container_statuses,
        nominated_node_name: entry.pod.status.nominated_node_name.clone(),
        resources_reported: true,
    };
    let has_ready_sandbox =
        entry.snapshot.ready_sandbox().is_some_and(|sandbox| spec.host_network || sandbox.ip.is_some());

    set_conditions(&mut status, spec, has_ready_sandbox, input.now);
    status
}

/// The kubelet's own conditions as it knows them, behind those of others as the API shows them.
fn conditions_before(entry: &PodEntry) -> Vec<api::Condition> {
    let is_owned = |c: &&api::Condition| super::conditions::OWNED.contains(&c.kind.as_str());
    let others = entry.pod.status.conditions.iter().filter(|c| !is_owned(c));
    others.chain(entry.status().conditions.iter().filter(is_owned)).cloned().collect()
}

fn container_statuses(entry: &PodEntry, clock: Clock) -> Vec<ContainerStatus> {
    let previous = &entry.status().container_statuses;
    let is_deleting = entry.pod.meta.is_deleting();
    let first = entry.first_regular();
    let all = entry.spec.all_containers().enumerate().skip(first);
    let mut statuses: Vec<ContainerStatus> = all
        .filter_map(|(place, container)| {
            let index = u8::try_from(place).ok()?;
            Some(container_status(&Sources {
                container,
                index,
                previous: previous.iter().find(|p| p.name == container.name),
                runtime: &entry.snapshot,
                probes: &entry.probes,
                failure: entry.reasons.iter().find(|f| f.index == index && !is_deleting),
                is_deleting,
                clock,
            }))
        })
        .collect();
    statuses.sort_by(|a, b| a.name.cmp(&b.name));
    statuses
}

fn pod_ip(entry: &PodEntry, host_ip: IpAddr) -> Option<IpAddr> {
    if entry.spec.host_network {
        return Some(host_ip);
    }
    entry.snapshot.ready_sandbox().and_then(|sandbox| sandbox.ip).or(entry.status().pod_ip)
}
