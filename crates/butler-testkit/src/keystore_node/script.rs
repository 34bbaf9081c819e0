//! What a test has the next reloads do instead of what a node does: one half is what happens, the other what is answered.

use std::time::Duration;

/// What a reload does to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: the files are not read.
    Nothing,
    /// What a reload does, at once.
    Reload,
    /// Waits that long, then reads the files and takes them.
    ReadLate(Duration),
    /// Reads and checks the files at once, and takes them after that long, as with a slow remote signer.
    TakeLate(Duration),
}

/// What a reload answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The outcome; success where nothing was done.
    Truth,
    /// The outcome, that long after it is there.
    Late(Duration),
    /// Nothing, on an open connection.
    Hang,
    /// Nothing, on a connection that is closed: the reply is lost.
    Close,
    /// This HTTP status with a short text that is no JSON.
    Status(u16),
    /// A web page with status 200, as a proxy in between has them.
    Page,
    /// A success with so many bytes of blanks after it.
    Huge(usize),
    /// A refusal whose words repeat the API key, as it is, in base64 and percent-encoded.
    EchoKey,
    /// A refusal in these words.
    Refusal(String),
    /// A JSON-RPC success that has a result, and another id.
    OtherId,
}

/// One scripted reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What happens.
    pub effect: Effect,
    /// What is said.
    pub answer: Answer,
}

impl Script {
    /// What a node does.
    pub(super) const HONEST: Self = Self { effect: Effect::Reload, answer: Answer::Truth };
}
