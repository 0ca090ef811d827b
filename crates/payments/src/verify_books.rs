//! `motlan verify`.
