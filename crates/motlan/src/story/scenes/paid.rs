//! The ordinary day: one payment for two dossiers, told by VNPAY at once.

use crate::story::cast::Fee;
use crate::story::checkout::{attempt, browse, expect_paid, ipns, known, open, pay};
use crate::story::paper::{Table, say};
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::DegreeCopies, Fee::Household], None).await?;
    let tried = attempt(story, intent).await?;
    browse(story, intent, &tried).await?;
    let taken = pay(story, &tried, "paid").await?;
    expect_paid(story, intent, &tried, taken).await?;
    let calls = ipns(story, &tried).await?;
    let codes: Vec<&str> = calls.iter().map(|ipn| ipn.rsp_code.as_deref().unwrap_or(&ipn.verdict)).collect();
    story.tally.check(
        codes == ["00"],
        format_args!("IPN của VNPAY được trả lời RspCode {}", codes.join(", ")),
        "one IPN, answered 00",
    );
    show_states(story, intent).await
}

/// The intent's whole life, as the books tell it.
pub async fn show_states(story: &mut Story, intent: usize) -> Result<(), Stop> {
    let id = known(story, intent)?.id.clone();
    let mut table = Table::new(&[">Bước", "Từ", "Sang", "Vì (cause)"]);
    for step in story.books()?.transitions(&id).await? {
        table.row([step.version.to_string(), step.from, step.to, step.cause]);
    }
    say(&format!("    Đời của ý định (states of the intent) {id}, từ assurance.transition:"));
    table.show();
    Ok(())
}
