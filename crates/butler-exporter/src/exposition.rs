//! From slots to text: OpenMetrics 1.0 by way of prometheus-client, and the older format 0.0.4 with the same lines.
//!
//! promtool and node_exporter do not take OpenMetrics, and old scrapers do not ask for it. The readings of a scrape are
//! written and compressed once, when they come; a request joins them with what the program knows about its scrapes. What was
//! served last is kept, and served again while everything that went into it is the same.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use butler_core::daemon::telemetry::metrics::exposition as metrics;
use butler_core::daemon::telemetry::metrics::format::{Coding, Format};
use butler_core::daemon::telemetry::metrics::lines::{Lines, encode};
use butler_core::daemon::telemetry::metrics::sample::Readings;
use butler_core::runtime::clock::unix_now;
use bytes::Bytes;

use crate::catalogue;
use crate::slots::Slots;
use crate::slots::View;

/// Writes down what all slots hold now.
#[derive(Debug)]
pub struct Exposition {
    slots: Arc<Slots>,
    joiner: metrics::Exposition,
    last: Mutex<Option<Rendered>>,
}

/// Texts, and everything that went into them.
#[derive(Debug)]
struct Rendered {
    process: Arc<Readings>,
    views: Vec<View>,
    bodies: Vec<((Format, Coding), Bytes)>,
}

impl Exposition {
    /// Of this board.
    #[must_use]
    pub fn new(slots: Arc<Slots>) -> Self {
        Self { slots, joiner: metrics::Exposition::new(catalogue::FAMILIES), last: Mutex::new(None) }
    }

    /// The text.
    ///
    /// # Errors
    /// When a label cannot be written, which is a bug.
    pub fn render(&self, format: Format) -> Result<Bytes, fmt::Error> {
        self.body(format, Coding::Identity)
    }

    /// The text as it is sent.
    ///
    /// # Errors
    /// When a label cannot be written, which is a bug.
    pub fn body(&self, format: Format, coding: Coding) -> Result<Bytes, fmt::Error> {
        let process = Arc::new(Readings(self.slots.samples(unix_now())));
        let views: Vec<View> = self.slots.slots().iter().map(|slot| slot.view()).collect();
        // A panic while the lock was held leaves a text that fits its views, or none.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let rendered = match &mut *last {
            Some(rendered) if rendered.process == process && rendered.views == views => rendered,
            other => other.insert(Rendered { process, views, bodies: Vec::new() }),
        };
        if let Some((_, body)) = rendered.bodies.iter().find(|(of, _)| *of == (format, coding)) {
            return Ok(body.clone());
        }
        let body = write(&self.joiner, (format, coding), &rendered.process, &rendered.views)?;
        rendered.bodies.push(((format, coding), body.clone()));
        Ok(body)
    }
}

