//! A wallet's page: told at once, or found by asking where its callback is lost.

use serde_json::json;

use crate::story::cast::Fee;
use crate::story::checkout::{Attempt, Taken, attempt_by, expect_paid, expect_sighted, known, open, open_page};
use crate::story::gateway::{amount, text};
use crate::story::paper::{dong, say};
use crate::story::partners::Partner;
use crate::story::stage::Story;
use crate::story::stop::Stop;
use tokio::time::Instant;

pub async fn at_momo(story: &mut Story) -> Result<(), Stop> {
    let (intent, tried) = at_page(story, Partner::Momo, Fee::BirthCopies).await?;
    pay(story, Partner::Momo, intent, &tried).await?;
    expect_sighted(story, Fee::BirthCopies, "webhook:momo", "MoMo told of it: webhook:momo").await
}

pub async fn at_zalopay(story: &mut Story) -> Result<(), Stop> {
    let (intent, tried) = at_page(story, Partner::Zalopay, Fee::ThreeSignatures).await?;
    story.partners.lose(Partner::Zalopay, &tried.order_ref).await?;
    say("    Kịch bản ZaloPay (script): callback của đơn này bị mất (the callback of this order is lost)");
    pay(story, Partner::Zalopay, intent, &tried).await?;
    let gloss = "the money was sighted by asking only: poll:zalopay";
    expect_sighted(story, Fee::ThreeSignatures, "poll:zalopay", gloss).await
}

/// An intent for one fee, an attempt, and the partner's page in the payer's browser.
pub async fn at_page(story: &mut Story, partner: Partner, fee: Fee) -> Result<(usize, Attempt), Stop> {
    let intent = open(story, &[fee], None).await?;
    let tried = attempt_by(story, intent, json!({"channel": partner.channel()}), "redirect").await?;
    open_page(story, &tried, partner.name()).await?;
    let owed = known(story, intent)?.amount;
    let asked = story.partners.order(partner, &tried.order_ref).await?["amount"].as_i64();
    story.tally.check(
        asked == Some(owed),
        format_args!("{} đòi đúng {} cho đơn {}", partner.name(), dong(owed), tried.order_ref),
        "the order there is for what is owed",
    );
    Ok((intent, tried))
}

/// The payer pays there, and the portal waits until it sees what came of it.
pub async fn pay(story: &mut Story, partner: Partner, intent: usize, tried: &Attempt) -> Result<(), Stop> {
    let told = story.partners.told(partner, "pay", &json!({"order_ref": tried.order_ref})).await?;
    let at = Instant::now();
    let taken = Taken { amount: amount(&told, "amount")?, transaction_no: text(&told, "transaction_no")?, at };
    say(&format!(
        "    {}: {}, mã giao dịch (transaction) {}, đã thu (taken) {}",
        partner.name(),
        told["status"].as_str().unwrap_or("?"),
        taken.transaction_no,
        dong(taken.amount)
    ));
    expect_paid(story, intent, tried, taken).await
}
