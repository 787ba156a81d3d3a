//! The forms of names and labels, with the server's words for what is none.
//!
//! Source: `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`, v1.36.2.

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_KEY: &str = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";

/// The longest name of a Node here: it becomes the value of the label `kubernetes.io/hostname`.
pub(crate) const HOSTNAME_LENGTH: usize = 63;

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} characters")
}

/// What is wrong with a name of one part; `None` if nothing is.
pub(crate) fn label(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some(too_long(63));
    }
    (!is_dns_label(text)).then(|| LABEL.to_owned())
}

/// What is wrong with a name of parts with dots between; `None` if nothing is.
pub(crate) fn subdomain(text: &str) -> Option<String> {
    if text.len() > 253 {
        return Some(too_long(253));
    }
    (!text.split('.').all(is_dns_label)).then(|| SUBDOMAIN.to_owned())
}

/// What is wrong with the value of a label; `None` if nothing is.
pub(crate) fn label_value(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some(too_long(63));
    }
    (!text.is_empty() && !is_name_part(text)).then(|| LABEL_VALUE.to_owned())
}

/// What is wrong with the key of a label, or the name of a resource; `None` if nothing is.
pub(crate) fn label_key(text: &str) -> Option<String> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    if name.len() > 63 {
        return Some(format!("name part {}", too_long(63)));
    }
    let fits = is_name_part(name) && prefix.is_none_or(|prefix| subdomain(prefix).is_none());
    (!fits).then(|| LABEL_KEY.to_owned())
}

fn is_dns_label(text: &str) -> bool {
    let alphanumeric = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    is_formed(text, |c| alphanumeric(&c), |c| alphanumeric(&c) || c == b'-')
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

/// The candidate that a misspelt word most probably means.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let allowed = match word.chars().count() {
        0..=2 => 0,
        letters => (letters / 3).max(1),
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
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
            let found =
                [label(text), subdomain(text), label_value(text), label_key(text)].map(|e| e.is_none());
            let expect = [is_label, is_subdomain, is_value, is_key];
            assert_eq!(found, expect, "{text}");
        }
    }

    #[test]
    fn misspelt_words() {
        assert_eq!(closest("behaviours", ["behaviors", "timeline"]), Some("behaviors"));
        assert_eq!(closest("Seed", ["seed"]), Some("seed"));
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("abc", ["xyz"]), None);
        assert_eq!(closest("", []), None);
    }
}
