//! The columns of each report: the key in JSON, which is the name in SQL, and the head in CSV, which staff read.

use domain::report::Report;

pub struct Column {
    pub key: &'static str,
    pub head: &'static str,
}

const fn column(key: &'static str, head: &'static str) -> Column {
    Column { key, head }
}

const TRANSACTIONS: &[Column] = &[
    column("day", "Ngày hạch toán"),
    column("agency", "Cơ quan"),
    column("beneficiary", "Đơn vị thụ hưởng"),
    column("procedure", "Mã thủ tục"),
    column("dossier_code", "Mã hồ sơ"),
    column("customer_code", "Mã khách hàng"),
    column("obligation_kind", "Loại khoản thu"),
    column("fee_code", "Mã phí, lệ phí"),
    column("amount_due", "Số phải nộp"),
    column("amount_paid", "Số đã nộp"),
    column("channel", "Kênh thanh toán"),
    column("profile", "Hợp đồng"),
    column("provider_txn_id", "Mã giao dịch của cổng"),
    column("reference", "Mã tham chiếu"),
    column("order_ref", "Mã đơn hàng"),
    column("statement_bank_ref", "Số tham chiếu trên sao kê"),
    column("paid_at", "Nộp lúc (giờ Việt Nam)"),
    column("credited_on", "Ngày ghi có"),
    column("provider_fee", "Phí của cổng"),
    column("settlement_id", "Lần quyết toán"),
    column("treasury", "Kho bạc"),
    column("treasury_account", "Tài khoản thụ hưởng"),
    column("chapter", "Chương"),
    column("sub_item", "Tiểu mục"),
    column("match_state", "Trạng thái khớp"),
    column("reason", "Lý do"),
    column("payment_id", "Mã khoản thu"),
    column("obligation_id", "Mã nghĩa vụ"),
];

const RECONCILIATION: &[Column] = &[
    column("day", "Ngày"),
    column("scope_kind", "Loại"),
    column("scope", "Tài khoản hoặc hợp đồng"),
    column("opening", "Số dư đầu ngày"),
    column("in", "Phát sinh tăng"),
    column("out", "Phát sinh giảm"),
    column("closing", "Số dư cuối ngày"),
    column("statement_closing", "Số dư cuối ngày theo sao kê"),
    column("matched", "Số dòng khớp"),
    column("unmatched", "Số dòng chưa khớp"),
    column("cases", "Số chênh lệch chưa xử lý"),
    column("status", "Trạng thái ngày"),
];

const SUSPENSE: &[Column] = &[
    column("reason", "Lý do treo"),
    column("amount", "Số tiền"),
    column("since", "Treo từ ngày"),
    column("age_days", "Số ngày treo"),
    column("channel", "Kênh thanh toán"),
    column("scope", "Tài khoản hoặc hợp đồng"),
    column("agency", "Cơ quan"),
    column("reference", "Mã tham chiếu"),
    column("provider_txn_id", "Mã giao dịch của cổng"),
    column("bank_ref", "Số tham chiếu ngân hàng"),
    column("paid_at", "Nộp lúc (giờ Việt Nam)"),
    column("case_id", "Mã chênh lệch"),
    column("case_kind", "Loại chênh lệch"),
    column("payment_id", "Mã khoản thu"),
    column("movement_id", "Mã biến động"),
];

const COLLECTIONS: &[Column] = &[
    column("day", "Ngày hạch toán"),
    column("agency", "Cơ quan"),
    column("fee_code", "Mã phí, lệ phí"),
    column("obligation_kind", "Loại khoản thu"),
    column("sub_item", "Tiểu mục"),
    column("channel", "Kênh thanh toán"),
    column("count", "Số khoản"),
    column("gross", "Số phải nộp trước miễn giảm"),
    column("relief", "Miễn, giảm"),
    column("collected", "Số đã thu"),
    column("refunded", "Số đã hoàn"),
    column("net", "Số thực thu"),
];

const CASH_FLOW: &[Column] = &[
    column("scope_kind", "Loại"),
    column("scope", "Tài khoản hoặc hợp đồng"),
    column("line", "Khoản mục"),
    column("in", "Phát sinh tăng"),
    column("out", "Phát sinh giảm"),
    column("balance", "Số dư"),
];

const REMITTANCES: &[Column] = &[
    column("day", "Ngày cuối kỳ"),
    column("agency", "Cơ quan"),
    column("beneficiary", "Đơn vị thụ hưởng"),
    column("period", "Kỳ nộp"),
    column("begins_on", "Ngày đầu kỳ"),
    column("due_on", "Hạn nộp"),
    column("status", "Trạng thái"),
    column("fee_code", "Mã phí, lệ phí"),
    column("chapter", "Chương"),
    column("sub_item", "Tiểu mục"),
    column("area", "Mã địa bàn"),
    column("unit", "Mã ĐVQHNS"),
    column("collected", "Số đã thu"),
    column("retained", "Số để lại đơn vị"),
    column("carried", "Bù trừ giữa các mức"),
    column("remitted", "Số nộp ngân sách"),
    column("treasury", "Kho bạc"),
    column("treasury_account", "Tài khoản Kho bạc"),
    column("account", "Tài khoản trích nộp"),
    column("reference", "Mã tham chiếu"),
    column("debited_on", "Ngày ghi nợ"),
    column("remittance_id", "Mã lệnh nộp"),
];

