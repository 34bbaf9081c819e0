//! What the operator's Aztec nodes answer, and what that makes of them: asked and judged here for every program.
//!
//! All questions to a node go out side by side, and each has its deadline. A node's own words go nowhere: some hold the URL of
//! its L1 endpoint, key and all; what is told of a failure is told in ours.

mod answers;
mod duties;
mod failure;
mod judged;
mod memory;

pub use self::answers::{NodeAnswers, ask_node};
pub use self::duties::{AdminAnswers, SentinelAnswers, ask_admin_port, ask_sentinel};
pub use self::failure::{Answer, NodeFailure};
pub use self::judged::{JudgedDuties, judge_duties, judge_nodes};
pub use self::memory::DutyMemory;
