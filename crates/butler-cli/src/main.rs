//! `butler-cli`: where every attester stands, and what is wrong with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    butler_cli::main()
}
