//! The counter's deposit on the statement: known by its slip, no payment, and the counter's books say where it is.

use crate::story::gateway::list;
use crate::story::paper::dong;
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn expect(story: &mut Story) -> Result<(), Stop> {
    let Some(deposit) = &story.deposit else {
        return Err(Stop::Premise("quầy chưa nộp tiền vào ngân hàng (nothing was deposited)".to_owned()));
    };
    let (id, sum, reference) = (deposit.id.clone(), deposit.booked.amount, deposit.booked.reference.clone());
    let found = story.books()?.arrived(&id).await?;
    let payments = story.books()?.payments(&[], &[], &[reference]).await?.len();
    let rules: Vec<&str> = found.iter().map(|(_, rule)| rule.as_str()).collect();
    story.tally.check(
        found.iter().map(|(amount, _)| amount).sum::<i64>() == sum && rules == ["deposit_slip"] && payments == 0,
        format_args!("tiền mặt của quầy: {} trên sao kê, nhận ra bằng {}", dong(sum), rules.join(", ")),
        "the credit is the deposit, by its slip, and never a payment",
    );
    let seen = story.officer.get(&format!("/v1/counters/{}", story.counter)).await?.must_be(200)?.body;
    let shown = list(&seen, "deposits").iter().find(|shown| shown["id"].as_str() == Some(&id));
    let movement = shown.and_then(|shown| shown["movement_id"].as_str()).unwrap_or("?");
    story.tally.check(
        movement.starts_with("mov_"),
        format_args!("quầy {} thấy {id} ở biến động {movement}", story.counter),
        "the counter sees on which movement",
    );
    Ok(())
}
