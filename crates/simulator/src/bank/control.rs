//! The test's own door to the bank. Refuses unknown fields.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Direction, Mangle, Order};
use super::config::{AccountConfig, ListingConfig, MOST, Mt940Reference, NotifierConfig, PaymentCode, check_notifiers};
use super::mangle::Shape;
use super::{Action, Bank, Match, book_order};
use crate::clock;
use crate::script::Rule;
use crate::server::{Answer, Refused, json_lines, refused, strict};

/// NAPAS carries 210 characters at most; a control call may not ask for more than a bank would take.
const LONGEST_CONTENT: usize = 210;

pub(super) fn bad(why: impl std::fmt::Display) -> Refused {
    refused(StatusCode::BAD_REQUEST, why)
}

pub(super) async fn add_rule(bank: web::Data<Bank>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Action> = strict(&body)?;
    bank.log.write("control", json!({"what": "script", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let rules = bank.rules.add(rule).map_err(bad)?;
    Ok(HttpResponse::Ok().json(json!({"rules": rules})))
}

pub(super) async fn clear_rules(bank: web::Data<Bank>) -> Answer {
    bank.log.write("control", json!({"what": "script", "body": null})).await?;
    bank.rules.clear();
    Ok(HttpResponse::Ok().json(json!({"rules": 0})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    account: String,
    amount: i64,
    content: String,
    #[serde(default)]
    second_content: Option<String>,
    #[serde(default)]
    mangle: Option<String>,
    #[serde(default)]
    virtual_account: Option<String>,
    #[serde(default)]
    payer_account: Option<String>,
    #[serde(default)]
    payer_name: Option<String>,
    #[serde(default)]
    payer_bank: Option<String>,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    direction: Way,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    order_code: Option<i64>,
    #[serde(default)]
    payment_link_id: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    #[default]
    In,
    Out,
}

impl Transfer {
    fn mangle(&self) -> Result<Mangle, Refused> {
        let mangle = match self.mangle.as_deref() {
            None => Mangle::AsTyped,
            Some("random") => Mangle::Random,
            Some(name) => {
                let shape = serde_json::from_value::<Shape>(json!(name));
                Mangle::Shape(shape.map_err(|error| bad(format_args!("mangle: {error}")))?)
            }
        };
        if (mangle == Mangle::Shape(Shape::TwoCodes)) != self.second_content.is_some() {
            return Err(bad("second_content goes with two_codes, and two_codes with second_content"));
        }
        if self.direction == Way::Out && mangle != Mangle::AsTyped {
            return Err(bad("mangle goes with money in only"));
        }
        Ok(mangle)
    }

    fn check(&self) -> Result<(), Refused> {
        if !(1..=MOST).contains(&self.amount) {
            return Err(bad(format_args!("amount is not within 1 and {MOST}")));
        }
        let reference = self.reference.as_deref();
        let fits = |text: &str| (1..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if reference.is_some_and(|text| !fits(text)) {
            return Err(bad("reference is not 1-35 printable ASCII characters without blanks"));
        }
        let payer_account = self.payer_account.as_deref();
        if payer_account.is_some_and(|number| !(1..=34).contains(&number.len()) || !number.is_ascii()) {
            return Err(bad("payer_account is not 1-34 ASCII characters"));
        }
        let texts = [Some(&self.content), self.second_content.as_ref(), self.payer_name.as_ref()];
        for text in texts.into_iter().chain([self.payer_account.as_ref(), self.payer_bank.as_ref()]).flatten() {
            if text.chars().count() > LONGEST_CONTENT || text.chars().any(char::is_control) {
                return Err(bad(format_args!("a text has over {LONGEST_CONTENT} characters or a control character")));
            }
        }
        Ok(())
    }
}

pub(super) async fn transfer(bank: web::Data<Bank>, body: web::Bytes) -> Answer {
    let transfer: Transfer = strict(&body)?;
    transfer.check()?;
    let mangle = transfer.mangle()?;
    let order = Order {
        account: transfer.account,
        virtual_account: transfer.virtual_account,
        direction: if transfer.direction == Way::In { Direction::In } else { Direction::Out },
        amount: transfer.amount,
        content: transfer.content,
        second_content: transfer.second_content.unwrap_or_default(),
        mangle,
        payer_account: transfer.payer_account,
        payer_name: transfer.payer_name,
        payer_bank: transfer.payer_bank,
        at: transfer.at.unwrap_or_else(clock::now),
        reference: transfer.reference,
        reversal_of: None,
        order_code: transfer.order_code,
        payment_link_id: transfer.payment_link_id,
    };
    let transaction = book_order(&bank, order).await?;
    Ok(HttpResponse::Ok().json(json!({"transaction": transaction})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reverse {
    account: String,
    reference: String,
    #[serde(default)]
    at: Option<Timestamp>,
}

/// The bank takes a credit back, whole.
pub(super) async fn reverse(bank: web::Data<Bank>, body: web::Bytes) -> Answer {
    let Reverse { account, reference, at } = strict(&body)?;
    let order = taken_back(&bank, account, reference, at)?;
    let transaction = book_order(&bank, order).await?;
    Ok(HttpResponse::Ok().json(json!({"transaction": transaction})))
}

/// The debit of a credit that is there and was not taken back before.
pub(super) fn taken_back(
    bank: &Bank,
    account: String,
    reference: String,
    at: Option<Timestamp>,
) -> Result<Order, Refused> {
    let book = bank.book();
    let credit = book.by_reference(&account, &reference).filter(|entry| entry.direction == Direction::In);
    let credit = credit.ok_or_else(|| refused(StatusCode::NOT_FOUND, "the account has no such credit"))?;
    if book.of(&account).any(|entry| entry.reversal_of.as_ref() == Some(&reference)) {
        return Err(refused(StatusCode::CONFLICT, "the credit was taken back before"));
    }
    Ok(Order {
        account,
        virtual_account: None,
        direction: Direction::Out,
        amount: credit.amount,
        content: format!("HUY GD {reference}"),
        second_content: String::new(),
        mangle: Mangle::AsTyped,
        payer_account: Some(credit.payer_account.clone()),
        payer_name: Some(credit.payer_name.clone()),
        payer_bank: Some(credit.payer_bank.clone()),
        at: at.unwrap_or_else(clock::now),
        reference: None,
        reversal_of: Some(reference),
        order_code: None,
        payment_link_id: None,
    })
}

/// A new account needs the first five fields; one that is there keeps what is not given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    number: String,
    bin: Option<String>,
    bank: Option<String>,
    name: Option<String>,
    opening_balance: Option<i64>,
    bic: Option<String>,
    virtual_accounts: Option<Vec<String>>,
    notifiers: Option<Vec<NotifierConfig>>,
    listing: Option<ListingConfig>,
    mt940_reference: Option<Mt940Reference>,
    payment_code: Option<PaymentCode>,
}

impl Account {
    fn onto(self, known: Option<AccountConfig>) -> Result<AccountConfig, Refused> {
        let mut account = match known {
            Some(known) if self.opening_balance.is_some_and(|balance| balance != known.opening_balance) => {
                return Err(refused(StatusCode::CONFLICT, "the account was opened with another balance"));
            }
            Some(known) => known,
            None => AccountConfig {
                number: self.number,
                bin: String::new(),
                bank: String::new(),
                name: String::new(),
                opening_balance: self.opening_balance.ok_or_else(|| bad("a new account needs opening_balance"))?,
                bic: None,
                virtual_accounts: Vec::new(),
                notifiers: Vec::new(),
                listing: None,
                mt940_reference: Mt940Reference::default(),
                payment_code: None,
            },
        };
        account.bin = self.bin.unwrap_or(account.bin);
        account.bank = self.bank.unwrap_or(account.bank);
        account.name = self.name.unwrap_or(account.name);
        account.bic = self.bic.or(account.bic);
        account.virtual_accounts = self.virtual_accounts.unwrap_or(account.virtual_accounts);
        account.notifiers = self.notifiers.unwrap_or(account.notifiers);
        account.listing = self.listing.or(account.listing);
        account.mt940_reference = self.mt940_reference.unwrap_or(account.mt940_reference);
        account.payment_code = self.payment_code.or(account.payment_code);
        account.check().map_err(bad)?;
        Ok(account)
    }
}

pub(super) async fn set_account(bank: web::Data<Bank>, body: web::Bytes) -> Answer {
    let account: Account = strict(&body)?;
    check_notifiers(account.notifiers.as_deref().unwrap_or_default()).map_err(bad)?;
    let _till = bank.till.lock().await;
    let known = bank.book().accounts.get(&account.number).cloned();
    let account = account.onto(known)?;
    bank.log.write("control", json!({"what": "account", "account": account})).await?;
    let answer = HttpResponse::Ok().json(&account);
    bank.book().accounts.insert(account.number.clone(), account);
    Ok(answer)
}

pub(super) async fn accounts(bank: web::Data<Bank>) -> Answer {
    let accounts: Vec<AccountConfig> = bank.book().accounts.values().cloned().collect();
    Ok(HttpResponse::Ok().json(accounts))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    account: Option<String>,
}

pub(super) async fn transactions(bank: web::Data<Bank>, which: web::Query<Which>) -> Answer {
    let book = bank.book();
    let wanted = |account: &str| which.account.as_deref().is_none_or(|wanted| wanted == account);
    let entries: Vec<_> = book.entries.iter().filter(|entry| wanted(&entry.account)).collect();
    Ok(HttpResponse::Ok().json(entries))
}

pub(super) async fn log(bank: web::Data<Bank>) -> Answer {
    json_lines(&bank.log).await
}
