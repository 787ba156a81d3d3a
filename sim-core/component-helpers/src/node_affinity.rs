//! Which nodes a pod demands or prefers (scheduler.md 7.6, 7.7).
//!
//! Source: `staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go`, v1.36.2.
//! DIFFERENCE: a preferred term that does not parse matches nothing, where the real scheduler fails the cycle; the API
//! lets none through.

use api::node::Node;
use api::pod::{NodeSelectorTerm, PodSpec};
use api::selector::{Operator, Requirement};

/// The one field that node selectors know.
const METADATA_NAME: &str = "metadata.name";

/// Whether the node has all labels of `nodeSelector` and meets one of the required terms, if there are any demands.
pub fn matches_required(spec: &PodSpec, node: &Node) -> bool {
    let required = spec.affinity.node.as_ref().and_then(|affinity| affinity.required.as_ref());
    node.meta.labels.contains_all(&spec.node_selector)
        && required.is_none_or(|terms| matches_any_term(terms, node))
}

/// Whether the node meets one of these terms; no term is met by an empty list.
pub fn matches_any_term(terms: &[NodeSelectorTerm], node: &Node) -> bool {
    terms.iter().any(|term| matches_term(term, node))
}

/// Whether the node meets all of a term. An empty term, or one that does not parse, is met by no node.
pub fn matches_term(term: &NodeSelectorTerm, node: &Node) -> bool {
    let empty = term.match_expressions.is_empty() && term.match_fields.is_empty();
    !empty
        && term.match_expressions.iter().all(label_parses)
        && term.match_fields.iter().all(field_parses)
        && term.match_expressions.iter().all(|requirement| requirement.matches(&node.meta.labels))
        && term.match_fields.iter().all(|requirement| {
            let is_named = requirement.values.contains(&node.meta.name);
            is_named == (requirement.operator == Operator::In)
        })
}

fn label_parses(requirement: &Requirement) -> bool {
    let values = &requirement.values;
    match requirement.operator {
        Operator::In | Operator::NotIn => !values.is_empty(),
        Operator::Exists | Operator::DoesNotExist => values.is_empty(),
        Operator::Gt | Operator::Lt => values.len() == 1 && values[0].parse::<i64>().is_ok(),
    }
}

fn field_parses(requirement: &Requirement) -> bool {
    requirement.key == METADATA_NAME
        && matches!(requirement.operator, Operator::In | Operator::NotIn)
        && requirement.values.len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ObjectMeta;

    fn node() -> Node {
        let labels = [("zone", "a"), ("cost", "7")].into_iter().collect();
        Node { meta: ObjectMeta { labels, ..ObjectMeta::named("", "node-1") }, ..Node::default() }
    }

    fn requirement(key: &str, operator: Operator, values: &[&str]) -> Requirement {
        Requirement { key: key.into(), operator, values: values.iter().map(|v| (*v).into()).collect() }
    }

    #[test]
    fn terms_of_labels() {
        let check = |requirements: &[(&str, Operator, &[&str])], expect| {
            let term = NodeSelectorTerm {
                match_expressions: requirements.iter().map(|(k, o, v)| requirement(k, *o, v)).collect(),
                match_fields: Vec::new(),
            };
            assert_eq!(matches_term(&term, &node()), expect, "{requirements:?}");
        };
        check(&[], false);
        check(&[("zone", Operator::In, &["a", "b"])], true);
        check(&[("zone", Operator::In, &[])], false);
        check(&[("zone", Operator::NotIn, &["a"])], false);
        check(&[("disk", Operator::NotIn, &["ssd"])], true);
        check(&[("zone", Operator::Exists, &[]), ("disk", Operator::DoesNotExist, &[])], true);
        check(&[("zone", Operator::Exists, &["a"])], false);
        check(&[("cost", Operator::Gt, &["6"])], true);
        check(&[("cost", Operator::Lt, &["7"])], false);
        check(&[("cost", Operator::Gt, &["1", "2"])], false);
        check(&[("zone", Operator::Gt, &["1"])], false);
    }

    #[test]
    fn terms_of_the_name() {
        let check = |key: &str, operator, values: &[&str], expect| {
            let term = NodeSelectorTerm {
                match_expressions: Vec::new(),
                match_fields: vec![requirement(key, operator, values)],
            };
            assert_eq!(matches_term(&term, &node()), expect, "{key} {operator:?} {values:?}");
        };
        check("metadata.name", Operator::In, &["node-1"], true);
        check("metadata.name", Operator::In, &["node-2"], false);
        check("metadata.name", Operator::NotIn, &["node-2"], true);
        check("metadata.name", Operator::In, &["node-1", "node-2"], false);
        check("metadata.uid", Operator::In, &["node-1"], false);
    }

    #[test]
    fn terms_are_alternatives() {
        let zone = |value: &str| NodeSelectorTerm {
            match_expressions: vec![requirement("zone", Operator::In, &[value])],
            match_fields: Vec::new(),
        };
        assert!(matches_any_term(&[zone("b"), zone("a")], &node()));
        assert!(!matches_any_term(&[zone("b")], &node()));
        assert!(!matches_any_term(&[], &node()));
    }
}
