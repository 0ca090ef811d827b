//! The figures of a day as tables of a lying A4, in the words of whoever signs it.

use super::figures::{Case, Figures, Gap, Late, Total};
use domain::business_day::HANOI;
use domain::reconciliation::DayScope;
use jiff::civil::Date;
use paper::table::{Column, Table, WIDTH};
use report_files::sheets::{day, grouped};
use report_files::words;
use std::collections::BTreeMap;

pub(super) struct Sheet<'f> {
    pub figures: &'f Figures,
    pub day: Date,
    pub of: &'f DayScope,
    /// As the person is called.
    pub closer: Option<String>,
    /// By their codes, as people call them.
    pub channels: BTreeMap<String, &'static str>,
}

impl Sheet<'_> {
    pub fn title(&self) -> String {
        format!("Báo cáo khóa sổ ngày {}", day(self.day))
    }

    pub fn tables(&self) -> Vec<Table> {
        let parts = [Some(self.sums()), self.gaps(), self.control_totals(), self.cases(), self.late_lines()];
        parts.into_iter().flatten().collect()
    }

    /// The day's own figures, and where it is signed.
    fn sums(&self) -> Table {
        let f = self.figures;
        let mut rows: Vec<(&str, String)> = vec![
            ("Số dư đầu ngày", money(f.opening)),
            ("Phát sinh tăng", money(f.moved_in)),
            ("Phát sinh giảm", money(f.out)),
            ("Số dư cuối ngày theo sổ", money(f.closing)),
        ];
        if matches!(self.of, DayScope::Account(_)) {
            let stated = f.statement_closing.map_or_else(|| "không có sao kê".to_owned(), money);
            rows.push(("Số dư cuối ngày theo sao kê", stated));
        }
        if let Some(settled) = &f.settlement {
            rows.extend([
                ("Quyết toán của cổng: số thu", money(settled.gross)),
                ("Quyết toán của cổng: phí", money(settled.fee)),
                ("Quyết toán của cổng: hoàn trả", money(settled.refunds)),
                ("Quyết toán của cổng: chuyển về", money(settled.net)),
            ]);
        }
        if let Some(c) = &f.counts {
            rows.extend([
                ("Số dòng khớp", money(c.matched)),
                ("Số dòng chưa khớp", money(c.unmatched)),
                ("Số dòng đang xử lý chênh lệch", money(c.in_case)),
                ("Số dòng đã có ở tệp khác", money(c.duplicate)),
                ("Số dòng bỏ qua", money(c.ignored)),
            ]);
        }
        rows.push((self.of_cases(), money(f.cases_total)));
        let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        let columns = vec![text("Chỉ tiêu", 300), sum("Số")];
        let signed_by = ["Người lập biểu", "Kế toán", "Thủ trưởng đơn vị"].map(str::to_owned).to_vec();
        Table { title: self.title(), notes: vec![self.scope(), self.status()], columns, rows, totals: None, signed_by }
    }

    fn gaps(&self) -> Option<Table> {
        let row = |(kind, ours, theirs, difference): &Gap| {
            let theirs = theirs.map_or_else(|| "không có".to_owned(), money);
            vec![words::gap(kind).to_owned(), money(*ours), theirs, money(*difference)]
        };
        let columns = vec![text("Khoản chưa khớp", 280), sum("Theo sổ của ta"), sum("Theo bên kia"), sum("Chênh lệch")];
        self.table("Khoản chưa khớp", columns, self.figures.gaps.iter().map(row).collect(), None)
    }

    /// Whose fees the day's money is.
    fn control_totals(&self) -> Option<Table> {
        let row = |t: &Total| {
            let agency = t.agency.clone().unwrap_or_else(|| "chưa rõ".to_owned());
            let fee = t.fee_code.clone().or_else(|| t.instead.as_deref().map(instead)).unwrap_or_default();
            vec![agency, fee, self.channel(&t.channel), money(t.payments), money(t.amount)]
        };
        let columns = vec![
            text("Cơ quan", 130),
            text("Phí, lệ phí, hoặc vì sao chưa nộp cho khoản nào", 220),
            text("Kênh", 130),
            Column { head: "Khoản thu".to_owned(), width: 70, is_right: true },
            sum("Số tiền"),
        ];
        let totals = &self.figures.control_totals;
        let whole = totals.iter().map(|t| i128::from(t.amount)).sum();
        let mut foot = vec![String::new(); columns.len()];
        foot[0] = "Cộng".to_owned();
        foot[4] = grouped(whole);
        self.table("Tổng kiểm soát", columns, totals.iter().map(row).collect(), Some(foot))
    }

    fn cases(&self) -> Option<Table> {
        let row = |c: &Case| {
            let about = about(c.payment_id.as_ref(), c.movement_id.as_ref());
            let (kind, state) = (words::kind(&c.kind).to_owned(), words::state(&c.status).to_owned());
            vec![c.id.clone(), kind, state, about, money(c.amount)]
        };
        let columns = vec![
            text("Mã chênh lệch", 170),
            text("Loại", 130),
            text("Trạng thái", 70),
            text("Khoản thu hoặc biến động", 200),
            sum("Số tiền"),
        ];
        let mut table = self.table(self.of_cases(), columns, self.figures.cases.iter().map(row).collect(), None)?;
        table.notes.push(format!("{} trong số {}", self.figures.cases.len(), self.figures.cases_total));
        Some(table)
    }

    fn late_lines(&self) -> Option<Table> {
        let row = |l: &Late| {
            let about = about(l.payment_id.as_ref(), l.movement_id.as_ref());
            vec![day(l.for_day), day(l.booked_on), about, money(l.amount)]
        };
        let columns = vec![
            text("Của ngày", 100),
            text("Ghi vào ngày", 100),
            text("Khoản thu hoặc biến động", 200),
            sum("Số tiền"),
        ];
        let lines = &self.figures.late_lines;
        let mut table =
            self.table("Dòng đến sau khi ngày của nó đã khóa", columns, lines.iter().map(row).collect(), None)?;
        table.notes.push(format!("{} trong số {}", lines.len(), self.figures.late_lines_total));
        Some(table)
    }

    fn table(
        &self,
        title: &str,
        columns: Vec<Column>,
        rows: Vec<Vec<String>>,
        totals: Option<Vec<String>>,
    ) -> Option<Table> {
        let notes = vec![self.scope()];
        let table = Table { title: title.to_owned(), notes, columns, rows, totals, signed_by: Vec::new() };
        (!table.rows.is_empty()).then_some(table)
    }

    const fn of_cases(&self) -> &'static str {
        if self.figures.closed.is_some() {
            "Chênh lệch còn mở khi khóa sổ"
        } else {
            "Chênh lệch trong ngày"
        }
    }

    fn scope(&self) -> String {
        let kind = match self.of {
            DayScope::Account(_) => "Tài khoản",
            DayScope::Profile(_) => "Hợp đồng",
        };
        format!("{kind} {}, đơn vị tính: đồng", super::code(self.of))
    }

    fn status(&self) -> String {
        match (&self.closer, &self.figures.closed) {
            (Some(by), Some((_, at))) => {
                let at = HANOI.to_datetime(*at).strftime("%d/%m/%Y %H:%M");
                let again = match self.figures.closed_before {
                    0 => String::new(),
                    times => format!(", sau {times} lần khóa trước đã được mở lại"),
                };
                format!("Đã khóa sổ lúc {at} bởi {by}; số liệu như khi khóa sổ{again}")
            }
            _ if self.figures.is_closed_over => "Đã khóa sổ cùng một ngày sau".to_owned(),
            _ => "Chưa khóa sổ".to_owned(),
        }
    }

    fn channel(&self, channel: &str) -> String {
        match self.channels.get(channel) {
            Some(name) => (*name).to_owned(),
            None if channel == "counter" => "Quầy một cửa".to_owned(),
            None => channel.to_owned(),
        }
    }
}

