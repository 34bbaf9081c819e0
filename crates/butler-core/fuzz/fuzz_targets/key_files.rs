//! Bytes of a key file. A file is taken as a whole or not at all, and no fault repeats a key of it.
#![no_main]

use butler_core::fuzzing;
use libfuzzer_sys::fuzz_target;

/// The longest run of hexadecimal digits: more than 40 are no address.
fn longest_run(text: &str) -> usize {
    text.split(|character: char| !character.is_ascii_hexdigit()).map(str::len).max().unwrap_or_default()
}

fuzz_target!(|file: &[u8]| {
    let report = fuzzing::key_file(file);
    assert_eq!(report.files.len(), usize::from(report.faults.is_empty()), "as a whole or not at all");
    assert!(report.faults.is_empty() || report.book.entries.is_empty());
    assert!(report.faults.len() <= 21);
    for fault in &report.faults {
        let text = fault.to_string();
        assert!(longest_run(&text) <= 40, "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(report.key_file_count() <= report.files.len());
});
