//! Reads a PromQL expression as far as is needed to say which metrics and labels it uses. It does not check the grammar:
//! promtool does that.

use std::collections::BTreeSet;

use super::catalogue::{Catalogue, TARGET_LABELS};

/// Words that are neither a metric nor a function with its parenthesis.
const WORDS: [&str; 18] = [
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "inf",
    "nan",
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "group",
    "topk",
    "bottomk",
    "stddev",
    "quantile",
    "count_values",
];
/// What makes one series of several.
const AGGREGATIONS: [&str; 6] = ["sum", "min", "max", "avg", "count", "group"];
const LABEL_LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    /// A matcher's operator, or any other sign.
    Sign(String),
    /// A number, a duration or a variable of a dashboard.
    Other,
}

/// What an expression uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The labels of all its metrics, with those of the target.
    pub(super) labels: BTreeSet<String>,
    /// What it uses that cannot be.
    pub(super) faults: Vec<String>,
}

/// Looks at every metric, matcher and list of labels.
pub(super) fn uses(expression: &str, catalogue: &Catalogue) -> Uses {
    let tokens = tokens(expression);
    let mut found = Uses { labels: TARGET_LABELS.map(str::to_owned).into(), faults: Vec::new() };
    let mut listed = BTreeSet::new();
    let mut metrics = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Word(word) = token else { continue };
        let opens = |sign: &str| tokens.get(at) == Some(&Token::Sign(sign.to_owned()));
        if LABEL_LISTS.contains(&word.as_str()) && opens("(") {
            while let Some(token) = tokens.get(at).filter(|token| **token != Token::Sign(")".to_owned())) {
                if let Token::Word(label) = token {
                    listed.insert(label.clone());
                }
                at += 1;
            }
        } else if !opens("(") && !WORDS.contains(&word.as_str()) && !LABEL_LISTS.contains(&word.as_str()) {
            let labels = catalogue.labels(word);
            if let Some(labels) = labels {
                metrics += 1;
                found.labels.extend(labels.iter().cloned());
            } else {
                found.faults.push(format!("`{word}` is no metric of docs/metrics.md"));
            }
            if opens("{") {
                let length = tokens[at..].iter().take_while(|token| **token != Token::Sign("}".to_owned())).count();
                if labels.is_some() {
                    found.faults.extend(matcher_faults(word, &tokens[at + 1..at + length], catalogue));
                }
                at += length;
            }
        }
    }
    if metrics == 0 && found.faults.is_empty() {
        found.faults.push("it uses no metric".to_owned());
    }
    let unknown = listed.difference(&found.labels);
    found.faults.extend(unknown.map(|label| format!("none of its metrics has the label `{label}`")));
    found
}

/// The labels that its result can have: those that it aggregates by, and those of its first metric where that is not aggregated.
pub(super) fn left(expression: &str, catalogue: &Catalogue) -> BTreeSet<String> {
    let tokens = tokens(expression);
    let words =
        tokens.iter().filter_map(|token| if let Token::Word(word) = token { Some(word.as_str()) } else { None });
    let mut begins = words.filter(|word| AGGREGATIONS.contains(word) || catalogue.labels(word).is_some());
    let first = begins.next().and_then(|word| catalogue.labels(word));
    let mut found: BTreeSet<String> = first.into_iter().flatten().cloned().collect();
    if first.is_some() {
        found.extend(TARGET_LABELS.map(str::to_owned));
    }
    for lists in tokens.split(|token| *token == Token::Word("by".to_owned())).skip(1) {
        let list = lists.iter().take_while(|token| **token != Token::Sign(")".to_owned()));
        found.extend(list.filter_map(|token| if let Token::Word(label) = token { Some(label.clone()) } else { None }));
    }
    found
}

fn matcher_faults(metric: &str, tokens: &[Token], catalogue: &Catalogue) -> Vec<String> {
    let mut faults = Vec::new();
    for matcher in tokens.split(|token| *token == Token::Sign(",".to_owned())) {
        let [Token::Word(label), Token::Sign(operator), Token::Text(value)] = matcher else {
            if !matcher.is_empty() {
                faults.push(format!("a matcher of `{metric}` cannot be read"));
            }
            continue;
        };
        let is_known = catalogue.labels(metric).is_some_and(|labels| labels.contains(label));
        if !is_known && !TARGET_LABELS.contains(&label.as_str()) {
            faults.push(format!("`{metric}` has no label `{label}`"));
        }
        let Some(values) = catalogue.values(metric, label).filter(|_| is_known) else { continue };
        // What a variable of a dashboard holds comes from the label itself.
        if value.contains('$') {
            continue;
        }
        let wanted: Vec<&str> = if operator.ends_with('~') { value.split('|').collect() } else { vec![value] };
        for value in wanted.into_iter().filter(|value| !values.contains(*value)) {
            faults.push(format!("the label `{label}` of `{metric}` is never `{value}`"));
        }
    }
    faults
}

fn tokens(expression: &str) -> Vec<Token> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let length = match first {
            '"' | '\'' => {
                let text: String = after.chars().take_while(|c| *c != first).collect();
                let length = text.len() + 2;
                tokens.push(Token::Text(text));
                length
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '$' => {
                tokens.push(Token::Other);
                1 + after.find(|c| !is_word(c) && c != '{' && c != '}').unwrap_or(after.len())
            }
            c if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let is_number = c.is_ascii_digit() || c == ':';
                tokens.push(if is_number { Token::Other } else { Token::Word(rest[..length].to_owned()) });
                length
            }
            c if c.is_whitespace() => c.len_utf8(),
            '=' | '!' if after.starts_with(['=', '~']) => {
                tokens.push(Token::Sign(rest[..2].to_owned()));
                2
            }
            c => {
                tokens.push(Token::Sign(c.to_string()));
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}
