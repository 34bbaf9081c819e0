//! Samples as an `ExportMetricsServiceRequest` in OTLP's JSON. Names are those that Prometheus stores, so that a figure has
//! one name, whichever way it came.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalogue::{self, Family, Kind};
use crate::readings::Sample;
use crate::slots::View;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u8 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    resource_metrics: [ResourceMetrics<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceMetrics<'a> {
    resource: Resource<'a>,
    scope_metrics: [ScopeMetrics<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
struct ScopeMetrics<'a> {
    scope: Scope,
    metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'static str,
    description: &'static str,
    #[serde(flatten)]
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Data<'a> {
    #[serde(rename_all = "camelCase")]
    Gauge { data_points: Vec<Point<'a>> },
    #[serde(rename_all = "camelCase")]
    Sum { data_points: Vec<Point<'a>>, aggregation_temporality: u8, is_monotonic: bool },
    #[serde(rename_all = "camelCase")]
    Histogram { data_points: Vec<HistogramPoint<'a>>, aggregation_temporality: u8 },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Point<'a> {
    attributes: Vec<Attribute<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_unix_nano: Option<&'a str>,
    time_unix_nano: &'a str,
    as_double: f64,
}

/// Numbers of 64 bits are texts in this form of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HistogramPoint<'a> {
    attributes: Vec<Attribute<'a>>,
    start_time_unix_nano: &'a str,
    time_unix_nano: &'a str,
    count: String,
    sum: f64,
    bucket_counts: Vec<String>,
    explicit_bounds: Vec<f64>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'a str,
    value: Text<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    string_value: &'a str,
}

/// The body of one push. Times are in unix seconds; counters began at `began`.
///
/// # Errors
/// When it cannot be serialized, which is a bug.
pub(super) fn request(process: &[Sample], views: &[View], began: u64, now: u64) -> Result<Vec<u8>, serde_json::Error> {
    let (began, now) = (format!("{began}000000000"), format!("{now}000000000"));
    let own = process.iter().map(|sample| (None, sample));
    let of_networks = views.iter().flat_map(|view| view.samples().map(|sample| (Some(view.network.as_str()), sample)));
    let mut by_family = BTreeMap::<&str, Vec<(Option<&str>, &Sample)>>::new();
    // JSON has no number for what is not finite.
    for (network, sample) in own.chain(of_networks).filter(|(_, sample)| sample.value.is_finite()) {
        by_family.entry(sample.family.name).or_default().push((network, sample));
    }
    let metrics = catalogue::all().filter_map(|family| {
        let samples = by_family.get(family.name)?;
        Some(Metric { name: family.name, description: family.help, data: data(family, samples, &began, &now) })
    });
    let text = |key, string_value| Attribute { key, value: Text { string_value } };
    let version = env!("CARGO_PKG_VERSION");
    let resource =
        Resource { attributes: vec![text("service.name", "butler-exporter"), text("service.version", version)] };
    let scope = Scope { name: "butler-exporter", version };
    let scope_metrics = [ScopeMetrics { scope, metrics: metrics.collect() }];
    serde_json::to_vec(&Request { resource_metrics: [ResourceMetrics { resource, scope_metrics }] })
}

fn data<'a>(family: &'a Family, samples: &[(Option<&'a str>, &'a Sample)], began: &'a str, now: &'a str) -> Data<'a> {
    let points = |start| {
        let point = move |(network, sample): &(Option<&'a str>, &'a Sample)| Point {
            attributes: attributes(family, *network, sample),
            start_time_unix_nano: start,
            time_unix_nano: now,
            as_double: sample.value,
        };
        samples.iter().map(point).collect()
    };
    match family.kind {
        Kind::Gauge | Kind::Info | Kind::Unknown => Data::Gauge { data_points: points(None) },
        Kind::Counter => {
            let data_points = points(Some(began));
            Data::Sum { data_points, aggregation_temporality: CUMULATIVE, is_monotonic: true }
        }
        Kind::Histogram => {
            let point = |(network, sample): &(Option<&'a str>, &'a Sample)| {
                let buckets = sample.buckets.as_deref().unwrap_or_default();
                HistogramPoint {
                    attributes: attributes(family, *network, sample),
                    start_time_unix_nano: began,
                    time_unix_nano: now,
                    count: buckets.iter().fold(0_u64, |sum, bucket| sum.saturating_add(bucket.count)).to_string(),
                    sum: sample.value,
                    bucket_counts: buckets.iter().map(|bucket| bucket.count.to_string()).collect(),
                    explicit_bounds: buckets.iter().map(|bucket| bucket.end).filter(|end| end.is_finite()).collect(),
                }
            };
            let data_points = samples.iter().map(point).collect();
            Data::Histogram { data_points, aggregation_temporality: CUMULATIVE }
        }
    }
}

fn attributes<'a>(family: &'a Family, network: Option<&'a str>, sample: &'a Sample) -> Vec<Attribute<'a>> {
    let values = network.into_iter().chain(sample.labels.iter().map(String::as_str));
    let pairs = family.labels.iter().zip(values);
    pairs.map(|(label, string_value)| Attribute { key: label.name, value: Text { string_value } }).collect()
}
