//! Each payment has an account number of its own: the number says whose money it is, whatever the payer typed.

use crate::story::bank::Days;
use crate::story::cast::Fee;
use crate::story::checkout::{known, open};
use crate::story::gateway::amount;
use crate::story::paper::{dong, say_wrapped};
use crate::story::stage::Story;
use crate::story::stop::Stop;
use crate::story::transfer::{Scanned, expect_settled, payment_of, scan_any, sources, transfer};

/// What the payer types, who thinks of no reference.
const TYPED: &str = "nop le phi ho so";

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::VillageCopies, Fee::VillageSignature], None).await?;
    let (due, reference) = (known(story, intent)?.amount, known(story, intent)?.reference.clone());
    let code = scan_any(story, intent, due).await?;
    let account = story.bank.behind(&code.number).await?;
    story.tally.check(
        code.number.ends_with(&reference) && code.account() != account.0,
        format_args!("số {} chỉ dành cho {reference}, dẫn về tài khoản {}", code.number, account.1),
        "the number is this payment's alone, and leads to the beneficiary's account",
    );
    let booked = transfer(story, &Scanned { content: TYPED.to_owned(), ..code }, due, None).await?;
    say_wrapped("Sao kê ghi (the bank shows):", &booked.content);
    let payment = payment_of(story, &booked).await?;
    expect_settled(story, intent, Fee::VillageCopies, 1).await?;
    expect_settled(story, intent, Fee::VillageSignature, 1).await?;
    let sources = sources(story, &payment).await?;
    story.tally.check(
        !booked.content.contains(&reference) && sources.len() == 1,
        format_args!("nội dung không có mã tham chiếu; tiền được thấy từ: {}", sources.join(", ")),
        "nobody typed the reference: the number told whose money it is",
    );
    expect_arrived(story, &account).await
}

/// The statement of all days of that account brings the money out of transit.
async fn expect_arrived(story: &mut Story, (account, number): &(String, String)) -> Result<(), Stop> {
    let all = story.bank.transactions(number).await?;
    let days = Days::of(&all).ok_or(Stop::Missing("transactions"))?;
    let (file, key) = (story.bank.statement(number, "camt053_v8", days).await?, story.key());
    let path = format!("/v1/statements?account={account}&format=camt053");
    let seen = story.staff.send_file(&path, file, &key).await?.must_be(201)?.body;
    let (lines, matched) = (amount(&seen, "lines")?, amount(&seen, "matched")?);
    let (accounts, _) = story.books()?.accounts(&[]).await?;
    let on = |kind: &str| {
        let code = format!("{kind}:{account}");
        accounts.iter().find(|one| one.code == code).map_or(0, |one| one.all)
    };
    let balance = story.bank.opening(number).await? + all.iter().map(|booked| booked.amount).sum::<i64>();
    story.tally.check(
        lines == matched && on("in_transit") == 0 && on("bank") == balance,
        format_args!("sao kê: {matched}/{lines} dòng đã rõ; bank:{account} có {}", dong(on("bank"))),
        "the statement of the account has every credit, and nothing is on its way",
    );
    Ok(())
}
