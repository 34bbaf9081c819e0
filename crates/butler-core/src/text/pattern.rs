//! Which patterns of files are followed: what is wrong with others, and how long and how involved one may be.
//!
//! To match a pattern takes a step into the stack for each wildcard, so a pattern has few of them.

use glob::Pattern;

/// The longest pattern in bytes: twice what a path can have, since a folder may stand before it.
const MOST_BYTES: usize = 8_192;
/// The most wildcards of all kinds.
const MOST_WILDCARDS: usize = 64;
/// The most `**`, each of which looks through a whole tree; several in a row are one.
const MOST_TREES: usize = 4;

/// What is wrong with a pattern, in words without the pattern.
#[must_use]
pub(crate) fn pattern_fault(pattern: &str) -> Option<String> {
    if pattern.len() > MOST_BYTES {
        return Some(format!("the pattern is {} bytes long, more than the limit of {MOST_BYTES}", pattern.len()));
    }
    let names: Vec<&str> = pattern.split('/').filter(|name| !name.is_empty()).collect();
    let is_tree = |at: usize| names.get(at).is_some_and(|name| *name == "**");
    let trees = (0..names.len()).filter(|at| is_tree(*at) && !is_tree(at + 1)).count();
    if trees > MOST_TREES {
        return Some(format!("the pattern has {trees} times `**`, more than the limit of {MOST_TREES}"));
    }
    let wildcards = names.iter().filter(|name| **name != "**").flat_map(|name| name.chars());
    let wildcards = wildcards.filter(|letter| matches!(letter, '*' | '?' | '[')).count();
    if wildcards > MOST_WILDCARDS {
        return Some(format!("the pattern has {wildcards} wildcards, more than the limit of {MOST_WILDCARDS}"));
    }
    let error = Pattern::new(pattern).err()?;
    Some(format!("the pattern is wrong at character {}: {}", error.pos.saturating_add(1), error.msg))
}

/// A pattern that can be followed.
#[must_use]
pub(crate) fn bounded_pattern(pattern: &str) -> Option<Pattern> {
    if pattern_fault(pattern).is_some() { None } else { Pattern::new(pattern).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_followed_when_it_is_right_and_bounded() {
        for right in ["keys/*.json", "**/*.json", "a/**/b/**/*.json", &format!("{}k.json", "**/".repeat(2_000))] {
            assert_eq!(pattern_fault(right), None);
        }
        for (wrong, told) in [
            ("keys/[.json".to_owned(), "wrong at character 6"),
            ("a**.json".to_owned(), "wrong at character"),
            ("x".repeat(8_193), "8193 bytes long"),
            ("**/".repeat(83_000), "249000 bytes long"),
            (format!("{}k.json", "**/a/".repeat(5)), "5 times `**`"),
            (format!("{}.json", "*a".repeat(65)), "65 wildcards"),
            ("?".repeat(8_192), "8192 wildcards"),
        ] {
            assert!(pattern_fault(&wrong).unwrap().contains(told), "{told}");
        }
    }
}
