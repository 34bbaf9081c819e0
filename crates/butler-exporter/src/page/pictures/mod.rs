//! Pictures as inline SVG: where people would rather look than read.
//!
//! Pure functions of facts. A picture has a title and a description, its figures stand beside it as text, and nothing is told by colour
//! alone: what is missed or short has another place, another form or a word. Widths are shares of whatever room there is.

mod bars;
mod runways;
mod strip;
#[cfg(test)]
mod tests;
mod timeline;
mod verdicts;

pub(super) use self::bars::patterns;
pub(super) use self::runways::runways;
pub(super) use self::strip::strips;
pub(super) use self::timeline::timeline;
pub(super) use self::verdicts::verdicts;
