//! The bank's word: each credit of which somebody told us is booked once with its amount, and nothing that the bank does
//! not know; each call that we confirmed is kept, and a forged one is not.

use super::rows;
use crate::House;
use crate::bank::PROFILE;
use crate::files::PAYOUT;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A payment on an account, with every reference by which it is known.
struct Booked {
    amount: i64,
    account: String,
    references: BTreeSet<String>,
}

pub async fn compare(house: &House) {
    let (log, transactions) = (house.bank_log().await, house.bank_transactions().await);
    credits(house, &log, &transactions).await;
    calls(house, &log).await;
}

pub async fn compare_credits(house: &House) {
    credits(house, &house.bank_log().await, &house.bank_transactions().await).await;
}

async fn credits(house: &House, log: &[Value], transactions: &[Value]) {
    let mut booked = booked(house).await;
    // files written by hand are about accounts that this bank does not have
    let theirs = house.bank_accounts().await;
    booked.retain(|_, b| theirs.iter().any(|number| b.account.ends_with(number)));
    let told = told(log);
    let waiting: BTreeSet<String> = rows(
        house,
        "select s.source_key from assurance.waiting_sighting w join assurance.sighting s on s.sighting_id = w.sighting_id",
    )
    .await
    .into_iter()
    .map(|r| r[0].clone())
    .collect();
    let back = "select m.bank_ref from assurance.match x join assurance.movement m on m.movement_id = x.movement_id
        where (x.refund_id is not null or x.deposit_id is not null) and x.amount > 0 and m.bank_ref <> ''";
    let back: Vec<String> = rows(house, back).await.into_iter().map(|r| r[0].clone()).collect();
    let mut known = BTreeSet::new();
    for t in transactions.iter().filter(|t| t["direction"] == "in") {
        let names = names(t);
        let account = text(&t["account"]);
        let is = |b: &Booked| b.account.ends_with(&account) && !b.references.is_disjoint(&names.references);
        let of_it: Vec<_> = booked.iter().filter(|(_, b)| is(b)).collect();
        known.extend(of_it.iter().map(|(id, _)| (*id).clone()));
        assert!(of_it.len() <= 1, "booked twice: {t}");
        for (_, b) in &of_it {
            assert_eq!(Some(b.amount), t["amount"].as_i64(), "booked with another amount: {t}");
        }
        // a statement decides about one that may be another's second sight
        let waits = !names.keys.is_disjoint(&waiting);
        let payout = text(&t["content"]).contains(PAYOUT);
        assert!(!payout || of_it.is_empty(), "a provider's payout is a payment: {t}");
        // a format may cut the reference
        let returned = names.references.iter().any(|r| back.iter().any(|b| r.starts_with(b.as_str())));
        assert!(!returned || of_it.is_empty(), "a refund that came back, or a drawer's deposit, is a payment: {t}");
        let is_told = t["id"].as_u64().is_some_and(|id| told.contains(&id));
        assert!(!is_told || payout || returned || waits || of_it.len() == 1, "told and not booked: {t}");
    }
    let unknown: Vec<_> = booked.iter().filter(|(id, _)| !known.contains(*id)).map(|(id, _)| id).collect();
    assert!(unknown.is_empty(), "booked and unknown to the bank: {unknown:?}");
}

async fn booked(house: &House) -> BTreeMap<String, Booked> {
    let sql = "select p.payment_id, p.amount, p.receiving_account, p.bank_ref, r.reference
        from assurance.payment p left join assurance.payment_reference r on r.payment_id = p.payment_id
        where p.receiving_account is not null
          -- what is a deposit after all is none
          and not exists (select from assurance.ledger_entry e
                          where e.payment_id = p.payment_id and e.journal_kind = 'not_a_payment')";
    let mut all: BTreeMap<String, Booked> = BTreeMap::new();
    for row in rows(house, sql).await {
        let one = all.entry(row[0].clone()).or_insert_with(|| Booked {
            amount: row[1].parse().unwrap(),
            account: row[2].clone(),
            references: BTreeSet::from([row[3].clone()]),
        });
        one.references.insert(row[4].clone());
    }
    all
}

/// The movements of which somebody told us: a call that we confirmed, a row of an answer.
fn told(log: &[Value]) -> BTreeSet<u64> {
    let confirmed = log.iter().filter(|l| l["kind"] == "received" && l["verdict"] == "confirmed");
    let listed = log.iter().filter(|l| l["kind"] == "listing");
    let rows = listed.flat_map(|l| l["answer"]["transactions"].as_array().cloned().unwrap_or_default());
    confirmed
        .filter_map(|l| l["id"].as_u64())
        .chain(rows.filter_map(|row| row["id"].as_str().and_then(|id| id.parse().ok())))
        .collect()
}

struct Names {
    references: BTreeSet<String>,
    /// Of its rows.
    keys: BTreeSet<String>,
}

/// By what a payment of this movement may be known.
fn names(transaction: &Value) -> Names {
    let plain = |name: &str| text(&transaction[name]).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let keys: BTreeSet<String> =
        ["sepay", "casso"].iter().map(|teller| format!("{PROFILE}:{teller}:{}", transaction["id"])).collect();
    let mut references: BTreeSet<String> = keys.iter().map(|key| format!("row:{key}")).collect();
    for reference in [plain("reference"), plain("other_reference")] {
        // with the teller before it where the numbering is the teller's own
        references.extend(["sepay", "casso"].iter().map(|teller| format!("{teller}:{reference}")));
        references.insert(reference);
    }
    Names { references, keys }
}

async fn calls(house: &House, log: &[Value]) {
    let stored: BTreeSet<String> =
        rows(house, "select payload_sha256 from assurance.sighting where source = 'webhook:vietqr'")
            .await
            .into_iter()
            .map(|r| r[0].clone())
            .collect();
    let answers = |sent: &Value| {
        let (of, sent) = (|l: &Value, name: &str| l[name].clone(), sent.clone());
        log.iter().find(move |l| {
            let same = ["id", "notifier", "notification", "try"].iter().all(|name| of(l, name) == sent[*name]);
            l["kind"] == "received" && same
        })
    };
    for sent in log.iter().filter(|l| l["kind"] == "sent") {
        let forged = text(&sent["notification"]).starts_with("forged");
        let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text(&sent["body"])));
        let Some(answer) = answers(sent) else { continue };
        let confirmed = answer["verdict"] == "confirmed";
        assert!(!(forged && confirmed), "forged and confirmed: {sent}");
        assert!(!confirmed || stored.contains(&digest), "confirmed and not stored: {sent}");
        let changed = sent["notification"] == "forged_amount";
        assert!(!(changed && stored.contains(&digest)), "forged and stored: {sent}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
