//! HTTP/1.1 by hand: one request after another on a connection, answers of any length without keeping them in memory.

use std::io;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
use tokio::net::TcpStream;

use super::Shared;
use super::answer::{Answer, Body, Travel, answer};

/// The longest head of a request that is read.
const HEAD_LIMIT: usize = 64 << 10;
/// About how much is written at once.
const PIECE: usize = 64 << 10;

/// Answers whatever comes on a connection, until the other side has enough.
pub(super) async fn serve(shared: &Shared, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut input).await? {
        let answer = answer((shared.bomb, shared.size), &shared.upstream, &request).await.map_err(io::Error::other)?;
        if answer.is_bomb {
            shared.served.fetch_add(1, Ordering::Relaxed);
        }
        write_answer(&mut stream, &answer).await?;
    }
    Ok(())
}

/// The next request's body; what came after it stays in `input`.
async fn read_request(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let end = loop {
        if let Some(at) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if input.len() > HEAD_LIMIT || stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(input.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let length = length.unwrap_or_default();
    while input.len() < end + length {
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
    let rest = input.split_off(end + length);
    let request = input.split_off(end);
    *input = rest;
    Ok(Some(request))
}

async fn write_answer(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(PIECE, stream);
    if answer.travel == Travel::Continue {
        loop {
            out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
    }
    let head = format!("HTTP/1.1 {}\r\ncontent-type: application/json\r\n{}", answer.status, answer.headers);
    out.write_all(head.as_bytes()).await?;
    if answer.travel == Travel::Headers {
        for number in 0_u64.. {
            out.write_all(format!("x-header-{number}: {number:064}\r\n").as_bytes()).await?;
        }
    }
    out.write_all(b"transfer-encoding: chunked\r\n\r\n").await?;
    write_body(&mut out, &answer.body, answer.travel).await?;
    out.write_all(b"0\r\n\r\n").await?;
    out.flush().await
}

async fn write_body(out: &mut BufWriter<&mut TcpStream>, body: &Body, travel: Travel) -> io::Result<()> {
    write_chunk(out, &body.before).await?;
    match travel {
        Travel::Bytes => {
            for byte in std::iter::repeat_n(&body.unit, times(body)).flatten() {
                write_chunk(out, std::slice::from_ref(byte)).await?;
            }
        }
        Travel::Chunks | Travel::Headers | Travel::Continue => {
            // Many units are one piece, and the last piece is as long as it has to be.
            let per_piece = (PIECE / body.unit.len().max(1)).max(1);
            let piece = body.unit.repeat(per_piece.min(times(body)));
            let mut left = times(body);
            while left > 0 {
                let units = left.min(per_piece);
                write_chunk(out, piece.get(..units * body.unit.len()).unwrap_or_default()).await?;
                left -= units;
            }
        }
    }
    write_chunk(out, &body.after).await
}

fn times(body: &Body) -> usize {
    body.times.map_or(usize::MAX, |times| usize::try_from(times).unwrap_or(usize::MAX))
}

async fn write_chunk(out: &mut BufWriter<&mut TcpStream>, chunk: &[u8]) -> io::Result<()> {
    if chunk.is_empty() {
        return Ok(());
    }
    out.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
    out.write_all(chunk).await?;
    out.write_all(b"\r\n").await
}
