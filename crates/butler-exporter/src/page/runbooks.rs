//! The runbooks that the page links to, as the program carries them with it.

/// Name and text of every page of `docs/runbooks`, by name; `build.rs` lists them.
static RUNBOOKS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/runbooks.rs"));

/// The text of a runbook, by its name.
pub(crate) fn runbook(name: &str) -> Option<&'static str> {
    let at = RUNBOOKS.binary_search_by_key(&name, |(known, _)| known).ok()?;
    RUNBOOKS.get(at).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use butler_core::domain::findings::FindingKind;

    use super::*;

    #[test]
    fn every_page_of_the_folder_is_carried_and_every_kind_has_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbooks");
        let pages = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let pages: BTreeSet<String> = pages.filter_map(|page| Some(page.strip_suffix(".md")?.to_owned())).collect();
        let carried: BTreeSet<String> = RUNBOOKS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(pages.difference(&carried).collect::<Vec<_>>(), ["README"]);
        for kind in FindingKind::all() {
            let text = runbook(kind.runbook()).unwrap_or_default();
            assert!(text.starts_with(&format!("# {}", kind.runbook())), "{kind}");
        }
        assert_eq!(runbook("README"), None);
    }
}
