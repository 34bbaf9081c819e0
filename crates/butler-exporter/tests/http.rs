//! The HTTP side from outside: formats, limits, strangers; and a scraper that panics.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use butler_exporter::catalogue;
use butler_exporter::catalogue::values::ScraperKind;
use butler_exporter::readings::Readings;
use butler_exporter::scrapers::driver::{Job, supervise};
use butler_exporter::scrapers::failure::Failure;
use butler_exporter::scrapers::scrape::Scrape;
use butler_exporter::slots::{Scraped, Slot};
use futures_util::future::BoxFuture;

use crate::support::idle;

#[tokio::test(flavor = "multi_thread")]
async fn formats_are_chosen_by_accept_and_unknown_things_are_refused() {
    let (_folder, program) = idle("").await;
    let text = program.get("/metrics");
    assert!(text.head.contains("content-type: text/plain; version=0.0.4"), "{}", text.head);
    let open =
        program.request("GET", "/metrics", &["Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5"]);
    assert!(open.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", open.head);
    assert!(open.text().ends_with("# EOF\n"));
    let zipped = program.request("GET", "/metrics", &["Accept-Encoding: gzip"]);
    assert!(zipped.head.contains("content-encoding: gzip"), "{}", zipped.head);
    let mut plain = String::new();
    flate2::read::GzDecoder::new(zipped.body.as_slice()).read_to_string(&mut plain).unwrap();
    assert!(plain.contains("butler_build_info"));
    let text = program.request("GET", "/metrics", &["Accept: application/openmetrics-text;q=0.4, text/plain;q=0.5"]);
    assert!(text.head.contains("content-type: text/plain; version=0.0.4"), "{}", text.head);
    let refused = program.request("GET", "/metrics", &["Accept-Encoding: gzip;q=0"]);
    assert!(!refused.head.contains("content-encoding"), "{}", refused.head);
    assert_eq!(program.get("/nothing").status, 404);
    for method in ["GET", "HEAD"] {
        assert_eq!(program.request(method, "/runbooks", &[]).status, 200, "{method}");
    }
    let long = program.get(&format!("/attesters?server={}", "x".repeat(400)));
    assert_eq!((long.status, long.text().as_str()), (400, "a parameter of the address is longer than 256 bytes\n"));
    let posted = program.request("POST", "/metrics", &["Content-Length: 0"]);
    assert!(posted.status == 405 && posted.head.contains("allow: GET, HEAD"), "{}", posted.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nobody_learns_anything() {
    let folder = tempfile::tempdir().unwrap();
    butler_core::store::file::save_atomic(&folder.path().join("token"), b"correct horse\n", 0o600).unwrap();
    let path = folder.path().join("token");
    let (_folder, program) = idle(&format!("bearer_token_file = \"{}\"", path.display())).await;
    for headers in [
        &[][..],
        &["Authorization: Bearer wrong"],
        &["Authorization: Bearer correct hors"],
        &["Authorization: Basic correct horse"],
        &["Authorization: Bearer"],
    ] {
        for path in ["/", "/metrics", "/livez/", "/nothing"] {
            let answer = program.request("GET", path, headers);
            assert!(answer.status == 401 && answer.body.is_empty(), "{path} {headers:?}: {}", answer.head);
        }
    }
    // A supervisor has no token, and learns that it lives and no more.
    let alive = program.get("/livez");
    assert_eq!((alive.status, alive.text().as_str()), (200, "alive\n"));
    assert!(matches!(program.get("/readyz").status, 200 | 503));
    let answer = program.request("GET", "/metrics", &["Authorization: Bearer correct horse"]);
    assert!(answer.status == 200 && answer.text().contains("butler_build_info"));
    assert!(!program.log().contains("correct horse"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_name_was_pointed_at_loopback_reads_nothing() {
    let (_folder, program) = idle("host_names = [\"butler.example.org\"]").await;
    let ask = |host: &str| {
        let mut stream = TcpStream::connect(program.address).unwrap();
        let head = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for ours in ["localhost:9464", "127.0.0.1", "[::1]:1", "butler.example.org"] {
        assert!(ask(ours).starts_with("HTTP/1.1 200"), "{ours}");
    }
    let refused = ask("rebound.example.net");
    assert!(refused.starts_with("HTTP/1.1 421") && refused.contains("host_names"), "{refused}");
    assert!(!refused.contains("butler_build_info"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_in_by_their_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    let users = format!("# who may ask\nscraper:{}\n", bcrypt::hash("hunter2", 5).unwrap());
    butler_core::store::file::save_atomic(&path, users.as_bytes(), 0o600).unwrap();
    let (_folder, program) = idle(&format!("basic_users_file = \"{}\"", path.display())).await;
    let header = |text: &str| format!("Authorization: Basic {}", STANDARD.encode(text));
    for wrong in ["scraper:hunter3", "scraper:", "stranger:hunter2", "scraper", ""] {
        let answer = program.request("GET", "/metrics", &[&header(wrong)]);
        assert!(answer.status == 401 && answer.body.is_empty(), "{wrong}: {}", answer.head);
        assert!(answer.head.contains("www-authenticate: Basic realm="), "{}", answer.head);
    }
    for _ in 0..3 {
        assert_eq!(program.request("GET", "/metrics", &[&header("scraper:hunter2")]).status, 200);
    }
    // While others try passwords on all connections that there may be, whoever was right before is answered at once.
    let mut others: Vec<TcpStream> = (0..40)
        .map(|index| {
            let mut stream = TcpStream::connect(program.address).unwrap();
            let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", header(&format!("scraper:{index}")));
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(program.request("GET", "/metrics", &[&header("scraper:hunter2")]).status, 200);
    let mut start = [0; 12];
    others[0].read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 401");
    assert!(!program.log().contains("hunter"));
}

/// Panics unless three others did before it.
struct Bad(u64);

impl Scrape for Bad {
    fn subject(&self) -> &'static str {
        "what is bad"
    }

    fn scrape<'a>(&'a mut self, _: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        assert!(self.0 >= 3, "injected");
        Box::pin(std::future::ready(Ok(Readings::default().into())))
    }
}

/// Counts its scrapes.
struct Good(Arc<AtomicU64>);

impl Scrape for Good {
    fn subject(&self) -> &'static str {
        "what is good"
    }

    fn scrape<'a>(&'a mut self, _: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(Scraped::default())))
    }
}

/// Counts its scrapes, after which a budget asks for an hour's pause.
struct Dear(Arc<AtomicU64>);

impl Scrape for Dear {
    fn subject(&self) -> &'static str {
        "what is dear"
    }

    fn scrape<'a>(&'a mut self, _: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(Scraped::default())))
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(3_600)
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_slows_scrapes_while_what_they_read_is_fresh_and_stops_none() {
    let slot = Arc::new(Slot::new("devnet", ScraperKind::L1, Duration::from_secs(10), Duration::from_secs(60)));
    let scrapes = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&scrapes);
    let job = Job::new(Arc::clone(&slot), move || Box::new(Dear(Arc::clone(&counted))));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(supervise(tokio::sync::watch::channel(vec![job]).1, Arc::default(), tokio::sync::mpsc::channel(1).0));
    // A reading is served for five minutes, and the next one comes after two thirds of that.
    tokio::time::sleep(Duration::from_secs(1_001)).await;
    assert_eq!(scrapes.load(Ordering::Relaxed), 6, "at 0, 200, 400, 600, 800 and 1,000 s");
    let slowed = slot.samples().into_iter().find(|sample| sample.family == &catalogue::SCRAPE_SLOWED);
    assert_eq!(slowed.map(|sample| sample.value), Some(190.0));
    assert!(slot.is_alive() && slot.readings().is_some());
    // A changed key file does not wait.
    slot.wake();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(scrapes.load(Ordering::Relaxed), 7);
}

#[tokio::test(start_paused = true)]
async fn a_scraper_that_panics_is_counted_and_begins_again_while_others_go_on() {
    let slot = |kind| Arc::new(Slot::new("devnet", kind, Duration::from_secs(1), Duration::from_secs(60)));
    let (bad, good) = (slot(ScraperKind::L1), slot(ScraperKind::Nodes));
    let (starts, ticks) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (begun, ticked) = (Arc::clone(&starts), Arc::clone(&ticks));
    let jobs = vec![
        Job::new(Arc::clone(&bad), move || Box::new(Bad(begun.fetch_add(1, Ordering::Relaxed)))),
        Job::new(Arc::clone(&good), move || Box::new(Good(Arc::clone(&ticked)))),
    ];
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(supervise(tokio::sync::watch::channel(jobs).1, Arc::default(), tokio::sync::mpsc::channel(1).0));
    // Time is paused and jumps: the pauses before the restarts are 1, 2 and 4 seconds.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(starts.load(Ordering::Relaxed), 4);
    assert!(ticks.load(Ordering::Relaxed) >= 8);
    let value = |slot: &Slot, family: &catalogue::Family| {
        slot.samples().into_iter().find(|sample| sample.family == family).map(|sample| sample.value)
    };
    assert_eq!(value(&bad, &catalogue::SCRAPER_RESTARTS), Some(3.0));
    assert_eq!(value(&bad, &catalogue::SCRAPE_SUCCESS), Some(1.0));
    assert_eq!(value(&good, &catalogue::SCRAPER_RESTARTS), Some(0.0));
}
