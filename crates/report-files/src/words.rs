//! The Vietnamese of words that pages and printed reports share, as `docs/glossary.md` has it. A word that is not here is shown
//! as it is: a page that says nothing would be worse.

/// Kinds of difference, and reasons to wait in suspense.
pub fn kind(word: &str) -> &str {
    match word {
        "amount_differs" => "Lệch số tiền",
        "chargeback" => "Ngân hàng đòi lại tiền",
        "duplicate_payment" | "duplicate" => "Nộp trùng",
        "late" => "Nộp muộn",
        "missing_at_provider" => "Hệ thống có, cổng không có",
        "missing_in_books" => "Cổng có, hệ thống không có",
        "overpaid" => "Nộp thừa",
        "poison" => "Thông báo không đọc được",
        "possible_same_movement" => "Có thể là cùng một biến động",
        "refund_without_payment" => "Hoàn không có khoản thu",
        "statement_gap" => "Sao kê không liền mạch",
        "status_differs" => "Lệch trạng thái",
        "undelivered" => "Sự kiện không gửi được",
        "underpaid" => "Nộp thiếu",
        "unidentified" => "Chưa xác định",
        "without_receipt" => "Chưa có biên lai",
        "wrong_account" => "Sai tài khoản",
        "refund_returned" => "Tiền hoàn bị trả lại",
        other => other,
    }
}

/// States of anything.
pub fn state(word: &str) -> &str {
    match word {
        "open" => "đang mở",
        "proposed" => "chờ duyệt",
        "closed" => "đã đóng",
        "pending" | "pending_approval" => "chờ duyệt",
        "approved" => "đã duyệt",
        "rejected" => "bị từ chối",
        "withdrawn" => "đã rút",
        "processing" => "đang xử lý",
        "paid" => "đã nộp",
        "expired" => "hết hạn",
        "cancelled" => "đã hủy",
        "started" => "đã bắt đầu",
        "offered" => "đã đưa cho người nộp",
        "committed" => "người nộp đã xác nhận",
        "succeeded" => "thành công",
        "failed" => "thất bại",
        "unknown" => "chưa rõ kết quả",
        "due" => "phải nộp",
        "exempt" => "được miễn",
        "refunding" => "đang hoàn",
        "refunded" => "đã hoàn",
        "submitted" => "đã gửi nhà cung cấp",
        "awaiting_statement" => "chờ sao kê",
        "received" => "đã nhận",
        "applied" => "đã ghi sổ",
        "repeated" => "báo lại",
        "waiting" => "chờ gửi",
        "refused" => "bị từ chối",
        "parked" => "gác lại",
        "delivered" => "đã nhận được",
        "dead" => "không gửi được",
        "leased" => "đang gửi",
        "matched" => "đã khớp",
        "case" => "đang xử lý chênh lệch",
        "unmatched" => "chưa khớp",
        "partial" => "khớp một phần",
        "ignored" => "bỏ qua",
        "imported" => "đã nhập",
        "superseded" => "đã được thay",
        "numbered" => "đã có số, chờ ký",
        "issued" => "đã phát hành",
        "replaced" => "đã được thay thế",
        "prepared" => "chờ duyệt",
        "instructed" => "chờ chuyển tiền",
        other => other,
    }
}

/// What stands between a day and its closing.
pub fn gap(word: &str) -> &str {
    match word {
        "statement_missing" => "Chưa có sao kê của ngày",
        "opening_differs" => "Số dư đầu ngày lệch",
        "closing_differs" => "Số dư cuối ngày lệch",
        "statement_gap" => "Sao kê không liền mạch",
        "in_differs" => "Tổng thu lệch",
        "out_differs" => "Tổng chi lệch",
        "movements_open" => "Biến động chưa khớp",
        "settlement_missing" => "Chưa có tệp quyết toán của ngày",
        "payments_not_settled" => "Khoản thu chưa được quyết toán",
        "lines_unknown" => "Dòng quyết toán chưa rõ",
        "amounts_differ" => "Số tiền lệch so với tệp",
        "gross_differs" => "Tổng của tệp lệch so với các dòng",
        "settled_differs" => "Phí và tiền chuyển về lệch",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::approval::ApprovalStatus;
    use domain::attempt::AttemptStatus;
    use domain::case::{CaseKind, CaseStatus};
    use domain::intent::IntentStatus;
    use domain::obligation::ObligationStatus;
    use domain::payment::SuspenseReason;
    use domain::receipt::ReceiptStatus;
    use domain::reconciliation::GapKind;
    use domain::refund::RefundStatus;
    use domain::remittance::RemittanceStatus;

    #[test]
    fn every_word_of_a_day_is_said_in_vietnamese() {
        let mut untold: Vec<String> = Vec::new();
        macro_rules! all {
            ($say:path: $($of:ty),+) => {
                $(for word in <$of>::ALL.iter().map(|one| one.as_str()) {
                    if $say(word) == word {
                        untold.push(format!("{} {word}", stringify!($of)));
                    }
                })+
            };
        }
        all!(kind: CaseKind, SuspenseReason);
        all!(state: CaseStatus, ApprovalStatus, AttemptStatus, IntentStatus, ObligationStatus, ReceiptStatus, RefundStatus, RemittanceStatus);
        all!(gap: GapKind);
        assert!(untold.is_empty(), "{untold:#?}");
    }
}
