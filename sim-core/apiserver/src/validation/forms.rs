//! The forms of names, labels and ports, in the server's words for what is none.
//!
//! Source: `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`, v1.36.2.

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const NAME_PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with a name of one part.
pub(super) fn label(text: &str) -> Vec<String> {
    let mut problems = longer_than(63, "characters", text);
    if !is_dns_label(text) {
        let dots = !text.is_empty() && text.split('.').all(is_dns_label);
        problems.push(if dots { "must not contain dots" } else { LABEL }.to_owned());
    }
    problems
}

/// What is wrong with a name of parts with dots between.
pub(super) fn subdomain(text: &str) -> Vec<String> {
    let mut problems = longer_than(253, "characters", text);
    if !text.split('.').all(is_dns_label) {
        problems.push(SUBDOMAIN.to_owned());
    }
    problems
}

/// What is wrong with a name that becomes a part of a URL's path.
pub(super) fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    let contained = ["/", "%"].into_iter().filter(|part| text.contains(part));
    contained.map(|part| format!("may not contain '{part}'")).collect()
}

/// What is wrong with the value of a label.
pub(super) fn label_value(text: &str) -> Vec<String> {
    let mut problems = longer_than(63, "bytes", text);
    if !text.is_empty() && !is_name_part(text) {
        problems.push(LABEL_VALUE.to_owned());
    }
    problems
}

/// What is wrong with the key of a label, or the name of a resource: `name` or `example.com/name`.
pub(super) fn qualified_name(text: &str) -> Vec<String> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    if name.contains('/') {
        return vec![format!(
            "a valid label key {NAME_PART} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )];
    }
    let mut problems = match prefix {
        None => Vec::new(),
        Some("") => vec!["prefix part must be non-empty".to_owned()],
        Some(prefix) => subdomain(prefix).into_iter().map(|p| format!("prefix part {p}")).collect(),
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    }
    problems.extend(longer_than(63, "bytes", name).into_iter().map(|p| format!("name part {p}")));
    if !is_name_part(name) {
        problems.push(format!("name part {NAME_PART}"));
    }
    problems
}

/// What is wrong with the number of a port.
pub(super) fn port_number(port: i32) -> Option<&'static str> {
    (!(1..=65_535).contains(&port)).then_some("must be between 1 and 65535, inclusive")
}

/// What is wrong with the name of a port.
pub(super) fn port_name(text: &str) -> Vec<String> {
    let mut problems = longer_than(15, "characters", text);
    let mut say = |wrong: bool, problem: &str| {
        if wrong {
            problems.push(problem.to_owned());
        }
    };
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    say(!text.bytes().all(allowed), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    say(!text.bytes().any(|c| c.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    say(text.contains("--"), "must not contain consecutive hyphens");
    say(text.starts_with('-') || text.ends_with('-'), "must not begin or end with a hyphen");
    problems
}

fn longer_than(limit: usize, of: &str, text: &str) -> Vec<String> {
    let is_longer = text.len() > limit;
    is_longer.then(|| format!("must be no more than {limit} {of}")).into_iter().collect()
}

fn is_dns_label(text: &str) -> bool {
    let alphanumeric = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    is_formed(text, alphanumeric, |c| alphanumeric(c) || c == b'-')
}

fn is_name_part(text: &str) -> bool {
    is_formed(text, |c| c.is_ascii_alphanumeric(), |c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
}

fn is_formed(text: &str, at_ends: impl Fn(u8) -> bool, within: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|c| at_ends(*c))
        && bytes.last().is_some_and(|c| at_ends(*c))
        && bytes.iter().all(|c| within(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels() {
        let long = "a".repeat(64);
        for (text, is_label, is_subdomain, is_value, is_key) in [
            ("web", true, true, true, true),
            ("web-1", true, true, true, true),
            ("1.web", false, true, true, true),
            ("Web_1", false, false, true, true),
            ("", false, false, true, false),
            ("-a", false, false, false, false),
            ("a-", false, false, false, false),
            ("a..b", false, false, true, true),
            ("a/b", false, false, false, true),
            ("a/b/c", false, false, false, false),
            ("A/b", false, false, false, false),
            ("/b", false, false, false, false),
            ("ü", false, false, false, false),
            (&long, false, true, false, false),
        ] {
            let found = [label(text), subdomain(text), label_value(text), qualified_name(text)];
            let expect = [is_label, is_subdomain, is_value, is_key];
            assert_eq!(found.map(|problems| problems.is_empty()), expect, "{text}");
        }
    }

    #[test]
    fn in_these_words() {
        let check = |found: Vec<String>, expect: &[&str]| {
            assert_eq!(found.len(), expect.len(), "{found:?}");
            for (found, expect) in found.iter().zip(expect) {
                assert!(found.starts_with(expect), "{found}");
            }
        };
        check(label("a.b"), &["must not contain dots"]);
        check(label("A.b"), &["a lowercase RFC 1123 label must"]);
        check(label(&"a".repeat(64)), &["must be no more than 63 characters"]);
        check(qualified_name(""), &["name part must be non-empty", "name part must consist of"]);
        check(qualified_name("/a"), &["prefix part must be non-empty"]);
        check(
            qualified_name("A/b c"),
            &["prefix part a lowercase RFC 1123 subdomain", "name part must consist"],
        );
        check(qualified_name("a/b/c"), &["a valid label key must consist of"]);
        check(label_value(&"a".repeat(64)), &["must be no more than 63 bytes"]);
        check(path_segment(".."), &["may not be '..'"]);
        check(path_segment("a/%"), &["may not contain '/'", "may not contain '%'"]);
        check(port_name("Web_Port"), &["must contain only alpha-numeric characters"]);
        check(port_name("-1--2-"), &["must contain at least one", "must not contain cons", "must not begin"]);
        check(port_name("a-name-of-sixteen"), &["must be no more than 15 characters"]);
        check(port_name("http"), &[]);
    }

    #[test]
    fn ports() {
        for (port, is_good) in [(0, false), (1, true), (65_535, true), (65_536, false), (-1, false)] {
            assert_eq!(port_number(port).is_none(), is_good, "{port}");
        }
    }
}
