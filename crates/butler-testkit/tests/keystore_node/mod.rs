//! The fake node that loads a keystore: it does what a real 4.1.2 did, in every recorded case.

mod captured;
mod cases;
mod faults;
mod rules;
mod stage;
