//! A service at hand, and what of it is to be asked.

use butler_core::client::http::HttpPeer;
use butler_core::domain::job::{ServicePart, ServicePath};

use super::flight::Flight;
use super::postcondition::Judge;
use super::setup::Service;

/// A service, and the work of one item.
pub(super) struct Desk<'a> {
    pub(super) judge: &'a Judge<'a>,
    pub(super) service: &'a Service,
    pub(super) peer: &'a HttpPeer,
    pub(super) flight: &'a Flight,
}

impl Desk<'_> {
    /// A path as segments, which whoever sends them escapes.
    pub(super) fn path(&self, path: &ServicePath, id: &str) -> Vec<String> {
        let part = |part: &ServicePart| match part {
            ServicePart::Fixed(text) => text.clone(),
            ServicePart::Item(part) => part.of(self.judge.task.item),
            ServicePart::Id => id.to_owned(),
        };
        path.parts().iter().map(part).collect()
    }
}
