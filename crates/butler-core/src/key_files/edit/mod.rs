//! What changes coinbases in a node's own keystore, and nothing else of it.
//!
//! `edit` decides from bytes which bytes become which; `frame` is what an approval of such a change is bound to. The `agent`
//! answers requests about one folder of keystores, on the machine where these lie, so that no private key ever leaves it.
//! Nothing of a key is in any answer, error or name.

mod agent;
mod backups;
mod editor;
mod error;
mod expected;
mod failure;
mod frame;
mod keystores;
mod names;
mod obstacle;
mod planned;
mod protocol;
mod reading;
mod setting;
mod spans;
mod survey;
#[cfg(test)]
mod tests;
mod view;

pub use self::agent::KeystoreAgent;
pub use self::backups::backup_id;
pub use self::editor::{Edited, edit};
pub use self::error::EditError;
pub use self::failure::{Failure, Later, Misunderstood, Refused};
pub use self::frame::frame;
pub use self::names::{FileName, Remark, Unfit};
pub use self::obstacle::{Obstacle, ObstacleKind, Verdict};
pub use self::protocol::{
    ANSWER_LIMIT, Answer, Applied, Ask, BoundEdit, CHANGES_LIMIT, Edit, FILES_LIMIT, PROTOCOL, Previewed,
    REQUEST_LIMIT, Request, Said, Wish,
};
pub use self::setting::{Change, NoSetting, Setting};
pub use self::view::{FileView, FolderView, ValidatorView};
