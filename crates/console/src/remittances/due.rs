//! What presses: remittances that have not left and are due soon, and periods that are over and nobody has prepared.

use super::{HERE, span};
use crate::shown;
use crate::staff::{Staff, now};
use crate::words;
use domain::Vnd;
use domain::business_day::business_date;
use jiff::ToSpan;
use jiff::civil::Date;
use payments::remit::{self, Unprepared};
use storage::remittances::{self, Stored};
use storage::{Db, StorageError};

/// Days ahead: a transfer is made on a worked day, and a weekend may lie between.
const SOON: i64 = 5;
const MOST: i64 = 50;

pub(crate) struct Pressing {
    pub path: String,
    pub beneficiary: String,
    pub span: String,
    /// None: nobody has prepared it.
    pub amount: Option<Vnd>,
    pub state: String,
    pub due: String,
    pub late: Option<(&'static str, &'static str)>,
}

/// In words, and how pressing it is.
pub(super) fn late(due_on: Date, today: Date) -> Option<(&'static str, &'static str)> {
    if due_on < today {
        Some(("quá hạn", "bad"))
    } else if due_on == today {
        Some(("hạn hôm nay", "bad"))
    } else if due_on <= today.saturating_add(SOON.days()) {
        Some(("sắp đến hạn", "wait"))
    } else {
        None
    }
}

/// The most pressing first, what nobody has begun before what waits.
pub(crate) async fn pressing(db: &Db, staff: &Staff) -> Result<Vec<Pressing>, StorageError> {
    let (own, now) = (staff.sees(), now());
    let today = business_date(now);
    let unprepared = remit::unprepared(db, own.as_deref(), now).await?;
    let unfinished = remittances::unfinished(db, today.saturating_add(SOON.days()), own.as_deref(), MOST).await?;
    let mut all: Vec<Pressing> = unprepared.iter().map(|u| to_prepare(u, today)).collect();
    all.extend(unfinished.iter().map(|r| to_finish(r, today)));
    Ok(all)
}

/// The form for preparing, filled in.
pub(super) fn to_form(beneficiary: &str, period: &str, day: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([("beneficiary", beneficiary), ("period", period), ("day", day)]);
    format!("{HERE}?{}#prepare", query.finish())
}

fn to_prepare(u: &Unprepared, today: Date) -> Pressing {
    Pressing {
        path: to_form(u.beneficiary.as_str(), u.period.as_str(), &u.ends_on.to_string()),
        beneficiary: u.beneficiary.to_string(),
        span: span(u.period, u.begins_on, u.ends_on),
        amount: None,
        state: "chưa lập".to_owned(),
        due: shown::day(u.due_on),
        late: late(u.due_on, today),
    }
}

fn to_finish(r: &Stored, today: Date) -> Pressing {
    Pressing {
        path: format!("{HERE}/{}", r.id),
        beneficiary: r.beneficiary.to_string(),
        span: span(r.period, r.begins_on, r.ends_on),
        amount: Some(r.amount),
        state: words::state(r.status.as_str()).to_owned(),
        due: shown::day(r.due_on),
        late: late(r.due_on, today),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::remittance::Period;
    use jiff::civil::date;

    #[test]
    fn what_is_due_is_told_from_five_days_before_and_is_late_from_the_day_after() {
        let today = date(2026, 11, 27);
        let told = |day: i8, month: i8| late(date(2026, month, day), today).map(|(text, _)| text);
        assert_eq!(
            [told(26, 11), told(27, 11), told(2, 12)],
            [Some("quá hạn"), Some("hạn hôm nay"), Some("sắp đến hạn")]
        );
        assert_eq!(told(3, 12), None);
    }

    #[test]
    fn a_month_is_called_by_its_name_and_a_week_by_its_days() {
        let month = span(Period::Monthly, date(2026, 10, 1), date(2026, 10, 31));
        let week = span(Period::Weekly, date(2026, 11, 16), date(2026, 11, 22));
        assert_eq!((month.as_str(), week.as_str()), ("tháng 10/2026", "tuần 16/11/2026 – 22/11/2026"));
    }
}
