//! Markdown of this project's own runbooks as HTML. Whatever is no markup of theirs, labels above all, is text.

use butler_core::daemon::http::identifiers::told;
use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};

use super::carried::runbook;
use super::fill::{Labels, Piece, pieces};

/// A page with labels in it.
pub(super) fn render(text: &str, labels: &Labels) -> Markup {
    let mut writer = Writer { labels, is_code: false, is_link: true, table: None };
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| writer.event(event));
    let mut page = String::with_capacity(text.len().saturating_mul(2));
    push_html(&mut page, events);
    PreEscaped(page)
}

/// What is known of the place that is written.
struct Writer<'a> {
    labels: &'a Labels,
    is_code: bool,
    /// Whether the link that is open is written as one.
    is_link: bool,
    table: Option<Table>,
}

/// A table: its headings, and the cell that is written.
#[derive(Default)]
struct Table {
    heads: Vec<String>,
    is_head: bool,
    cell: usize,
}

impl Writer<'_> {
    fn event<'e>(&mut self, event: Event<'e>) -> Event<'e> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                if let Some(head) =
                    self.table.as_mut().filter(|table| table.is_head).and_then(|table| table.heads.last_mut())
                {
                    head.push_str(&text);
                }
                raw(&self.text(&text))
            }
            Event::Code(text) => raw(&html! { code { (self.code(&text)) } }),
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => event,
        }
    }

    fn text(&self, text: &str) -> Markup {
        if self.is_code {
            return self.code(text);
        }
        html! {
            @for piece in pieces(text, self.labels) {
                @match piece { Piece::Text(text) | Piece::Filled(text) | Piece::Open(text) => (text) }
            }
        }
    }

    fn code(&self, text: &str) -> Markup {
        html! {
            @for piece in pieces(text, self.labels) {
                @match piece {
                    Piece::Text(text) => (text),
                    Piece::Filled(value) => b { (told(value)) },
                    Piece::Open(word) => mark { (word) },
                }
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what a runbook has beside is written as it comes")]
    fn start<'e>(&mut self, tag: Tag<'e>) -> Event<'e> {
        match tag {
            Tag::CodeBlock(_) => {
                self.is_code = true;
                Event::Html("<pre><code>".into())
            }
            Tag::Heading { level, id, classes, attrs } => {
                Event::Start(Tag::Heading { level: below(level), id, classes, attrs })
            }
            Tag::Link { dest_url, .. } => {
                let name = dest_url.strip_suffix(".md").and_then(runbook).map(|(name, _)| name);
                self.is_link = name.is_some();
                match name {
                    Some(name) => {
                        let link = self.labels.link(&format!("/runbooks/{name}"));
                        let link = html! { (link) }.into_string();
                        Event::InlineHtml(format!("<a href=\"{link}\">").into())
                    }
                    // Another page of the documentation, which is installed beside the program and not served.
                    None => Event::InlineHtml("<span>docs/".into()),
                }
            }
            Tag::Table(_) => {
                self.table = Some(Table::default());
                Event::Html("<table class=\"records\">".into())
            }
            Tag::TableHead => {
                self.at_cell(|table| table.is_head = true);
                Event::Html("<thead><tr>".into())
            }
            Tag::TableRow => {
                self.at_cell(|table| table.cell = 0);
                Event::Html("<tr>".into())
            }
            Tag::TableCell => Event::Html(self.cell().into()),
            other => Event::Start(other),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what a runbook has beside is written as it comes")]
    fn end<'e>(&mut self, tag: TagEnd) -> Event<'e> {
        match tag {
            TagEnd::CodeBlock => {
                self.is_code = false;
                Event::Html("</code></pre>".into())
            }
            TagEnd::Heading(level) => Event::End(TagEnd::Heading(below(level))),
            TagEnd::Link if self.is_link => Event::InlineHtml("</a>".into()),
            TagEnd::Link => Event::InlineHtml("</span>".into()),
            TagEnd::Table => {
                self.table = None;
                Event::Html("</tbody></table>".into())
            }
            TagEnd::TableHead => {
                self.at_cell(|table| table.is_head = false);
                Event::Html("</tr></thead><tbody>".into())
            }
            TagEnd::TableRow => Event::Html("</tr>".into()),
            TagEnd::TableCell => {
                let is_heading = self.table.as_ref().is_some_and(|table| table.is_head || table.cell == 0);
                self.at_cell(|table| table.cell = table.cell.saturating_add(1));
                Event::Html(if is_heading { "</th>" } else { "</div></td>" }.into())
            }
            other => Event::End(other),
        }
    }

    fn at_cell(&mut self, change: impl FnOnce(&mut Table)) {
        if let Some(table) = &mut self.table {
            change(table);
        }
    }

    /// The beginning of a cell, which knows its heading.
    fn cell(&mut self) -> String {
        let Some(table) = &mut self.table else { return String::new() };
        if table.is_head {
            table.heads.push(String::new());
            return "<th scope=\"col\">".to_owned();
        }
        match (table.cell, table.heads.get(table.cell)) {
            (0, _) => "<th scope=\"row\">".to_owned(),
            (_, Some(head)) => format!("<td data-label=\"{}\"><div>", html! { (head) }.into_string()),
            (_, None) => "<td><div>".to_owned(),
        }
    }
}

fn raw<'e>(markup: &Markup) -> Event<'e> {
    Event::InlineHtml(markup.0.clone().into())
}

/// The page has a heading of its own above.
fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}
