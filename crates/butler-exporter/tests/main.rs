//! Tests of the whole program, in one program: each of its own would be linked with everything.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod beyond;
mod bombs;
mod claims;
mod clock;
mod cut_over;
mod devices;
mod devnet;
mod duties;
mod expected;
mod families;
mod files_gone;
mod former_duties;
mod guessers;
mod hosts;
mod http;
mod liars;
mod memory;
mod node_table;
mod nodes;
mod page;
mod program;
mod reload;
mod sentinel;
mod stakes;
mod strangers;
mod support;
mod tls;
