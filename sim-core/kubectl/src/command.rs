//! A parsed command line.

use crate::grammar::flags::{GLOBAL, Given, parse as parse_flags};
use crate::grammar::{UsageError, split};
use crate::verbs::{self, apply, delete, scale, set};
use crate::{Failure, get};
use api::{Kind, Name};
use serde_json::Value;

/// A kubectl line whose words have been understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// As it was written.
    pub line: String,
    /// `-n`.
    pub namespace: Option<Name>,
    /// What it does.
    pub verb: Verb,
    files: Vec<String>,
    manifests: Vec<Manifest>,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Verb {
    Apply(apply::Args),
    Delete(delete::Args),
    Get(get::GetArgs),
    Scale(scale::Args),
    Set(set::Args),
}

/// An object of a file that `-f` names.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The file, as messages name it (`STDIN` for `-`).
    pub source: String,
    /// Its kind.
    pub kind: Kind,
    /// It, as it stands in the file.
    pub object: Value,
}

impl Command {
    /// Reads a line: what follows `kubectl` (which may stand there, too), with a shell's quotes.
    ///
    /// # Errors
    /// With kubectl's words, if the line is wrong; with ours, if it is not modelled yet.
    pub fn parse(line: &str) -> Result<Self, UsageError> {
        Self::of_words(line, &split(line)?)
    }

    /// Reads words that have been split; `line` is how the line is shown later.
    ///
    /// # Errors
    /// As [`Command::parse`].
    pub fn of_words(line: &str, words: &[String]) -> Result<Self, UsageError> {
        let at = verb_at(words).ok_or_else(|| UsageError::not_modelled("kubectl without a command"))?;
        let (name, mut rest) = (&words[at], words[..at].to_vec());
        rest.extend_from_slice(&words[at + 1..]);
        let (verb, given) = verbs::parse(name, &rest)?;
        let namespace = given.text("namespace").filter(|name| !name.is_empty()).map(Name::from);
        let files = given.list("filename");
        Ok(Self { line: line.to_owned(), namespace, verb, files, manifests: Vec::new() })
    }

    /// An `apply -f` of objects that are at hand; `line` is how it is shown later.
    pub fn apply(line: &str, manifests: Vec<Manifest>) -> Self {
        let words = ["apply", "-f", "-"].map(str::to_owned);
        let mut command =
            Self::of_words(line, &words).unwrap_or_else(|_| panic!("the grammar knows apply -f"));
        command.load(manifests);
        command
    }

    /// The files and folders that `-f` names, in order; `-` is standard input.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Gives the objects of these files, in order.
    pub fn load(&mut self, manifests: Vec<Manifest>) {
        self.manifests = manifests;
    }

    /// The objects that were given.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// Whether it can change anything.
    pub fn is_write(&self) -> bool {
        !matches!(self.verb, Verb::Get(_))
    }
}

impl Manifest {
    /// The object with its namespace filled in.
    pub(crate) fn placed(&self, namespace: &Name, enforced: bool) -> Result<Value, Failure> {
        let mut object = self.object.clone();
        if !object["metadata"].is_object() {
            object["metadata"] = Value::Object(serde_json::Map::new());
        }
        let own = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        if !self.kind.info().namespaced {
            return Ok(object);
        }
        if own.is_empty() {
            object["metadata"]["namespace"] = Value::from(namespace.as_str());
        } else if enforced && own != *namespace {
            return Err(Failure::Own(format!(
                "the namespace from the provided object {own:?} does not match the namespace {:?}. You must pass \
                 '--namespace={own}' to perform this operation.",
                namespace.as_str()
            )));
        }
        Ok(object)
    }
}

/// Where the command's name is: behind flags of every command, and their values.
fn verb_at(words: &[String]) -> Option<usize> {
    let candidates = (0..words.len()).filter(|&at| !words[at].starts_with('-'));
    let mut candidates = candidates.filter(|&at| leads(&words[..at]));
    candidates.next()
}

/// Whether these words are whole flags and nothing else.
fn leads(words: &[String]) -> bool {
    match parse_flags("", &[GLOBAL], words) {
        Ok(Given { args, .. }) => args.is_empty(),
        Err(_) => !words.last().is_some_and(|word| word.starts_with('-') && !word.contains('=')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_line_is_too_odd_to_be_read(
            words in prop::collection::vec(
                "get|set|image|delete|apply|scale|-n|-A|-l|-o|-f|--all|--replicas|--sort-by|--field-selector|=|cm/|[ -~é]{0,6}",
                0..7,
            )
        ) {
            let line = words.join(" ");
            if let Err(error) = Command::parse(&line) {
                prop_assert!(error.status == 1 && error.stderr.ends_with('\n'), "{}", line);
            }
        }
    }
}
