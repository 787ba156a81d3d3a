//! What the tests of this crate share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use api::diagnostics::{Diagnostic, Diagnostics};
use scenarios::Scenario;
use scenarios::files::Memory;

/// `file:line:column: message`, with `(help)` behind it, `warning: ` before it where it is none of errors.
pub fn shown(diagnostic: &Diagnostic) -> String {
    let Diagnostic { file, line, column, message, .. } = diagnostic;
    let kind = if diagnostic.is_error() { "" } else { "warning: " };
    let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{kind}{file}:{line}:{column}: {message}{help}")
}

pub fn all(found: &Diagnostics) -> Vec<String> {
    found.iter().map(shown).collect()
}

/// A scenario with these lines below `spec`, which begins in line 5; `duration` is 1m.
pub fn text(spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: t}}\nspec:\n{spec}  duration: 1m\n"
    )
}

pub fn load_with(files: Memory, text: &str, set: &[&str]) -> Result<Scenario, Diagnostics> {
    let set: Vec<String> = set.iter().map(|change| (*change).to_owned()).collect();
    scenarios::load(&files.with("s.yaml", text), "s.yaml", &set)
}

pub fn load(spec: &str) -> Result<Scenario, Diagnostics> {
    load_with(Memory::default(), &text(spec), &[])
}

pub fn good(spec: &str) -> Scenario {
    load(spec).unwrap_or_else(|found| panic!("{spec}\n{:#?}", all(&found)))
}

/// All errors of a scenario text, exactly.
pub fn refuse_text(text: &str, expect: &[&str]) {
    let found = load_with(Memory::default(), text, &[]).err().map(|found| all(&found)).unwrap_or_default();
    same(text, &found, expect);
}

/// All errors of the lines below `spec`, exactly.
pub fn refuse(spec: &str, expect: &[&str]) {
    refuse_text(&text(spec), expect);
}

/// Line by line; an expected line that ends in `…` is the beginning of one.
pub fn same(text: &str, found: &[String], expect: &[&str]) {
    let fits = |(found, expect): (&String, &&str)| match expect.strip_suffix('…') {
        Some(beginning) => found.starts_with(beginning),
        None => found == expect,
    };
    let all_fit = found.len() == expect.len() && found.iter().zip(expect).all(fits);
    assert!(all_fit, "{text}\n{found:#?}\nis not\n{expect:#?}");
}
