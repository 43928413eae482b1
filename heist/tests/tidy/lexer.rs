//! A lexer just good enough for house rules: it tells code from comments and literals, and finds functions.
//!
//! Invariants
//!
//! - I1: [`Lexed::code`] and [`Lexed::comments`] have a line for each line of the input, so a line number
//!   means the same in all three.
//! - I2: nothing inside of a literal or a comment is left in `code` but the quotes and a filler, so a rule
//!   that looks for a word finds only the word as code.
//!
//! Absent on purpose: a grammar. `fn` followed by a name starts a function; its first `{` outside of
//! parentheses starts the body, and the matching `}` ends it.

use std::ops::RangeInclusive;

/// What stands for each character of a literal.
const FILLER: char = '_';

/// A source text taken apart.
pub(crate) struct Lexed {
    /// The code of each line.
    pub(crate) code: Vec<String>,
    /// The comments of each line, with their slashes.
    pub(crate) comments: Vec<String>,
}

/// A function: its name, and its lines counted from 0, the signature's included.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: RangeInclusive<usize>,
    pub(crate) body: RangeInclusive<usize>,
}

/// Where the lexer is.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    LineComment,
    BlockComment(usize),
    /// A string that knows escapes.
    Escaped,
    /// A raw string and the number of its hashes.
    Raw(usize),
}

struct Lexer<'a> {
    rest: &'a str,
    state: State,
    last: char,
    out: Lexed,
}

/// Takes a source text apart.
pub(crate) fn lex(text: &str) -> Lexed {
    let out = Lexed {
        code: vec![String::new()],
        comments: vec![String::new()],
    };
    let mut lexer = Lexer {
        rest: text,
        state: State::Code,
        last: '\n',
        out,
    };
    while let Some(next) = lexer.rest.chars().next() {
        lexer.step(next);
    }
    lexer.out
}

impl Lexer<'_> {
    fn step(&mut self, next: char) {
        match self.state {
            State::Code => self.code(next),
            State::LineComment => {
                if next == '\n' {
                    self.state = State::Code;
                }
                self.comment(1);
            }
            State::BlockComment(depth) if self.rest.starts_with("*/") => {
                self.state = if depth == 1 {
                    State::Code
                } else {
                    State::BlockComment(depth - 1)
                };
                self.comment(2);
            }
            State::BlockComment(depth) if self.rest.starts_with("/*") => {
                self.state = State::BlockComment(depth + 1);
                self.comment(2);
            }
            State::BlockComment(_) => self.comment(1),
            State::Escaped if next == '\\' => self.fill(2),
            State::Escaped if next == '"' => self.close(1),
            State::Raw(hashes) if closes_raw(self.rest, hashes) => self.close(1 + hashes),
            State::Escaped | State::Raw(_) => self.fill(1),
        }
    }

    fn code(&mut self, next: char) {
        if self.rest.starts_with("//") {
            self.state = State::LineComment;
            self.comment(2);
        } else if self.rest.starts_with("/*") {
            self.state = State::BlockComment(1);
            self.comment(2);
        } else if let Some((hashes, length)) = opens_raw(self.rest).filter(|_| !is_word(self.last)) {
            self.state = State::Raw(hashes);
            self.keep(length);
        } else if next == '"' {
            self.state = State::Escaped;
            self.keep(1);
        } else if let Some(length) = char_literal(self.rest) {
            self.keep(1);
            self.fill(length - 2);
            self.keep(1);
        } else {
            self.keep(1);
        }
    }

    fn take(&mut self, count: usize, mut each: impl FnMut(&mut Lexed, char)) {
        for _ in 0..count {
            let Some(next) = self.rest.chars().next() else {
                return;
            };
            self.rest = &self.rest[next.len_utf8()..];
            self.last = next;
            if next == '\n' {
                self.out.code.push(String::new());
                self.out.comments.push(String::new());
            } else {
                each(&mut self.out, next);
            }
        }
    }

    fn keep(&mut self, count: usize) {
        self.take(count, |out, next| {
            out.code.last_mut().expect("never empty").push(next)
        });
    }

    fn fill(&mut self, count: usize) {
        self.take(count, |out, _| {
            out.code.last_mut().expect("never empty").push(FILLER)
        });
    }

    fn comment(&mut self, count: usize) {
        self.take(count, |out, next| {
            out.comments.last_mut().expect("never empty").push(next)
        });
    }

    fn close(&mut self, count: usize) {
        self.state = State::Code;
        self.keep(count);
    }
}

/// The hashes of a raw string that opens here, and the length of its opening.
fn opens_raw(rest: &str) -> Option<(usize, usize)> {
    let prefix = ["br", "cr", "r"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..]
        .starts_with('"')
        .then_some((hashes, prefix.len() + hashes + 1))
}

fn closes_raw(rest: &str, hashes: usize) -> bool {
    let Some(after) = rest.strip_prefix('"') else {
        return false;
    };
    after
        .bytes()
        .take_while(|byte| *byte == b'#')
        .take(hashes)
        .count()
        == hashes
}

/// The length in characters of the character literal that starts here; a lifetime is none.
fn char_literal(rest: &str) -> Option<usize> {
    let mut inner = rest.strip_prefix('\'')?.chars();
    let first = inner.next()?;
    if first != '\\' {
        return (inner.next()? == '\'').then_some(3);
    }
    inner.next()?;
    inner.position(|next| next == '\'').map(|more| more + 4)
}

/// Whether a character may be part of an identifier.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The places of a whole word in a line of code.
pub(crate) fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    line.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = line[..*at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Whether a line of code has the whole word.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    words(line, word).next().is_some()
}

impl Lexed {
    /// The lines that hold code, of those given.
    pub(crate) fn code_lines(&self, lines: RangeInclusive<usize>) -> usize {
        self.code[lines]
            .iter()
            .filter(|line| !line.trim().is_empty())
            .count()
    }

    /// Every function with a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (number, line) in self.code.iter().enumerate() {
            for at in words(line, "fn") {
                let rest = line[at + 2..].trim_start();
                let name: String = rest.chars().take_while(|c| is_word(*c) || *c == '$').collect();
                if name.is_empty() {
                    continue;
                }
                if let Some(body) = self.body(number, at) {
                    found.push(Function {
                        name,
                        lines: number..=*body.end(),
                        body,
                    });
                }
            }
        }
        found
    }

    /// The lines of the braces that follow a signature; none when a `;` comes first.
    fn body(&self, first: usize, column: usize) -> Option<RangeInclusive<usize>> {
        let (mut round, mut curly, mut opened) = (0usize, 0usize, first);
        for (number, line) in self.code.iter().enumerate().skip(first) {
            let from = if number == first { column } else { 0 };
            for next in line[from..].chars() {
                match next {
                    '(' | '[' => round += 1,
                    ')' | ']' => round = round.saturating_sub(1),
                    ';' if round == 0 && curly == 0 => return None,
                    '{' if round == 0 || curly > 0 => {
                        if curly == 0 {
                            (opened, round) = (number, 0);
                        }
                        curly += 1;
                    }
                    '}' if curly > 0 => {
                        curly -= 1;
                        if curly == 0 {
                            return Some(opened..=number);
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }
}
