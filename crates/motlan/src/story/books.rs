//! The books as an auditor sees them: the views of schema `assurance`, over the read-only role. Nothing here reads a
//! table of the gateway's own, and nothing is trusted to be bigint that the contract does not say is.

use tokio_postgres::{Client, NoTls, Row};

use super::stop::Stop;

pub struct Books(Client);

pub struct Payment {
    pub id: String,
    pub channel: String,
    pub profile: String,
    pub provider_txn_id: String,
    pub amount: i64,
    pub reversed: i64,
    pub allocated: i64,
    /// What this payment left on clearing accounts.
    pub clearing: i64,
}

pub struct Unsettled {
    pub number: String,
    pub amount: i64,
    /// Hanoi's, as the API writes it.
    pub day: String,
    /// A person is asked about it already.
    pub in_case: bool,
}

pub struct Sighting {
    pub source: String,
    pub source_key: String,
    pub state: String,
}

pub struct Transition {
    pub version: i64,
    pub from: String,
    pub to: String,
    pub cause: String,
}

pub struct Account {
    pub code: String,
    pub kind: String,
    pub entries: i64,
    pub all: i64,
    pub this_run: i64,
}

pub struct ByObligation {
    pub obligation_id: String,
    pub status: String,
    pub due: i64,
    pub allocated: i64,
    pub booked: i64,
}

pub struct Event {
    pub id: String,
    /// Of the delivery to one endpoint; empty while there is none.
    pub delivery: String,
}

pub struct Seals {
    pub count: i64,
    /// Links whose hash or predecessor does not fit.
    pub broken: i64,
    pub head: String,
}

