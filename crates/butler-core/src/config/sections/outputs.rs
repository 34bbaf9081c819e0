//! Where figures go besides `/metrics`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::endpoint::EndpointUrl;
use crate::config::reader::Section;
use crate::config::setting::Problem;

/// The outputs that the exporter brings its figures to by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputsConfig {
    /// The file for node_exporter.
    pub textfile: Option<PathBuf>,
    /// Where figures are pushed, when they are.
    pub otlp: Option<OtlpConfig>,
}

/// Where figures are pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// The collector's place for metrics.
    pub url: EndpointUrl,
    /// Time between two pushes.
    pub interval: Duration,
}

/// `None` after a fault, which is reported.
pub(crate) fn read_outputs(section: &Section<'_>) -> Option<OutputsConfig> {
    let (textfile, otlp) = (read_textfile(section), read_otlp(section));
    Some(OutputsConfig { textfile: textfile?, otlp: otlp? })
}

/// `None` after a fault, which is reported.
fn read_textfile(section: &Section<'_>) -> Option<Option<PathBuf>> {
    if section.origin("textfile").is_none() {
        return Some(None);
    }
    let path = section.path("textfile")?;
    if path.extension().is_none_or(|extension| extension != "prom") {
        let problem = Problem::new("node_exporter reads only files that end in `.prom`");
        section.fault("textfile", problem.hint("such as \"/var/lib/prometheus/node-exporter/butler.prom\""));
        return None;
    }
    Some(Some(path))
}

/// `None` after a fault, which is reported.
fn read_otlp(section: &Section<'_>) -> Option<Option<OtlpConfig>> {
    let interval = section.get("otlp_interval");
    if section.origin("otlp_url").is_none() {
        return interval.map(|_: Duration| None);
    }
    Some(Some(OtlpConfig { url: section.get("otlp_url")?, interval: interval? }))
}
