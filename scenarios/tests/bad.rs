//! Mistakes in scenarios: every place and every word.

mod support;

use support::{refuse, refuse_text, text};

#[test]
fn the_file_itself() {
    refuse_text(
        "",
        &[
            "s.yaml:1:1: the file is empty (a scenario begins with apiVersion: wavetank.dev/v1alpha1 and kind: Scenario)",
        ],
    );
    refuse_text("a: [\n", &["s.yaml:2:1: while parsing a node, did not find expected node content"]);
    refuse_text("- 1\n", &["s.yaml:1:1: a scenario is an object with apiVersion, kind, metadata and spec"]);
    refuse_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {labels: {}}\n",
        &[
            r#"s.yaml:1:13: apiVersion: must be wavetank.dev/v1alpha1, not "v1""#,
            r#"s.yaml:2:7: kind: must be Scenario, not "Pod""#,
        ],
    );
    refuse_text(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\n",
        &[
            "s.yaml:1:1: metadata: Required value (metadata: {name: …})",
            "s.yaml:1:1: spec: Required value (what the scenario is)",
        ],
    );
    refuse_text(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: A_B, labels: {}}\nspec: 1\nstatus: {}\n",
        &[
            r#"s.yaml:5:1: unknown field "status" (here can be: apiVersion, kind, metadata, spec)"#,
            r#"s.yaml:3:23: unknown field "metadata.labels" (here can be: name)"#,
            r#"s.yaml:3:18: metadata.name: Invalid value: "A_B": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character…"#,
            r#"s.yaml:4:7: spec: must be an object, not an integer ("1")"#,
        ],
    );
    refuse_text(
        &format!("{}---\n{}", text(""), text("")),
        &["s.yaml:7:1: a scenario is one document, and this is a second one"],
    );
    refuse_text(
        &text("seed: 1\nseed: 2"),
        &[r#"s.yaml:6:3: duplicate key "seed"; the one before is at line 5, column 3"#],
    );
}

#[test]
fn unknown_fields() {
    refuse(
        "behaviours: []\nSeed: 1\nzzz: 1",
        &[
            r#"s.yaml:5:3: unknown field "spec.behaviours" (did you mean "behaviors"?)"#,
            r#"s.yaml:6:3: unknown field "spec.Seed" (did you mean "seed"?)"#,
            r#"s.yaml:7:3: unknown field "spec.zzz"…"#,
        ],
    );
}

#[test]
fn fields_of_later() {
    refuse(
        "profileOverrides: {}\nexisting: []\nexpect: []\ntraffic: {}\nnetwork: {}\ncluster: {components: {}, nodes: [{name: a, staticPods: []}]}",
        &[
            "s.yaml:5:3: spec.profileOverrides is not modelled yet: single numbers of the profile; `profile` chooses a whole table…",
            "s.yaml:6:3: spec.existing is not modelled yet: objects that are there and settled before t=0; `manifests` are applied from t=0 on…",
            "s.yaml:7:3: spec.expect is not modelled yet: expectations that the run checks…",
            "s.yaml:8:3: spec.traffic is not modelled yet: requests that clients send to services…",
            "s.yaml:9:3: spec.network is not modelled yet: how the network of the cluster is built…",
            "s.yaml:10:13: spec.cluster.components is not modelled yet: flags and replicas of the control plane's components; they run with their defaults (here can be: nodes)",
            "s.yaml:10:47: spec.cluster.nodes[0].staticPods is not modelled yet: pods that the kubelets run from files (here can be: name, count, zones, labels, taints, capacity)",
        ],
    );
    refuse(
        "behaviors:\n- exit: {after: 30s}\n  usage: {}\n  hooks: {}",
        &[
            "s.yaml:6:5: spec.behaviors[0].exit is not modelled yet: a process that ends by itself (here can be: pods, containers, runs, pull, start, stop, health)",
            "s.yaml:7:5: spec.behaviors[0].usage is not modelled yet: the CPU and memory that a process uses (here can be: pods, containers, runs, pull, start, stop, health)",
            "s.yaml:8:5: spec.behaviors[0].hooks is not modelled yet: the time that preStop and postStart hooks take (here can be: pods, containers, runs, pull, start, stop, health)",
        ],
    );
    refuse(
        "timeline:\n- at: 1s\n  node: {stop: a}\n- {at: 2s, fault: {}, for: 3s}\n- {kubelet: {}}\n- {at: 1s, zone: {}}\n- {at: 1s, component: {}}",
        &[
            "s.yaml:7:5: spec.timeline[0].node is not modelled yet: machines that stop, start, come and go (here can be: at, kubectl)",
            "s.yaml:8:14: spec.timeline[1].fault is not modelled yet: faults of the registry, the network, the API server and disks (here can be: at, kubectl)",
            "s.yaml:8:25: spec.timeline[1].for is not modelled yet: the end of a fault (here can be: at, kubectl)",
            "s.yaml:9:6: spec.timeline[2].kubelet is not modelled yet: a kubelet that stops and starts (here can be: at, kubectl)",
            "s.yaml:9:5: spec.timeline[2].at: Required value (when it happens: at: 60s)",
            "s.yaml:10:14: spec.timeline[3].zone is not modelled yet: a whole zone that stops and starts (here can be: at, kubectl)",
            "s.yaml:11:14: spec.timeline[4].component is not modelled yet: a component of the control plane that stops and starts (here can be: at, kubectl)",
        ],
    );
}

