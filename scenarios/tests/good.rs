//! Scenarios as they should be, changes of them on the command line, and texts of all kinds.

mod support;

use api::selector::Operator;
use proptest::prelude::*;
use scenarios::files::{Files, Memory, Recording};
use scenarios::{Health, HealthResult, ProbeRole, ProfileName, Stop};
use support::{all, good, load, load_with, text};
use units::{Quantity, SimDuration, SimTime};

#[test]
fn defaults() {
    let scenario = good("");
    assert_eq!((scenario.name.as_str(), scenario.seed, scenario.profile), ("t", 0, ProfileName::Typical));
    assert_eq!(scenario.clock.start().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(scenario.duration, SimDuration::from_secs(60));
    assert!(scenario.pools.is_empty() && scenario.timeline.is_empty() && scenario.warnings.is_empty());
    assert_eq!(scenario.inputs.keys().collect::<Vec<_>>(), ["s.yaml"]);
    // Null is absent.
    assert_eq!(good("seed:\ncluster:\nbehaviors: ~").seed, 0);
}

#[test]
fn plain_values() {
    let scenario = good(
        "seed: 18446744073709551615\nstart: 2027-05-06T07:08:09Z\nprofile: reference\ndescription: >-\n  a\n  b",
    );
    assert_eq!((scenario.seed, scenario.description.as_str()), (u64::MAX, "a b"));
    assert_eq!(scenario.clock.start().to_string(), "2027-05-06T07:08:09Z");
    assert_eq!(scenario.profile, ProfileName::Reference);
}

#[test]
fn pools() {
    let scenario = good(
        "cluster:\n  nodes:\n  - name: node\n    count: 3\n    zones: [a, b]\n    labels: {disk: ssd}\n    taints: [{key: dedicated, value: db, effect: NoSchedule}, {key: dedicated, effect: NoExecute}]\n    capacity: {cpu: 8, memory: 32Gi, example.com/gpu: 2, hugepages-2Mi: 1Gi}\n  - name: extra",
    );
    let names: Vec<String> = scenario
        .pools
        .iter()
        .flat_map(|pool| pool.nodes().collect::<Vec<_>>())
        .map(|(name, labels)| format!("{name} {labels:?}"))
        .collect();
    assert_eq!(
        names,
        [
            r#"node-0 {"disk": "ssd", "topology.kubernetes.io/zone": "a"}"#,
            r#"node-1 {"disk": "ssd", "topology.kubernetes.io/zone": "b"}"#,
            r#"node-2 {"disk": "ssd", "topology.kubernetes.io/zone": "a"}"#,
            "extra {}",
        ]
    );
    assert_eq!(scenario.pools[0].taints.len(), 2);
    assert_eq!(
        scenario.pools[0].capacity.to_json().to_string(),
        r#"{"cpu":"8","ephemeral-storage":"100Gi","example.com/gpu":"2","hugepages-2Mi":"1Gi","memory":"32Gi","pods":"110"}"#
    );
    assert_eq!(scenario.pools[1].capacity.get("cpu"), Quantity::parse("4").ok());
}

#[test]
fn behaviors() {
    let scenario = good(
        "behaviors:\n- pods:\n    matchLabels: {app: web}\n    matchExpressions: [{key: tier, operator: NotIn, values: [db]}]\n  containers: [web]\n  runs: [1, 2]\n  pull: 2s\n  start: 500ms\n  stop: {after: 1s}\n  health:\n  - {probes: [readiness, liveness], from: 60s, to: 90s, result: timeout}\n  - {probes: [startup]}\n- {stop: {never: true}}\n- stop: {code: 0}",
    );
    let [first, second, third] = &scenario.behaviors[..] else { panic!("three rules") };
    let pods = first.pods.as_ref().expect("a selector");
    assert_eq!((pods.match_labels.len(), pods.match_expressions[0].operator), (1, Operator::NotIn));
    assert_eq!(first.containers.as_deref(), Some(["web".into()].as_slice()));
    assert_eq!(first.runs.as_deref(), Some([1, 2].as_slice()));
    assert_eq!(
        (first.pull, first.start),
        (Some(SimDuration::from_secs(2)), Some(SimDuration::from_millis(500)))
    );
    assert_eq!(first.stop, Some(Stop::After { after: SimDuration::from_secs(1), code: 143 }));
    let window = |probes: &[ProbeRole], from, to: Option<i64>, result| Health {
        probes: probes.to_vec(),
        from: SimDuration::from_secs(from),
        to: to.map(SimDuration::from_secs),
        result,
    };
    assert_eq!(
        first.health,
        [
            window(&[ProbeRole::Readiness, ProbeRole::Liveness], 60, Some(90), HealthResult::Timeout),
            window(&[ProbeRole::Startup], 0, None, HealthResult::Failure),
        ]
    );
    assert_eq!((second.stop, second.pods.is_none(), second.pull), (Some(Stop::Never), true, None));
    assert_eq!(third.stop, Some(Stop::After { after: SimDuration::ZERO, code: 0 }));
    assert_eq!(second.position.to_string(), "s.yaml:17:5");
}

#[test]
fn timelines() {
    let files = Memory::default().with("x/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let spec = "timeline:\n- {at: 20s, kubectl: delete pod 'a b'}\n- {at: 0, kubectl: apply -f x}\n- {at: 20s, kubectl: scale deployment/web --replicas=1}\n- {at: 60s, kubectl: set image deployment/web web=b}";
    let scenario = load_with(files, &text(spec), &[]).expect("a scenario");
    let steps: Vec<(SimTime, &str, u32)> = scenario
        .timeline
        .iter()
        .map(|step| (step.at, step.command.line.as_str(), step.position.line))
        .collect();
    assert_eq!(
        steps,
        [
            (SimTime::ZERO, "apply -f x", 7),
            (SimTime::from_secs(20), "delete pod 'a b'", 6),
            (SimTime::from_secs(20), "scale deployment/web --replicas=1", 8),
            (SimTime::from_secs(60), "set image deployment/web web=b", 9),
        ]
    );
    let [manifest] = scenario.timeline[0].command.manifests() else { panic!("one object") };
    assert_eq!((manifest.source.as_str(), &manifest.object["metadata"]["name"]), ("x/a.yaml", &"a".into()));
    assert_eq!(scenario.inputs.keys().collect::<Vec<_>>(), ["s.yaml", "x/a.yaml"]);
}

#[test]
fn saved_inputs_load_again() {
    let files = Memory::default()
        .with("d/s.yaml", text("manifests: [{path: base}, {path: ../m.yaml}]"))
        .with("d/base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
        .with("d/base/notes.txt", "")
        .with("d/../m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
    let first = scenarios::load(&files, "d/s.yaml", &[]).expect("a scenario");
    let again = scenarios::load(&Memory(first.inputs.clone()), "d/s.yaml", &[]).expect("the same");
    assert_eq!((first.manifests.len(), &first.manifests), (2, &again.manifests));
    assert_eq!(first.inputs.len(), 3);
}

#[test]
fn sources_are_there_where_loading_fails() {
    let files = Memory::default().with("s.yaml", "a: b");
    let recording = Recording::new(&files);
    assert!(scenarios::load(&recording, "s.yaml", &[]).is_err());
    assert_eq!(recording.read("s.yaml").as_deref(), Ok(b"a: b".as_slice()));
    assert_eq!(recording.inputs().len(), 1);
}

const CHANGED: &str = "cluster: {nodes: [{name: node, count: 2}]}\nmanifests:\n- apiVersion: apps/v1\n  kind: ReplicaSet\n  metadata: {name: web}\n  spec:\n    selector: {matchLabels: {app: web}}\n    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: i}]}}\n- path: d";

fn changed(set: &[&str]) -> Result<scenarios::Scenario, Vec<String>> {
    let files = Memory::default().with("d/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n");
    let files = files.with("e.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: e}\n");
    load_with(files, &text(CHANGED), set).map_err(|found| all(&found))
}

#[test]
fn changes_by_set() {
    let scenario = changed(&[
        "seed=7",
        "duration=2m",
        "cluster.nodes.node.count=5",
        "cluster.nodes.0.capacity.cpu=8",
        "manifests.web.spec.replicas=3",
        "manifests.1.path=e.yaml",
        "behaviors=[{start: 1s}]",
    ])
    .expect("a scenario");
    assert_eq!(
        (scenario.seed, scenario.duration, scenario.pools[0].count),
        (7, SimDuration::from_secs(120), Some(5))
    );
    assert_eq!(scenario.pools[0].capacity.get("cpu"), Quantity::parse("8").ok());
    assert_eq!(scenario.manifests[0].object["spec"]["replicas"], 3);
    assert_eq!(scenario.manifests[0].source.to_string(), "s.yaml:7:5");
    assert_eq!(scenario.manifests[1].name(), "e");
    assert_eq!(scenario.behaviors[0].position.to_string(), "--set behaviors=[{start: 1s}]:1:12");
}

#[test]
fn mistakes_keep_their_places_with_set() {
    let check = |set: &[&str], expect: &[&str]| {
        assert_eq!(
            changed(set).err().as_deref(),
            Some(&expect.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..]),
            "{set:?}"
        )
    };
    check(
        &["seed=x"],
        &[
            "--set seed=x:1:6: spec.seed: must be an integer from 0 to 18446744073709551615, not a string (\"x\")",
        ],
    );
    check(&["sede=1"], &["--set sede=1:1:1: unknown field \"spec.sede\" (did you mean \"seed\"?)"]);
    check(
        &["cluster.nodes.nod.count=1", "expect=[]"],
        &[
            "--set cluster.nodes.nod.count=1:1:15: spec.cluster.nodes has no item \"nod\" (it has 1; items are named by their `name`, or by their index from 0)",
            "--set expect=[]:1:1: spec.expect is not modelled yet: expectations that the run checks (here can be: description, seed, start, duration, profile, cluster, manifests, behaviors, timeline)",
        ],
    );
    check(
        &["manifests.web.spec.replicas=[1]", "duration=0"],
        &[
            "--set duration=0:1:10: spec.duration: must be more than 0",
            "--set manifests.web.spec.replicas=[1]:1:29: spec.replicas: must be an integer of 32 bits, not a list",
        ],
    );
    check(
        &["manifests.web.spec.template=null"],
        &[
            "--set manifests.web.spec.template=null:1:29: spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
            "--set manifests.web.spec.template=null:1:29: spec.template.spec.containers: Required value",
        ],
    );
}

#[test]
fn manifests_alone() {
    let files = Memory::default().with("-", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let minutes = SimDuration::from_secs(600);
    let of =
        |nodes, size, duration| scenarios::from_manifests(&files, &["-".to_owned()], nodes, size, duration);
    let scenario = of(5, Some("8cpu,16Gi,20pods"), minutes).expect("a scenario");
    assert_eq!(scenario.pools[0].node_names().last().as_deref(), Some("node-4"));
    let capacity = scenario.pools[0].capacity.to_json().to_string();
    assert_eq!(capacity, r#"{"cpu":"8","ephemeral-storage":"100Gi","memory":"16Gi","pods":"20"}"#);
    assert_eq!((scenario.manifests[0].name(), scenario.duration), ("a", minutes));
    assert_eq!(scenario.inputs.keys().collect::<Vec<_>>(), ["-"]);
    let found = of(0, Some("big,-1cpu"), SimDuration::ZERO).map_err(|found| all(&found));
    assert_eq!(
        found.err().unwrap_or_default(),
        [
            "--nodes 0:1:1: must be from 1 to 100000, not 0",
            "--for 0s:1:1: must be more than 0, and end before the year 2200",
            "--node-size big,-1cpu:1:1: \"big\" is no size of a node (CPU and memory: 4cpu,16Gi, or with pods: 4cpu,16Gi,110pods)",
            "--node-size big,-1cpu:1:1: \"-1cpu\" is no size of a node (CPU and memory: 4cpu,16Gi, or with pods: 4cpu,16Gi,110pods)",
        ]
    );
}

/// A text, with some of its bytes cut out, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let texts: Vec<&str> = scenarios::library().iter().map(|(_, text)| *text).collect();
    let pieces = [
        "",
        "- ",
        ": ",
        "{",
        "]",
        "\n  ",
        "null",
        "-1",
        "1e99",
        "'",
        "&a ",
        "*a",
        "<<: ",
        "é",
        "\t",
        "99999999999999999999",
        "path: x",
        "---\n",
    ];
    let edit = (0..4_usize, any::<prop::sample::Index>(), 0..12_usize, prop::sample::select(pieces.to_vec()));
    (prop::sample::select(texts), prop::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        let mut text: Vec<char> = text.chars().collect();
        for (what, at, length, piece) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + length).min(text.len());
            let new: Vec<char> = match what {
                0 => Vec::new(),
                1 => text[at..end].iter().chain(&text[at..end]).copied().collect(),
                _ => piece.chars().collect(),
            };
            text.splice(at..end, new);
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Any text is a scenario or has an error, whose place is in the text.
    #[test]
    fn mutated_scenarios_do_not_panic(text in mutated(), path in "[a-z.0-9\\\\]{0,12}", value in "[a-z:{}\\[\\], 0-9'*&]{0,8}") {
        let plain = load_with(Memory::default(), &text, &[]);
        if let Err(found) = &plain {
            prop_assert!(found.has_errors());
            let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
            for problem in found {
                prop_assert!((1..=lines + 1).contains(&problem.line) && problem.column >= 1, "{problem:?}");
            }
        }
        if let Err(found) = load_with(Memory::default(), &text, &[&format!("{path}={value}")]) {
            prop_assert!(found.iter().all(|problem| !problem.file.contains('\0')), "{found:?}");
        }
    }

    /// A change that changes nothing changes nothing: the text that `--set` writes means what the file meant.
    #[test]
    fn a_change_leaves_the_rest_alone(text in mutated()) {
        let show = |loaded: Result<scenarios::Scenario, api::diagnostics::Diagnostics>| match loaded {
            Ok(mut scenario) => { scenario.seed = 0; format!("{scenario:?}") }
            Err(found) => all(&found).join("\n"),
        };
        let plain = load_with(Memory::default(), &text, &[]);
        let plain = show(plain);
        // Where there is no `spec`, or a wrong seed, the change does change something.
        prop_assume!(!plain.contains(": spec: ") && !plain.contains("seed"));
        prop_assert_eq!(plain, show(load_with(Memory::default(), &text, &["seed=0"])));
    }
}

/// The scenarios of the recordings that need nothing of later.
#[test]
fn recorded_scenarios_load() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/recordings");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    for name in ["deployment-create", "rolling-update", "rolling-update-surge0", "readiness-flap"] {
        let text = std::fs::read_to_string(folder.join(name).join("scenario.yaml")).expect("a scenario");
        let scenario = load_with(Memory::default(), &text, &[])
            .unwrap_or_else(|found| panic!("{name}: {:#?}", all(&found)));
        assert_eq!(scenario.name, name);
        assert!(scenario.warnings.is_empty());
    }
    assert!(load("").is_ok());
}
