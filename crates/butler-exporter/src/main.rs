//! `butler-exporter`: the library does the work.

use std::process::ExitCode;

use butler_exporter::arena::start_with_one_arena;
use butler_exporter::program::{Arguments, main_with};
use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_with_one_arena();
    main_with(&arguments).into()
}
