//! Pieces of text that are compressed once, where they are made, and joined into one gzip stream where they are served.
//!
//! Each piece is a run of whole DEFLATE blocks that refers to nothing before it, so that pieces can follow each other in any
//! order (RFC 1951, 3.2). What is left to do for a request is copying and joining checksums.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Compression, no name, no time, unknown system: the head of RFC 1952, 2.3.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block with fixed codes.
const END: [u8; 2] = [3, 0];

/// Text, and the same compressed.
#[derive(Debug)]
pub struct Segment {
    text: Box<str>,
    deflated: Box<[u8]>,
    crc: Crc,
}

impl Segment {
    /// The text as it is.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Compresses pieces one after another with one set of tables.
pub(super) struct Deflater(Compress);

impl Deflater {
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::fast(), false))
    }

    /// Compresses a piece.
    pub(super) fn segment(&mut self, text: &str) -> Segment {
        self.0.reset();
        let (mut rest, mut deflated) = (text.as_bytes(), Vec::with_capacity(text.len() / 8 + 64));
        loop {
            let before = self.0.total_in();
            let status = self.0.compress_vec(rest, &mut deflated, FlushCompress::Sync);
            let taken = usize::try_from(self.0.total_in().saturating_sub(before)).unwrap_or(rest.len());
            rest = rest.get(taken..).unwrap_or_default();
            // With room left, everything was written out. An error would mean that there was nothing left to do.
            let is_written = rest.is_empty() && deflated.len() < deflated.capacity();
            if is_written || matches!(status, Err(_) | Ok(Status::StreamEnd)) {
                break;
            }
            deflated.reserve(deflated.len().max(64));
        }
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        Segment { text: text.into(), deflated: deflated.into(), crc }
    }
}

/// The pieces as one gzip stream.
pub(super) fn join_gzip(pieces: &[&Segment]) -> Vec<u8> {
    let size: usize = pieces.iter().map(|piece| piece.deflated.len()).sum();
    let (mut bytes, mut crc) = (Vec::with_capacity(size + HEAD.len() + END.len() + 8), Crc::new());
    bytes.extend_from_slice(&HEAD);
    for piece in pieces {
        bytes.extend_from_slice(&piece.deflated);
        crc.combine(&piece.crc);
    }
    bytes.extend_from_slice(&END);
    bytes.extend_from_slice(&crc.sum().to_le_bytes());
    bytes.extend_from_slice(&crc.amount().to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn unzip(bytes: &[u8]) -> String {
        let (mut text, mut decoder) = (String::new(), flate2::bufread::GzDecoder::new(bytes));
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty(), "one stream, and nothing after it");
        text
    }

    #[test]
    fn pieces_in_any_order_are_one_gzip_stream() {
        let mut deflater = Deflater::new();
        // Text that compresses well, text that does not, one byte, and nothing.
        let well = "butler_coinbase_missing{network=\"devnet\"} 1\n".repeat(20_000);
        let badly: String = (0_u32..60_000)
            .filter_map(|n| char::from_u32(33 + n.wrapping_mul(2_654_435_761).rotate_right(11) % 90))
            .collect();
        let pieces: Vec<Segment> = [&well, &badly, "a", "", &well].map(|text| deflater.segment(text)).into();
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 1, 0, 2, 3]] {
            let chosen: Vec<&Segment> = order.iter().map(|at| &pieces[*at]).collect();
            assert_eq!(unzip(&join_gzip(&chosen)), chosen.iter().map(|piece| piece.text()).collect::<String>());
        }
        assert_eq!(unzip(&join_gzip(&[])), "");
        assert!(join_gzip(&[&pieces[0]]).len() < well.len() / 50);
    }
}
