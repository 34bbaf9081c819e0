//! The section `[exporter]`.

use super::http::{HttpConfig, read_http};
use super::outputs::{OutputsConfig, read_outputs};
use super::scrape::{ScrapeConfig, read_scrape};
use crate::config::endpoint::EndpointUrl;
use crate::config::reader::{Read, Section};
use crate::config::setting::Problem;

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
    /// Where people reach the exporter, for the links of alerts; without query and fragment.
    pub public_url: Option<EndpointUrl>,
}

pub(crate) fn read_exporter(section: &Section<'_>) -> Read<ExporterConfig> {
    let enabled = section.get("enabled");
    // Values are shown in the order in which they are read.
    let listen = section.get("listen");
    let scrape = read_scrape(section);
    let http = read_http(section, listen);
    let outputs = read_outputs(section);
    let watcher_url = section.optional("watcher_url");
    let public_url = section.optional("public_url").and_then(|url| base(section, url));
    Ok(ExporterConfig {
        enabled: enabled?,
        http: http?,
        scrape: scrape?,
        outputs: outputs?,
        watcher_url: watcher_url?,
        public_url: public_url?,
    })
}

/// An address that a path can be put behind.
fn base(section: &Section<'_>, url: Option<EndpointUrl>) -> Read<Option<EndpointUrl>> {
    if url.as_ref().is_some_and(|url| url.expose().query().is_some() || url.expose().fragment().is_some()) {
        return Err(section.fault("public_url", Problem::new("it may hold neither `?` nor `#`")));
    }
    Ok(url)
}
