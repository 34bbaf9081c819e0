//! Lines of samples by family, written by prometheus-client. A line is the same in both formats; what stands before the
//! lines of a family is not.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::family::{Families, Family, Kind};
use super::format::Format;
use super::sample::{Readings, Sample};
use super::segment::{Deflater, Segment};

/// Lines of samples, by the family's name.
pub type Texts = BTreeMap<&'static str, String>;
/// The same, also compressed.
pub type Lines = BTreeMap<&'static str, Segment>;

/// Writes down all samples. Without a network they are the program's own.
///
/// # Errors
/// When a label cannot be written, which is a bug.
pub fn encode(network: Option<&str>, readings: &Arc<Readings>) -> Result<Texts, fmt::Error> {
    let blocks = Blocks::of(network, readings);
    let text = blocks.encode()?;
    let lines = blocks.families.iter().zip(split(&text));
    Ok(lines.map(|((family, _), (_, lines))| (family.name, lines.to_owned())).collect())
}

/// Compresses lines, family by family.
pub fn compress(texts: &Texts) -> Lines {
    let mut deflater = Deflater::new();
    texts.iter().map(|(name, text)| (*name, deflater.segment(text))).collect()
}

/// What stands before the lines of each family, in both formats.
#[derive(Debug)]
pub struct Heads {
    open: Lines,
    text: Lines,
}

impl Heads {
    /// Of these families.
    #[must_use]
    pub fn of(families: Families) -> Self {
        Self { open: compress(&open_heads(families)), text: compress(&text_heads(families)) }
    }

    /// Of one of them.
    #[must_use]
    pub fn of_family(&self, format: Format, family: &Family) -> Option<&Segment> {
        match format {
            Format::OpenMetrics => self.open.get(family.name),
            Format::Text => self.text.get(family.name),
        }
    }
}

/// Names without suffixes, and units: by prometheus-client.
fn open_heads(families: Families) -> Texts {
    let families = families.all().map(|family| (family, Vec::new())).collect();
    let blocks = Blocks { network: None, readings: Arc::default(), families };
    // Nothing that could fail is written: names and help are constants that tests look at.
    let text = blocks.encode().unwrap_or_default();
    let heads = blocks.families.iter().zip(split(&text));
    heads.map(|((family, _), (head, _))| (family.name, head.to_owned())).collect()
}

/// The older format has neither units nor infos, and names a counter with its suffix.
fn text_heads(families: Families) -> Texts {
    let head = |family: &'static Family| {
        let kind = match family.kind {
            Kind::Gauge | Kind::Info => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
            Kind::Unknown => "untyped",
        };
        let name = family.name;
        (name, format!("# HELP {name} {}\n# TYPE {name} {kind}\n", family.help))
    };
    families.all().map(head).collect()
}

/// The heads and the lines of a text, family by family.
fn split(text: &str) -> Vec<(&str, &str)> {
    // No line of a sample begins with `#`, and a line break within a label is escaped.
    let starts: Vec<usize> = std::iter::once(0)
        .filter(|_| text.starts_with("# HELP "))
        .chain(text.match_indices("\n# HELP ").map(|(at, _)| at + 1))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let blocks = starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end));
    blocks
        .map(|block| {
            let head = block.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
            block.split_at_checked(head).unwrap_or((block, ""))
        })
        .collect()
}

/// Samples by family. The samples stay where they are.
#[derive(Debug, Clone)]
struct Blocks {
    network: Option<String>,
    readings: Arc<Readings>,
    families: Vec<(&'static Family, Vec<usize>)>,
}

impl Blocks {
    fn of(network: Option<&str>, readings: &Arc<Readings>) -> Self {
        let mut groups = BTreeMap::<&'static str, (&'static Family, Vec<usize>)>::new();
        for (at, sample) in readings.0.iter().enumerate() {
            groups.entry(sample.family.name).or_insert_with(|| (sample.family, Vec::new())).1.push(at);
        }
        let families = groups.into_values().collect();
        Self { network: network.map(str::to_owned), readings: Arc::clone(readings), families }
    }

    fn encode(&self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        encode_registry(&mut text, &registry)?;
        Ok(text)
    }
}

impl Collector for Blocks {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (family, samples) in &self.families {
            let samples = samples.iter().filter_map(|at| self.readings.0.get(*at));
            encode_family(&mut encoder, family, self.network.as_deref(), samples)?;
        }
        Ok(())
    }
}

fn encode_family<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    family: &Family,
    network: Option<&str>,
    samples: impl Iterator<Item = &'a Sample>,
) -> fmt::Result {
    let kind = match family.kind {
        Kind::Gauge => MetricType::Gauge,
        Kind::Counter => MetricType::Counter,
        Kind::Histogram => MetricType::Histogram,
        Kind::Info => MetricType::Info,
        Kind::Unknown => MetricType::Unknown,
    };
    let unit = Some(family.unit).filter(|unit| !unit.is_empty()).map(|unit| Unit::Other(unit.to_owned()));
    let mut metric = encoder.encode_descriptor(family.stem(), family.help, unit.as_ref(), kind)?;
    let mut labels: Vec<(&str, &str)> = Vec::with_capacity(family.labels.len());
    for sample in samples {
        let values = network.into_iter().chain(sample.labels.iter().map(String::as_str));
        labels.clear();
        labels.extend(family.labels.iter().map(|label| label.name).zip(values));
        match family.kind {
            // Empty braces would be right, and nobody writes them.
            Kind::Gauge if labels.is_empty() => metric.encode_gauge(&sample.value)?,
            Kind::Counter if labels.is_empty() => {
                metric.encode_counter::<Vec<(&str, &str)>, _, f64>(&sample.value, None)?;
            }
            // Every one of an earlier release has a label.
            Kind::Gauge | Kind::Unknown => metric.encode_family(&labels)?.encode_gauge(&sample.value)?,
            Kind::Counter => {
                metric.encode_family(&labels)?.encode_counter::<Vec<(&str, &str)>, _, f64>(&sample.value, None)?;
            }
            Kind::Histogram => encode_histogram(metric.encode_family(&labels)?, sample)?,
            Kind::Info => metric.encode_info(&labels)?,
        }
    }
    Ok(())
}

/// Every histogram has a label: none belongs to a program as a whole.
fn encode_histogram(mut metric: MetricEncoder<'_>, sample: &Sample) -> fmt::Result {
    let buckets = sample.buckets.iter().flat_map(|buckets| buckets.iter());
    let buckets: Vec<(f64, u64)> = buckets.map(|bucket| (bucket.end, bucket.count)).collect();
    let count = buckets.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    metric.encode_histogram::<Vec<(&str, &str)>>(sample.value, count, &buckets, None)
}
