//! The body of an answer, unpacked while it comes, and bounded in what it may cost.
//!
//! Bytes go straight into one buffer, whatever pieces they come in. An answer beyond a first portion needs a turn, which it
//! keeps until it is dropped: a peer that floods many answers at once costs the memory of one.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::RpcFailure;

/// What an answer may have without waiting for a turn.
const PORTION: usize = 512 * 1024;
/// The first byte of everything that gzip packed, and of no JSON.
const GZIP: u8 = 0x1f;

/// A whole body, and what it holds on to.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) bytes: Vec<u8>,
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
}

impl Packing {
    /// Reads `Content-Encoding`; `None` for a coding that is not known.
    pub(super) fn of(coding: &str) -> Option<Self> {
        match coding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::None),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            _ => None,
        }
    }
}

/// Reads a body to its end; `travelled` is told of the bytes as they come.
///
/// # Errors
/// `TooLarge` beyond `limit` unpacked bytes, `Broken` when the connection breaks, `Malformed` when gzip is damaged.
pub(super) async fn read<B>(
    mut body: B,
    packing: Packing,
    limit: usize,
    turns: &Arc<Semaphore>,
    travelled: impl Fn(usize),
) -> Result<Unpacked, RpcFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut sink = Sink { bytes: Vec::new(), limit, is_over: false };
    if packing == Packing::None {
        // A buffer that grows is copied. A lie about the length costs nothing: memory is had when it is written to.
        let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
        sink.bytes.reserve_exact(length.unwrap_or_default().min(limit));
    }
    let mut unpacking: Option<MultiGzDecoder<Sink>> = None;
    let mut turn = None;
    let mut is_first = true;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| RpcFailure::Broken(error.into()))?.into_data() else { continue };
        if data.is_empty() {
            continue;
        }
        travelled(data.len());
        // Some announce gzip and send plain text.
        if std::mem::take(&mut is_first) && packing == Packing::Gzip && data.first() == Some(&GZIP) {
            unpacking = Some(MultiGzDecoder::new(sink));
            sink = Sink { bytes: Vec::new(), limit, is_over: false };
        }
        // Pieces, so that what a small piece unpacks to is looked at before the next one is.
        for piece in data.chunks(if unpacking.is_some() { 4096 } else { PORTION }) {
            let (written, size) = match &mut unpacking {
                Some(decoder) => (decoder.write_all(piece), decoder.get_ref()),
                None => (sink.write_all(piece), &sink),
            };
            if size.is_over {
                return Err(RpcFailure::TooLarge { limit });
            }
            written.map_err(|_| damaged())?;
            if size.bytes.len() > PORTION && turn.is_none() {
                // The semaphore is never closed; should it be, the answer goes on without a turn.
                turn = Arc::clone(turns).acquire_owned().await.ok();
            }
        }
    }
    if let Some(decoder) = unpacking {
        sink = match decoder.finish() {
            Ok(sink) if sink.is_over => return Err(RpcFailure::TooLarge { limit }),
            Ok(sink) => sink,
            Err(_) => return Err(damaged()),
        };
    }
    Ok(Unpacked { bytes: sink.bytes, turn })
}

fn damaged() -> RpcFailure {
    RpcFailure::Malformed("the answer says that it is gzip and is not".to_owned())
}

/// A buffer that takes no more than `limit` bytes.
struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(piece.len()) > self.limit {
            self.is_over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    async fn read_pieces(
        packing: Packing,
        limit: usize,
        bytes: &[u8],
        size: usize,
    ) -> (Result<Vec<u8>, RpcFailure>, usize) {
        let pieces: Vec<_> =
            bytes.chunks(size).map(|piece| Ok::<_, io::Error>(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        let travelled = AtomicUsize::new(0);
        let turns = Arc::new(Semaphore::new(1));
        let body = StreamBody::new(stream::iter(pieces));
        let count = |bytes| {
            travelled.fetch_add(bytes, Ordering::Relaxed);
        };
        let read = read(body, packing, limit, &turns, count).await.map(|body| body.bytes);
        (read, travelled.into_inner())
    }

    #[tokio::test]
    async fn a_body_is_the_same_packed_or_not_whatever_pieces_it_comes_in() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let packed = pack(&text);
        let twice = [pack(&text[..1000]), pack(&text[1000..])].concat();
        for size in [1, 3, 4096, 1 << 20] {
            let (plain, travelled) = read_pieces(Packing::None, text.len(), &text, size).await;
            assert!(plain.unwrap() == text && travelled == text.len());
            let (unpacked, travelled) = read_pieces(Packing::Gzip, text.len(), &packed, size).await;
            assert!(unpacked.unwrap() == text && travelled == packed.len());
            assert!(read_pieces(Packing::Gzip, text.len(), &twice, size).await.0.unwrap() == text);
            assert!(read_pieces(Packing::Gzip, text.len(), &text[4..], size).await.0.unwrap() == text[4..]);
        }
        assert!(read_pieces(Packing::Gzip, 9, b"", 1).await.0.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_bomb_is_too_large_after_little_of_it_and_damage_is_told() {
        let bomb = pack(&vec![b'['; 64 << 20]);
        let (read, travelled) = read_pieces(Packing::Gzip, 1 << 20, &bomb, 1000).await;
        assert!(matches!(read, Err(RpcFailure::TooLarge { limit: 1_048_576 })));
        assert!(travelled < bomb.len() / 10, "{travelled} of {}", bomb.len());
        let (read, _) = read_pieces(Packing::None, 99, &[0; 100], 1).await;
        assert!(matches!(read, Err(RpcFailure::TooLarge { limit: 99 })));
        let mut packed = pack(&[7; 1000]);
        packed.truncate(packed.len() - 9);
        assert!(matches!(read_pieces(Packing::Gzip, 1000, &packed, 5).await.0, Err(RpcFailure::Malformed(_))));
        packed.truncate(3);
        packed.extend([0xff; 40]);
        assert!(matches!(read_pieces(Packing::Gzip, 1000, &packed, 5).await.0, Err(RpcFailure::Malformed(_))));
    }

    #[test]
    fn codings_that_are_not_known_are_none_of_ours() {
        assert_eq!(Packing::of(" GZIP "), Some(Packing::Gzip));
        assert_eq!(Packing::of("identity"), Some(Packing::None));
        for coding in ["br", "zstd", "deflate", "gzip, gzip"] {
            assert_eq!(Packing::of(coding), None);
        }
    }
}