const TREASURY_SLIPS: &[Column] = &[
    column("day", "Ngày hạch toán"),
    column("agency", "Cơ quan quản lý thu"),
    column("beneficiary", "Đơn vị thụ hưởng"),
    column("dossier_code", "Mã hồ sơ"),
    column("payable_id", "Mã định danh khoản phải nộp (ID)"),
    column("notice_number", "Số quyết định, thông báo"),
    column("notice_date", "Ngày quyết định, thông báo"),
    column("tax_period", "Kỳ thuế"),
    column("content", "Nội dung khoản nộp"),
    column("amount_paid", "Số tiền"),
    column("chapter", "Mã chương"),
    column("sub_item", "Mã NDKT (tiểu mục)"),
    column("area", "Mã ĐBHC"),
    column("unit", "Mã ĐVQHNS"),
    column("treasury", "Kho bạc"),
    column("revenue_account", "Tài khoản thu NSNN"),
    column("channel", "Kênh thanh toán"),
    column("reference", "Số tham chiếu"),
    column("bank_ref", "Số tham chiếu ngân hàng"),
    column("paid_at", "Nộp lúc (giờ Việt Nam)"),
    column("payment_id", "Mã khoản thu"),
    column("obligation_id", "Mã nghĩa vụ"),
];

const SCORE: &[Column] = &[
    column("section", "Mục"),
    column("month", "Tháng"),
    column("agency", "Cơ quan"),
    column("procedure", "Mã thủ tục"),
    column("part", "Chỉ tiêu"),
    column("numerator", "Tử số"),
    column("denominator", "Mẫu số"),
    column("percent", "Tỷ lệ (%)"),
    column("target", "Tỷ lệ đạt điểm tối đa (%)"),
    column("points", "Điểm"),
    column("maximum", "Điểm tối đa"),
    column("source", "Nguồn mẫu số"),
    column("reason", "Lý do không tính"),
    column("count", "Số không tính"),
];

/// The columns of a report, in their order: the name that its SQL gives, and what staff read above it.
pub fn heads(report: Report) -> Vec<(&'static str, &'static str)> {
    of(report).iter().map(|c| (c.key, c.head)).collect()
}

pub const fn of(report: Report) -> &'static [Column] {
    match report {
        Report::Transactions => TRANSACTIONS,
        Report::Reconciliation => RECONCILIATION,
        Report::Suspense => SUSPENSE,
        Report::Collections => COLLECTIONS,
        Report::CashFlow => CASH_FLOW,
        Report::Remittances => REMITTANCES,
        Report::TreasurySlips => TREASURY_SLIPS,
        Report::OnlinePaymentScore => SCORE,
    }
}

/// Columns of money that may be added up, and the columns by which they are grouped.
pub const fn sums(report: Report) -> (&'static [&'static str], &'static [&'static str]) {
    match report {
        // a sum due stands on each row that pays a part of it, so it is not added
        Report::Transactions => (&["amount_paid", "provider_fee"], &["agency", "sub_item", "channel"]),
        Report::Reconciliation => (&["in", "out"], &["scope"]),
        Report::Suspense => (&["amount"], &["reason"]),
        Report::Collections => {
            (&["count", "gross", "relief", "collected", "refunded", "net"], &["agency", "obligation_kind", "channel"])
        }
        Report::CashFlow => (&["in", "out"], &["scope"]),
        Report::Remittances => (&["collected", "retained", "carried", "remitted"], &["agency", "sub_item", "status"]),
        Report::TreasurySlips => (&["amount_paid"], &["agency", "sub_item", "channel"]),
        Report::OnlinePaymentScore => (&[], &[]),
    }
}

/// What staff call a report.
pub const fn title(report: Report) -> &'static str {
    match report {
        Report::Transactions => "Giao dịch thu nộp",
        Report::Reconciliation => "Đối soát theo ngày",
        Report::Suspense => "Tiền chờ xử lý",
        Report::Collections => "Tổng hợp thu",
        Report::CashFlow => "Lưu chuyển tiền",
        Report::Remittances => "Nộp ngân sách nhà nước",
        Report::TreasurySlips => "Dữ liệu giấy nộp tiền C1-02/NS",
        Report::OnlinePaymentScore => "Điểm thanh toán trực tuyến",
    }
}
