//! What can go wrong with transactions that are signed on this machine.

use butler_core::client::send_reply::Reply;
use butler_core::runtime::exit::Exit;
use butler_core::sign::{KeyError, SignError};
use butler_core::store::file::StoreError;
use butler_core::store::record::RecordError;
use butler_core::text::address::checksummed;
use butler_core::transaction::signed::{Blocked, Disputed, FeeRefusal, NotSigned};
use ethers_core::types::{Address, H256};
use thiserror::Error;

/// Why nothing is signed or sent, or what was sent is not done.
#[derive(Debug, Error)]
pub enum SignedFault {
    /// No key signs.
    #[error("network `{0}` has no key that signs")]
    NoKey(String),
    /// The key cannot be used.
    #[error("failed to open the key that signs")]
    Key(#[source] KeyError),
    /// The key is another account's.
    #[error("the key is that of {}, and {} is to send it", checksummed(.key), checksummed(.from))]
    OtherAccount {
        /// Whose key it is.
        key: Address,
        /// Who is to send it.
        from: Address,
    },
    /// What is sent has no text that a file could have.
    #[error("what is signed here is sent, and goes into no file")]
    NoFile,
    /// It costs more than is granted.
    #[error(transparent)]
    Fee(#[from] FeeRefusal),
    /// Something is under way.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// A call of which nobody knows what it takes.
    #[error("nobody could try to {0}")]
    Untried(String),
    /// The key does not sign.
    #[error("failed to sign the transaction")]
    Sign(#[source] SignError),
    /// What was signed is not what was meant.
    #[error("what was signed is not sent")]
    NotSigned(#[from] NotSigned),
    /// No endpoint has it.
    #[error("no endpoint takes transaction {hash:?} of nonce {nonce}: {reply}")]
    NotTaken {
        /// Its hash.
        hash: H256,
        /// Its nonce.
        nonce: u64,
        /// What the first said.
        reply: Reply,
    },
    /// It was not mined in time.
    #[error("transaction {hash:?} of nonce {nonce} is in no block yet")]
    NotMined {
        /// Its hash.
        hash: H256,
        /// Its nonce.
        nonce: u64,
    },
    /// What was sent is on its way, and one of several endpoints alone tells how it stands.
    #[error("how nonce {nonce} stands is told by {endpoint} alone")]
    Alone {
        /// The nonce.
        nonce: u64,
        /// The endpoint.
        endpoint: String,
    },
    /// Endpoints contradict each other about what became of it.
    #[error(transparent)]
    Disputed(#[from] Disputed),
    /// It failed.
    #[error("transaction {hash:?} reverted in block {block}, and had no effect")]
    Reverted {
        /// Its hash.
        hash: H256,
        /// In which block.
        block: u64,
    },
    /// Its nonce was used by something else.
    #[error("nonce {0} was used by a transaction that was not sent from here, and this one has no effect")]
    Displaced(u64),
    /// Its nonce was used for nothing, so that what follows it is not sent either.
    #[error("transaction {hash:?} cancelled what has the nonce {nonce}, and nothing that follows it is sent")]
    Cancelled {
        /// Of what cancelled it.
        hash: H256,
        /// Its nonce.
        nonce: u64,
    },
    /// What is to be done is something else than what was shown.
    #[error("what is to be done has changed since it was shown")]
    Changed,
    /// It is in a block, and the state does not have its effect.
    #[error("what was sent is in block {0}, and its effect is not seen there")]
    NoEffect(u64),
    /// Nobody can be asked.
    #[error("nothing is signed without a word, and there is no terminal to ask on")]
    NobodyToAsk,
    /// The person said no.
    #[error("nothing was signed")]
    Declined,
    /// Another command is at it.
    #[error("another command is at work on this account")]
    Busy,
    /// What was written down cannot be used, so that it is not known what was sent.
    #[error("failed to read what was signed here")]
    Journal(#[source] RecordError),
    /// Nothing is sent that cannot be written down.
    #[error("failed to write down what was signed here")]
    NotKept(#[source] StoreError),
    /// The same was signed here before.
    #[error("the same was signed here before with the nonce {0}, and is under way")]
    UnderWay(u64),
    /// What was signed is not what comes next.
    #[error("it was signed with the nonce {nonce}, and the next nonce is {expected}")]
    OtherNonce {
        /// Its nonce.
        nonce: u64,
        /// The account's next one.
        expected: u64,
    },
    /// What was signed is of no use any more.
    #[error("nothing is sent: {0}")]
    SoAlready(String),
    /// Nothing has that nonce.
    #[error("nothing that was signed here and is under way has the nonce {0}")]
    NotUnderWay(u64),
    /// A plan or a signed file that cannot be used.
    #[error("`{file}` cannot be used: {why}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

impl SignedFault {
    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::NoKey(_) | Self::Key(_) | Self::File { .. } => Exit::Configuration,
            Self::NoFile | Self::NobodyToAsk | Self::NotUnderWay(_) => Exit::Usage,
            Self::OtherAccount { .. }
            | Self::Fee(_)
            | Self::Blocked(_)
            | Self::Untried(_)
            | Self::Sign(_)
            | Self::NotSigned(_)
            | Self::Changed
            | Self::UnderWay(_)
            | Self::OtherNonce { .. }
            | Self::Cancelled { .. }
            | Self::SoAlready(_)
            | Self::Declined
            | Self::Busy => Exit::Refused,
            Self::NotTaken { .. } | Self::NotMined { .. } | Self::Alone { .. } | Self::Disputed(_) => Exit::Upstream,
            Self::Reverted { .. } | Self::Displaced(_) | Self::NoEffect(_) => Exit::CheckFailed,
            Self::Journal(_) | Self::NotKept(_) => Exit::LocalFile,
        }
    }

    /// What the operator can do about it; some say it themselves.
    pub(super) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoKey(network) => format!(
                "set `keystore_file` and `password_file` in [networks.{network}.signer], or give `--keystore` and `--password-file`"
            ),
            Self::OtherAccount { from, .. } => format!(
                "the key of {} signs it; `--form safe_proposal` is for a Safe, `--form unsigned` for a key on another machine",
                checksummed(from)
            ),
            Self::NoFile => "leave out `--out`, or take `--form unsigned`".to_owned(),
            Self::Fee(FeeRefusal::Gas { .. }) => "wait until gas is cheaper, or raise `--max-fee`".to_owned(),
            Self::Fee(FeeRefusal::Cost { .. }) => "wait until gas is cheaper, or raise `max_cost`".to_owned(),
            Self::Blocked(Blocked::Foreign { .. }) => {
                "wait for it, or repeat the command when the endpoint has the newest block".to_owned()
            }
            Self::Blocked(Blocked::Unsettled { .. }) => "repeat the command when that block is final".to_owned(),
            Self::Blocked(Blocked::Cancelled { .. }) => "wait for it: `butler-cli transactions list`".to_owned(),
            Self::Blocked(Blocked::Other { nonce, .. }) => {
                format!("repeat the command that it is of, or `butler-cli transactions cancel {nonce}`")
            }
            Self::Blocked(Blocked::Gap { .. }) => {
                "a block may have gone that another program's transaction was in: wait for it".to_owned()
            }
            Self::Untried(_) => "give an endpoint that has `eth_simulateV1`".to_owned(),
            Self::NotTaken { reply: Reply::FeeTooLow | Reply::Underpriced, nonce, .. } => {
                format!("it is written down: `butler-cli transactions replace {nonce}` offers more")
            }
            Self::NotTaken { .. } => "it is written down: the same command sends the very same again".to_owned(),
            Self::NotMined { nonce, .. } => format!(
                "it is written down: the same command goes on with it, and `butler-cli transactions replace {nonce}` offers more for gas"
            ),
            Self::Reverted { .. } | Self::Displaced(_) => {
                "the same command looks again at what is to be done, once that block is final".to_owned()
            }
            Self::Alone { .. } => {
                "it is written down: the same command goes on with it when a second endpoint answers".to_owned()
            }
            Self::Disputed(_) => "an endpoint tells what is not so: the same command looks again".to_owned(),
            Self::Changed => "repeat the command: what was sent is in the state that it begins with".to_owned(),
            Self::NoEffect(_) => {
                "somebody undid it, or the endpoint's state is not that of its block: repeat the command".to_owned()
            }
            Self::NobodyToAsk => "look at it with `--dry-run`, and give `--yes`".to_owned(),
            Self::Busy => "wait for it to end".to_owned(),
            Self::Journal(_) => {
                "do not move it away while something waits: then a second transaction could be signed for the same"
                    .to_owned()
            }
            Self::OtherNonce { .. } | Self::SoAlready(_) | Self::Cancelled { .. } => {
                "make a new plan with `--form unsigned`, and have it signed".to_owned()
            }
            Self::UnderWay(_) | Self::NotUnderWay(_) => {
                "`butler-cli transactions list` shows what is under way".to_owned()
            }
            Self::Key(_)
            | Self::Sign(_)
            | Self::NotSigned(_)
            | Self::Declined
            | Self::NotKept(_)
            | Self::File { .. } => {
                return None;
            }
        })
    }
}
