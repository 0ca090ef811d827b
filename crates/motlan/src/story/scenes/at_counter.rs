//! The one-stop desk: the officer takes cash for the wrong dossier, another person agrees that it is undone, and it is taken
//! again under another receipt. Then the drawer goes to the bank, whose statement will show it.

use serde_json::json;

use crate::story::cast::Fee;
use crate::story::checkout::{SOON, intent_until, obligation_status};
use crate::story::gateway::{amount, text};
use crate::story::paper::{dong, say};
use crate::story::stage::{Deposit, Story};
use crate::story::stop::Stop;

const FEE: Fee = Fee::ThirdHousehold;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let before = drawer(story).await?;
    let first = take(story, 1).await?;
    expect_paid(story, before).await?;
    void(story, &first).await?;
    let (owed, held) = (obligation_status(story, FEE).await?, drawer(story).await?);
    story.tally.check(
        owed == "due" && held == before,
        format_args!("khoản thu lại {owed}, ngăn kéo còn {}", dong(held)),
        "undone: it is due again, and the cash has left the drawer",
    );
    take(story, 2).await?;
    expect_paid(story, before).await?;
    deposit(story).await
}

/// The number of a receipt or a slip that no other run used.
fn numbered(story: &Story, what: &str, number: u32) -> String {
    format!("{what}-{}-{number}", story.run.name)
}

async fn drawer(story: &Story) -> Result<i64, Stop> {
    amount(&story.officer.get(&format!("/v1/counters/{}", story.counter)).await?.must_be(200)?.body, "drawer")
}

/// The officer enters cash; the payment's id.
async fn take(story: &mut Story, number: u32) -> Result<String, Stop> {
    let (receipt, key) = (numbered(story, "BL", number), story.key());
    let obligation = story.cast.get(FEE)?;
    let body = json!({
        "obligation_ids": [obligation.id()?], "tender": "cash", "counter_code": story.counter,
        "amount": obligation.amount(), "receipt_ref": receipt,
    });
    let taken = story.officer.post("/v1/counter-payments", &body, &key).await?.must_be(201)?.body;
    let (id, by) = (text(&taken, "id")?, text(&taken, "taken_by")?);
    say(&format!(
        "    Quầy {}: thu {} tiền mặt, giấy xác nhận {receipt}, {id}, người thu {by}",
        story.counter,
        dong(amount(&taken, "amount")?)
    ));
    Ok(id)
}

/// The obligation, the intent that was open for it, and the drawer.
async fn expect_paid(story: &mut Story, before: i64) -> Result<(), Stop> {
    let intent = story.intents.iter().position(|intent| intent.fees == [FEE]);
    let intent =
        intent.ok_or_else(|| Stop::Premise("không có ý định cho khoản này (there is no intent)".to_owned()))?;
    let seen = intent_until(story, intent, "paid", SOON).await?;
    let (status, owed) = (text(&seen, "status")?, obligation_status(story, FEE).await?);
    let (held, fee) = (drawer(story).await?, story.cast.get(FEE)?.amount());
    story.tally.check(
        status == "paid" && owed == "paid" && held == before + fee,
        format_args!("khoản thu {owed}, ý định {status}, ngăn kéo {}", dong(held)),
        "paid at once, the open intent with it; the cash is in the drawer",
    );
    Ok(())
}

/// Proposed by the officer, who cannot decide it; decided by the accountant.
async fn void(story: &mut Story, payment: &str) -> Result<(), Stop> {
    let key = story.key();
    let path = format!("/v1/counter-payments/{payment}/void");
    let proposed = story.officer.post(&path, &json!({"note": "thu nhầm hồ sơ"}), &key).await?.must_be(201)?.body;
    let approval = text(&proposed, "approval_id")?;
    let decide = format!("/v1/approvals/{approval}/approve");
    let (own, others) = (story.key(), story.key());
    let refused = story.officer.post(&decide, &json!({}), &own).await?;
    story.tally.check(
        refused.status == 403 && obligation_status(story, FEE).await? == "paid",
        format_args!("người thu tự duyệt: HTTP {}", refused.status),
        "the officer cannot approve it, and until then nothing moves",
    );
    let decided = story.staff.post(&decide, &json!({}), &others).await?;
    story.tally.check(
        decided.status == 200,
        format_args!("kế toán duyệt huỷ {approval}: HTTP {}", decided.status),
        "a second person approves the void",
    );
    Ok(())
}

/// All that the drawer holds goes to the bank of the counter's account, and is declared before the bank books it.
async fn deposit(story: &mut Story) -> Result<(), Stop> {
    let premise = || Stop::Premise("chưa mã QR nào nêu tài khoản (no code has named an account)".to_owned());
    let (_, number) = story.account.clone().ok_or_else(premise)?;
    let (sum, slip, key) = (drawer(story).await?, numbered(story, "PGN", 1), story.key());
    let path = format!("/v1/counters/{}/deposits", story.counter);
    let declared = story.officer.post(&path, &json!({"amount": sum, "slip_ref": slip}), &key).await?.must_be(201)?.body;
    let (id, left) = (text(&declared, "id")?, amount(&declared, "drawer")?);
    story.tally.check(
        left == 0 && amount(&declared, "amount")? == sum,
        format_args!("nộp {} vào ngân hàng, ngăn kéo còn {}", dong(sum), dong(left)),
        "the drawer is empty, its cash is on its way",
    );
    let content = format!("NOP TIEN MAT {slip}");
    let booked = story.bank.transfer(json!({"account": number, "amount": sum, "content": content})).await?;
    say(&format!(
        "    Ngân hàng ghi có (the bank credits) {}, «{}», {}",
        dong(booked.amount),
        booked.content,
        booked.reference
    ));
    story.deposit = Some(Deposit { id, booked });
    Ok(())
}
