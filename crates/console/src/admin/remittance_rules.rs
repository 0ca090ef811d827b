//! Rules of remittance: what an agency keeps of a fee, when the rest is due, where it goes and under which budget codes. One
//! administrator sets one from a day on; nothing leaves by a rule alone, and one that a remittance names stands.

use super::{Asked, HERE, SCOPES, by, frame, made, pressed};
use crate::answer::{Answer, Refused, html, see_other};
use crate::form::{self, Form};
use crate::frame::Frame;
use crate::shown;
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use domain::codes::{AccountCode, BeneficiaryCode, GivenCode};
use domain::fee::Rounding;
use domain::remittance::{DueBy, Period, Retention, WHOLE_PPM};
use payments::Context;
use payments::administer::remittance_rules;
use storage::remittances::Way;
use storage::remittances::rules::{self, Rule};
use storage::{Tx, beneficiaries, receiving_accounts};

struct Row {
    beneficiary: String,
    fee: String,
    from: String,
    kept: String,
    due: String,
    codes: String,
    goes: String,
    basis: String,
}

/// Word, name, whether it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "admin_remittance_rules.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    beneficiaries: Vec<Choice>,
    accounts: Vec<Choice>,
    periods: Vec<Choice>,
    roundings: Vec<Choice>,
    due_bys: Vec<Choice>,
    typed: Vec<(String, String)>,
    wrong: Option<String>,
}

impl Page {
    /// What was typed into a field of the form that was refused.
    fn typed(&self, name: &str) -> &str {
        self.typed.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }
}

/// Millionths as percent: `40`, `96,5`.
fn percent(ppm: i32) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 { format!("{whole} %") } else { format!("{whole},{} %", format!("{rest:04}").trim_end_matches('0')) }
}

/// The same as people write it, at most four digits behind the comma.
fn ppm(text: &str) -> Option<i32> {
    let text = text.trim().trim_end_matches('%').trim_end().replace('.', ",");
    let (whole, rest) = text.split_once(',').unwrap_or((&text, ""));
    let are_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || rest.len() > 4 || !are_digits(whole) || !are_digits(rest) {
        return None;
    }
    format!("{whole}{rest:0<4}").parse().ok().filter(|ppm| (0..=WHOLE_PPM).contains(ppm))
}

fn row(r: &Rule) -> Row {
    Row {
        beneficiary: r.beneficiary.to_string(),
        fee: r.fee_code.clone(),
        from: shown::day(r.valid_from),
        kept: percent(r.retention.rate_ppm),
        due: format!("{}, {}", words::period(r.period.as_str()), due(r.due_by, r.due_n)),
        codes: format!("{} · {} · {} · {}", r.chapter, r.sub_item, r.area, r.way.unit),
        goes: format!("{} → {} · {}", r.way.account, r.way.account_number, r.way.treasury),
        basis: r.legal_basis.clone(),
    }
}

fn due(by: DueBy, n: u8) -> String {
    match by {
        DueBy::Day => format!("ngày thứ {n} sau kỳ"),
        DueBy::WorkedDay => format!("ngày làm việc thứ {n} sau kỳ"),
    }
}

pub(crate) async fn remittance_rules(ctx: Data<Context>, staff: Staff, asked: Query<Asked>) -> Answer {
    staff.needs(SCOPES)?;
    page(StatusCode::OK, &ctx, &staff, (Vec::new(), None), asked.done.is_some()).await
}

async fn page(
    status: StatusCode,
    ctx: &Context,
    staff: &Staff,
    (typed, wrong): (Vec<(String, String)>, Option<String>),
    done: bool,
) -> Answer {
    let by = by(staff);
    let db = ctx.pool.get().await?;
    let found = rules::list(&db, None).await?;
    let owners = receiving_accounts::owners(&db).await?;
    let chosen = |name: &str, word: &str| typed.iter().any(|(field, value)| field == name && value == word);
    let is_theirs = |code: &str| owners.get(code).is_some_and(|all| all.iter().any(|b| by.sees(b)));
    let accounts = receiving_accounts::all(&db, None).await?.into_iter().filter(|a| is_theirs(a.code.as_str()));
    let accounts = accounts.map(|a| {
        let code = a.code.to_string();
        let name = format!("{code} · {}", a.account_name);
        let is_chosen = chosen("account", &code);
        (code, name, is_chosen)
    });
    let theirs = beneficiaries::in_force(&db, None).await?.into_iter().filter(|b| by.sees(b.code.as_str()));
    let theirs = theirs.map(|b| {
        let is_chosen = chosen("beneficiary", b.code.as_str());
        (b.code.to_string(), format!("{} · {}", b.code, b.name), is_chosen)
    });
    let word = |name: &str, word: &str, said: &str| (word.to_owned(), said.to_owned(), chosen(name, word));
    let page = Page {
        frame: frame(staff, done),
        rows: found.iter().filter(|r| by.sees(r.beneficiary.as_str())).map(row).collect(),
        beneficiaries: theirs.collect(),
        accounts: accounts.collect(),
        periods: Period::ALL.iter().rev().map(|p| word("period", p.as_str(), words::period(p.as_str()))).collect(),
        roundings: Rounding::ALL.iter().map(|r| word("rounding", r.as_str(), rounding(*r))).collect(),
        due_bys: DueBy::ALL.iter().map(|d| word("due_by", d.as_str(), counted(*d))).collect(),
        typed,
        wrong,
    };
    Ok(html(status, &page))
}

