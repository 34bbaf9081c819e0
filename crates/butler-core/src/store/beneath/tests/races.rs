//! Other writers in the worst moments.
