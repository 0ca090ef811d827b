//! The peak of the memory of this process, as Linux counts it (`/proc/self/status`).

fn kilobytes(name: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs `act` and gives its result, and by how many KiB the resident memory rose above where it stood; `None` where the
/// system does not tell.
pub fn rise<T>(act: impl FnOnce() -> T) -> (T, Option<usize>) {
    let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = kilobytes("VmRSS:");
    let result = act();
    let rise = kilobytes("VmHWM:").zip(before).filter(|_| reset).map(|(peak, before)| peak.saturating_sub(before));
    (result, rise)
}
