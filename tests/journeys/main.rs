//! Journeys over real HTTP: a gateway, its database, and the simulators on the other side of every wire.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod canaries;
mod conformance;
mod deliveries;
mod demonstration;
mod finance;
mod floors;
mod idempotency;
mod interruptions;
mod measured;
mod model;
mod proxies;
mod races;
mod refund_calls;
mod refunds;
mod refusals;
mod round_trips;
mod settlements;
mod side_by_side;
mod slow_providers;
mod statements;
mod story;
mod telemetry;
mod traces;
mod transfers;
