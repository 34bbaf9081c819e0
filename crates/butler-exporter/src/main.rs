//! `butler-exporter`: the library does the work.

use std::process::ExitCode;

fn main() -> ExitCode {
    butler_exporter::program::main().into()
}
