//! A fake beacon node that tells which checkpoint is final. It lies, hangs and breaks on request.

use std::{
    future::ready,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::{Request, Response, body::Incoming};
use serde_json::{Value, json};

use crate::server::{Body, Server, full};

/// Where it answers.
const PATH: &str = "/eth/v1/beacon/states/head/finality_checkpoints";

#[derive(Debug)]
struct State {
    status: u16,
    answer: String,
    asked: u64,
}

/// A running beacon node. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeBeacon {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl FakeBeacon {
    /// Starts a node at which that epoch is final.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(epoch: u64) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State { status: 200, answer: String::new(), asked: 0 }));
        let shared = Arc::clone(&state);
        let server = Server::start(None, move |request| ready(answer(&shared, &request))).await?;
        let node = Self { state, server };
        node.finalize(epoch, 0);
        Ok(node)
    }

    /// Its address, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// From now on that epoch is final, on that branch of the chain.
    pub fn finalize(&self, epoch: u64, branch: u8) {
        let checkpoint = checkpoint(epoch, branch);
        let data = json!({
            "previous_justified": checkpoint, "current_justified": checkpoint, "finalized": checkpoint,
        });
        let answer = json!({ "execution_optimistic": false, "finalized": false, "data": data });
        self.say(200, &answer.to_string());
    }

    /// From now on answers with that status and body.
    pub fn say(&self, status: u16, body: &str) {
        let mut state = self.state();
        state.status = status;
        state.answer = body.to_owned();
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.state().asked
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn checkpoint(epoch: u64, branch: u8) -> Value {
    let root = format!("0x{branch:02x}{epoch:062x}");
    json!({ "epoch": epoch.to_string(), "root": root })
}

fn answer(state: &Mutex<State>, request: &Request<Incoming>) -> io::Result<Response<Body>> {
    let is_there = request.uri().path() == PATH;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.asked += 1;
    let (status, body) = if is_there { (state.status, state.answer.clone()) } else { (404, String::new()) };
    let mut response = Response::new(full(body));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}
