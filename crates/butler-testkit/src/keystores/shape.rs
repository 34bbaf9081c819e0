//! The shapes: who stands where in the file.

use ethers_core::{
    k256::ecdsa::SigningKey,
    types::Address,
    utils::{hex, to_checksum},
};

use super::{PHRASE, TestKeystore, address_of, bls_secret, key};

/// A shape of a keystore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Version 1 as the tools write it: a block for each attester, private keys of both kinds in the clear.
    V1,
    /// Version 1, the attester a private key alone, without a coinbase.
    V1Bare,
    /// Version 2 that gives publisher, coinbase and fee recipient once for all; no block has its own.
    V2Defaults,
    /// Version 2 with a block for each attester, each with its own coinbase, and others as defaults.
    V2Own,
    /// Version 1, one block with a list of attesters, which share a coinbase.
    Shared,
    /// Version 1, attesters and publishers in encrypted files.
    Encrypted,
    /// Version 1, addresses alone at one remote signer for all.
    RemoteDefault,
    /// Version 1, each account with its own remote signer, credentials in a certificate's password.
    RemoteEach,
    /// Version 1, one block with a mnemonic, whose attesters share a coinbase.
    Mnemonic,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 9] = [
        Self::V1,
        Self::V1Bare,
        Self::V2Defaults,
        Self::V2Own,
        Self::Shared,
        Self::Encrypted,
        Self::RemoteDefault,
        Self::RemoteEach,
        Self::Mnemonic,
    ];

    /// A keystore of this shape with attesters of the test keys from `first`; `signer` is the remote signer's address.
    ///
    /// The publisher is that of `first` for all, so that a node takes more attesters of the same `first`. Coinbases are
    /// [`address_of`] the attester's number; of a block, the first one's. Attesters of [`Shape::Mnemonic`] are the phrase's, not
    /// test keys.
    #[must_use]
    pub fn keystore(self, first: u32, count: u32, signer: &str) -> TestKeystore {
        let numbers: Vec<u32> = (first..first.saturating_add(count)).collect();
        let mut parts = Parts::new(self, first, signer);
        let validators = match self {
            Self::V1
            | Self::V1Bare
            | Self::V2Defaults
            | Self::V2Own
            | Self::Encrypted
            | Self::RemoteDefault
            | Self::RemoteEach => numbers.iter().map(|number| parts.block(&[*number])).collect(),
            Self::Shared => vec![parts.block(&numbers)],
            Self::Mnemonic => vec![parts.mnemonic(first, count)],
        };
        parts.finish(&validators)
    }
}

const FEE_RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";
const PASSWORD: &str = "butler-test-password";

/// A keystore in the making.
struct Parts {
    shape: Shape,
    publisher: u32,
    signer: String,
    made: TestKeystore,
}

impl Parts {
    fn new(shape: Shape, first: u32, signer: &str) -> Self {
        let made = TestKeystore {
            text: String::new(),
            blocks: Vec::new(),
            publishers: Vec::new(),
            secrets: Vec::new(),
            beside: Vec::new(),
            accounts: Vec::new(),
        };
        let mut parts = Self { shape, publisher: 1_000_u32.saturating_add(first), signer: signer.to_owned(), made };
        parts.made.publishers.push(key(parts.publisher).address);
        parts
    }

    /// An account as this shape writes it, over lines that begin at that depth.
    fn account(&mut self, number: u32, depth: usize) -> String {
        let test_key = key(number);
        if !self.made.accounts.contains(&test_key.secret) {
            self.made.accounts.push(test_key.secret.clone());
        }
        let address = to_checksum(&test_key.address, None);
        match self.shape {
            Shape::RemoteDefault => quoted(&address),
            Shape::RemoteEach => {
                self.hide(PASSWORD);
                let signer = quoted(&self.signer);
                let fields =
                    [("address", quoted(&address)), ("remoteSignerUrl", signer), ("certPass", quoted(PASSWORD))];
                object(&fields, depth)
            }
            Shape::Encrypted => {
                self.hide(PASSWORD);
                let path = format!("encrypted/key-{number}.json");
                if !self.made.beside.iter().any(|(known, _)| *known == path) {
                    self.made.beside.push((path.clone(), encrypted(test_key.address)));
                }
                object(&[("path", quoted(&path)), ("password", quoted(PASSWORD))], depth)
            }
            Shape::V1 | Shape::V1Bare | Shape::V2Defaults | Shape::V2Own | Shape::Shared | Shape::Mnemonic => {
                self.hide(&test_key.secret);
                quoted(&test_key.secret)
            }
        }
    }

