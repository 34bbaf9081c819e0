//! Tests of core through what it exports, in one program: each of its own would be linked with everything.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod aztec_node;
mod capabilities;
mod config_case;
mod config_channels;
mod config_fault_endpoints;
mod config_faults;
mod config_key_files;
mod config_keystores;
mod config_labels;
mod config_layers;
mod config_pipelines;
mod config_properties;
mod domain_diagram;
mod duties_book;
mod duties_liars;
mod faults;
mod findings_page;
mod fuzz_seeds;
mod governance;
mod key_file_disguised;
mod key_file_encodings;
mod key_file_examples;
mod key_file_honest;
mod key_file_node;
mod key_file_planted;
mod key_file_rows;
mod key_file_secrets;
mod key_file_shapes;
mod key_files;
mod ledger;
mod liars;
mod liars_calls;
mod liars_heads;
mod liars_readers;
mod liars_rollups;
mod log_widths;
mod moving_chain;
#[path = "support/naive.rs"]
mod naive;
mod packs;
mod proposers;
mod rollups;
mod safe_chaos;
mod safe_contracts;
mod safe_service;
mod signatures;
mod slashers;
mod slashing;
mod snapshot;
mod splits;
mod stakes;
mod support;
mod transactions;
#[path = "support/side_by_side.rs"]
mod trials;
mod wire;
mod witnesses;
