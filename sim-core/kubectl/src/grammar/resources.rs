//! Which objects a command is about: `TYPE`, `TYPE NAME…`, `TYPE/NAME…`, several types joined by commas.
//!
//! Source: `staging/src/k8s.io/cli-runtime/pkg/resource/builder.go`, v1.36.2.

use super::UsageError;
use super::flags::{Flag, Given, Takes};
use api::selector::{FieldSelector, Selector};
use api::{Kind, Name};
use std::fmt;

/// Objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one of that name.
    Named(Kind, Name),
    /// All that the selectors and the namespace leave.
    All(Kind),
}

impl Target {
    /// Their kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Named(kind, _) | Self::All(kind) => *kind,
        }
    }
}

/// The flags that select objects.
pub const SELECTORS: &[Flag] = &[
    Flag::new("selector", Takes::Text).short('l'),
    Flag::new("field-selector", Takes::Text),
    Flag::new("all-namespaces", Takes::Bool).short('A'),
];

/// Which of the objects of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// By labels.
    pub labels: Selector,
    /// By fields.
    pub fields: FieldSelector,
    /// In every namespace.
    pub all_namespaces: bool,
}

impl Selection {
    /// Reads the flags [`SELECTORS`].
    ///
    /// # Errors
    /// If a selector cannot be read.
    pub fn of(given: &Given) -> Result<Self, UsageError> {
        let labels =
            Selector::parse(given.text("selector").unwrap_or_default()).map_err(UsageError::error)?;
        let text = given.text("field-selector").unwrap_or_default();
        let fields = FieldSelector::parse(text).map_err(|error| {
            // It is the server that reads it.
            let word = given.args.first().and_then(|arg| arg.split([',', '/']).next()).unwrap_or_default();
            let message = Kind::of_word(word).map(|kind| unable_to_find(kind, text, &error));
            UsageError::plain(format!(
                "Error from server (BadRequest): {}",
                message.unwrap_or_else(|| error.to_string())
            ))
        })?;
        Ok(Self { labels, fields, all_namespaces: given.is_set("all-namespaces") })
    }
}

/// The server's words about a field selector that it cannot use.
pub(crate) fn unable_to_find(kind: Kind, fields: &str, because: impl fmt::Display) -> String {
    let info = kind.info();
    format!(
        "Unable to find \"{}/{}, Resource={}\" that match label selector \"\", field selector {fields:?}: {because}",
        info.group, info.version, info.plural
    )
}

/// How a command reads its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A type alone means all of its objects.
    pub type_means_all: bool,
    /// `-f` gives the objects.
    pub files: bool,
    /// `--all` was given.
    pub all: bool,
    /// A selector was given.
    pub selector: bool,
    /// `-A` was given.
    pub all_namespaces: bool,
}

/// What `kubectl get all` means, in the order in which it prints.
const ALL: [Kind; 10] = [
    Kind::Pod,
    Kind::ReplicationController,
    Kind::Service,
    Kind::DaemonSet,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::HorizontalPodAutoscaler,
    Kind::CronJob,
    Kind::Job,
];

const MIXED: &str = "there is no need to specify a resource type as a separate argument when passing arguments in \
                     resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource \
                     resource/<resource_name>'";

const NOTHING: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications \
                       include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

/// Reads the arguments.
///
/// # Errors
/// With kubectl's words, if they name nothing, a type that does not exist, or contradict the flags.
pub fn targets(args: &[String], rules: Rules) -> Result<Vec<Target>, UsageError> {
    if rules.files {
        if args.is_empty() {
            return Ok(Vec::new());
        }
        return Err(UsageError::error(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        ));
    }
    let found =
        if args.iter().any(|arg| arg.contains('/')) { slashed(args, rules)? } else { spaced(args, rules)? };
    let named = found.iter().any(|target| matches!(target, Target::Named(..)));
    if named && rules.all_namespaces {
        return Err(UsageError::error("a resource cannot be retrieved by name across all namespaces"));
    }
    Ok(found)
}

/// `TYPE/NAME TYPE/NAME`
fn slashed(args: &[String], rules: Rules) -> Result<Vec<Target>, UsageError> {
    if args.iter().any(|arg| !arg.contains('/')) {
        return Err(UsageError::error(MIXED));
    }
    if rules.all || rules.selector {
        return Err(UsageError::error(
            "selectors and the all flag cannot be used when passing resource/name arguments",
        ));
    }
    let mut found = Vec::new();
    for arg in args {
        let (words, name) = arg.split_once('/').unwrap_or((arg, ""));
        if name.contains('/') {
            return Err(UsageError::error(
                "arguments in resource/name form may not have more than one slash",
            ));
        }
        if words.is_empty() || name.is_empty() || words.contains(',') {
            let problem = "arguments in resource/name form must have a single resource and name";
            return Err(UsageError::error(problem));
        }
        found.extend(kinds(words)?.into_iter().map(|kind| Target::Named(kind, name.into())));
    }
    Ok(found)
}

