//! Paths as the server writes them: `spec.containers[0].resources.limits[example.com/gpu]`.

use api::json::FieldError;
use api::yaml::{Kind, Node};

/// The names, keys and indices of a path.
pub(super) fn steps(path: &str) -> Vec<&str> {
    let (mut steps, mut rest) = (Vec::new(), path);
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').unwrap_or((inner, "")),
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        steps.push(step);
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}

/// The node that a problem is about, or the last one on the way to it that is there.
pub(super) fn locate<'t>(kind: api::Kind, node: Node<'t>, problem: &FieldError) -> Node<'t> {
    // The server looks for taints where they were before they had a field.
    let path = match problem.path.strip_prefix("metadata.taints") {
        Some(rest) if kind == api::Kind::Node => format!("spec.taints{rest}"),
        _ => problem.path.clone(),
    };
    let mut here = node;
    for step in steps(&path) {
        let next = match step.parse::<usize>() {
            Ok(index) if here.kind() == Kind::Sequence => here.items().nth(index),
            _ => here.get(step),
        };
        let Some(next) = next else { return here };
        here = next;
    }
    quoted(&problem.message).and_then(|text| entry(here, text)).unwrap_or(here)
}

/// The value that a message quotes: `Invalid value: "a b": …`.
fn quoted(message: &str) -> Option<&str> {
    message.strip_prefix("Invalid value: \"")?.split_once("\": ").map(|(text, _)| text)
}

/// Of labels and the like, the key or the value that is this text: the server names the whole of them.
fn entry<'t>(node: Node<'t>, text: &str) -> Option<Node<'t>> {
    let parts = node.entries().flat_map(|(key, value)| [key, value]);
    parts.into_iter().find(|part| part.as_str() == Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_steps() {
        let check = |path: &str, expect: &[&str]| assert_eq!(steps(path), expect, "{path}");
        check("", &[]);
        check("spec", &["spec"]);
        check("spec.ports[1].name", &["spec", "ports", "1", "name"]);
        check("data[a.b/c].x[", &["data", "a.b/c", "x", ""]);
    }
}
