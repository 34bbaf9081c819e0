//! Pieces of a key or of a mnemonic in the name of a file, whatever stands between their digits or words.
//!
//! A part of a secret narrows down the rest, so as much as half of one is hidden, and of a name that Aztec's tool gave, which has eight
//! digits of a private key, as little as that. Dates, UUIDs and addresses are none.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::digits::{ADDRESS, plain_digit};
use super::escapes::decoded;
use super::glued::most_words;
use super::plain::is_plain;
use super::words::{LISTS, is_ideograph};

/// Words of half the shortest phrase.
const FEW_WORDS: u32 = 6;
/// Letters of the shortest word that counts; shorter ones are labels.
const SHORTEST: usize = 3;
/// Digits of half a private key.
const HALF: usize = 32;
/// Digits of a private key that Aztec's tool puts into a name.
const OF_TOOL: usize = 8;
/// Words of the names that it gives.
const WORDS_OF_TOOL: [&str; 3] = ["attester", "publisher", "keystore"];
/// The most numbers before the digits of a key: those of its account and address.
const MOST_NUMBERS: usize = 2;
/// Groups of a UUID, and of a date.
const UUID: usize = 5;
const DATE: usize = 3;

/// What stands for what is hidden.
const HIDDEN: &str = "<hidden>";

/// What a name is of: folders are named by digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    File,
    Folder,
}

/// What finds from where to where there is something.
type Find<'f> = &'f dyn Fn(&str) -> Option<(usize, usize)>;

/// The name of a file or folder without digits that are pieces of a key, together, and without as many words of a mnemonic as tell
/// something. Both are looked for in the whole name: words can look like digits, and what is left of them would be few enough to be shown.
pub(super) fn without_pieces(name: &str, named: Named) -> String {
    let digits = |name: &str| digits(name, named);
    let finders: [Find<'_>; 2] = [&digits, &words];
    let mut pieces = Vec::new();
    for find in finders {
        let found = all(name, find);
        if found.is_empty() && decoded(name).iter().any(|text| find(text).is_some()) {
            return hidden_but_ending(name);
        }
        pieces.extend(found);
    }
    pieces.sort_unstable();
    let (mut shown, mut at) = (String::new(), 0);
    for (from, to) in pieces {
        if from >= at {
            shown.push_str(name.get(at..from).unwrap_or_default());
            shown.push_str(HIDDEN);
        }
        at = at.max(to);
    }
    shown.push_str(name.get(at..).unwrap_or_default());
    shown
}

fn hidden_but_ending(name: &str) -> String {
    if name.ends_with(".json") { format!("{HIDDEN}.json") } else { HIDDEN.to_owned() }
}

/// Everywhere that something is found in a name. What was found is looked through as neither a word nor digits.
fn all(name: &str, find: Find<'_>) -> Vec<(usize, usize)> {
    let (mut rest, mut found) = (Zeroizing::new(name.to_owned()), Vec::new());
    while let Some((from, to)) = find(&rest)
        && to > from
    {
        found.push((from, to));
        rest.replace_range(from..to, &format!("<{}>", "z".repeat((to - from).saturating_sub(2))));
    }
    found
}

/// From where to where words of one list follow each other, with labels and numbers between them.
fn words(name: &str) -> Option<(usize, usize)> {
    if name.chars().filter(|letter| letter.is_alphabetic()).count() < SHORTEST * usize::try_from(FEW_WORDS).ok()? {
        return None;
    }
    let mut rows = [None::<(usize, usize, u32)>; LISTS];
    let mut found = Vec::new();
    for (at, run) in runs(name, |letter| letter.is_alphabetic() || is_combining_mark(letter)) {
        if run.is_ascii() && run.len() < SHORTEST {
            continue;
        }
        for (row, count) in rows.iter_mut().zip(words_of(run)) {
            *row = match (count, *row) {
                (0, ended) => {
                    found.extend(ended);
                    None
                }
                (count, Some((from, _, sum))) => Some((from, at + run.len(), sum + count)),
                (count, None) => Some((at, at + run.len(), count)),
            };
        }
    }
    found.extend(rows.into_iter().flatten());
    found.retain(|(_, _, sum)| *sum >= FEW_WORDS);
    found.sort_unstable();
    // A word may be of two lists, and those after it of one.
    let mut found = found.into_iter().map(|(from, to, _)| (from, to));
    let first = found.next()?;
    Some(found.fold(first, |(from, to), (next, end)| if next <= to { (from, to.max(end)) } else { (from, to) }))
}

/// How many words of each list a run of letters is, with or without its accents.
fn words_of(run: &str) -> [u32; LISTS] {
    // What is written without spaces is a sentence.
    if run.chars().all(is_ideograph) && run.chars().count() > 1 {
        return [0; LISTS];
    }
    if run.is_ascii() {
        return most_words(&Zeroizing::new(run.to_ascii_lowercase()));
    }
    let lower: Zeroizing<String> = Zeroizing::new(run.nfkd().flat_map(char::to_lowercase).collect());
    let plain: Zeroizing<String> = Zeroizing::new(lower.chars().filter(|letter| !is_combining_mark(*letter)).collect());
    let mut counts = most_words(&lower);
    if plain.is_ascii() {
        counts.iter_mut().zip(most_words(&plain)).for_each(|(count, other)| *count = (*count).max(other));
    }
    counts
}

/// Letters and figures between other characters, nearly all of which are hexadecimal digits.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from: usize,
    to: usize,
    letters: usize,
    figures: usize,
}

