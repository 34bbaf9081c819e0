//! Tells the revision of the source.

#[path = "../butler-core/revision.rs"]
mod revision;

fn main() {
    revision::tell();
}