/// Why money pays no fee.
fn instead(word: &str) -> String {
    match word {
        "refund" => "Hoàn trả".to_owned(),
        "written_off" => "Đã xoá sổ".to_owned(),
        reason => format!("Chờ xử lý: {}", words::kind(reason).to_lowercase()),
    }
}

fn about(payment: Option<&String>, movement: Option<&String>) -> String {
    payment.or(movement).cloned().unwrap_or_default()
}

fn text(head: &str, width: u16) -> Column {
    Column { head: head.to_owned(), width, is_right: false }
}

fn sum(head: &str) -> Column {
    Column { head: head.to_owned(), width: WIDTH / 5, is_right: true }
}

fn money(amount: i64) -> String {
    grouped(i128::from(amount))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::case::{CaseKind, CaseStatus};
    use domain::codes::AccountCode;
    use domain::payment::SuspenseReason;
    use domain::reconciliation::GapKind;

    /// Of everything that a day can have, one.
    fn everything() -> Figures {
        let case = |kind: &CaseKind, status: &CaseStatus| Case {
            id: "cas_1".to_owned(),
            kind: kind.as_str().to_owned(),
            status: status.as_str().to_owned(),
            amount: 1,
            payment_id: None,
            movement_id: Some("mov_1".to_owned()),
        };
        let total = |instead: &str| Total {
            agency: None,
            fee_code: None,
            channel: "vnpay".to_owned(),
            instead: Some(instead.to_owned()),
            payments: 1,
            amount: 1_000,
        };
        let reasons = SuspenseReason::ALL.iter().map(|reason| reason.as_str()).chain(["refund", "written_off"]);
        let cases = CaseKind::ALL.iter().flat_map(|kind| CaseStatus::ALL.iter().map(move |status| case(kind, status)));
        Figures {
            opening: 0,
            moved_in: 1_000,
            out: 0,
            closing: 1_000,
            statement_closing: None,
            settlement: None,
            counts: None,
            gaps: GapKind::ALL.iter().map(|kind| (kind.as_str(), 0, None, 0)).collect(),
            control_totals: reasons.map(total).collect(),
            cases: cases.collect(),
            cases_total: 60,
            late_lines: Vec::new(),
            late_lines_total: 0,
            closed: None,
            closed_before: 0,
            is_closed_over: false,
        }
    }

    #[test]
    fn nobody_signs_a_word_of_the_program() {
        let figures = everything();
        let of = DayScope::Account(AccountCode::new("970436.1029384756").unwrap());
        let channels = BTreeMap::from([("vnpay".to_owned(), "Cổng VNPAY")]);
        let day = "2026-11-26".parse().unwrap();
        let sheet = Sheet { figures: &figures, day, of: &of, closer: None, channels };
        let rows = sheet.tables().into_iter().flat_map(|table| table.rows).flatten();
        let words: Vec<String> = rows.filter(|cell| cell.contains('_') || cell == "vnpay" || cell == "open").collect();
        let ids = ["cas_1", "mov_1"];
        assert!(words.iter().all(|word| ids.contains(&word.as_str())), "{words:?}");
        assert!(words.len() > CaseKind::ALL.len(), "the cases are there");
        assert!(sheet.title().contains("26/11/2026"));
    }
}