impl Piece {
    /// `None` for a word.
    fn of((from, run): (usize, &str)) -> Option<Self> {
        let normal: Option<Zeroizing<String>> =
            (!run.is_ascii()).then(|| Zeroizing::new(run.nfkc().map(plain_digit).collect()));
        let digits = normal.as_ref().map_or(run, |normal| normal.as_str());
        let bare = digits.strip_prefix("0x").unwrap_or(digits);
        let letters = bare.bytes().filter(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_digit()).count();
        let figures = bare.bytes().filter(u8::is_ascii_digit).count();
        let all = bare.chars().count();
        let is_all = letters + figures == all;
        let is_most = figures > 0 && (letters + figures) * 4 >= all * 3;
        (all > 0 && (is_all || is_most)).then_some(Self { from, to: from + run.len(), letters, figures })
    }

    fn length(&self) -> usize {
        self.letters + self.figures
    }
}

/// From where to where digits are pieces of a key.
fn digits(name: &str, named: Named) -> Option<(usize, usize)> {
    let has_few = || name.bytes().filter(u8::is_ascii_hexdigit).count() < OF_TOOL;
    if name.is_ascii() && has_few() {
        return None;
    }
    let small = name.to_ascii_lowercase();
    let is_of_tool = WORDS_OF_TOOL.iter().any(|word| small.contains(word));
    let is_of_key = small.contains("eth");
    // Digits may follow the words at once.
    let apart = |word: &str| format!("{}-", "z".repeat(word.len() - 1));
    let name = &WORDS_OF_TOOL.iter().fold(Zeroizing::new(small), |name, word| name.replace(word, &apart(word)).into());
    let pieces: Vec<Option<Piece>> = runs(name, char::is_alphanumeric).into_iter().map(Piece::of).collect();
    let pieces = without_plain(name, pieces);
    pieces.split(Option::is_none).find_map(|group| {
        let group: Vec<Piece> = group.iter().flatten().copied().collect();
        let letters: usize = group.iter().map(|piece| piece.letters).sum();
        let figures: usize = group.iter().map(|piece| piece.figures).sum();
        let is_half = named == Named::File && letters + figures >= HALF;
        // Figures alone may be a number or a date, unless the name says that they are of a key.
        let tells = is_of_key || (letters > 0 && figures > 0);
        if is_of_tool && tells && letters + figures >= OF_TOOL {
            return ends(&group);
        }
        group.first().zip(group.last()).filter(|_| is_half).map(|(first, last)| (first.from, last.to))
    })
}

