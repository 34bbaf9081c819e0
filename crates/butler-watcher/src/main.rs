//! `butler-watcher`: the library does the work.

use std::process::ExitCode;

use butler_watcher::program::{Arguments, main_with};
use clap::Parser as _;

fn main() -> ExitCode {
    main_with(&Arguments::parse()).into()
}
