//! The Vietnamese of reports: what each answers, and the words in its columns.

use crate::words;
use domain::report::Report;

/// Of no channel, agency or reason.
pub(crate) const NOBODYS: &str = "(không rõ)";
pub(crate) const OTHERS: &str = "Các mục khác";

pub(crate) const fn about(report: Report) -> &'static str {
    match report {
        Report::Transactions => "Từng khoản đã nộp, khớp với sao kê nào và quyết toán nào.",
        Report::Reconciliation => {
            "Mỗi tài khoản và hợp đồng, từng ngày: đầu ngày, tăng, giảm, cuối ngày, còn gì chưa khớp."
        }
        Report::Suspense => "Tiền đã nhận mà chưa rõ của nghĩa vụ nào, và đã chờ bao lâu.",
        Report::Collections => "Thu theo cơ quan, khoản thu và kênh: phải nộp, miễn giảm, đã thu, đã hoàn, thực thu.",
        Report::CashFlow => "Tiền vào và ra của từng tài khoản và hợp đồng, theo loại bút toán.",
        Report::OnlinePaymentScore => {
            "Nhóm thanh toán trực tuyến theo Quyết định 766/QĐ-TTg: ba chỉ tiêu, điểm và xu hướng."
        }
        Report::Remittances => {
            "Tiền phí nộp ngân sách: đã thu, được để lại, phải nộp, theo mục lục ngân sách nào, đã chuyển chưa."
        }
        Report::TreasurySlips => {
            "Dữ liệu mẫu C1-02/NS của thuế và khoản thu về đất: từng khoản đã nộp và mục lục ngân sách."
        }
    }
}

/// A word of a column as it is read; a code is as it is.
pub(crate) fn value<'w>(key: &str, word: &'w str) -> &'w str {
    match key {
        "reason" | "case_kind" => words::kind(word),
        "match_state" | "status" => words::state(word),
        "line" => line(word),
        "scope_kind" => match word {
            "account" => "tài khoản",
            "profile" => "hợp đồng",
            other => other,
        },
        "obligation_kind" => obligation(word),
        _ => word,
    }
}

/// Columns of figures that are not added up.
pub(crate) fn is_number(key: &str) -> bool {
    matches!(
        key,
        "opening"
            | "closing"
            | "statement_closing"
            | "matched"
            | "unmatched"
            | "cases"
            | "age_days"
            | "balance"
            | "amount_due"
    )
}

fn line(word: &str) -> &str {
    match word {
        "opening" => "Số dư đầu kỳ",
        "closing" => "Số dư cuối kỳ",
        other => words::journal(other),
    }
}

fn obligation(word: &str) -> &str {
    match word {
        "fee" => "phí",
        "charge" => "lệ phí",
        "tax_land" => "thuế, tiền đất",
        "fine" => "tiền phạt",
        "service_price" => "giá dịch vụ",
        other => other,
    }
}

pub(crate) fn part(word: &str) -> &str {
    match word {
        "dossiers_paid_online" => "Hồ sơ được thanh toán trực tuyến",
        "procedures_with_online_payment" => "Thủ tục có hồ sơ thanh toán trực tuyến",
        "procedures_provided" => "Thủ tục được cung cấp thanh toán trực tuyến",
        other => other,
    }
}

pub(crate) fn excluded(word: &str) -> &str {
    match word {
        "exempt" => "Hồ sơ được miễn toàn bộ",
        "cancelled" => "Hồ sơ có mọi khoản đã hủy",
        "no_dossier" => "Khoản theo mã khách hàng, không phải hồ sơ",
        "unpaid" => "Hồ sơ chưa nộp (không ở tử số)",
        "paid_offline" => "Hồ sơ nộp ngoài kênh trực tuyến (không ở tử số)",
        "not_listed" => "Thủ tục có hồ sơ, không có trong danh mục",
        "not_provided" => "Thủ tục chưa cung cấp trực tuyến (không ở tử số)",
        other => other,
    }
}

pub(crate) fn source(word: &str) -> &str {
    match word {
        "books" => "sổ của hệ thống",
        "imported" => "số liệu nhập",
        "mixed" => "sổ và số liệu nhập",
        other => other,
    }
}
