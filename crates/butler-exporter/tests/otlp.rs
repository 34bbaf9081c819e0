//! Figures that are pushed, to a collector that takes them, refuses them, and comes back.

#![cfg(feature = "otlp")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use support::{Bench, wait_for};

/// What a collector was given, and what it answers.
struct Collector {
    url: String,
    status: Arc<Mutex<u16>>,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/metrics?key=hunter2", listener.local_addr().unwrap());
        let (status, bodies) = (Arc::new(Mutex::new(200)), Arc::new(Mutex::new(Vec::new())));
        let (answer, taken) = (Arc::clone(&status), Arc::clone(&bodies));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                let (mut length, mut line) = (0, String::new());
                while reader.read_line(&mut line).unwrap() > 2 {
                    let line = std::mem::take(&mut line).to_lowercase();
                    assert!(!line.starts_with("content-type") || line.contains("application/json"), "{line}");
                    length = line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                let head = format!(
                    "HTTP/1.1 {} x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
                    answer.lock().unwrap()
                );
                reader.get_mut().write_all(head.as_bytes()).unwrap();
            }
        });
        Self { url, status, bodies }
    }

    fn last(&self) -> Option<Value> {
        self.bodies.lock().unwrap().last().cloned()
    }
}

/// The metric of this name in a push.
fn metric<'a>(push: &'a Value, name: &str) -> Option<&'a Value> {
    push["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array()?.iter().find(|metric| metric["name"] == name)
}

/// The point under these attributes.
fn point<'a>(points: &'a Value, attributes: &[(&str, &str)]) -> Option<&'a Value> {
    points.as_array()?.iter().find(|point| {
        let all = point["attributes"].as_array().unwrap();
        all.len() == attributes.len()
            && all
                .iter()
                .zip(attributes)
                .all(|(given, (key, value))| given["key"] == *key && given["value"]["stringValue"] == *value)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_figures_are_pushed_and_a_refusal_is_told_once() {
    let (bench, collector) = (Bench::start().await, Collector::start());
    let lines = format!("scrape_interval = \"1s\"\notlp_interval = \"1s\"\notlp_url = \"{}\"", collector.url);
    let program = bench.run_with(&lines).await;
    program.when_scraped("devnet", "l1").await;
    let push = wait_for("a push with attesters", || {
        collector.last().filter(|push| metric(push, "butler_attesters").is_some())
    })
    .await;
    let resource = &push["resourceMetrics"][0]["resource"]["attributes"];
    assert_eq!(resource[0]["value"]["stringValue"], "butler-exporter");
    let attesters = &metric(&push, "butler_attesters").unwrap()["gauge"]["dataPoints"];
    let active = point(attesters, &[("network", "devnet"), ("state", "ACTIVE")]).unwrap();
    assert_eq!(active["asDouble"], 5.0);
    assert!(active["timeUnixNano"].as_str().unwrap().len() == 19 && active.get("startTimeUnixNano").is_none());
    let steps = &metric(&push, "butler_transitions_total").unwrap()["sum"];
    assert_eq!((&steps["isMonotonic"], &steps["aggregationTemporality"]), (&Value::from(true), &Value::from(2)));
    let step = point(&steps["dataPoints"], &[("network", "devnet"), ("judgement", "documented")]).unwrap();
    assert!(step["startTimeUnixNano"].as_str().is_some());
    let durations = &metric(&push, "butler_rpc_request_duration_seconds").unwrap()["histogram"];
    assert_eq!(durations["aggregationTemporality"], 2);
    let duration = point(&durations["dataPoints"], &[("network", "devnet"), ("endpoint", "127.0.0.1")]).unwrap();
    let (bounds, counts) = (&duration["explicitBounds"], duration["bucketCounts"].as_array().unwrap());
    assert_eq!((bounds.as_array().unwrap().len(), bounds[0].as_f64()), (11, Some(0.005)));
    let sum: u64 = counts.iter().map(|count| count.as_str().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!((counts.len(), duration["count"].as_str()), (12, Some(sum.to_string().as_str())));
    let build = &metric(&push, "butler_build_info").unwrap()["gauge"]["dataPoints"];
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("revision", env!("BUTLER_REVISION"))];
    assert!(point(build, &labels).is_some(), "{build}");
    *collector.status.lock().unwrap() = 503;
    wait_for("the failure in the log", || program.log().contains("failed to push").then_some(())).await;
    let before = collector.bodies.lock().unwrap().len();
    wait_for("two more pushes", || (collector.bodies.lock().unwrap().len() > before + 1).then_some(())).await;
    assert_eq!(program.log().matches("failed to push").count(), 1, "{}", program.log());
    *collector.status.lock().unwrap() = 200;
    wait_for("the recovery in the log", || program.log().contains("takes figures again").then_some(())).await;
    assert!(!program.log().contains("hunter2"), "{}", program.log());
}
