//! The words of a program: text of the configuration, and values that are whole words.
//!
//! A value is a number, a digest, a key or a path that begins with `/`. None can be taken for an option, and none ends a word.

use std::path::Path;

use butler_core::domain::job::{Argument, Value};

use super::task::{Task, hex};

/// The longest word in bytes.
const LONGEST: usize = 4_096;

/// Fills the values in; the artifact's place is `artifact`.
///
/// # Errors
/// Why that cannot be, for a person.
pub(super) fn filled(argv: &[Argument], task: &Task, artifact: Option<&Path>) -> Result<Vec<String>, String> {
    argv.iter().map(|argument| word(argument, task, artifact)).collect()
}

/// One argument as it is passed.
pub(super) fn word(argument: &Argument, task: &Task, artifact: Option<&Path>) -> Result<String, String> {
    let value = match argument {
        Argument::Fixed(text) if text.contains('\0') => return Err("a word has a NUL character in it".to_owned()),
        Argument::Fixed(text) => return Ok(text.clone()),
        Argument::Value(value) => value,
    };
    let text =
        text(value, task, artifact).ok_or_else(|| format!("there is nothing to put in the place of `{value}`"))?;
    if is_whole(&text) {
        Ok(text)
    } else {
        Err(format!("what belongs in the place of `{value}` is not passed to a program"))
    }
}

fn text(value: &Value, task: &Task, artifact: Option<&Path>) -> Option<String> {
    let path = |path: &Path| path.is_absolute().then(|| path.to_str().map(str::to_owned)).flatten();
    match value {
        Value::Item => Some(task.item.to_string()),
        Value::First => Some(task.item.first().to_string()),
        Value::Last => Some(task.item.last().to_string()),
        Value::Previous => task.item.before().map(|before| before.to_string()),
        Value::Key => Some(task.key.clone()),
        Value::Try => Some(task.attempt.to_string()),
        Value::Artifact => path(artifact?),
        Value::Input(job) => path(&task.inputs.get(job.as_str())?.path),
        Value::Digest(job) => Some(hex(&task.inputs.get(job.as_str())?.digest)),
    }
}

/// Whether it can be nothing else than one word that is no option.
fn is_whole(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first == '/' || first.is_ascii_alphanumeric());
    begins && text.len() <= LONGEST && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use butler_core::domain::job::Item;
    use proptest::prelude::*;

    use super::super::task::Input;
    use super::*;

    fn task(key: &str, path: &str) -> Task {
        let input = Input { path: PathBuf::from(path), digest: [7; 32] };
        Task {
            pipeline: "blocks".to_owned(),
            job: "prove".to_owned(),
            item: Item::new(10, 19).unwrap(),
            key: key.to_owned(),
            attempt: 2,
            inputs: BTreeMap::from([("snos".to_owned(), input)]),
            artifact: None,
        }
    }

    fn words(argv: &[&str], task: &Task) -> Result<Vec<String>, String> {
        let argv: Vec<Argument> = argv.iter().map(|text| text.parse().unwrap()).collect();
        filled(&argv, task, Some(Path::new("/var/lib/a b/pie.bin")))
    }

    #[test]
    fn a_value_is_one_word_and_text_stays_as_it_is() {
        let argv = ["/bin/prove", "$(id);", "-o", "{item}", "{first}", "{last}", "{previous}", "{key}", "{try}"];
        let more = ["{artifact}", "{input.snos}", "{digest.snos}"];
        let words = words(&[&argv[..], &more[..]].concat(), &task("job-1", "/in/pie")).unwrap();
        let expected =
            ["/bin/prove", "$(id);", "-o", "10-19", "10", "19", "0-9", "job-1", "2", "/var/lib/a b/pie.bin", "/in/pie"];
        assert_eq!(words[..11], expected);
        assert_eq!(words[11], "07".repeat(32));
    }

    #[test]
    fn what_could_be_an_option_or_two_lines_is_refused() {
        for key in ["-o", "--out=/etc/passwd", "", "a\nb", "a\0b", ";id", "$(id)", "\u{202e}a"] {
            assert!(words(&["/bin/prove", "{key}"], &task(key, "/in/pie")).is_err(), "{key:?}");
        }
        for path in ["pie", "-o", "/in/a\nb", ""] {
            assert!(words(&["/bin/prove", "{input.snos}"], &task("job", path)).is_err(), "{path:?}");
        }
        assert!(words(&["/bin/prove", "{input.other}"], &task("job", "/in/pie")).is_err());
        let first = Task { item: Item::one(0), ..task("job", "/in/pie") };
        assert!(words(&["/bin/prove", "{previous}"], &first).is_err());
        let argv = [Argument::Value(Value::Artifact)];
        assert!(filled(&argv, &first, None).is_err());
    }

    proptest! {
        #[test]
        fn whatever_a_value_is_it_is_passed_as_it_is_or_not_at_all(key in any::<String>()) {
            match words(&["/bin/prove", "{key}", "end"], &task(&key, "/in/pie")) {
                Ok(words) => {
                    prop_assert_eq!(&words[1], &key);
                    prop_assert!(words.len() == 3 && !key.starts_with('-') && !key.contains(['\n', '\0']));
                }
                Err(why) => prop_assert_eq!(why, "what belongs in the place of `{key}` is not passed to a program"),
            }
        }
    }
}
