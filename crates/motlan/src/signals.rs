//! Waits for whoever wants the process to end.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears SIGTERM and SIGINT from when it is made: one that comes while the process starts is not lost, and does not cut
/// the start off half-way.
pub struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    /// # Errors
    /// When the process cannot listen for signals.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn wished(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