#[test]
fn plain_values() {
    refuse(
        "description: [x]\nseed: -1\nstart: yesterday\nprofile: Typical",
        &[
            "s.yaml:5:16: spec.description: must be a string, not a list",
            r#"s.yaml:6:9: spec.seed: must be an integer from 0 to 18446744073709551615, not an integer ("-1")"#,
            r#"s.yaml:7:10: spec.start: not an RFC 3339 time: "yesterday" (for example 2026-01-01T00:00:00Z)"#,
            r#"s.yaml:8:12: spec.profile: Unsupported value: "Typical": supported values: "typical", "recorded", "reference" (did you mean "typical"?)"#,
        ],
    );
    refuse(
        "seed: 18446744073709551616\nstart: 2026-13-01\nprofile: fast",
        &[
            r#"s.yaml:5:9: spec.seed: must be an integer from 0 to 18446744073709551615, not a number ("18446744073709551616")"#,
            r#"s.yaml:6:10: spec.start: not an RFC 3339 time: "2026-13-01" (for example 2026-01-01T00:00:00Z)"#,
            r#"s.yaml:7:12: spec.profile: Unsupported value: "fast": supported values: "typical", "recorded", "reference""#,
        ],
    );
    refuse(
        "seed: 1.5\nstart: 5",
        &[
            r#"s.yaml:5:9: spec.seed: must be an integer from 0 to 18446744073709551615, not a number ("1.5")"#,
            r#"s.yaml:6:10: spec.start: must be a string, not an integer ("5") (put quotes around it: "5")"#,
        ],
    );
}

#[test]
fn durations() {
    let with = |duration: &str| {
        format!(
            "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: t}}\nspec: {{{duration}}}\n"
        )
    };
    for (duration, expect) in [
        ("", "s.yaml:4:7: spec.duration: Required value (the virtual time of the run: duration: 5m)"),
        ("duration: null", "s.yaml:4:7: spec.duration: Required value…"),
        (
            "duration: 60",
            "s.yaml:4:18: spec.duration: must be a duration, not an integer (\"60\") (did you mean 60s?)",
        ),
        (
            "duration: 5 min",
            "s.yaml:4:18: spec.duration: time: unknown unit \" min\" in duration \"5 min\" (durations are…",
        ),
        ("duration: ''", "s.yaml:4:18: spec.duration: time: invalid duration \"\" (durations…"),
        (
            "duration: 1d",
            "s.yaml:4:18: spec.duration: time: unknown unit \"d\" in duration \"1d\" (durations…",
        ),
        ("duration: 0", "s.yaml:4:18: spec.duration: must be more than 0"),
        ("duration: -5m", "s.yaml:4:18: spec.duration: must not be negative: -5m"),
        ("duration: 9999999h", "s.yaml:4:18: spec.duration: time: invalid duration \"9999999h\"…"),
        ("duration: 2000000h", "s.yaml:4:18: spec.duration: the run must end before the year 2200"),
        (
            "duration: 1h, start: '2199-12-31T23:30:00Z'",
            "s.yaml:4:18: spec.duration: the run must end before…",
        ),
        ("duration: [1s]", "s.yaml:4:18: spec.duration: must be a duration, not a list"),
    ] {
        refuse_text(&with(duration), &[expect]);
    }
}

