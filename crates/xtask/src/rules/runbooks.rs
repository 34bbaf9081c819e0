//! The numbers and severities that runbooks tell, held against what the programs decide by: in the first sentence of each page, and
//! in the table of all of them.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::findings::Thresholds;
use butler_core::domain::findings::alerts::{ALERTS, Alert, RECORDS};

/// What is told in words.
const WORDS: [(&str, u64); 12] = [
    ("last hour", 3_600),
    ("a day", 86_400),
    ("last day", 86_400),
    ("a week", 604_800),
    ("last week", 604_800),
    ("a quarter", 4),
    ("a tenth", 10),
    // In thousandths.
    ("a fifth of an ether", 200),
    ("a fifth of an ether", 1_000),
    ("an epoch", 32),
    ("two small", 2),
    ("three small", 3),
];

/// What each page and each row of the table say that is not what the code says. `pages` are runbooks by name, with the table in
/// `README.md`.
pub(super) fn faults(pages: &BTreeMap<String, String>, limits: &Thresholds) -> Vec<String> {
    let table = pages.get("README.md").map(String::as_str).unwrap_or_default();
    let mut faults = Vec::new();
    for alert in ALERTS {
        let name = format!("{}.md", alert.name);
        let page = pages.get(&name).map(String::as_str).unwrap_or_default();
        let sentence = page.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ");
        let sentence = sentence.split(". ").next().unwrap_or_default();
        let (severity, text) = sentence.split_once(':').unwrap_or_default();
        let told = differs(alert, &severity.to_lowercase(), text, limits);
        faults.extend(told.into_iter().map(|fault| format!("{name}: {fault}")));
        let start = format!("| [{}]({name}) | ", alert.name);
        let told = match table.lines().find_map(|line| line.strip_prefix(&start)).and_then(|row| row.split_once(" | "))
        {
            Some((severity, text)) => differs(alert, severity, text, limits),
            None => vec!["it is not in the table".to_owned()],
        };
        faults.extend(told.into_iter().map(|fault| format!("README.md: {}: {fault}", alert.name)));
    }
    faults
}

/// What a text says of an alert that is not so.
fn differs(alert: &Alert, severity: &str, text: &str, limits: &Thresholds) -> Vec<String> {
    let mut faults = Vec::new();
    if severity != alert.severity.name() {
        faults.push(format!("it says `{severity}`, and the code `{}`", alert.severity));
    }
    let numbers: BTreeSet<u64> = (alert.numbers)(limits).into_iter().filter(|number| *number > 1).collect();
    let told = quantities(text);
    let mut needed = numbers.clone();
    // What never ends by itself is told for a week, which matters more than for how long it waits.
    if alert.hold > 0 && !numbers.contains(&limits.news) {
        needed.insert(alert.hold);
    }
    if text.contains("`coinbase_critical`") {
        needed.remove(&limits.coinbase_critical);
    }
    let lacks: Vec<String> = needed.difference(&told).map(u64::to_string).collect();
    if !lacks.is_empty() {
        faults.push(format!("it does not say {} (times in seconds)", lacks.join(", ")));
    }
    let recorded = RECORDS.iter().flat_map(|(_, numbers)| numbers(limits));
    let known: BTreeSet<u64> =
        numbers.into_iter().chain([alert.hold, limits.coinbase_critical]).chain(recorded).collect();
    let strange: Vec<String> = told.difference(&known).map(u64::to_string).collect();
    if !strange.is_empty() {
        faults.push(format!("it says {}, and the code does not (times in seconds)", strange.join(", ")));
    }
    faults
}

/// Numbers of a text, times in seconds.
fn quantities(text: &str) -> BTreeSet<u64> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let mut found = BTreeSet::new();
    for (place, word) in words.iter().enumerate() {
        let Ok(number) = word.parse::<u64>() else { continue };
        let unit = match words.get(place.saturating_add(1)).copied().unwrap_or_default() {
            "minute" | "minutes" => 60,
            "hour" | "hours" => 3_600,
            "day" | "days" => 86_400,
            _ => 1,
        };
        found.extend(number.checked_mul(unit).filter(|quantity| *quantity > 1));
    }
    let words = words.join(" ");
    found.extend(WORDS.iter().filter(|(phrase, _)| words.contains(phrase)).map(|(_, quantity)| *quantity));
    found
}

#[cfg(test)]
mod tests {
    use super::super::{RUNBOOKS, names};
    use super::*;
    use crate::command::workspace;

    fn shipped() -> BTreeMap<String, String> {
        let folder = workspace().join(RUNBOOKS);
        let read = |name: String| (name.clone(), std::fs::read_to_string(folder.join(name)).unwrap());
        names(&folder, ".md").unwrap().into_iter().map(read).collect()
    }

    #[test]
    fn the_runbooks_say_what_the_code_says() {
        assert_eq!(faults(&shipped(), &Thresholds::default()), Vec::<String>::new());
    }

    #[test]
    fn every_changed_number_and_severity_of_the_table_is_found() {
        let pages = shipped();
        let mut changed = 0;
        for (at, _) in pages["README.md"].match_indices(|c: char| c.is_ascii_digit()) {
            let table = &pages["README.md"];
            let before = table[..at].chars().last().unwrap_or(' ');
            // The names of alerts have numbers, too.
            if !table[..at].ends_with(' ') || before.is_ascii_alphanumeric() || table[at..].starts_with("0 for") {
                continue;
            }
            let mut copy = pages.clone();
            copy.insert("README.md".to_owned(), format!("{}9{}", &table[..at], &table[at..]));
            assert!(!faults(&copy, &Thresholds::default()).is_empty(), "{}", &table[at.saturating_sub(80)..at + 10]);
            changed += 1;
        }
        assert!(changed > 50, "{changed} numbers were changed");
        for (from, to) in [("| critical |", "| warning |"), ("| warning |", "| info |"), ("| info |", "| critical |")] {
            for (at, _) in pages["README.md"].match_indices(from) {
                let table = &pages["README.md"];
                let mut copy = pages.clone();
                copy.insert("README.md".to_owned(), format!("{}{to}{}", &table[..at], &table[at + from.len()..]));
                assert!(!faults(&copy, &Thresholds::default()).is_empty(), "at byte {at}");
            }
        }
    }

    #[test]
    fn numbers_are_read_with_their_units_and_as_words() {
        assert_eq!(quantities("more than 10 minutes, a tenth, 3 in 2 days"), BTreeSet::from([600, 10, 3, 172_800]));
    }
}
