//! The configuration in effect as TOML, each value with its origin, secrets hidden; for `config show`.

use super::Config;
use super::reader::Effective;

impl Config {
    /// Renders every value in effect as TOML with its origin in a comment.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut current = "";
        for entry in self.in_order() {
            if entry.section != current {
                current = &entry.section;
                text.push_str(&header(current));
            }
            text.push_str(&format!("{} = {}  # {}\n", entry.key, entry.value, entry.origin));
        }
        text
    }

    /// A section's own keys stand before the sections below it, as TOML wants it.
    fn in_order(&self) -> Vec<&Effective> {
        let mut sections: Vec<&str> = Vec::new();
        for entry in &self.effective {
            if !sections.contains(&entry.section.as_str()) {
                sections.push(&entry.section);
            }
        }
        let entries = |section: &&str| self.effective.iter().filter(move |entry| entry.section == *section).collect();
        sections.iter().flat_map(|section| -> Vec<&Effective> { entries(section) }).collect()
    }
}

fn header(section: &str) -> String {
    match section.rsplit_once('[') {
        Some((list, _)) => format!("\n[[{list}]]\n"),
        None => format!("\n[{section}]\n"),
    }
}
