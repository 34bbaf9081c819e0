//! The section `[exporter]`.

use super::http::{HttpConfig, read_http};
use super::outputs::{OutputsConfig, read_outputs};
use super::scrape::{ScrapeConfig, read_scrape};
use crate::config::endpoint::EndpointUrl;
use crate::config::reader::{Read, Section};

/// `[exporter]`, by what depends on it.
#[derive(Debug, Clone)]
pub struct ExporterConfig {
    /// Whether the exporter may start.
    pub enabled: bool,
    /// Where and to whom metrics are served.
    pub http: HttpConfig,
    /// How it scrapes.
    pub scrape: ScrapeConfig,
    /// Where else figures go.
    pub outputs: OutputsConfig,
    /// Where browsers find the watcher's page, if the page is to link to it.
    pub watcher_url: Option<EndpointUrl>,
}

pub(crate) fn read_exporter(section: &Section<'_>) -> Read<ExporterConfig> {
    let enabled = section.get("enabled");
    // Values are shown in the order in which they are read.
    let listen = section.get("listen");
    let scrape = read_scrape(section);
    let http = read_http(section, listen);
    let outputs = read_outputs(section);
    let watcher_url = section.optional("watcher_url");
    Ok(ExporterConfig { enabled: enabled?, http: http?, scrape: scrape?, outputs: outputs?, watcher_url: watcher_url? })
}
