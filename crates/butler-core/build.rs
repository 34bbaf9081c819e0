//! Lays the word lists of BIP-39 into one table of bytes and numbers. The lists of a library are tables of references, of which
//! each costs a relocation whenever a program starts, whether or not it looks at a word.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use bip39::Language;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Letters that suffice to tell the words of most lists apart.
const ABBREVIATION: usize = 4;

/// The lists that have a word, by number, each with the word's place there.
type Places = Vec<(usize, usize)>;

#[expect(clippy::disallowed_methods, reason = "cargo alone reads what a build makes, and makes it again")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var("OUT_DIR")?;
    let folder = Path::new(&folder);
    let words = words();
    let text: String = words.keys().map(String::as_str).collect();
    std::fs::write(folder.join("words.txt"), text)?;
    std::fs::write(folder.join("words.rs"), tables(&words)?)?;
    Ok(())
}

/// Every word in the form that is looked for, the same without its accents, and what is short for a word of Latin letters.
fn words() -> BTreeMap<String, Places> {
    let all = || {
        Language::ALL.iter().enumerate().flat_map(|(list, language)| {
            let words = language.word_list().iter().enumerate();
            words.map(move |(place, word)| (list, place, word.nfkd().collect::<String>()))
        })
    };
    // Of scripts with letters of their own a mark makes another letter.
    let plain = || {
        let without_marks =
            |word: String| word.chars().filter(|letter| !is_combining_mark(*letter)).collect::<String>();
        all().map(move |(list, place, word)| (list, place, without_marks(word))).filter(|(.., word)| word.is_ascii())
    };
    let short =
        || plain().map(|(list, place, word)| (list, place, word.chars().take(ABBREVIATION).collect::<String>()));
    // Japanese words are cut to as many characters as they are written with.
    let cut = || {
        let letters = |word: &str| word.nfc().take(ABBREVIATION).collect::<String>().nfkd().collect::<String>();
        all().filter(|(.., word)| !word.is_ascii()).map(move |(list, place, word)| (list, place, letters(&word)))
    };
    let mut words = BTreeMap::<String, Places>::new();
    // A whole word is meant before a short one.
    for (list, place, word) in all().chain(plain()).chain(short()).chain(cut()) {
        let known = words.entry(word).or_default();
        if known.iter().all(|(other, _)| *other != list) {
            known.push((list, place));
        }
    }
    // A word with an accent may be meant for one of another list that has none.
    let plain = words.clone();
    for (word, places) in words.iter_mut().filter(|(word, _)| !word.is_ascii()) {
        for (list, place) in plain.get(&without_marks(word)).into_iter().flatten() {
            if places.iter().all(|(other, _)| other != list) {
                places.push((*list, *place));
            }
        }
    }
    words
}

fn without_marks(word: &str) -> String {
    word.chars().filter(|letter| !is_combining_mark(*letter)).collect()
}

/// Where each word begins in the text, where its places begin, and those.
fn tables(words: &BTreeMap<String, Places>) -> Result<String, std::fmt::Error> {
    let (mut begins, mut firsts, mut places) = (String::new(), String::new(), String::new());
    let (mut begin, mut first) = (0, 0);
    for (word, of_word) in words {
        write!(begins, "{begin},")?;
        write!(firsts, "{first},")?;
        begin += word.len();
        first += of_word.len();
        for (list, place) in of_word {
            write!(places, "({list},{place}),")?;
        }
    }
    let ends = words.len() + 1;
    Ok(format!(
        "static BEGINS: [u32; {ends}] = [{begins}{begin}];\n\
         static FIRSTS: [u16; {ends}] = [{firsts}{first}];\n\
         static PLACES: [(u8, u16); {first}] = [{places}];\n"
    ))
}
