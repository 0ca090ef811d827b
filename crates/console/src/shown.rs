//! How times, ages and people are written on the pages.

use domain::bank_names;
use domain::business_day::HANOI;
use jiff::Timestamp;
use jiff::civil::Date;
use payments::Context;
use std::collections::BTreeMap;
use storage::{Db, StorageError, desk, receiving_accounts};

/// `27/11/2026 16:05`, in Hanoi.
pub(crate) fn time(at: Timestamp) -> String {
    HANOI.to_datetime(at).strftime("%d/%m/%Y %H:%M").to_string()
}

/// With seconds, where the order of things matters.
pub(crate) fn second(at: Timestamp) -> String {
    HANOI.to_datetime(at).strftime("%d/%m/%Y %H:%M:%S").to_string()
}

pub(crate) fn day(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

/// In the largest unit that says something.
pub(crate) fn age(from: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(from).as_mins().max(0);
    match minutes {
        0..60 => format!("{minutes} phút"),
        60..2_880 => format!("{} giờ", minutes / 60),
        _ => format!("{} ngày", minutes / 1_440),
    }
}

/// Whole percent and one decimal, without a float.
pub(crate) fn share(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "–".to_owned();
    }
    let tenths = i128::from(part) * 1_000 / i128::from(whole);
    format!("{},{} %", tenths / 10, tenths % 10)
}

/// Whoever acted, by name where the books know it.
pub(crate) struct People(BTreeMap<String, String>);

impl People {
    pub async fn among(db: &Db, actors: impl IntoIterator<Item = String>) -> Result<Self, StorageError> {
        let mut actors: Vec<String> = actors.into_iter().filter(|actor| actor.starts_with("usr_")).collect();
        actors.sort_unstable();
        actors.dedup();
        Ok(Self(desk::names(db, &actors).await?.into_iter().collect()))
    }

    pub fn name(&self, actor: &str) -> String {
        match actor {
            "system" => "hệ thống".to_owned(),
            _ if actor.starts_with("cli_") => "cổng dịch vụ công".to_owned(),
            _ if actor.starts_with("cli") => "dòng lệnh".to_owned(),
            _ => self.0.get(actor).cloned().unwrap_or_else(|| actor.to_owned()),
        }
    }
}

/// Accounts by their bank, number and name, contracts by their provider: whose day it is, as people call it.
pub(crate) async fn scopes(ctx: &Context, db: &Db) -> Result<BTreeMap<String, String>, StorageError> {
    let accounts = receiving_accounts::all(db, None).await?.into_iter().map(|a| {
        let name = format!("{} · {} · {}", bank_names::name(&a.bank_bin), a.account_number, a.account_name);
        (format!("bank:{}", a.code), name)
    });
    let contracts = ctx.providers.iter().map(|provider| {
        let name = format!("{} · {}", provider.names.vi, provider.profile);
        (format!("clearing:{}", provider.profile), name)
    });
    Ok(accounts.chain(contracts).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_hanoi_and_shares_are_cut_and_never_rounded_up() {
        let at: Timestamp = "2026-11-27T09:05:07Z".parse().unwrap();
        assert_eq!((time(at), second(at)), ("27/11/2026 16:05".to_owned(), "27/11/2026 16:05:07".to_owned()));
        assert_eq!(share(999, 1_000), "99,9 %");
        assert_eq!(share(9_999, 10_000), "99,9 %", "not all are online");
        assert_eq!((share(5, 5), share(0, 0)), ("100,0 %".to_owned(), "–".to_owned()));
    }

    #[test]
    fn an_age_is_told_in_minutes_then_hours_then_days() {
        let now: Timestamp = "2026-11-27T09:00:00Z".parse().unwrap();
        let before = |minutes: i64| age(now - jiff::SignedDuration::from_mins(minutes), now);
        assert_eq!([before(5), before(119), before(2_880)], ["5 phút", "1 giờ", "2 ngày"]);
        assert_eq!(before(-5), "0 phút", "clocks differ");
    }
}
