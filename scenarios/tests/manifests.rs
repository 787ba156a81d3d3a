//! Manifests: where they come from, and what is wrong with them.

mod support;

use scenarios::files::Memory;
use scenarios::manifests;
use support::{all, good, load_with, refuse, text};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n";

fn config(name: &str) -> String {
    CONFIG.replace("NAME", name)
}

fn read(files: Memory, paths: &[&str]) -> (Vec<String>, Vec<String>) {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let (objects, found) = manifests::read(&files, &paths);
    let object = |m: &scenarios::Manifest| format!("{} {} {}", m.source, m.kind, m.name());
    (objects.iter().map(object).collect(), all(&found))
}

/// What one file gives.
fn check(text: &str, objects: &[&str], found: &[&str]) {
    let result = read(Memory::default().with("m.yaml", text), &["m.yaml"]);
    assert_eq!(result.0, objects, "{text}");
    support::same(text, &result.1, found);
}

fn workload(spec: &str) -> String {
    format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n{spec}")
}

#[test]
fn folders_are_read_as_kubectl_does() {
    let files = Memory::default()
        .with("base/b.yml", config("b"))
        .with("base/a.yaml", config("a"))
        .with("base/c.json", r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}"#)
        .with("base/README.md", "# no manifest")
        .with("base/sub/d.yaml", config("d"))
        .with("other/x.txt", "")
        .with("-", config("in"));
    let expect = [
        "-:1:1 ConfigMap in",
        "base/a.yaml:1:1 ConfigMap a",
        "base/b.yml:1:1 ConfigMap b",
        "base/c.json:1:1 ConfigMap c",
    ];
    assert_eq!(read(files.clone(), &["-", "base/"]), (expect.map(str::to_owned).to_vec(), Vec::new()));
    assert_eq!(
        read(files, &["other", "nowhere", "-", "-"]).1,
        [
            r#"other:1:1: other cannot be read: no manifests in this folder; recognized file extensions are [".json", ".yaml", ".yml"]"#,
            "nowhere:1:1: nowhere cannot be read: no such file",
            "-:1:1: - cannot be read: standard input can be named once"
        ]
    );
}

#[test]
fn lists_and_documents() {
    check(
        &format!("{}---\n# nothing\n---\n{}", config("a"), config("b")),
        &["m.yaml:1:1 ConfigMap a", "m.yaml:7:1 ConfigMap b"],
        &[],
    );
    check(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n",
        &["m.yaml:4:3 ConfigMap a", "m.yaml:5:3 Namespace b"],
        &[],
    );
    check(
        "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}}]\n",
        &["m.yaml:3:9 ConfigMap a"],
        &[],
    );
    check("apiVersion: v1\nkind: List\nitems: []\n", &[], &["warning: m.yaml:1:1: no objects in this file"]);
    check("# nothing\n", &[], &["warning: m.yaml:1:1: no objects in this file"]);
}

#[test]
fn shapes() {
    check(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, label: {}}\ndata: {a: 1}\n---\napiVersion: apps/v1\nkind: Deploymnt\n---\napiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\nspec: {maxReplicas: 1, scaleTargetRef: {kind: a, name: b}}\n",
        &[],
        &[
            r#"m.yaml:3:21: unknown field "metadata.label" (did you mean "labels"?)"#,
            r#"m.yaml:4:11: data[a]: must be a string, not an integer ("1") (put quotes around it: "1")"#,
            r#"m.yaml:7:7: no matches for kind "Deploymnt" in version "apps/v1" (did you mean Deployment in apps/v1?)"#,
            "m.yaml:9:13: HorizontalPodAutoscaler in autoscaling/v1 is not modelled yet (HorizontalPodAutoscaler is known in autoscaling/v2)",
        ],
    );
    check(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nmetadata: {name: b}\n",
        &["m.yaml:1:1 ConfigMap b"],
        &[
            r#"warning: m.yaml:4:1: duplicate key "metadata"; the one before is at line 3, column 1; the last one counts"#,
        ],
    );
}