fn write(
    joiner: &metrics::Exposition,
    shape: (Format, Coding),
    process: &Arc<Readings>,
    views: &[View],
) -> Result<Bytes, fmt::Error> {
    let process = encode(None, process)?;
    let mut new = vec![&process];
    let mut kept: Vec<&Lines> = Vec::new();
    for view in views {
        new.push(view.progress.texts()?);
        if let Some(scraped) = &view.scraped {
            kept.push(scraped.lines()?);
        }
    }
    Ok(joiner.join(shape, &new, &kept))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::Duration;

    use super::*;
    use crate::catalogue::values::ScraperKind;
    use crate::slots::Slot;

    fn plain(exposition: &Exposition, format: Format) -> String {
        String::from_utf8(exposition.render(format).unwrap().into()).unwrap()
    }

    fn unzipped(exposition: &Exposition, format: Format) -> String {
        let (body, mut text) = (exposition.body(format, Coding::Gzip).unwrap(), String::new());
        flate2::read::GzDecoder::new(body.as_ref()).read_to_string(&mut text).unwrap();
        text
    }

    fn epoch(epoch: f64) -> Readings {
        let mut readings = Readings::default();
        readings.push(&catalogue::EPOCH, [], epoch);
        readings
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_served_at_once_and_what_does_not_is_written_once() {
        let second = Duration::from_secs(1);
        let slots = ["devnet", "twin"]
            .map(|network| Arc::new(Slot::new(network, ScraperKind::L1, second.saturating_mul(60), second)));
        let board = Arc::new(Slots::new(slots.to_vec()));
        let exposition = Exposition::new(Arc::clone(&board));
        let line = |text: &str, network: &str| {
            let start = format!("butler_epoch{{network=\"{network}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
        };
        let both = || {
            let text = plain(&exposition, Format::OpenMetrics);
            assert_eq!(text, unzipped(&exposition, Format::OpenMetrics));
            (line(&text, "devnet"), line(&text, "twin"))
        };
        let is = |value: &str| Some(value.to_owned());
        assert_eq!(both(), (None, None));
        slots[0].succeeded(epoch(1.0).into(), second, 1);
        assert_eq!(both(), (is("1.0"), None));
        slots[1].succeeded(epoch(2.0).into(), second, 1);
        assert_eq!(both(), (is("1.0"), is("2.0")));
        let heads = plain(&exposition, Format::Text).matches("# TYPE butler_epoch ").count();
        assert_eq!(heads, 1, "one family, however many networks");
        // Nothing changed: the very same bytes.
        let address = || exposition.body(Format::Text, Coding::Gzip).unwrap().as_ptr();
        assert_eq!(address(), address());
        // A failure changes a counter and leaves the readings.
        slots[0].failed(crate::catalogue::values::FailureKind::Deadline, second);
        let text = plain(&exposition, Format::Text);
        assert!(text.contains("{network=\"devnet\",scraper=\"l1\",kind=\"deadline\"} 1"), "{text}");
        assert_eq!(both(), (is("1.0"), is("2.0")));
        slots[0].succeeded(epoch(3.0).into(), second, 1);
        assert_eq!(both(), (is("3.0"), is("2.0")));
        // Time alone takes old readings away.
        tokio::time::advance(slots[0].budget() - second).await;
        slots[1].succeeded(epoch(4.0).into(), second, 1);
        assert_eq!(both(), (is("3.0"), is("4.0")));
        tokio::time::advance(second.saturating_mul(2)).await;
        assert_eq!(both(), (None, is("4.0")));
    }

    #[tokio::test(start_paused = true)]
    async fn both_formats_say_the_same_and_labels_are_escaped() {
        let slot = Slot::new("devnet", ScraperKind::Nodes, Duration::from_secs(60), Duration::from_secs(60));
        let mut readings = Readings::default();
        readings.push(&catalogue::NODE, ["a\"b\\c\n".to_owned(), "4".to_owned()], 1.0);
        readings.push(&catalogue::PUBLISHER_BALANCE, ["0x1".to_owned()], 1.5);
        slot.succeeded(readings.into(), Duration::from_millis(1500), 1_700_000_000);
        let exposition = Exposition::new(Arc::new(Slots::new(vec![Arc::new(slot)])));
        let open = plain(&exposition, Format::OpenMetrics);
        let text = plain(&exposition, Format::Text);
        assert!(open.ends_with("# EOF\n") && !text.contains("# EOF") && !text.contains("# UNIT"));
        let samples = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        assert_eq!(samples(&open), samples(&text));
        for line in [
            "# TYPE butler_node_info gauge",
            "# TYPE butler_scraper_restarts_total counter",
            "# TYPE butler_publisher_balance_ether gauge",
            "butler_node_info{network=\"devnet\",node=\"a\\\"b\\\\c\\n\",version=\"4\"} 1",
            "butler_publisher_balance_ether{network=\"devnet\",publisher=\"0x1\"} 1.5",
            "butler_scrape_duration_seconds{network=\"devnet\",scraper=\"nodes\"} 1.5",
            "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"nodes\"} 1700000000.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
        assert!(
            open.contains("# TYPE butler_node info\n") && open.contains("# TYPE butler_scraper_restarts counter\n")
        );
    }
}