#[test]
fn pools() {
    refuse(
        "cluster: {nodes: [{count: 1}, {name: A_b}, {name: a, count: 0}, {name: b, count: -1}, {name: c, count: 1e9}, {name: d, count: x}, e]}",
        &[
            "s.yaml:5:21: spec.cluster.nodes[0].name: Required value (the name of the pool: its nodes are NAME-0, NAME-1, …)",
            r#"s.yaml:5:40: spec.cluster.nodes[1].name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character…"#,
            "s.yaml:5:63: spec.cluster.nodes[2].count: must be at least 1, not 0 (leave the pool out, or leave `count` out for one node of this name)",
            "s.yaml:5:84: spec.cluster.nodes[3].count: must be from 1 to 100000, not -1",
            "s.yaml:5:106: spec.cluster.nodes[4].count: must be from 1 to 100000, not 1000000000",
            r#"s.yaml:5:129: spec.cluster.nodes[5].count: must be an integer, not a string ("x")"#,
            r#"s.yaml:5:133: spec.cluster.nodes[6]: must be an object, not a string ("e")"#,
        ],
    );
    refuse(
        "cluster:\n  nodes:\n  - {name: a}\n  - {name: a, count: 3}",
        &[r#"s.yaml:8:14: spec.cluster.nodes[1].name: two pools are named "a"; the first is at s.yaml:7:7"#],
    );
    refuse(
        "cluster:\n  nodes:\n  - {name: a, count: 3}\n  - {name: a-1}",
        &[
            r#"s.yaml:8:14: spec.cluster.nodes[1].name: the node "a-1" belongs to two pools; the first is at s.yaml:7:7"#,
        ],
    );
    refuse(
        "cluster: {nodes: [{name: a, count: 60000}, {name: b, count: 60000}]}",
        &["s.yaml:5:20: spec.cluster.nodes: 120000 nodes are too many: at most 100000"],
    );
    refuse(
        "cluster: {nodes: {name: a}}",
        &["s.yaml:5:20: spec.cluster.nodes: must be a list, not an object"],
    );
    refuse("cluster: []", &["s.yaml:5:12: spec.cluster: must be an object, not a list"]);
    refuse(
        &format!("cluster: {{nodes: [{{name: {}, count: 5}}]}}", "a".repeat(62)),
        &[
            r#"s.yaml:5:28: spec.cluster.nodes[0].name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": names of nodes must be no more than 63 characters"#,
        ],
    );
}

#[test]
fn labels_zones_and_taints() {
    refuse(
        "cluster:\n  nodes:\n  - name: a\n    zones: [a, 1, '', 'b c']\n    labels: {x: 1, a/b/c: d, ok: 'no way'}",
        &[
            r#"s.yaml:8:18: spec.cluster.nodes[0].zones[1]: must be a string, not an integer ("1") (put quotes around it: "1")"#,
            "s.yaml:8:21: spec.cluster.nodes[0].zones[2]: must not be empty",
            r#"s.yaml:8:25: spec.cluster.nodes[0].zones[3]: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character…"#,
            r#"s.yaml:9:19: spec.cluster.nodes[0].labels[x]: must be a string, not an integer ("1") (put quotes around it: "1")"#,
            r#"s.yaml:9:22: spec.cluster.nodes[0].labels: Invalid value: "a/b/c": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character…"#,
            r#"s.yaml:9:36: spec.cluster.nodes[0].labels[ok]: Invalid value: "no way": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character…"#,
        ],
    );
    refuse(
        "cluster:\n  nodes:\n  - name: a\n    taints:\n    - {key: a, effect: NoSchedul}\n    - {value: b}\n    - {key: a, value: 1, effect: NoExecute}\n    - {key: a, value: x, effect: NoExecute, operator: Equal}",
        &[
            r#"s.yaml:9:26: spec.cluster.nodes[0].taints[0].effect: Unsupported value: "NoSchedul": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute" (did you mean "NoSchedule"?)"#,
            "s.yaml:10:9: spec.cluster.nodes[0].taints[1].effect: Required value (NoSchedule, PreferNoSchedule or NoExecute)",
            "s.yaml:10:9: spec.cluster.nodes[0].taints[1].key: Required value (a taint is {key: …, value: …, effect: …})",
            r#"s.yaml:11:25: spec.cluster.nodes[0].taints[2].value: must be a string, not an integer ("1") (put quotes around it: "1")"#,
            r#"s.yaml:12:47: unknown field "spec.cluster.nodes[0].taints[3].operator" (here can be: key, value, effect)"#,
            "s.yaml:12:9: spec.cluster.nodes[0].taints[3]: taints must be unique by key and effect; the first is at s.yaml:11:9",
        ],
    );
}

#[test]
fn capacities() {
    refuse(
        "cluster: {nodes: [{name: a, capacity: {cpu: four, memroy: 1Gi, memory: -1, pods: 1.5, gpu: 1, example.com/gpu: 500m}}]}",
        &[
            r#"s.yaml:5:47: spec.cluster.nodes[0].capacity[cpu]: Invalid value: "four": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#,
            r#"s.yaml:5:53: spec.cluster.nodes[0].capacity: Invalid value: "memroy": must be a standard resource type or fully qualified (did you mean "memory"?)"#,
            r#"s.yaml:5:74: spec.cluster.nodes[0].capacity[memory]: Invalid value: "-1": must be greater than or equal to 0"#,
            r#"s.yaml:5:84: spec.cluster.nodes[0].capacity[pods]: Invalid value: "1500m": must be an integer"#,
            r#"s.yaml:5:89: spec.cluster.nodes[0].capacity: Invalid value: "gpu": must be a standard resource type or fully qualified (did you mean "cpu"?)"#,
            r#"s.yaml:5:114: spec.cluster.nodes[0].capacity[example.com/gpu]: Invalid value: "500m": must be an integer"#,
        ],
    );
    refuse(
        "cluster: {nodes: [{name: a, capacity: {cpu: [4]}}, {name: b, capacity: 4}]}",
        &[
            "s.yaml:5:47: spec.cluster.nodes[0].capacity[cpu]: must be a quantity, not a list",
            r#"s.yaml:5:74: spec.cluster.nodes[1].capacity: must be an object, not an integer ("4")"#,
        ],
    );
}

#[test]
fn behaviors() {
    refuse(
        "behaviors:\n- {pull: 2, start: 1 s, containers: [], runs: [0]}\n- {runs: [], containers: [Web, 1]}\n- web",
        &[
            "s.yaml:6:39: spec.behaviors[0].containers: must not be empty (leave `containers` out for all containers)",
            "s.yaml:6:50: spec.behaviors[0].runs[0]: must be from 1 to 2147483647, not 0",
            r#"s.yaml:6:12: spec.behaviors[0].pull: must be a duration, not an integer ("2") (did you mean 2s?)"#,
            r#"s.yaml:6:22: spec.behaviors[0].start: time: unknown unit " s" in duration "1 s" (durations are written as in Go: 500ms, 1.5s, 5m, 1h30m)"#,
            r#"s.yaml:7:29: spec.behaviors[1].containers[0]: Invalid value: "Web": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character…"#,
            r#"s.yaml:7:34: spec.behaviors[1].containers[1]: must be a string, not an integer ("1") (put quotes around it: "1")"#,
            "s.yaml:7:12: spec.behaviors[1].runs: must not be empty (leave `runs` out for all starts; 1 is the first)",
            r#"s.yaml:8:5: spec.behaviors[2]: must be an object, not a string ("web")"#,
        ],
    );
    refuse(
        "behaviors:\n- stop: {after: -1s, code: 256}\n- stop: {never: false}\n- stop: {never: true, after: 1s}\n- stop: 1s",
        &[
            "s.yaml:6:19: spec.behaviors[0].stop.after: must not be negative: -1s",
            "s.yaml:6:30: spec.behaviors[0].stop.code: must be from 0 to 255, not 256",
            r#"s.yaml:7:19: spec.behaviors[1].stop.never: must be true, not a boolean ("false")"#,
            "s.yaml:8:19: spec.behaviors[2].stop.never: a process that never stops has neither `after` nor `code`",
            r#"s.yaml:9:11: spec.behaviors[3].stop: must be an object, not a string ("1s")"#,
        ],
    );
}

#[test]
fn windows() {
    refuse(
        "behaviors:\n- health:\n  - {probes: [readiness], from: 60s, to: 30s}\n  - {probes: [ready], to: 0s, result: timeout}\n  - {from: 1s, result: fail}\n  - {probes: [], till: 1s}",
        &[
            "s.yaml:7:44: spec.behaviors[0].health[0].to: the window ends at 30s but begins at 60s",
            r#"s.yaml:8:17: spec.behaviors[0].health[1].probes[0]: Unsupported value: "ready": supported values: "startup", "liveness", "readiness""#,
            "s.yaml:8:29: spec.behaviors[0].health[1].to: the window ends at 0s but begins at 0s",
            "s.yaml:9:7: spec.behaviors[0].health[2].probes: Required value (startup, liveness, readiness)",
            r#"s.yaml:9:26: spec.behaviors[0].health[2].result: Unsupported value: "fail": supported values: "failure", "timeout""#,
            r#"s.yaml:10:20: unknown field "spec.behaviors[0].health[3].till" (here can be: probes, from, to, result)"#,
            "s.yaml:10:16: spec.behaviors[0].health[3].probes: must not be empty (startup, liveness, readiness)",
        ],
    );
}

#[test]
fn selectors() {
    refuse(
        "behaviors:\n- pods: {app: web}\n- pods: {matchLabels: {app: 1}, matchLables: {}}\n- pods: web",
        &[
            "s.yaml:6:11: spec.behaviors[0].pods: must be a label selector: {matchLabels: {…}, matchExpressions: […]} (did you mean {matchLabels: {app: web}}?)",
            r#"s.yaml:7:35: unknown field "spec.behaviors[1].pods.matchLables" (did you mean "matchLabels"?)"#,
            r#"s.yaml:7:31: spec.behaviors[1].pods.matchLabels[app]: must be a string, not an integer ("1") (put quotes around it: "1")"#,
            r#"s.yaml:8:11: spec.behaviors[2].pods: must be an object, not a string ("web")"#,
        ],
    );
    refuse(
        "behaviors:\n- pods:\n    matchExpressions:\n    - {key: app, operator: In}\n    - {key: app, operator: Exists, values: [a]}\n    - {key: app, operator: Is, values: [a]}\n    - {operator: DoesNotExist}\n    - {key: app}",
        &[
            "s.yaml:8:9: spec.behaviors[0].pods.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            "s.yaml:9:46: spec.behaviors[0].pods.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            r#"s.yaml:10:30: spec.behaviors[0].pods.matchExpressions[2].operator: Unsupported value: "Is": supported values: "In", "NotIn", "Exists", "DoesNotExist""#,
            "s.yaml:11:9: spec.behaviors[0].pods.matchExpressions[3].key: Required value (the key of a label)",
            "s.yaml:12:9: spec.behaviors[0].pods.matchExpressions[4].operator: Required value (In, NotIn, Exists or DoesNotExist)",
        ],
    );
}

#[test]
fn timelines() {
    refuse(
        "timeline:\n- at: 61s\n  kubectl: scale deployment/web --replicas=1\n- kubectl: scale x\n- at: -1s\n  kubectl: 'a ''b'\n- {at: 1s}\n- {at: 1, kubectl: ''}\n- scale",
        &[
            "s.yaml:6:9: spec.timeline[0].at: 61s is after the end of the run: spec.duration is 1m0s",
            "s.yaml:8:5: spec.timeline[1].at: Required value (when it happens: at: 60s)",
            r#"s.yaml:8:14: spec.timeline[1].kubectl: required flag(s) "replicas" not set"#,
            "s.yaml:9:9: spec.timeline[2].at: must not be negative: -1s",
            "s.yaml:10:14: spec.timeline[2].kubectl: a quote (') is not closed",
            "s.yaml:11:5: spec.timeline[3].kubectl: Required value (kubectl: scale deployment/web --replicas=3)",
            r#"s.yaml:12:10: spec.timeline[4].at: must be a duration, not an integer ("1") (did you mean 1s?)"#,
            "s.yaml:12:22: spec.timeline[4].kubectl: must not be empty (for example: scale deployment/web --replicas=3)",
            r#"s.yaml:13:5: spec.timeline[5]: must be an object, not a string ("scale")"#,
        ],
    );
    refuse(
        "timeline:\n- {at: 1s, kubectl: kubectl scale x}\n- {at: 1s, kubectl: rollout undo deployment/web}\n- {at: 1s, kubectl: set env x}\n- {at: 1s, kubectl: aply -f x}\n- {at: 1s, kubectl: jump}\n- {at: 1s, kubectl: apply -f missing.yaml}\n- {at: 1s, kubectl: 'apply -f -'}",
        &[
            r#"s.yaml:6:23: spec.timeline[0].kubectl: required flag(s) "replicas" not set"#,
            "s.yaml:7:23: spec.timeline[1].kubectl: kubectl rollout is not modelled yet (modelled are: apply -f, delete, get, scale, set image)",
            "s.yaml:8:23: spec.timeline[2].kubectl: kubectl set env is not modelled yet (modelled are: apply -f, delete, get, scale, set image)",
            "s.yaml:9:23: spec.timeline[3].kubectl: unknown command \"aply\" for \"kubectl\" (Did you mean this?\n\tapply)",
            r#"s.yaml:10:23: spec.timeline[4].kubectl: unknown command "jump" for "kubectl""#,
            "s.yaml:11:23: spec.timeline[5].kubectl: missing.yaml cannot be read: no such file",
            "s.yaml:12:23: spec.timeline[6].kubectl: a scenario has no standard input: name a file",
        ],
    );
}

/// A manifest in place; its first line is line 6, and its columns are two more than here.
fn refuse_manifest(manifest: &str, expect: &[&str]) {
    let indented: Vec<String> = manifest.lines().map(|line| format!("  {line}")).collect();
    refuse(&format!("manifests:\n-{}", &indented.join("\n")[1..]), expect);
}

#[test]
fn names_in_manifests() {
    refuse_manifest(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: My_Pod\n  namespace: a.b\n  labels: {app: a/b, 'my app': x}\n  annotations: {'a b': x}\nspec:\n  containers:\n  - {name: a, image: x}\n  - {name: a, image: x}\n  - {name: B, image: ''}\n",
        &[
            "s.yaml:9:13: metadata.name: Invalid value: \"My_Pod\": a lowercase RFC 1123 subdomain must…",
            "s.yaml:10:18: metadata.namespace: Invalid value: \"a.b\": must not contain dots",
            "s.yaml:11:21: metadata.labels: Invalid value: \"a/b\": a valid label must…",
            "s.yaml:11:26: metadata.labels: Invalid value: \"my app\": name part must consist of…",
            "s.yaml:12:21: metadata.annotations: Invalid value: \"a b\": name part must consist of…",
            "s.yaml:16:16: spec.containers[1].name: Duplicate value: \"a\"",
            "s.yaml:17:16: spec.containers[2].name: Invalid value: \"B\": a lowercase RFC 1123 label must…",
            "s.yaml:17:26: spec.containers[2].image: Required value",
        ],
    );
}

#[test]
fn amounts_in_manifests() {
    refuse_manifest(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  terminationGracePeriodSeconds: 30\n  containers:\n  - name: a\n    image: x\n    resources:\n      requests: {cpu: -1, memory: 2Gi, example.com/gpu: 1500m}\n      limits: {memory: 1Gi, cpus: 1}\n",
        &[
            "s.yaml:16:39: spec.containers[0].resources.limits[cpus]: Invalid value: \"cpus\": must be a standard resource type or fully qualified",
            "s.yaml:16:39: spec.containers[0].resources.limits[cpus]: Invalid value: \"cpus\": must be a standard resource for containers",
            "s.yaml:15:27: spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
            "s.yaml:15:21: spec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a standard resource type or fully qualified",
            "s.yaml:15:21: spec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a standard resource for containers",
            "s.yaml:15:61: spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"1500m\": must be an integer",
            "s.yaml:16:19: spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
            "s.yaml:15:39: spec.containers[0].resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi",
        ],
    );
    refuse_manifest(
        "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule}]}\nstatus: {capacity: {cpu: -4}, allocatable: {cpu: 2}}\n",
        &[
            "s.yaml:9:51: metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: taints must…",
            "s.yaml:10:30: status.capacity.cpu: Invalid value: \"-4\": must be greater than or equal to 0",
        ],
    );
}

#[test]
fn workloads_in_manifests() {
    refuse_manifest(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: -1\n  minReadySeconds: -1\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: wep}}\n    spec:\n      restartPolicy: Never\n      containers: []\n",
        &[
            "s.yaml:10:17: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "s.yaml:15:28: spec.template.metadata.labels: Invalid value: {\"app\":\"wep\"}: `selector` does not match template `labels`",
            "s.yaml:18:23: spec.template.spec.containers: Required value",
            "s.yaml:17:26: spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
            "s.yaml:12:63: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
            "s.yaml:11:24: spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
        ],
    );
    refuse_manifest(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  schedule: '* * * * *'\n  jobTemplate: {spec: {backoffLimit: -1, template: {spec: {containers: [{name: a, image: x}]}}}}\n",
        &[
            "s.yaml:11:42: spec.jobTemplate.spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
            "s.yaml:11:63: spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ],
    );
}

#[test]
fn ports_and_probes_in_manifests() {
    refuse_manifest(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: x\n    ports: [{name: http, containerPort: 65536}, {name: http, containerPort: 80}]\n    livenessProbe: {httpGet: {port: 0}, successThreshold: 2}\n",
        &[
            "s.yaml:13:45: spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between…",
            "s.yaml:13:60: spec.containers[0].ports[1].name: Duplicate value: \"http\"",
            "s.yaml:14:41: spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between…",
            "s.yaml:14:63: spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ],
    );
    refuse_manifest(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a b}, ports: [{port: 70000, targetPort: 80}, {port: 80}]}\n",
        &[
            "s.yaml:9:42: spec.ports[0].name: Required value",
            "s.yaml:9:49: spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "s.yaml:9:73: spec.ports[1].name: Required value",
            "s.yaml:9:28: spec.selector: Invalid value: \"a b\": a valid label must…",
        ],
    );
}

