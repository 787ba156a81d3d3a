//! Flags of a verb, read as kubectl's library (cobra, pflag) reads them, with its words for what is wrong.

use super::UsageError;
use std::collections::BTreeMap;
use units::{SimDuration, parse_go_duration};

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `--flag`, `--flag=false`
    Bool,
    /// A text.
    Text,
    /// A text; without `=text` it is this one.
    TextOr(&'static str),
    /// An integer of 64 bits.
    Int,
    /// A duration in Go's form.
    Duration,
    /// Texts, joined by commas or in several flags.
    List,
}

/// A flag of a verb.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    name: &'static str,
    short: Option<char>,
    takes: Takes,
    modelled: bool,
}

impl Flag {
    /// `--name`
    pub const fn new(name: &'static str, takes: Takes) -> Self {
        Self { name, short: None, takes, modelled: true }
    }
    /// `-n`, too.
    pub const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }
    /// The real kubectl has it, this one does not yet.
    pub const fn not_modelled(mut self) -> Self {
        self.modelled = false;
        self
    }

    /// As errors name it: `-o, --output`.
    fn shown(&self) -> String {
        self.short.map_or_else(|| format!("--{}", self.name), |short| format!("-{short}, --{}", self.name))
    }

    /// The value without `=value`, if there is one.
    fn bare(&self) -> Option<&'static str> {
        match self.takes {
            Takes::Bool => Some("true"),
            Takes::TextOr(text) => Some(text),
            _ => None,
        }
    }

    fn problem(&self, value: &str) -> Option<String> {
        let syntax = |function| format!("strconv.{function}: parsing {value:?}: invalid syntax");
        match self.takes {
            Takes::Bool => parse_bool(value).is_none().then(|| syntax("ParseBool")),
            Takes::Duration => parse_go_duration(value).err().map(|error| error.to_string()),
            Takes::Int => value.parse::<i64>().err().map(|error| match error.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                    format!("strconv.ParseInt: parsing {value:?}: value out of range")
                }
                _ => syntax("ParseInt"),
            }),
            Takes::Text | Takes::TextOr(_) | Takes::List => None,
        }
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// The flags of every command. What does nothing to the output is accepted.
pub const GLOBAL: &[Flag] = &[
    Flag::new("namespace", Takes::Text).short('n'),
    Flag::new("v", Takes::Int).short('v'),
    Flag::new("vmodule", Takes::Text),
    Flag::new("log-flush-frequency", Takes::Duration),
    Flag::new("cache-dir", Takes::Text),
    Flag::new("disable-compression", Takes::Bool),
    Flag::new("match-server-version", Takes::Bool),
    Flag::new("warnings-as-errors", Takes::Bool).not_modelled(),
    Flag::new("request-timeout", Takes::Text).not_modelled(),
    Flag::new("as", Takes::Text).not_modelled(),
    Flag::new("as-group", Takes::List).not_modelled(),
    Flag::new("as-uid", Takes::Text).not_modelled(),
    Flag::new("as-user-extra", Takes::List).not_modelled(),
    Flag::new("certificate-authority", Takes::Text).not_modelled(),
    Flag::new("client-certificate", Takes::Text).not_modelled(),
    Flag::new("client-key", Takes::Text).not_modelled(),
    Flag::new("cluster", Takes::Text).not_modelled(),
    Flag::new("context", Takes::Text).not_modelled(),
    Flag::new("insecure-skip-tls-verify", Takes::Bool).not_modelled(),
    Flag::new("kubeconfig", Takes::Text).not_modelled(),
    Flag::new("kuberc", Takes::Text).not_modelled(),
    Flag::new("password", Takes::Text).not_modelled(),
    Flag::new("profile", Takes::Text).not_modelled(),
    Flag::new("profile-output", Takes::Text).not_modelled(),
    Flag::new("server", Takes::Text).short('s').not_modelled(),
    Flag::new("tls-server-name", Takes::Text).not_modelled(),
    Flag::new("token", Takes::Text).not_modelled(),
    Flag::new("user", Takes::Text).not_modelled(),
    Flag::new("username", Takes::Text).not_modelled(),
    Flag::new("help", Takes::Bool).short('h').not_modelled(),
];

