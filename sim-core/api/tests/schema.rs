//! Objects against the API's types: every mistake with its place, and none in what real servers take.

use std::path::{Path, PathBuf};

use api::schema::{self, Schema};
use api::yaml::{self, Limits};

fn found(text: &str) -> Vec<(u32, u32, String, String)> {
    let (documents, diagnostics) = yaml::parse("t.yaml", text.as_bytes(), &Limits::manifests());
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    let found = documents.iter().flat_map(|document| schema::check_document(Schema::builtin(), document));
    found.map(|d| (d.line, d.column, d.message, d.help.unwrap_or_default())).collect()
}

/// All that is wrong with an object, by line, column, message and a part of the help.
fn check(text: &str, expect: &[(u32, u32, &str, &str)]) {
    let found = found(text);
    let fits = found.len() == expect.len()
        && found
            .iter()
            .zip(expect)
            .all(|(f, e)| (f.0, f.1, f.2.as_str()) == (e.0, e.1, e.2) && f.3.contains(e.3));
    assert!(fits, "{text}\n{found:#?}\nis not\n{expect:#?}");
}

fn pod(container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - name: web\n    image: i\n{container}"
    )
}

#[test]
fn unknown_fields() {
    check(
        &pod("    imagePullPolcy: Always\n"),
        &[(8, 5, "unknown field \"spec.containers[0].imagePullPolcy\"", "did you mean \"imagePullPolicy\"?")],
    );
    check(
        &pod("    ports: [{containerport: 80, containerPort: 80}]\n"),
        &[(8, 14, "unknown field \"spec.containers[0].ports[0].containerport\"", "\"containerPort\"")],
    );
    check(
        "apiVersion: v1\nkind: ConfigMap\nspec: {}\n",
        &[(3, 1, "unknown field \"spec\"", "fields of ConfigMap: apiVersion, binaryData, data")],
    );
    check(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {label: {}}\nspec:\n  strategyy: {}\n  selector: {app: web}\n  template:\n    spec: {nodeSelecter: {}, containers: []}\n",
        &[
            (3, 12, "unknown field \"metadata.label\"", "\"labels\""),
            (5, 3, "unknown field \"spec.strategyy\"", "\"strategy\""),
            (6, 14, "unknown field \"spec.selector.app\"", "matchExpressions, matchLabels"),
            (8, 12, "unknown field \"spec.template.spec.nodeSelecter\"", "\"nodeSelector\""),
        ],
    );
}

#[test]
fn types() {
    check(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations: {a: 1, b: yes, c: [], d: null}\n  labels: x\n",
        &[
            (
                4,
                20,
                "metadata.annotations[a]: must be a string, not an integer (\"1\")",
                "put quotes around it: \"1\"",
            ),
            (4, 26, "metadata.annotations[b]: must be a string, not a boolean (\"yes\")", "\"yes\""),
            (4, 34, "metadata.annotations[c]: must be a string, not a list", ""),
            (5, 11, "metadata.labels: must be an object, not a string (\"x\")", ""),
        ],
    );
    check(
        &pod(
            "    command: run\n    stdin: 'true'\n    env: [{name: a, value: 1.5}, b]\n    livenessProbe: {periodSeconds: '5', httpGet: {port: 80.5}}\n    readinessProbe: {httpGet: {port: http}, timeoutSeconds: 3.0}\n",
        ),
        &[
            (8, 14, "spec.containers[0].command: must be a list, not a string (\"run\")", ""),
            (9, 12, "spec.containers[0].stdin: must be a boolean, not a string (\"true\")", ""),
            (10, 28, "spec.containers[0].env[0].value: must be a string, not a number (\"1.5\")", ""),
            (10, 34, "spec.containers[0].env[1]: must be an object, not a string (\"b\")", ""),
            (
                11,
                36,
                "spec.containers[0].livenessProbe.periodSeconds: must be an integer of 32 bits, not a string (\"5\")",
                "",
            ),
            (
                11,
                57,
                "spec.containers[0].livenessProbe.httpGet.port: must be an integer of 32 bits or a string, not a number (\"80.5\")",
                "",
            ),
        ],
    );
    check(
        "apiVersion: v1\nkind: Secret\ndata: {a: YQ==, b: no*, c: 1}\n",
        &[
            (3, 20, "data[b]: illegal base64 data at input byte 2", ""),
            (3, 28, "data[c]: must be base64 text, not an integer (\"1\")", ""),
        ],
    );
    check(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {creationTimestamp: yesterday}\n",
        &[(3, 31, "metadata.creationTimestamp: not an RFC 3339 time: \"yesterday\"", "")],
    );
    check("apiVersion: v1\nkind: ConfigMap\nmetadata: {creationTimestamp: '2026-01-02T03:04:05Z'}\n", &[]);
    check(
        "apiVersion: v1\nkind: Pod\nmetadata: {generation: 9223372036854775808}\nspec: {priority: 2147483648, containers: []}\n",
        &[
            (3, 24, "metadata.generation: must be an integer, not an integer (\"9223372036854775808\")", ""),
            (4, 18, "spec.priority: must be an integer of 32 bits, not an integer (\"2147483648\")", ""),
        ],
    );
}

