//! Sample data of the demonstration: invented agencies and people of Lào Cai, named as samples, and the project's own
//! lists of fees and days off. A second start changes nothing.

use crate::failed::Failed;
use domain::Vnd;
use domain::beneficiary::{AccountKind, Beneficiary};
use domain::catalogue::CatalogueFee;
use domain::codes::{AccountCode, BeneficiaryCode};
use domain::fee::Rounding;
use domain::obligation::ObligationKind;
use domain::receipt::Template;
use domain::remittance::{DueBy, Period, Retention};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde::Deserialize;
use std::collections::BTreeSet;
use storage::receipt_series::{self, Series};
use storage::remittances::Way;
use storage::remittances::rules::{self, Rule};
use storage::{Db, Pool, beneficiaries, ids, principals};

pub const PORTAL: &str = "cong-dvc";
pub const ACCOUNTANT: &str = "ke-toan";
/// Decides what the accountant proposes.
pub const APPROVER: &str = "lanh-dao";
/// Takes money at the one-stop desk, and does nothing else.
pub const OFFICER: &str = "mot-cua";
const OFFICER_OF: &str = "H38.17-KB";
/// Whose fees the demonstration's provider collects, separated by commas.
pub const BENEFICIARIES: &str = "H38.17-KB,H38.1-KB,H38.21-NH";

const FEES: &str = include_str!("../sample/fee-catalogue.json");
const CALENDAR: &str = include_str!("../sample/working-calendar.json");
/// Charged per page, copy or person: any multiple may be owed.
const COUNTED: &[&str] = &["page", "copy", "person"];

const AGENCIES: &[(&str, &str)] = &[
    ("H38.1", "Sở Tài chính tỉnh Lào Cai (mẫu)"),
    ("H38.17", "UBND phường Lào Cai (mẫu)"),
    ("H38.21", "UBND xã Bát Xát (mẫu)"),
];