#[test]
fn what_cannot_be_read_hides_nothing_else() {
    refuse_manifest(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  restartPolicy: Sometimes\n  tolerations: [{key: a, effect: NoRun}]\n  activeDeadlineSeconds: 0\n  containers:\n  - name: A\n    image: x\n    resources: {requests: {cpu: 1, memory: 1GB}, limits: {cpu: 500m}}\n",
        &[
            "s.yaml:10:22: spec.restartPolicy: Unsupported value: \"Sometimes\"…",
            "s.yaml:11:38: spec.tolerations[0].effect: Unsupported value: \"NoRun\"…",
            "s.yaml:16:48: spec.containers[0].resources.requests[memory]: quantities must match the regular expression…",
            "s.yaml:14:15: spec.containers[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must…",
            "s.yaml:12:30: spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ],
    );
}

#[test]
fn manifests_of_lines_are_checked_too() {
    let files = scenarios::files::Memory::default().with(
        "late.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {activeDeadlineSeconds: -5, containers: [{name: a, image: x}]}\n",
    );
    let scenario = text("timeline:\n- {at: 5s, kubectl: apply -f late.yaml}");
    let found = support::load_with(files, &scenario, &[]).expect_err("a bad manifest");
    assert_eq!(
        support::all(&found),
        [
            "late.yaml:4:31: spec.activeDeadlineSeconds: Invalid value: -5: must be between 1 and 2147483647, inclusive"
        ]
    );
}
