//! What there is to fear, by name.

/// One kind of hostile answer. "Lists" are lists of one number: four bytes each, and forty times that as a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bomb {
    /// 64 MB of lists as the answer's `id`.
    NestedId,
    /// 64 MB of lists as an error's `code`.
    NestedCode,
    /// 64 MB of lists as an error's `message`.
    NestedMessage,
    /// 64 MB of lists as an error's `data`.
    NestedData,
    /// 64 MB of lists as the `result`.
    NestedResult,
    /// The same, small enough to be read whole: 12 MB.
    NestedResultWithinLimits,
    /// 12 MB of lists as the `id`.
    NestedIdWithinLimits,
    /// 12 MB of lists as an error's `data`.
    NestedDataWithinLimits,
    /// A million opening brackets.
    Deep,
    /// A million keys beside `result`.
    ManyKeys,
    /// A million keys within `result`.
    ManyMembers,
    /// A batch of a million answers.
    ManyAnswers,
    /// A body that never ends.
    EndlessBody,
    /// Headers that never end.
    EndlessHeaders,
    /// 20 MB in chunks of one byte.
    OneByteChunks,
    /// 1 GB of one digit, compressed to 1 MB.
    GzipZeros,
    /// 64 MB of lists, compressed.
    GzipNested,
    /// Logs without end, each as it was asked for.
    EndlessLogs,
    /// One log with topics without end.
    EndlessTopics,
    /// 429 with a `Retry-After` of 2⁶⁴ − 1 seconds.
    RetryAfterAges,
    /// 503 with a `Retry-After` beyond 64 bits.
    RetryAfterOverflow,
    /// 429 with a `Retry-After` at the end of the year 9999.
    RetryAfterDate,
    /// `getSlashTargetCommittees` with 60,000 committees that are all the same 60,000 members.
    Committees,
    /// `getTally` with a hundred thousand actions, from a slashing round that has none.
    Tally,
    /// Every result of a Multicall3 is the same 6 MB.
    SharedReturns,
    /// A node's tips with a million names.
    EndlessTips,
}

impl Bomb {
    /// Those that an endpoint of the chain can serve.
    pub const OF_L1: [Self; 25] = [
        Self::NestedId,
        Self::NestedCode,
        Self::NestedMessage,
        Self::NestedData,
        Self::NestedResult,
        Self::NestedResultWithinLimits,
        Self::NestedIdWithinLimits,
        Self::NestedDataWithinLimits,
        Self::Deep,
        Self::ManyKeys,
        Self::ManyMembers,
        Self::ManyAnswers,
        Self::EndlessBody,
        Self::EndlessHeaders,
        Self::OneByteChunks,
        Self::GzipZeros,
        Self::GzipNested,
        Self::EndlessLogs,
        Self::EndlessTopics,
        Self::RetryAfterAges,
        Self::RetryAfterOverflow,
        Self::RetryAfterDate,
        Self::Committees,
        Self::Tally,
        Self::SharedReturns,
    ];

    /// Those that an Aztec node can serve.
    pub const OF_NODES: [Self; 20] = [
        Self::NestedId,
        Self::NestedCode,
        Self::NestedMessage,
        Self::NestedData,
        Self::NestedResult,
        Self::NestedResultWithinLimits,
        Self::NestedIdWithinLimits,
        Self::NestedDataWithinLimits,
        Self::Deep,
        Self::ManyKeys,
        Self::ManyMembers,
        Self::ManyAnswers,
        Self::EndlessBody,
        Self::EndlessHeaders,
        Self::OneByteChunks,
        Self::GzipZeros,
        Self::GzipNested,
        Self::RetryAfterAges,
        Self::RetryAfterDate,
        Self::EndlessTips,
    ];
}
