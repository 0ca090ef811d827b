//! Runs the table of tasks: each on its own period, woken early by `ctx.wake`, none stopped by another's failure.

use crate::failure::Failure;
use crate::tasks::{Outcome, TASKS, Task};
use futures_util::FutureExt;
use payments::Context;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// A task that fails is tried again this often at the longest.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// A process has 10 s to end; what is not done by then is taken up by another worker when its lease ends.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// The tasks of one process, running. Dropped without `stop`, they end where they stand.
pub struct Worker {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts every task of the table on the present tokio runtime.
pub fn start(ctx: Context) -> Worker {
    start_these(&ctx, TASKS)
}

impl Worker {
    /// Finishes the passes under way, within a limit, and begins none.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_LIMIT, ended).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "a pass did not end in time and is cut off");
            self.tasks.shutdown().await;
        }
    }
}

/// One bell per task: a ring while a pass is under way is kept for after it.
type Bells = HashMap<&'static str, Arc<Notify>>;

fn start_these(ctx: &Context, table: &'static [Task]) -> Worker {
    let (stop, stopped) = watch::channel(false);
    let bells: Arc<Bells> = Arc::new(table.iter().map(|t| (t.name, Arc::default())).collect());
    let mut tasks = JoinSet::new();
    for task in table {
        tasks.spawn(run(*task, ctx.clone(), Arc::clone(&bells), stopped.clone()));
    }
    tasks.spawn(pass_on(ctx.clone(), table, bells, stopped));
    Worker { stop, tasks }
}

/// `ctx.wake` wakes one waiter; this is that waiter, and it rings for every task that wants to hear.
async fn pass_on(ctx: Context, table: &'static [Task], bells: Arc<Bells>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = ctx.wake.notified() => {}
        }
        for task in table.iter().filter(|t| t.woken) {
            ring(&bells, task.name);
        }
    }
}

fn ring(bells: &Bells, name: &str) {
    if let Some(bell) = bells.get(name) {
        bell.notify_one();
    }
}

async fn run(task: Task, ctx: Context, bells: Arc<Bells>, mut stopped: watch::Receiver<bool>) {
    let Some(bell) = bells.get(task.name) else { return };
    let mut failures = 0_u32;
    loop {
        if *stopped.borrow() {
            return;
        }
        let outcome = pass(task, &ctx).await;
        failures = if outcome.is_ok() { 0 } else { failures.saturating_add(1) };
        let next = next_after(task, &outcome, failures);
        report(task, &outcome, failures, next);
        if let (Ok(1..), Some(fed)) = (&outcome, task.feeds) {
            ring(&bells, fed);
        }
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(next) => {}
            // a task that fails keeps its distance, whoever rings
            () = bell.notified(), if failures == 0 => {}
        }
    }
}

async fn pass(task: Task, ctx: &Context) -> Outcome {
    let begun = Instant::now();
    let outcome = AssertUnwindSafe((task.run)(ctx.clone())).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|payload| Err(Failure::of_panic(&*payload)));
    let word = if outcome.is_ok() { "done" } else { "failed" };
    telemetry::metrics::TASKS.took(begun.elapsed(), &[("task", task.name), ("outcome", word)]);
    outcome
}

/// At once, after the period, or, when failing, after a wait that doubles.
fn next_after(task: Task, outcome: &Outcome, failures: u32) -> Duration {
    match outcome {
        Ok(found) if *found >= task.again_from => Duration::ZERO,
        Ok(_) => task.period,
        Err(_) => {
            let doubled = Duration::from_millis(500).saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
            doubled.min(LONGEST_BACK_OFF)
        }
    }
}

fn report(task: Task, outcome: &Outcome, failures: u32, next: Duration) {
    match outcome {
        Ok(0) => {}
        Ok(found) => tracing::debug!(task = task.name, found, "pass"),
        Err(failure) => {
            let again_in_ms = u64::try_from(next.as_millis()).unwrap_or(u64::MAX);
            tracing::error!(task = task.name, error = %failure, failures, again_in_ms, "task failed");
        }
    }
}

#[cfg(test)]
mod tests;
