//! The accountant's day: VNPAY's settlement file and payout, the bank's statement in three formats, the counter's deposit
//! on it, and then what our
//! books say beside what the simulators say.
//!
//! VNPAY's simulator forgets at a restart and ends sessions by hand, so what it says is of this session; the bank
//! remembers, so its days are whole. Both stay true for a second story on the same books.

mod compared;
mod deposited;
mod files;

use super::refused_closing::profile_of;
use crate::story::bank::Days;
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let premise = || Stop::Premise("chưa mã QR nào nêu tài khoản (no code has named an account)".to_owned());
    let account = story.account.clone().ok_or_else(premise)?;
    let profile = profile_of(story, &story.vnpay.paid(None).await?).await?;
    let before = compared::Balances::read(story, &account.0, &profile).await?;
    let settled = files::settle(story, &profile).await?;
    let payout = files::pay_out(story, &account.1, &settled.told).await?;
    let deposit = story.deposit.iter().map(|deposit| &deposit.booked);
    let booked: Vec<_> = story.transfers.iter().chain(deposit).cloned().chain([payout]).collect();
    let days = Days::of(&booked).ok_or_else(premise)?;
    files::catch_up(story, &account, days).await?;
    files::statements(story, &account, days).await?;
    deposited::expect(story).await?;
    let ground = compared::Ground { account, profile, days, settled, before };
    compared::nothing_is_on_its_way(story, &ground).await?;
    compared::figures(story, &ground).await?;
    compared::cases(story, &ground).await?;
    compared::days_tie_out(story, &ground).await
}
