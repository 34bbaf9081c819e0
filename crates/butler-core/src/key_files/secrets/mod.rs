//! What could be a secret, known by what it is and not by the name of its field.
//!
//! A text is refused for a run of digits that could be a 32-byte scalar in any notation, for twelve words of a mnemonic, and
//! for a PEM block. It is meant to refuse too much rather than too little: what a public key file may hold has its own
//! place and is checked there. Nothing here keeps or prints what it looked at.

mod digits;
mod words;

use super::json::Json;

/// Bits that a list of numbers must hold to be taken for a scalar: a few of its bytes may be small.
const SCALAR_BITS: u32 = 160;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Scalar,
    Mnemonic,
    Pem,
}

impl Secret {
    /// With its article, for messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            // Whether it is one cannot be seen; nothing else that belongs here looks like it.
            Self::Scalar => "a private key",
            Self::Mnemonic => "a mnemonic",
            Self::Pem => "a PEM block",
        }
    }
}

/// A secret within a text.
pub(super) fn in_text(text: &str) -> Option<Secret> {
    if text.contains("-----BEGIN") || text.contains("PRIVATE KEY-----") || text.contains("openssh-key-v1") {
        Some(Secret::Pem)
    } else if digits::could_be_scalar(text) {
        Some(Secret::Scalar)
    } else {
        words::is_mnemonic(text).then_some(Secret::Mnemonic)
    }
}

/// A secret that is spread over the direct children of a list or an object: bytes, words, halves.
pub(super) fn in_children<'a>(children: impl Iterator<Item = &'a Json>) -> Option<Secret> {
    let (mut bits, mut numbers, mut text) = (0_u32, 0_usize, zeroize::Zeroizing::new(String::new()));
    for child in children {
        match child {
            Json::Number(number) => {
                bits = bits.saturating_add(number.bits);
                numbers += 1;
            }
            // An address is as long as it may be; longer texts are looked at by themselves.
            Json::Text(part) if part.len() < 40 => {
                text.push_str(part);
                text.push(' ');
            }
            Json::Text(_) => text.push_str("| "),
            Json::Null | Json::Boolean | Json::Skipped | Json::List(_) | Json::Object(_) => {}
        }
    }
    if numbers > 1 && bits >= SCALAR_BITS {
        return Some(Secret::Scalar);
    }
    in_text(&text)
}

/// A number by itself.
pub(super) fn in_number(bits: u32) -> Option<Secret> {
    (bits >= SCALAR_BITS).then_some(Secret::Scalar)
}

/// A file's name, or another text of the system's, without what could be a secret. Aztec's own tool puts the first eight
/// digits of a private key into the names of encrypted keys.
pub(super) fn without_secrets(text: &str) -> String {
    let shown: Vec<String> = text.split('/').map(without_secret).collect();
    shown.join("/")
}

fn without_secret(part: &str) -> String {
    if in_text(part).is_some() {
        return "<hidden>".to_owned();
    }
    let Some(at) = part.to_ascii_lowercase().find("keystore-eth-") else { return part.to_owned() };
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

#[cfg(test)]
mod tests;
