//! A node's keystore that the watcher may change: where it is, and what must be told when it changed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::EndpointConfig;
use super::endpoint_reader::read_web3signer;
use super::fault::escape;
use super::reader::{Read, Section};
use super::setting::Problem;
use super::text_setting::{Text, WrittenPath};

/// The longest command, in words.
const WORDS: usize = 64;

/// The keystore of one server.
#[derive(Debug, Clone, PartialEq)]
pub struct KeystoreConfig {
    /// The server, as its nodes and its key files name it.
    pub server: String,
    /// How its files are reached.
    pub place: KeystorePlace,
    /// Its web3signer, which is told before the nodes are.
    pub web3signer: Option<EndpointConfig>,
    /// How long one request to a command, or one look at a folder, may take.
    pub timeout: Duration,
}

/// How a keystore's files are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeystorePlace {
    /// A local or mounted folder: what the node has as `KEY_STORE_DIRECTORY`. An absolute path.
    Folder(PathBuf),
    /// A program with its arguments that answers as `butler-cli keystore agent` does; the program is an absolute path.
    Command(Vec<String>),
}

pub(super) fn read_keystore(section: &Section<'_>) -> Read<KeystoreConfig> {
    let server = section.get::<Text>("server");
    let folder = section.optional::<WrittenPath>("folder");
    let command: Vec<String> = section.list::<Text>("command").into_iter().map(|(word, _)| word.0).collect();
    let (web3signer, timeout) = (read_web3signer(section), section.get("timeout"));
    let place = match (folder?, command.first()) {
        (Some(folder), None) if folder.0.starts_with('/') => KeystorePlace::Folder(PathBuf::from(folder.0)),
        (Some(_), None) => return Err(section.fault("folder", Problem::new("expected a path that begins with `/`"))),
        (None, Some(program)) if program.starts_with('/') && command.len() <= WORDS => KeystorePlace::Command(command),
        (None, Some(program)) if program.starts_with('/') => {
            return Err(section.fault("command", Problem::new(format!("more than {WORDS} words"))));
        }
        (None, Some(_)) => {
            let problem = Problem::new("the first word is no path that begins with `/`");
            return Err(section.fault("command", problem.hint("name the program itself; no shell is between")));
        }
        (Some(_), Some(_)) => {
            return Err(section.fault("command", Problem::new("given together with `folder`").hint("keep one of them")));
        }
        (None, None) => {
            let problem = Problem::new("it is not said where this keystore is");
            return Err(section.fault("", problem.hint("give `folder` or `command`")));
        }
    };
    Ok(KeystoreConfig { server: server?.0, place, web3signer: web3signer?, timeout: timeout? })
}

/// Every server has one keystore, and a node that can be told of a change: one of `with_admin`.
pub(super) fn check_keystores<'a>(
    section: &Section<'_>,
    keystores: impl Iterator<Item = &'a KeystoreConfig>,
    with_admin: &BTreeSet<&str>,
) {
    let mut seen = BTreeSet::new();
    for keystore in keystores {
        let server = &keystore.server;
        if !seen.insert(server) {
            let problem = Problem::new(format!("two keystores are of the server `{}`", escape(server)));
            section.fault("keystores", problem.hint("a node has one folder; give each server one section"));
        }
        if !with_admin.contains(server.as_str()) {
            let problem = Problem::new(format!("no node of the server `{}` has an admin port", escape(server)));
            let hint = "give one of `aztec_nodes` this `server` and an `admin_url`: it must reload what is written";
            section.fault("keystores", problem.hint(hint));
        }
    }
}
