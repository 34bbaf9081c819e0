//! What can go wrong between a program and its endpoint, and when.
//!
//! A plan is a list of rules; every rule that applies to a request acts, in the order of the list.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{lies::Lie, limits::LogLimit};

/// Runs before a request is answered, for instance to mine a block between two requests.
pub type Hook = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Changes an answer, given the call that it answers.
pub type Change = Arc<dyn Fn(&Value, &mut Value) + Send + Sync>;

/// One way of misbehaving.
#[derive(Clone)]
pub enum Fault {
    /// Wait before answering.
    Latency(Duration),
    /// Answer with this status instead of asking the endpoint.
    Status {
        /// HTTP status.
        code: u16,
        /// Value of `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// The body as it is.
        body: String,
    },
    /// Never answer; the connection stays open.
    Hang,
    /// Close the connection without an answer.
    Close,
    /// Announce the whole body, send half of it, close.
    Truncate,
    /// Answer with a well-formed JSON-RPC answer of at least so many bytes.
    Oversized(usize),
    /// Answer 200 with an HTML page.
    NotJson,
    /// Answer under an id that was not asked.
    WrongId,
    /// Answer with neither `result` nor `error`, as Aztec nodes do for `undefined`.
    MissingResult,
    /// Pretend to be so many blocks behind: `eth_blockNumber`, and `eth_getBlockByNumber` of a tag or of a later block.
    LaggingHead(u64),
    /// Pretend to be on another chain.
    WrongChain(u64),
    /// Refuse batches of more than `max` calls; 1 refuses every batch but that of a single call.
    RefuseBatches {
        /// Most calls in one batch.
        max: usize,
        /// How the refusal looks.
        style: BatchRefusal,
    },
    /// Limit `eth_getLogs` as a provider does.
    LogLimit(LogLimit),
    /// Forget the state of blocks older than the last `keep`; 0 leaves the head only.
    PruneHistory {
        /// Blocks before the head that are kept.
        keep: u64,
        /// Whose words are used.
        style: PruneStyle,
    },
    /// Revert every `eth_call` whose data starts with this selector (`0x` and 8 digits), also among the calls of a pack.
    RevertCalls(String),
    /// Refuse every `eth_getLogs` that asks for this first topic (`0x` and 64 digits), among others or alone.
    RefuseLogs(String),
    /// Refuse every `eth_getLogs`, of however few blocks, with these words: the plan has none.
    RefuseAllLogs {
        /// The error's code.
        code: i64,
        /// Its words.
        message: String,
    },
    /// Refuse every pack of more than `max` calls.
    RefusePacks {
        /// Most calls in one pack.
        max: usize,
        /// How the refusal looks.
        style: PackRefusal,
    },
    /// Take no state override.
    RefuseOverrides(OverrideRefusal),
    /// Answer well and untruly.
    Lie(Lie),
    /// Tell of another address wherever one is told of, and answer of the first whoever asks of the other: a lie that fits
    /// itself in every log and every getter.
    Renamed {
        /// What the chain has, in hex digits without `0x`, all small.
        real: String,
        /// What is told in its place, of as many digits.
        told: String,
    },
    /// Call this first.
    BeforeEachRequest(Hook),
    /// Change every answer of the endpoint like that: a lie that one test alone tells.
    Changed(Change),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Latency(duration) => return write!(f, "Latency({duration:?})"),
            Self::Status { code, .. } => return write!(f, "Status({code})"),
            Self::LogLimit(limit) => return write!(f, "LogLimit({limit:?})"),
            Self::LaggingHead(blocks) => return write!(f, "LaggingHead({blocks})"),
            Self::WrongChain(id) => return write!(f, "WrongChain({id})"),
            Self::Oversized(bytes) => return write!(f, "Oversized({bytes})"),
            Self::RefuseBatches { max, style } => {
                return write!(f, "RefuseBatches({max}, {style:?})");
            }
            Self::PruneHistory { keep, style } => {
                return write!(f, "PruneHistory({keep}, {style:?})");
            }
            Self::RefusePacks { max, style } => return write!(f, "RefusePacks({max}, {style:?})"),
            Self::RefuseOverrides(style) => return write!(f, "RefuseOverrides({style:?})"),
            Self::Lie(lie) => return write!(f, "Lie({lie})"),
            Self::Renamed { real, told } => return write!(f, "Renamed({real}, {told})"),
            Self::RevertCalls(selector) => return write!(f, "RevertCalls({selector})"),
            Self::RefuseAllLogs { code, message } => return write!(f, "RefuseAllLogs({code}, {message})"),
            Self::RefuseLogs(topic) => return write!(f, "RefuseLogs({topic})"),
            Self::Hang => "Hang",
            Self::Close => "Close",
            Self::Truncate => "Truncate",
            Self::NotJson => "NotJson",
            Self::WrongId => "WrongId",
            Self::MissingResult => "MissingResult",
            Self::BeforeEachRequest(_) => "BeforeEachRequest",
            Self::Changed(_) => "Changed",
        };
        f.write_str(name)
    }
}

