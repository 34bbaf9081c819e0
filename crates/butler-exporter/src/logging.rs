//! Logging: to stderr, for people or for machines, changed by a reload.

use std::io::IsTerminal as _;

use butler_core::config::{Config, Effective, LogConfig, LogFormat, Origin};
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Lines = Box<dyn Layer<Filtered> + Send + Sync>;

/// What a reload can change.
pub(crate) struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
    lines: reload::Handle<Lines, Filtered>,
    current: LogConfig,
}

impl Logging {
    /// Starts logging, and makes a panic one line among the others.
    pub(crate) fn start(config: &Config) -> Self {
        let current = wanted(config);
        let (filter, filter_handle) = reload::Layer::new(filter(&current));
        let (lines, lines_handle) = reload::Layer::new(lines(current.format));
        // Fails only when logging was started before, which is as good.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!("{}", panic.to_string().replace('\n', " "));
        }));
        Self { filter: filter_handle, lines: lines_handle, current }
    }

    /// Logs as this configuration says.
    pub(crate) fn change(&mut self, config: &Config) {
        let wanted = wanted(config);
        if wanted == self.current {
            return;
        }
        let changed = self.filter.reload(filter(&wanted)).and_then(|()| self.lines.reload(lines(wanted.format)));
        match changed {
            Ok(()) => self.current = wanted,
            Err(error) => tracing::warn!("logging stays as it is: {error} (hint: restart)"),
        }
    }
}

/// For machines where nobody watches, unless the configuration says otherwise.
fn wanted(config: &Config) -> LogConfig {
    let is_default =
        |value: &Effective| value.section == "log" && value.key == "format" && value.origin == Origin::Default;
    let is_left_open = config.effective().iter().any(is_default);
    let format = if is_left_open && !std::io::stderr().is_terminal() { LogFormat::Json } else { config.log.format };
    LogConfig { format, ..config.log.clone() }
}

fn filter(config: &LogConfig) -> EnvFilter {
    let level = config.level.as_str();
    EnvFilter::new(format!("off,butler_core={level},butler_exporter={level}"))
}

fn lines(format: LogFormat) -> Lines {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}
