//! Makes a text that only YAML 1.2 refuses into one that says the same and is taken.
//!
//! Kubernetes' reader (libyaml's rules) does not mind how far the lines of a quoted scalar or of `[…]` and `{…}` are
//! indented, and knows the escape `\'`. Generated CRDs and hand-written `args: [` … `]` rely on that. Where the
//! parser stops over it, the lines in question get blanks in front, which mean nothing there, and it reads again.
//!
//! This is no second parser: it follows the text only as far as it must to know a quote or a bracket that opens a
//! value from one within a comment, a block or a plain scalar. It is asked only where the parser has refused a text.

/// A text with blanks added, and where.
pub(super) struct Relaxed {
    pub text: String,
    /// (line from 0, blanks added in front of it), by line.
    pub added: Vec<(usize, usize)>,
}

/// Whether an error of the parser is one of those that this can mend.
pub(super) fn mends(info: &str) -> bool {
    info.contains("indentation") || info.contains("unknown escape character")
}

/// The relaxed text; `None` if nothing in it is to be changed.
pub(super) fn relax(text: &str) -> Option<Relaxed> {
    let mut relaxer = Relaxer {
        rest: text,
        out: String::with_capacity(text.len() + 256),
        added: Vec::new(),
        line: 0,
        column: 0,
        parent: None,
    };
    while !relaxer.rest.is_empty() {
        relaxer.block_line();
    }
    (relaxer.out != text).then_some(Relaxed { text: relaxer.out, added: relaxer.added })
}

struct Relaxer<'a> {
    rest: &'a str,
    out: String,
    added: Vec<(usize, usize)>,
    line: usize,
    /// Of the next character in its line, in the source.
    column: usize,
    /// The column of the key or dash that the present value belongs to.
    parent: Option<usize>,
}

