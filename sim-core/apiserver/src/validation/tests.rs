use super::*;
use serde_json::{Value, json};

/// What is wrong with an object of these fields; an expectation that ends in `…` is the beginning of one.
fn check(kind: Kind, mut object: Value, expect: &[&str]) {
    if object.get("metadata").is_none() {
        object["metadata"] = json!({"name": "web", "namespace": "shop"});
    }
    api::defaults::apply(kind, &mut object);
    let read = Object::from_json(kind, &object).expect("it is read");
    let found: Vec<String> = validate(&read).iter().map(ToString::to_string).collect();
    let same = |(found, expect): (&String, &&str)| match expect.strip_suffix('…') {
        Some(beginning) => found.starts_with(beginning),
        None => found == expect,
    };
    assert!(
        found.len() == expect.len() && found.iter().zip(expect).all(same),
        "{object}\nfound    {found:#?}\nexpected {expect:#?}"
    );
}

fn container(fields: Value) -> Value {
    let mut container = json!({"name": "a", "image": "i"});
    for (name, value) in fields.as_object().into_iter().flatten() {
        container[name] = value.clone();
    }
    container
}

/// A pod with one container with these fields.
fn check_container(fields: Value, expect: &[&str]) {
    check(Kind::Pod, json!({"spec": {"containers": [container(fields)]}}), expect);
}

/// A pod with these fields in its spec.
fn check_pod(mut spec: Value, expect: &[&str]) {
    if spec.get("containers").is_none() {
        spec["containers"] = json!([container(json!({}))]);
    }
    check(Kind::Pod, json!({"spec": spec}), expect);
}

#[test]
fn names_labels_and_annotations() {
    let named = |name: &str| json!({"metadata": {"name": name}});
    check(
        Kind::Namespace,
        named("Shop"),
        &["metadata.name: Invalid value: \"Shop\": a lowercase RFC 1123 label…"],
    );
    check(Kind::Namespace, named("a.b"), &["metadata.name: Invalid value: \"a.b\": must not contain dots"]);
    check(Kind::ConfigMap, named("a.b"), &[]);
    check(
        Kind::ConfigMap,
        named("a_b"),
        &["metadata.name: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain…"],
    );
    check(Kind::Role, named("system:a"), &[]);
    check(Kind::Role, named("a/b"), &["metadata.name: Invalid value: \"a/b\": may not contain '/'"]);
    check(
        Kind::ConfigMap,
        json!({"metadata": {
            "name": "a", "namespace": "A",
            "labels": {"/app": "x", "app": "a/b", "ok": ""},
            "annotations": {"Upper/Case": "x", "a b": "x"},
            "finalizers": ["orphan", "cleanup", "example.com/cleanup"],
        }}),
        &[
            "metadata.namespace: Invalid value: \"A\": a lowercase RFC 1123 label…",
            "metadata.labels: Invalid value: \"/app\": prefix part must be non-empty",
            "metadata.labels: Invalid value: \"a/b\": a valid label must be an empty string or…",
            "metadata.annotations: Invalid value: \"a b\": name part must consist of…",
            "metadata.finalizers[1]: Invalid value: \"cleanup\": name is neither a standard finalizer name nor is it fully qualified",
        ],
    );
    let large = "x".repeat(256 * 1024);
    let large = json!({"metadata": {"name": "a", "annotations": {"a": large}}});
    check(Kind::ConfigMap, large, &["metadata.annotations: Too long: may not be more than 262144 bytes"]);
}

#[test]
fn containers() {
    check_pod(json!({"containers": []}), &["spec.containers: Required value"]);
    check_container(
        json!({"name": "Web", "image": " i"}),
        &[
            "spec.containers[0].name: Invalid value: \"Web\": a lowercase RFC 1123 label…",
            "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace",
        ],
    );
    check_container(
        json!({"name": "", "image": ""}),
        &["spec.containers[0].name: Required value", "spec.containers[0].image: Required value"],
    );
    check_pod(
        json!({"containers": [container(json!({})), container(json!({}))], "initContainers": [container(json!({}))]}),
        &[
            "spec.containers[1].name: Duplicate value: \"a\"",
            "spec.initContainers[0].name: Duplicate value: \"a\"",
        ],
    );
}