/// The flags that name files.
pub const FILES: &[Flag] = &[
    Flag::new("filename", Takes::List).short('f'),
    Flag::new("recursive", Takes::Bool).short('R'),
    Flag::new("kustomize", Takes::Text).short('k').not_modelled(),
];

/// What a command line gives: values of flags, and arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    values: BTreeMap<&'static str, Vec<String>>,
    /// What is no flag, in order.
    pub args: Vec<String>,
}

impl Given {
    /// Whether the flag was given.
    pub fn has(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }
    /// The last value of a flag.
    pub fn text(&self, flag: &str) -> Option<&str> {
        self.values.get(flag).and_then(|values| values.last()).map(String::as_str)
    }
    /// Whether a boolean flag was given and not as false.
    pub fn is_set(&self, flag: &str) -> bool {
        self.text(flag).and_then(parse_bool).unwrap_or(false)
    }
    /// An integer.
    pub fn int(&self, flag: &str) -> Option<i64> {
        self.text(flag).and_then(|text| text.parse().ok())
    }
    /// A duration.
    pub fn duration(&self, flag: &str) -> Option<SimDuration> {
        self.text(flag).and_then(|text| parse_go_duration(text).ok())
    }
    /// All texts of a list.
    pub fn list(&self, flag: &str) -> Vec<String> {
        let values = self.values.get(flag).map(Vec::as_slice).unwrap_or_default();
        values.iter().flat_map(|value| value.split(',')).map(str::to_owned).collect()
    }
}

/// Reads the words behind a command's name. Flags and arguments may be mixed; `--` ends the flags.
///
/// # Errors
/// A flag that is unknown, lacks its value, has a wrong one, or is not modelled yet.
pub fn parse(command: &str, flags: &[&[Flag]], words: &[String]) -> Result<Given, UsageError> {
    let mut given = Given::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            given.args.extend(words.by_ref().cloned());
        } else if let Some(long) = word.strip_prefix("--") {
            long_flag(command, flags, long, &mut words, &mut given)?;
        } else if word.len() > 1 && word.starts_with('-') {
            short_flags(command, flags, &word[1..], &mut words, &mut given)?;
        } else {
            given.args.push(word.clone());
        }
    }
    Ok(given)
}

fn find(flags: &[&[Flag]], is: impl Fn(&Flag) -> bool) -> Option<Flag> {
    flags.iter().copied().flatten().chain(GLOBAL).find(|flag| is(flag)).copied()
}

fn long_flag<'a>(
    command: &str,
    flags: &[&[Flag]],
    long: &str,
    words: &mut impl Iterator<Item = &'a String>,
    given: &mut Given,
) -> Result<(), UsageError> {
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (long, None),
    };
    if name.is_empty() || name.starts_with('-') {
        return Err(UsageError::flag(command, format!("bad flag syntax: --{long}")));
    }
    let flag = find(flags, |flag| flag.name == name)
        .ok_or_else(|| UsageError::flag(command, format!("unknown flag: --{name}")))?;
    let value = value.or_else(|| flag.bare().map(str::to_owned)).or_else(|| words.next().cloned());
    let value =
        value.ok_or_else(|| UsageError::flag(command, format!("flag needs an argument: --{name}")))?;
    take(command, flag, value, given)
}

fn short_flags<'a>(
    command: &str,
    flags: &[&[Flag]],
    letters: &str,
    words: &mut impl Iterator<Item = &'a String>,
    given: &mut Given,
) -> Result<(), UsageError> {
    let mut rest = letters;
    while let Some(letter) = rest.chars().next() {
        let behind = &rest[letter.len_utf8()..];
        let flag = find(flags, |flag| flag.short == Some(letter)).ok_or_else(|| {
            UsageError::flag(command, format!("unknown shorthand flag: '{letter}' in -{rest}"))
        })?;
        let (value, next) = match (behind.strip_prefix('='), flag.bare()) {
            (Some(value), _) => (value.to_owned(), ""),
            (None, Some(bare)) => (bare.to_owned(), behind),
            (None, None) if !behind.is_empty() => (behind.to_owned(), ""),
            (None, None) => match words.next() {
                Some(word) => (word.clone(), ""),
                None => {
                    let message = format!("flag needs an argument: '{letter}' in -{rest}");
                    return Err(UsageError::flag(command, message));
                }
            },
        };
        take(command, flag, value, given)?;
        rest = next;
    }
    Ok(())
}

