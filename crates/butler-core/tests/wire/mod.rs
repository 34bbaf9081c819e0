//! What comes over the wire from an endpoint or a node: bounded, told apart, and never quoted with a secret.

mod bounds;
mod causes;
mod raw;
mod refusals;
mod secrets;
