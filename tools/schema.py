#!/usr/bin/env python3
"""Makes sim-core/api/src/schema/table.txt: types and fields of the Kubernetes v1.36 API, without descriptions.

Usage: pip download --no-deps -d DIR kubernetes-validate && tools/schema.py DIR/kubernetes_validate-*.whl

The definitions are those of `v1.36.0-local/_definitions.json` in that package (Apache-2.0; see NOTICE). They hold no
enumerations; ENUMS below has those that an API server v1.36.2 names when it refuses a value, and no others.

A type is a line `NAME [apiVersion:Kind]...`; its fields follow, each indented by a blank:
` NAME[!] SHAPE [e=a|b] [p=strategy,strategy] [k=mergeKey] [l=listType[:key,key]] [m=mapType]`; `!` marks a required one.
A SHAPE is s string, b boolean, i int32, l int64, d double, B base64, q quantity, x int-or-string, t time, u time with
microseconds, a anything, o any object, `[SHAPE` a list, `{SHAPE` a map, `@NAME` a type.
"""

import json
import pathlib
import sys
import zipfile

VERSION = "v1.36.0-local"
PREFIXES = [
    ("io.k8s.api.", ""),
    ("io.k8s.apimachinery.pkg.apis.", ""),
    ("io.k8s.apiextensions-apiserver.pkg.apis.", ""),
    ("io.k8s.kube-aggregator.pkg.apis.", ""),
    ("io.k8s.apimachinery.pkg.", ""),
]
# Types that have a JSON form of their own.
LEAVES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "u",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "o",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "o",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "o",
}
SCALARS = {
    ("string", None): "s",
    ("string", "byte"): "B",
    ("string", "date-time"): "t",
    ("boolean", None): "b",
    ("integer", "int32"): "i",
    ("integer", "int64"): "l",
    ("number", "double"): "d",
}
# "supported values" in the answers of an API server v1.36.2, in its order. Lists that hang on another field
# (`roleRef.kind`) and those of an update strategy as a whole are left out.
ENUMS = {
    "core.v1.Taint.effect": "NoSchedule|PreferNoSchedule|NoExecute",
    "core.v1.Toleration.effect": "NoSchedule|PreferNoSchedule|NoExecute",
    "core.v1.Toleration.operator": "Equal|Exists|Lt|Gt",
    "core.v1.Container.imagePullPolicy": "Always|IfNotPresent|Never",
    "core.v1.Container.restartPolicy": "Always|Never|OnFailure",
    "core.v1.Container.terminationMessagePolicy": "File|FallbackToLogsOnError",
    "core.v1.ContainerPort.protocol": "SCTP|TCP|UDP",
    "core.v1.HTTPGetAction.scheme": "HTTP|HTTPS",
    "core.v1.VolumeMount.mountPropagation": "Bidirectional|HostToContainer|None",
    "core.v1.HostPathVolumeSource.type":
        "|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket",
    "core.v1.PodSpec.dnsPolicy": "ClusterFirstWithHostNet|ClusterFirst|Default|None",
    "core.v1.PodSpec.restartPolicy": "Always|OnFailure|Never",
    "core.v1.PodOS.name": "linux|windows",
    "core.v1.TopologySpreadConstraint.nodeTaintsPolicy": "Honor|Ignore",
    "core.v1.TopologySpreadConstraint.whenUnsatisfiable": "DoNotSchedule|ScheduleAnyway",
    "core.v1.ServiceSpec.externalTrafficPolicy": "Cluster|Local",
    "core.v1.ServiceSpec.sessionAffinity": "ClientIP|None",
    "core.v1.ServiceSpec.trafficDistribution": "PreferClose|PreferSameZone|PreferSameNode",
    "core.v1.ServiceSpec.type": "ClusterIP|ExternalName|LoadBalancer|NodePort",
    "core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy": "Delete|Recycle|Retain",
    "core.v1.PersistentVolumeClaimSpec.accessModes": "ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod",
    "core.v1.PersistentVolumeClaimSpec.volumeMode": "Block|Filesystem",
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted": "Retain|Delete",
    "autoscaling.v2.HPAScalingPolicy.type": "Percent|Pods",
    "autoscaling.v2.HPAScalingRules.selectPolicy": "Disabled|Max|Min",
    "batch.v1.PodFailurePolicyRule.action": "Count|FailIndex|FailJob|Ignore",
    "networking.v1.HTTPIngressPath.pathType": "Exact|ImplementationSpecific|Prefix",
    "policy.v1.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy": "AlwaysAllow|IfHealthyBudget",
    "rbac.v1.Subject.kind": "ServiceAccount|User|Group",
    "scheduling.v1.PriorityClass.preemptionPolicy": "PreemptLowerPriority|Never",
    "apiextensions.v1.CustomResourceDefinitionSpec.scope": "Cluster|Namespaced",
}