/// From where to where pieces of a name that Aztec's tool gave are digits of a key, without the numbers of the key before it and of a
/// copy after it.
fn ends(group: &[Piece]) -> Option<(usize, usize)> {
    let is_number = |piece: &Piece, figures: usize| piece.letters == 0 && piece.figures <= figures;
    let is_left = |from: usize| group.iter().skip(from).map(Piece::length).sum::<usize>() >= OF_TOOL;
    let numbers = group.iter().take(MOST_NUMBERS).take_while(|piece| is_number(piece, 3)).count();
    let from = (0..=numbers).rev().find(|from| is_left(*from)).unwrap_or(0);
    let digits = group.get(from..)?;
    let digits = match digits {
        [others @ .., copy] if is_number(copy, 2) && others.last().is_some_and(|one| one.length() >= OF_TOOL) => others,
        _ => digits,
    };
    digits.first().zip(digits.last()).map(|(first, last)| (first.from, last.to))
}

/// Pieces without addresses, dates and UUIDs.
fn without_plain(name: &str, mut pieces: Vec<Option<Piece>>) -> Vec<Option<Piece>> {
    let text = |pieces: &[Option<Piece>]| {
        let (first, last) = (pieces.first().copied().flatten()?, pieces.last().copied().flatten()?);
        pieces.iter().all(Option::is_some).then(|| name.get(first.from..last.to)).flatten()
    };
    for length in [UUID, DATE] {
        for at in 0..pieces.len() {
            if let Some(group) = pieces.get_mut(at..at + length)
                && text(group).is_some_and(|text| is_plain(&text.replace('_', "-")))
            {
                group.fill(None);
            }
        }
    }
    pieces.into_iter().map(|piece| piece.filter(|piece| piece.length() != ADDRESS)).collect()
}

/// Where characters of a kind follow each other.
fn runs(text: &str, is_of_run: impl Fn(char) -> bool) -> Vec<(usize, &str)> {
    let (mut runs, mut at) = (Vec::new(), 0);
    for run in text.split(|character| !is_of_run(character)) {
        if !run.is_empty() {
            runs.push((at, run));
        }
        let next = text.get(at + run.len()..).and_then(|rest| rest.chars().next());
        at += run.len() + next.map_or(0, char::len_utf8);
    }
    runs
}

#[cfg(test)]
mod tests {
    use bip39::{Language, Mnemonic};
    use proptest::prelude::*;

    use super::super::shown::without_secrets;

    #[test]
    fn names_of_operators_are_shown() {
        for name in [
            "server-1.json",
            "eu-central-1-validator-keys-main-2.json",
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301.json",
            "UTC--2026-11-27T10-00-00.000000000Z--90f79bf6eb2c4f870365e785982e1f101e93b906",
            "server-0x90F79bf6EB2c4f870365E785982E1f101E93b906.json",
            "keystore-m_12381_3600_0_0_0-1700000000.json",
            "backup-2026-11-27-10-00-00.json",
            "publisher-2026-11-27.json",
            "i-0abcd1234ef567890.json",
            "attester_12_eu1.json",
            "the keys that you like to use on the main server.json",
        ] {
            assert_eq!(without_secrets(name), name);
        }
    }

