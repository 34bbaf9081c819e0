//! A pipeline as a picture: the text of a Mermaid flow chart.

use std::fmt::Write as _;

use super::graph::Graph;
use super::name::PipelineName;

/// The chart of a pipeline: its trigger, its jobs and who waits for whom. `trigger` may be any text.
#[must_use]
pub fn mermaid(pipeline: &PipelineName, trigger: &str, graph: &Graph) -> String {
    let mut chart = format!("flowchart TD\n    trigger([\"{}: {}\"])\n", escape(pipeline.as_str()), escape(trigger));
    let number = |job| graph.order().iter().position(|known| known == job).unwrap_or_default();
    for (at, job) in graph.order().iter().enumerate() {
        // Names are never identities there: `end` and `class` would be words of the chart.
        let _ = writeln!(chart, "    job{at}[\"{}\"]", escape(job.as_str()));
        let Some(node) = graph.nodes().get(job) else { continue };
        if node.after.is_empty() {
            let _ = writeln!(chart, "    trigger --> job{at}");
        }
        for after in &node.after {
            let _ = writeln!(chart, "    job{} --> job{at}", number(after));
        }
        if node.ordered {
            let _ = writeln!(chart, "    job{at} -.->|\"next item\"| job{at}");
        }
    }
    chart
}

/// Text as it may stand between quotes: whatever could end them, or is markup, as a code.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || " _-/.,:=+*".contains(character) {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
    }
    escaped
}
