//! What went wrong at run time, in the words that kubectl prints.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go`, v1.36.2.

use api::error::Reason;
use api::{ApiError, Kind, ObjectKey};

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server refused.
    Server {
        /// Its refusal.
        error: ApiError,
        /// What kubectl was doing, in front of the server's words; empty if it does not say so.
        doing: String,
    },
    /// kubectl itself is not content.
    Own(String),
}

impl Failure {
    /// A refusal, in the server's words alone.
    pub fn server(error: ApiError) -> Self {
        Self::Server { error, doing: String::new() }
    }
    /// A refusal, and what kubectl was doing with which file: `error when creating "web.yaml": …`.
    pub fn while_doing(error: ApiError, doing: &str, source: &str) -> Self {
        Self::Server { error, doing: format!("error when {doing} {source:?}: ") }
    }
    /// The resource that the server does not have there: `scale` of a pod.
    pub fn no_such_resource() -> Self {
        Self::server(ApiError::new(Reason::NotFound, "the server could not find the requested resource"))
    }
    /// Whether the server says that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Server { error, .. } if error.reason == Reason::NotFound)
    }

    fn message(&self) -> String {
        match self {
            Self::Own(message) => message.clone(),
            Self::Server { error, doing } => {
                format!("Error from server ({}): {doing}{}", error.reason.as_str(), error.message)
            }
        }
    }
}

/// What kubectl prints to standard error for these; nothing for none.
pub fn report(failures: &[Failure]) -> String {
    match failures {
        [] => String::new(),
        [Failure::Own(message)] if message.starts_with("error: ") => format!("{message}\n"),
        [Failure::Own(message)] => format!("error: {message}\n"),
        [Failure::Server { error, .. }] if error.reason == Reason::Invalid => invalid(error),
        many => many.iter().map(|failure| failure.message() + "\n").collect(),
    }
}

/// `The Deployment "web" is invalid: …`, several causes on lines of their own.
fn invalid(error: &ApiError) -> String {
    let Some((subject, causes)) = error.message.split_once(" is invalid: ") else {
        return format!("The request is invalid: {}\n", error.message);
    };
    let (kind, name) = subject.split_once(' ').unwrap_or((subject, "\"\""));
    let kind = kind.split('.').next().unwrap_or(kind);
    let head = format!("The {kind} {name} is invalid: ");
    match split_causes(causes).as_slice() {
        [one] => format!("{head}{one}\n"),
        many => many.iter().fold(format!("{head}\n"), |text, cause| text + &format!("* {cause}\n")),
    }
}

/// The causes in `[a: …, b: …]`. A refusal carries them as one text; a new one begins where, behind a comma, a field
/// and one of the API's kinds of mistake follow.
fn split_causes(text: &str) -> Vec<&str> {
    let Some(list) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return vec![text];
    };
    let (mut causes, mut start) = (Vec::new(), 0);
    for (at, _) in list.match_indices(", ") {
        if begins_cause(&list[at + 2..]) {
            causes.push(&list[start..at]);
            start = at + 2;
        }
    }
    causes.push(&list[start..]);
    causes
}

/// Source: `staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go`.
const MISTAKES: [&str; 10] = [
    "Required value",
    "Invalid value",
    "Unsupported value",
    "Duplicate value",
    "Forbidden",
    "Not found",
    "Too long",
    "Too many",
    "Too few",
    "Internal error",
];

fn begins_cause(text: &str) -> bool {
    text.split_once(": ").is_some_and(|(field, rest)| {
        !field.contains(' ') && MISTAKES.iter().any(|mistake| rest.starts_with(mistake))
    })
}

/// An object as kubectl's errors describe it.
pub(crate) fn described(kind: Kind, key: &ObjectKey) -> String {
    let info = kind.info();
    let version = format!("{}/{}", info.group, info.version);
    format!(
        "Resource: \"{version}, Resource={}\", GroupVersionKind: \"{version}, Kind={}\"\nName: {:?}, Namespace: {:?}",
        info.plural, info.kind, key.name, key.namespace
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure() {
        let check = |failure: Failure, expect: &str| assert_eq!(report(&[failure]), format!("{expect}\n"));
        check(Failure::Own("no objects passed to apply".to_owned()), "error: no objects passed to apply");
        check(
            Failure::server(ApiError::not_found(Kind::ConfigMap, "a")),
            "Error from server (NotFound): configmaps \"a\" not found",
        );
        check(
            Failure::while_doing(ApiError::not_found(Kind::ConfigMap, "a"), "creating", "a.yaml"),
            "Error from server (NotFound): error when creating \"a.yaml\": configmaps \"a\" not found",
        );
        let causes = ["spec.selector: Invalid value: {\"a\": [1, 2]}: field is immutable".to_owned()];
        check(
            Failure::server(ApiError::invalid(Kind::Deployment, "web", &causes)),
            "The Deployment \"web\" is invalid: spec.selector: Invalid value: {\"a\": [1, 2]}: field is immutable",
        );
        let causes = [
            "spec.a: Invalid value: \"x, y\": must consist of letters, '-' or '.', and must start".to_owned(),
            "spec.b[0].c: Required value".to_owned(),
        ];
        check(
            Failure::server(ApiError::invalid(Kind::Pod, "p", &causes)),
            "The Pod \"p\" is invalid: \n* spec.a: Invalid value: \"x, y\": must consist of letters, '-' or '.', and must \
             start\n* spec.b[0].c: Required value",
        );
    }

    #[test]
    fn several_failures() {
        let failures = [
            Failure::server(ApiError::not_found(Kind::Pod, "a")),
            Failure::Own("unable to find container named \"x\"".to_owned()),
        ];
        let expect =
            "Error from server (NotFound): pods \"a\" not found\nunable to find container named \"x\"\n";
        assert_eq!(report(&failures), expect);
        assert_eq!(report(&[]), "");
    }
}
