//! Tests of the whole program, in one program: each of its own would be linked with everything.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod approvals;
mod bombs;
mod chats;
mod check;
mod clients;
mod coinbases;
mod coinbases_held;
mod coinbases_killed;
mod coinbases_order;
mod coinbases_refused;
mod coinbases_secret;
mod coinbases_servers;
mod flood;
mod groups;
mod heartbeat;
mod jobs;
mod liars;
mod live;
mod page;
mod program;
mod proofs;
mod reloads;
mod reorgs;
mod replay;
mod requests;
mod runbooks;
mod safe_proposals;
mod scenario;
mod start;
mod state;
mod support;
mod trouble;
mod webhooks;
