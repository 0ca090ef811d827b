//! Bill collection: here the other side calls. A customer types the dossier's code into the application of a bank or of a
//! wallet, sees what is owed, and pays it; asked again, the code owes nothing.

use serde_json::{Value, json};

use crate::story::cast::Fee;
use crate::story::checkout::{expect_sighted, obligation_status};
use crate::story::gateway::{amount, list, text};
use crate::story::paper::{dong, say};
use crate::story::partners::Partner;
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    pay(story, Partner::BankBills, Fee::TwoSignatures).await?;
    pay(story, Partner::MobileMoneyBills, Fee::WalletExtract).await
}

async fn pay(story: &mut Story, partner: Partner, fee: Fee) -> Result<(), Stop> {
    let (owed, name, code) = {
        let obligation = story.cast.get(fee)?;
        (obligation.amount(), obligation.name, obligation.dossier_code.clone())
    };
    let bills = bills_of(story, partner, &code).await?;
    let asked = bills.iter().map(|bill| amount(bill, "amount")).collect::<Result<Vec<_>, _>>()?;
    story.tally.check(
        asked == [owed],
        format_args!("{}: hồ sơ {code} còn phải nộp {}", partner.name(), dong(asked.iter().sum())),
        "the application is told what is due, and nothing else",
    );
    let told = story.partners.told(partner, "pay", &json!({"customer": code})).await?;
    let (taken, number, state) = (amount(&told, "amount")?, text(&told, "transaction")?, text(&told, "state")?);
    say(&format!("    {}: {state}, giao dịch {number}, đã thu (taken) {}", partner.name(), dong(taken)));
    let now = obligation_status(story, fee).await?;
    story.tally.check(
        state == "paid" && now == "paid" && taken == owed,
        format_args!("«{name}» ở trạng thái {now} ngay khi ứng dụng được trả lời"),
        "paid, in the commit that the application's answer came from",
    );
    expect_one_payment(story, fee, &number, taken).await?;
    let left = bills_of(story, partner, &code).await?.len();
    story.tally.check(left == 0, format_args!("hỏi lại: {left} khoản phải nộp"), "asked again, the code owes nothing");
    Ok(())
}

/// What a customer who types the code sees.
async fn bills_of(story: &Story, partner: Partner, code: &str) -> Result<Vec<Value>, Stop> {
    let seen = story.partners.told(partner, "ask", &json!({"customer": code})).await?;
    Ok(list(&seen, "bills").to_vec())
}

async fn expect_one_payment(story: &mut Story, fee: Fee, number: &str, taken: i64) -> Result<(), Stop> {
    let owed = [story.cast.get(fee)?.id()?.to_owned()];
    let payments = story.books()?.payments(&[], &owed, &[]).await?;
    let found: Vec<_> = payments.iter().map(|p| (p.provider_txn_id.clone(), p.amount)).collect();
    let source = payments.first().map(|payment| format!("bill:{}", payment.profile)).unwrap_or_default();
    story.tally.check(
        found == [(number.to_owned(), taken)],
        format_args!("sổ có {} khoản tiền, giao dịch {number}, {}", found.len(), dong(taken)),
        "one payment, under the application's number",
    );
    expect_sighted(story, fee, &source, "the application's call is the evidence").await
}
