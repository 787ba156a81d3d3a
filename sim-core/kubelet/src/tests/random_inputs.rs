//! Whatever comes in whatever order: no panic, no two events of one key, and in the end nothing is left.

use super::basin::Basin;
use crate::{Config, Phases, Started, Timer};
use client::Input;
use cri::{Answer, ContainerId, PodAnswer, ProbeOutcome, ProbeRole};
use machine::{Behavior, Latencies, Stop};
use proptest::prelude::*;
use random::Latency;
use serde_json::json;
use units::SimDuration;

#[derive(Clone, Debug)]
enum Act {
    Create { serial: u32, spec: usize },
    Delete { serial: u32, grace: i64 },
    Wait(i64),
    Refuse(bool),
    Answer(u32, u8, u8),
    Timer(u32, u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..6_u32, 0..4_usize).prop_map(|(serial, spec)| Act::Create { serial, spec }),
        3 => (0..6_u32, prop_oneof![Just(0), 0..40_i64]).prop_map(|(serial, grace)| Act::Delete { serial, grace }),
        5 => prop_oneof![0..5_i64, 0..2_000_i64, 0..40_000_i64].prop_map(Act::Wait),
        1 => any::<bool>().prop_map(Act::Refuse),
        1 => (0..7_u32, any::<u8>(), 0..3_u8).prop_map(|(serial, kind, index)| Act::Answer(serial, kind, index)),
        1 => (0..7_u32, any::<u8>()).prop_map(|(serial, kind)| Act::Timer(serial, kind)),
    ]
}

fn answer(kind: u8, index: u8) -> PodAnswer {
    let id = ContainerId(u128::from(index));
    match kind % 11 {
        0 => PodAnswer::SandboxStarted,
        1 => PodAnswer::SandboxFailed { message: "no".into() },
        2 => PodAnswer::SandboxStopped,
        3 => PodAnswer::Status(Default::default()),
        4 => PodAnswer::ImageStatus { index, present: kind > 100 },
        5 => PodAnswer::Pulled { index, took: SimDuration::ZERO, size_bytes: 0 },
        6 => PodAnswer::Created { index },
        7 => PodAnswer::Started { index },
        8 => PodAnswer::Stopped { id },
        9 => PodAnswer::HookEnded { id, succeeded: kind > 100 },
        _ => PodAnswer::Probed { id, role: ProbeRole::Liveness, outcome: ProbeOutcome::Success },
    }
}

/// Timers of pods that come when nothing waits for them.
fn timer(pod: u32, kind: u8) -> Timer {
    match kind % 7 {
        0 => Timer::OnDemandRelist { pod },
        1 => Timer::Worker { pod },
        2 => Timer::Volumes { pod },
        3 => Timer::Cleanup { pod },
        4 => Timer::Hook { pod, container: 0 },
        5 => Timer::ProbeTrigger { pod, worker: u16::from(kind) },
        _ => Timer::SendStatus { node: 0 },
    }
}

