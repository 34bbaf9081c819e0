//! Manners and orders in which people number the words of a phrase.

const ORDERS: [&str; 24] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
];
const CARDINALS: [&str; 24] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "twenty-one",
    "twenty-two",
    "twenty-three",
    "twenty-four",
];
const ROMAN: [&str; 24] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII",
    "XVIII", "XIX", "XX", "XXI", "XXII", "XXIII", "XXIV",
];
pub(crate) const ALPHABET: [&str; 24] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray",
];

/// How one word is written with its number, from 1, of so many.
pub(crate) type Manner = fn(usize, usize, &str) -> String;

/// Manners to number words, and whether a word's number can be read in whatever order they stand.
pub(crate) const MANNERS: [(&str, Manner); 32] = [
    ("1. near", |at, _, word| format!("{at}. {word}")),
    ("near(1)", |at, _, word| format!("{word}({at})")),
    ("near:1", |at, _, word| format!("{word}:{at}")),
    ("near=1", |at, _, word| format!("{word}={at}")),
    ("1/12 near", |at, of, word| format!("{at}/{of} {word}")),
    ("1 of 12: near", |at, of, word| format!("{at} of {of}: {word}")),
    ("near1", |at, _, word| format!("{word}{at}")),
    ("1near", |at, _, word| format!("{at}{word}")),
    ("#1 near", |at, _, word| format!("#{at} {word}")),
    ("[1] near", |at, _, word| format!("[{at}] {word}")),
    ("<1>near</1>", |at, _, word| format!("<{at}>{word}</{at}>")),
    ("near {1}", |at, _, word| format!("{word} {{{at}}}")),
    ("near_1", |at, _, word| format!("{word}_{at}")),
    ("w01near", |at, _, word| format!("w{at:02}{word}")),
    ("word no. 1: near", |at, _, word| format!("word no. {at}: {word}")),
    ("number 1 -> near", |at, _, word| format!("number {at} -> {word}")),
    ("1st near", |at, _, word| format!("{at}st {word}")),
    ("near @ 0x1", |at, _, word| format!("{word} @ {at:02}")),
    ("(1) 'near'", |at, _, word| format!("({at}) '{word}'")),
    ("from 0", |at, _, word| format!("{}={word}", at - 1)),
    ("from 100", |at, _, word| format!("{}: {word}", at + 99)),
    ("0x1 near", |at, _, word| format!("{at:#x}={word}")),
    ("00001 near", |at, _, word| format!("{at:04b} {word}")),
    ("in tens", |at, _, word| format!("{}: {word}", at * 10)),
    ("first: near", |at, _, word| format!("{}: {word}", ORDERS[at - 1])),
    ("near, first", |at, _, word| format!("{word} ({})", ORDERS[at - 1])),
    ("one near", |at, _, word| format!("{} {word}", CARDINALS[at - 1])),
    ("i. near", |at, _, word| format!("{}. {word}", ROMAN[at - 1])),
    ("a) near", |at, _, word| format!("{}) {word}", char::from(b'a' + u8::try_from(at - 1).unwrap()))),
    ("\u{2460} near", |at, _, word| {
        let code = if at <= 20 { 0x2460 + at - 1 } else { 0x3251 + at - 21 };
        format!("{} {word}", char::from_u32(u32::try_from(code).unwrap()).unwrap())
    }),
    ("full-width", |at, _, word| {
        let wide: String =
            at.to_string().bytes().map(|digit| char::from_u32(u32::from(digit) + 0xfee0).unwrap()).collect();
        format!("{wide}\u{ff1a}{word}")
    }),
    ("arabic", |at, _, word| {
        let digits: String =
            at.to_string().bytes().map(|digit| char::from_u32(u32::from(digit - b'0') + 0x660).unwrap()).collect();
        format!("{digits}) {word}")
    }),
];

/// The order in which words stand: as they are, backwards, shuffled with their own numbers, sorted and numbered anew.
pub(crate) fn orders(words: &[String]) -> Vec<(&'static str, Vec<(usize, String)>)> {
    let own: Vec<(usize, String)> = (1..).zip(words.iter().cloned()).collect();
    let renumbered = |words: Vec<String>| (1..).zip(words).collect::<Vec<_>>();
    let mut shuffled = own.clone();
    shuffled.sort_by_key(|(at, _)| at * 7 % (words.len() + 1));
    let mut sorted = words.to_vec();
    sorted.sort_unstable();
    let mut by_word = own.clone();
    by_word.sort_by(|(_, left), (_, right)| left.cmp(right));
    vec![
        ("in order", own.clone()),
        ("from the last", own.into_iter().rev().collect()),
        ("shuffled", shuffled),
        ("by word", by_word),
        ("backwards", renumbered(words.iter().rev().cloned().collect())),
        ("sorted", renumbered(sorted)),
    ]
}
