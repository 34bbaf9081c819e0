//! Where figures go besides `/metrics`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::endpoint::EndpointUrl;
use crate::config::reader::{Read, Section};
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

/// Reads where figures go besides `/metrics`.
pub(crate) fn read_outputs(section: &Section<'_>) -> Read<OutputsConfig> {
    let (textfile, otlp) = (read_textfile(section), read_otlp(section));
    Ok(OutputsConfig { textfile: textfile?, otlp: otlp? })
}

fn read_textfile(section: &Section<'_>) -> Read<Option<PathBuf>> {
    let path = section.path("textfile")?;
    if path.as_ref().is_some_and(|path| path.extension().is_none_or(|extension| extension != "prom")) {
        let problem = Problem::new("node_exporter reads only files that end in `.prom`");
        let hint = "such as \"/var/lib/prometheus/node-exporter/butler.prom\"";
        return Err(section.fault("textfile", problem.hint(hint)));
    }
    Ok(path)
}

fn read_otlp(section: &Section<'_>) -> Read<Option<OtlpConfig>> {
    let (interval, url) = (section.get("otlp_interval"), section.optional("otlp_url"));
    let interval = interval?;
    Ok(url?.map(|url| OtlpConfig { url, interval }))
}
