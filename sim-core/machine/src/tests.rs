//! What a machine answers, when, and what it notes.

use crate::{
    Behavior, Config, Exit, HealthResult, Latencies, Machine, MachineContext, MachineOutput, MachineTimer,
};
use crate::{Stop, Window};
use cri::{
    Answer, Container, ContainerId, Pod, PodAnswer, PodRequest, ProbeOutcome, ProbeRole, ProbeWay, Request,
};
use random::{Latency, Seed};
use std::collections::BTreeMap;
use std::sync::Arc;
use units::{SimDuration, SimTime};

fn millis(millis: i64) -> SimDuration {
    SimDuration::from_millis(millis)
}

struct Bench {
    machine: Machine,
    behavior: Arc<Behavior>,
    now: SimTime,
    queue: BTreeMap<(SimTime, (u32, u32)), MachineTimer>,
    /// `time in ms: answer or note`.
    log: Vec<String>,
}

fn pod(serial: u32) -> Arc<Pod> {
    Arc::new(Pod { namespace: "default".into(), name: format!("p{serial}").into(), uid: 7, serial })
}

fn container(index: u8) -> Arc<Container> {
    let id = ContainerId(u128::from(index) + 1);
    Arc::new(Container { name: "a".into(), image: "i:v1".into(), index, run: 1, id })
}

impl Bench {
    fn new(latencies: Latencies, behavior: Behavior) -> Self {
        let machine = Machine::new(Config { node: 0, latencies: latencies.into() });
        let (queue, log) = (BTreeMap::new(), Vec::new());
        Self { machine, behavior: behavior.into(), now: SimTime::ZERO, queue, log }
    }

    /// A machine on which container 0 of pod 0 was started at 0.42 s.
    fn started(behavior: Behavior) -> Self {
        let mut bench = Self::new(Latencies::reference(), behavior);
        bench.ask(0, PodRequest::RunPodSandbox { attempt: 0, host_network: false });
        bench.run(300);
        bench.ask(0, PodRequest::CreateContainer { container: container(0) });
        bench.run(360);
        bench.ask(0, PodRequest::StartContainer { container: container(0) });
        bench.run(420);
        bench.log.clear();
        bench
    }

    fn ask(&mut self, serial: u32, request: PodRequest) {
        let behavior = self.behavior.clone();
        self.with(|machine, context| machine.request(Request::Pod(pod(serial), request), &behavior, context));
    }

    fn with(&mut self, act: impl FnOnce(&mut Machine, &mut MachineContext<'_>)) {
        let mut out = MachineOutput::default();
        let mut context = MachineContext { now: self.now, seed: Seed(1), next_record: None, out: &mut out };
        act(&mut self.machine, &mut context);
        let at = self.now.as_nanos() / 1_000_000;
        self.log.extend(out.notes.iter().map(|note| format!("{at}: {:?}", note.kind)));
        self.log.extend(out.answers.iter().map(|answer| match answer {
            Answer::Pod { answer, .. } => format!("{at}: {answer:?}"),
            other => format!("{at}: {other:?}"),
        }));
        for (at, timer) in out.timers {
            let key = timer.key();
            assert!(key.1 < 1 << 31);
            assert_eq!(self.queue.insert((at, key), timer), None);
        }
    }

    fn run(&mut self, until: i64) {
        let until = SimTime::from_millis(until);
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((at, _), timer) = entry.remove_entry();
            self.now = at;
            self.with(|machine, context| machine.on_timer(timer, context));
        }
        self.now = until;
    }

    fn probe(&mut self, way: ProbeWay, timeout: i64) {
        let (container, role) = (container(0), ProbeRole::Readiness);
        self.ask(0, PodRequest::Probe { container, role, way, timeout: millis(timeout) });
    }
}

/// A container that starts at 0.42 s and is asked to stop with this grace at once.
fn check_stop(behavior: Behavior, grace: i64, expect: &[&str]) {
    let mut bench = Bench::started(behavior);
    bench.ask(0, PodRequest::StopContainer { container: container(0), grace: millis(grace) });
    bench.run(100_000);
    assert_eq!(bench.log, expect);
}

#[test]
fn a_container_stops() {
    let signalled = "420: ProcessSignalled { grace_seconds: 5 }";
    let stopped = |at: i64| format!("{at}: Stopped {{ id: ContainerId(1) }}");
    check_stop(Behavior::default(), 5000, &[signalled, "420: ProcessEnded { code: 143 }", &stopped(420)]);
    let after =
        |after, code| Behavior { stop: Stop::After { after: millis(after), code }, ..Behavior::default() };
    check_stop(after(4999, 0), 5000, &[signalled, "5419: ProcessEnded { code: 0 }", &stopped(5419)]);
    // As long as the grace is too long.
    check_stop(after(5000, 0), 5000, &[signalled, "5420: ProcessEnded { code: 137 }", &stopped(5420)]);
    let never = Behavior { stop: Stop::Never, ..Behavior::default() };
    check_stop(never.clone(), 5000, &[signalled, "5420: ProcessEnded { code: 137 }", &stopped(5420)]);
    let exit = Some(Exit { after: millis(2000), code: 3 });
    check_stop(
        Behavior { exit, ..never },
        5000,
        &[signalled, "2420: ProcessEnded { code: 3 }", &stopped(2420)],
    );
}

