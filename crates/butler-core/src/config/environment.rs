//! The layer of `BUTLER__…` variables: `BUTLER__NETWORKS__MAINNET__L1__0__URL` is `networks.mainnet.l1[0].url`.
//!
//! Empty variables count as not set. A variable that is almost ours is a fault, since its author believes that it works.

use std::ffi::OsStr;

use super::fault::{Origin, escape, show_key};
use super::keys::{Group, ROOT, Shape, Subsection};
use super::source::Variables;
use super::tree::{Layer, Notes, checked_path};
use crate::text::nearest::nearest;

/// What our variables begin with.
pub(crate) const PREFIX: &str = "BUTLER__";
/// Variables with one underscore that the programs read themselves.
pub(crate) const DOCUMENTED: &[&str] = &["BUTLER_CONFIG", "BUTLER_NETWORK"];

/// Longer names are not looked at for what they might mean.
const LONGEST_MEANT: usize = 200;
/// The most parts of a key; none has half as many.
const MOST_PARTS: usize = 16;

pub(crate) fn environment_layer(variables: &Variables, networks: &[String], notes: &mut Notes) -> Layer {
    let mut layer: Vec<(String, String, config::Value)> = Vec::new();
    for (name, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        let shown = name.to_string_lossy();
        let origin = Origin::Variable(show_key(&shown));
        let upper = shown.to_uppercase();
        if !upper.starts_with(PREFIX) || !shown.starts_with(PREFIX) {
            if let Some(hint) = looks_like_ours(&shown, &upper) {
                notes.fault(origin, String::new(), "this variable is not read", Some(&hint));
            }
            continue;
        }
        let Some(text) = value.to_str() else {
            notes.fault(origin, String::new(), "the value is not UTF-8", None);
            continue;
        };
        let Some(path) = path_of(name, networks) else {
            let hint = "BUTLER__ and the key's parts, joined by two underscores, such as BUTLER__LOG__LEVEL";
            notes.fault(origin, String::new(), "this variable names no key", Some(hint));
            continue;
        };
        if let Some((_, other, _)) = layer.iter().find(|(given, _, _)| overlaps(given, &path)) {
            notes.fault(
                origin,
                String::new(),
                format!("contradicts variable {}", escape(other)),
                Some("keep one of them"),
            );
            continue;
        }
        let value = notes.value(origin, text);
        layer.push((path, shown.into_owned(), value));
    }
    Layer(layer.into_iter().map(|(path, _, value)| (path, value)).collect())
}

fn path_of(name: &OsStr, networks: &[String]) -> Option<String> {
    let key = name.to_str()?.strip_prefix(PREFIX)?.to_lowercase();
    let segments: Vec<&str> = key.split("__").collect();
    // The layers are trees, and whoever follows one takes a step into the stack for each part.
    if segments.len() > MOST_PARTS {
        return None;
    }
    checked_path(&segments, networks)
}

/// Whether one path is the other, or leads to it.
fn overlaps(left: &str, right: &str) -> bool {
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A hint, when a variable that is not ours was meant for us.
fn looks_like_ours(name: &str, upper: &str) -> Option<String> {
    if DOCUMENTED.contains(&name) {
        return None;
    }
    if upper.starts_with(PREFIX) {
        return Some("write BUTLER in capital letters".to_owned());
    }
    let rest = upper.strip_prefix("BUTLER_")?.to_lowercase();
    let first = rest.split("__").next().unwrap_or(&rest);
    let below = |known: &str| Some(rest.strip_prefix(known)?.strip_prefix('_')?.trim_start_matches('_').to_owned());
    let exact = ROOT.names().find_map(|known| match below(known) {
        Some(below) => Some(format!("{known}__{below}")),
        None => (rest == known).then(|| known.to_owned()),
    });
    // Whatever names a key when all underscores are single ones was meant for it.
    if let Some(parts) = meant(&rest.replace("__", "_")) {
        return Some(format!("separate by two underscores: BUTLER__{}", show_key(&parts.to_uppercase())));
    }
    let near = || Some(nearest(first, ROOT.names()).filter(|_| rest.contains("__"))?.to_owned());
    let meant = exact.or_else(near)?;
    Some(format!("separate by two underscores: BUTLER__{}", show_key(&meant.to_uppercase())))
}

/// The key that a name means whose parts are all separated by one underscore, its parts separated by two. Where the sections are left
/// out, the only key of that name in any of them.
fn meant(name: &str) -> Option<String> {
    if name.len() > LONGEST_MEANT {
        return None;
    }
    let of_section = |section: &'static Subsection| {
        (section.shape == Shape::Single)
            .then(|| below(section.group, name))?
            .map(|key| format!("{}__{key}", section.name))
    };
    below(&ROOT, name).or_else(|| {
        let mut found = ROOT.sections.iter().filter_map(of_section);
        found.next().filter(|_| found.next().is_none())
    })
}

