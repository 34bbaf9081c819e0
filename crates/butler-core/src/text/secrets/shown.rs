//! Names of files and fields without what could be a secret, or a piece of one.

use super::digits::{Run, look};
use super::search::in_text;
use super::words::{Spoken, words_of};

/// Letters and figures of a piece that tells something.
const TELLING: usize = 16;

/// Digits of a private key in the name of a file.
const HIDDEN: usize = 8;

/// A file's name, or another text of the system's, without what could be a secret. Aztec's own tool puts the first eight
/// digits of a private key into the names of encrypted keys.
pub(crate) fn without_secrets(text: &str) -> String {
    if in_text(&text.replace('/', " ")).is_some() && text.split('/').all(|part| in_text(part).is_none()) {
        return "<hidden>".to_owned();
    }
    let shown: Vec<String> = text.split('/').map(without_secret).collect();
    shown.join("/")
}

fn without_secret(part: &str) -> String {
    if in_text(part).is_some() {
        return "<hidden>".to_owned();
    }
    let name = "keystore-eth-";
    let Some(at) = part.to_ascii_lowercase().find(name) else { return part.to_owned() };
    // Whatever was added to the name since, the digits are hidden.
    let (before, after) = part.split_at_checked(at + name.len()).unwrap_or((part, ""));
    let tells = |run: &str| run.split(|letter: char| !letter.is_ascii_hexdigit()).any(|digits| digits.len() >= HIDDEN);
    if after.split(|letter: char| !letter.is_ascii_alphanumeric()).any(tells) {
        let shown = after.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()).map(|run| {
            let end = run.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()).len();
            let mark = run.get(end..).unwrap_or_default();
            if tells(run) { format!("<hidden>{mark}") } else { run.to_owned() }
        });
        return format!("{before}{}", shown.collect::<String>());
    }
    let (stem, extension) = part.rsplit_once('.').unwrap_or((part, ""));
    let Some((front, last)) = stem.rsplit_once('_').filter(|(front, _)| front.len() > at) else {
        return part.to_owned();
    };
    let is_number = !last.is_empty() && last.len() < 6 && last.bytes().all(|byte| byte.is_ascii_digit());
    match (is_number, extension.is_empty()) {
        (true, _) => part.to_owned(),
        (false, true) => format!("{front}_<hidden>"),
        (false, false) => format!("{front}_<hidden>.{extension}"),
    }
}

/// Whether the name of a field could be a piece of a secret whose rest stands elsewhere: many digits, or words that are
/// nothing but words of a mnemonic.
pub(crate) fn could_be_part(name: &str) -> bool {
    let is_long = |run: &str| run.len() >= TELLING && matches!(look(run), Run::Number(_) | Run::Scalar);
    let has_digits = name.split(|character: char| !character.is_ascii_alphanumeric()).any(is_long);
    let words = words_of(name);
    let is_spoken = words.len() > 2 && words.iter().all(|word| matches!(word, Spoken::Word(_)));
    has_digits || is_spoken || in_text(name).is_some()
}