    fn attester(&mut self, number: u32, depth: usize) -> String {
        let eth = self.account(number, depth.saturating_add(1));
        match self.shape {
            Shape::V1 | Shape::V2Defaults | Shape::V2Own | Shape::Shared | Shape::RemoteDefault => {
                let bls = bls_secret(number);
                self.hide(&bls);
                object(&[("eth", eth), ("bls", quoted(&bls))], depth)
            }
            Shape::V1Bare | Shape::Encrypted | Shape::RemoteEach | Shape::Mnemonic => self.account(number, depth),
        }
    }

    /// One block of these attesters.
    fn block(&mut self, numbers: &[u32]) -> String {
        let attester = match numbers {
            [one] if self.shape != Shape::Shared => self.attester(*one, 3),
            several => {
                let items: Vec<_> = several.iter().map(|number| self.attester(*number, 4)).collect();
                list(&items, 3)
            }
        };
        self.made.blocks.push(numbers.iter().map(|number| key(*number).address).collect());
        self.finish_block(attester, numbers.first().copied().unwrap_or_default())
    }

    fn mnemonic(&mut self, first: u32, count: u32) -> String {
        self.hide(PHRASE);
        self.made.blocks.push(anvil_addresses(count));
        let fields =
            [("mnemonic", quoted(PHRASE)), ("addressIndex", "0".to_owned()), ("addressCount", count.to_string())];
        self.finish_block(object(&fields, 3), first)
    }

    fn finish_block(&mut self, attester: String, number: u32) -> String {
        let coinbase = ("coinbase", quoted(&to_checksum(&address_of(number), None)));
        let mut fields = vec![("attester", attester)];
        match self.shape {
            Shape::V2Defaults => {}
            Shape::V2Own => fields.push(coinbase),
            Shape::V1Bare => {
                fields.push(("publisher", self.account(self.publisher, 3)));
                fields.push(("feeRecipient", quoted(FEE_RECIPIENT)));
            }
            Shape::V1
            | Shape::Shared
            | Shape::Encrypted
            | Shape::RemoteDefault
            | Shape::RemoteEach
            | Shape::Mnemonic => {
                fields.push(("publisher", self.account(self.publisher, 3)));
                fields.push(("feeRecipient", quoted(FEE_RECIPIENT)));
                fields.push(coinbase);
            }
        }
        object(&fields, 2)
    }

    fn finish(mut self, validators: &[String]) -> TestKeystore {
        let version = if matches!(self.shape, Shape::V2Defaults | Shape::V2Own) { 2 } else { 1 };
        let mut fields = vec![("schemaVersion", version.to_string())];
        if version == 2 {
            fields.push(("publisher", self.account(self.publisher, 1)));
            fields.push(("coinbase", quoted(&to_checksum(&address_of(0), None))));
            fields.push(("feeRecipient", quoted(FEE_RECIPIENT)));
        }
        if self.shape == Shape::RemoteDefault {
            fields.push(("remoteSigner", quoted(&self.signer)));
        }
        fields.push(("validators", list(validators, 1)));
        self.made.text = format!("{}\n", object(&fields, 0));
        self.made
    }

    fn hide(&mut self, secret: &str) {
        if !self.made.secrets.iter().any(|known| known == secret) {
            self.made.secrets.push(secret.to_owned());
        }
    }
}

/// The first accounts of [`PHRASE`], which a wallet derives from it.
fn anvil_addresses(count: u32) -> Vec<Address> {
    let derive = |index: u32| {
        let seed = bip32::XPrv::new(seed()).ok()?;
        let hardened = |number| bip32::ChildNumber::new(number, true).ok();
        let plain = |number| bip32::ChildNumber::new(number, false).ok();
        let path = [hardened(44)?, hardened(60)?, hardened(0)?, plain(0)?, plain(index)?];
        let child = path.into_iter().try_fold(seed, |parent, number| parent.derive_child(number).ok())?;
        let key: &SigningKey = child.private_key();
        Some(ethers_core::utils::secret_key_to_address(key))
    };
    (0..count).filter_map(derive).collect()
}

fn seed() -> [u8; 64] {
    let mut seed = [0; 64];
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(PHRASE.as_bytes(), b"mnemonic", 2_048, &mut seed);
    seed
}

/// A file of an encrypted key, as far as it is public; the rest only looks like one.
fn encrypted(address: Address) -> String {
    let crypto = r#"{"cipher":"aes-128-ctr","ciphertext":"00","kdf":"scrypt","mac":"00"}"#;
    format!("{{\"address\":\"{}\",\"crypto\":{crypto},\"version\":3}}\n", hex::encode(address))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn object(fields: &[(&str, String)], depth: usize) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    enclosed('{', &fields, '}', depth)
}

fn list(items: &[String], depth: usize) -> String {
    enclosed('[', items, ']', depth)
}

fn enclosed(open: char, items: &[String], close: char, depth: usize) -> String {
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let (outer, inner) = ("  ".repeat(depth), "  ".repeat(depth.saturating_add(1)));
    format!("{open}\n{inner}{}\n{outer}{close}", items.join(&format!(",\n{inner}")))
}
