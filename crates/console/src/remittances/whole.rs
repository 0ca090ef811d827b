//! A remittance as whoever decides or transfers it reads it: where it goes, what is written, and what it is made of.

use domain::Vnd;
use domain::bank_names;
use domain::remittance::{Share, transfer_text};
use std::collections::BTreeMap;
use storage::remittances::{Item, Stored};

pub(crate) struct Line {
    pub fee: String,
    pub name: String,
    pub chapter: String,
    pub sub_item: String,
    pub area: String,
    pub share: Share,
}

pub(crate) struct Whole {
    pub amount: Vnd,
    /// As a bank's form takes it.
    pub digits: i64,
    pub from: String,
    pub unit: String,
    pub treasury: String,
    pub bank: String,
    pub number: String,
    pub holder: String,
    pub reference: String,
    pub text: String,
    pub lines: Vec<Line>,
    /// Under the columns of the lines: collected, retained, carried.
    pub collected: Vnd,
    pub retained: Vnd,
    pub carried: Vnd,
}

impl Whole {
    /// `names`: of accounts, by scope.
    pub fn new(r: &Stored, items: &[Item], names: &BTreeMap<String, String>) -> Self {
        let lines: Vec<Line> = items.iter().filter(|i| i.remittance == r.id).map(line).collect();
        let sum = |part: fn(&Share) -> Vnd| lines.iter().map(|line| part(&line.share)).sum::<Vnd>();
        let from = r.way.account.to_string();
        Self {
            amount: r.amount,
            digits: r.amount.dong(),
            from: names.get(&format!("bank:{from}")).cloned().unwrap_or(from),
            unit: r.way.unit.clone(),
            treasury: r.way.treasury.clone(),
            bank: bank_names::name(&r.way.bank_bin),
            number: r.way.account_number.clone(),
            holder: r.way.account_name.clone(),
            reference: r.reference.clone(),
            text: transfer_text(&r.reference, r.ends_on),
            collected: sum(|s| s.collected),
            retained: sum(|s| s.retained),
            carried: sum(|s| s.carried),
            lines,
        }
    }
}

fn line(i: &Item) -> Line {
    Line {
        fee: i.fee_code.clone(),
        name: i.fee_name.clone(),
        chapter: i.chapter.clone(),
        sub_item: i.sub_item.clone(),
        area: i.area.clone(),
        share: i.share,
    }
}
