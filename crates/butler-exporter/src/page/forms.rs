//! Forms that choose what is shown, as plain GET requests, and the way from page to page.

use butler_core::daemon::http::asked::{Asked, REFRESH};
use maud::{Markup, html};

/// So many lines are on one page.
pub(super) const PAGE: usize = 100;

/// One field of a form.
pub(super) enum Field<'a> {
    /// One of these, each by value and words, or all of them.
    Choice { name: &'static str, words: &'static str, options: Vec<(&'a str, &'a str)> },
    /// One of these.
    One { name: &'static str, words: &'static str, options: Vec<(&'a str, &'a str)>, chosen: &'a str },
    /// A text.
    Text { name: &'static str, words: &'static str },
}

/// A form for what was asked.
pub(super) fn form(asked: &Asked, fields: &[Field<'_>], button: &str) -> Markup {
    html! {
        form method="get" action=(asked.path()) {
            @if let Some(refresh) = asked.get(REFRESH) { input type="hidden" name=(REFRESH) value=(refresh); }
            @for field in fields {
                @match field {
                    Field::Choice { name, words, options } => label {
                        (words) " "
                        select name=(name) {
                            option value="" { "all" }
                            @if let Some(other) = asked.get(name).filter(|given| options.iter().all(|(value, _)| value != given)) {
                                option value=(other) selected { (other) }
                            }
                            @for (value, shown) in options {
                                option value=(value) selected[asked.get(name) == Some(value)] { (shown) }
                            }
                        }
                    },
                    Field::One { name, words, options, chosen } => label {
                        (words) " "
                        select name=(name) {
                            @for (value, shown) in options { option value=(value) selected[value == chosen] { (shown) } }
                        }
                    },
                    Field::Text { name, words } => label {
                        (words) " "
                        input type="text" name=(name) value=[asked.get(name)] maxlength="256" autocomplete="off" spellcheck="false";
                    },
                }
            }
            button type="submit" { (button) }
        }
    }
}

/// A part of a list, as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// The number of its page, from 0.
    page: usize,
    all: usize,
}

impl Part {
    /// The part of `all` lines that was asked for, or the last one there is.
    pub(super) fn of(asked: &Asked, all: usize) -> Self {
        let wanted = asked.get("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1);
        Self { page: wanted.saturating_sub(1).min(all.saturating_sub(1) / PAGE), all }
    }

    /// What is skipped before it.
    pub(super) fn start(self) -> usize {
        self.page.saturating_mul(PAGE)
    }

    /// Whether there are lines on other pages.
    pub(super) fn is_cut(self) -> bool {
        self.all > PAGE
    }

    /// Which lines these are, and the ways to the pages beside.
    pub(super) fn ways(self, asked: &Asked, noun: &str) -> Markup {
        let end = self.start().saturating_add(PAGE).min(self.all);
        let at = |page: usize| asked.with("page", &page.to_string()).link();
        html! {
            p.ways {
                @if !self.is_cut() {
                    (butler_core::text::time::count(self.all, noun))
                } @else {
                    (self.start().saturating_add(1)) " to " (end) " of " (self.all) " " (noun) "s"
                    @if self.page > 0 { " " a rel="prev" href=(at(self.page)) { "← before" } }
                    @if end < self.all { " " a rel="next" href=(at(self.page.saturating_add(2))) { "next →" } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_and_is_no_choice_stays_chosen() {
        let fields = [Field::Choice { name: "state", words: "state", options: vec![("a", "A"), ("b", "B")] }];
        let shown = |state: &str| form(&Asked::new("/x", [("state", state)]), &fields, "Show").into_string();
        assert!(shown("gone").contains("<option value=\"gone\" selected>gone</option>"), "{}", shown("gone"));
        assert_eq!(shown("b").matches("selected").count(), 1);
        assert_eq!(shown("b").matches("<option").count(), 3);
    }

    #[test]
    fn a_part_is_one_that_there_is() {
        let part = |page: &str, all| Part::of(&Asked::new("/x", [("page", page)]), all);
        for (page, all, start) in [
            ("1", 0, 0),
            ("7", 0, 0),
            ("1", 100, 0),
            ("2", 100, 0),
            ("2", 101, 100),
            ("0", 101, 0),
            ("-1", 101, 0),
            ("x", 101, 0),
            ("18446744073709551615", 5_000, 4_900),
        ] {
            assert_eq!(part(page, all).start(), start, "{page} of {all}");
        }
        let ways = part("2", 250).ways(&Asked::new("/x", [("a", "b")]), "line").into_string();
        assert!(ways.contains("101 to 200 of 250 lines"), "{ways}");
        assert!(ways.contains("href=\"/x?a=b&amp;page=1\"") && ways.contains("href=\"/x?a=b&amp;page=3\""), "{ways}");
    }
}
