//! Whose debt the money of a case may be, or which payment the bank may have taken back. Reads only: a suggestion never books anything.

use crate::context::Context;
use domain::near_reference::{self, Slip};
use domain::reference::Reference;
use domain::suggestion::{Rule, Suggestion, adding_up, ranked, sums_with, typed_codes};
use domain::{CaseId, Vnd};
use jiff::Timestamp;
use std::collections::BTreeSet;
use storage::suggestions::{self, Debts, Money};
use storage::{Db, StorageError};

/// Ranked candidates, at most ten. A person with `beneficiaries` sees debts to these only.
pub async fn of_case(
    ctx: &Context,
    case: CaseId,
    beneficiaries: Option<&[String]>,
) -> Result<Vec<Suggestion>, StorageError> {
    let db = ctx.pool.get().await?;
    let Some(money) = suggestions::money(&db, case).await? else { return Ok(Vec::new()) };
    if !money.amount.is_positive() {
        return Ok(ranked(suggestions::taken_back(&db, case, beneficiaries).await?));
    }
    let mut found = Vec::new();
    if let Some(text) = &money.text {
        let codes: Vec<String> = typed_codes(text).into_iter().collect();
        found.extend(suggestions::by_code(&db, &codes, &money, beneficiaries).await?);
        found.extend(nearly_named(ctx, &db, text, &money, beneficiaries).await?);
    }
    if let Some(when) = money.at.zip(money.until) {
        let seen = |code: &&String| beneficiaries.is_none_or(|own| own.contains(code));
        let theirs: Vec<String> = money.beneficiaries.iter().filter(seen).cloned().collect();
        found.extend(suggestions::by_amount(&db, &[money.amount], when, &theirs).await?);
        found.extend(together(&db, money.amount, when, &theirs).await?);
        found.extend(parts(&db, case, money.amount, when, &theirs).await?);
    }
    Ok(ranked(found))
}

/// Debts whose reference the text has but for one slip.
async fn nearly_named(
    ctx: &Context,
    db: &Db,
    text: &str,
    money: &Money,
    beneficiaries: Option<&[String]>,
) -> Result<Vec<Suggestion>, StorageError> {
    let near = near_reference::near(text, ctx.mode);
    if near.is_empty() {
        return Ok(Vec::new());
    }
    let references: Vec<&str> = near.keys().map(Reference::as_str).collect();
    let mut found = suggestions::by_reference(db, &references, money, beneficiaries).await?;
    for one in &mut found {
        let slip = near.iter().find(|(reference, _)| one.reference.as_deref() == Some(reference.as_str()));
        if slip.is_some_and(|(_, slip)| *slip == Slip::LookAlike) {
            one.fields.insert("look_alike");
        }
    }
    Ok(found)
}

/// Debts of one payer, or of one dossier, that come to the amount together.
async fn together(
    db: &Db,
    amount: Vnd,
    when: (Timestamp, Timestamp),
    beneficiaries: &[String],
) -> Result<Vec<Suggestion>, StorageError> {
    let owed = suggestions::owed_together(db, amount, when, beneficiaries).await?;
    Ok(owed.iter().filter_map(|debts| sum_of(debts, amount)).collect())
}

/// Several sets of one payer say less than one: the fewest debts are shown.
fn sum_of(debts: &Debts, amount: Vnd) -> Option<Suggestion> {
    let set = adding_up(&debts.amounts, amount).into_iter().next()?;
    let dossiers: BTreeSet<String> = set.iter().filter_map(|at| debts.dossiers[*at].clone()).collect();
    Some(Suggestion {
        intent_id: None,
        payment_id: None,
        obligations: set.iter().map(|at| debts.obligations[*at]).collect(),
        rest: Vec::new(),
        reference: None,
        dossier_codes: dossiers.into_iter().collect(),
        amount_due: amount,
        rule: Rule::SumOfDebts,
        fields: BTreeSet::from(["sum", "account", "time", "payer"]),
    })
}

/// Debts that the money pays with other money of the same sender that waits.
async fn parts(
    db: &Db,
    case: CaseId,
    amount: Vnd,
    when: (Timestamp, Timestamp),
    beneficiaries: &[String],
) -> Result<Vec<Suggestion>, StorageError> {
    let others = suggestions::of_one_sender(db, case).await?;
    let sums = sums_with(amount, &others.iter().map(|(_, amount)| *amount).collect::<Vec<_>>());
    let totals: Vec<Vnd> = sums.iter().map(|(sum, _)| *sum).collect();
    let mut found = suggestions::by_amount(db, &totals, when, beneficiaries).await?;
    for one in &mut found {
        let parts = sums.iter().find(|(sum, _)| *sum == one.amount_due).map(|(_, set)| set);
        one.rest = parts.into_iter().flatten().map(|at| others[*at].0).collect();
        one.rule = Rule::PartOfDebt;
        one.fields = BTreeSet::from(["sum", "account", "time", "sender"]);
    }
    Ok(found)
}