#[test]
fn ports() {
    check_container(
        json!({"ports": [
            {"name": "http", "containerPort": 65536}, {"name": "http", "containerPort": 80, "protocol": "tcp"},
            {"containerPort": 81, "hostPort": 8080}, {"containerPort": 82, "hostPort": 8080}, {"containerPort": 83, "hostPort": 70000},
        ]}),
        &[
            "spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[1].name: Duplicate value: \"http\"",
            "spec.containers[0].ports[1].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            "spec.containers[0].ports[3].hostPort: Duplicate value: \"TCP//8080\"",
            "spec.containers[0].ports[4].hostPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ],
    );
    check_pod(
        json!({"hostNetwork": true, "containers": [container(json!({"ports": [{"containerPort": 80, "hostPort": 81}]}))]}),
        &[
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
        ],
    );
}

#[test]
fn amounts() {
    check_container(
        json!({"resources": {"requests": {"cpu": "-1", "memory": "2Gi"}, "limits": {"memory": "2G"}}}),
        &[
            "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
            "spec.containers[0].resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 2G",
        ],
    );
    check_container(
        json!({"resources": {"requests": {"cpus": "1", "pods": "1"}}}),
        &[
            "spec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a standard resource type or fully qualified",
            "spec.containers[0].resources.requests[cpus]: Invalid value: \"cpus\": must be a standard resource for containers",
            "spec.containers[0].resources.requests[pods]: Invalid value: \"pods\": must be a standard resource for containers",
        ],
    );
    check_container(
        json!({"resources": {"requests": {"a.b/gpu": "1"}, "limits": {"a.b/gpu": "2"}}}),
        &["spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to a.b/gpu limit of 2"],
    );
    check_container(
        json!({"resources": {"requests": {"a.b/gpu": "1500m"}}}),
        &[
            "spec.containers[0].resources.requests[a.b/gpu]: Invalid value: \"1500m\": must be an integer",
            "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
        ],
    );
    check_container(
        json!({"resources": {"limits": {"hugepages-2Mi": "4Mi"}}}),
        &["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
    );
    check_container(json!({"resources": {"limits": {"a.b/gpu": "2", "cpu": "1500m"}}}), &[]);
}

#[test]
fn probes() {
    check_container(
        json!({
            "livenessProbe": {"httpGet": {"port": 80000}, "initialDelaySeconds": -1, "successThreshold": 2},
            "readinessProbe": {"tcpSocket": {"port": "a-name-of-sixteen"}, "successThreshold": 2},
            "startupProbe": {"exec": {"command": []}, "terminationGracePeriodSeconds": 0},
        }),
        &[
            "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 80000: must be between 1 and 65535, inclusive",
            "spec.containers[0].livenessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: \"a-name-of-sixteen\": must be no more than 15 characters",
            "spec.containers[0].startupProbe.exec.command: Required value",
            "spec.containers[0].startupProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
        ],
    );
}

#[test]
fn specs_of_pods() {
    check_pod(
        json!({
            "nodeSelector": {"my key": "a b"}, "activeDeadlineSeconds": 0, "hostname": "My_Host", "nodeName": "Node_1",
            "readinessGates": [{"conditionType": "my gate"}],
            "schedulingGates": [{"name": "example.com/a"}, {"name": "example.com/a"}],
        }),
        &[
            "spec.nodeSelector: Invalid value: \"my key\": name part must consist of…",
            "spec.nodeSelector: Invalid value: \"a b\": a valid label must be an empty string or…",
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
            "spec.hostname: Invalid value: \"My_Host\": a lowercase RFC 1123 label…",
            "spec.readinessGates[0].conditionType: Invalid value: \"my gate\": name part must consist of…",
            "spec.schedulingGates[1]: Duplicate value: \"example.com/a\"",
            "spec.nodeName: Invalid value: \"Node_1\": a lowercase RFC 1123 subdomain…",
        ],
    );
    check_pod(
        json!({"tolerations": [
            {"operator": "Exists"}, {"value": "x"}, {"key": "a", "operator": "Exists", "value": "x"},
            {"key": "a", "effect": "NoSchedule", "tolerationSeconds": 3},
        ]}),
        &[
            "spec.tolerations[1].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            "spec.tolerations[2].operator: Invalid value: \"x\": value must be empty when `operator` is 'Exists'",
            "spec.tolerations[3].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
        ],
    );
    let spread = |skew: i32, when: &str, domains: i32| json!({"maxSkew": skew, "topologyKey": "zone", "whenUnsatisfiable": when, "minDomains": domains});
    check_pod(
        json!({"topologySpreadConstraints": [spread(0, "DoNotSchedule", 0), spread(1, "DoNotSchedule", 1), spread(1, "ScheduleAnyway", 2)]}),
        &[
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{zone, DoNotSchedule}\"",
            "spec.topologySpreadConstraints[2].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        ],
    );
}

#[test]
fn node_affinity() {
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    check_pod(
        json!({"affinity": {"nodeAffinity": {
            required: {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "a", "operator": "Gt", "values": ["1", "2"]}]},
                {"matchFields": [{"key": "metadata.namespace", "operator": "In", "values": ["x"]}]},
            ]},
            preferred: [{"weight": 0, "preference": {"matchExpressions": [{"key": "a b", "operator": "Exists"}]}}],
        }}}),
        &[
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1].matchFields[0].key: Invalid value: \"metadata.namespace\": not a valid field selector key",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: Invalid value: \"a b\": name part must…",
        ],
    );
}

/// A workload: its template fits its selector unless `spec` says something else.
fn workload(spec: Value) -> Value {
    let mut whole = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container(json!({}))]}},
    });
    for (name, value) in spec.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    json!({"spec": whole})
}