def short(name):
    """`io.k8s.api.core.v1.Pod` → `core.v1.Pod`."""
    for prefix, replacement in PREFIXES:
        if name.startswith(prefix):
            return replacement + name[len(prefix):]
    return name


def plain_type(schema):
    """The type without `null`, which Kubernetes takes everywhere."""
    kind = schema.get("type")
    if isinstance(kind, list):
        (kind,) = [k for k in kind if k != "null"]
    return kind


def shape(schema, definitions):
    """The shape of a field, an item or a map's value."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        if name in LEAVES:
            return LEAVES[name]
        # An empty schema is the JSON type of apiextensions and its like.
        return "a" if plain_type(definitions[name]) is None else "@" + short(name)
    kind = plain_type(schema)
    if kind == "array":
        return "[" + shape(schema["items"], definitions)
    if kind == "object":
        values = schema.get("additionalProperties")
        return "{" + shape(values, definitions) if values else "o"
    return SCALARS[kind, schema.get("format")]


def field(owner, name, schema, required, definitions):
    """One line of the table."""
    words = [name + ("!" if required else ""), shape(schema, definitions)]
    if values := ENUMS.get(f"{owner}.{name}"):
        words.append("e=" + values)
    if "x-kubernetes-patch-strategy" in schema:
        words.append("p=" + schema["x-kubernetes-patch-strategy"])
    if "x-kubernetes-patch-merge-key" in schema:
        words.append("k=" + schema["x-kubernetes-patch-merge-key"])
    if "x-kubernetes-list-type" in schema:
        keys = ",".join(schema.get("x-kubernetes-list-map-keys", []))
        words.append("l=" + schema["x-kubernetes-list-type"] + (":" + keys if keys else ""))
    if "x-kubernetes-map-type" in schema:
        words.append("m=" + schema["x-kubernetes-map-type"])
    assert all(" " not in word for word in words), words
    return " " + " ".join(words)


def table(definitions):
    """The lines of the table, types by name, fields by name."""
    for name in sorted(definitions, key=short):
        schema = definitions[name]
        if name in LEAVES or plain_type(schema) is None:
            continue
        kinds = schema.get("x-kubernetes-group-version-kind", [])
        names = ["/".join(filter(None, (k["group"], k["version"]))) + ":" + k["kind"] for k in kinds]
        yield " ".join([short(name), *sorted(names)])
        required = schema.get("required", [])
        for key, value in sorted(schema.get("properties", {}).items()):
            yield field(short(name), key, value, key in required, definitions)


def main():
    wheel = zipfile.ZipFile(sys.argv[1])
    path = f"kubernetes_validate/kubernetes-json-schema/{VERSION}/_definitions.json"
    definitions = json.loads(wheel.read(path))["$defs"]
    target = pathlib.Path(__file__).parent.parent / "sim-core/api/src/schema/table.txt"
    lines = list(table(definitions))
    assert sum(" e=" in line for line in lines) == len(ENUMS), "an enumeration of a field that is not there"
    target.write_text("\n".join(lines) + "\n")


main()