#[test]
fn a_container_that_has_ended_stops_at_once() {
    let exit = Some(Exit { after: millis(80), code: 0 });
    let mut bench = Bench::started(Behavior { exit, ..Behavior::default() });
    bench.run(600);
    bench.ask(0, PodRequest::StopContainer { container: container(0), grace: millis(5000) });
    bench.run(10_000);
    assert_eq!(bench.log, ["500: ProcessEnded { code: 0 }", "600: Stopped { id: ContainerId(1) }"]);
}

#[test]
fn the_answer_to_a_stop_comes_a_little_after_the_end() {
    let latencies = Latencies { stop: Latency::constant(millis(5)), ..Latencies::reference() };
    let mut bench = Bench::started(Behavior::default());
    bench.machine.latencies = latencies.into();
    bench.ask(0, PodRequest::StopContainer { container: container(0), grace: millis(5000) });
    bench.run(1_000);
    assert_eq!(bench.log[1..], ["420: ProcessEnded { code: 143 }", "425: Stopped { id: ContainerId(1) }"]);
}

#[test]
fn what_probes_see() {
    let window = |from, to, result| Window {
        probes: vec![ProbeRole::Readiness],
        from: millis(from),
        to: millis(to),
        result,
    };
    let health = vec![window(2000, 3000, HealthResult::Failure), window(2500, 4000, HealthResult::Timeout)];
    let mut bench = Bench::started(Behavior { start: millis(1000), health, ..Behavior::default() });
    for age in [999, 1000, 1999, 2000, 2500, 3000, 3999, 4000] {
        bench.run(420 + age);
        bench.probe(ProbeWay::Net, 500);
    }
    bench.run(10_000);
    let short: Vec<String> = bench
        .log
        .iter()
        .map(|line| line.replace("Probed { id: ContainerId(1), role: Readiness, outcome: ", ""))
        .collect();
    assert_eq!(
        short,
        [
            "1419: Failure(NotStarted) }",
            "1420: Success }",
            "2419: Success }",
            "2420: Failure(Unhealthy) }",
            "2920: Failure(Unhealthy) }",
            "3920: Failure(Timeout) }",
            "4420: Success }",
            "4919: Failure(Timeout) }",
        ]
    );
}

#[test]
fn a_probe_of_nothing_fails() {
    let mut bench = Bench::started(Behavior::default());
    bench.ask(0, PodRequest::StopContainer { container: container(0), grace: millis(2000) });
    bench.log.clear();
    bench.probe(ProbeWay::Exec, 1000);
    let not_running = ProbeOutcome::Failure(cri::ProbeFailure::NotRunning);
    let answer = PodAnswer::Probed { id: ContainerId(1), role: ProbeRole::Readiness, outcome: not_running };
    assert_eq!(bench.log, [format!("420: {answer:?}")]);
}

#[test]
fn no_draw_lets_a_good_probe_time_out() {
    let mut bench = Bench::started(Behavior::default());
    let slow = Latency::log_normal(millis(900), 0.5);
    bench.machine.latencies = Latencies { probe_exec: slow, ..Latencies::reference() }.into();
    for k in 0..200 {
        bench.run(1_000 + 2_000 * k);
        bench.probe(ProbeWay::Exec, 1000);
    }
    bench.run(500_000);
    assert_eq!(bench.log.len(), 200);
    for (k, line) in bench.log.iter().enumerate() {
        let at: usize = line.split(':').next().unwrap().parse().unwrap();
        assert!(line.contains("Success") && at - 1_000 - 2_000 * k <= 900, "{line}");
    }
    assert!(bench.log.iter().any(|line| !line.contains("900:")), "the draws vary");
}

#[test]
fn a_draw_belongs_to_the_pod() {
    let drawn = Latency::log_normal(millis(300), 0.5);
    let at = |others: u32| {
        let mut bench =
            Bench::new(Latencies { sandbox: drawn, ..Latencies::reference() }, Behavior::default());
        for serial in (0..=others).rev() {
            bench.ask(serial, PodRequest::RunPodSandbox { attempt: 0, host_network: true });
        }
        let of_first = bench.queue.keys().find(|(_, (serial, _))| *serial == 0);
        of_first.unwrap().0
    };
    assert_eq!(at(0), at(5));
}

