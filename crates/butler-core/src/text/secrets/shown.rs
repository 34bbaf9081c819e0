//! Names of files and fields without what could be a secret, or a piece of one.

use ethers_core::utils::keccak256;

use super::digits::{Run, look};
use super::search::in_text;
use super::words::{Spoken, words_of};

/// Letters and figures of a piece that tells something.
const TELLING: usize = 16;

/// Digits of a private key in the name of a file.
const HIDDEN: usize = 8;

/// Digits of half a private key.
const HALF: usize = 32;

/// Digits of a digest in the name of a folder.
const DIGEST: usize = 64;

/// A file's name, or another text of the system's, without what could be a secret. Aztec's own tool puts the first eight
/// digits of a private key into the names of encrypted keys.
///
/// A folder that Docker named by a digest of its own is shown. Of what is hidden as a whole a few digits of its digest are shown: two
/// files must not look like one, and of a key that nobody can guess nobody learns anything by them. A piece of a key could be guessed, so
/// nothing of it is shown.
pub(crate) fn without_secrets(text: &str) -> String {
    let parts: Vec<&str> = text.split('/').collect();
    let is_volume: Vec<bool> = (1..=parts.len()).map(|next| is_volume(&parts, next)).collect();
    let looked_at = || parts.iter().zip(&is_volume).filter(|(_, is_volume)| !**is_volume).map(|(part, _)| *part);
    let together: Vec<&str> = looked_at().collect();
    if in_text(&together.join(" ")).is_some() && looked_at().all(|part| in_text(part).is_none()) {
        return hidden(text);
    }
    let last = parts.len().saturating_sub(1);
    let shown = parts.iter().zip(&is_volume).enumerate().map(|(at, (part, is_volume))| match is_volume {
        true => (*part).to_owned(),
        // Folders have digests of that length.
        false if at == last && is_half_a_key(part) => hidden(part),
        false => without_secret(part),
    });
    shown.collect::<Vec<String>>().join("/")
}

/// Whether the part before `next` is the digest by which Docker names a volume that has no other name: `<64 digits>/_data`.
fn is_volume(parts: &[&str], next: usize) -> bool {
    let name = next.checked_sub(1).and_then(|at| parts.get(at)).copied().unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    parts.get(next) == Some(&"_data") && name.len() == DIGEST && name.bytes().all(is_digit)
}

/// What stands for something that is hidden as a whole.
fn hidden(whole: &str) -> String {
    let [a, b, c, d, ..] = keccak256(whole);
    format!("<hidden:{a:02x}{b:02x}{c:02x}{d:02x}>")
}

/// Whether the name of a file is nothing but digits of half a key, or of more.
fn is_half_a_key(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let digits = stem.strip_prefix("0x").unwrap_or(stem);
    digits.len() >= HALF && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The same of a name that Aztec's tool gave and somebody changed: pieces of digits beside what such a key is for.
fn without_pieces(part: &str) -> String {
    let small = part.to_ascii_lowercase();
    if !["attester", "publisher", "keystore"].iter().any(|word| small.contains(word)) {
        return part.to_owned();
    }
    let is_digits = |run: &str| run.len() >= HIDDEN && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Eight figures are a date, unless the name says that it is of a key.
    let is_of_key = small.contains("eth");
    let tells = |run: &str| is_digits(run) && (is_of_key || run.bytes().any(|byte| !byte.is_ascii_digit()));
    let shown = part.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()).map(|run| {
        let end = run.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()).len();
        let (digits, mark) = run.split_at_checked(end).unwrap_or((run, ""));
        if tells(digits.strip_prefix("0x").unwrap_or(digits)) { format!("<hidden>{mark}") } else { run.to_owned() }
    });
    shown.collect()
}

fn without_secret(part: &str) -> String {
    if in_text(part).is_some() {
        return hidden(part);
    }
    let name = "keystore-eth-";
    let Some(at) = part.to_ascii_lowercase().find(name) else { return without_pieces(part) };
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
