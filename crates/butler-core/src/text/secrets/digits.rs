//! Runs of letters and figures that are numbers, in the digits of any script, and those that could be a 32-byte scalar by themselves.

/// Digits of the longest run of hexadecimal digits that is public without a proof: those of an address.
pub(super) const ADDRESS: usize = 40;
/// Hexadecimal digits of a scalar.
pub(super) const SCALAR: usize = 64;
/// Digits of a piece that is a number of its own.
pub(super) const LONGEST_NUMBER: usize = 16;

/// The zeros of the scripts that have digits of their own; nine more follow each.
const ZEROS: [u32; 62] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450,
    0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0,
    0x16b50, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x16130, 0x1e5f1,
];

/// A run of letters and figures that is a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// Its hexadecimal value, where it is short.
    hexadecimal: Option<u128>,
    /// Its decimal value, where it has one.
    decimal: Option<u128>,
    length: usize,
    letters: u32,
    /// Whether capitals and small letters stand in it, as in an address with a checksum.
    is_mixed: bool,
}

/// What a run of letters and figures is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    /// It could be a scalar by itself.
    Scalar,
    Number(Token),
    Other,
}

/// Looks at a run of letters and figures.
pub(super) fn look(run: &str) -> Run {
    let prefixed = run.strip_prefix("0x").or_else(|| run.strip_prefix("0X")).or_else(|| run.strip_prefix('x'));
    let suffixed = || run.strip_suffix(['h', 'H']).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let digits = prefixed.or_else(suffixed).unwrap_or(run);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let is_any_scalar = run.split(|digit: char| !digit.is_ascii_hexdigit()).any(is_scalar);
        return if is_any_scalar { Run::Scalar } else { Run::Other };
    }
    if is_scalar(digits) {
        return Run::Scalar;
    }
    let letters = u32::try_from(digits.bytes().filter(u8::is_ascii_alphabetic).count()).unwrap_or(u32::MAX);
    let hexadecimal = (digits.len() <= LONGEST_NUMBER).then(|| u128::from_str_radix(digits, 16).ok()).flatten();
    // The longest half of a key has 39 digits, and may be a little more than fits.
    let half = || (digits.len() == 39).then_some(u128::MAX);
    let decimal = if letters == 0 && prefixed.is_none() { digits.parse().ok().or_else(half) } else { None };
    let capitals = digits.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_mixed = capitals && digits.bytes().any(|byte| byte.is_ascii_lowercase());
    Run::Number(Token { hexadecimal, decimal, length: digits.len(), letters, is_mixed })
}

/// The number that a word without anything else is.
pub(super) fn look_whole(word: &str) -> Option<Token> {
    match look(word) {
        Run::Number(token) => Some(token),
        Run::Scalar | Run::Other => None,
    }
}

/// Whether a run has more digits than an address, and is not zero. No amount needs as many either.
fn is_scalar(digits: &str) -> bool {
    digits.len() > ADDRESS && digits.bytes().any(|byte| byte != b'0')
}

/// A decimal digit of any script as its plain one.
pub(super) fn plain_digit(character: char) -> char {
    let code = u32::from(character);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    zero.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(character)
}

impl Token {
    /// A number of JSON.
    pub(super) fn number(value: u128) -> Self {
        Self { hexadecimal: None, decimal: Some(value), length: 0, letters: 0, is_mixed: false }
    }

    /// Whether it is as long as an address.
    pub(super) fn is_address(&self) -> bool {
        self.length == ADDRESS
    }

    /// Whether it is written like an address: nobody writes a piece of a key in capitals and small letters.
    pub(super) fn is_checksummed(&self) -> bool {
        self.length == ADDRESS && self.is_mixed
    }

    /// Its decimal value, where it has one.
    pub(super) fn decimal(&self) -> Option<u128> {
        self.decimal
    }

    /// Its hexadecimal value, where it is short.
    pub(super) fn hexadecimal(&self) -> Option<u128> {
        self.hexadecimal
    }

    /// How many hexadecimal digits it has: none when it is a number of JSON.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// How many of its digits are letters.
    pub(super) fn letters(&self) -> u32 {
        self.letters
    }

    /// How many of its digits are figures.
    pub(super) fn figures(&self) -> u32 {
        u32::try_from(self.length).unwrap_or(u32::MAX).saturating_sub(self.letters)
    }
}
