//! A kept connection to the exporter, for its metrics.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// How the text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Compressed, as Prometheus asks for it.
    Gzip,
    /// As it is.
    Identity,
}

/// A kept connection; made again when the other side has closed it, which it does after a minute.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// The body of the metrics as it travels.
    pub(crate) fn get(&mut self, coding: Coding) -> anyhow::Result<Vec<u8>> {
        if self.stream.is_some()
            && let Ok(body) = self.exchange(coding)
        {
            return Ok(body);
        }
        let stream = TcpStream::connect(self.address).context("failed to connect to the exporter")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        self.stream = Some(BufReader::with_capacity(64 * 1024, stream));
        self.exchange(coding)
    }

    fn exchange(&mut self, coding: Coding) -> anyhow::Result<Vec<u8>> {
        let reader = self.stream.as_mut().context("not connected")?;
        let coding = match coding {
            Coding::Gzip => "gzip",
            Coding::Identity => "identity",
        };
        let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        let head = format!(
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nAccept-Encoding: {coding}\r\n\r\n"
        );
        reader.get_mut().write_all(head.as_bytes())?;
        let (mut length, mut is_last, mut line) = (None, false, String::new());
        reader.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            bail!("the exporter answered {line:?}");
        }
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok(),
                "connection" => is_last = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        let mut body = vec![0; length.context("no length in the head")?];
        reader.read_exact(&mut body)?;
        if is_last {
            self.stream = None;
        }
        Ok(body)
    }
}
