//! The tests of the rules once more, with a second exporter beside the first that shows the same.
//!
//! Nothing may be told twice: what is expected stays as it is, but for alerts about one exporter itself, which there are two of.

use std::path::Path;

use anyhow::Context as _;

use super::save;

/// The exporter that the tests have, and its twin.
const ONE: &str = "a:9464";
const TWIN: &str = "b:9464";

/// Writes the twins of these tests, and gives their names.
pub(super) fn write(from: &Path, tests: &[String], to: &Path) -> anyhow::Result<Vec<String>> {
    let read = |name: &str| std::fs::read_to_string(from.join(name)).with_context(|| format!("failed to read {name}"));
    save(&to.join("butler.rules.yml"), &read("butler.rules.yml")?)?;
    for name in tests {
        save(&to.join(name), &twin(&read(name)?))?;
    }
    Ok(tests.to_vec())
}

/// A test with every series and every expected alert of the exporter twice.
fn twin(test: &str) -> String {
    let mut out = String::new();
    let mut alert: Vec<&str> = Vec::new();
    let end = |alert: &mut Vec<&str>, out: &mut String| {
        let text: String = alert.drain(..).collect();
        out.push_str(&text);
        if text.contains(ONE) {
            out.push_str(&text.replace(ONE, TWIN));
        }
    };
    for line in test.split_inclusive('\n') {
        let is_more = !alert.is_empty() && line.starts_with("            ");
        if !is_more {
            end(&mut alert, &mut out);
        }
        if is_more || line.starts_with("          - exp_labels:") {
            alert.push(line);
            continue;
        }
        out.push_str(line);
        if line.contains("series: '") && line.contains(ONE) {
            out.push_str(&line.replace(ONE, TWIN));
        }
    }
    end(&mut alert, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_the_network_is_expected_once_and_what_is_about_the_exporter_twice() {
        let test = "      - { series: 'up{instance=\"a:9464\"}', values: '1' }\n        exp_alerts:\n\
                    \x20         - exp_labels: { network: 'm' }\n            exp_annotations:\n\
                    \x20         - exp_labels: { instance: 'a:9464' }\n            exp_annotations:\n\
                    \x20             summary: 'a:9464: it is down'\n      - eval_time: 1m\n";
        let twin = twin(test);
        let count = |part: &str| twin.matches(part).count();
        assert_eq!((count("series: '"), count("network: 'm'"), count("instance: '"), count("b:9464")), (2, 1, 2, 3));
        assert!(twin.ends_with("      - eval_time: 1m\n"), "{twin}");
    }
}
