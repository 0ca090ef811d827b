//! Journeys that play hundreds of orders play a third of them, another third on each day; `MOTLAN_ORDERS=all make test` plays them
//! all. What fails on one day fails again under its order alone: each says its own.

use crate::files::today;

const EXTENT: &str = "MOTLAN_ORDERS";

/// Whether today's third has the n-th of anything.
pub fn is_todays(n: usize) -> bool {
    n % 3 == today().day_of_year().unsigned_abs() as usize % 3
}

/// Whether the n-th order is played.
pub fn is_played(n: usize) -> bool {
    is_todays(n) || std::env::var(EXTENT).is_ok_and(|which| which == "all")
}
