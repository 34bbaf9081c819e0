//! Bytes of a key file. A refused file gives nothing, and no output has a key of it.
#![no_main]

use butler_core::fuzzing;
use libfuzzer_sys::fuzz_target;

/// The longest run of hexadecimal digits: more than 40 are no address.
fn longest_run(text: &str) -> usize {
    text.split(|character: char| !character.is_ascii_hexdigit()).map(str::len).max().unwrap_or_default()
}

fuzz_target!(|file: &[u8]| {
    let report = fuzzing::key_file(file);
    let is_refused = report.faults.iter().any(|fault| fault.refuses_file());
    assert_eq!(report.files.len(), usize::from(!is_refused), "taken or refused");
    assert!(!is_refused || report.book.entries.is_empty());
    let book = format!("{:?}", report.book);
    assert!(longest_run(&book) <= 40, "{book}");
    assert!(report.faults.len() <= 21);
    for fault in &report.faults {
        let text = fault.to_string();
        assert!(longest_run(&text) <= 40, "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(report.key_file_count() <= report.files.len());
});
