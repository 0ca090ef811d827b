//! Journeys over real HTTP: a gateway, its database, and the simulators on the other side of every wire.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod administration;
mod canaries;
mod clients;
mod conformance;
mod crash_points;
mod deliveries;
mod demonstration;
mod documents;
mod erased;
mod exports;
mod finance;
mod floors;
mod idempotency;
mod interruptions;
mod measured;
<<<<<<< HEAD
mod mutations;
mod outgoing;
mod people;
mod previous_release;
=======
mod model;
>>>>>>> wt-model
mod proxies;
mod races;
mod refund_calls;
mod refunds;
mod refusals;
mod restored;
mod round_trips;
mod settlements;
mod side_by_side;
mod slow_providers;
mod sockets;
mod statements;
mod story;
mod telemetry;
mod traces;
mod transfers;
