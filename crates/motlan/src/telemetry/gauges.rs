//! What is so now, read when `/metrics` is asked for. Names and labels stand in the table of `telemetry`.

use opentelemetry::KeyValue;
use opentelemetry::metrics::AsyncInstrument;
use std::sync::{Arc, Mutex, PoisonError};
use storage::Pool;
use storage::backlog::{Backlog, Counts};
use telemetry::metrics::{
    BACKLOG, BACKLOG_OLDEST, DATABASE_CONNECTIONS, DATABASE_CONNECTIONS_MAX, Metric, REDIS_UP, meter,
};
use volatile::Volatile;

pub fn backlog(seen: Arc<Mutex<Backlog>>) {
    let oldest = Arc::clone(&seen);
    gauge(&BACKLOG, move |observer| {
        let backlog = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (state, counts) in [("due", &backlog.due), ("waiting", &backlog.waiting), ("parked", &backlog.parked)] {
            for (queue, count) in queues(counts) {
                observer.observe(count, &[KeyValue::new("state", state), KeyValue::new("queue", queue)]);
            }
        }
    });
    gauge(&BACKLOG_OLDEST, move |observer| {
        observer.observe(oldest.lock().unwrap_or_else(PoisonError::into_inner).oldest_due_s, &[]);
    });
}

pub fn pool(pool: Pool) {
    let sized = pool.clone();
    gauge(&DATABASE_CONNECTIONS, move |observer| {
        let load = pool.load();
        for (state, count) in [("used", load.used), ("idle", load.idle), ("waiting", load.waiting)] {
            observer.observe(whole(count), &[KeyValue::new("state", state)]);
        }
    });
    gauge(&DATABASE_CONNECTIONS_MAX, move |observer| observer.observe(whole(sized.load().max), &[]));
}

pub fn redis(volatile: Volatile) {
    gauge(&REDIS_UP, move |observer| observer.observe(i64::from(volatile.is_up() == Some(true)), &[]));
}

fn gauge(metric: &Metric, read: impl Fn(&dyn AsyncInstrument<i64>) + Send + Sync + 'static) {
    meter().i64_observable_gauge(metric.name).with_description(metric.meaning).with_callback(read).build();
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn queues(counts: &Counts) -> [(&'static str, i64); 7] {
    [
        ("inbox", counts.inbox),
        ("outbox", counts.outbox),
        ("polls", counts.polls),
        ("refunds", counts.refunds),
        ("movements", counts.movements),
        ("unsealed", counts.unsealed),
        ("mail", counts.mail),
    ]
}
