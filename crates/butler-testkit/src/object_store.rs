//! A fake store of objects: `PUT` keeps a body under a path, `GET` gives it back. Keeping the same again changes nothing.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Request, Response, StatusCode, body::Incoming};

use crate::server::{Body, Server, full};

type Objects = Arc<Mutex<BTreeMap<String, (Bytes, u64)>>>;

/// A running store. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeObjectStore {
    objects: Objects,
    server: Server,
}

impl FakeObjectStore {
    /// Starts an empty store.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let objects = Objects::default();
        let shared = Arc::clone(&objects);
        let server = Server::start(None, move |request| answer(Arc::clone(&shared), request)).await?;
        Ok(Self { objects, server })
    }

    /// Its address, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// What is kept under a path that begins with `/`, and how often it was put there.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<(Bytes, u64)> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Every path that keeps something.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

async fn answer(objects: Objects, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, body) = match method.as_str() {
        "PUT" => {
            let times = objects.get(&path).map_or(0, |(_, times)| *times);
            objects.insert(path, (body, times + 1));
            (StatusCode::CREATED, Bytes::new())
        }
        "GET" | "HEAD" => match objects.get(&path) {
            Some((kept, _)) => (StatusCode::OK, kept.clone()),
            None => (StatusCode::NOT_FOUND, Bytes::new()),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
    };
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    Ok(response)
}
