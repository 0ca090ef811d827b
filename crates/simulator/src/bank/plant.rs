//! Differences that a bank makes on purpose. Each is booked as any other movement, and a line `planted` of the log says what it
//! was, so that what a desk has found is held against the bank's word and never against its own. Refuses unknown fields.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::book::{Direction, Mangle, Order, Transaction};
use super::control::{bad, taken_back};
use super::{Bank, book_order};
use crate::clock;
use crate::server::{Answer, Refused, strict};

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Nobody's order is named in it.
    Unnamed,
    /// The same transfer a second time.
    Twice,
    /// So many đồng less than were asked for.
    Less(i64),
    /// So many đồng more.
    More(i64),
    /// It names an order of another account.
    Elsewhere,
    /// What it is for is owed by nobody any more.
    TooLate,
    /// The bank takes it back, whole.
    TakenBack,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plant {
    what: What,
    account: String,
    /// What was asked for.
    amount: i64,
    content: String,
    #[serde(default)]
    at: Option<Timestamp>,
}

impl Plant {
    fn comes(&self) -> i64 {
        match self.what {
            What::Less(by) => self.amount.saturating_sub(by),
            What::More(by) => self.amount.saturating_add(by),
            _ => self.amount,
        }
    }

    fn order(&self) -> Order {
        Order {
            account: self.account.clone(),
            virtual_account: None,
            direction: Direction::In,
            amount: self.comes(),
            content: self.content.clone(),
            second_content: String::new(),
            mangle: Mangle::AsTyped,
            payer_account: None,
            payer_name: None,
            payer_bank: None,
            at: self.at.unwrap_or_else(clock::now),
            reference: None,
            reversal_of: None,
            order_code: None,
            payment_link_id: None,
        }
    }

    async fn booked(&self, bank: &web::Data<Bank>) -> Result<Vec<Transaction>, Refused> {
        let first = book_order(bank, self.order()).await?;
        let second = match self.what {
            What::Twice => book_order(bank, self.order()).await?,
            What::TakenBack => {
                let order = taken_back(bank, self.account.clone(), first.reference.clone(), self.at)?;
                book_order(bank, order).await?
            }
            _ => return Ok(vec![first]),
        };
        Ok(vec![first, second])
    }
}

pub(super) async fn plant(bank: web::Data<Bank>, body: web::Bytes) -> Answer {
    let plant: Plant = strict(&body)?;
    if plant.comes() < 1 {
        return Err(bad("nothing would come"));
    }
    let booked = plant.booked(&bank).await?;
    let references: Vec<&str> = booked.iter().map(|transaction| transaction.reference.as_str()).collect();
    let line = json!({
        "what": plant.what, "account": plant.account, "asked": plant.amount, "came": plant.comes(), "references": references,
    });
    bank.log.write("planted", line).await?;
    Ok(HttpResponse::Ok().json(json!({"transactions": booked})))
}
