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
    /// `100 Continue` without end, before any answer.
    EndlessContinue,
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

/// How large what is read to its end is. What is cut at the reader's limit is always as large as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As it says.
    Whole,
    /// A quarter, for debug builds, which read slowly: what costs a careless reader forty times its size is found all the
    /// same when half as much memory is allowed. See [`Bomb::is_read_whole`].
    Quarter,
}

impl Size {
    pub(super) const fn of(self, whole: u64) -> u64 {
        match self {
            Self::Whole => whole,
            Self::Quarter => whole / 4,
        }
    }

    /// The length of what travels byte by byte: each is handed from task to task, which takes a debug build so long that its
    /// deadline would end even a quarter.
    pub(super) const fn of_chunks(self, whole: u64) -> u64 {
        match self {
            Self::Whole => whole,
            Self::Quarter => whole / 400,
        }
    }
}

impl Bomb {
    /// Whether it is thrown only at who reads a slashing round that is decided.
    #[must_use]
    pub const fn is_of_a_decided_slash(self) -> bool {
        matches!(self, Self::Committees | Self::Tally)
    }

    /// Whether it is read to its end, so that its size matters: the others are cut at the reader's limit, or are short.
    #[must_use]
    pub const fn is_read_whole(self) -> bool {
        match self {
            Self::NestedResultWithinLimits
            | Self::NestedIdWithinLimits
            | Self::NestedDataWithinLimits
            | Self::Deep
            | Self::ManyKeys
            | Self::ManyMembers
            | Self::ManyAnswers
            | Self::EndlessTopics
            | Self::Committees
            | Self::Tally
            | Self::SharedReturns
            | Self::EndlessTips => true,
            Self::NestedId
            | Self::NestedCode
            | Self::NestedMessage
            | Self::NestedData
            | Self::NestedResult
            | Self::EndlessBody
            | Self::EndlessHeaders
            | Self::EndlessContinue
            | Self::OneByteChunks
            | Self::GzipZeros
            | Self::GzipNested
            | Self::EndlessLogs
            | Self::RetryAfterAges
            | Self::RetryAfterOverflow
            | Self::RetryAfterDate => false,
        }
    }

    /// Those that an endpoint of the chain can serve.
    pub const OF_L1: [Self; 26] = [
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
        Self::EndlessContinue,
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
    pub const OF_NODES: [Self; 21] = [
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
        Self::EndlessContinue,
        Self::OneByteChunks,
        Self::GzipZeros,
        Self::GzipNested,
        Self::RetryAfterAges,
        Self::RetryAfterDate,
        Self::EndlessTips,
    ];
}
