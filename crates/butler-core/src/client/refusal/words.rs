//! The words by which refusals are known, in lower case.

pub(super) const RATE: &[&str] = &[
    "rate limit",
    "ratelimit",
    "too many requests",
    "request limit",
    "requests per second",
    "compute units",
    "throughput",
    "capacity exceeded",
    "quota",
    "daily request count",
];
/// Of `eth_getLogs` only: whatever names a range, or too many results, refuses the width of the query.
pub(super) const RANGE: &[&str] = &[
    "range",
    "blocks distance",
    "block interval",
    "block span",
    "too many blocks",
    "requested blocks",
    "number of blocks",
    "query returned more than",
    "max results",
    "too many results",
    "too many logs",
    "logs matched by query",
    "log response size",
    "limit the query to",
    "query timeout exceeded",
    "response size should not",
];
/// What a plan does not grant, of `eth_getLogs`, is wide ranges, or so it has to be tried.
pub(super) const PLAN: &[&str] =
    &[" plan", "plan limit", " tier", "upgrade", "subscription", "max blocks", "blocks max", "maximum blocks"];
/// What a range is refused with that begins after the endpoint's newest block.
pub(super) const AHEAD: &[&str] = &["invalid block range", "after last accepted block", "beyond current head"];
pub(super) const STATE: &[&str] = &[
    "missing trie node",
    "historical state",
    "state is not available",
    "state not available",
    "pruned",
    "archive",
    "state histories",
    "no state available",
    "old data not available",
    "state already discarded",
    "required historical state unavailable",
    "block is too old",
    "distance to target block exceeds",
    // Anvil with a dump that has no history.
    "blockoutofrange",
];
pub(super) const BLOCK: &[&str] = &[
    "header not found",
    "unknown block",
    "block not found",
    "header for hash not found",
    "could not find block",
    "no block with",
    "resource not found",
    "block with such an id is pruned",
    "hash is not currently canonical",
];
pub(super) const GAS: &[&str] = &[
    "out of gas",
    "outofgas",
    "gas required exceeds",
    "exceeds block gas limit",
    "gas limit",
    "intrinsic gas",
    "insufficient_gas",
];
pub(super) const SIZE: &[&str] =
    &["response too large", "response size exceeded", "response is too big", "exceeded max limit"];
/// What says, beside a code that means any limit, that one question was too much.
pub(super) const WEIGHT: &[&str] =
    &["too large", "too big", "too long", "too heavy", "too complex", "size", "weight", "complexity", "too many calls"];
pub(super) const TIME: &[&str] = &[
    "timeout",
    "timed out",
    "time out",
    "time-out",
    "deadline exceeded",
    "took too long",
    "canceled due to",
    "cancelled due to",
];
/// What says, beside the word, that batches are refused. A batch that merely failed is none of that.
pub(super) const BATCH: &[&str] = &[
    "support",
    "allow",
    "disabled",
    "not enabled",
    "limit",
    "too large",
    "too big",
    "too long",
    "too many",
    "exceed",
    "max",
    "more than",
    "larger",
    "permitted",
    "forbidden",
    "not available",
    "unavailable on",
    "plan",
    "tier",
    "smaller",
    "reduce",
    "not accepted",
    "denied",
];
pub(super) const KEY: &[&str] = &[
    "unauthorized",
    "unauthorised",
    "not authorized",
    "not authorised",
    "unauthenticated",
    "not authenticated",
    "authentication",
    "must be authenticated",
    "must authenticate",
    "access denied",
    "permission denied",
    "forbidden",
    "authorization",
];
pub(super) const KEY_WORDS: &[&str] = &[
    "api key",
    "apikey",
    "api-key",
    "api_key",
    "project id",
    "projectid",
    "project_id",
    "access token",
    "auth token",
    "access key",
    "jwt",
    "credential",
    "x-api-key",
    "bearer",
];
pub(super) const KEY_FAULTS: &[&str] = &[
    "missing",
    "invalid",
    "required",
    "require",
    "wrong",
    "unknown",
    "not found",
    "expired",
    "no ",
    "need",
    "must",
    "provide",
    "include",
    "without",
    "disabled",
    "not exist",
    "not valid",
    "incorrect",
    "revoked",
    "specify",
    "rejected",
    "inactive",
];
/// Of `eth_getLogs` only: what says that old logs were thrown away.
pub(super) const PRUNED: &[&str] = &[
    "pruned",
    "pruning",
    "history unavailable",
    "history is not available",
    "history not available",
    "history expired",
    "expired history",
];
pub(super) const RECEIPTS: &[&str] = &["receipt", "logs", "historical"];
pub(super) const GONE: &[&str] = &[
    "not available",
    "unavailable",
    "no longer",
    "not stored",
    "discarded",
    "deleted",
    "missing",
    "not retained",
    "not kept",
];