#[test]
fn crowding_slows_down() {
    let latencies = Latencies { crowding_percent: 5, ..Latencies::reference() };
    let mut bench = Bench::new(latencies, Behavior::default());
    for serial in 0..3 {
        bench.ask(serial, PodRequest::RunPodSandbox { attempt: 0, host_network: false });
    }
    bench.run(1_000);
    let started: Vec<&String> = bench.log.iter().filter(|line| line.contains("SandboxStarted")).collect();
    assert_eq!(
        started,
        [
            "300: SandboxStarted",
            "300: SandboxStarted",
            "315: SandboxStarted",
            "315: SandboxStarted",
            "330: SandboxStarted",
            "330: SandboxStarted"
        ]
    );
}

#[test]
fn pulls_by_size_by_behaviour_and_of_what_is_there() {
    let check = |pull: Option<i64>, preloaded: bool, expect: &str| {
        let behavior = Behavior { pull: pull.map(millis), ..Behavior::default() };
        let mut bench = Bench::new(Latencies::reference(), behavior);
        if preloaded {
            bench.machine.preload("i:v1".into());
        }
        bench.ask(0, PodRequest::PullImage { container: container(0) });
        bench.run(100_000);
        assert_eq!(bench.log.last().unwrap(), expect);
    };
    check(None, false, "2510: Pulled { index: 0, took: SimDuration(2500000000), size_bytes: 60000000 }");
    check(
        Some(3000),
        false,
        "3010: Pulled { index: 0, took: SimDuration(3000000000), size_bytes: 60000000 }",
    );
    check(Some(3000), true, "510: Pulled { index: 0, took: SimDuration(500000000), size_bytes: 60000000 }");
}

#[test]
fn the_first_container_waits_for_its_sandbox() {
    let none = Latency::constant(SimDuration::ZERO);
    let recorded =
        Latencies { sandbox: none, create: none, first_container: millis(80), ..Latencies::reference() };
    let mut bench = Bench::new(recorded, Behavior::default());
    bench.ask(0, PodRequest::RunPodSandbox { attempt: 0, host_network: false });
    bench.run(30);
    bench.ask(0, PodRequest::CreateContainer { container: container(0) });
    bench.run(100);
    bench.ask(0, PodRequest::CreateContainer { container: container(1) });
    assert_eq!(bench.log[2..], ["80: Created { index: 0 }", "100: Created { index: 1 }"]);
}

#[test]
fn a_list_shows_what_changed() {
    let mut bench = Bench::started(Behavior::default());
    let list = |bench: &mut Bench, since: u64| -> (u64, usize) {
        let mut out = MachineOutput::default();
        let mut context = MachineContext { now: bench.now, seed: Seed(1), next_record: None, out: &mut out };
        bench.machine.request(Request::List { since }, &Arc::default(), &mut context);
        match out.answers.as_slice() {
            [Answer::List { revision, pods }] => (*revision, pods.len()),
            other => panic!("{other:?}"),
        }
    };
    let (revision, changed) = list(&mut bench, 0);
    assert_eq!(changed, 1);
    assert_eq!(list(&mut bench, revision), (revision, 0));
    bench.ask(0, PodRequest::StopContainer { container: container(0), grace: millis(2000) });
    assert_eq!(list(&mut bench, revision), (revision + 1, 1));
}

#[test]
fn hooks_run_in_their_process() {
    let hook = |text: &str| -> Arc<[cri::Name]> { text.split(' ').map(cri::Name::new).collect() };
    let check = |command: &str, exit: Option<i64>, expect: &str| {
        let exit = exit.map(|after| Exit { after: millis(after), code: 0 });
        let mut bench = Bench::started(Behavior { exit, ..Behavior::default() });
        bench.ask(0, PodRequest::ExecHook { container: container(0), command: hook(command) });
        bench.run(100_000);
        let answers: Vec<&String> = bench.log.iter().filter(|line| line.contains("Hook")).collect();
        assert_eq!(answers, [expect]);
    };
    check("hook prestop 3s", None, "3420: HookEnded { id: ContainerId(1), succeeded: true }");
    check("hook prestop 3s", Some(1000), "1420: HookEnded { id: ContainerId(1), succeeded: false }");
    check("sleep 3", None, "420: HookEnded { id: ContainerId(1), succeeded: true }");
    check("hook prestop soon", None, "420: HookEnded { id: ContainerId(1), succeeded: true }");
}

#[test]
fn notes_number_their_records() {
    let mut bench = Bench::started(Behavior::default());
    let mut out = MachineOutput::default();
    let mut context = MachineContext { now: bench.now, seed: Seed(1), next_record: Some(40), out: &mut out };
    let stop = PodRequest::StopContainer { container: container(0), grace: millis(2000) };
    bench.machine.request(Request::Pod(pod(0), stop), &Arc::default(), &mut context);
    assert_eq!(out.notes.len(), 2);
    let status = &bench.machine.pods[&0].status;
    assert_eq!(status.containers[0].record, Some(41));
}
