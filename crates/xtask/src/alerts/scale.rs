//! The shipped files with shorter times.

use std::net::SocketAddr;

/// Every time is divided by this: a minute becomes a second.
const SCALE: u64 = 60;
/// Ages of readings, which are times as well.
const AGES: [u64; 3] = [300, 600, 900];

/// The rules: every `for`, interval, window and offset, and the ages of readings.
pub(super) fn rules(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        let line = if trimmed.starts_with("for: ") || trimmed.starts_with("interval: ") {
            let (key, value) = line.split_once(": ").unwrap_or_default();
            format!("{key}: {}", shorter(value))
        } else if trimmed.starts_with('#') || trimmed.starts_with("description:") || trimmed.starts_with("summary:") {
            line.to_owned()
        } else {
            ages(&windows(line))
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// `[15m]`, `[1d:1m]`, `offset 7d`.
fn windows(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['[', 'o']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let (start, is_end): (&str, fn(char) -> bool) = if after.starts_with('[') {
            ("[", |c| c == ']')
        } else if after.starts_with("offset ") {
            ("offset ", |c| !c.is_ascii_alphanumeric())
        } else {
            out.push('o');
            rest = &after[1..];
            continue;
        };
        out.push_str(start);
        let tail = &after[start.len()..];
        let end = tail.find(is_end).unwrap_or(tail.len());
        out.push_str(&tail[..end].split(':').map(shorter).collect::<Vec<_>>().join(":"));
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

fn ages(line: &str) -> String {
    if !line.contains("time() - ") {
        return line.to_owned();
    }
    AGES.iter().fold(line.to_owned(), |line, age| match line.strip_suffix(&format!(" > {age}")) {
        Some(start) => format!("{start} > {}", age / SCALE),
        None => line,
    })
}

/// A duration of Prometheus in the form that our files have, divided; at least a second. What is none stays.
fn shorter(text: &str) -> String {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let text = text.trim();
    let unit =
        units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?.parse::<u64>().ok()?, *seconds)));
    unit.map_or_else(
        || text.to_owned(),
        |(number, seconds): (u64, u64)| format!("{}s", (number * seconds / SCALE).max(1)),
    )
}

/// The routes and inhibitions, with receivers that send to the mailbox.
pub(super) fn alertmanager(text: &str, mailbox: SocketAddr) -> String {
    let mut out = String::new();
    let mut in_receivers = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if line.starts_with("receivers:") {
            in_receivers = true;
            out.push_str("receivers:\n");
            continue;
        }
        in_receivers = in_receivers && (line.is_empty() || line.starts_with([' ', '#']));
        if in_receivers {
            if let Some(name) = trimmed.strip_prefix("- name: ") {
                out.push_str(&format!("  - name: {name}\n"));
                if name != "nobody" {
                    out.push_str(&format!("    webhook_configs:\n      - url: http://{mailbox}/{name}\n"));
                }
            }
            continue;
        }
        let wait = [("group_wait: ", "2s"), ("group_interval: ", "2s"), ("repeat_interval: ", "1h")];
        let wait = wait.iter().find(|(key, _)| trimmed.starts_with(key));
        let indent = &line[..line.len() - trimmed.len()];
        out.push_str(&wait.map_or_else(|| line.to_owned(), |(key, value)| format!("{indent}{key}{value}")));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::workspace;

    #[test]
    fn every_time_is_a_sixtieth_and_nothing_else_is_changed() {
        let text = "  for: 5m\n  expr: changes(a[15m]) == 0 or b offset 7d and min(c[1d:1m]) < 86400\n  # offset 7d\n\
                    time() - min by (network) (d) > 600\n  interval: 1m\n";
        let expected = "  for: 5s\n  expr: changes(a[15s]) == 0 or b offset 10080s and min(c[1440s:1s]) < 86400\n  # offset 7d\n\
                        time() - min by (network) (d) > 10\n  interval: 1s\n";
        assert_eq!(rules(text), expected);
    }

    #[test]
    fn every_receiver_of_the_example_but_nobody_sends_to_the_mailbox() {
        let text = std::fs::read_to_string(workspace().join("deploy/prometheus/alertmanager.yml")).unwrap();
        let made = alertmanager(&text, SocketAddr::from(([127, 0, 0, 1], 9)));
        let count = |text: &str, part: &str| text.matches(part).count();
        assert_eq!(count(&made, "url: http://127.0.0.1:9/"), count(&text, "  - name: ") - 1);
        assert_eq!(count(&made, "source_matchers"), count(&text, "source_matchers"));
        assert!(!made.contains("_file:") && !made.contains("group_wait: 30s"), "{made}");
    }
}
