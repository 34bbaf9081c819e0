//! The configuration in effect as TOML, each value with its origin, secrets hidden; for `config show`.

use std::collections::BTreeMap;

use super::Config;
use super::noted::InEffect;

impl Config {
    /// Renders every value in effect as TOML with its origin in a comment.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_within(usize::MAX)
    }

    /// The same in lines of at most so many characters, where a comment of its own line does that.
    #[must_use]
    pub fn render_within(&self, width: usize) -> String {
        let mut text = String::new();
        let mut current = "";
        for entry in self.in_order() {
            if entry.section != current {
                current = &entry.section;
                text.push_str(&header(current));
            }
            let value = format!("{} = {}", entry.key, entry.show().value);
            let line = format!("{value}  # {}", entry.origin);
            if line.chars().count() <= width {
                text.push_str(&format!("{line}\n"));
            } else {
                text.push_str(&format!("# {}\n{value}\n", entry.origin));
            }
        }
        text
    }

    /// A section's own keys stand before the sections below it, as TOML wants it.
    fn in_order(&self) -> Vec<&InEffect> {
        let mut places = BTreeMap::<&str, usize>::new();
        for entry in &self.effective {
            let next = places.len();
            places.entry(&entry.section).or_insert(next);
        }
        let mut entries: Vec<&InEffect> = self.effective.iter().collect();
        // Stable: the entries of a section keep their order.
        entries.sort_by_cached_key(|entry| places.get(entry.section.as_str()).copied());
        entries
    }
}

fn header(section: &str) -> String {
    match section.rsplit_once('[') {
        Some((list, _)) => format!("\n[[{list}]]\n"),
        None => format!("\n[{section}]\n"),
    }
}
