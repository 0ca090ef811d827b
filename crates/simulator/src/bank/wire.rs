//! Signed bodies of SePay, Casso and payOS. Refuses nothing; it writes what the documents say, or a forgery of
//! it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::Forgery;
use super::book::{Direction, Transaction};
use super::config::{AccountConfig, NotifierKind};
use super::sign::{casso_signature, payos_signature, sepay_signature};
use crate::clock;

/// A movement as a notification tells it, which need not be the truth.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) transaction: Transaction,
    pub(super) bank: String,
    pub(super) code: Option<String>,
    /// In đồng.
    pub(super) amount: i64,
    pub(super) reference: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reference {
    #[default]
    True,
    Absent,
    Other,
}

impl Told {
    pub(super) fn new(account: &AccountConfig, transaction: &Transaction, delta: i64, reference: Reference) -> Self {
        Self {
            bank: account.bank.clone(),
            code: account.payment_code.as_ref().and_then(|code| transaction.code(code)),
            amount: transaction.amount.saturating_add(delta),
            reference: match reference {
                Reference::True => Some(transaction.reference.clone()),
                Reference::Other => Some(transaction.other_reference.clone()),
                Reference::Absent => None,
            },
            transaction: transaction.clone(),
        }
    }

    pub(super) fn signed(&self) -> i64 {
        if self.transaction.direction == Direction::In { self.amount } else { -self.amount }
    }

