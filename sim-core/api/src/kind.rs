//! The built-in kinds: how the API names them, and which of them live in a namespace.
//!
//! Source: the REST mappings that `kubectl api-resources` of v1.36.2 shows.

use std::fmt;

/// What the API says about a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version in the group.
    pub version: &'static str,
    /// `Deployment`
    pub kind: &'static str,
    /// `deployments`, the resource name.
    pub plural: &'static str,
    /// `deployment`
    pub singular: &'static str,
    /// What kubectl also accepts: `deploy`.
    pub short_names: &'static [&'static str],
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
}

macro_rules! kinds {
    ($($kind:ident, $group:literal, $version:literal, $plural:literal, $singular:literal, [$($short:literal),*], $namespaced:literal;)+) => {
        /// A built-in kind of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Kind { $($kind),+ }

        impl Kind {
            /// Every built-in kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),+];

            /// What the API says about this kind.
            pub const fn info(self) -> &'static KindInfo {
                match self {
                    $(Kind::$kind => &KindInfo {
                        group: $group, version: $version, kind: stringify!($kind), plural: $plural,
                        singular: $singular, short_names: &[$($short),*], namespaced: $namespaced,
                    }),+
                }
            }
        }
    };
}

kinds! {
    Namespace, "", "v1", "namespaces", "namespace", ["ns"], false;
    Node, "", "v1", "nodes", "node", ["no"], false;
    Pod, "", "v1", "pods", "pod", ["po"], true;
    Service, "", "v1", "services", "service", ["svc"], true;
    Event, "", "v1", "events", "event", ["ev"], true;
    Deployment, "apps", "v1", "deployments", "deployment", ["deploy"], true;
    ReplicaSet, "apps", "v1", "replicasets", "replicaset", ["rs"], true;
    EndpointSlice, "discovery.k8s.io", "v1", "endpointslices", "endpointslice", [], true;
    Lease, "coordination.k8s.io", "v1", "leases", "lease", [], true;
    ConfigMap, "", "v1", "configmaps", "configmap", ["cm"], true;
    Endpoints, "", "v1", "endpoints", "endpoints", ["ep"], true;
    LimitRange, "", "v1", "limitranges", "limitrange", ["limits"], true;
    PersistentVolume, "", "v1", "persistentvolumes", "persistentvolume", ["pv"], false;
    PersistentVolumeClaim, "", "v1", "persistentvolumeclaims", "persistentvolumeclaim", ["pvc"], true;
    PodTemplate, "", "v1", "podtemplates", "podtemplate", [], true;
    ReplicationController, "", "v1", "replicationcontrollers", "replicationcontroller", ["rc"], true;
    ResourceQuota, "", "v1", "resourcequotas", "resourcequota", ["quota"], true;
    Secret, "", "v1", "secrets", "secret", [], true;
    ServiceAccount, "", "v1", "serviceaccounts", "serviceaccount", ["sa"], true;
    MutatingAdmissionPolicy, "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", "mutatingadmissionpolicy", [], false;
    MutatingAdmissionPolicyBinding, "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", [], false;
    MutatingWebhookConfiguration, "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", [], false;
    ValidatingAdmissionPolicy, "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "validatingadmissionpolicy", [], false;
    ValidatingAdmissionPolicyBinding, "admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings", "validatingadmissionpolicybinding", [], false;
    ValidatingWebhookConfiguration, "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "validatingwebhookconfiguration", [], false;
    CustomResourceDefinition, "apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition", ["crd", "crds"], false;
    APIService, "apiregistration.k8s.io", "v1", "apiservices", "apiservice", [], false;
    ControllerRevision, "apps", "v1", "controllerrevisions", "controllerrevision", [], true;
    DaemonSet, "apps", "v1", "daemonsets", "daemonset", ["ds"], true;
    StatefulSet, "apps", "v1", "statefulsets", "statefulset", ["sts"], true;
    HorizontalPodAutoscaler, "autoscaling", "v2", "horizontalpodautoscalers", "horizontalpodautoscaler", ["hpa"], true;
    CronJob, "batch", "v1", "cronjobs", "cronjob", ["cj"], true;
    Job, "batch", "v1", "jobs", "job", [], true;
    CertificateSigningRequest, "certificates.k8s.io", "v1", "certificatesigningrequests", "certificatesigningrequest", ["csr"], false;
    FlowSchema, "flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "flowschema", [], false;
    PriorityLevelConfiguration, "flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations", "prioritylevelconfiguration", [], false;
    IngressClass, "networking.k8s.io", "v1", "ingressclasses", "ingressclass", [], false;
    Ingress, "networking.k8s.io", "v1", "ingresses", "ingress", ["ing"], true;
    IPAddress, "networking.k8s.io", "v1", "ipaddresses", "ipaddress", ["ip"], false;
    NetworkPolicy, "networking.k8s.io", "v1", "networkpolicies", "networkpolicy", ["netpol"], true;
    ServiceCIDR, "networking.k8s.io", "v1", "servicecidrs", "servicecidr", [], false;
    RuntimeClass, "node.k8s.io", "v1", "runtimeclasses", "runtimeclass", [], false;
    PodDisruptionBudget, "policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", ["pdb"], true;
    ClusterRoleBinding, "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding", [], false;
    ClusterRole, "rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", [], false;
    RoleBinding, "rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", [], true;
    Role, "rbac.authorization.k8s.io", "v1", "roles", "role", [], true;
    DeviceClass, "resource.k8s.io", "v1", "deviceclasses", "deviceclass", [], false;
    ResourceClaim, "resource.k8s.io", "v1", "resourceclaims", "resourceclaim", [], true;
    ResourceClaimTemplate, "resource.k8s.io", "v1", "resourceclaimtemplates", "resourceclaimtemplate", [], true;
    ResourceSlice, "resource.k8s.io", "v1", "resourceslices", "resourceslice", [], false;
    PriorityClass, "scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", ["pc"], false;
    CSIDriver, "storage.k8s.io", "v1", "csidrivers", "csidriver", [], false;
    CSINode, "storage.k8s.io", "v1", "csinodes", "csinode", [], false;
    CSIStorageCapacity, "storage.k8s.io", "v1", "csistoragecapacities", "csistoragecapacity", [], true;
    StorageClass, "storage.k8s.io", "v1", "storageclasses", "storageclass", ["sc"], false;
    VolumeAttachment, "storage.k8s.io", "v1", "volumeattachments", "volumeattachment", [], false;
    VolumeAttributesClass, "storage.k8s.io", "v1", "volumeattributesclasses", "volumeattributesclass", ["vac"], false;
}