fn spec(which: usize) -> serde_json::Value {
    let probe = json!({"exec": {"command": ["probe"]}, "periodSeconds": 1, "failureThreshold": 1});
    match which {
        0 => json!({"containers": [{"name": "a", "image": "i:v1"}]}),
        1 => {
            json!({"containers": [{"name": "b", "image": "x:v1", "readinessProbe": probe, "livenessProbe": probe,
            "startupProbe": probe}, {"name": "c", "image": "y:v1", "imagePullPolicy": "Always",
            "lifecycle": {"preStop": {"exec": {"command": ["hook", "prestop", "3s"]}}}}]})
        }
        2 => json!({"restartPolicy": "Never", "hostNetwork": true, "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "d", "image": "i:v1"}, {"name": "e", "image": "z:v1", "imagePullPolicy": "Never"}]}),
        _ => {
            json!({"initContainers": [{"name": "x", "image": "i:v1"}], "containers": [{"name": "c", "image": "i:v1",
            "lifecycle": {"preStop": {"sleep": {"seconds": 100}}}}]})
        }
    }
}

fn basin(kind: u8) -> Basin {
    let mut latencies = Latencies::reference();
    let mut config = Config::reference();
    if kind == 1 {
        let none = Latency::constant(SimDuration::ZERO);
        latencies = Latencies { sandbox: none, create: none, start: none, image_check: none, ..latencies };
        latencies = Latencies { registry_round_trip: none, stop_sandbox: none, ..latencies };
    }
    if kind == 2 {
        (config.phases, config.jitter) = (Phases::Uniform, true);
        let drawn = Latency::log_normal(SimDuration::from_millis(50), 0.5);
        latencies = Latencies { sandbox: drawn, create: drawn, start: drawn, probe_exec: drawn, ..latencies };
        latencies.crowding_percent = 5;
        config.on_demand_relist = Latency::log_normal(SimDuration::from_millis(1), 0.5);
    }
    let mut basin = Basin::new(config, latencies, Started::Before);
    basin.machine.preload("i:v1".into());
    basin.behave("b", Behavior { start: SimDuration::from_secs(3), ..Behavior::default() });
    let stop = Stop::After { after: SimDuration::from_secs(5), code: 0 };
    let pull = Some(SimDuration::from_secs(2));
    basin.behave("c", Behavior { pull, stop, ..Behavior::default() });
    let exit = Some(machine::Exit { after: SimDuration::from_millis(1500), code: 1 });
    basin.behave("d", Behavior { exit, stop: Stop::Never, ..Behavior::default() });
    basin
}

impl Basin {
    fn act(&mut self, act: &Act, serials: &mut [u32; 6], next: &mut u32) {
        let now = self.now.as_nanos() / 1_000_000;
        match *act {
            Act::Create { serial, spec: which } => {
                let slot = &mut serials[serial as usize];
                if !self.pods.contains_key(slot) {
                    *slot = *next;
                    *next += 1;
                    let slot = *slot;
                    self.create(slot, &format!("p{serial}"), spec(which), 5);
                }
            }
            Act::Delete { serial, grace } => {
                let serial = serials[serial as usize];
                let left = self.pods.get(&serial).map(|pod| pod.meta.deletion.and_then(|d| d.grace_seconds));
                if left.is_some_and(|left| left.is_none_or(|left| grace < left)) {
                    self.delete(serial, grace, 5);
                }
            }
            Act::Wait(millis) => self.run(now + millis),
            Act::Refuse(refuse) => self.refuses = refuse.then_some("patch"),
            Act::Answer(serial, kind, index) => {
                let serial = serials.get(serial as usize).copied().unwrap_or(1_000_000);
                self.input(Input::Runtime(Answer::Pod { serial, answer: answer(kind, index) }));
            }
            Act::Timer(serial, kind) => {
                let serial = serials.get(serial as usize).copied().unwrap_or(1_000_000);
                self.input(Input::Timer(timer(serial, kind)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_everything_ends(kind in 0..3_u8, acts in proptest::collection::vec(act(), 0..60)) {
        // Strange answers make strange pods: those runs are only to survive.
        let is_strange = acts.iter().any(|act| matches!(act, Act::Answer(..) | Act::Timer(..)));
        let mut basin = basin(kind);
        let (mut serials, mut next) = ([900_000; 6], 0);
        for act in &acts {
            basin.act(act, &mut serials, &mut next);
        }
        basin.refuses = None;
        let now = basin.now.as_nanos() / 1_000_000;
        for serial in serials {
            if basin.pods.get(&serial).is_some_and(|pod| !pod.meta.is_deleting() && !pod.status.phase.is_terminal()) {
                basin.delete(serial, 30, 5);
            }
        }
        basin.run(now + 400_000);
        if !is_strange {
            let left: Vec<_> = basin.pods.values().filter(|pod| !pod.status.phase.is_terminal()).collect();
            prop_assert!(left.is_empty(), "{left:#?}");
            let deleting = basin.pods.values().filter(|pod| pod.meta.is_deleting()).count();
            prop_assert_eq!(deleting, 0);
        }
    }
}
