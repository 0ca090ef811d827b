//! Which periods are over and were not prepared: what nobody has begun is missed more easily than what waits.

use domain::business_day::{HANOI, business_date};
use domain::codes::BeneficiaryCode;
use domain::remittance::Period;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use storage::remittances::rules::{self, Rule};
use storage::{Db, StorageError, beneficiaries, remittances};

/// The last period of its kind that is over. What earlier ones left is remitted with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unprepared {
    pub beneficiary: BeneficiaryCode,
    pub period: Period,
    pub begins_on: Date,
    pub ends_on: Date,
    /// The earliest of its fees.
    pub due_on: Date,
}

/// Those of whose fees money was booked in the period, as far as somebody sees who sees the money of `own` (None: of all), the
/// most pressing first. A hint, for it is asked at each look: how much is to be remitted, preparing says.
pub async fn unprepared(db: &Db, own: Option<&[String]>, now: Timestamp) -> Result<Vec<Unprepared>, StorageError> {
    let rules = rules::list(db, None).await?;
    let last_ends = remittances::last_ends(db).await?;
    let calendar = beneficiaries::calendar(db).await?;
    let mut found = Vec::new();
    for of_one in rules.chunk_by(|a, b| a.beneficiary == b.beneficiary) {
        let Some(beneficiary) = of_one.first().map(|rule| &rule.beneficiary) else { continue };
        if own.is_some_and(|own| !own.iter().any(|code| code == beneficiary.as_str())) {
            continue;
        }
        for period in Period::ALL.iter().copied() {
            let (begins_on, ends_on) = last_over(period, business_date(now));
            let is_prepared = |(code, of, last): &(String, Period, Date)| {
                code == beneficiary.as_str() && *of == period && *last >= ends_on
            };
            let present = present(of_one, ends_on);
            let of_period: Vec<&Rule> = present.into_iter().filter(|rule| rule.period == period).collect();
            let due_on = of_period.iter().map(|rule| rule.due_by.of(ends_on, rule.due_n, &calendar)).min();
            let Some(due_on) = due_on.filter(|_| !last_ends.iter().any(is_prepared)) else { continue };
            let fees: Vec<String> = of_period.iter().map(|rule| rule.fee_code.clone()).collect();
            let Ok(since) = HANOI.to_timestamp(begins_on.at(0, 0, 0, 0)) else { continue };
            if remittances::is_collected(db, beneficiary, since, (begins_on, ends_on), &fees).await? {
                found.push(Unprepared { beneficiary: beneficiary.clone(), period, begins_on, ends_on, due_on });
            }
        }
    }
    found.sort_by(|a, b| (a.due_on, &a.beneficiary).cmp(&(b.due_on, &b.beneficiary)));
    Ok(found)
}

fn last_over(period: Period, today: Date) -> (Date, Date) {
    let (begins_on, _) = period.around(today);
    period.around(begins_on.saturating_sub(1.days()))
}

/// Of each fee the rule that holds on the day; `rules` are of one beneficiary, by fee and day.
fn present(rules: &[Rule], on: Date) -> Vec<&Rule> {
    rules
        .chunk_by(|a, b| a.fee_code == b.fee_code)
        .filter_map(|of_fee| of_fee.iter().rfind(|r| r.valid_from <= on))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_last_period_that_is_over_ends_before_the_one_of_today() {
        let month = last_over(Period::Monthly, date(2026, 11, 1));
        assert_eq!(month, (date(2026, 10, 1), date(2026, 10, 31)));
        assert_eq!(last_over(Period::Monthly, date(2026, 11, 30)), month);
        // a Friday
        assert_eq!(last_over(Period::Weekly, date(2026, 11, 27)), (date(2026, 11, 16), date(2026, 11, 22)));
    }
}
