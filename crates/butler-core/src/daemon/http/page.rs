//! The frame of a daemon's page at `/`: who shows it, the verdict first, then what the program has to show.
//!
//! Text is escaped by its type: only what `html!` wrote is markup. The page needs no script; its style is allowed by its digest, so that
//! nothing that slipped into it would be run or loaded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest::{SHA256, digest};

use super::asked::{Asked, REFRESH};
use super::respond::respond;
use super::routes::Reply;
use crate::text::time::moment;

/// What every page looks like.
const STYLE: &str = include_str!("page.css");

/// What stands around a program's own part.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The program's name.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Which of its pages this is, for the title; empty for the first one.
    pub title: &'a str,
    /// How bad it is: `good`, `warning` or `critical`.
    pub class: &'static str,
    /// That in words.
    pub verdict: &'a str,
    /// When it is shown, in unix seconds.
    pub now: u64,
    /// What was asked for: the page asks for itself again only where somebody wants that, and says how to stop it.
    pub asked: &'a Asked,
    /// The program's pages, each with its name.
    pub pages: &'a [(&'a str, &'a str)],
    /// How the program's own part looks.
    pub style: &'static str,
}

impl Frame<'_> {
    /// The page around that part.
    #[must_use]
    pub fn html(&self, part: &Markup) -> String {
        let refresh = self.asked.refresh();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if let Some(seconds) = refresh { meta http-equiv="refresh" content=(seconds); }
                    title { @if !self.title.is_empty() { (self.title) " · " } (self.verdict) " · " (self.program) }
                    style { (PreEscaped(STYLE)) }
                    style { (PreEscaped(self.style)) }
                }
                body {
                    header {
                        h1 { (self.program) " " small { (self.version) } }
                        p class={ "verdict " (self.class) } { (self.verdict) }
                        p.now {
                            (moment(self.now)) " · "
                            @match refresh {
                                None => a href=(self.asked.with(REFRESH, "30").link()) { "refresh every 30 s" },
                                Some(seconds) => {
                                    "again every " (seconds) " s · "
                                    a href=(self.asked.without(REFRESH).link()) { "stop" }
                                }
                            }
                        }
                    }
                    @if !self.pages.is_empty() {
                        nav aria-label="pages" {
                            @for (address, name) in self.pages {
                                a href=(address) aria-current=[(*address == self.asked.path()).then_some("page")] { (name) }
                            }
                        }
                    }
                    main { (part) }
                    footer {
                        a href="/metrics" { "metrics" } " · " a href="/livez" { "livez" } " · " a href="/readyz" { "readyz" }
                    }
                }
            }
        };
        page.into_string()
    }
}

/// The answer with a page of that style, and the policy under which nothing else is loaded or run.
#[must_use]
pub fn page(style: &'static str, html: String) -> Reply {
    let digests =
        [STYLE, style].map(|style| format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, style.as_bytes()))));
    let policy = format!(
        "default-src 'none'; style-src {}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        digests.join(" ")
    );
    let mut reply = respond(StatusCode::OK, "text/html; charset=utf-8", html.into());
    // It is made of digests and our own words.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn only_the_two_styles_of_the_page_are_taken_and_text_is_text() {
        let (program, version, style) = ("butler-x", "1.2.3", "b{color:red}");
        let asked = Asked::new("/", [(REFRESH, "30"), ("a", "<")]);
        let frame = Frame {
            program,
            version,
            title: "",
            class: "good",
            verdict: "<b>well</b>",
            now: 0,
            asked: &asked,
            pages: &[("/", "first"), ("/x", "second")],
            style,
        };
        let quiet = Frame { asked: &asked.without(REFRESH), ..frame }.html(&html! {});
        assert!(!quiet.contains("http-equiv") && quiet.contains("href=\"/?refresh=30&amp;a=%3C\""), "{quiet}");
        assert!(quiet.contains("<a href=\"/\" aria-current=\"page\">first</a><a href=\"/x\">second"), "{quiet}");
        let reply = page(style, frame.html(&html! { p { "<script>" } }));
        let policy = reply.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        // `printf 'b{color:red}' | openssl dgst -sha256 -binary | base64`
        assert!(policy.contains("'sha256-ypIZpeWh67Lh3q46jpjGW7VCAJpmEqcFe8Dl5B2rXQU='"), "{policy}");
        assert!(policy.matches("'sha256-").count() == 2 && !policy.contains("unsafe"), "{policy}");
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        for part in [
            "content=\"30\"",
            "href=\"/?a=%3C\">stop",
            "&lt;script&gt;",
            "&lt;b&gt;well",
            "<small>1.2.3</small>",
            style,
            STYLE,
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