const fn rounding(r: Rounding) -> &'static str {
    match r {
        Rounding::HalfUp => "làm tròn nửa lên",
        Rounding::Up => "làm tròn lên",
        Rounding::Down => "làm tròn xuống, phần lẻ nộp ngân sách",
    }
}

const fn counted(by: DueBy) -> &'static str {
    match by {
        DueBy::Day => "ngày thứ, nghỉ thì ngày làm việc kế tiếp",
        DueBy::WorkedDay => "ngày làm việc thứ",
    }
}

/// The rule that the form says; or the first thing that is wrong with it.
fn said(form: &Form) -> Result<Rule, &'static str> {
    let text = |name: &str| form.text(name).trim().to_owned();
    let digits = |name: &str, lengths: std::ops::RangeInclusive<usize>, why| {
        let code = text(name);
        let is_one = lengths.contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        if is_one { Ok(code) } else { Err(why) }
    };
    let named = |name: &str, most: usize, why| {
        let said = text(name);
        let is_one = (1..=most).contains(&said.chars().count()) && !said.chars().any(char::is_control);
        if is_one { Ok(said) } else { Err(why) }
    };
    let number = text("treasury_account");
    let is_number = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'.';
    if !(1..=32).contains(&number.len()) || !number.bytes().all(is_number) {
        return Err("Số tài khoản kho bạc: 1–32 chữ số, chữ hoa và dấu chấm.");
    }
    let due_n = text("due_n").parse::<u8>().ok().filter(|n| (1..=28).contains(n));
    let rate_ppm = ppm(&text("kept")).ok_or("Tỷ lệ để lại là phần trăm từ 0 đến 100, ví dụ 40 hoặc 96,5.")?;
    let rounding = text("rounding").parse().map_err(|_| "Hãy chọn cách làm tròn.")?;
    Ok(Rule {
        id: storage::ids::mint(now()),
        beneficiary: BeneficiaryCode::new(text("beneficiary")).map_err(|_| "Hãy chọn đơn vị thụ hưởng.")?,
        fee_code: GivenCode::new(text("fee")).map_err(|_| "Hãy ghi mã phí, lệ phí.")?.as_str().to_owned(),
        valid_from: form::date(&text("from")).ok_or("Hãy chọn ngày bắt đầu hiệu lực.")?,
        retention: Retention { rate_ppm, rounding },
        period: text("period").parse().map_err(|_| "Hãy chọn kỳ nộp.")?,
        due_by: text("due_by").parse().map_err(|_| "Hãy chọn cách tính hạn nộp.")?,
        due_n: due_n.ok_or("Hạn nộp là ngày thứ 1 đến 28 sau kỳ.")?,
        chapter: digits("chapter", 3..=3, "Chương có 3 chữ số.")?,
        sub_item: digits("sub_item", 4..=4, "Tiểu mục có 4 chữ số.")?,
        area: digits("area", 2..=10, "Mã địa bàn có 2–10 chữ số.")?,
        way: Way {
            account: AccountCode::new(text("account")).map_err(|_| "Hãy chọn tài khoản của đơn vị.")?,
            unit: digits("unit", 7..=7, "Mã ĐVQHNS có 7 chữ số.")?,
            treasury: named("treasury", 300, "Hãy ghi tên kho bạc (1–300 ký tự).")?,
            bank_bin: digits("bank_bin", 6..=6, "Mã ngân hàng nhận có 6 chữ số.")?,
            account_number: number,
            account_name: named("treasury_account_name", 300, "Hãy ghi tên tài khoản kho bạc (1–300 ký tự).")?,
        },
        legal_basis: named("basis", 300, "Hãy ghi căn cứ (1–300 ký tự).")?,
    })
}

pub(crate) async fn put_remittance_rule(ctx: Data<Context>, staff: Staff, raw: Bytes) -> Answer {
    let form = pressed(&staff, &raw)?;
    let by = by(&staff);
    let outcome = match said(&form) {
        Err(wrong) => Err(wrong.to_owned()),
        Ok(rule) if !by.sees(rule.beneficiary.as_str()) => return Err(Refused::Absent),
        Ok(rule) => {
            let work = async |tx: &Tx| remittance_rules::put(tx, &by, &rule).await;
            made(&ctx, &staff, &form, work).await?
        }
    };
    match outcome {
        Ok(()) => Ok(see_other(&format!("{HERE}/remittance-rules?done=1"))),
        Err(wrong) => {
            let again = (form.kept(&[]), Some(wrong));
            page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, again, false).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_written_and_read_in_percent_without_a_float() {
        for (written, read) in
            [("0 %", 0), ("40 %", 400_000), ("96,5 %", 965_000), ("0,0001 %", 1), ("100 %", 1_000_000)]
        {
            assert_eq!((percent(read).as_str(), ppm(written)), (written, Some(read)));
        }
        assert_eq!((ppm("96.5"), ppm(" 40")), (Some(965_000), Some(400_000)));
        for wrong in ["", "-1", "100,1", "101", "1,00001", "bốn mươi", ",5", "1,2,3"] {
            assert_eq!(ppm(wrong), None, "{wrong}");
        }
    }
}