impl Relaxer<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn second_is_blank(&self) -> bool {
        self.rest.chars().nth(1).is_none_or(char::is_whitespace)
    }

    /// Copies one character.
    fn step(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.out.push(c);
        (self.line, self.column) = if c == '\n' { (self.line + 1, 0) } else { (self.line, self.column + 1) };
        Some(c)
    }

    fn copy_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.step();
        }
    }

    fn copy_line(&mut self) {
        self.copy_while(|c| c != '\n');
        self.step();
    }

    /// The indentation of the next line, `None` if it is blank.
    fn indentation(&self) -> Option<usize> {
        let line = self.rest.lines().next().unwrap_or("");
        let body = line.trim_start_matches(' ');
        (!body.trim().is_empty()).then(|| line.len() - body.len())
    }

    /// Copies lines that belong to the value of `parent` because they are blank or indented further.
    fn copy_deeper(&mut self) {
        let least = self.parent.map_or(0, |parent| parent + 1);
        while !self.rest.is_empty() && self.indentation().is_none_or(|indentation| indentation >= least) {
            self.copy_line();
        }
    }

    /// One line of block style, and what its last value has in the lines that follow.
    fn block_line(&mut self) {
        self.parent = None;
        self.copy_while(|c| c == ' ');
        if self.column == 0 && (self.rest.starts_with("---") || self.rest.starts_with('%')) {
            return self.copy_line();
        }
        while let Some(c) = self.peek() {
            let column = self.column;
            match c {
                '\n' => return self.copy_line(),
                ' ' | '\t' | '\r' => _ = self.step(),
                '#' => return self.copy_line(),
                '-' | '?' if self.second_is_blank() => {
                    self.parent = Some(column);
                    self.step();
                }
                ':' if self.second_is_blank() => _ = self.step(),
                '&' | '*' | '!' => self.copy_while(|c| !c.is_whitespace()),
                '|' | '>' => {
                    self.copy_line();
                    return self.copy_deeper();
                }
                '\'' | '"' | '[' | '{' => {
                    match c {
                        '[' | '{' => self.flow(column),
                        _ => self.quoted(column),
                    }
                    self.key(column);
                }
                _ => {
                    self.plain(false);
                    if !self.key(column) {
                        self.copy_line();
                        return self.copy_deeper();
                    }
                }
            }
        }
    }

    /// Takes what was just read as a key, if a colon follows.
    fn key(&mut self, column: usize) -> bool {
        self.copy_while(|c| c == ' ');
        let is_key = self.peek() == Some(':');
        if is_key {
            self.parent = Some(column);
            self.step();
        }
        is_key
    }

    /// A plain scalar up to its end in this line.
    fn plain(&mut self, flow: bool) {
        let mut before = 'x';
        while let Some(c) = self.peek() {
            let ends = match c {
                '\n' => true,
                '#' => before.is_whitespace(),
                ':' => {
                    self.second_is_blank() || (flow && self.rest[1..].starts_with([',', '[', ']', '{', '}']))
                }
                ',' | '[' | ']' | '{' | '}' => flow,
                _ => false,
            };
            if ends {
                return;
            }
            self.step();
            before = c;
        }
    }

    /// A quoted scalar with all its lines, each at least at `column`.
    fn quoted(&mut self, column: usize) {
        let quote = self.step();
        while let Some(c) = self.peek() {
            let escapes =
                (quote == Some('"') && c == '\\') || (quote == Some('\'') && self.rest.starts_with("''"));
            if quote == Some('"') && self.rest.starts_with("\\'") {
                self.rest = &self.rest[1..];
                self.column += 1;
            } else if escapes {
                self.step();
            } else if Some(c) == quote {
                self.step();
                return;
            }
            if self.step() == Some('\n') {
                self.pad(column);
            }
        }
    }

    /// `[…]` or `{…}` with all its lines, each at least behind `column`.
    fn flow(&mut self, column: usize) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '[' | '{' => {
                    depth += 1;
                    self.step();
                }
                ']' | '}' => {
                    self.step();
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                '\n' => {
                    self.step();
                    self.pad(column + 1);
                }
                '#' => self.copy_while(|c| c != '\n'),
                '\'' | '"' => self.quoted(column + 1),
                ',' | ':' => _ = self.step(),
                c if c.is_whitespace() => _ = self.step(),
                _ => self.plain(true),
            }
        }
    }

    /// Adds the blanks that the next line lacks.
    fn pad(&mut self, column: usize) {
        let Some(indentation) = self.indentation().filter(|indentation| *indentation < column) else {
            return;
        };
        // A marker of documents ends everything, quoted or not.
        if indentation == 0 && (self.rest.starts_with("---") || self.rest.starts_with("...")) {
            return;
        }
        let blanks = column - indentation;
        self.added.push((self.line, blanks));
        self.out.extend(std::iter::repeat_n(' ', blanks));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(relax(text).map(|relaxed| relaxed.text).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn lines_of_quoted_scalars() {
        check("a:\n  b: 'c\n d\n\n  e'\nf: g\n", Some("a:\n  b: 'c\n     d\n\n     e'\nf: g\n"));
        check("- \"c\\\"\nd\"\n", Some("- \"c\\\"\n  d\"\n"));
        check("- 'it''s\nd'\n", Some("- 'it''s\n  d'\n"));
        check("a: 'b'\nc: \"d\"\n", None);
    }

    #[test]
    fn lines_of_flows() {
        check("  a: [\n    b,\n  ]\n  c: d\n", Some("  a: [\n      b,\n      ]\n  c: d\n"));
        check("a: {b: don't, c: [1]\n}\n", Some("a: {b: don't, c: [1]\n    }\n"));
    }

    #[test]
    fn escapes() {
        check(r#"a: "b\'c\\'""#, Some(r#"a: "b'c\\'""#));
        check(r"a: 'b\''", None);
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for text in [
            "a: don't [\nb: 'c'\n",
            "a: |\n  'b\n  [\nc: d\n",
            "a: >-\n\n  \"b\nc: d\n",
            "- |\n 'b\n- c\n",
            "a: b # it's [\nc: d\n",
            "# it's\na: b\n",
            "a: b\n  'c\n  [d\ne: f\n",
            "a: 'b\n--- \n",
            "a: &x 'b'\nc: !!str 'd'\n",
            "]\n}: '\n",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn what_was_added_is_told() {
        let relaxed = relax("a: [\nb,\nc]").expect("changed");
        assert_eq!(relaxed.added, [(1, 4), (2, 4)]);
    }
}
