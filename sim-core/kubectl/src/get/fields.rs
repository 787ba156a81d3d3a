//! Field selectors on JSON: which fields a kind has for them, and their values.
//!
//! Source: `pkg/apis/*/v1/conversion.go` and the registries' `strategy.go`. The refusal of kinds
//! without fields of their own is as recorded from v1.36.2; that of the others has no recorded counterpart.

use crate::grammar::resources::{Selection, unable_to_find};
use api::selector::FieldSelector;
use api::{ApiError, Kind, Name};
use serde_json::Value;

/// The fields beside name and namespace.
fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        Kind::Node => &["spec.unschedulable"],
        Kind::Namespace => &["status.phase"],
        Kind::Service => &["spec.clusterIP", "spec.type"],
        Kind::Job => &["status.successful"],
        Kind::Secret => &["type"],
        Kind::ReplicationController => &["status.replicas"],
        Kind::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        _ => &[],
    }
}

/// Refuses what the server refuses.
pub fn check(kind: Kind, selection: &Selection) -> Result<(), ApiError> {
    let FieldSelector(requirements) = &selection.fields;
    let own = known(kind);
    let is_known =
        |field: &str| matches!(field, "metadata.name" | "metadata.namespace") || own.contains(&field);
    let Some(wrong) = requirements.iter().find(|requirement| !is_known(&requirement.field)) else {
        return Ok(());
    };
    let text: Vec<String> = requirements
        .iter()
        .map(|r| format!("{}{}{}", r.field, if r.equal { "=" } else { "!=" }, r.value))
        .collect();
    let field = &wrong.field;
    let because = match kind {
        Kind::Job => format!("field label {field:?} not supported for Job"),
        _ if own.is_empty() => {
            format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
        _ => format!("field label not supported: {field}"),
    };
    Err(ApiError::bad_request(unable_to_find(kind, &text.join(","), because)))
}

/// The text of a field.
pub fn text(kind: Kind, object: &Value, path: &str) -> Name {
    let at = |path: &str| path.split('.').fold(object, |value, field| &value[field]);
    let (value, default) = match (kind, path) {
        (Kind::Pod, "spec.hostNetwork") => (at(path), "false"),
        (Kind::Pod, "status.podIPs") => (at("status.podIP"), ""),
        (Kind::Node, "spec.unschedulable") => (at(path), "false"),
        (Kind::Job, "status.successful") => (at("status.succeeded"), "0"),
        (Kind::ReplicationController, "status.replicas") => (at(path), "0"),
        (Kind::Event, "source") if at("source.component").is_string() => (at("source.component"), ""),
        (Kind::Event, "source") => (at("reportingComponent"), ""),
        _ => (at(path), ""),
    };
    match value {
        Value::Null => Name::from(default),
        Value::String(text) => Name::from(text),
        other => Name::from(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_and_refusals() {
        let pod = json!({"spec": {"nodeName": "n"}, "status": {"phase": "Running"}});
        let check = |kind, object: &Value, selector: &str, expect: Result<bool, &str>| {
            let fields = FieldSelector::parse(selector).expect("a selector");
            let selection = Selection { fields, ..Selection::default() };
            let got =
                check(kind, &selection).map(|()| selection.fields.matches(|path| text(kind, object, path)));
            assert_eq!(got.map_err(|error| error.message), expect.map_err(str::to_owned), "{selector}");
        };
        check(Kind::Pod, &pod, "spec.nodeName=n,status.phase!=Pending", Ok(true));
        check(Kind::Pod, &pod, "spec.hostNetwork=false,status.podIP=", Ok(true));
        check(Kind::Pod, &pod, "status.phase=Pending", Ok(false));
        check(Kind::Node, &json!({}), "spec.unschedulable=true", Ok(false));
        check(
            Kind::Deployment,
            &json!({}),
            "spec.replicas=1",
            Err(
                "Unable to find \"apps/v1, Resource=deployments\" that match label selector \"\", field selector \
                 \"spec.replicas=1\": \"spec.replicas\" is not a known field selector: only \"metadata.name\", \
                 \"metadata.namespace\"",
            ),
        );
    }
}
