//! Runs of digits that could be a 32-byte scalar: hexadecimal, decimal, base64, base58, base32, together or in groups.

/// Digits of one run. An address has 40; a scalar in hexadecimal has 64 but for leading zeros, and 77 in decimal.
const LONG_RUN: usize = 48;
/// Digits of a run that is written in groups.
const LONG_GROUPS: usize = 56;
/// Digits of one of these groups: fewer than an address has.
const LONGEST_GROUP: usize = 39;
/// Characters of 32 bytes in base64 without padding; other bases need as many or more.
const LONG_TOKEN: usize = 43;

/// Whether there is such a run somewhere in the text.
pub(super) fn could_be_scalar(text: &str) -> bool {
    // Whatever holds 32 bytes has at least this many characters.
    text.len() >= LONG_TOKEN && (has_hexadecimal(text) || has_token(text))
}

/// Hexadecimal and decimal digits in one run, or in groups that only punctuation separates: `ab:cd:…`, `0xab, 0xcd, …`.
fn has_hexadecimal(text: &str) -> bool {
    let (mut digits, mut nonzero) = (0_usize, false);
    for token in text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|token| !token.is_empty()) {
        if has_long_run(token) {
            return true;
        }
        let bare = token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")).unwrap_or(token);
        let bare = bare.strip_prefix('x').unwrap_or(bare);
        if bare.len() <= LONGEST_GROUP && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            digits += bare.len();
            nonzero |= bare.bytes().any(|byte| byte != b'0');
            if digits >= LONG_GROUPS && nonzero {
                return true;
            }
        } else {
            (digits, nonzero) = (0, false);
        }
    }
    false
}

fn has_long_run(token: &str) -> bool {
    token
        .split(|character: char| !character.is_ascii_hexdigit())
        .any(|run| run.len() >= LONG_RUN && run.bytes().any(|byte| byte != b'0'))
}

/// Characters of base64 and its relatives, told from words by how often their kind changes.
fn has_token(text: &str) -> bool {
    let standard = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/');
    let for_urls = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    text.split(|character| !standard(character)).any(is_dense)
        || text.split(|character| !for_urls(character)).any(is_dense)
}

fn is_dense(token: &str) -> bool {
    if token.len() < LONG_TOKEN {
        return false;
    }
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0_u8,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let counts = token.bytes().fold([0_usize; 4], |mut counts, byte| {
        if let Some(count) = counts.get_mut(usize::from(kind(byte))) {
            *count += 1;
        }
        counts
    });
    let [lower, upper, digits, others] = counts;
    let changes = token.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if kind(*a) != kind(*b))).count();
    let is_mixed = lower > 0 && upper > 0 && changes * 3 >= token.len();
    let is_one_word = others == 0 && digits >= 4 && lower + upper >= 4;
    is_mixed || is_one_word
}
