//! What a program writes: counted, the end of it kept, and shown as a few lines that may be printed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use butler_core::client::secrets::Secrets;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Notify;

/// Bytes of the end that are kept.
const KEPT: usize = 16 * 1024;
/// Lines that are shown.
const LINES: usize = 3;
/// Bytes that are read at once.
const PIECE: usize = 32 * 1024;

/// What the outputs of one program may cost together.
#[derive(Debug)]
pub(super) struct Allowance {
    left: AtomicU64,
    /// Told when it is used up.
    pub(super) used_up: Notify,
}

impl Allowance {
    pub(super) fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes), used_up: Notify::new() }
    }

    /// Whether so many more are allowed.
    fn takes(&self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.is_ok()
    }
}

/// The end of an output.
#[derive(Debug, Default)]
pub(super) struct Tail {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: VecDeque<u8>,
    is_cut: bool,
}

impl Tail {
    /// Reads an output to its end, or until the allowance is used up.
    pub(super) async fn follow(&self, output: Option<impl AsyncRead + Unpin>, allowance: &Allowance) {
        let Some(mut output) = output else { return };
        let mut piece = vec![0; PIECE];
        // An output that cannot be read is over.
        while let Ok(read @ 1..) = output.read(&mut piece).await {
            if !allowance.takes(read) {
                allowance.used_up.notify_one();
                return;
            }
            self.keep(piece.get(..read).unwrap_or_default());
        }
    }

    fn keep(&self, piece: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes.extend(piece);
        let over = kept.bytes.len().saturating_sub(KEPT);
        kept.is_cut |= over > 0;
        kept.bytes.drain(..over);
    }

    /// Its last lines as one, without secrets and whatever cannot be printed.
    pub(super) fn shown(&self, secrets: &Secrets) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.bytes.iter().copied().collect();
        // Of a line whose beginning is gone it cannot be told whether a secret began there.
        let whole = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) if kept.is_cut => bytes.get(end + 1..).unwrap_or_default(),
            None if kept.is_cut => return "(a line without an end)".to_owned(),
            Some(_) | None => &bytes,
        };
        let lines = whole.split(|byte| *byte == b'\n').rev();
        let lines = lines.filter(|line| !line.trim_ascii().is_empty()).take(LINES);
        let mut lines: Vec<String> = lines.map(|line| secrets.foreign_bytes(line)).collect();
        lines.reverse();
        lines.join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shown(output: &[u8], secret: &str) -> String {
        let (tail, allowance) = (Tail::default(), Allowance::new(1 << 20));
        tail.follow(Some(output), &allowance).await;
        tail.shown(&Secrets::of_texts([secret]))
    }

    #[tokio::test]
    async fn the_last_lines_are_shown_without_secrets_and_control_characters() {
        let text = "first\nsecond\n\nhe said s3cr3t-t0ken-value\nred \x1b[31m alert\nlast\n";
        let shown = shown(text.as_bytes(), "s3cr3t-t0ken-value").await;
        assert_eq!(shown, "he said <hidden> | red alert | last");
    }

    #[tokio::test]
    async fn of_a_line_whose_beginning_is_gone_nothing_is_shown() {
        let long = "x".repeat(KEPT);
        assert_eq!(shown(format!("s3cr3t{long}").as_bytes(), "s3cr3tx").await, "(a line without an end)");
        assert_eq!(shown(format!("{long}\nlast").as_bytes(), "s3cr3t").await, "last");
    }

    #[tokio::test]
    async fn an_output_is_not_followed_beyond_its_allowance() {
        let (tail, allowance) = (Tail::default(), Allowance::new(99));
        tail.follow(Some([b'x'; 100].as_slice()), &allowance).await;
        tokio::time::timeout(std::time::Duration::from_secs(9), allowance.used_up.notified()).await.unwrap();
        assert_eq!(tail.shown(&Secrets::none()), "");
    }
}