#[test]
fn workloads() {
    let all = [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet];
    for kind in all {
        let mismatch = "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`";
        check(kind, workload(json!({})), &[]);
        check(kind, workload(json!({"selector": {"matchLabels": {"app": "x"}}})), &[mismatch]);
        let empty = format!(
            "spec.selector: Invalid value: {{}}: empty selector is invalid for {}",
            kind.info().singular
        );
        check(kind, workload(json!({"selector": {}})), &[&empty]);
        check(
            kind,
            workload(
                json!({"selector": {"matchExpressions": [{"key": "app", "operator": "Exists", "values": ["web"]}]}}),
            ),
            &[
                "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                "spec.selector: Invalid value: {\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Exists\",\"values\":[\"web\"]}]}: invalid label selector",
            ],
        );
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"restartPolicy": "Never", "activeDeadlineSeconds": 5, "containers": []}});
        let owner = if kind == Kind::Deployment { "ReplicaSet" } else { kind.info().kind };
        check(
            kind,
            workload(json!({"template": template})),
            &[
                "spec.template.spec.containers: Required value",
                "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
                &format!(
                    "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in {owner} is not Supported"
                ),
            ],
        );
        let negative = "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0";
        check(kind, workload(json!({"minReadySeconds": -1})), &[negative]);
    }
}

#[test]
fn rolling_updates() {
    let rolling = |surge: Value, unavailable: Value| {
        workload(
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}),
        )
    };
    check(
        Kind::Deployment,
        rolling(json!(0), json!("0%")),
        &[
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0",
        ],
    );
    check(
        Kind::Deployment,
        rolling(json!(-1), json!("101%")),
        &[
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%",
        ],
    );
    check(
        Kind::Deployment,
        workload(json!({"progressDeadlineSeconds": 30, "minReadySeconds": 30})),
        &["spec.progressDeadlineSeconds: Invalid value: 30: must be greater than minReadySeconds"],
    );
}

#[test]
fn jobs() {
    let job = |more: Value| {
        let mut spec =
            json!({"template": {"spec": {"restartPolicy": "Never", "containers": [container(json!({}))]}}});
        for (name, value) in more.as_object().into_iter().flatten() {
            spec[name] = value.clone();
        }
        spec
    };
    let always = job(json!({"template": {"spec": {"containers": [container(json!({}))]}}}));
    check(Kind::Job, json!({"spec": job(json!({}))}), &[]);
    check(
        Kind::Job,
        json!({"spec": always}),
        &["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""],
    );
    check(
        Kind::Job,
        json!({"spec": job(json!({"parallelism": -1, "backoffLimit": -1}))}),
        &[
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
            "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
        ],
    );
    check(
        Kind::CronJob,
        json!({"spec": {"schedule": "* * * * *", "successfulJobsHistoryLimit": -1, "jobTemplate": {"spec": always}}}),
        &[
            "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            "spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ],
    );
    let broken = json!({"spec": {"template": {"spec": {"containers": [container(json!({"resources": {"limits": {"cpu": "x"}}}))]}}}});
    check(
        Kind::Job,
        broken,
        &[
            "spec.template.spec.containers[0].resources.limits[cpu]: Invalid value: \"x\": quantities must match…",
        ],
    );
}

#[test]
fn services_and_nodes() {
    check(Kind::Service, json!({"spec": {}}), &["spec.ports: Required value"]);
    check(Kind::Service, json!({"spec": {"clusterIP": "None"}}), &[]);
    check(
        Kind::Service,
        json!({"spec": {"type": "Nodeport", "selector": {"a": "b c"}, "ports": [
            {"name": "a", "port": 70000}, {"name": "a", "port": 80, "targetPort": "Web_Port"}, {"port": 81},
        ]}}),
        &[
            "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.ports[1].name: Duplicate value: \"a\"",
            "spec.ports[1].targetPort: Invalid value: \"Web_Port\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "spec.ports[2].name: Required value",
            "spec.selector: Invalid value: \"b c\": a valid label must be…",
            "spec.type: Unsupported value: \"Nodeport\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"",
        ],
    );
    let taint = json!({"key": "a", "value": "b", "effect": "NoSchedule"});
    check(
        Kind::Node,
        json!({"metadata": {"name": "n"}, "spec": {"taints": [taint, taint]}, "status": {"capacity": {"cpu": "-4", "pods": "1500m"}, "allocatable": {"cpu": "4"}}}),
        &[
            "metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"b\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: taints must be unique by key and effect pair",
            "status.capacity.cpu: Invalid value: \"-4\": must be greater than or equal to 0",
            "status.capacity.pods: Invalid value: \"1500m\": must be an integer",
        ],
    );
}

#[test]
fn selectors_are_for_ever() {
    let read = |selector: Value| {
        Object::from_json(Kind::Deployment, &{
            let mut object = workload(json!({"selector": selector}));
            object["metadata"] = json!({"name": "web"});
            object
        })
        .expect("it is read")
    };
    let (old, new) =
        (read(json!({"matchLabels": {"app": "web"}})), read(json!({"matchLabels": {"app": "x"}})));
    assert_eq!(update(&old, &old), Ok(()));
    let refusal = update(&old, &new).expect_err("another selector");
    assert_eq!(
        refusal.message,
        "Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\"}}: field is immutable"
    );
}
