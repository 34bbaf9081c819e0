//! Pieces of text, family by family, joined into what is served.

use bytes::Bytes;

use super::family::{Families, Family};
use super::format::{Coding, Format};
use super::lines::{Heads, Lines, Texts};
use super::segment::{Deflater, Segment, join_gzip};

/// Joins the lines of a program's families.
#[derive(Debug)]
pub struct Exposition {
    families: Families,
    heads: Heads,
}

impl Exposition {
    /// Of these families.
    #[must_use]
    pub fn new(families: Families) -> Self {
        Self { families, heads: Heads::of(families) }
    }

    /// One text of all these lines: those that are `new`, and those that were `kept` and compressed before.
    #[must_use]
    pub fn join(&self, (format, coding): (Format, Coding), new: &[&Texts], kept: &[&Lines]) -> Bytes {
        let mut pieces = Vec::new();
        for family in self.families.all() {
            push_family(&mut pieces, self.heads.of_family(format, family), family, new, kept);
        }
        push_new(&mut pieces, format.end());
        match coding {
            Coding::Identity => pieces.iter().map(Piece::text).collect::<Vec<_>>().concat().into(),
            Coding::Gzip => gzip(&pieces).into(),
        }
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

fn push_family<'a>(
    pieces: &mut Vec<Piece<'a>>,
    head: Option<&'a Segment>,
    family: &Family,
    new: &[&Texts],
    kept: &[&'a Lines],
) {
    let new: String = new.iter().filter_map(|lines| lines.get(family.name)).map(String::as_str).collect();
    let kept: Vec<&Segment> = kept.iter().filter_map(|lines| lines.get(family.name)).collect();
    if new.is_empty() && kept.is_empty() {
        return;
    }
    if let Some(head) = head {
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
