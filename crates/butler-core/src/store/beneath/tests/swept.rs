//! What killed writers leave, and what only looks like it.
