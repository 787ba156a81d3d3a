//! Label selectors of objects and of command lines, and field selectors.
//!
//! Source: `staging/src/k8s.io/apimachinery/pkg/labels/selector.go` and `fields/selector.go`, v1.36.2.

use crate::{Name, StringMap};
use serde::{Deserialize, Serialize};
use std::fmt;

text_enum! {
    /// Operators of `matchExpressions` and of node selectors (the latter two only there).
    Operator {
        In = "In",
        NotIn = "NotIn",
        Exists = "Exists",
        DoesNotExist = "DoesNotExist",
        Gt = "Gt",
        Lt = "Lt",
    }
}

/// One requirement on a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Requirement {
    /// The label's key.
    pub key: Name,
    /// How its value is compared.
    pub operator: Operator,
    /// The values it is compared with.
    pub values: Vec<Name>,
}

impl Requirement {
    /// Whether `labels` meet it. A missing key meets `NotIn` and `DoesNotExist` alone.
    pub fn matches(&self, labels: &StringMap) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|v| self.values.contains(v)),
            Operator::NotIn => value.is_none_or(|v| !self.values.contains(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => self.compares(value, |have, want| have > want),
            Operator::Lt => self.compares(value, |have, want| have < want),
        }
    }

    fn compares(&self, value: Option<&Name>, holds: fn(i64, i64) -> bool) -> bool {
        let number = |text: &Name| text.parse::<i64>().ok();
        match (value.and_then(number), self.values.first().and_then(number)) {
            (Some(have), Some(want)) => holds(have, want),
            _ => false,
        }
    }
}

/// `metav1.LabelSelector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LabelSelector {
    /// Keys with exactly these values.
    pub match_labels: StringMap,
    /// Further requirements.
    pub match_expressions: Vec<Requirement>,
}

impl LabelSelector {
    /// Whether `labels` meet all requirements; the empty selector matches everything.
    pub fn matches(&self, labels: &StringMap) -> bool {
        labels.contains_all(&self.match_labels) && self.match_expressions.iter().all(|r| r.matches(labels))
    }
    /// Whether it has no requirement.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

/// A selector of a command line (`-l app=web,tier in (a,b),!old`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector(pub Vec<Requirement>);

/// What is wrong with the text of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError(pub String);

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for SelectorError {}

impl Selector {
    /// Whether `labels` meet all requirements.
    pub fn matches(&self, labels: &StringMap) -> bool {
        self.0.iter().all(|r| r.matches(labels))
    }

    /// Reads `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a)`, `k`, `!k`, joined by commas.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let parts = split_outside_parentheses(text);
        parts
            .into_iter()
            .filter(|p| !p.trim().is_empty())
            .map(parse_requirement)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn parse_requirement(text: &str) -> Result<Requirement, SelectorError> {
    let text = text.trim();
    let with = |key: &str, operator, values: Vec<Name>| {
        let key = key.trim();
        if key.is_empty() || key.contains(|c: char| c.is_whitespace() || "=!()".contains(c)) {
            return Err(SelectorError(format!("unable to parse requirement: {text:?} names no valid key")));
        }
        Ok(Requirement { key: key.into(), operator, values })
    };
    if let Some(key) = text.strip_prefix('!') {
        return with(key, Operator::DoesNotExist, Vec::new());
    }
    if let Some((key, value)) = text.split_once("!=") {
        return with(key, Operator::NotIn, vec![value.trim().into()]);
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return with(key, Operator::In, vec![value.trim().into()]);
    }
    for (word, operator) in [(" notin ", Operator::NotIn), (" in ", Operator::In)] {
        if let Some((key, list)) = text.split_once(word) {
            let list = list.trim().strip_prefix('(').and_then(|l| l.strip_suffix(')'));
            let list = list.ok_or_else(|| {
                SelectorError(format!("unable to parse requirement: found {text:?}, expected: '(' … ')'"))
            })?;
            return with(key, operator, list.split(',').map(|v| v.trim().into()).collect());
        }
    }
    with(text, Operator::Exists, Vec::new())
}

/// A selector on fields (`--field-selector status.phase!=Running`): equality and inequality alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSelector(pub Vec<FieldRequirement>);

/// One requirement on a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRequirement {
    /// Path as the API names it, such as `spec.nodeName`.
    pub field: Name,
    /// Whether the value must equal (or must differ).
    pub equal: bool,
    /// The value.
    pub value: Name,
}

impl FieldSelector {
    /// Whether all requirements hold; `field` gives a field's text.
    pub fn matches(&self, field: impl Fn(&str) -> Name) -> bool {
        self.0.iter().all(|r| (field(&r.field) == r.value) == r.equal)
    }

    /// Reads `a=b`, `a==b`, `a!=b`, joined by commas.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let parts = text.split(',').filter(|p| !p.trim().is_empty());
        parts
            .map(|part| {
                let (field, equal, value) = if let Some((f, v)) = part.split_once("!=") {
                    (f, false, v)
                } else if let Some((f, v)) = part.split_once("==").or_else(|| part.split_once('=')) {
                    (f, true, v)
                } else {
                    return Err(SelectorError(format!(
                        "invalid selector: '{part}'; can't understand '{part}'"
                    )));
                };
                Ok(FieldRequirement { field: field.trim().into(), equal, value: value.trim().into() })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_of_command_lines() {
        let labels: StringMap = [("app", "web"), ("tier", "a"), ("cost", "7")].into_iter().collect();
        for (text, matches) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=b", true),
            ("app in (web,api)", true),
            ("app notin (web)", false),
            ("app,!old", true),
            ("!app", false),
            ("missing!=x", true),
            ("missing notin (x)", true),
            ("missing=x", false),
        ] {
            assert_eq!(Selector::parse(text).unwrap().matches(&labels), matches, "{text}");
        }
        for text in ["=x", "a in b", "a b", "in (x)"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn comparing_requirements_need_integers() {
        let labels: StringMap = [("cost", "7"), ("name", "x")].into_iter().collect();
        let check = |key: &str, operator, value: &str| {
            Requirement { key: key.into(), operator, values: vec![value.into()] }.matches(&labels)
        };
        assert!(check("cost", Operator::Gt, "6"));
        assert!(!check("cost", Operator::Gt, "7"));
        assert!(check("cost", Operator::Lt, "8"));
        assert!(!check("name", Operator::Gt, "6"));
        assert!(!check("missing", Operator::Lt, "6"));
    }

    #[test]
    fn field_selectors() {
        let field = |name: &str| Name::from(if name == "status.phase" { "Running" } else { "" });
        assert!(FieldSelector::parse("status.phase=Running,spec.nodeName=").unwrap().matches(field));
        assert!(!FieldSelector::parse("status.phase!=Running").unwrap().matches(field));
        assert!(FieldSelector::parse("status.phase").is_err());
    }
}
