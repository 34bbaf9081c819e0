//! From slots to text: OpenMetrics 1.0 by way of prometheus-client, and the older format 0.0.4 with the same lines.
//!
//! promtool and node_exporter do not take OpenMetrics, and old scrapers do not ask for it. The readings of a scrape are
//! written and compressed once, when they come; a request joins them with what the program knows about its scrapes. What was
//! served last is kept, and served again while everything that went into it is the same.

mod lines;
mod segment;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use butler_core::runtime::clock::unix_now;
use bytes::Bytes;

use self::lines::head;
pub(crate) use self::lines::{Lines, Texts, compress, encode};
use self::segment::{Deflater, Segment, join_gzip};
use crate::board::Board;
use crate::catalogue::{self, Family};
use crate::readings::Readings;
use crate::status::View;

/// A format of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Text,
}

impl Format {
    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::OpenMetrics => "# EOF\n",
            Self::Text => "",
        }
    }
}

/// How the text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// As one gzip stream.
    Gzip,
}

/// Writes down what all slots hold now.
#[derive(Debug)]
pub struct Exposition {
    board: Arc<Board>,
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
    pub fn new(board: Arc<Board>) -> Self {
        Self { board, last: Mutex::new(None) }
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
        let process = Arc::new(Readings(self.board.samples(unix_now())));
        let views: Vec<View> = self.board.slots().iter().map(|slot| slot.view()).collect();
        // A panic while the lock was held leaves a text that fits its views, or none.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let rendered = match &mut *last {
            Some(rendered) if rendered.process == process && rendered.views == views => rendered,
            other => other.insert(Rendered { process, views, bodies: Vec::new() }),
        };
        if let Some((_, body)) = rendered.bodies.iter().find(|(of, _)| *of == (format, coding)) {
            return Ok(body.clone());
        }
        let body = write(format, coding, &rendered.process, &rendered.views)?;
        rendered.bodies.push(((format, coding), body.clone()));
        Ok(body)
    }
}

/// A part of the text: kept from before, or written now.
enum Piece<'a> {
    Kept(&'a Segment),
    New(String),
}

impl Piece<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Kept(segment) => segment.text(),
            Self::New(text) => text,
        }
    }
}

fn write(format: Format, coding: Coding, process: &Arc<Readings>, views: &[View]) -> Result<Bytes, fmt::Error> {
    let process = encode(None, process)?;
    let mut own = vec![&process];
    let mut kept: Vec<&Lines> = Vec::new();
    for view in views {
        own.push(view.own.texts()?);
        if let Some(dated) = &view.dated {
            kept.push(dated.lines()?);
        }
    }
    let mut pieces = Vec::new();
    for family in catalogue::all() {
        push_family(&mut pieces, format, family, &own, &kept);
    }
    push_new(&mut pieces, format.end());

    Ok(match coding {
        Coding::Identity => pieces.iter().map(Piece::text).collect::<Vec<_>>().concat().into(),
        Coding::Gzip => gzip(&pieces).into(),
    })
}

fn gzip(pieces: &[Piece<'_>]) -> Vec<u8> {
    let mut deflater = Deflater::new();
    let new = pieces.iter().filter(|piece| matches!(piece, Piece::New(_)));
    let new: Vec<Segment> = new.map(|piece| deflater.segment(piece.text())).collect();
    let mut new = new.iter();
    let segments = pieces.iter().filter_map(|piece| match piece {
        Piece::Kept(segment) => Some(*segment),
        Piece::New(_) => new.next(),
    });
    join_gzip(&segments.collect::<Vec<_>>())
}

fn push_family<'a>(pieces: &mut Vec<Piece<'a>>, format: Format, family: &Family, own: &[&Texts], kept: &[&'a Lines]) {
    let new: String = own.iter().filter_map(|lines| lines.get(family.name)).map(String::as_str).collect();
    let kept: Vec<&Segment> = kept.iter().filter_map(|lines| lines.get(family.name)).collect();
    if new.is_empty() && kept.is_empty() {
        return;
    }
    if let Some(head) = head(format, family) {
        match new.as_str() {
            "" => pieces.push(Piece::Kept(head)),
            _ => push_new(pieces, head.text()),
        }
    }
    push_new(pieces, &new);
    pieces.extend(kept.into_iter().map(Piece::Kept));
}

/// New text becomes one piece with new text before it.
fn push_new(pieces: &mut Vec<Piece<'_>>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::New(last)) => last.push_str(text),
        Some(Piece::Kept(_)) | None => pieces.push(Piece::New(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::Duration;

    use super::*;
    use crate::kinds::ScraperKind;
    use crate::readings::Readings;
    use crate::status::Slot;

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
        let board = Arc::new(Board::new(slots.to_vec()));
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
        slots[0].failed(crate::kinds::FailureKind::Deadline, second);
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
        let exposition = Exposition::new(Arc::new(Board::new(vec![Arc::new(slot)])));
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
