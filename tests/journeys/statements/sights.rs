//! One money, many sights: by notification, listing, camt, MT940 and CSV, in every order, it is one payment.

use super::standing;
use crate::transfers::words::{call, now_s, sepay};
use jiff::{SignedDuration, Timestamp};
use payments::sweep_movements;
use provider::{AtOnce, Wanted};
use serde_json::{Value, json};
use storage::receiving_accounts::{self, ReceivingAccount};
use tests::House;
use tests::bank::{BIN, LISTING_TOKEN, SEPAY_SECRET};
use tests::files::today;
use tests::portal::dossier;
use tests::sampled::is_played;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Notification,
    Listing,
    Camt,
    Mt940,
    Csv,
}

use Sight::{Camt, Csv, Listing, Mt940, Notification};

fn orders(of: &[Sight]) -> Vec<Vec<Sight>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    of.iter()
        .flat_map(|first| {
            let rest: Vec<Sight> = of.iter().filter(|s| *s != first).copied().collect();
            orders(&rest).into_iter().map(move |order| [vec![*first], order].concat())
        })
        .collect()
}

/// A bank account of its own, with one transfer on it that nobody was told of yet.
struct Case {
    number: String,
    account: ReceivingAccount,
    intent: Value,
    booked: Value,
}

async fn case(house: &House, nth: usize, mt940_reference: &str) -> Case {
    let number = format!("55{nth:08}");
    let listing = json!({"kind": "sepay", "token": LISTING_TOKEN});
    house
        .bank_sim(
            "bank/accounts",
            json!({"number": number, "bin": BIN, "bank": "Vietcombank", "name": "DON VI THU HUONG MAU", "notifiers": [],
                "opening_balance": 1_000_000, "listing": listing, "mt940_reference": mt940_reference}),
        )
        .await;
    house.had_account(&number).await;
    let fee = house.portal.owes(&dossier(), 150_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = intent["reference"].as_str().unwrap();
    let transfer = json!({"account": number, "amount": 150_000, "content": content, "mangle": "vcb_app"});
    let booked = house.bank_sim("bank/transfer", transfer).await["transaction"].clone();
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let account = receiving_accounts::all(&db, Some(&format!("{BIN}.{number}"))).await.unwrap().remove(0);
    Case { number, account, intent, booked }
}

impl Case {
    async fn told(&self, house: &House, sight: Sight) {
        match sight {
            Notification => {
                let row = json!({"id": self.booked["id"], "gateway": "Vietcombank", "transactionDate": hanoi(&self.booked),
                    "accountNumber": self.number, "subAccount": null, "code": null, "content": self.booked["content"],
                    "transferType": "in", "description": "", "transferAmount": self.booked["amount"], "accumulated": 0,
                    "referenceCode": self.booked["reference"]});
                let body = row.to_string();
                let (status, said) = call(house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
                assert_eq!(status, 200, "{said}");
            }
            Listing => {
                let ctx = &house.gateway.ctx;
                let provider = ctx.providers.iter().find(|p| p.movements.is_some()).unwrap();
                let movements = provider.movements.as_deref().unwrap();
                let (now, since) = (Timestamp::now(), Timestamp::now() - SignedDuration::from_hours(1));
                let wanted = Wanted { account_number: &self.number, since, now, not_before: now };
                let listing = movements.list(wanted, &AtOnce).await.unwrap();
                assert_eq!(listing.rows.len(), 1);
                sweep_movements::receive(ctx, &provider, &self.account, &listing.rows, now).await.unwrap();
            }
            Camt => self.stated(house, "camt053_v8", "auto").await,
            Mt940 => self.stated(house, "mt940", "auto").await,
            Csv => self.stated(house, "csv", "csv:synthetic-bank").await,
        }
    }

    async fn stated(&self, house: &House, format: &str, said: &str) {
        let bytes = house.bank_statement(&self.number, format, &today().to_string()).await;
        house.sends_statement(self.account.code.as_str(), said, bytes).await.expect(201);
    }

    async fn ask(&self, house: &House, sql: &str) -> String {
        house.ask(&sql.replace("$account", self.account.code.as_str())).await
    }
}

/// As SePay states times: of Hanoi, without a zone.
fn hanoi(booked: &Value) -> String {
    let at: Timestamp = booked["booked_at"].as_str().unwrap().parse().unwrap();
    domain::business_day::HANOI.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

async fn in_every_order(mt940_reference: &str) {
    let house = House::with_bank().await;
    let all = orders(&[Notification, Listing, Camt, Mt940, Csv]);
    assert_eq!(all.len(), 120);
    for (nth, order) in all.iter().enumerate().filter(|(nth, _)| is_played(*nth)) {
        let case = case(&house, nth, mt940_reference).await;
        for (nth, sight) in order.iter().enumerate() {
            case.told(&house, *sight).await;
            let so_far = &order[..=nth];
            let payments = "select count(*) from assurance.payment where receiving_account = '$account'";
            assert_eq!(case.ask(&house, payments).await, "1", "{so_far:?}");
            assert_eq!(house.portal.intent(&case.intent).await["status"], "paid", "{so_far:?}");
            let stated = so_far.iter().any(|s| matches!(s, Camt | Mt940 | Csv));
            let movements = "select count(*) from assurance.movement where account = '$account'";
            assert_eq!(case.ask(&house, movements).await, if stated { "1" } else { "0" }, "{so_far:?}");
            let in_transit = "select coalesce(sum(amount), 0) from assurance.ledger_entry
                where account_code = 'in_transit:$account'";
            assert_eq!(case.ask(&house, in_transit).await, if stated { "0" } else { "150000" }, "{so_far:?}");
        }
        let claimed =
            "select string_agg(m.rule, ' ') from assurance.match m join assurance.payment p using (payment_id)
            where p.receiving_account = '$account'";
        assert!(!case.ask(&house, claimed).await.contains(' '), "{order:?}");
        let bank = "select sum(amount) from assurance.ledger_entry where account_code = 'bank:$account'";
        assert_eq!(case.ask(&house, bank).await, "1150000", "{order:?}");
        let open = "select coalesce(string_agg(kind, ' '), '') from assurance.kase k
            where status <> 'closed' and k.subject_id = '$account'";
        let open = case.ask(&house, open).await;
        // told without a reference it waits, unbooked, until statements of two more days are there
        let waits = mt940_reference == "none" && open == "possible_same_movement";
        assert!(open.is_empty() || waits, "{order:?}: {open}");
    }
    assert_eq!(standing(&house, "suspense").await, "");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_is_seen_five_ways_in_every_order_is_one_payment() {
    in_every_order("same").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_where_one_of_the_five_has_no_reference() {
    in_every_order("none").await;
}
