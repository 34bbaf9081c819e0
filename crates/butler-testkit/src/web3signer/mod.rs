//! A fake Web3Signer in its eth1 mode, as far as a change of keys concerns it: reloading, and which keys it has.
//!
//! Keys that its own folder has are one thing, keys that it signs with another: only a reload makes the second the first, and takes
//! away what is gone. Releases answer a reload in three ways ([`Release`]). Every call is noted in an [`Order`].

mod answers;
mod reloading;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use ethers_core::{
    k256::ecdsa::SigningKey,
    types::Address,
    utils::{hex, secret_key_to_address},
};

use crate::{order::Order, server::Server};
pub use reloading::Fault;
use reloading::Reloading;

/// How a release answers `POST /reload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// 200 without a body, and no `GET /reload`: before 2025's end.
    Silent,
    /// 202 with `status` and `message`; `GET /reload` tells how it went; 409 while one runs.
    Told,
    /// The same with `code` in the place of `status`: 26.9.
    Coded,
}

/// A key by its public side.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    address: Address,
    /// 64 bytes in hexadecimal digits after `0x`.
    public: String,
}

#[derive(Debug)]
struct State {
    release: Release,
    /// What its folder has.
    held: Vec<Key>,
    /// What it signs with.
    loaded: Vec<Key>,
    reloading: Reloading,
    fault: Option<Fault>,
    reloads: u64,
}

#[derive(Debug)]
struct Signer {
    name: String,
    order: Order,
    state: Mutex<State>,
}

/// A running signer. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeWeb3Signer {
    signer: Arc<Signer>,
    address: std::net::SocketAddr,
    server: Mutex<Option<Server>>,
}

impl FakeWeb3Signer {
    /// Starts a signer that has no keys; `name` is its name in the order of calls.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(name: &str, order: &Order) -> anyhow::Result<Self> {
        let state = State {
            release: Release::Told,
            held: Vec::new(),
            loaded: Vec::new(),
            reloading: Reloading::Idle,
            fault: None,
            reloads: 0,
        };
        let signer = Arc::new(Signer { name: name.to_owned(), order: order.clone(), state: Mutex::new(state) });
        let shared = Arc::clone(&signer);
        let server = Server::start(None, move |request| answers::answer(Arc::clone(&shared), request)).await?;
        Ok(Self { signer, address: server.address(), server: Mutex::new(Some(server)) })
    }

    /// Its address, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on answers as this release does.
    pub fn set_release(&self, release: Release) {
        self.signer.state().release = release;
    }

    /// Puts exactly these private keys (`0x` and 64 digits) into its folder; it signs with them after a reload.
    ///
    /// # Errors
    /// When one is no private key.
    pub fn hold(&self, secrets: &[&str]) -> anyhow::Result<()> {
        let held = secrets.iter().map(|secret| Key::of(secret)).collect::<anyhow::Result<Vec<_>>>()?;
        self.signer.state().held = held;
        Ok(())
    }

    /// The addresses that it signs for now.
    #[must_use]
    pub fn loaded(&self) -> Vec<Address> {
        let mut state = self.signer.state();
        state.settle();
        state.loaded.iter().map(|key| key.address).collect()
    }

    /// From now on, reloads go wrong in this way; `None` makes an honest signer of it again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.signer.state().fault = fault;
    }

    /// How many reloads it was asked for.
    #[must_use]
    pub fn reloads(&self) -> u64 {
        self.signer.state().reloads
    }

    /// Ends it: its port refuses connections.
    pub fn stop(&self) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Key {
    fn of(secret: &str) -> anyhow::Result<Self> {
        let bytes = hex::decode(secret.trim_start_matches("0x")).context("failed to decode a private key")?;
        let key = SigningKey::from_slice(&bytes).context("failed to read a private key")?;
        let point = key.verifying_key().to_encoded_point(false);
        let public = point.as_bytes().get(1..).unwrap_or_default();
        Ok(Self { address: secret_key_to_address(&key), public: format!("0x{}", hex::encode(public)) })
    }
}

impl Signer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
