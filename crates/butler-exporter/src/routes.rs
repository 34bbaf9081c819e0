//! What the exporter answers: `/metrics`, its pages (`/`, `/findings`, `/attesters`, `/runbooks/…`), `/livez`, `/readyz`. It only writes
//! down what the slots hold, and never asks a node.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use butler_core::config::EndpointUrl;
use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::negotiate::{coding, format, is_markdown_wanted};
use butler_core::daemon::http::page::page as html_page;
use butler_core::daemon::http::respond::{coded, plain, respond, verdict};
use butler_core::daemon::http::routes::{Reply, Routes};
use butler_core::runtime::clock::unix_now;
use hyper::header::{ALLOW, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use crate::exposition::Exposition;
use crate::page::{self, View};
use crate::slots::Slots;

/// What is served.
#[derive(Debug)]
pub struct ExporterRoutes {
    slots: Arc<Slots>,
    exposition: Exposition,
    watcher: ArcSwapOption<String>,
}

impl ExporterRoutes {
    /// Of these slots.
    #[must_use]
    pub fn new(slots: Arc<Slots>) -> Self {
        Self { exposition: Exposition::new(Arc::clone(&slots)), slots, watcher: ArcSwapOption::empty() }
    }

    /// From now on pages lead to the watcher's page there.
    pub fn lead_to_watcher(&self, url: Option<&EndpointUrl>) {
        self.watcher.store(url.map(|url| Arc::new(url.expose().to_string())));
    }

    fn reply(&self, request: &Parts) -> Reply {
        let path = request.uri.path();
        let (view, text) = (View::at(path), runbook_text(path));
        if !matches!(path, "/metrics" | "/livez" | "/readyz") && view.is_none() && text.is_none() {
            return plain(StatusCode::NOT_FOUND, "not found\n");
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match (path, view) {
            ("/metrics", _) => self.metrics(&request.headers),
            ("/livez", _) => verdict(self.slots.is_alive(), "alive\n", "a scraper does not get on\n"),
            ("/readyz", _) => verdict(self.slots.is_ready(), "ready\n", "not every network was tried yet\n"),
            (_, Some(View::Runbook(_, text))) if is_markdown_wanted(&request.headers) => markdown(text),
            (_, Some(view)) => {
                let asked = match Asked::of(&request.uri) {
                    Ok(asked) => asked,
                    Err(error) => return error.reply(),
                };
                let facts = page::Facts::of(&self.slots, self.watcher.load_full(), unix_now());
                html_page(page::STYLE, page::render(view, &facts, &asked))
            }
            (_, None) => markdown(text.unwrap_or_default()),
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

/// A runbook as it is written.
fn markdown(text: &'static str) -> Reply {
    respond(StatusCode::OK, "text/markdown; charset=utf-8", text.into())
}

/// The text of `/runbooks/NAME.md`.
fn runbook_text(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("/runbooks/")?.strip_suffix(".md")?;
    page::runbook(name).map(|(_, text)| text)
}

impl Routes for ExporterRoutes {
    async fn answer(&self, request: &Parts) -> Reply {
        self.reply(request)
    }
}
