//! What the names of fields say: that their values are secrets, whatever these look like. No name says that a value is none.

use super::json::Json;

/// Parts of names that stand for a secret, with what that is.
const SECRETS: [(&str, &str); 12] = [
    ("mnemonic", "a mnemonic"),
    ("seedphrase", "a mnemonic"),
    ("recoveryphrase", "a mnemonic"),
    ("passphrase", "a password"),
    ("password", "a password"),
    ("passwd", "a password"),
    ("privatekey", "a private key"),
    ("privkey", "a private key"),
    ("secretkey", "a private key"),
    ("signingkey", "a private key"),
    ("keymaterial", "a private key"),
    ("secretscalar", "a private key"),
];

/// Whole names that do.
const WHOLE: [(&str, &str); 13] = [
    ("crypto", "an encrypted private key"),
    ("ciphertext", "an encrypted private key"),
    ("kdfparams", "an encrypted private key"),
    ("cipherparams", "an encrypted private key"),
    ("secret", "a secret"),
    ("seed", "a seed"),
    ("seedwords", "a mnemonic"),
    ("xprv", "a private key"),
    ("wif", "a private key"),
    ("certpass", "a password"),
    ("pass", "a password"),
    ("pwd", "a password"),
    ("passcode", "a password"),
];

/// After one of these a name tells where a secret is, or how many there are, and not what it is.
const PLACES: [&str; 30] = [
    "file",
    "files",
    "path",
    "paths",
    "ref",
    "refs",
    "dir",
    "directory",
    "folder",
    "name",
    "env",
    "variable",
    "id",
    "ids",
    "url",
    "uri",
    "location",
    "source",
    "provider",
    "arn",
    "vault",
    "credential",
    "slot",
    "label",
    "alias",
    "count",
    "length",
    "hint",
    "policy",
    "version",
];

/// What the name of a field says that its value is, where that is a secret and there is something in its place.
pub(super) fn secret_by_name(key: &str, value: &Json) -> Option<&'static str> {
    let (is_there, is_plain) = match value {
        Json::Null | Json::Boolean(_) => (false, false),
        Json::Text(text) => (!text.trim().is_empty(), true),
        Json::Number(_) => (true, true),
        Json::Skipped(_) => (true, false),
        Json::List(items) => (!items.is_empty(), false),
        Json::Object(members) => (!members.is_empty(), false),
    };
    if !is_there {
        return None;
    }
    let name = bare(key);
    let whole = WHOLE.iter().find(|(known, _)| name == *known);
    // A section of that name may hold the place of a secret.
    if let Some((_, what)) = whole.filter(|(known, _)| *known != "secret" || is_plain) {
        return Some(what);
    }
    let (at, part, what) = SECRETS.iter().find_map(|(part, what)| name.find(part).map(|at| (at, part, *what)))?;
    let rest = name.get(at + part.len()..).unwrap_or_default();
    let is_place = PLACES.iter().any(|place| rest.ends_with(place));
    let is_number_of_them = rest == "s" && matches!(value, Json::Number(_));
    (!is_place && !is_number_of_them).then_some(what)
}

/// Whether a text is a URL with a password in it. What only says where a password comes from is none.
pub(super) fn has_url_password(text: &str) -> bool {
    let authority = |(_, rest): (&str, &str)| rest.split(['/', '?', '#', ' ']).next().map(str::to_owned);
    let user = text.split_once("://").and_then(authority).and_then(|all| Some(all.rsplit_once('@')?.0.to_owned()));
    let password = user.as_deref().and_then(|user| user.split_once(':')).map_or("", |(_, password)| password);
    !password.trim_matches('*').is_empty() && !password.starts_with(['$', '<', '{'])
}

/// An object that is a private key in a format of its own.
pub(super) fn secret_by_members(object: &Json) -> Option<&'static str> {
    let has = |key: &str| object.get(key).is_some();
    if (has("kdf") || has("kdfparams")) && (has("mac") || has("checksum") || has("cipher") || has("ciphertext")) {
        Some("an encrypted private key")
    } else if has("kty") && (has("d") || has("k")) {
        Some("a private key")
    } else {
        None
    }
}

fn bare(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_by_its_name_and_in_a_url() {
        let text = Json::Text("hunter2".to_owned().into());
        for (name, is_secret) in [
            ("certPass", true),
            ("pass", true),
            ("pwd", true),
            ("password", true),
            ("passport", false),
            ("certPath", false),
        ] {
            assert_eq!(secret_by_name(name, &text).is_some(), is_secret, "{name}");
        }
        assert_eq!(secret_by_name("certPass", &Json::Null), None);
        for (url, has) in [
            ("https://user:hunter2@signer:9000", true),
            ("https://:hunter2@signer/a@b", true),
            ("https://user@signer:9000", false),
            ("https://signer:9000/a:b@c", false),
            ("https://user:${PASSWORD}@signer", false),
            ("https://user:***@signer", false),
        ] {
            assert_eq!(has_url_password(url), has, "{url}");
        }
    }
}