/// How a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchRefusal {
    /// geth: HTTP 200, an array with one error -32600 "batch too large" under the id of the first call.
    Geth,
    /// dRPC: HTTP 500, an array with error 31 for every call.
    Drpc,
    /// Besu: HTTP 200, one error object -32602 without an array.
    Besu,
    /// A service without batches: HTTP 400, one error object -32600 with a null id.
    Unsupported,
    /// Erigon: the connection is closed.
    Close,
}

/// How a pack of calls is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackRefusal {
    /// A JSON-RPC error for that call.
    Error {
        /// Its code.
        code: i64,
        /// Its message.
        message: String,
    },
    /// This status and a web page for the whole request.
    Status(u16),
    /// The whole request is never answered.
    Hang,
    /// The connection is closed without an answer.
    Close,
}

/// What an endpoint makes of an `eth_call` with a state override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverrideRefusal {
    /// A JSON-RPC error for that call.
    Error {
        /// Its code.
        code: i64,
        /// Its message.
        message: String,
    },
    /// It is left out, so that nothing is at the address.
    Ignored,
    /// The call is answered with these bytes, in hex.
    Answered(String),
    /// The call runs with it, and at the newest block.
    AtLatest,
    /// The rest of the state is lost: every contract but that of the override is gone.
    AloneInTheState,
    /// The same, but accounts keep their balances.
    BalancesOnly,
    /// Every call of the pack but the first so many fails without a reason, as when gas runs out.
    FailAfter(usize),
    /// Every second call of the pack answers no bytes, as when part of the state is lost.
    EverySecondSilent,
    /// This status and a web page for the whole request.
    Status(u16),
    /// The whole request is never answered.
    Hang,
    /// The connection is closed without an answer.
    Close,
}

impl OverrideRefusal {
    /// An error of that code in these words.
    #[must_use]
    pub fn error(code: i64, message: &str) -> Self {
        Self::Error { code, message: message.to_owned() }
    }

    /// As clients and gateways do it, all but those that are waited for.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self::error(-32602, "too many arguments, want at most 2"),
            Self::error(-32602, "Invalid params"),
            Self::error(-32600, "unknown field `code`"),
            Self::error(-32601, "the method eth_call with state overrides does not exist/is not available"),
            Self::error(-32000, "state override is not available on the free tier"),
            Self::error(-32603, "Internal error"),
            Self::error(-32015, "VM execution error."),
            Self::error(3, "execution reverted"),
            Self::error(35, "go away"),
            Self::error(-32001, "unauthorized"),
            Self::Ignored,
            Self::Answered("0x00".to_owned()),
            Self::Answered(format!("0x{}", "00".repeat(320))),
            Self::AtLatest,
            Self::AloneInTheState,
            Self::BalancesOnly,
            Self::FailAfter(0),
            Self::EverySecondSilent,
            Self::error(-32005, "rate limit exceeded for eth_call with overrides"),
            Self::error(-32000, "header not found"),
            Self::error(-32000, "missing trie node 00 (path ) state 0x00 is not available, not found"),
            Self::error(-32000, "state override: historical state is not available"),
            Self::error(-32000, "out of gas"),
            Self::error(-32603, "response too large"),
            Self::error(-32000, "batch with overrides is not allowed"),
            Self::error(
                -32602,
                "invalid argument 2: json: cannot unmarshal string into Go value of type ethapi.OverrideAccount",
            ),
            Self::Status(413),
            Self::Status(429),
            Self::Status(400),
            Self::Status(403),
            Self::Status(500),
            Self::Close,
        ]
    }
}

/// Whose words say that old state is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PruneStyle {
    /// -32000 "missing trie node … (path ) state 0x… is not available".
    Geth,
    /// -32000 "state at block #… is pruned".
    Reth,
    /// -32000 "old data not available due to pruning".
    Erigon,
    /// -32002 "No state available for block …".
    Nethermind,
}

/// Which requests a rule applies to. Requests are counted from 1 since the plan was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// All of them.
    Always,
    /// The first so many.
    First(u64),
    /// Only that one.
    Nth(u64),
    /// Those that contain a call of this method. Faults of single calls act on those calls only.
    ForMethod(String),
    /// The first so many that contain a call of this method.
    FirstForMethod(u64, String),
}

/// What a proxy does to requests; empty by default.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    pub(super) rules: Vec<(Fault, When)>,
}

impl FaultPlan {
    /// Passes everything on.
    pub const fn none() -> Self {
        Self { rules: Vec::new() }
    }

    /// One fault for all requests.
    pub fn always(fault: Fault) -> Self {
        Self::none().with(fault, When::Always)
    }

    /// Adds a rule after the others.
    #[must_use]
    pub fn with(mut self, fault: Fault, when: When) -> Self {
        self.rules.push((fault, when));
        self
    }
}

impl Fault {
    /// A [`Fault::BeforeEachRequest`] from a plain closure.
    pub fn before_each<F, T>(hook: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        Self::BeforeEachRequest(Arc::new(move || Box::pin(hook())))
    }

    /// A [`Fault::Changed`] from a plain closure.
    pub fn changed(change: impl Fn(&Value, &mut Value) + Send + Sync + 'static) -> Self {
        Self::Changed(Arc::new(change))
    }
}
