//! Rows of the bank's side as an import leaves them, written by SQL: statements with their movements and bookings,
//! settlement files, money that came by a bank. What imports them is tested elsewhere.

use crate::House;
use jiff::civil::Date;
use tokio_postgres::Client;
use uuid::Uuid;

/// The account of the harness's beneficiaries.
pub const ACCOUNT: &str = "970436.1029384756";
pub const PROFILE: &str = "vnpay_main";

impl House {
    /// The second beneficiary had the first one's account once.
    pub async fn share_account(&self) {
        self.ask(&format!(
            "insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number,
                 account_name, proposed_by)
             select '{}', now() - interval '1 year', account_kind, bank_bin, account_number, account_name, 'test'
             from beneficiary_account where beneficiary_code = '{}'",
            crate::OTHER_BENEFICIARY,
            crate::BENEFICIARY
        ))
        .await;
        self.accounts_are_told().await;
    }
}

pub struct Bank {
    pub client: Client,
}

/// A leg of a journal.
pub struct Leg<'a> {
    pub account: &'a str,
    pub amount: i64,
    pub payment: Option<Uuid>,
    pub movement: Option<Uuid>,
}

impl<'a> Leg<'a> {
    pub fn new(account: &'a str, amount: i64) -> Self {
        Self { account, amount, payment: None, movement: None }
    }
}

impl Bank {
    pub async fn of(house: &House) -> Self {
        Self { client: house.database.connect("motlan_superuser").await }
    }

