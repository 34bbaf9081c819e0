//! Rust read as text: words, signs and paths. Comments and tests are left out.

/// A path that begins with `crate`, `self`, `super` or `std`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// Its parts; the last one is `*` where all of a module is meant.
    pub(crate) parts: Vec<String>,
    /// The name under which it is known where it stands.
    pub(crate) name: Option<String>,
}

/// The source up to `//` of each line, without modules that only tests have. A URL in a string is cut too, which hides
/// nothing that matters here.
pub(crate) fn code(source: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = source.lines().map(|line| line.split("//").next().unwrap_or_default()).peekable();
    while let Some(line) = lines.next() {
        let is_test = line.trim() == "#[cfg(test)]";
        match lines.peek() {
            // Tests stand at the end of a file.
            Some(next) if is_test && next.contains("mod ") && next.ends_with('{') => break,
            Some(next) if is_test && next.contains("mod ") => {
                lines.next();
            }
            _ => kept.push(line),
        }
    }
    kept.join("\n")
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether the text has the word, not as a part of a longer one.
pub(crate) fn says(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The words and signs that paths are made of; anything else is a sign of its own.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::<String>::new();
    let mut joined = false;
    for letter in code.chars() {
        match tokens.last_mut() {
            Some(last) if joined && is_word(letter) => last.push(letter),
            _ if letter.is_whitespace() => {}
            _ => tokens.push(letter.to_string()),
        }
        joined = is_word(letter);
    }
    tokens
}

/// Every path that starts with `crate`, `self`, `super` or `std`, with `{…}` groups written out.
pub(crate) fn paths(code: &str) -> Vec<Path> {
    let tokens = tokens(code);
    let token = |at: usize| tokens.get(at).map(String::as_str);
    let starts = (0..tokens.len()).filter(|at| {
        matches!(token(*at), Some("crate" | "self" | "super" | "std"))
            && token(at + 1) == Some(":")
            && token(at + 2) == Some(":")
            && at.checked_sub(1).and_then(token).is_none_or(|before| before != ":")
    });
    let mut paths = Vec::new();
    for at in starts {
        path_tree(&tokens, at, &[], &mut paths);
    }
    paths
}

/// Writes out the path at `at`, after `prefix`; answers where it ends.
fn path_tree(tokens: &[String], mut at: usize, prefix: &[String], paths: &mut Vec<Path>) -> usize {
    let token = |at: usize| tokens.get(at).map(String::as_str);
    let mut parts = prefix.to_vec();
    loop {
        if token(at) == Some("{") {
            at += 1;
            while token(at).is_some_and(|token| token != "}") {
                let end = path_tree(tokens, at, &parts, paths);
                // A sign that belongs to no path, such as a comma.
                at = end.max(at + 1);
            }
            return at + 1;
        }
        let Some(word) = token(at).filter(|token| *token == "*" || token.chars().all(is_word)) else {
            break;
        };
        // `a::{self}` is `a`.
        if word != "self" || parts.is_empty() {
            parts.push(word.to_owned());
        }
        at += 1;
        if token(at) != Some(":") || token(at + 1) != Some(":") {
            break;
        }
        at += 2;
    }
    if parts.len() >= prefix.len().max(1) {
        let renamed = if token(at) == Some("as") { token(at + 1).map(str::to_owned) } else { None };
        let name = renamed.or_else(|| parts.last().cloned());
        paths.push(Path { parts, name });
    }
    at
}
