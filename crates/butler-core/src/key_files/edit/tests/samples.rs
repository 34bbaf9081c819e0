//! Keystores of every shape and white space, of which a test knows where their coinbases stand.

use ethers_core::types::Address;
use ethers_core::utils::{hex, keccak256};
use proptest::prelude::*;

use crate::key_files::private::address_of_key;
use crate::text::address::checksummed;

pub(crate) const RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000005";
pub(crate) const PHRASE: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const SPACES: [&str; 7] = ["", " ", "\n", "\n    ", "\r\n\t", "  ", ""];

/// A private key that no other number gives.
pub(crate) fn key(number: usize) -> String {
    format!("0x{}", hex::encode(keccak256(format!("key {number}"))))
}

/// Its address.
pub(crate) fn address(number: usize) -> Address {
    address_of_key(&key(number)).unwrap()
}

/// The address of a split, which is no account of a keystore.
pub(crate) fn split(number: usize) -> Address {
    Address::from_slice(&keccak256(format!("split {number}"))[..20])
}

/// Numbers that decide, one after the other.
pub(crate) struct Dice(Vec<u8>, usize);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.1 += 1;
        usize::from(self.0[self.1 % self.0.len()]).wrapping_add(self.1 * 7) % limit
    }

    fn space(&mut self) -> &'static str {
        SPACES[self.below(SPACES.len())]
    }

    fn spelled(&mut self, address: Address) -> String {
        let text = checksummed(&address).to_string();
        match self.below(4) {
            0 => text,
            1 => text.to_lowercase(),
            2 => format!("0x{}", text[2..].to_uppercase()),
            _ => text[2..].to_lowercase(),
        }
    }
}

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Text(String),
    /// The value of the coinbase of a validator.
    Value(usize, String),
    /// Where the coinbase of a validator belongs that has none.
    Gap(usize),
}

/// A keystore.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) pieces: Vec<Piece>,
    /// The attester of each validator that has one only.
    pub(crate) attesters: Vec<Option<Address>>,
}

impl Sample {
    pub(crate) fn text(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Value(_, text) => text.clone(),
            Piece::Gap(_) => String::new(),
        };
        self.pieces.iter().map(text).collect()
    }
}

/// Any keystore that a node would read but for its coinbases.
pub(crate) fn any_sample() -> impl Strategy<Value = Sample> {
    prop::collection::vec(any::<u8>(), 40..200).prop_map(|numbers| sample(&mut Dice(numbers, 0)))
}

fn sample(dice: &mut Dice) -> Sample {
    let count = dice.below(5);
    let mut attesters = Vec::new();
    let mut list = vec![Piece::Text("[".to_owned())];
    for index in 0..count {
        let (attester, pieces) = validator(index, dice);
        attesters.push(attester);
        let comma = if index == 0 { "" } else { "," };
        list.push(Piece::Text(format!("{}{comma}{}", dice.space(), dice.space())));
        list.extend(pieces);
    }
    list.push(Piece::Text(format!("{}]", dice.space())));
    let schema = 1 + dice.below(2);
    let number = format!("{schema}{}", ["", ".0", "e0"][dice.below(3)]);
    let mut members = vec![("schemaVersion", vec![Piece::Text(number)]), ("validators", list)];
    if schema == 2 {
        let top = checksummed(&split(900)).to_string();
        members.push(("coinbase", vec![Piece::Text(["null".to_owned(), format!("\"{top}\"")][dice.below(2)].clone())]));
    }
    if dice.below(3) == 0 {
        let signer = r#"{"remoteSignerUrl": "https://u:p@s", "certPass": "a\"}]\\"}"#;
        members.push(("remoteSigner", vec![Piece::Text(signer.to_owned())]));
    }
    let mut pieces = vec![Piece::Text(dice.space().to_owned())];
    pieces.extend(object(members, dice));
    pieces.push(Piece::Text(dice.space().to_owned()));
    Sample { pieces, attesters }
}

fn validator(index: usize, dice: &mut Dice) -> (Option<Address>, Vec<Piece>) {
    let number = index * 10;
    let own = address(number);
    let (spelled, second) = (dice.spelled(own), key(number + 1));
    let (is_single, attester) = match dice.below(12) {
        0..=2 => (true, format!("\"{}\"", key(number))),
        3 => (true, format!("\"{spelled}\"")),
        4 | 5 => (true, format!("{{\"eth\" :\"{}\",\n \"bls\": \"{}\"}}", key(number), key(number + 2))),
        6 => (true, format!("{{\"address\": \"{spelled}\", \"remoteSignerUrl\": \"https://s/{{[,\"}}")),
        7 => (true, format!("[ \"{spelled}\" ]")),
        8 => (true, format!("[{{\"eth\": {{\"address\": \"{spelled}\", \"remoteSignerUrl\": \"https://s\"}}}}]")),
        9 => (false, format!("[\"{}\", \"{second}\"]", key(number))),
        10 => (false, format!("[{{\"eth\": \"{}\"}} ,{{\"eth\": \"{second}\", \"bls\": null}}]", key(number))),
        _ => (false, "[]".to_owned()),
    };
    let name = ["attester", "att\\u0065ster"][dice.below(2)];
    let coinbase = match dice.below(8) {
        0..=2 => None,
        3 => Some("null".to_owned()),
        4 => Some(format!("\"{:?}\"", Address::zero())),
        5 => Some(["\"0x12\"", "7", "{\"a\": [\"}\"]}", "\"\""][dice.below(4)].to_owned()),
        _ => Some(format!("\"{}\"", dice.spelled(split(index)))),
    };
    let mut account = vec![Piece::Text(attester)];
    account.extend(coinbase.is_none().then_some(Piece::Gap(index)));
    let mut members = vec![(name, account), ("feeRecipient", vec![Piece::Text(format!("\"{RECIPIENT}\""))])];
    if let Some(text) = coinbase {
        members.push((["coinbase", "coin\\u0062ase"][dice.below(2)], vec![Piece::Value(index, text)]));
    }
    if dice.below(2) == 0 {
        members.push(("publisher", vec![Piece::Text(format!("[ \"{}\" ]", key(number + 3)))]));
    }
    if dice.below(4) == 0 {
        members.push(("fundingAccount", vec![Piece::Text("null".to_owned())]));
    }
    (is_single.then_some(own), object(members, dice))
}

/// An object with its members in any order.
fn object(mut members: Vec<(&str, Vec<Piece>)>, dice: &mut Dice) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text("{".to_owned())];
    let mut comma = "";
    while !members.is_empty() {
        let (name, value) = members.swap_remove(dice.below(members.len()));
        let (before, after, to, from) = (dice.space(), dice.space(), dice.space(), dice.space());
        let before = if comma.is_empty() { "" } else { before };
        pieces.push(Piece::Text(format!("{before}{comma}{after}\"{name}\"{to}:{from}")));
        pieces.extend(value);
        comma = ",";
    }
    pieces.push(Piece::Text(format!("{}}}", dice.space())));
    pieces
}