    pub async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    /// Books in a transaction of its own, on the first open day of the scope from `day` on; says which day that was.
    pub async fn book(&self, kind: &str, scope: &str, day: Date, legs: &[Leg<'_>]) -> Date {
        self.run("begin").await;
        let booked = self.book_within(kind, scope, day, legs).await;
        self.run("commit").await;
        booked
    }

    pub async fn book_within(&self, kind: &str, scope: &str, day: Date, legs: &[Leg<'_>]) -> Date {
        let id = Uuid::now_v7();
        let open: Date = self.client.query_one("select open_day($1, $2)", &[&scope, &day]).await.unwrap().get(0);
        let moved = (open != day).then_some(day);
        let journal = "insert into journal (id, kind, cause, business_date, original_business_date, actor)
            values ($1, $2, 'test', $3, $4, 'test')";
        self.client.execute(journal, &[&id, &kind, &open, &moved]).await.unwrap();
        for leg in legs {
            let entry = "insert into ledger_entry (journal_id, account_code, amount, payment_id, movement_id)
                values ($1, $2, $3, $4, $5)";
            self.client.execute(entry, &[&id, &leg.account, &leg.amount, &leg.payment, &leg.movement]).await.unwrap();
        }
        open
    }

    /// What stood on the account before its first statement.
    pub async fn stood(&self, day: Date, amount: i64) {
        let bank = format!("bank:{ACCOUNT}");
        let legs = [Leg::new(&bank, amount), Leg::new("opening:bank", -amount)];
        self.book("opening_balance", &bank, day, &legs).await;
    }

    /// A statement of one day with these movements, booked; the ids of the movements.
    pub async fn statement(&self, day: Date, opening: i64, lines: &[(i64, &str)]) -> Vec<Uuid> {
        let id = Uuid::now_v7();
        let closing: i64 = opening + lines.iter().map(|(amount, _)| amount).sum::<i64>();
        let count = i32::try_from(lines.len()).unwrap();
        let statement = "insert into statement (id, account_code, sha256, format, opening, opening_date, closing,
            closing_date, first_date, lines, imported_by) values ($1, $2, $1::text, 'mt940', $3, $4, $5, $4, $4, $6, 'test')";
        let sha = id.to_string();
        let statement = statement.replace("$1::text", "$7");
        self.run("begin").await;
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&id, &ACCOUNT, &opening, &day, &closing, &count, &sha];
        self.client.execute(&statement, &params).await.unwrap();
        let mut movements = Vec::new();
        for (no, (amount, text)) in (1_i32..).zip(lines) {
            let movement = Uuid::now_v7();
            let direction = if *amount > 0 { "in" } else { "out" };
            let (identity, reference) = (movement.to_string(), format!("FT{no}{}", &sha[30..]));
            let row =
                "insert into movement (id, account_code, direction, identity, bank_ref, booking_date, business_date,
                amount, fate, statement_id, line_no) values ($1, $2, $3, $4, $5, $6, $6, $7, 'matched', $8, $9)";
            let params: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
                [&movement, &ACCOUNT, &direction, &identity, &reference, &day, amount, &id, &no];
            self.client.execute(row, &params).await.unwrap();
            let line = "insert into statement_line (statement_id, line_no, movement_id, repeated, booking_date,
                business_date, amount, text, reversal) values ($1, $2, $3, false, $4, $4, $5, $6, false)";
            self.client.execute(line, &[&id, &no, &movement, &day, amount, text]).await.unwrap();
            movements.push(movement);
        }
        let (bank, transit) = (format!("bank:{ACCOUNT}"), format!("in_transit:{ACCOUNT}"));
        let legs: Vec<Leg> = lines
            .iter()
            .zip(&movements)
            .flat_map(|((amount, _), id)| {
                [(&bank, *amount), (&transit, -amount)]
                    .map(|(account, amount)| Leg { movement: Some(*id), ..Leg::new(account, amount) })
            })
            .collect();
        if !legs.is_empty() {
            self.book_within("statement_line", &bank, day, &legs).await;
        }
        self.run("commit").await;
        movements
    }

    /// A bank credit that nobody can place: the payment in suspense, and its case.
    pub async fn stray(&self, day: Date, paid_at: &str, amount: i64, bank_ref: &str) -> (Uuid, Uuid) {
        let (payment, case) = (Uuid::now_v7(), Uuid::now_v7());
        self.run("begin").await;
        let row = format!(
            "insert into payment (id, channel, receiving_account, bank_ref, amount, paid_at, business_date)
            values ('{payment}', 'vietqr', '{ACCOUNT}', $1, {amount}, '{paid_at}', '{day}')"
        );
        self.client.execute(&row, &[&bank_ref]).await.unwrap();
        let (bank, transit) = (format!("bank:{ACCOUNT}"), format!("in_transit:{ACCOUNT}"));
        let legs = [(transit.as_str(), amount), ("suspense:unidentified", -amount)]
            .map(|(account, amount)| Leg { payment: Some(payment), ..Leg::new(account, amount) });
        self.book_within("bank_credit", &bank, day, &legs).await;
        self.run(&format!(
            "insert into allocation (payment_id, suspense_reason, amount, journal_id)
             select '{payment}', 'unidentified', {amount}, max(journal_id::text)::uuid from ledger_entry
             where payment_id = '{payment}';
             insert into kase (id, kind, status, amount, payment_id, subject)
             values ('{case}', 'unidentified', 'open', {amount}, '{payment}', 'pay_{}');
             insert into transition (entity_type, entity_id, version, to_state, cause, actor)
             values ('case', '{case}', 1, 'open', 'found', 'test');
             commit",
            payment.simple()
        ))
        .await;
        (payment, case)
    }

    /// A settlement file of the provider for all that it captured on `day`, with a fee of `fee` on each payment.
    pub async fn settlement(&self, day: Date, fee: i64) -> Uuid {
        let id = Uuid::now_v7();
        let (clearing, kept, transit) =
            (format!("clearing:{PROFILE}"), format!("fee:{PROFILE}"), format!("in_transit:{ACCOUNT}"));
        self.run("begin").await;
        self.run(&format!(
            "insert into account (code, kind) values ('{kept}', 'fee') on conflict do nothing;
             insert into settlement (id, profile, sha256, date, gross, fee, refunds, net, lines, imported_by,
                payout_account)
             select '{id}', '{PROFILE}', '{id}', '{day}', sum(amount), count(*) * {fee}, 0, sum(amount) - count(*) * {fee},
                    count(*), 'test', '{ACCOUNT}' from payment where profile = '{PROFILE}' and business_date = '{day}';
             insert into settlement_line (settlement_id, line_no, profile, kind, provider_txn_id, payment_id, amount, fee, net,
                status, disposition)
             select '{id}', row_number() over (order by id), '{PROFILE}', 'payment', provider_txn_id, id, amount, {fee},
                    amount - {fee}, '00', 'matched' from payment where profile = '{PROFILE}' and business_date = '{day}'"
        ))
        .await;
        let row = self.client.query_one("select fee, net from settlement where id = $1", &[&id]).await.unwrap();
        let (fees, net): (i64, i64) = (row.get(0), row.get(1));
        let legs = [Leg::new(&kept, fees), Leg::new(&transit, net), Leg::new(&clearing, -fees - net)];
        let legs: Vec<Leg> = legs.into_iter().filter(|leg| leg.amount != 0).collect();
        self.book_within("settlement", &clearing, day, &legs).await;
        self.run("commit").await;
        id
    }
}
