//! Calls of `propose` that are made here, encoded and hashed by ethers' own codec: any committee, who signs as one likes.

use butler_core::domain::proposals::{LoggedCheckpoint, ProposeVersion};
use ethers_core::abi::{Token, encode};
use ethers_core::k256::ecdsa::SigningKey;
use ethers_core::types::transaction::eip712::Eip712 as _;
use ethers_core::types::transaction::eip712::{EIP712Domain, Eip712DomainType, TypedData, Types};
use ethers_core::types::{Address, H256, U256};
use ethers_core::utils::{hash_message, keccak256, secret_key_to_address};

pub(crate) const ROLLUP: Address = Address::repeat_byte(0x51);
pub(crate) const GENESIS: u64 = 1_700_000_000;
pub(crate) const CHAIN: u64 = 1;
/// Numbers of keys from here on are those of a whole network.
pub(crate) const MANY: u64 = 100_000;

/// What is to be proposed.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) version: ProposeVersion,
    pub(crate) slot: u64,
    pub(crate) coinbase: Address,
    /// For each member, by the number of its key, whether it signs.
    pub(crate) committee: Vec<(u64, bool)>,
    /// The number of the key that signs as the proposer.
    pub(crate) proposer: u64,
}

/// A call of `propose` and what the rollup would log.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) call: Vec<u8>,
    pub(crate) log: LoggedCheckpoint,
}

pub(crate) fn key(number: u64) -> SigningKey {
    SigningKey::from_bytes(&keccak256(number.to_be_bytes()).into()).unwrap()
}

/// The address of a key; from a hundred on one that nobody has the key of, and from [`MANY`] on again that of a key.
pub(crate) fn address(number: u64) -> Address {
    if (100..MANY).contains(&number) {
        return Address::from_low_u64_be(number);
    }
    secret_key_to_address(&key(number))
}

fn signature(number: u64, digest: [u8; 32]) -> ([u8; 32], [u8; 32], u8) {
    let (signature, id) = key(number).sign_prehash_recoverable(&digest).unwrap();
    let (r, s) = signature.split_bytes();
    (r.into(), s.into(), 27 + id.to_byte())
}

fn number(value: u64) -> Token {
    Token::Uint(value.into())
}

fn word(value: u64) -> Token {
    Token::FixedBytes(H256::from_low_u64_be(value).0.to_vec())
}

/// The digest of typed data of one `bytes32 payloadHash`, by ethers' encoder.
fn typed(name: &str, payload: [u8; 32]) -> [u8; 32] {
    let fields = vec![Eip712DomainType { name: "payloadHash".to_owned(), r#type: "bytes32".to_owned() }];
    let data = TypedData {
        domain: EIP712Domain {
            name: Some("Aztec Rollup".to_owned()),
            version: Some("1".to_owned()),
            chain_id: Some(CHAIN.into()),
            verifying_contract: Some(ROLLUP),
            salt: None,
        },
        types: Types::from([(name.to_owned(), fields)]),
        primary_type: name.to_owned(),
        message: [("payloadHash".to_owned(), serde_json::json!(H256(payload)))].into(),
    };
    data.encode_eip712().unwrap()
}

impl Wish {
    pub(crate) fn made(&self) -> Made {
        let timestamp = GENESIS + 72 * self.slot;
        let is_old = self.version == ProposeVersion::V4;
        let mut header = vec![word(1), word(2), word(3), word(4), word(5), number(self.slot), number(timestamp)];
        header.extend([Token::Address(self.coinbase), word(6), Token::Tuple(vec![number(0), number(7)]), number(8)]);
        header.extend((!is_old).then(|| number(9)));
        let mut packed_header = Vec::new();
        (1..=5).for_each(|value| packed_header.extend(H256::from_low_u64_be(value).0));
        packed_header.extend(H256::from_low_u64_be(self.slot).0);
        packed_header.extend(timestamp.to_be_bytes());
        packed_header.extend(self.coinbase.0);
        packed_header.extend(H256::from_low_u64_be(6).0);
        packed_header.extend([0_u128.to_be_bytes(), 7_u128.to_be_bytes()].concat());
        packed_header.extend(H256::from_low_u64_be(8).0);
        packed_header.extend(H256::from_low_u64_be(9).0.iter().filter(|_| !is_old));
        let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&packed_header).into();
        let header_hash = [&[0], &digest[..31]].concat();
        let (archive, price) = (word(self.slot + 77), Token::Tuple(vec![Token::Int(U256::MAX)]));
        let payload = Token::Tuple(vec![archive.clone(), price.clone(), Token::FixedBytes(header_hash)]);
        let (payload_digest, attested) = if is_old {
            let digest = keccak256(encode(&[number(1), payload]));
            (digest, hash_message(digest).0)
        } else {
            let digest = typed("CheckpointAttestation", keccak256(encode(&[payload])));
            (digest, digest)
        };
        let (mut indices, mut packed) = (vec![0_u8; self.committee.len().div_ceil(8)], Vec::new());
        for (index, (member, signs)) in self.committee.iter().enumerate() {
            if *signs {
                indices[index / 8] |= 1 << (7 - index % 8);
                let (r, s, v) = signature(*member, attested);
                packed.extend([&[v], r.as_slice(), s.as_slice()].concat());
            } else {
                packed.extend(address(*member).0);
            }
        }
        let attestations = Token::Tuple(vec![Token::Bytes(indices), Token::Bytes(packed)]);
        let signs = self.committee.iter().filter(|(_, signs)| *signs);
        let signers = Token::Array(signs.map(|(member, _)| Token::Address(address(*member))).collect());
        let bundle = if is_old {
            hash_message(keccak256(encode(&[number(2), attestations.clone(), signers.clone()]))).0
        } else {
            typed("AttestationsAndSigners", keccak256(encode(&[attestations.clone(), signers.clone()])))
        };
        let (r, s, v) = signature(self.proposer, bundle);
        let sent = Token::Tuple(vec![number(v.into()), Token::FixedBytes(r.into()), Token::FixedBytes(s.into())]);
        let mut args = vec![archive, price, Token::Tuple(header)];
        args.extend((self.version == ProposeVersion::V6).then(|| number(10)));
        let selector: [u8; 4] = match self.version {
            ProposeVersion::V4 => [0x85, 0xb9, 0x8f, 0xd8],
            ProposeVersion::V5 => [0x72, 0x63, 0x6d, 0xf9],
            ProposeVersion::V6 => [0x0a, 0x88, 0x3a, 0x99],
        };
        let arguments = [Token::Tuple(args), attestations.clone(), signers, sent, Token::Bytes(vec![1; 49])];
        let call = [selector.as_slice(), &encode(&arguments)].concat();
        let log = LoggedCheckpoint {
            number: 1,
            archive: H256::from_low_u64_be(self.slot + 77),
            payload_digest: H256(payload_digest),
            attestations_hash: H256(keccak256(encode(&[attestations]))),
        };
        Made { call, log }
    }
}
