//! A line's words, as a shell splits them.
//!
//! DIFFERENCE: nothing is expanded (`$X`, `~`, `*`, backquotes): such characters are taken as they stand. A shell before
//! a real kubectl would expand them.

use super::UsageError;

/// Splits at blanks; `'…'`, `"…"` and `\` work as in a POSIX shell. A leading `kubectl` is dropped.
///
/// # Errors
/// If a quote is not closed or the line ends in `\`.
pub fn split(line: &str) -> Result<Vec<String>, UsageError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let Some(next) = chars.next() else {
                    return Err(UsageError::error("the line ends in a backslash"));
                };
                let word = word.get_or_insert_default();
                if quote.is_some() && !"\"\\$`\n".contains(next) {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(UsageError::error(format!("a quote ({open}) is not closed")));
    }
    words.extend(word);
    if words.first().is_some_and(|first| first == "kubectl") {
        words.remove(0);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, expect) in [
            ("get pods", vec!["get", "pods"]),
            ("  kubectl get\tpods ", vec!["get", "pods"]),
            ("-l 'env in (a, b)' x", vec!["-l", "env in (a, b)", "x"]),
            (r#"a "b \"c\" \d" ''"#, vec!["a", r#"b "c" \d"#, ""]),
            (r"a\ b 'c\'", vec!["a b", r"c\"]),
            ("-p='{\"a\":1}'", vec!["-p={\"a\":1}"]),
            ("", vec![]),
        ] {
            assert_eq!(split(line).unwrap(), expect, "{line}");
        }
        for line in ["'a", "a \"b", "a\\"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
