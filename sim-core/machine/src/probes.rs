//! Probes, as the process sees them (kubelet.md 5.2; scenario.md, "behaviors").
//!
//! What an attempt finds is decided when it begins. A probe that does not time out takes at most nine tenths of its
//! time-out, so that no draw turns a success into a failure.

use crate::behavior::HealthResult;
use crate::operations::part;
use crate::timer::{Due, Run};
use crate::{Machine, MachineContext};
use cri::{Container, ProbeFailure, ProbeOutcome, ProbeRole, ProbeWay};
use std::sync::Arc;
use units::SimDuration;

impl Machine {
    pub(crate) fn probe(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Arc<Container>,
        role: ProbeRole,
        way: ProbeWay,
        timeout: SimDuration,
        context: &mut MachineContext<'_>,
    ) {
        let outcome = self.outcome(pod.serial, container, role, context);
        let time = match outcome {
            ProbeOutcome::Failure(ProbeFailure::Timeout) => timeout,
            ProbeOutcome::Failure(ProbeFailure::NotRunning) => SimDuration::ZERO,
            _ => self.probe_time(pod, container, role, way, context).min(nine_tenths(timeout)),
        };
        self.after(pod.serial, time, Due::Probed { run: Run::of(container), role, outcome }, context);
    }

    fn outcome(
        &self,
        serial: u32,
        container: &Container,
        role: ProbeRole,
        context: &MachineContext<'_>,
    ) -> ProbeOutcome {
        let pod = self.pods.get(&serial);
        let process = pod.and_then(|pod| pod.process(container.id).zip(pod.running_since(container.id)));
        let Some((process, started_at)) = process else {
            return ProbeOutcome::Failure(ProbeFailure::NotRunning);
        };
        let age = context.now - started_at;
        if age < process.behavior.start {
            return ProbeOutcome::Failure(ProbeFailure::NotStarted);
        }
        match process.behavior.illness(role, age) {
            None => ProbeOutcome::Success,
            Some(HealthResult::Failure) => ProbeOutcome::Failure(ProbeFailure::Unhealthy),
            Some(HealthResult::Timeout) => ProbeOutcome::Failure(ProbeFailure::Timeout),
        }
    }

    /// The luck of an attempt is a function of the container and the time: attempts left out move no other.
    fn probe_time(
        &self,
        pod: &cri::Pod,
        container: &Container,
        role: ProbeRole,
        way: ProbeWay,
        context: &MachineContext<'_>,
    ) -> SimDuration {
        let (latency, purpose) = match way {
            ProbeWay::Exec => (&self.latencies.probe_exec, "probe.exec"),
            ProbeWay::Net => (&self.latencies.probe_net, "probe.net"),
        };
        if latency.sigma <= 0.0 {
            return latency.median;
        }
        let stream = context.seed.stream(purpose, &part(pod, container)).child(role as u64);
        latency.draw(&mut stream.at(context.now.as_nanos().cast_unsigned()))
    }
}

fn nine_tenths(timeout: SimDuration) -> SimDuration {
    SimDuration::from_nanos(timeout.as_nanos() / 10).times(9)
}
