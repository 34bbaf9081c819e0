//! Names of files and fields without what could be a secret, or a piece of one.

use ethers_core::utils::keccak256;

use super::digits::{Run, look};
use super::file_names::{Named, without_pieces};
use super::search::in_text;
use super::words::{Spoken, words_of};

/// Letters and figures of a piece that tells something.
const TELLING: usize = 16;

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
        false => without_secret(part, if at == last { Named::File } else { Named::Folder }),
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

fn without_secret(part: &str, named: Named) -> String {
    if in_text(part).is_some() {
        return hidden(part);
    }
    // Whatever was added to the name since, the digits are hidden.
    let shown = without_pieces(part, named);
    let at = shown.to_ascii_lowercase().find("keystore-eth-");
    let Some(at) = at.filter(|at| shown.get(*at..).is_some_and(|name| !name.contains("<hidden>"))) else {
        return shown;
    };
    let (stem, extension) = shown.rsplit_once('.').unwrap_or((&shown, ""));
    let Some((front, last)) = stem.rsplit_once('_').filter(|(front, _)| front.len() > at) else { return shown };
    let is_number = !last.is_empty() && last.len() < 6 && last.bytes().all(|byte| byte.is_ascii_digit());
    match (is_number, extension.is_empty()) {
        (true, _) => shown,
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
