//! What the command line asks the watcher and has it do, what the watcher answers, and how it is asked.

mod client;
mod protocol;

pub use self::client::{AskError, ask};
pub use self::protocol::{
    ANSWER_LIMIT, ActionRow, Answer, Ask, Choice, ControlRequest, DECISIONS_LIMIT, HistoryExport, HistoryRow,
    JOBS_LIMIT, JobRow, NetworkStatus, NotDecided, PROTOCOL, REQUEST_LIMIT, ROUTE, ROWS_LIMIT, SEVERAL_LIMIT, Shown,
    WatcherStatus, socket_in,
};
