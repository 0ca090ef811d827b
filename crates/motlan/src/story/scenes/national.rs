//! The national portal's payment platform: told by its CONFIRM, and its receipt handed to the portal as it is.

use super::wallets::{at_page, pay};
use crate::story::cast::Fee;
use crate::story::checkout::{expect_sighted, known};
use crate::story::gateway::{id_of, list};
use crate::story::partners::Partner;
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let (intent, tried) = at_page(story, Partner::National, Fee::ExamCopies).await?;
    pay(story, Partner::National, intent, &tried).await?;
    expect_sighted(story, Fee::ExamCopies, "webhook:national", "the platform told of it: webhook:national").await?;
    fetch_receipt(story, intent).await
}

async fn fetch_receipt(story: &mut Story, intent: usize) -> Result<(), Stop> {
    let path = format!("/v1/payment-intents/{}", known(story, intent)?.id);
    let seen = story.api.get(&path).await?.must_be(200)?.body;
    let id = list(&seen, "payments").first().and_then(id_of).ok_or(Stop::Missing("payments"))?;
    let receipt = story.api.get(&format!("/v1/payments/{id}/receipt")).await?.must_be(200)?;
    let is_pdf = receipt.content_type == "application/pdf" && receipt.bytes.starts_with(b"%PDF-");
    story.tally.check(
        is_pdf,
        format_args!("biên lai của nền tảng cho {id}: {}, {} byte", receipt.content_type, receipt.bytes.len()),
        "the platform's receipt comes through as it is",
    );
    Ok(())
}
