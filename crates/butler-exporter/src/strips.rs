//! What the servers did hour by hour on disk, so that the strips of the page reach over a restart. Without it the strips begin anew with the
//! day that is followed.

use std::collections::BTreeMap;

use butler_core::store::memory::NetworkSubject;
use butler_core::store::record::{Format, Record};
use serde::{Deserialize, Serialize};

use crate::kept_file::{Kept, KeptFile};
use crate::readings::strips::{Hour, StripHistory};

/// How the file is written; the limit is for more than a thousand servers.
const FORMAT: Format = Format { what: "a file of strips", version: 1, limit: 8 << 20 };

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Content {
    version: u32,
    subject: NetworkSubject,
    /// Hours by their number since 1970, by server.
    strips: BTreeMap<String, BTreeMap<u64, Hour>>,
}

impl Record for Content {
    type Subject = NetworkSubject;

    const FORMAT: Format = FORMAT;

    fn subject(&self) -> &NetworkSubject {
        &self.subject
    }
}

/// The file of one network.
pub type StripsFile = KeptFile<StripHistory>;

impl Kept for StripHistory {
    type Content = Content;

    const NAME: &'static str = "strips";
    const WHAT: &'static str = "the strips of duties";

    fn of(content: Content) -> Self {
        Self::of(content.strips)
    }

    fn encode(&self, subject: &NetworkSubject) -> Vec<u8> {
        let content = Content { version: FORMAT.version, subject: subject.clone(), strips: self.servers().clone() };
        #[expect(
            clippy::expect_used,
            reason = "names and numbers are keys that JSON allows, and nothing else can fail"
        )]
        let mut bytes = serde_json::to_vec(&content).expect("strips can be written as JSON");
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept_file::tests::{believes_nobody_else, comes_back, fails_and_goes_on, is_golden, is_moved_aside};

    const GOLDEN: &str = include_str!("../tests/golden/strips-1.json");

    fn history() -> StripHistory {
        let hours = [(488_888, Hour { done: 12, missed: 1 }), (488_889, Hour { done: 3, missed: 0 })];
        StripHistory::of([("paris".to_owned(), hours.into())].into())
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        is_golden(&history(), GOLDEN);
    }

    #[test]
    fn strips_come_back_and_are_written_only_when_they_changed() {
        comes_back(&history());
    }

    #[test]
    fn a_file_that_is_of_no_use_is_moved_aside() {
        let contents = [
            "{".to_owned(),
            GOLDEN.replace("\"version\":1", "\"version\":2"),
            GOLDEN.replace("31337", "1"),
            GOLDEN.replace("\"done\":12", "\"done\":18446744073709551616"),
        ];
        is_moved_aside(&history(), contents);
    }

    #[test]
    fn a_folder_that_fails_and_a_file_of_somebody_else_end_nothing() {
        fails_and_goes_on(&history());
        believes_nobody_else(&history());
    }
}