    /// `YYYY-MM-DD HH:mm:ss` in Hanoi, without a zone: SePay, Casso and payOS alike.
    pub(super) fn time(&self) -> String {
        clock::hanoi(self.transaction.booked_at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// SePay webhook (protocol notes, 2.1), in the order of its documents.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sepay<'a> {
    id: u64,
    gateway: &'a str,
    transaction_date: String,
    account_number: &'a str,
    sub_account: Option<&'a str>,
    code: Option<&'a str>,
    content: &'a str,
    transfer_type: Direction,
    description: String,
    transfer_amount: i64,
    accumulated: i64,
    reference_code: Option<&'a str>,
}

fn sepay_body(told: &Told) -> Result<String, serde_json::Error> {
    let transaction = &told.transaction;
    serde_json::to_string(&Sepay {
        id: transaction.id,
        gateway: &told.bank,
        transaction_date: told.time(),
        account_number: &transaction.account,
        sub_account: transaction.virtual_account.as_deref(),
        code: told.code.as_deref(),
        content: &transaction.content,
        transfer_type: transaction.direction,
        description: format!("BankAPINotify {}", transaction.content),
        transfer_amount: told.amount,
        accumulated: transaction.balance,
        reference_code: told.reference.as_deref(),
    })
}

/// Casso webhook V2 (protocol notes, 2.2).
fn casso_body(told: &Told) -> Value {
    let transaction = &told.transaction;
    json!({"error": 0, "data": {
        "id": transaction.id,
        "reference": told.reference.as_deref().unwrap_or(""),
        "description": transaction.content,
        "amount": told.signed(),
        "runningBalance": transaction.balance,
        "transactionDateTime": told.time(),
        "accountNumber": transaction.account,
        "bankName": told.bank,
        "bankAbbreviation": told.bank,
        "virtualAccountNumber": transaction.virtual_account.as_deref().unwrap_or(""),
        "virtualAccountName": "",
        "counterAccountName": transaction.payer_name,
        "counterAccountNumber": transaction.payer_account,
        "counterAccountBankId": transaction.payer_bank,
        "counterAccountBankName": "",
    }})
}

/// The data of a payOS webhook (protocol notes, 2.3).
fn payos_data(told: &Told) -> Value {
    let transaction = &told.transaction;
    let link = transaction.payment_link_id.clone().unwrap_or_else(|| format!("{:032x}", transaction.id));
    json!({
        "orderCode": transaction.order_code.unwrap_or_else(|| i64::try_from(transaction.id).unwrap_or(0)),
        "amount": told.amount,
        "description": transaction.content,
        "accountNumber": transaction.account,
        "reference": told.reference.as_deref().unwrap_or(""),
        "transactionDateTime": told.time(),
        "currency": "VND",
        "paymentLinkId": link,
        "code": "00",
        "desc": "Thành công",
        "counterAccountBankId": transaction.payer_bank,
        "counterAccountBankName": "",
        "counterAccountName": transaction.payer_name,
        "counterAccountNumber": transaction.payer_account,
        "virtualAccountName": null,
        "virtualAccountNumber": transaction.virtual_account,
    })
}

pub(super) struct Message {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// Who forges has another key, or breaks a signature, or changes the amount under a good one. An API key does not cover
/// the body: there, a changed amount comes with another key, and a broken signature is no key at all.
pub(super) fn message(
    kind: NotifierKind,
    secret: &str,
    told: &Told,
    forgery: Option<Forgery>,
    now: Timestamp,
) -> Result<Message, serde_json::Error> {
    let other_secret = format!("{secret}?");
    let wrong_key = forgery == Some(Forgery::Key) || (kind == NotifierKind::SepayApiKey && forgery.is_some());
    let secret = if wrong_key { &other_secret } else { secret };
    let mut sent = told.clone();
    if forgery == Some(Forgery::Amount) {
        sent.amount = sent.amount.saturating_add(1);
    }
    let broken = |signature: String| match forgery {
        Some(Forgery::Signature) => {
            let last = if signature.ends_with('0') { '1' } else { '0' };
            let mut signature = signature;
            signature.pop();
            signature.push(last);
            signature
        }
        _ => signature,
    };
    Ok(match kind {
        NotifierKind::SepayApiKey => {
            let key = (forgery != Some(Forgery::Signature)).then(|| ("Authorization", format!("Apikey {secret}")));
            Message { headers: key.into_iter().collect(), body: sepay_body(&sent)? }
        }
        NotifierKind::SepayHmac => {
            let timestamp = now.as_second();
            let signature = broken(sepay_signature(secret, timestamp, &sepay_body(told)?));
            let headers = vec![("X-SePay-Timestamp", timestamp.to_string()), ("X-SePay-Signature", signature)];
            Message { headers, body: sepay_body(&sent)? }
        }
        NotifierKind::Casso => {
            let signature = broken(casso_signature(secret, now.as_millisecond(), &casso_body(told)));
            Message { headers: vec![("X-Casso-Signature", signature)], body: casso_body(&sent).to_string() }
        }
        NotifierKind::Payos => {
            let signature = broken(payos_signature(secret, &payos_data(told)));
            let data = payos_data(&sent);
            let body = json!({"code": "00", "desc": "success", "success": true, "data": data, "signature": signature});
            Message { headers: Vec::new(), body: body.to_string() }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        let transaction = Transaction {
            id: 92704,
            account: "8630123456789".to_owned(),
            reference: "FT26328276428999".to_owned(),
            other_reference: String::new(),
            direction: Direction::In,
            amount: 150_000,
            typed: String::new(),
            content: "MBVCB.7018057206.704314.LC7K2M9QX4T.CT tu 0071001104999 NGUYEN VAN A".to_owned(),
            shape: None,
            booked_at: "2026-11-24T07:02:37Z".parse().unwrap(),
            balance: 19_077_000,
            virtual_account: Some("96247LC01".to_owned()),
            payer_account: String::new(),
            payer_name: String::new(),
            payer_bank: String::new(),
            reversal_of: None,
            order_code: None,
            payment_link_id: None,
        };
        Told {
            transaction,
            bank: "BIDV".to_owned(),
            code: Some("LC7K2M9QX4T".to_owned()),
            amount: 150_000,
            reference: Some("FT26328276428999".to_owned()),
        }
    }

    #[test]
    fn the_sepay_body_has_the_documented_fields_in_their_order() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/webhook-signatures.json")).unwrap();
        let case = &vectors["sepay"][0];
        let body = case["raw_body"].as_str().unwrap();
        let told = told();
        let written = sepay_body(&told).unwrap();
        let description = "BankAPINotify MBVCB.7018057206.704314.LC7K2M9QX4T.CT tu 0071001104999 NGUYEN VAN A";
        let expected = body.replace("BankAPINotify MBVCB.7018057206.704314.LC7K2M9QX4T", description);
        assert_eq!(written, expected);
    }

    #[test]
    fn a_forgery_never_verifies_and_the_truth_always() {
        let now: Timestamp = "2026-11-24T07:02:38.5Z".parse().unwrap();
        let verifies = |kind: NotifierKind, message: &Message| {
            let header =
                |name: &str| message.headers.iter().find(|(key, _)| *key == name).map(|(_, text)| text.as_str());
            let body: Value = serde_json::from_str(&message.body).unwrap();
            match kind {
                NotifierKind::SepayApiKey => header("Authorization") == Some("Apikey key"),
                NotifierKind::SepayHmac => {
                    let signature = sepay_signature("key", now.as_second(), &message.body);
                    header("X-SePay-Signature") == Some(&signature)
                }
                NotifierKind::Casso => {
                    header("X-Casso-Signature") == Some(&casso_signature("key", now.as_millisecond(), &body))
                }
                NotifierKind::Payos => body["signature"] == payos_signature("key", &body["data"]),
            }
        };
        use NotifierKind::{Casso, Payos, SepayApiKey, SepayHmac};
        for kind in [SepayApiKey, SepayHmac, Casso, Payos] {
            assert!(verifies(kind, &message(kind, "key", &told(), None, now).unwrap()), "{kind:?}");
            for forgery in [Forgery::Signature, Forgery::Key, Forgery::Amount] {
                let message = message(kind, "key", &told(), Some(forgery), now).unwrap();
                assert!(!verifies(kind, &message), "{kind:?} {forgery:?}");
                assert_eq!(message.body.contains("150001"), forgery == Forgery::Amount, "{kind:?} {forgery:?}");
            }
        }
    }
}
