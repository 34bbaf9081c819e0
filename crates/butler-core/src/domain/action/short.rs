//! Short keys: what people read and type instead of an effect key, which is too long for a line.
//!
//! A short key is the beginning of the SHA-256 of the whole key, in hexadecimal digits. It names an action and never stands for what is
//! decided: a decision is bound to all that was shown, the whole key included, whatever name it was asked for by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::H256;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{EffectKey, InvalidKey};

/// Digits of a short key, unless another one that is shown with it begins with the same.
const SHORT: usize = 8;
/// Digits of a whole SHA-256.
const MOST: usize = 64;

/// The first digits of the SHA-256 of a key, in small letters; 1 to 64 of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ShortKey(String);

impl ShortKey {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether they are the first of this digest.
    #[must_use]
    pub fn begins(&self, digest: H256) -> bool {
        digits(digest).starts_with(&self.0)
    }

    /// The lowest digest that begins with them.
    #[must_use]
    pub fn lowest(&self) -> H256 {
        let mut digest = H256::zero();
        for (at, digit) in self.0.chars().enumerate() {
            let value = digit.to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or_default();
            if let Some(byte) = digest.0.get_mut(at / 2) {
                *byte |= if at % 2 == 0 { value << 4 } else { value };
            }
        }
        digest
    }

    fn read(text: &str) -> Option<Self> {
        let is_short = (1..=MOST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_short.then(|| Self(text.to_ascii_lowercase()))
    }

    fn of(digest: H256, length: usize) -> Self {
        Self(digits(digest).chars().take(length).collect())
    }
}

impl fmt::Display for ShortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn digits(digest: H256) -> String {
    format!("{digest:x}")
}

impl EffectKey {
    /// The SHA-256 of the key.
    #[must_use]
    pub fn digest(&self) -> H256 {
        H256(Sha256::digest(self.as_str()).into())
    }

    /// The key as people read it where it stands alone.
    #[must_use]
    pub fn short(&self) -> ShortKey {
        ShortKey::of(self.digest(), SHORT)
    }
}

/// The short keys of keys that are shown together: each has as many digits as it takes to tell it from the others.
#[must_use]
pub fn short_keys<'a>(keys: impl IntoIterator<Item = &'a EffectKey>) -> BTreeMap<&'a EffectKey, ShortKey> {
    let keys: BTreeSet<(H256, &EffectKey)> = keys.into_iter().map(|key| (key.digest(), key)).collect();
    let keys: Vec<(H256, &EffectKey)> = keys.into_iter().collect();
    // In this order the one that has most in common with a key stands next to it.
    let beside = |at: Option<usize>, digest| at.and_then(|at| keys.get(at)).map(|(other, _)| in_common(digest, *other));
    let short = |(at, (digest, key)): (usize, &(H256, &'a EffectKey))| {
        let shared = beside(at.checked_sub(1), *digest).max(beside(at.checked_add(1), *digest)).unwrap_or_default();
        (*key, ShortKey::of(*digest, shared.saturating_add(1).max(SHORT)))
    };
    keys.iter().enumerate().map(short).collect()
}

/// How many first digits two digests share.
fn in_common(one: H256, other: H256) -> usize {
    digits(one).bytes().zip(digits(other).bytes()).take_while(|(one, other)| one == other).count()
}

/// An action as people name it: by its whole key, or by a short one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ActionName {
    /// By its key, in which there is always a stroke.
    Whole(EffectKey),
    /// By the beginning of the key's SHA-256.
    Short(ShortKey),
}

impl From<EffectKey> for ActionName {
    fn from(key: EffectKey) -> Self {
        Self::Whole(key)
    }
}

impl TryFrom<String> for ActionName {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        match ShortKey::read(&text) {
            Some(short) => Ok(Self::Short(short)),
            None => text.try_into().map(Self::Whole),
        }
    }
}

impl std::str::FromStr for ActionName {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        text.to_owned().try_into()
    }
}

impl From<ActionName> for String {
    fn from(name: ActionName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(key) => key.fmt(f),
            Self::Short(short) => short.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: usize) -> EffectKey {
        format!("slashed/1/{number}").parse().unwrap()
    }

    #[test]
    fn a_short_key_is_the_beginning_of_the_digest_and_grows_until_it_is_the_only_one() {
        let abc: EffectKey = "abc".parse().unwrap();
        assert_eq!(abc.short().as_str(), "ba7816bf");
        // The first two of such keys whose digests share eight digits.
        let mut seen = BTreeMap::new();
        let (one, other) =
            (0..).find_map(|number| seen.insert(key(number).short(), number).map(|one| (one, number))).unwrap();
        let (one, other) = (key(one), key(other));
        let shown = short_keys([&one, &other, &abc, &one]);
        assert_eq!(shown.len(), 3);
        assert!(shown[&one].as_str().len() > SHORT && shown[&one] != shown[&other], "{shown:?}");
        assert!(!shown[&one].begins(other.digest()) && shown[&one].begins(one.digest()));
        assert_eq!(shown[&abc], abc.short());
    }

    #[test]
    fn digits_are_a_short_key_and_anything_else_is_a_whole_one() {
        let name = |text: &str| text.parse::<ActionName>();
        for text in ["3", "3F9a12cd", &"a".repeat(64)] {
            assert!(
                matches!(name(text), Ok(ActionName::Short(short)) if short.as_str() == text.to_ascii_lowercase()),
                "{text}"
            );
        }
        for text in ["slashed/1/0x00", "0x3f9a", &"a".repeat(65)] {
            assert!(matches!(name(text), Ok(ActionName::Whole(key)) if key.as_str() == text), "{text}");
        }
        for text in ["", "a b", &"x".repeat(257)] {
            assert_eq!(name(text), Err(InvalidKey), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_beginning_of_a_digest_is_at_most_that_digest_and_begins_it(bytes: [u8; 32], length in 1..=MOST) {
            let digest = H256(bytes);
            let short = ShortKey::of(digest, length);
            prop_assert!(short.begins(digest) && short.lowest() <= digest && short.begins(short.lowest()));
        }

        #[test]
        fn each_of_the_keys_that_are_shown_together_has_a_short_one_of_its_own(numbers in prop::collection::btree_set(0_usize..100_000, 0..60)) {
            let keys: Vec<EffectKey> = numbers.into_iter().map(key).collect();
            let shown = short_keys(&keys);
            for (of, short) in &shown {
                let meant: Vec<_> = keys.iter().filter(|key| short.begins(key.digest())).collect();
                prop_assert_eq!(meant, [*of]);
            }
        }
    }
}