fn take(command: &str, flag: Flag, value: String, given: &mut Given) -> Result<(), UsageError> {
    if let Some(problem) = flag.problem(&value) {
        let shown = flag.shown();
        let message = format!("invalid argument {value:?} for {shown:?} flag: {problem}");
        return Err(UsageError::flag(command, message));
    }
    if !flag.modelled {
        return Err(UsageError::not_modelled(format!("the flag --{} of kubectl {command}", flag.name)));
    }
    given.values.entry(flag.name).or_default().push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::split;

    const FLAGS: &[Flag] = &[
        Flag::new("output", Takes::Text).short('o'),
        Flag::new("replicas", Takes::Int),
        Flag::new("all", Takes::Bool),
        Flag::new("no-headers", Takes::Bool),
        Flag::new("cascade", Takes::TextOr("background")),
        Flag::new("timeout", Takes::Duration),
        Flag::new("watch", Takes::Bool).short('w').not_modelled(),
    ];

    fn parsed(line: &str) -> Result<Given, UsageError> {
        parse("get", &[FLAGS, FILES], &split(line).expect("words"))
    }

    #[test]
    fn flags_and_arguments_may_be_mixed() {
        let given =
            parsed("cm --all one -ntesting -oname --cascade x -f a,b -Rf=c --replicas -3 -- -y").unwrap();
        assert_eq!(given.args, ["cm", "one", "x", "-y"]);
        assert_eq!((given.text("namespace"), given.text("output")), (Some("testing"), Some("name")));
        assert_eq!((given.text("cascade"), given.int("replicas")), (Some("background"), Some(-3)));
        assert_eq!(given.list("filename"), ["a", "b", "c"]);
        assert!(given.is_set("all") && given.is_set("recursive") && !given.is_set("no-headers"));
        assert!(!parsed("--all=false").unwrap().is_set("all"));
        assert_eq!(parsed("--timeout=1m").unwrap().duration("timeout"), Some(SimDuration::from_secs(60)));
        assert_eq!(parsed("-f -").unwrap().list("filename"), ["-"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_kubectls_words() {
        let hint = "\nSee 'kubectl get --help' for usage.\n";
        for (line, error) in [
            ("--foo", "unknown flag: --foo"),
            ("--foo=1", "unknown flag: --foo"),
            ("-o", "flag needs an argument: 'o' in -o"),
            ("--output", "flag needs an argument: --output"),
            ("-z", "unknown shorthand flag: 'z' in -z"),
            ("-Rz", "unknown shorthand flag: 'z' in -z"),
            ("--=x", "bad flag syntax: --=x"),
            (
                "--replicas=three",
                "invalid argument \"three\" for \"--replicas\" flag: strconv.ParseInt: parsing \"three\": invalid syntax",
            ),
            (
                "--replicas=99999999999999999999",
                "invalid argument \"99999999999999999999\" for \"--replicas\" flag: strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
            ),
            (
                "--no-headers=maybe",
                "invalid argument \"maybe\" for \"--no-headers\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "--timeout=1",
                "invalid argument \"1\" for \"--timeout\" flag: time: missing unit in duration \"1\"",
            ),
            (
                "-R=x",
                "invalid argument \"x\" for \"-R, --recursive\" flag: strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
        ] {
            assert_eq!(parsed(line).unwrap_err().stderr, format!("error: {error}{hint}"), "{line}");
        }
        let error = parsed("-w").unwrap_err();
        assert_eq!(error.stderr, "error: the flag --watch of kubectl get is not modelled yet\n");
    }
}