/// Code, beneficiary, collector, tax code, address: none of these tax codes is anybody's.
type SampleSeries = (&'static str, &'static str, &'static str, &'static str, &'static str);
const SERIES: &[SampleSeries] = &[
    (
        "BL-H38.1",
        "H38.1-KB",
        "Sở Tài chính tỉnh Lào Cai (mẫu)",
        "0000000001",
        "Đại lộ Trần Hưng Đạo, phường Cam Đường, tỉnh Lào Cai",
    ),
    ("BL-H38.17", "H38.17-KB", "UBND phường Lào Cai (mẫu)", "0000000017", "Phường Lào Cai, tỉnh Lào Cai"),
    ("BL-H38.21", "H38.21-NH", "UBND xã Bát Xát (mẫu)", "0000000021", "Xã Bát Xát, tỉnh Lào Cai"),
];

/// Fee, what is kept of it in millionths, sub-item. The shares are made up.
type SampleRemitted = (&'static str, i32, &'static str);
const REMITTED: &[SampleRemitted] = &[("CT-BANSAO", 500_000, "2716"), ("HT-KHAISINH", 0, "2771")];

/// Code, agency, name, kind, bank, account, its holder: none of these accounts exists.
type SampleAccount = (&'static str, &'static str, &'static str, AccountKind, &'static str, &'static str, &'static str);
const ACCOUNTS: &[SampleAccount] = &[
    (
        "H38.1-KB",
        "H38.1",
        "Sở Tài chính tỉnh Lào Cai, tài khoản Kho bạc (mẫu)",
        AccountKind::Treasury,
        "970409",
        "3511000000001",
        "SO TAI CHINH LAO CAI MAU",
    ),
    (
        "H38.17-KB",
        "H38.17",
        "UBND phường Lào Cai, tài khoản Kho bạc (mẫu)",
        AccountKind::Treasury,
        "970409",
        "3511000000017",
        "UBND PHUONG LAO CAI MAU",
    ),
    (
        "H38.21-NH",
        "H38.21",
        "UBND xã Bát Xát, tài khoản ngân hàng (mẫu)",
        AccountKind::Bank,
        "970436",
        "1000000000021",
        "UBND XA BAT XAT MAU",
    ),
];

#[derive(Deserialize)]
struct Fees {
    items: Vec<Fee>,
}

#[derive(Deserialize)]
struct Fee {
    id: String,
    name_vi: String,
    legal_basis: String,
    charges: Vec<Charge>,
}

#[derive(Deserialize)]
struct Charge {
    vnd: i64,
    unit: String,
    valid_to: Option<Date>,
}

#[derive(Deserialize)]
struct Calendar {
    worked_saturdays: Vec<Date>,
    holidays: Vec<Holiday>,
}

#[derive(Deserialize)]
struct Holiday {
    date: Date,
    name: String,
}

/// Puts in what is not there.
///
/// # Errors
/// When the database is away.
pub async fn put(pool: &Pool) -> Result<(), Failed> {
    let (db, now) = (pool.get().await?, Timestamp::now());
    for (code, name) in AGENCIES {
        beneficiaries::put_agency(&db, code, name).await?;
    }
    for account in ACCOUNTS {
        beneficiaries::put_beneficiary(&db, &beneficiary(account)?, now, "sample").await?;
    }
    principals::put_client(&db, ids::mint(now), PORTAL, "Cổng dịch vụ công Lào Cai (mẫu)").await?;
    principals::put_person(&db, ids::mint(now), ACCOUNTANT, "Nguyễn Thị Kế Toán (mẫu)", &[]).await?;
    principals::put_person(&db, ids::mint(now), APPROVER, "Lê Văn Lãnh Đạo (mẫu)", &[]).await?;
    let name = "Trần Văn Một Cửa (mẫu)";
    principals::put_person(&db, ids::mint(now), OFFICER, name, &[OFFICER_OF.to_owned()]).await?;
    let there = receipt_series::all(&db).await?;
    for sample in SERIES.iter().filter(|(code, ..)| there.iter().all(|s| s.code != *code)) {
        receipt_series::put(&db, &series(sample)?).await?;
    }
    put_remittance_rules(&db, now).await?;
    put_lists(&db).await
}

/// Of each beneficiary a fee and a charge; what is there stays.
async fn put_remittance_rules(db: &Db, now: Timestamp) -> Result<(), Failed> {
    let there = rules::list(db, None).await?;
    for account in ACCOUNTS {
        for sample in REMITTED {
            let rule = remittance_rule(account, sample, now)?;
            let is_there = |r: &Rule| r.beneficiary == rule.beneficiary && r.fee_code == rule.fee_code;
            if !there.iter().any(is_there) {
                rules::put(db, &rule, "sample", now).await?;
            }
        }
    }
    Ok(())
}

fn remittance_rule(account: &SampleAccount, sample: &SampleRemitted, now: Timestamp) -> Result<Rule, Failed> {
    let (&(code, _, _, _, bank_bin, number, _), &(fee_code, rate_ppm, sub_item)) = (account, sample);
    Ok(Rule {
        id: ids::mint(now),
        beneficiary: BeneficiaryCode::new(code)?,
        fee_code: fee_code.to_owned(),
        valid_from: date(2026, 1, 1),
        retention: Retention { rate_ppm, rounding: Rounding::Down },
        period: Period::Monthly,
        due_by: DueBy::Day,
        due_n: 5,
        chapter: "805".to_owned(),
        sub_item: sub_item.to_owned(),
        area: "15".to_owned(),
        way: Way {
            account: AccountCode::new(format!("{bank_bin}.{number}"))?,
            unit: "0000017".to_owned(),
            treasury: "Kho bạc Nhà nước khu vực VIII (mẫu)".to_owned(),
            bank_bin: "970409".to_owned(),
            account_number: "3511.0.0000017".to_owned(),
            account_name: "Tài khoản phí chờ nộp ngân sách (mẫu)".to_owned(),
        },
        legal_basis: "mẫu".to_owned(),
    })
}

fn series(&(code, beneficiary, name, tax_code, address): &SampleSeries) -> Result<Series, Failed> {
    Ok(Series {
        code: code.to_owned(),
        beneficiary_code: beneficiary.to_owned(),
        kinds: vec![ObligationKind::Fee, ObligationKind::Charge],
        template: Template::Ebl01,
        letters: "AB".parse()?,
        collector_name: name.to_owned(),
        collector_tax_code: tax_code.to_owned(),
        collector_address: address.to_owned(),
        // Decree 254/2026 is in force from this day on
        valid_from: date(2026, 7, 1),
        valid_to: None,
    })
}

async fn put_lists(db: &Db) -> Result<(), Failed> {
    beneficiaries::replace_fees(db, &fees()?).await?;
    beneficiaries::put_calendar(db, &calendar()?).await?;
    Ok(())
}

/// A beneficiary of the sample.
///
/// # Errors
/// When there is none of this code.
pub fn beneficiary_of(code: &str) -> Result<Beneficiary, Failed> {
    let account = ACCOUNTS.iter().find(|account| account.0 == code);
    beneficiary(account.ok_or_else(|| format!("the sample has no beneficiary {code}"))?)
}

fn beneficiary(account: &SampleAccount) -> Result<Beneficiary, Failed> {
    let &(code, agency, name, account_kind, bank_bin, account_number, account_name) = account;
    Ok(Beneficiary {
        code: BeneficiaryCode::new(code)?,
        agency_code: agency.to_owned(),
        name: name.to_owned(),
        account_kind,
        bank_bin: bank_bin.to_owned(),
        account_number: account_number.to_owned(),
        account_name: account_name.to_owned(),
    })
}

fn fees() -> Result<Vec<CatalogueFee>, Failed> {
    let list: Fees = serde_json::from_str(FEES)?;
    Ok(list.items.iter().flat_map(entries).collect())
}

/// One entry for each stretch of days between two on which charges end: of one fee, one entry holds on a day.
fn entries(fee: &Fee) -> Vec<CatalogueFee> {
    let ends: BTreeSet<Date> = fee.charges.iter().filter_map(|c| c.valid_to).collect();
    let mut starts = None;
    let mut out = Vec::new();
    for valid_to in ends.into_iter().map(Some).chain([None]) {
        let holds = |c: &&Charge| c.valid_to.is_none_or(|end| valid_to.is_some_and(|day| day <= end));
        let (counted, fixed): (Vec<_>, Vec<_>) =
            fee.charges.iter().filter(holds).partition(|c| COUNTED.contains(&c.unit.as_str()));
        let valid_from = std::mem::replace(&mut starts, valid_to.and_then(|day| day.tomorrow().ok()));
        if counted.is_empty() && fixed.is_empty() {
            continue;
        }
        out.push(CatalogueFee {
            fee_code: fee.id.clone(),
            name: fee.name_vi.clone(),
            amounts: fixed.iter().map(|c| Vnd::new(c.vnd)).collect(),
            // pages at two prices: every sum is a multiple of what divides both
            unit: counted.iter().map(|c| c.vnd).reduce(common_divisor).map(Vnd::new),
            legal_basis: fee.legal_basis.clone(),
            budget_sub_item: None,
            valid_from,
            valid_to,
        });
    }
    out
}

fn common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn calendar() -> Result<Vec<(Date, bool, String)>, Failed> {
    let list: Calendar = serde_json::from_str(CALENDAR)?;
    let off = list.holidays.into_iter().map(|day| (day.date, false, day.name));
    let worked = list.worked_saturdays.into_iter().map(|day| (day, true, "làm bù".to_owned()));
    Ok(off.chain(worked).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::catalogue::contradiction;

    #[test]
    fn the_sample_catalogue_knows_prices_by_page_by_case_and_for_a_time() {
        let fees = fees().expect("our own file");
        let check = |code, dong, day| contradiction(&fees, code, Vnd::new(dong), day);
        let day = date(2026, 11, 24);
        assert_eq!(check("CT-BANSAO", 21_000, day), None);
        assert!(check("CT-BANSAO", 21_500, day).is_some());
        assert_eq!(check("CT-CHUKY", 10_000, day), None);
        assert!(check("CT-CHUKY", 11_000, day).is_some());
        assert_eq!(check("CC-DOI", 25_000, day), None);
        assert!(check("CC-DOI", 25_000, date(2027, 1, 1)).is_some());
    }

    #[test]
    fn the_sample_accounts_are_whole_and_those_that_the_provider_collects_for() {
        let codes: Vec<String> =
            ACCOUNTS.iter().map(|a| beneficiary(a).expect("a beneficiary").code.to_string()).collect();
        let named: BTreeSet<&str> = BENEFICIARIES.split(',').collect();
        assert_eq!(codes.iter().map(String::as_str).collect::<BTreeSet<_>>(), named);
        assert!(!calendar().expect("our own file").is_empty());
    }
}
