//! The payer pays at VNPAY and, unsure whether it worked, by transfer too. Neither is refused: the first settles, the
//! second is held with a case.

use crate::story::cast::Fee;
use crate::story::checkout::{attempt, browse, expect_paid, known, open, pay};
use crate::story::stage::Story;
use crate::story::stop::Stop;
use crate::story::transfer::{expect_held, expect_settled, payment_of, scan, transfer};

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::Signatures], None).await?;
    let due = known(story, intent)?.amount;
    let code = scan(story, intent, due).await?;
    let tried = attempt(story, intent).await?;
    browse(story, intent, &tried).await?;
    let taken = pay(story, &tried, "paid").await?;
    expect_paid(story, intent, &tried, taken).await?;
    let booked = transfer(story, &code, due, Some("vcb_app")).await?;
    let payment = payment_of(story, &booked).await?;
    expect_held(story, &payment, "duplicate", "duplicate_payment", due).await?;
    expect_settled(story, intent, Fee::Signatures, 2).await
}
