//! Every family of metrics that the exporter has, once: name, type, labels, unit, help.
//!
//! What is served takes its names from here and `docs/metrics.md` is written from here, so neither can disagree with the
//! other. A name here is the name that Prometheus stores, with its unit and suffix.

use butler_core::daemon::telemetry::metrics::family::Families;
pub use butler_core::daemon::telemetry::metrics::family::{Family, Kind};
use butler_core::daemon::telemetry::metrics::{process, usage};

mod attesters;
mod duties;
mod findings;
mod governance;
mod hosts;
mod labels;

mod network;
mod nodes;
mod page;
mod program;
mod publishers;
mod sentinel;
mod slashing;
mod textfile;
pub mod values;

pub use self::attesters::*;
pub use self::duties::*;
pub use self::findings::*;
pub use self::governance::*;
pub use self::hosts::*;
pub use self::labels::*;
pub use self::network::*;
pub use self::nodes::*;
pub use self::page::render_page;
pub use self::program::*;
pub use self::publishers::*;
pub use self::sentinel::*;
pub use self::slashing::*;
pub use self::textfile::*;

/// The families by subject, in the order in which they are served.
pub static FAMILIES: Families = Families(&[
    process::FAMILIES,
    usage::FAMILIES,
    textfile::FAMILIES,
    program::FAMILIES,
    findings::FAMILIES,
    attesters::FAMILIES,
    labels::FAMILIES,
    network::FAMILIES,
    publishers::FAMILIES,
    slashing::FAMILIES,
    governance::FAMILIES,
    nodes::FAMILIES,
    sentinel::FAMILIES,
    duties::FAMILIES,
    hosts::FAMILIES,
]);

/// Every family, in the order in which they are served.
pub fn all() -> impl Iterator<Item = &'static Family> {
    FAMILIES.all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        for family in all() {
            // The names that every Prometheus client uses are not ours to choose.
            let prefix = if usage::FAMILIES.contains(&family) { "process_" } else { "butler_" };
            assert!(family.name.starts_with(prefix), "{}", family.name);
            let stem = family.stem();
            let unit = if family.unit.is_empty() { String::new() } else { format!("_{}", family.unit) };
            assert_eq!(format!("{stem}{unit}{}", family.kind.suffix()), family.name);
            assert!(family.kind != Kind::Gauge || !family.name.ends_with("_total"), "{}", family.name);
            // The text formats would need an escape.
            assert!(!family.help.contains(['\\', '\n', '"']) && family.help.ends_with('.'), "{}", family.name);
            let of_process = [process::FAMILIES, usage::FAMILIES, textfile::FAMILIES];
            let is_of_process = of_process.iter().any(|families| families.contains(&family));
            assert_eq!(
                is_of_process,
                family.labels.first().is_none_or(|label| label.name != "network"),
                "{}",
                family.name
            );
        }
        let names: std::collections::BTreeSet<_> = all().map(|family| family.name).collect();
        assert_eq!(names.len(), all().count(), "a name is there twice");
    }

    #[test]
    fn every_name_of_the_release_before_is_still_served() {
        let golden = include_str!("../../tests/golden/metrics-0.1.0.txt");
        let gone: Vec<_> = golden.lines().filter(|name| !all().any(|family| family.name == *name)).collect();
        assert!(gone.is_empty(), "{gone:?}: serve them under both names for one release");
    }

    #[test]
    fn the_page_is_current() {
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md"));
        let page = render_page();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            butler_core::store::file::save_atomic(path, page.as_bytes(), 0o644).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        for family in all() {
            assert!(written.contains(&format!("| `{}` |", family.name)), "{} is not in docs/metrics.md", family.name);
        }
        for name in written.lines().filter_map(|line| line.strip_prefix("| `butler_")?.split('`').next()) {
            let name = format!("butler_{name}");
            assert!(all().any(|family| family.name == name), "{name} is not in the catalogue");
        }
        assert!(written == page, "docs/metrics.md is old: run with UPDATE_DOCS=1");
    }
}
