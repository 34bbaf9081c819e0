//! What somebody meant who wrote a name that there is not.

use strsim::osa_distance;

/// Whoever writes more than this means none of ours, and measuring would take long.
const LONGEST: usize = 80;

/// The name among `known` that somebody most likely meant. Case, and which of `-` and `_` was taken, count for nothing.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace('-', "_").chars().take(LONGEST).collect::<String>();
    let given = plain(given);
    let begins = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('_'));
    let candidates = known.into_iter().map(|name| {
        let plain = plain(name);
        // `bearer_token` is meant for `bearer_token_file`, and `listen_address` for `listen`.
        let part = begins(&plain, &given) || begins(&given, &plain);
        (if part { 1 } else { osa_distance(&given, &plain) }, name)
    });
    let (distance, name) = candidates.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().div_ceil(3).min(3)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let known = ["chain_id", "key_files", "url", "url_file"];
        assert_eq!(nearest("chainid", known), Some("chain_id"));
        assert_eq!(nearest("key-files", known), Some("key_files"));
        assert_eq!(nearest("cahin_id", known), Some("chain_id"));
        assert_eq!(nearest("ulr", known), Some("url"));
        assert_eq!(nearest("chain", known), Some("chain_id"));
        assert_eq!(nearest("url_address", known), Some("url"));
        assert_eq!(nearest("something_else", known), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("sever-1", ["Server-1", "other-host"]), Some("Server-1"));
    }
}
