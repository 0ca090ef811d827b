//! The payer scans a code; the banks between put a blank into the reference and noise around it. It is found all the same,
//! and two tellers make no second payment.

use crate::story::cast::Fee;
use crate::story::checkout::{SOON, known, open};
use crate::story::paper::{Table, say, say_wrapped};
use crate::story::stage::{Story, until};
use crate::story::stop::Stop;
use crate::story::transfer::{expect_settled, payment_of, scan, transfer};

/// The cruellest that keeps every letter: `simulator/README.md` lists them.
const SHAPE: &str = "blank_inside";

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::SchoolCopies], None).await?;
    let due = known(story, intent)?.amount;
    let code = scan(story, intent, due).await?;
    let booked = transfer(story, &code, due, Some(SHAPE)).await?;
    say_wrapped("Mã ghi (the code says):", &booked.typed);
    say_wrapped(&format!("Sao kê ghi (the bank shows, {SHAPE}):"), &booked.content);
    story.tally.check(
        !booked.content.contains(&code.content),
        "sao kê không còn nguyên mã tham chiếu",
        "the reference is no longer in one piece",
    );
    let payment = payment_of(story, &booked).await?;
    expect_settled(story, intent, Fee::SchoolCopies, 1).await?;
    expect_every_teller(story, &payment, &code.number).await
}

async fn expect_every_teller(story: &mut Story, payment: &str, number: &str) -> Result<(), Stop> {
    let tellers = story.bank.tellers(number).await?;
    let mut seen = Vec::new();
    until(SOON, async || {
        seen = story.books()?.sightings(payment).await?;
        Ok((seen.iter().filter(|sighting| sighting.source.starts_with("webhook:")).count() >= tellers).then_some(()))
    })
    .await?;
    let mut table = Table::new(&["Nguồn (source)", "Khoá (source key)", "Trạng thái"]);
    let applied = seen.iter().filter(|sighting| sighting.state == "applied").count();
    seen.iter().for_each(|s| table.row([s.source.clone(), s.source_key.clone(), s.state.clone()]));
    say("    Ai đã báo khoản tiền này (who told of this payment):");
    table.show();
    story.tally.check(
        applied == 1 && seen.len() >= tellers,
        format_args!("{} lượt báo, {applied} lượt được ghi sổ", seen.len()),
        "told several times, booked once",
    );
    Ok(())
}