impl Books {
    pub async fn open(url: &str) -> Result<Self, Stop> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(Stop::NoBooks)?;
        // a connection that breaks is seen by the query that needs it
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self(client))
    }

    /// The payments of these VNPAY transactions and of these transfers, wherever their money is, and those that gave đồng
    /// to any of these obligations, whoever took it; oldest first.
    pub async fn payments(
        &self,
        transactions: &[String],
        obligations: &[String],
        transfers: &[String],
    ) -> Result<Vec<Payment>, Stop> {
        const SQL: &str =
            "select p.payment_id, p.channel, coalesce(p.profile, ''), coalesce(p.provider_txn_id, ''), p.amount,
                p.reversed,
                (select coalesce(sum(a.amount), 0)::bigint from assurance.allocation a
                 where a.payment_id = p.payment_id),
                (select coalesce(sum(l.amount), 0)::bigint from assurance.ledger_entry l
                 join assurance.account c using (account_code)
                 where l.payment_id = p.payment_id and c.kind = 'clearing')
            from assurance.payment p
            where (p.channel = 'vnpay' and p.provider_txn_id = any($1))
                or p.payment_id in (select payment_id from assurance.allocation where obligation_id = any($2))
                or p.bank_ref = any($3)
            order by p.payment_id";
        let payment = |row: &Row| Payment {
            id: row.get(0),
            channel: row.get(1),
            profile: row.get(2),
            provider_txn_id: row.get(3),
            amount: row.get(4),
            reversed: row.get(5),
            allocated: row.get(6),
            clearing: row.get(7),
        };
        Ok(self.0.query(SQL, &[&transactions, &obligations, &transfers]).await?.iter().map(payment).collect())
    }

    /// What of a payment waits in suspense: for which reason, and how much.
    pub async fn held(&self, payment: &str) -> Result<Vec<(String, i64)>, Stop> {
        const SQL: &str = "select suspense_reason, sum(amount)::bigint from assurance.allocation
            where payment_id = $1 and suspense_reason is not null group by 1 having sum(amount) <> 0 order by 1";
        Ok(self.0.query(SQL, &[&payment]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub async fn sightings(&self, payment: &str) -> Result<Vec<Sighting>, Stop> {
        const SQL: &str = "select source, source_key, state from assurance.sighting where payment_id = $1
            order by received_at";
        let sighting = |row: &Row| Sighting { source: row.get(0), source_key: row.get(1), state: row.get(2) };
        Ok(self.0.query(SQL, &[&payment]).await?.iter().map(sighting).collect())
    }

    /// The states of one thing, from its birth.
    pub async fn transitions(&self, entity_id: &str) -> Result<Vec<Transition>, Stop> {
        const SQL: &str = "select version::bigint, coalesce(from_state, '·'), to_state, cause
            from assurance.transition where entity_id = $1 order by version";
        let transition =
            |row: &Row| Transition { version: row.get(0), from: row.get(1), to: row.get(2), cause: row.get(3) };
        Ok(self.0.query(SQL, &[&entity_id]).await?.iter().map(transition).collect())
    }

    /// Every account with an entry: what is on it, and what of that these payments brought. The last row is the sum
    /// over all entries, counted apart, so that an entry on an account that is not listed is not lost from it.
    pub async fn accounts(&self, payments: &[String]) -> Result<(Vec<Account>, Account), Stop> {
        const SQL: &str = "select c.account_code, c.kind, count(*), sum(l.amount)::bigint,
                coalesce(sum(l.amount) filter (where l.payment_id = any($1)), 0)::bigint
            from assurance.ledger_entry l join assurance.account c using (account_code)
            group by c.account_code, c.kind order by c.account_code";
        const TOTAL: &str = "select '', '', count(*), coalesce(sum(amount), 0)::bigint,
                coalesce(sum(amount) filter (where payment_id = any($1)), 0)::bigint
            from assurance.ledger_entry";
        let account = |row: &Row| Account {
            code: row.get(0),
            kind: row.get(1),
            entries: row.get(2),
            all: row.get(3),
            this_run: row.get(4),
        };
        let accounts = self.0.query(SQL, &[&payments]).await?.iter().map(account).collect();
        Ok((accounts, account(&self.0.query_one(TOTAL, &[&payments]).await?)))
    }

    pub async fn by_obligation(&self, obligations: &[String]) -> Result<Vec<ByObligation>, Stop> {
        const SQL: &str = "select o.obligation_id, o.status, o.amount_due,
                (select coalesce(sum(a.amount), 0)::bigint from assurance.allocation a
                 where a.obligation_id = o.obligation_id),
                (select coalesce(-sum(l.amount), 0)::bigint from assurance.ledger_entry l
                 join assurance.account c using (account_code)
                 where l.obligation_id = o.obligation_id and c.kind = 'obligation')
            from assurance.obligation o where o.obligation_id = any($1) order by o.obligation_id";
        let line = |row: &Row| ByObligation {
            obligation_id: row.get(0),
            status: row.get(1),
            due: row.get(2),
            allocated: row.get(3),
            booked: row.get(4),
        };
        Ok(self.0.query(SQL, &[&obligations]).await?.iter().map(line).collect())
    }

    /// The events whose stream ends with one of `subjects`, and how far each is on its way to `endpoint`.
    pub async fn events(&self, subjects: &[String], endpoint: &str) -> Result<Vec<Event>, Stop> {
        const SQL: &str = "select e.event_id, coalesce((select d.state from assurance.delivery d
                where d.event_id = e.event_id and d.endpoint = $2), '')
            from assurance.event e
            where exists (select from unnest($1::text[]) as s(subject) where right(e.stream, length(s.subject)) = s.subject)";
        let event = |row: &Row| Event { id: row.get(0), delivery: row.get(1) };
        Ok(self.0.query(SQL, &[&subjects, &endpoint]).await?.iter().map(event).collect())
    }

    /// How many of these obligations have a receipt under way.
    pub async fn receipts_to_come(&self, obligations: &[String]) -> Result<i64, Stop> {
        const SQL: &str = "select count(*) from unnest($1::text[]) as o(id)
            where exists (select from assurance.receipt_work w where w.obligation_id = o.id)
               or exists (select from assurance.receipt r where r.obligation_id = o.id and r.status = 'numbered')";
        Ok(self.0.query_one(SQL, &[&obligations]).await?.get(0))
    }

    /// Payments of a contract that no settlement file has named.
    pub async fn unsettled(&self, profile: &str) -> Result<Vec<Unsettled>, Stop> {
        const SQL: &str = "select coalesce(p.provider_txn_id, ''), p.amount,
                to_char(p.paid_at at time zone 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD'),
                exists (select from assurance.kase k where k.payment_id = p.payment_id and k.status <> 'closed'
                    and k.kind = 'missing_at_provider')
            from assurance.payment p where p.profile = $1 and not exists (
                select from assurance.settlement_line l where l.kind = 'payment' and l.payment_id = p.payment_id)";
        let payment =
            |row: &Row| Unsettled { number: row.get(0), amount: row.get(1), day: row.get(2), in_case: row.get(3) };
        Ok(self.0.query(SQL, &[&profile]).await?.iter().map(payment).collect())
    }

    /// What settlements of a contract promised and no movement has brought.
    pub async fn not_paid_out(&self, profile: &str) -> Result<i64, Stop> {
        const SQL: &str = "select coalesce(sum(s.net), 0)::bigint from assurance.settlement s where s.profile = $1
            and not exists (select from assurance.match m where m.settlement_id = s.settlement_id)";
        Ok(self.0.query_one(SQL, &[&profile]).await?.get(0))
    }

    /// What the refunds through a contract's provider took from its clearing account.
    pub async fn given_back(&self, profile: &str) -> Result<i64, Stop> {
        const SQL: &str = "select coalesce(sum(r.amount), 0)::bigint from assurance.refund r
            join assurance.payment p on p.payment_id = r.payment_id
            where p.profile = $1 and r.route = 'provider' and r.status = 'succeeded'";
        Ok(self.0.query_one(SQL, &[&profile]).await?.get(0))
    }

    /// What counters declared that they brought to the account, and no movement has shown.
    pub async fn not_arrived(&self, account: &str) -> Result<i64, Stop> {
        const SQL: &str = "select coalesce(sum(d.amount), 0)::bigint from assurance.deposit d where d.account = $1
            and not exists (select from assurance.match m where m.deposit_id = d.deposit_id)";
        Ok(self.0.query_one(SQL, &[&account]).await?.get(0))
    }

    /// What movements brought of one deposit, and by which rule they were known.
    pub async fn arrived(&self, deposit: &str) -> Result<Vec<(i64, String)>, Stop> {
        const SQL: &str = "select amount, rule from assurance.match where deposit_id = $1";
        Ok(self.0.query(SQL, &[&deposit]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// What movements brought of one settlement.
    pub async fn paid_out(&self, settlement: &str) -> Result<i64, Stop> {
        const SQL: &str = "select coalesce(sum(amount), 0)::bigint from assurance.match where settlement_id = $1";
        Ok(self.0.query_one(SQL, &[&settlement]).await?.get(0))
    }

    /// How many movements of these days statements have brought.
    pub async fn movements(&self, account: &str, first: &str, last: &str) -> Result<i64, Stop> {
        const SQL: &str = "select count(*) from assurance.movement
            where account = $1 and booking_date between $2::text::date and $3::text::date";
        Ok(self.0.query_one(SQL, &[&account, &first, &last]).await?.get(0))
    }

    /// The chain, recomputed from its first link: hash = sha256hex(prev_hash | seq | digest).
    pub async fn seals(&self) -> Result<Seals, Stop> {
        const SQL: &str = "with link as (
                select seq, prev_hash, hash, lag(hash) over (order by seq) as before,
                    encode(sha256(convert_to(coalesce(prev_hash, '') || '|' || seq || '|' || digest, 'UTF8')), 'hex') as fits
                from assurance.seal)
            select count(*), count(*) filter (where hash <> fits or prev_hash is distinct from before),
                coalesce((select hash from link order by seq desc limit 1), '') from link";
        let row = self.0.query_one(SQL, &[]).await?;
        Ok(Seals { count: row.get(0), broken: row.get(1), head: row.get(2) })
    }

    /// Journals of these payments, and how many of them wait for their seal.
    pub async fn journals(&self, payments: &[String]) -> Result<(i64, i64), Stop> {
        const SQL: &str = "select count(*), count(*) filter (where not exists (
                select from assurance.seal s where s.kind = 'journal' and s.subject_id = j.journal_id))
            from (select distinct journal_id from assurance.ledger_entry where payment_id = any($1)) j";
        let row = self.0.query_one(SQL, &[&payments]).await?;
        Ok((row.get(0), row.get(1)))
    }
}
