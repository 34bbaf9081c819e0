//! `butler-watcher`: the library does the work.

use std::process::ExitCode;

fn main() -> ExitCode {
    butler_watcher::program::main().into()
}
