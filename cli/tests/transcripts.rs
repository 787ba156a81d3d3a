//! The commands, as somebody types them.

mod support;

use support::{Folder, Outcome};

use std::io::Write;
use std::process::Stdio;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example/web:v1
        resources: {requests: {cpu: 500m}}
";

#[test]
fn every_scenario_of_the_library_runs_and_is_told() {
    let folder = Folder::new("library");
    let list = folder.good("scenarios");
    let names: Vec<&str> =
        list.lines().filter_map(|line| line.split_whitespace().next()?.strip_prefix('@')).collect();
    assert!(names.contains(&"rolling-update") && names.len() >= 4, "{list}");
    for name in names {
        assert!(folder.good(&format!("scenarios {name}")).contains("kind: Scenario"), "{name}");
        assert!(folder.good(&format!("validate @{name}")).starts_with(&format!("@{name}: ok: ")), "{name}");
        let told = folder.good(&format!("run @{name}"));
        let (timeline, summary) = told.split_once("\n\n").expect("the summary follows the timeline");
        assert!(timeline.contains("created by kubectl"), "{told}");
        assert!(summary.lines().count() <= 40 && summary.starts_with("nodes: "), "{told}");
        let end = format!("--run @{name} --at ");
        assert!(
            summary.lines().last().is_some_and(|line| line.starts_with("next: ") && line.contains(&end)),
            "{told}"
        );
        let again = folder.good(&format!("run @{name} --check-determinism"));
        assert!(again.starts_with("same ") && again.contains(" events, hash "), "{again}");
    }
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn manifests_run_without_a_scenario() {
    let folder = Folder::new("manifests");
    folder.write("web.yaml", WEB);
    folder.write("all/web.yaml", WEB);
    for line in ["run -f web.yaml --nodes 5 --node-size 4cpu,16Gi --for 1m", "run -f all --nodes 5 --for 1m"]
    {
        let told = folder.good(line);
        assert!(
            told.contains("nodes: 5 of 5 Ready\n") && told.contains("deployment/web  3        3      0\n"),
            "{told}"
        );
    }
    folder.good("run -f all/ web.yaml --nodes 5 --for 1m --out from-files");
    let line = ["run", "-f", "-", "--for", "1m", "--out", "from-stdin"];
    let mut child = folder.command(&line).stdin(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("it is piped").write_all(WEB.as_bytes()).expect("it is read");
    let outcome = Outcome::of(child.wait_with_output().expect("it ends"));
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("nodes: 3 of 3 Ready\n"), "{outcome:?}");
    assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stdout.contains('\u{1b}'), "{outcome:?}");
    // A run that was kept needs its files no more.
    std::fs::remove_dir_all(folder.path("all")).expect("it is there");
    for run in ["from-files", "from-stdin"] {
        assert!(folder.good(&format!("replay {run}")).starts_with("same: "), "{run}");
    }
}