#[test]
fn values() {
    check(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: Shop}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: a.b, generateName: x-}\n---\napiVersion: v1\nkind: ConfigMap\n",
        &[],
        &[
            r#"m.yaml:3:18: metadata.name: Invalid value: "Shop": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character…"#,
            r#"m.yaml:7:42: metadata.generateName: cannot use generate name "x-" with apply"#,
            r#"m.yaml:7:23: metadata.namespace: Invalid value: "a.b": must not contain dots"#,
            "m.yaml:9:1: metadata.name: resource name may not be empty",
        ],
    );
    check(
        &workload(
            "  replicas: -1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: wep}}\n    spec:\n      containers:\n      - {name: a, image: i}\n      - {name: a, image: i}\n      - {name: B}\n",
        ),
        &[],
        &[
            "m.yaml:5:13: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            r#"m.yaml:8:24: spec.template.metadata.labels: Invalid value: {"app":"wep"}: `selector` does not match template `labels`"#,
            r#"m.yaml:12:16: spec.template.spec.containers[1].name: Duplicate value: "a""#,
            r#"m.yaml:13:16: spec.template.spec.containers[2].name: Invalid value: "B": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character…"#,
            "m.yaml:13:9: spec.template.spec.containers[2].image: Required value",
        ],
    );
    check(
        &workload("  selector: {}\n  template: {metadata: {labels: {a: 'b c'}}, spec: {containers: []}}\n"),
        &[],
        &[
            "m.yaml:5:13: spec.selector: Invalid value: {}: empty selector is invalid for deployment",
            r#"m.yaml:6:37: spec.template.metadata.labels: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character…"#,
            "m.yaml:6:65: spec.template.spec.containers: Required value",
        ],
    );
    check(
        &workload(
            "  selector: {matchExpressions: [{key: a, operator: Is}]}\n  template: {spec: {containers: [{name: a, image: i}]}}\n",
        ),
        &[],
        &[r#"m.yaml:5:52: spec.selector.matchExpressions[0].operator: Unsupported value: "Is""#],
    );
    check(
        &workload(
            "  selector: {matchExpressions: [{key: a, operator: In}, {key: b, operator: Gt, values: ['1']}, {key: c, operator: Exists, values: [d]}]}\n  template: {spec: {containers: [{name: a, image: i}]}}\n",
        ),
        &[],
        &[
            "m.yaml:5:33: spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            r#"m.yaml:5:76: spec.selector.matchExpressions[1].operator: Invalid value: "Gt": not a valid selector operator"#,
            "m.yaml:5:131: spec.selector.matchExpressions[2].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            "m.yaml:5:13: spec.selector: Invalid value: {…",
        ],
    );
    check(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  restartPolicy: Sometimes\n  containers: [{name: a, image: i, resources: {requests: {cpu: 1 m}}}]\n",
        &[],
        &[
            r#"m.yaml:5:18: spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#,
            r#"m.yaml:6:64: spec.containers[0].resources.requests[cpu]: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$', not a string ("1 m")"#,
        ],
    );
}

#[test]
fn places_in_scenarios() {
    refuse(
        "manifests:\n- path: missing.yaml\n- {path: a.yaml, paht: b}\n- path: '-'\n- path: http://example.com/x.yaml\n- {kind: Pod}\n- {apiVersion: v1}\n- web.yaml\n- {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, imag: x}]}}\n- path: ''",
        &[
            "s.yaml:6:11: spec.manifests[0].path: missing.yaml cannot be read: no such file",
            "s.yaml:7:20: unknown field \"spec.manifests[1].paht\" (did you mean \"path\"?)",
            "s.yaml:7:12: spec.manifests[1].path: a.yaml cannot be read: no such file",
            "s.yaml:8:11: spec.manifests[2].path: a scenario has no standard input: name a file",
            "s.yaml:9:11: spec.manifests[3].path: http://example.com/x.yaml: URLs are not read: save it as a file and name that",
            "s.yaml:10:5: apiVersion not set (an entry is {path: FILE}, or an object with apiVersion and kind)",
            "s.yaml:11:5: kind not set (an entry is {path: FILE}, or an object with apiVersion and kind)",
            "s.yaml:12:5: spec.manifests[6]: must be {path: …} or an object, not a string (\"web.yaml\")",
            "s.yaml:13:84: unknown field \"spec.containers[0].imag\" (did you mean \"image\"?)",
            "s.yaml:14:11: spec.manifests[8].path: must not be empty: name a file or a folder",
        ],
    );
    let bad = load_with(
        Memory::default().with("d/web.yaml", "apiVersion: v1\nkind: Pot\n"),
        &text("manifests: [{path: d}]"),
        &[],
    );
    let expect = "d/web.yaml:2:7: no matches for kind \"Pot\" in version \"v1\" (did you mean Pod in v1?)";
    assert_eq!(all(&bad.expect_err("a bad manifest")), [expect]);
}

#[test]
fn objects_in_place() {
    let scenario = good(
        "manifests:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: x}}\n- {apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: c}}]}",
    );
    let objects: Vec<String> = scenario
        .manifests
        .iter()
        .map(|m| format!("{} {} {} {:?}", m.source, m.kind, m.name(), m.namespace()))
        .collect();
    assert_eq!(
        objects,
        [r#"s.yaml:6:5 ConfigMap a """#, r#"s.yaml:10:7 ConfigMap b "x""#, r#"s.yaml:11:51 ConfigMap c """#]
    );
    assert_eq!(scenario.manifests[2].object["kind"], "ConfigMap");
}

#[test]
fn cycles_of_owners() {
    let owned = |name: &str, kind: &str, by: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  ownerReferences:\n  - {{apiVersion: v1, kind: {kind}, name: {by}, uid: u}}\n---\n"
        )
    };
    check(
        &(owned("a", "ConfigMap", "b") + &owned("b", "ConfigMap", "c") + &owned("c", "ConfigMap", "a")),
        &["m.yaml:1:1 ConfigMap a", "m.yaml:8:1 ConfigMap b", "m.yaml:15:1 ConfigMap c"],
        &[
            r#"m.yaml:6:5: ownerReferences form a cycle: ConfigMap "a" at m.yaml:6:5 is owned by ConfigMap "b" at m.yaml:13:5 is owned by ConfigMap "c" at m.yaml:20:5 is owned by ConfigMap "a" (an object cannot own itself, not even by way of others: remove one of the references)"#,
        ],
    );
    check(
        &owned("a", "ConfigMap", "a"),
        &["m.yaml:1:1 ConfigMap a"],
        &[
            r#"m.yaml:6:5: ownerReferences form a cycle: ConfigMap "a" at m.yaml:6:5 is owned by ConfigMap "a" (an object cannot own itself, not even by way of others: remove one of the references)"#,
        ],
    );
    check(
        &(owned("a", "ConfigMap", "b") + &owned("b", "Secret", "a")),
        &["m.yaml:1:1 ConfigMap a", "m.yaml:8:1 ConfigMap b"],
        &[],
    );
}

#[test]
fn amounts_below_zero_and_requests_above_their_limit() {
    let pod = |resources: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - {{name: a, image: x, resources: {resources}}}\n"
        )
    };
    check(&pod("{requests: {cpu: 100m}, limits: {cpu: \"1\"}}"), &["m.yaml:1:1 Pod p"], &[]);
    check(
        &pod("{requests: {cpu: -100m}}"),
        &[],
        &[
            "m.yaml:6:53: spec.containers[0].resources.requests[cpu]: Invalid value: \"-100m\": must be greater than or equal to 0",
        ],
    );
    check(
        &pod("{requests: {memory: 2Gi}, limits: {memory: 1Gi}}"),
        &[],
        &[
            "m.yaml:6:56: spec.containers[0].resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi",
        ],
    );
}