    #[test]
    fn digits_and_words_are_hidden_also_where_marks_stand_between_them() {
        for (name, shown) in [
            ("keystore-eth-attester_1_c0ffee2_5.json", "keystore-eth-attester_1_<hidden>.json"),
            ("keystore-eth-attester_1_c_0_f_f_e_e_2_5.json", "keystore-eth-attester_1_<hidden>.json"),
            ("keystore-eth-attester_1_12 34 56 78.json", "keystore-eth-attester_1_<hidden>.json"),
            ("keystore-eth-attester_12_c0ffee25_123456.json", "keystore-eth-attester_12_<hidden>.json"),
            ("attester_1_c0ffee2x5.json", "attester_1_<hidden>.json"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_c0ffee2_5.json", "<hidden>.json"),
            ("copy-aaaaaaaaaaaaaaaaaaaaaaaa-c0ffee2_5.json", "copy-<hidden>.json"),
            ("legal-winner-thank-year-wave-sausage.json", "<hidden>.json"),
            ("my_1legal2winner3thank4year5wave6sausage-7.json", "my_1<hidden>-7.json"),
            ("LegalWinnerThankYearWaveSausage.json", "<hidden>.json"),
            ("legal%20winner%20thank%20year%20wave%20sausage.json", "<hidden>.json"),
            ("0abdikace_1abdikace_2abdikace_3abdikace_4abdikace_5abeceda_6spornost.json", "<hidden>.json"),
            ("keystore-eth-attester00acab97.json", "keystore-eth-attester<hidden>.json"),
            ("%6cegal winner %74hank year wave sausage.json", "<hidden>.json"),
            ("legal-winner-thank-year-wave.json", "legal-winner-thank-year-wave.json"),
        ] {
            assert_eq!(without_secrets(name), shown);
            assert_eq!(without_secrets(&format!("/keys/{name}")), format!("/keys/{shown}"));
        }
    }

    proptest! {
        #[test]
        fn no_word_of_half_a_mnemonic_is_shown(
            entropy: [u8; 32], count in 6_usize..12, begin in 0_usize..12, between in "[-_ .~+]{1,2}|%20|[0-9]{1,2}|_[0-9]-",
            is_numbered: bool, is_upper: bool, (before, after) in ("(zzyzx-)?", "(-[0-9])?(\\.txt)?"),
        ) {
            for language in [Language::English, Language::Spanish, Language::Czech, Language::Japanese] {
                let phrase = Mnemonic::from_entropy_in(language, &entropy).unwrap().to_string();
                let words: Vec<&str> = phrase.split_whitespace().skip(begin).take(count).collect();
                let number = |(at, word): (usize, &&str)| if is_numbered { format!("{at}{word}") } else { (*word).to_owned() };
                let name = words.iter().enumerate().map(number).collect::<Vec<_>>().join(&between);
                let name = if is_upper { name.to_uppercase() } else { name };
                let shown = without_secrets(&format!("q/{before}{name}{after}")).to_lowercase().replace("<hidden", "<");
                prop_assert!(words.iter().all(|word| !shown.contains(word)), "{name}: {shown}");
            }
        }

        #[test]
        fn no_piece_of_a_key_is_shown(
            key in "[1-9a-f][0-9a-f]{63}", length in 8_usize..40, sizes in prop::collection::vec(1_usize..9, 1..9),
            between in "[-_ .]",
        ) {
            let cut = |length: usize| {
                let (mut pieces, mut rest) = (Vec::new(), &key[..length]);
                for size in sizes.iter().cycle() {
                    let (piece, after) = rest.split_at((*size).min(rest.len()));
                    pieces.push(piece);
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                pieces
            };
            let is_shown = |pieces: &[&str], shown: &str| {
                pieces.windows(2).any(|two| shown.contains(&two.join(&between))) || pieces.iter().any(|piece| piece.len() > 3 && shown.contains(piece))
            };
            let pieces = cut(length);
            let shown = without_secrets(&format!("keystore-eth-attester_1_{}.json", pieces.join(&between)));
            let after = shown.strip_prefix("keystore-eth-attester_1_").unwrap_or(&shown);
            prop_assert!(!is_shown(&pieces, after), "{pieces:?}: {shown}");
            let pieces = cut(length + 24);
            let shown = without_secrets(&format!("keys/server-{}.json", pieces.join(&between)));
            let after = shown.strip_prefix("keys/server-").unwrap_or(&shown);
            prop_assert!(!is_shown(&pieces, after), "{pieces:?}: {shown}");
        }
    }
}
