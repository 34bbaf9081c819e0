//! What the watcher answers over HTTP: what waits for a person, whether it lives, whether it is up to date, and its metrics.

use std::fmt;
use std::sync::Arc;

use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::negotiate::coding;
use butler_core::daemon::http::page::page as html_page;
use butler_core::daemon::http::respond::{coded, plain, verdict};
use butler_core::daemon::http::routes::{Reply, Routes};
use butler_core::daemon::telemetry::metrics::exposition::Exposition;
use butler_core::daemon::telemetry::metrics::format::Format;
use butler_core::daemon::telemetry::metrics::lines::{Texts, encode};
use butler_core::daemon::telemetry::metrics::process::ProcessFigures;
use butler_core::daemon::telemetry::metrics::sample::Readings;
use butler_core::runtime::clock::unix_now;
use hyper::StatusCode;
use hyper::http::request::Parts;

use crate::catalogue;
use crate::health::Health;
use crate::page;

/// The watcher's routes.
#[derive(Debug)]
pub struct WatcherRoutes {
    health: Arc<Health>,
    process: Arc<ProcessFigures>,
    exposition: Exposition,
}

impl WatcherRoutes {
    /// Answers from these figures.
    #[must_use]
    pub fn new(health: Arc<Health>, process: Arc<ProcessFigures>) -> Self {
        Self { health, process, exposition: Exposition::new(catalogue::ALL) }
    }

    fn texts(&self) -> Result<Vec<Texts>, fmt::Error> {
        let mut samples = self.process.samples();
        samples.extend(self.health.samples());
        let mut texts = vec![encode(None, &Arc::new(Readings(samples)))?];
        for (network, readings) in self.health.networks() {
            texts.push(encode(Some(&network), &Arc::new(readings))?);
        }
        Ok(texts)
    }
}

impl Routes for WatcherRoutes {
    async fn answer(&self, request: &Parts) -> Reply {
        match request.uri.path() {
            "/" => {
                let (waiting, count) = self.health.waiting();
                let is_stopped = self.health.is_stopped();
                let networks = self.health.statuses();
                let asked = match Asked::of(&request.uri) {
                    Ok(asked) => asked,
                    Err(error) => return error.reply(),
                };
                let facts = page::Facts { now: unix_now(), asked, networks, waiting, count, is_stopped };
                html_page(page::STYLE, page::render(&facts))
            }
            "/livez" => plain(StatusCode::OK, "alive\n"),
            "/readyz" => verdict(
                self.health.is_ready(),
                "up to date\n",
                "not up to date: /metrics and the log say how far it is\n",
            ),
            "/metrics" => {
                let coding = coding(&request.headers);
                match self.texts() {
                    Ok(texts) => {
                        let texts: Vec<&Texts> = texts.iter().collect();
                        let body = self.exposition.join((Format::Text, coding), &texts, &[]);
                        coded(coding, Format::Text.content_type(), body)
                    }
                    Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "failed to write the metrics\n"),
                }
            }
            _ => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}
