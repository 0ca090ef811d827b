//! The dated fee catalogue: does the amount that a portal names contradict it? A contradiction warns, never refuses:
//! the agency decides what is owed.

use crate::money::Vnd;
use jiff::civil::Date;

/// One fee as published, with the days on which it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueFee {
    pub fee_code: String,
    pub name: String,
    /// Amounts that one case may cost; empty where only units count.
    pub amounts: Vec<Vnd>,
    /// Counted by page, copy or person: any multiple is possible.
    pub unit: Option<Vnd>,
    pub legal_basis: String,
    pub budget_sub_item: Option<String>,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
}

impl CatalogueFee {
    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    fn allows(&self, gross: Vnd) -> bool {
        let by_unit = self.unit.is_some_and(|unit| unit.is_positive() && gross.dong() % unit.dong() == 0);
        by_unit || self.amounts.contains(&gross)
    }
}

/// A word for the portal when no entry that holds on `day` allows `gross`; None when one does or the fee is not listed.
pub fn contradiction(fees: &[CatalogueFee], fee_code: &str, gross: Vnd, day: Date) -> Option<String> {
    let holding: Vec<_> = fees.iter().filter(|f| f.fee_code == fee_code && f.holds_on(day)).collect();
    let first = holding.first()?;
    if holding.iter().any(|fee| fee.allows(gross)) {
        return None;
    }
    Some(format!("gross_amount {} is not an amount of {} ({})", gross.dong(), first.fee_code, first.legal_basis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn only_an_amount_that_no_valid_entry_allows_is_a_contradiction() {
        let fees = [CatalogueFee {
            fee_code: "CT-BANSAO".into(),
            name: "Chứng thực bản sao".into(),
            amounts: vec![],
            unit: Some(Vnd::new(1_000)),
            legal_basis: "TT 226/2016/TT-BTC".into(),
            budget_sub_item: None,
            valid_from: Some(date(2017, 1, 1)),
            valid_to: Some(date(2026, 12, 31)),
        }];
        let check = |gross, day| contradiction(&fees, "CT-BANSAO", Vnd::new(gross), day);
        assert_eq!(check(21_000, date(2026, 11, 24)), None);
        assert!(check(21_500, date(2026, 11, 24)).is_some());
        assert_eq!(check(21_500, date(2027, 1, 1)), None);
        assert_eq!(contradiction(&fees, "KHAC", Vnd::new(1), date(2026, 11, 24)), None);
    }
}
