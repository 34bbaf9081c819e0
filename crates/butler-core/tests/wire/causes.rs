//! Messages name the cause of what came instead of an answer.

use std::sync::{Arc, Mutex};

use butler_core::client::error::ErrorKind;
use butler_core::runtime::report::Chain;

use crate::wire::raw::{RawServer, Reply};
use crate::wire::refusals::{calls, endpoint, failure_of};

#[tokio::test]
async fn messages_name_the_cause() {
    let page = b"<html><head><title>504 Gateway Time-out</title></head><body>x</body></html>";
    let table: [(&str, &str, &[u8], ErrorKind, &str); 30] = [
        (
            "302 Found",
            "location: https://other.example/path?key=x\r\n",
            br#"{"jsonrpc":"2.0","id":0,"result":"0x1"}"#,
            ErrorKind::Http,
            "HTTP 302: a redirect to https://other.example",
        ),
        (
            "300 Multiple Choices",
            "",
            br#"{"jsonrpc":"2.0","id":0,"result":"0x1"}"#,
            ErrorKind::Http,
            "HTTP 300: several addresses to choose from, and none is named",
        ),
        ("301 Moved", "", b"", ErrorKind::Http, "HTTP 301: moved for good, and no address is named"),
        ("302 Found", "", b"", ErrorKind::Http, "HTTP 302: a redirect that names no address"),
        (
            "307 x",
            "",
            page,
            ErrorKind::Http,
            "HTTP 307: a redirect that names no address (a web page titled \"504 Gateway Time-out\")",
        ),
        ("304 x", "", b"", ErrorKind::Http, "HTTP 304: not modified: a cache answers in the endpoint's place"),
        (
            "101 Switching Protocols",
            "upgrade: websocket\r\nconnection: upgrade\r\n",
            b"",
            ErrorKind::Http,
            "HTTP 101: a change to another protocol, which was not asked for",
        ),
        (
            "204 No Content",
            "",
            b"",
            ErrorKind::Malformed,
            "malformed answer: HTTP 204: no content: what listens there answers no JSON-RPC",
        ),
        (
            "205 Reset Content",
            "",
            b"",
            ErrorKind::Malformed,
            "malformed answer: HTTP 205: no content: what listens there answers no JSON-RPC",
        ),
        (
            "206 Partial Content",
            "",
            br#"{"jsonrpc":"2.0","id":0,"res"#,
            ErrorKind::Malformed,
            "malformed answer: HTTP 206: a part of an answer, where all of it was asked for",
        ),
        ("202 Accepted", "", b"ok", ErrorKind::Malformed, "malformed answer: HTTP 202: taken, and not answered"),
        ("200 OK", "", b"", ErrorKind::Malformed, "malformed answer: an empty body instead of a JSON-RPC answer"),
        ("404 x", "", b"", ErrorKind::Http, "HTTP 404: nothing is at that path"),
        ("599 x", "", b"", ErrorKind::Http, "HTTP 599: no word of why"),
        ("308 Moved", "location: /\r\n", page, ErrorKind::Http, "HTTP 308: a redirect to the same address"),
        (
            "302 Found",
            "location: https://other.example/path?key=x\r\n",
            b"",
            ErrorKind::Http,
            "HTTP 302: a redirect to https://other.example",
        ),
        (
            "302 Found",
            "location: //other.example/path\r\n",
            b"",
            ErrorKind::Http,
            "HTTP 302: a redirect to http://other.example",
        ),
        (
            "302 Found",
            "location: https://user:p ss%@other.example/path\r\n",
            b"",
            ErrorKind::Http,
            "HTTP 302: a redirect to https://other.example",
        ),
        (
            "302 Found",
            "location: https://[other/\r\n",
            b"",
            ErrorKind::Http,
            "HTTP 302: a redirect to an address that is no URL",
        ),
        (
            "308 Moved",
            "location: /elsewhere\r\n",
            page,
            ErrorKind::Http,
            "HTTP 308: a redirect to another path of the same host",
        ),
        (
            "504 x",
            "content-type: text/html\r\n",
            page,
            ErrorKind::Http,
            "HTTP 504: a web page titled \"504 Gateway Time-out\"",
        ),
        (
            "200 OK",
            "",
            page,
            ErrorKind::Malformed,
            "malformed answer: a web page titled \"504 Gateway Time-out\" instead of a JSON-RPC answer",
        ),
        (
            "200 OK",
            "content-encoding: br\r\n",
            b"\x1b\x00",
            ErrorKind::Malformed,
            "malformed answer: the answer has the content coding `br`, which was not asked for",
        ),
        (
            "200 OK",
            "content-encoding: gzip, br\r\n",
            b"x",
            ErrorKind::Malformed,
            "malformed answer: the answer has the content coding `gzip, br`, which was not asked for",
        ),
        ("401 x", "", b"go away", ErrorKind::Unauthorized, "HTTP 401: not authorized"),
        (
            "200 OK",
            "",
            br#"{"id":null,"error":{"code":-32000,"message":"missing api key"}}"#,
            ErrorKind::Unauthorized,
            "not authorized: missing api key",
        ),
        (
            "400 Bad",
            "",
            br#"{"error":"Invalid project id"}"#,
            ErrorKind::Unauthorized,
            "not authorized: Invalid project id",
        ),
        ("429 x", "retry-after: 99999999999999999999\r\n", b"", ErrorKind::RateLimited, "rate limited"),
        ("500 x", "", br#"{"error":"it broke"}"#, ErrorKind::Rpc, "error 0: it broke"),
        ("404 x", "", b"Not\x1b[2J \xe2\x80\xaeFound", ErrorKind::Http, "HTTP 404: Not\u{fffd}[2J \u{fffd}Found"),
    ];
    for (status, headers, body, kind, message) in table {
        let failure = failure_of(move |_| Reply::of(status, headers, body)).await;
        assert_eq!((failure.kind(), failure.to_string().as_str()), (kind, message));
    }
}

#[tokio::test]
async fn http_and_tls_that_meet_the_wrong_way_round_are_told() {
    let plain = RawServer::start(|_| Reply::of("400 Bad Request", "", b"")).await;
    let failure = endpoint(&format!("https://{}/", plain.address)).exchange(&calls(1)).await.unwrap_err();
    // This server waits for a whole request, which never comes.
    assert!(matches!(failure.kind(), ErrorKind::Timeout | ErrorKind::Tls), "{failure:?}");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let greeting: Arc<Mutex<&'static [u8]>> = Arc::new(Mutex::new(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let said = Arc::clone(&greeting);
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let bytes = *said.lock().unwrap();
            let mut buffer = [0; 4096];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await;
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await;
        }
    });
    let failure = endpoint(&format!("https://{address}/")).exchange(&calls(1)).await.unwrap_err();
    assert_eq!(failure.kind(), ErrorKind::Tls);
    assert!(Chain(&failure).to_string().contains("speaks plain HTTP, not TLS"), "{}", Chain(&failure));
    *greeting.lock().unwrap() = &[0x15, 3, 1, 0, 2, 2, 0x46];
    let failure = endpoint(&format!("http://{address}/")).exchange(&calls(1)).await.unwrap_err();
    assert!(Chain(&failure).to_string().contains("speaks TLS, not plain HTTP"), "{}", Chain(&failure));
}
