//! The accountant wants to close VNPAY's day before its settlement file is there. The gateway refuses and says which
//! amount nobody has explained yet. The day stays open: another story of today books into it.

use serde_json::{Value, json};

use crate::story::gateway::{list, text};
use crate::story::paper::{Table, dong, say};
use crate::story::stage::Story;
use crate::story::stop::{Stop, shown};

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let waiting = story.vnpay.paid(None).await?;
    let profile = profile_of(story, &waiting).await?;
    let Some(day) = waiting.iter().filter_map(day_of).max() else {
        return Err(Stop::Premise("VNPAY chưa thu gì trong phiên này (nothing was taken)".to_owned()));
    };
    let path = format!("/v1/reconciliation/{day}");
    let key = story.key();
    let refused = story.staff.post(&format!("{path}/close?profile={profile}"), &json!({}), &key).await?;
    let code = refused.body["code"].as_str().unwrap_or("?").to_owned();
    story.tally.check(
        // on kept data an earlier day may be open, which is told first
        refused.is_problem(409, "does_not_tie_out") || refused.is_problem(409, "day_open_before"),
        format_args!("chốt ngày {day} của {profile}: HTTP {}, {code}", refused.status),
        "closing is refused",
    );
    say(&shown(&json!({"code": code, "detail": refused.body["detail"]})));
    let seen = story.staff.get(&format!("{path}?profile={profile}")).await?.must_be(200)?.body;
    show_gaps(list(&seen, "gaps"));
    let taken: i64 = waiting.iter().filter(|order| day_of(order).as_deref() == Some(&day)).map(sum).sum();
    let forgotten = forgotten(story, &profile, &waiting, &day).await?;
    let unexplained =
        list(&seen, "gaps").iter().filter(|gap| is_about_files(gap)).filter_map(|gap| gap["ours"].as_i64());
    let unexplained = unexplained.max().unwrap_or(0);
    story.tally.check(
        unexplained == taken + forgotten && text(&seen, "status")? == "open",
        format_args!("chưa có tệp quyết toán: {}; VNPAY đã thu {}", dong(unexplained), dong(taken)),
        "no file names what VNPAY took",
    );
    Ok(())
}

fn show_gaps(gaps: &[Value]) {
    let mut table = Table::new(&["Vướng (gap)", ">Sổ của ta", ">Bên kia", ">Chênh lệch"]);
    for gap in gaps {
        let cell = |name: &str| gap[name].as_i64().map_or_else(|| "chưa có".to_owned(), dong);
        table.row([gap["kind"].as_str().unwrap_or("?").to_owned(), cell("ours"), cell("theirs"), cell("difference")]);
    }
    table.show();
}

fn is_about_files(gap: &Value) -> bool {
    matches!(gap["kind"].as_str(), Some("settlement_missing" | "payments_not_settled"))
}

/// Payments of the day that VNPAY's simulator knew before it was started anew.
async fn forgotten(story: &Story, profile: &str, known: &[Value], day: &str) -> Result<i64, Stop> {
    let unsettled = story.books()?.unsettled(profile).await?;
    let is_known = |number: &str| known.iter().any(|order| order["transaction_no"].as_str() == Some(number));
    let lost = unsettled.iter().filter(|payment| !payment.in_case && payment.day == day && !is_known(&payment.number));
    Ok(lost.map(|payment| payment.amount).sum())
}

/// The contract under which the gateway booked these transactions.
pub async fn profile_of(story: &Story, orders: &[Value]) -> Result<String, Stop> {
    let numbers = numbers(orders);
    let payments = story.books()?.payments(&numbers, &[], &[]).await?;
    let premise = || Stop::Premise("sổ chưa có giao dịch VNPAY nào (no transaction is booked)".to_owned());
    payments.into_iter().next().map(|payment| payment.profile).ok_or_else(premise)
}

pub fn numbers(orders: &[Value]) -> Vec<String> {
    orders.iter().filter_map(|order| order["transaction_no"].as_str()).map(str::to_owned).collect()
}

pub fn sum(order: &Value) -> i64 {
    order["amount"].as_i64().unwrap_or(0)
}

/// Of vnp_PayDate, which is Hanoi's time.
fn day_of(order: &Value) -> Option<String> {
    let wire = order["pay_date"].as_str()?;
    Some(format!("{}-{}-{}", wire.get(..4)?, wire.get(4..6)?, wire.get(6..8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_of_the_day_of_its_pay_date() {
        assert_eq!(day_of(&json!({"pay_date": "20261124154546"})).as_deref(), Some("2026-11-24"));
        assert_eq!(day_of(&json!({"pay_date": null})), None);
    }
}
