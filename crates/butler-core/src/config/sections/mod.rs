//! The sections of single programs as types, one file each. What a reload has to begin anew is told by comparing them.

pub(crate) mod channels;
pub(crate) mod exporter;
pub(crate) mod http;
pub(crate) mod jobs;
pub(crate) mod log;
mod mail;
pub(crate) mod manner;
pub(crate) mod outputs;
pub(crate) mod scrape;
pub(crate) mod template;
pub(crate) mod watcher;
