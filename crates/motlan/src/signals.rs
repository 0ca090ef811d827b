//! Waits for whoever wants the process to end.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at SIGTERM or SIGINT.
///
/// # Errors
/// When the process cannot listen for signals.
pub async fn end() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
