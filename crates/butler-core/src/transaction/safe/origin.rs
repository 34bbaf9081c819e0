//! The origin of a proposal: where the service keeps which effect it is for, in the form that wallets read.

use ethers_core::types::H256;
use ethers_core::utils::keccak256;
use serde::{Deserialize, Serialize};

use crate::client::safe::ORIGIN_LIMIT;
use crate::domain::action::EffectKey;

/// Who proposes, as wallets show it.
const NAME: &str = "butler";

/// Other fields are other programs', which write an origin of their own.
#[derive(Serialize, Deserialize)]
struct Origin {
    name: String,
    effect: String,
}

/// The origin of a proposal for that effect. A key that is too long stands there as its hash.
#[must_use]
pub fn origin_of_effect(key: &EffectKey) -> String {
    let written = |effect: String| serde_json::to_string(&Origin { name: NAME.to_owned(), effect }).unwrap_or_default();
    let whole = written(key.to_string());
    if whole.chars().count() <= ORIGIN_LIMIT { whole } else { written(hashed(key)) }
}

/// The effect that an origin names; `None` for that of other programs. The service may have written it anew, with spaces.
#[must_use]
pub fn effect_of_origin(origin: &str) -> Option<String> {
    let origin: Origin = serde_json::from_str(origin).ok()?;
    (origin.name == NAME).then_some(origin.effect)
}

/// Whether an origin names that effect, in letters of any case: some programs write addresses in their own.
#[must_use]
pub fn is_of_effect(origin: &str, key: &EffectKey) -> bool {
    effect_of_origin(origin)
        .is_some_and(|effect| effect.eq_ignore_ascii_case(key.as_str()) || effect.eq_ignore_ascii_case(&hashed(key)))
}

fn hashed(key: &EffectKey) -> String {
    format!("~{:x}", H256(keccak256(key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> EffectKey {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_names_its_effect_and_fits() {
        for text in ["add_keys/1/0xab/7".to_owned(), "k".repeat(256), "\"".repeat(120), "\\".repeat(256)] {
            let key = key(&text);
            let origin = origin_of_effect(&key);
            assert!(origin.chars().count() <= ORIGIN_LIMIT, "{origin}");
            assert!(is_of_effect(&origin, &key), "{origin}");
            let spaced = origin.replace("\":\"", "\": \"").replace("\",\"", "\", \"");
            assert!(is_of_effect(&spaced, &key), "{spaced}");
            assert!(is_of_effect(&origin.replace("/0xab/", "/0xAB/"), &key));
            assert!(!is_of_effect(&origin, &self::key("add_keys/1/0xab/8")));
        }
    }

    #[test]
    fn the_origin_of_others_names_no_effect() {
        for origin in
            ["", "{}", "butler", "{\"url\":\"https://app.example\",\"name\":\"Transaction Builder\"}", "[1]", "7"]
        {
            assert_eq!(effect_of_origin(origin), None, "{origin}");
        }
        assert_eq!(effect_of_origin(r#"{"name":"other","effect":"add_keys/1"}"#), None);
    }
}