#[test]
fn what_is_given_on_the_line_changes_the_run() {
    let folder = Folder::new("options");
    let hash = |line: &str| {
        let told = folder.good(line);
        told.split("hash ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .map(str::to_owned)
            .expect("a hash")
    };
    let plain = hash("run @deployment-create");
    assert_eq!(hash("run @deployment-create"), plain);
    assert_ne!(hash("run @deployment-create --seed 77"), plain);
    assert_eq!(hash("run @deployment-create --seed 77"), hash("run @deployment-create --set seed=77"));
    assert_ne!(hash("run @deployment-create --until 3s"), plain);
    assert!(
        folder.good("run @deployment-create --set cluster.nodes.0.count=9").contains("nodes: 9 of 9 Ready\n")
    );
}

#[test]
fn a_run_that_is_kept_is_read_again() {
    let folder = Folder::new("kept");
    let told = folder.good("run @rolling-update --out run --record watch.jsonl.gz");
    assert_eq!(folder.names(), [".wavetank", "run", "watch.jsonl.gz"]);
    let files: Vec<String> = folder.files("run").keys().map(|path| path.display().to_string()).collect();
    let expect = [
        "inputs/0000-_rolling-update",
        "journal.wavetank",
        "run.json",
        "summary.txt",
        "timeline.txt",
        "trace.json",
    ];
    assert_eq!(files, expect);
    assert!(told.ends_with("next: wavetank get pods -A --at 3m0s\n"), "{told}");
    // The same objects, whichever way they are reached; ages are the same, for the clock is.
    for what in
        ["pods -A -o wide", "deploy,rs -n shop -o json", "events -A", "nodes -o yaml", "svc,ns -A -o name"]
    {
        for at in ["0s", "9s", "1m11.5s", "3m"] {
            let simulated = folder.run(&format!("get {what} --at {at} --run @rolling-update"));
            assert!(simulated.status == Some(0) || at == "0s", "{what} {at}: {simulated:?}");
            for run in ["", " --run run", " --run watch.jsonl.gz"] {
                let read = folder.run(&format!("get {what} --at {at}{run}"));
                assert_eq!(
                    (read.status, read.stdout),
                    (simulated.status, simulated.stdout.clone()),
                    "{what} {at}{run}"
                );
            }
        }
    }
    assert!(folder.good("replay run").starts_with("same: "));
}

#[test]
fn get_prints_what_kubectl_prints() {
    let folder = Folder::new("get");
    let get = |line: &str| folder.good(&format!("get {line} --run @deployment-create"));
    let table = get("deploy --at 30s --now 90s");
    assert_eq!(
        table,
        "NAME    READY   UP-TO-DATE   AVAILABLE   AGE\nhello   4/4     4            4           90s\n"
    );
    assert_eq!(
        get("deploy --at 30s --now 2026-01-01T01:00:00Z --no-headers -o wide").split_whitespace().nth(4),
        Some("60m")
    );
    assert_eq!(get("node -o name --at 0"), "node/node-0\nnode/node-1\n");
    let none = folder.run("get pods --run @deployment-create --at 0s");
    assert_eq!((none.status, none.stderr.as_str()), (Some(1), "No resources found in default namespace.\n"));
    let absent = folder.run("get pod nobody --run @deployment-create");
    assert_eq!(absent.status, Some(1));
    assert_eq!(absent.stderr, "Error from server (NotFound): pods \"nobody\" not found\n");
    let chosen =
        folder.command(&["get", "deploy", "-o", "name"]).env("WAVETANK_RUN", "@deployment-create").output();
    assert_eq!(chosen.expect("it starts").stdout, b"deployment.apps/hello\n");
}

#[test]
fn pods_are_placed_without_time() {
    let folder = Folder::new("schedule");
    let node = |name: &str, cpu: u32| {
        format!(
            "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\nstatus: {{allocatable: {{cpu: {cpu}, \
             memory: 8Gi, pods: 110}}}}\n"
        )
    };
    let pod = |name: &str, cpu: u32| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: nowhere}}\nspec: {{containers: \
             [{{name: c, image: i, resources: {{requests: {{cpu: {cpu}}}}}}}]}}\n"
        )
    };
    folder.write("nodes.yaml", node("small", 2) + &node("large", 8));
    folder.write("pods.yaml", pod("a", 1) + &pod("b", 4) + &pod("c", 5));
    let csv = folder.good("schedule -f nodes.yaml pods.yaml -o csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[..3], ["pod,node,message", "nowhere/a,large,", "nowhere/b,large,"], "{csv}");
    assert!(lines[3].starts_with("nowhere/c,,\"0/2 nodes are available: 2 Insufficient cpu."), "{csv}");
    let table = folder.good("schedule -f nodes.yaml -f pods.yaml");
    let cells = |line: usize| table.lines().nth(line).map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(cells(0).map(|cells| cells[..4].to_vec()), Some(vec!["NAMESPACE", "POD", "NODE", "SCORE"]));
    assert!(
        cells(1).is_some_and(|cells| cells[..3] == ["nowhere", "a", "large"] && cells[4] == "small"),
        "{table}"
    );
    assert!(table.lines().nth(2).is_some_and(|line| line.ends_with("   the only node that fits")), "{table}");
    let refused = ["nowhere", "c", "-", "-", "0/2", "nodes", "are", "available:"];
    assert!(cells(3).is_some_and(|cells| cells.starts_with(&refused)), "{table}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = Folder::new("pipe");
    let mut child = folder.command(&["run", "@rolling-update", "--out", "run"]).spawn().expect("it starts");
    drop(child.stdout.take());
    let outcome = Outcome::of(child.wait_with_output().expect("it ends"));
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(!outcome.stderr.contains("error") && folder.path("run/run.json").exists(), "{outcome:?}");
}

#[test]
fn two_processes_write_the_same_bytes() {
    let folder = Folder::new("same-bytes");
    for run in ["a", "b"] {
        folder.good(&format!("run @rolling-update --out {run} --record {run}.jsonl"));
    }
    assert_eq!(folder.files("a"), folder.files("b"));
    assert!(folder.files("a").values().all(|bytes| !bytes.is_empty()));
    let recording = |name: &str| std::fs::read(folder.path(name)).expect("it is there");
    assert!(recording("a.jsonl") == recording("b.jsonl") && recording("a.jsonl").len() > 10_000);
}

/// A crowd of pods, and some that fit nowhere: what is told of them fits on a screen.
#[test]
fn what_is_told_of_many_objects_stays_short() {
    let folder = Folder::new("crowd");
    let pod = |number: usize, cpu: u32| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p-{number:03}}}\nspec: {{containers: [{{name: c, image: i, \
             resources: {{requests: {{cpu: {cpu}m}}}}}}]}}\n"
        )
    };
    let pods: String = (0..120).map(|number| pod(number, if number < 115 { 10 } else { 64_000 })).collect();
    folder.write("pods.yaml", pods);
    let told = folder.good("run -f pods.yaml --nodes 3 --for 5m --out run");
    let (timeline, summary) = told.split_once("\n\n").expect("the summary follows the timeline");
    assert!(timeline.lines().count() <= 40 && summary.lines().count() <= 40, "{told}");
    for part in [
        "  pod/*  120 pods created by kubectl",
        "pods FailedScheduling: 0/3 nodes are available: 3 Insufficient cpu. …",
    ] {
        assert!(timeline.contains(part), "{part}: {told}");
    }
    for part in [
        "default: 120 pods, 115 Ready, 5 Pending\n",
        "! pod/p-115  Pending (and 4 more like it): FailedScheduling: 0/3 nodes are available: 3 Insufficient cpu.",
        "assumed: seed 0, profile typical, containers serve at once; hash ",
    ] {
        assert!(summary.contains(part), "{part}: {told}");
    }
    let read = |name: &str| std::fs::read_to_string(folder.path(name)).expect("it is there");
    let whole = read("run/timeline.txt");
    assert!(whole.lines().count() > 400 && whole.contains("preemption: 0/3 nodes"));
    assert_eq!(read("run/summary.txt"), summary);
}

#[test]
fn the_summary_says_what_it_rests_on() {
    let folder = Folder::new("assumed");
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec: {template: {spec: {restartPolicy: Never, \
               containers: [{name: c, image: i}]}}}\n";
    folder.write("web.yaml", format!("{WEB}      - {{name: side, image: i}}\n---\n{job}"));
    folder.write(
        "s.yaml",
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n  duration: 1m\n  cluster: {nodes: \
         [{name: a}]}\n  manifests: [{path: web.yaml}]\n  behaviors: [{containers: [web], start: 1s}]\n",
    );
    let told = folder.good("run s.yaml");
    assert!(told.contains(", containers without a behaviour (side) serve at once; hash "), "{told}");
    assert!(told.contains("kept, but nothing acts on them yet: 1 job\n"), "{told}");
    let all = folder.good("run s.yaml --set behaviors.0.containers=[web,side]");
    assert!(all.contains("assumed: seed 0, profile typical; hash "), "{all}");
}
