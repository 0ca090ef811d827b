//! Nobody tells of a transfer: every notification is lost. The gateway finds it by listing the account.

use crate::story::cast::Fee;
use crate::story::checkout::{known, open};
use crate::story::paper::say;
use crate::story::stage::Story;
use crate::story::stop::Stop;
use crate::story::transfer::{expect_settled, payment_of, scan, sources, transfer};

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::PaidExtract], None).await?;
    let due = known(story, intent)?.amount;
    let code = scan(story, intent, due).await?;
    let tellers = story.bank.tellers(&code.number).await?;
    story.bank.lose(&code.content, tellers).await?;
    say(&format!("    Kịch bản ngân hàng (script): cả {tellers} thông báo bị mất (every notification is lost)"));
    let booked = transfer(story, &code, due, Some("ct_den")).await?;
    let payment = payment_of(story, &booked).await?;
    expect_settled(story, intent, Fee::PaidExtract, 1).await?;
    let sources = sources(story, &payment).await?;
    story.tally.check(
        sources == [format!("listing:{}", code.account())],
        format_args!("tiền được thấy từ: {}", sources.join(", ")),
        "the money was sighted by the listing only",
    );
    Ok(())
}
