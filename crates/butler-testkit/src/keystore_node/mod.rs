//! A fake Aztec node that loads a keystore folder and reloads it as 4.1.2 was seen to: the same rules, the same words.
//!
//! It reads real files. What it would propose with is [`KeystoreNode::coinbases`], which a real node tells nobody. Reloads can be
//! scripted to fail in every way ([`Effect`], [`Answer`]). Everything but the keystore is answered by a [`FakeAztecNode`].
//!
//! Not as a real node: encrypted keys are not decrypted, a remote signer over TLS is not reached, nothing is proposed.

mod account;
mod admin;
mod folder;
mod keystore;
mod load;
mod schema;
mod script;
mod signers;
mod state;
mod verdict;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use ethers_core::types::Address;
use http_body_util::BodyExt as _;
use hyper::{Request, Response, body::Incoming};

pub use script::{Answer, Effect, Script};

use crate::{
    aztec_node::{FakeAztecNode, Port},
    order::Order,
    server::{Body, Server},
};
use load::load;
use state::Node;

/// Where a node has its keys from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// The keystore folder.
    Folder,
    /// Its environment: it has no keystore to reload.
    Environment,
    /// A prover: no keystore, and no key on its admin port.
    Prover,
}

/// How a node is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keystore folder, or a single file.
    pub folder: PathBuf,
    /// How the node's own words name that folder; in a container it is another path.
    pub shown_folder: PathBuf,
    /// Where its keys come from.
    pub keys: Keys,
    /// How long a remote signer may be silent before a load is refused; 31 s on a real node.
    pub signer_patience: Duration,
    /// Which recorded node answers the rest, of [`FakeAztecNode::NAMES`].
    pub recording: &'static str,
    /// The node's name in the order of calls.
    pub name: String,
    /// Where its reloads are noted.
    pub order: Order,
}

impl Settings {
    /// A validator with this keystore folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            shown_folder: folder.to_owned(),
            keys: Keys::Folder,
            signer_patience: Duration::from_secs(31),
            recording: "validator-node-4.1.2-slashed",
            name: "node".to_owned(),
            order: Order::new(),
        }
    }
}

/// How many reloads a node was asked for, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// Requests, whatever became of them.
    pub asked: u64,
    /// Taken.
    pub accepted: u64,
    /// Refused.
    pub refused: u64,
}

/// A running node. It ends when it is dropped.
#[derive(Debug)]
pub struct KeystoreNode {
    node: Arc<Node>,
    public: SocketAddr,
    admin: SocketAddr,
    ports: Mutex<Option<(Server, Server)>>,
}

impl KeystoreNode {
    /// The key that the admin port wants in `x-api-key` or as a bearer token.
    pub const ADMIN_KEY: &str = FakeAztecNode::ADMIN_KEY;

    /// Starts a validator with this keystore folder.
    ///
    /// # Errors
    /// With the node's words when the keystore is broken, since a node then exits; or when no port is free.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        Self::start_with(Settings::of(folder)).await
    }

    /// Starts a node.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(settings: Settings) -> anyhow::Result<Self> {
        let recorded = FakeAztecNode::replay(settings.recording).await?;
        let node = Arc::new(Node::new(settings, recorded));
        node.boot().await?;
        let for_public = Arc::clone(&node);
        let public = Server::start(None, move |request| answer_public(Arc::clone(&for_public), request)).await?;
        let for_admin = Arc::clone(&node);
        let admin = Server::start(None, move |request| admin::answer(Arc::clone(&for_admin), request)).await?;
        let (public_address, admin_address) = (public.address(), admin.address());
        let ports = Mutex::new(Some((public, admin)));
        Ok(Self { node, public: public_address, admin: admin_address, ports })
    }

    /// Address of the public RPC, which knows no admin method.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.public)
    }

    /// Address of the admin RPC.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// The coinbase with which each attester would propose now, the zero address included. Empty while the node is down.
    #[must_use]
    pub fn coinbases(&self) -> BTreeMap<Address, Address> {
        self.node.state().coinbases()
    }

    /// What became of reloads so far.
    #[must_use]
    pub fn reloads(&self) -> Reloads {
        let state = self.node.state();
        let refused = u64::try_from(state.refusals.len()).unwrap_or(u64::MAX);
        Reloads { asked: state.asked, accepted: state.accepted, refused }
    }

    /// The node's words of each refused reload, first to last.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.node.state().refusals.clone()
    }

    /// How many reloads were asked for while another was under way: in work, or with a client that still waits.
    #[must_use]
    pub fn overlapping(&self) -> u64 {
        self.node.state().overlapping
    }

    /// Whether a reload is under way now.
    #[must_use]
    pub fn is_reloading(&self) -> bool {
        self.node.state().under_way > 0
    }

    /// Has the next reload that is not scripted yet do this.
    pub fn script(&self, effect: Effect, answer: Answer) {
        self.node.state().script.push_back(Script { effect, answer });
    }

    /// Has every reload without a script of its own do this from now on; `None` makes an honest node of it again.
    pub fn script_all(&self, script: Option<Script>) {
        self.node.state().standing = script;
    }

    /// From now on knows methods by their names of version 6 only, `aztecAdmin_reloadKeystore` among them.
    pub fn rename_methods(&self) {
        self.node.state().is_renamed = true;
        self.node.recorded.rename_methods();
    }

    /// What answers everything that is no matter of the keystore.
    #[must_use]
    pub fn recorded(&self) -> &FakeAztecNode {
        &self.node.recorded
    }

    /// Whether the node is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.ports().is_some()
    }

    /// Ends the node: its ports are closed, and it runs no attester.
    pub fn stop(&self) {
        self.node.abort();
        *self.ports() = None;
        self.node.state().running.clear();
    }

    /// Ends the node and starts it again on the same ports, with the folder as it is now and whatever publishers that names.
    ///
    /// # Errors
    /// With the node's words when the keystore is broken: then it is down.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.stop();
        self.node.boot().await?;
        let node = Arc::clone(&self.node);
        let public = Server::start_again(self.public, move |request| answer_public(Arc::clone(&node), request)).await?;
        let node = Arc::clone(&self.node);
        let admin = Server::start_again(self.admin, move |request| admin::answer(Arc::clone(&node), request)).await?;
        *self.ports() = Some((public, admin));
        Ok(())
    }

    fn ports(&self) -> MutexGuard<'_, Option<(Server, Server)>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeystoreNode {
    fn drop(&mut self) {
        self.node.abort();
    }
}

impl Node {
    /// The load of a start: publishers are whatever the folder names.
    async fn boot(&self) -> anyhow::Result<()> {
        let running = match self.settings.keys {
            Keys::Folder => load(&self.settings, None).await.map_err(anyhow::Error::msg).context("the node exits")?,
            Keys::Environment | Keys::Prover => Vec::new(),
        };
        self.settings.order.note(&self.settings.name, "started");
        self.state().running = running;
        Ok(())
    }
}

async fn answer_public(node: Arc<Node>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    node.recorded.answer(Port::Node, head, body).await
}