#[test]
fn quantities() {
    check(&pod("    resources: {requests: {cpu: 0x10, memory: 1Gi, x: 1e3, y: .5, z: 100m}}\n"), &[]);
    for text in ["1MB", "''", "1 Gi", "'1,5'", "much"] {
        let found = found(&pod(&format!("    resources:\n      limits: {{cpu: {text}}}\n")));
        assert_eq!(found.len(), 1, "{text} {found:?}");
        assert!(
            found[0].2.starts_with("spec.containers[0].resources.limits[cpu]: quantities must match"),
            "{found:?}"
        );
        assert_eq!((found[0].0, found[0].1), (9, 21));
    }
    let found = found(&pod("    resources: {limits: {cpu: true, memory: [1]}}\n"));
    assert!(
        found.iter().all(|f| f.2.contains("must be a quantity (a string or a number), not a")),
        "{found:?}"
    );
    assert_eq!(found.len(), 2);
}

#[test]
fn values() {
    check(
        &pod("    imagePullPolicy: Sometimes\n    terminationMessagePolicy: ''\n"),
        &[(
            8,
            22,
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
            "",
        )],
    );
    check(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nspec: {accessModes: [ReadWriteOnce, Write]}\n",
        &[(
            3,
            37,
            "spec.accessModes[1]: Unsupported value: \"Write\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
            "",
        )],
    );
}

#[test]
fn required_fields() {
    check(
        "apiVersion: apps/v1\nkind: Deployment\nspec:\n  selector:\n",
        &[(4, 3, "spec.selector: Required value", ""), (4, 3, "spec.template: Required value", "")],
    );
    check("apiVersion: v1\nkind: Pod\nspec: {}\n", &[(3, 7, "spec.containers: Required value", "")]);
    // A status is not asked for its fields, but its types count.
    check(
        "apiVersion: v1\nkind: Pod\nspec: {containers: []}\nstatus: {containerStatuses: [{name: a, ready: 1}]}\n",
        &[(4, 47, "status.containerStatuses[0].ready: must be a boolean, not an integer (\"1\")", "")],
    );
}

#[test]
fn kinds() {
    check("a: b\n", &[(1, 1, "apiVersion not set", ""), (1, 1, "kind not set", "")]);
    check(
        "apiversion: v1\nkind: ''\n",
        &[
            (1, 1, "apiVersion not set", "\"apiversion\" must be written \"apiVersion\""),
            (2, 7, "kind not set", ""),
        ],
    );
    check("apiVersion: 1\nkind: Pod\n", &[(1, 13, "apiVersion isn't string type", "")]);
    check(
        "apiVersion: v1\nkind: Deployment\n",
        &[(2, 7, "no matches for kind \"Deployment\" in version \"v1\"", "Deployment is known in apps/v1")],
    );
    check(
        "apiVersion: apps/v1\nkind: Deploymnet\n",
        &[(
            2,
            7,
            "no matches for kind \"Deploymnet\" in version \"apps/v1\"",
            "did you mean Deployment in apps/v1?",
        )],
    );
    check(
        "apiVersion: example.org/v1\nkind: Gadget\n",
        &[(2, 7, "no matches for kind \"Gadget\" in version \"example.org/v1\"", "CustomResourceDefinition")],
    );
    check("hello\n", &[(1, 1, "an object with apiVersion and kind is needed, not a string (\"hello\")", "")]);
    check(
        "apiVersion: v1\nkind: ConfigMapList\nitems: [{data: {a: 1}}, {}]\n",
        &[(3, 20, "data[a]: must be a string, not an integer (\"1\")", "")],
    );
}

#[test]
fn free_forms() {
    check(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: a.b\n  names: {kind: A, plural: as}\n  scope: Namespaced\n  versions:\n  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, default: [1], properties: {a: {items: {x: y}}}}}}\n",
        &[],
    );
}

/// The folder with manifests of others, if this checkout has it beside it.
fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    folder.is_dir().then_some(folder)
}

/// Every file below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Manifests of others: all can be read; of those that a real server took, none has a mistake of shape.
#[test]
#[allow(clippy::disallowed_methods, reason = "test data from beside the checkout")]
fn manifests_of_others() {
    // Skipped where that folder, which is no part of the project, is not there.
    let Some(folder) = data() else { return };
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    let expected: serde_json::Value =
        serde_json::from_slice(&read(&folder.join("manifests/expected.json"))).expect("expected.json");
    let taken: Vec<&str> = (expected.as_array().into_iter().flatten())
        .filter(|case| case["steps"].as_array().and_then(|s| s.last()).is_some_and(|step| step["exit"] == 0))
        .filter_map(|case| case["file"].as_str())
        .collect();
    let is_manifest = |p: &PathBuf| p.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
    let mut count = 0;
    for path in files(&folder).iter().filter(|p| is_manifest(p) && !p.ends_with("expected.json")) {
        let name = path.strip_prefix(folder.join("manifests")).unwrap_or(path).to_string_lossy().into_owned();
        let (documents, diagnostics) = yaml::parse(&name, &read(path), &Limits::manifests());
        assert!(!diagnostics.has_errors() && !documents.is_empty(), "{name}: {diagnostics:?}");
        if taken.contains(&name.as_str()) {
            for document in &documents {
                let found = schema::check_document(Schema::builtin(), document);
                assert!(!found.has_errors(), "{name}: {found:?}");
            }
        }
        count += 1;
    }
    assert!(count >= 100, "{count} manifests");
}
