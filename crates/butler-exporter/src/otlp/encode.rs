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
        let start = (family.kind == Kind::Counter).then_some(began.as_str());
        let points = samples.iter().map(|(network, sample)| Point {
            attributes: attributes(family, *network, sample),
            start_time_unix_nano: start,
            time_unix_nano: &now,
            as_double: sample.value,
        });
        Some(Metric { name: family.name, description: family.help, data: data(family, points.collect()) })
    });
    let text = |key, string_value| Attribute { key, value: Text { string_value } };
    let version = env!("CARGO_PKG_VERSION");
    let resource =
        Resource { attributes: vec![text("service.name", "butler-exporter"), text("service.version", version)] };
    let scope = Scope { name: "butler-exporter", version };
    let scope_metrics = [ScopeMetrics { scope, metrics: metrics.collect() }];
    serde_json::to_vec(&Request { resource_metrics: [ResourceMetrics { resource, scope_metrics }] })
}

fn data<'a>(family: &Family, data_points: Vec<Point<'a>>) -> Data<'a> {
    match family.kind {
        Kind::Gauge | Kind::Info => Data::Gauge { data_points },
        Kind::Counter => Data::Sum { data_points, aggregation_temporality: CUMULATIVE, is_monotonic: true },
    }
}

fn attributes<'a>(family: &'a Family, network: Option<&'a str>, sample: &'a Sample) -> Vec<Attribute<'a>> {
    let values = network.into_iter().chain(sample.labels.iter().map(String::as_str));
    let pairs = family.labels.iter().zip(values);
    pairs.map(|(key, string_value)| Attribute { key, value: Text { string_value } }).collect()
}
