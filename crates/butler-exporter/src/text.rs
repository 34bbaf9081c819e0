//! From slots to text: OpenMetrics 1.0 by way of prometheus-client, and the older format 0.0.4 made from it.
//!
//! promtool and node_exporter do not take OpenMetrics, and old scrapers do not ask for it.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::board::Board;
use crate::catalogue::{self, Family, Kind};
use crate::readings::Sample;

/// A format of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Text,
}

impl Format {
    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Encodes what all slots hold now.
#[derive(Debug, Clone)]
pub struct Exposition {
    board: Arc<Board>,
}

impl Exposition {
    /// Of this board.
    #[must_use]
    pub fn new(board: Arc<Board>) -> Self {
        Self { board }
    }

    /// The text.
    ///
    /// # Errors
    /// When a label cannot be written, which is a bug.
    pub fn render(&self, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(match format {
            Format::OpenMetrics => text,
            Format::Text => to_text_format(&text),
        })
    }
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let slots = self.board.slots();
        let own = (None, self.board.life().samples());
        let samples: Vec<(Option<&str>, Vec<Sample>)> = std::iter::once(own)
            .chain(slots.iter().map(|slot| (Some(slot.network.as_str()), slot.samples())))
            .collect();
        for family in catalogue::all() {
            let of_family: Vec<(Option<&str>, &Sample)> = samples
                .iter()
                .flat_map(|(network, samples)| samples.iter().map(|sample| (*network, sample)))
                .filter(|(_, sample)| std::ptr::eq(sample.family, family))
                .collect();
            if !of_family.is_empty() {
                encode_family(&mut encoder, family, &of_family)?;
            }
        }
        Ok(())
    }
}

fn encode_family(
    encoder: &mut DescriptorEncoder<'_>,
    family: &Family,
    samples: &[(Option<&str>, &Sample)],
) -> fmt::Result {
    let kind = match family.kind {
        Kind::Gauge => MetricType::Gauge,
        Kind::Counter => MetricType::Counter,
        Kind::Info => MetricType::Info,
    };
    let unit = Some(family.unit).filter(|unit| !unit.is_empty()).map(|unit| Unit::Other(unit.to_owned()));
    let mut metric = encoder.encode_descriptor(family.stem(), family.help, unit.as_ref(), kind)?;
    for (network, sample) in samples {
        let values = network.iter().copied().chain(sample.labels.iter().map(String::as_str));
        let labels: Vec<(&str, &str)> = family.labels.iter().copied().zip(values).collect();
        match family.kind {
            // Empty braces would be right, and nobody writes them.
            Kind::Gauge if labels.is_empty() => metric.encode_gauge(&sample.value)?,
            Kind::Counter if labels.is_empty() => {
                metric.encode_counter::<Vec<(&str, &str)>, _, f64>(&sample.value, None)?;
            }
            Kind::Gauge => metric.encode_family(&labels)?.encode_gauge(&sample.value)?,
            Kind::Counter => {
                metric.encode_family(&labels)?.encode_counter::<Vec<(&str, &str)>, _, f64>(&sample.value, None)?;
            }
            Kind::Info => metric.encode_info(&labels)?,
        }
    }
    Ok(())
}

/// Makes format 0.0.4 of OpenMetrics: metadata name a counter with its suffix, an `info` is a gauge, and there are
/// neither units nor an end.
fn to_text_format(text: &str) -> String {
    let suffixes: BTreeSet<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .filter_map(|(name, kind)| match kind {
            "counter" => Some((name, "_total")),
            "info" => Some((name, "_info")),
            _ => None,
        })
        .collect();
    let full = |name: &str| {
        let suffix = suffixes.range((name, "")..).next().filter(|(of, _)| *of == name).map_or("", |(_, suffix)| suffix);
        format!("{name}{suffix}")
    };
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        // Writing to a string can not fail.
        let _ = if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            writeln!(out, "# HELP {} {help}", full(name))
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            writeln!(out, "# TYPE {} {}", full(name), if kind == "info" { "gauge" } else { kind })
        } else if line.starts_with("# UNIT ") || line == "# EOF" {
            Ok(())
        } else {
            writeln!(out, "{line}")
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kinds::ScraperKind;
    use crate::readings::Readings;
    use crate::status::Slot;

    #[tokio::test(start_paused = true)]
    async fn both_formats_say_the_same_and_labels_are_escaped() {
        let slot = Slot::new("devnet", ScraperKind::Nodes, Duration::from_secs(60), Duration::from_secs(60));
        let mut readings = Readings::default();
        readings.push(&catalogue::NODE, ["a\"b\\c\n".to_owned(), "4".to_owned()], 1.0);
        readings.push(&catalogue::PUBLISHER_BALANCE, ["0x1".to_owned()], 1.5);
        slot.succeeded(readings.into(), Duration::from_millis(1500), 1_700_000_000);
        let exposition = Exposition::new(Arc::new(Board::new(vec![Arc::new(slot)])));
        let open = exposition.render(Format::OpenMetrics).unwrap();
        let text = exposition.render(Format::Text).unwrap();
        assert!(open.ends_with("# EOF\n") && !text.contains("# EOF") && !text.contains("# UNIT"));
        let samples = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        assert_eq!(samples(&open), samples(&text));
        for line in [
            "# TYPE butler_node_info gauge",
            "# TYPE butler_scraper_restarts_total counter",
            "# TYPE butler_publisher_balance_ether gauge",
            "butler_node_info{network=\"devnet\",node=\"a\\\"b\\\\c\\n\",version=\"4\"} 1",
            "butler_publisher_balance_ether{network=\"devnet\",publisher=\"0x1\"} 1.5",
            "butler_scrape_duration_seconds{network=\"devnet\",scraper=\"nodes\"} 1.5",
            "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"nodes\"} 1700000000.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
        assert!(
            open.contains("# TYPE butler_node info\n") && open.contains("# TYPE butler_scraper_restarts counter\n")
        );
    }
}
