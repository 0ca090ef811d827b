//! What is left to do, as `/backlog` and `motlan work --drain` see it: the same from every process.

use crate::error::StorageError;
use crate::pool::Db;

/// One column of the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub inbox: i64,
    pub outbox: i64,
    pub polls: i64,
    pub refunds: i64,
    pub movements: i64,
    pub unsealed: i64,
    /// Mails to payers.
    pub mail: i64,
}

impl Counts {
    pub fn total(&self) -> i64 {
        self.inbox + self.outbox + self.polls + self.refunds + self.movements + self.unsealed + self.mail
    }
}

/// `due`: could be done now. `waiting`: has its time later. `parked`: given up, a person decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    pub due: Counts,
    pub waiting: Counts,
    pub parked: Counts,
    pub oldest_due_s: i64,
}

const BACKLOG: &str = "select
    (select count(*) from payment p join attempt a on a.profile = p.profile and a.order_ref = p.order_ref
        where p.intent_id is null and p.recorded_at > now() - interval '72 hours') as inbox_due,
    (select count(*) from kase where kind = 'poison' and status <> 'closed') as inbox_parked,
    (select count(*) from event where feed_position is null)
        + (select count(*) from delivery where state in ('waiting', 'leased') and next_at <= now()) as outbox_due,
    (select count(*) from delivery where state in ('waiting', 'leased') and next_at > now()) as outbox_waiting,
    (select count(*) from delivery d join event_endpoint p on p.id = d.endpoint_id
     where d.state = 'dead' and p.disabled_at is null) as outbox_parked,
    (select count(*) from attempt_watch w where w.next_at <= now()) as polls_due,
    (select count(*) from attempt_watch w where w.next_at > now()) as polls_waiting,
    (select count(*) from attempt where status = 'unknown') as polls_parked,
    (select count(*) from refund_watch where next_at <= now()) as refunds_due,
    (select count(*) from refund_watch where next_at > now())
        + (select count(*) from refund where status = 'awaiting_statement') as refunds_waiting,
    (select count(*) from refund where status = 'unknown') as refunds_parked,
    (select count(*) from movement where fate is null) as movements_waiting,
    (select count(*) from deposit where sought_at is null) as movements_due,
    (select count(*) from unsealed) as unsealed_due,
    (select count(*) from receipt_mail where state = 'queued' and next_at <= now()) as mail_due,
    (select count(*) from receipt_mail where state = 'queued' and next_at > now()) as mail_waiting,
    (select count(*) from receipt_mail where state = 'parked') as mail_parked,
    greatest(0, extract(epoch from now() - least(
        (select min(at) from event where feed_position is null),
        (select min(next_at) from delivery where state in ('waiting', 'leased') and next_at <= now()),
        (select min(next_at) from attempt_watch where next_at <= now()),
        (select min(next_at) from refund_watch where next_at <= now()),
        (select min(at) from unsealed)))::bigint) as oldest_due_s";

pub async fn read(db: &Db) -> Result<Backlog, StorageError> {
    let statement = db.prepare_cached(BACKLOG).await?;
    let row = db.query_one(&statement, &[]).await?;
    Ok(Backlog {
        due: Counts {
            inbox: row.get("inbox_due"),
            outbox: row.get("outbox_due"),
            polls: row.get("polls_due"),
            refunds: row.get("refunds_due"),
            movements: row.get("movements_due"),
            unsealed: row.get("unsealed_due"),
            mail: row.get("mail_due"),
        },
        waiting: Counts {
            outbox: row.get("outbox_waiting"),
            polls: row.get("polls_waiting"),
            refunds: row.get("refunds_waiting"),
            movements: row.get("movements_waiting"),
            mail: row.get("mail_waiting"),
            ..Counts::default()
        },
        parked: Counts {
            inbox: row.get("inbox_parked"),
            outbox: row.get("outbox_parked"),
            polls: row.get("polls_parked"),
            refunds: row.get("refunds_parked"),
            mail: row.get("mail_parked"),
            ..Counts::default()
        },
        oldest_due_s: row.get::<_, Option<i64>>("oldest_due_s").unwrap_or(0),
    })
}
