//! What the exporter answers: `/metrics`, `/`, `/runbooks/…`, `/livez`, `/readyz`. It only writes down what the slots hold,
//! and never asks a node.

use std::sync::Arc;

use butler_core::daemon::http::negotiate::{coding, format};
use butler_core::daemon::http::page::page as html_page;
use butler_core::daemon::http::respond::{coded, plain, verdict};
use butler_core::daemon::http::routes::{Reply, Routes};
use butler_core::runtime::clock::unix_now;
use hyper::header::{ALLOW, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use crate::exposition::Exposition;
use crate::page;
use crate::slots::Slots;

/// What is served.
#[derive(Debug)]
pub(crate) struct ExporterRoutes {
    slots: Arc<Slots>,
    exposition: Exposition,
}

impl ExporterRoutes {
    /// Of these slots.
    pub(crate) fn new(slots: Arc<Slots>) -> Self {
        Self { exposition: Exposition::new(Arc::clone(&slots)), slots }
    }

    fn reply(&self, request: &Parts) -> Reply {
        let path = request.uri.path();
        let runbook = path.strip_prefix("/runbooks/").and_then(page::runbook);
        if !matches!(path, "/" | "/metrics" | "/livez" | "/readyz") && runbook.is_none() {
            return plain(StatusCode::NOT_FOUND, "not found\n");
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/metrics" => self.metrics(&request.headers),
            "/livez" => verdict(self.slots.is_alive(), "alive\n", "a scraper does not get on\n"),
            "/readyz" => verdict(self.slots.is_ready(), "ready\n", "not every network was tried yet\n"),
            "/" => {
                let facts = page::Facts::of(&self.slots, unix_now());
                html_page(page::STYLE, page::render(&facts))
            }
            _ => plain(StatusCode::OK, runbook.unwrap_or_default()),
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Reply {
        let (format, coding) = (format(headers), coding(headers));
        match self.exposition.body(format, coding) {
            Ok(body) => coded(coding, format.content_type(), body),
            Err(error) => {
                tracing::error!("failed to write the metrics: {error}");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "failed to write the metrics\n")
            }
        }
    }
}

impl Routes for ExporterRoutes {
    async fn answer(&self, request: &Parts) -> Reply {
        self.reply(request)
    }
}
