//! Logging: to stderr, for people or for machines, changed by a reload.

use std::io::IsTerminal as _;

use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::config::{LogConfig, LogFormat};

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Lines = Box<dyn Layer<Filtered> + Send + Sync>;

/// What a reload can change.
pub struct Logging {
    programs: &'static [&'static str],
    filter: reload::Handle<EnvFilter, Registry>,
    lines: reload::Handle<Lines, Filtered>,
    current: LogConfig,
}

impl std::fmt::Debug for Logging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logging").field("current", &self.current).finish_non_exhaustive()
    }
}

impl Logging {
    /// Starts logging what these crates say, and makes a panic one line among the others.
    #[must_use]
    pub fn start(config: &LogConfig, programs: &'static [&'static str]) -> Self {
        let current = config.clone();
        let (filter, filter_handle) = reload::Layer::new(filter(&current, programs));
        let (lines, lines_handle) = reload::Layer::new(lines(&current));
        // Fails only when logging was started before, which is as good.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!("{}", panic.to_string().replace('\n', " "));
        }));
        Self { programs, filter: filter_handle, lines: lines_handle, current }
    }

    /// Logs as this configuration says.
    pub fn change(&mut self, config: &LogConfig) {
        if *config == self.current {
            return;
        }
        let filtered = self.filter.reload(filter(config, self.programs));
        match filtered.and_then(|()| self.lines.reload(lines(config))) {
            Ok(()) => self.current = config.clone(),
            Err(error) => tracing::warn!("logging stays as it is: {error} (hint: restart)"),
        }
    }
}

fn filter(config: &LogConfig, programs: &[&str]) -> EnvFilter {
    let level = config.level.as_str();
    let wanted: String = programs.iter().map(|program| format!(",{program}={level}")).collect();
    EnvFilter::new(format!("off{wanted}"))
}

fn lines(config: &LogConfig) -> Lines {
    let is_watched = std::io::stderr().is_terminal();
    let for_people = match config.format {
        LogFormat::Auto => is_watched,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if for_people { lines.with_ansi(is_watched).boxed() } else { lines.json().flatten_event(true).boxed() }
}