impl Kind {
    /// Dense number of this kind, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// `apps/v1`, or `v1` in the core group.
    pub fn api_version(self) -> String {
        let info = self.info();
        if info.group.is_empty() {
            info.version.to_owned()
        } else {
            format!("{}/{}", info.group, info.version)
        }
    }

    /// `deployments.apps`, or `pods` in the core group: how errors and kubectl's lines name the resource.
    pub fn resource(self) -> String {
        let info = self.info();
        if info.group.is_empty() { info.plural.to_owned() } else { format!("{}.{}", info.plural, info.group) }
    }

    /// `deployment.apps`, or `pod` in the core group: what kubectl prints before `/name`.
    pub fn singular_resource(self) -> String {
        let info = self.info();
        if info.group.is_empty() {
            info.singular.to_owned()
        } else {
            format!("{}.{}", info.singular, info.group)
        }
    }

    /// The kind of `apiVersion` and `kind` as a manifest gives them.
    pub fn of_manifest(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::ALL.iter().copied().find(|k| {
            let info = k.info();
            info.kind == kind && info.group == group && info.version == version
        })
    }

    /// The kind that kubectl takes a word for: plural, singular, short name or kind in any case,
    /// with `.group` or `.version.group` behind it.
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let (name, rest) = word.split_once('.').unwrap_or((&word, ""));
        Self::ALL.iter().copied().find(|k| {
            let info = k.info();
            let named = info.plural == name
                || info.singular == name
                || info.short_names.contains(&name)
                || info.kind.eq_ignore_ascii_case(name);
            let versioned = rest.strip_prefix(info.version).map(|r| r.strip_prefix('.').unwrap_or(r));
            named && (rest.is_empty() || rest == info.group || versioned == Some(info.group))
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_kubectl_accepts() {
        for (word, kind) in [
            ("po", Some(Kind::Pod)),
            ("Pods", Some(Kind::Pod)),
            ("deploy", Some(Kind::Deployment)),
            ("deployments.apps", Some(Kind::Deployment)),
            ("deployment.v1.apps", Some(Kind::Deployment)),
            ("deployment.batch", None),
            ("pods.v1", Some(Kind::Pod)),
            ("Node", Some(Kind::Node)),
            ("podz", None),
            ("", None),
        ] {
            assert_eq!(Kind::of_word(word), kind, "{word}");
        }
    }

    #[test]
    fn names_of_resources() {
        assert_eq!(Kind::Deployment.resource(), "deployments.apps");
        assert_eq!(Kind::Pod.singular_resource(), "pod");
        assert_eq!(Kind::of_manifest("apps/v1", "Deployment"), Some(Kind::Deployment));
        assert_eq!(Kind::of_manifest("v1", "Deployment"), None);
    }
}
