//! The runbooks that the page links to, as the program carries them with it: as pages, with an alert's labels in their commands, and as text.

mod carried;
mod fill;
mod html;

use butler_core::daemon::http::asked::Asked;
use maud::{Markup, html};

use self::carried::INDEX;
pub(crate) use self::carried::runbook;
use self::fill::{Labels, placeholders};
use super::facts::Facts;
use super::forms::{Field, form};

/// The list of runbooks.
pub(super) fn index() -> Markup {
    html! { section.runbook { (html::render(INDEX, &Labels::default())) } }
}

/// A runbook with the labels that were asked for; the network is known where there is one only.
pub(super) fn view(name: &str, text: &'static str, facts: &Facts, asked: &Asked) -> Markup {
    let networks = facts.networks();
    let only = networks.keys().next().filter(|_| networks.len() == 1).copied();
    let labels = Labels::of(asked, only);
    let open = placeholders(text);
    let fields: Vec<Field<'_>> = open
        .iter()
        .map(|placeholder| match placeholder.label {
            "network" if !networks.is_empty() => Field::Choice {
                name: "network",
                words: "network",
                options: networks.keys().map(|name| (*name, *name)).collect(),
            },
            label => Field::Text { name: label, words: label },
        })
        .collect();
    let body = text.strip_prefix("# ").and_then(|rest| rest.strip_prefix(name));
    let given = only.filter(|_| asked.get("network").is_none());
    let shown = given.map_or_else(|| asked.clone(), |network| asked.with("network", network));
    html! {
        section.runbook {
            h2 { (name) }
            @if !fields.is_empty() { (form(&shown, &fields, "Fill in")) }
            @for refused in labels.refused() {
                p.bad { "What is given as " (refused) " is not filled in: a shell would read more in it than a word." }
            }
            (html::render(body.unwrap_or(text), &labels))
            p.note { a href={ "/runbooks/" (name) ".md" } { "as text" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use butler_core::domain::findings::FindingKind;

    use super::*;

    fn page(name: &str, parameters: &[(&str, &str)]) -> String {
        let (name, text) = runbook(name).unwrap();
        view(name, text, &Facts::default(), &Asked::new("/runbooks/x", parameters.iter().copied())).into_string()
    }

    #[test]
    fn every_page_of_the_folder_is_carried_and_every_kind_has_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbooks");
        let pages = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let pages: BTreeSet<String> = pages.filter_map(|page| Some(page.strip_suffix(".md")?.to_owned())).collect();
        let carried: BTreeSet<String> = carried::RUNBOOKS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(pages.difference(&carried).collect::<Vec<_>>(), ["README"]);
        for kind in FindingKind::all() {
            let (_, text) = runbook(kind.runbook()).unwrap_or_default();
            assert!(text.starts_with(&format!("# {}", kind.runbook())), "{kind}");
        }
        assert_eq!(runbook("README"), None);
    }

    #[test]
    fn every_alert_of_the_rules_has_a_page_and_every_link_leads_to_one() {
        let rules = include_str!("../../../../../deploy/prometheus/butler.rules.yml");
        let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        assert!(alerts.len() > 80);
        let index = index().into_string();
        for alert in alerts {
            let html = page(alert, &[]);
            assert!(html.contains(&format!("<h2>{alert}</h2>")), "{alert}: {html}");
            assert!(index.contains(&format!("href=\"/runbooks/{alert}\"")), "{alert} is not in the index");
            for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let path = link.split('?').next().unwrap();
                let name = path.strip_prefix("/runbooks/").unwrap_or_else(|| panic!("{alert}: {link}"));
                assert!(runbook(name.trim_end_matches(".md")).is_some(), "{alert}: {link}");
            }
        }
    }

    #[test]
    fn labels_are_filled_into_commands_and_kept_on_the_way_to_other_runbooks() {
        let attester = "0x7D19aB8400000000000000000000000000001234";
        let html = page("ButlerCoinbaseMissing", &[("network", "mainnet"), ("attester", attester)]);
        let shown = butler_core::daemon::http::identifiers::told(attester).into_string();
        let command = format!("butler-cli status --attester <b>{shown}</b> --network <b>mainnet</b>");
        assert!(html.contains(&command), "{html}");
        assert!(!html.contains("NETWORK") && !html.contains("ATTESTER"), "{html}");
        let link = format!("/runbooks/ButlerCoinbaseUnverifiable?network=mainnet&amp;attester={attester}");
        assert!(html.contains(&link), "{html}");
        let open = page("ButlerCoinbaseMissing", &[]);
        assert!(open.contains("--network <mark>NETWORK</mark>"), "{open}");
        assert!(open.contains("<input type=\"text\" name=\"attester\""), "{open}");
    }

    #[test]
    fn what_a_shell_would_read_is_not_filled_in_and_markup_stays_text() {
        for hostile in ["$(id)", "x; id", "`id`", "-x", "a b", "<script>alert(1)</script>", "x\ny"] {
            let html = page("ButlerCoinbaseMissing", &[("network", hostile)]);
            assert!(html.contains("--network <mark>NETWORK</mark>"), "{hostile}: {html}");
            assert!(html.contains("What is given as network is not filled in"), "{hostile}: {html}");
            assert!(!html.contains("<script"), "{html}");
        }
    }
}
