//! `butler-exporter`: the library does the work.

use std::process::ExitCode;

use butler_exporter::program::{Arguments, main_with};
use clap::Parser as _;
use mimalloc::MiMalloc;

// A snapshot is much memory for a moment, on whichever thread reads it. The system's allocator keeps that for each thread;
// this one gives it back.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    main_with(&Arguments::parse()).into()
}
