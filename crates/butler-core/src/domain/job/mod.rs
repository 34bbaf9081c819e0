//! Work that is configured: pipelines of jobs, each done once for each item of a pipeline.
//!
//! Here is what can be said of them without doing anything: names, items, the arguments that a command or a service gets, which
//! job waits for which, what may be created next, and a picture of it. A job that is done for an item is an action of the
//! watcher's journal like any other; this folder knows no action.

mod argument;
mod graph;
mod item;
mod name;
mod path;
mod picture;
mod stream;

#[cfg(test)]
mod tests;

pub use self::argument::{ARGUMENT_LIMIT, Argument, InvalidArgument, Value};
pub use self::graph::{Graph, GraphFault, JobNode, Standing};
pub use self::item::{InvalidItem, Item};
pub use self::name::{InvalidJobId, InvalidName, JobId, JobName, NAME_LIMIT, PipelineName};
pub use self::path::{ArtifactPath, InvalidPath, ItemPart, ServicePart, ServicePath};
pub use self::picture::mermaid;
pub use self::stream::{Stream, period_of_epoch};