fn below(group: &'static Group, name: &str) -> Option<String> {
    if group.key(name).is_some() {
        return Some(name.to_owned());
    }
    group.sections.iter().find_map(|section| {
        let rest = name.strip_prefix(section.name)?.strip_prefix('_')?;
        match section.shape {
            Shape::Single => Some(format!("{}__{}", section.name, below(section.group, rest)?)),
            // A name that the operator chose may have underscores of its own.
            Shape::Named | Shape::List => rest.match_indices('_').find_map(|(at, _)| {
                let (chosen, key) = (rest.get(..at)?, rest.get(at.saturating_add(1)..)?);
                let is_place = section.shape == Shape::Named || chosen.bytes().all(|byte| byte.is_ascii_digit());
                let is_name =
                    !chosen.is_empty() && chosen.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                Some(format!(
                    "{}__{chosen}__{}",
                    section.name,
                    below(section.group, key).filter(|_| is_place && is_name)?
                ))
            }),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_overlap_when_one_leads_to_the_other() {
        assert!(overlaps("a.b", "a.b"));
        assert!(overlaps("a.b.c", "a.b"));
        assert!(overlaps("a.l1", "a.l1[0].url"));
        assert!(!overlaps("a.bc", "a.b"));
    }

    #[test]
    fn a_variable_of_very_many_parts_names_no_key() {
        let name = |parts: usize| format!("BUTLER__{}LEVEL", "A__".repeat(parts));
        assert_eq!(path_of(OsStr::new(&name(16)), &[]), None);
        assert_eq!(path_of(OsStr::new(&name(5_000)), &[]), None);
    }

    #[test]
    fn a_variable_that_was_meant_for_us_is_recognised() {
        let hint = |name: &str| looks_like_ours(name, &name.to_uppercase());
        assert!(hint("BUTLER_NETWORKS__MAINNET__CHAIN_ID").unwrap().contains("BUTLER__NETWORKS"));
        assert!(hint("BUTLER_NETWORK__MAINNET__CHAIN_ID").unwrap().contains("BUTLER__NETWORKS"));
        assert!(hint("BUTLER_LOG_LEVEL").unwrap().contains("BUTLER__LOG__LEVEL"));
        let told = |name: &str| hint(name).unwrap().rsplit(' ').next().unwrap().to_owned();
        assert_eq!(told("BUTLER_SCRAPE_INTERVAL"), "BUTLER__EXPORTER__SCRAPE_INTERVAL");
        assert_eq!(told("BUTLER_EXPORTER_SCRAPE_INTERVAL"), "BUTLER__EXPORTER__SCRAPE_INTERVAL");
        assert_eq!(told("BUTLER_NETWORKS_MAINNET_CHAIN_ID"), "BUTLER__NETWORKS__MAINNET__CHAIN_ID");
        assert_eq!(told("BUTLER_NETWORKS_MY_NET_L1_0_URL_FILE"), "BUTLER__NETWORKS__MY_NET__L1__0__URL_FILE");
        assert_eq!(hint("BUTLER_LISTEN"), None, "of the exporter or of the watcher");
        assert!(hint("butler__log__level").is_some());
        assert_eq!(hint("BUTLER_CONFIG"), None);
        assert_eq!(hint("BUTLER_AGENT_HOST"), None);
        assert_eq!(hint("PATH"), None);
    }

    #[test]
    fn a_hint_repeats_no_control_characters_and_no_endless_name() {
        let hint = |name: &str| looks_like_ours(name, &name.to_uppercase()).unwrap();
        assert!(!hint("BUTLER_LOG__LEV\u{1b}[2JEL\n").contains(char::is_control));
        assert!(hint(&format!("BUTLER_LOG__{}", "A".repeat(100_000))).len() < 1_000);
    }
}