/// `TYPE[,TYPE] [NAME…]`
fn spaced(args: &[String], rules: Rules) -> Result<Vec<Target>, UsageError> {
    let Some((types, names)) = args.split_first() else { return Err(UsageError::error(NOTHING)) };
    let types = kinds(types)?;
    if names.is_empty() {
        if !rules.type_means_all && !rules.all && !rules.selector {
            return Err(UsageError::error("resource(s) were provided, but no name was specified"));
        }
        return Ok(types.into_iter().map(Target::All).collect());
    }
    if rules.all || rules.selector {
        return Err(UsageError::error("name cannot be provided when a selector is specified"));
    }
    if names.iter().any(String::is_empty) {
        return Err(UsageError::error("resource name may not be empty"));
    }
    let named = types.iter().flat_map(|kind| names.iter().map(|name| Target::Named(*kind, name.into())));
    Ok(named.collect())
}

fn kinds(words: &str) -> Result<Vec<Kind>, UsageError> {
    let mut found: Vec<Kind> = Vec::new();
    for word in words.split(',') {
        let these = if word == "all" { ALL.to_vec() } else { vec![kind(word)?] };
        let new: Vec<Kind> = these.into_iter().filter(|kind| !found.contains(kind)).collect();
        found.extend(new);
    }
    Ok(found)
}

fn kind(word: &str) -> Result<Kind, UsageError> {
    Kind::of_word(word).ok_or_else(|| {
        let resource = word.split('.').next().unwrap_or(word);
        UsageError::error(format!("the server doesn't have a resource type {resource:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Rules =
        Rules { type_means_all: false, files: false, all: false, selector: false, all_namespaces: false };
    const GET: Rules = Rules { type_means_all: true, ..PLAIN };
    const ALL_FLAG: Rules = Rules { all: true, ..PLAIN };

    fn found(line: &str, rules: Rules) -> Result<Vec<Target>, String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        targets(&args, rules).map_err(|error| error.stderr.trim_end().to_owned())
    }

    #[test]
    fn forms() {
        let named = |kind, name: &str| Target::Named(kind, name.into());
        for (line, rules, expect) in [
            ("pods", GET, vec![Target::All(Kind::Pod)]),
            (
                "pv,pvc",
                GET,
                vec![Target::All(Kind::PersistentVolume), Target::All(Kind::PersistentVolumeClaim)],
            ),
            ("po,pods", GET, vec![Target::All(Kind::Pod)]),
            ("deploy a b", PLAIN, vec![named(Kind::Deployment, "a"), named(Kind::Deployment, "b")]),
            ("deploy,svc a", PLAIN, vec![named(Kind::Deployment, "a"), named(Kind::Service, "a")]),
            ("deploy/a svc/b", PLAIN, vec![named(Kind::Deployment, "a"), named(Kind::Service, "b")]),
            ("deployments.v1.apps/web", PLAIN, vec![named(Kind::Deployment, "web")]),
            ("cm", ALL_FLAG, vec![Target::All(Kind::ConfigMap)]),
        ] {
            assert_eq!(found(line, rules), Ok(expect), "{line}");
        }
        assert_eq!(found("all", GET).map(|all| all.len()), Ok(10));
    }

    #[test]
    fn what_is_wrong() {
        for (line, rules, error) in [
            ("pods", PLAIN, "resource(s) were provided, but no name was specified"),
            ("podz", GET, "the server doesn't have a resource type \"podz\""),
            ("gadgets.example.com", GET, "the server doesn't have a resource type \"gadgets\""),
            ("cm one", ALL_FLAG, "name cannot be provided when a selector is specified"),
            (
                "cm/one",
                ALL_FLAG,
                "selectors and the all flag cannot be used when passing resource/name arguments",
            ),
            ("cm/one two", GET, MIXED),
            ("cm/a/b", GET, "arguments in resource/name form may not have more than one slash"),
            ("cm/", GET, "arguments in resource/name form must have a single resource and name"),
            (
                "cm one",
                Rules { all_namespaces: true, ..GET },
                "a resource cannot be retrieved by name across all namespaces",
            ),
            (
                "cm one",
                Rules { files: true, ..GET },
                "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
            ),
            ("", PLAIN, NOTHING),
        ] {
            assert_eq!(found(line, rules), Err(format!("error: {error}")), "{line}");
        }
    }
}
