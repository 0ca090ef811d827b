//! The Vietnamese of the words that the books are kept in, as `docs/glossary.md` has it. A word that is not here is shown as it
//! is: a page that says nothing would be worse.

use domain::matching::explained::Why;
use domain::receipt::MailSays;
pub(crate) use report_files::words::{gap, kind, state};

pub(crate) fn thing(word: &str) -> &str {
    match word {
        "intent" => "Yêu cầu thanh toán",
        "attempt" => "Lần thanh toán",
        "obligation" => "Nghĩa vụ tài chính",
        "refund" => "Hoàn trả",
        "case" => "Chênh lệch",
        "receipt" => "Biên lai",
        "remittance" => "Nộp ngân sách",
        other => other,
    }
}

/// What a payer is told of a receipt by e-mail.
pub(crate) fn mail(says: MailSays) -> &'static str {
    match says {
        MailSays::Issued => "Biên lai đã được lập",
        MailSays::Replaced => "Biên lai đã được thay thế",
        MailSays::Cancelled => "Biên lai đã bị hủy",
    }
}

/// Kinds of what a second person decides.
pub(crate) fn approval(word: &str) -> &str {
    match word {
        "refund" => "Hoàn trả cho người nộp",
        "reduction" => "Giảm nghĩa vụ đã nộp",
        "case_resolution" => "Xử lý chênh lệch",
        "day_reopening" => "Mở lại ngày đã khóa",
        "beneficiary_account" => "Tài khoản thụ hưởng mới",
        "profile_credentials" => "Khóa bí mật của hợp đồng",
        "person_rights" => "Quyền hạn của nhân viên",
        "person_key" => "Khóa API của nhân viên",
        "statement_supersession" => "Thay thế sao kê bằng bản đính chính",
        "counter_void" => "Hủy khoản thu tại quầy",
        "contract_fee" => "Phí của hợp đồng",
        "remittance" => "Nộp tiền vào ngân sách",
        "receipt_replacement" => "Thay thế biên lai",
        "opening_balance" => "Số dư ban đầu của tài khoản",
        other => other,
    }
}

/// For what one remittance is.
pub(crate) fn period(word: &str) -> &str {
    match word {
        "weekly" => "hằng tuần",
        "monthly" => "hằng tháng",
        other => other,
    }
}

/// What is proposed to become of a case, and other words of a proposal.
pub(crate) fn action(word: &str) -> &str {
    match word {
        "assign_to_obligations" => "Gán cho nghĩa vụ tài chính",
        "refund_to_payer" => "Hoàn trả cho người nộp",
        "same_movement" => "Là cùng một biến động",
        "accept_difference" => "Chấp nhận chênh lệch",
        "write_off" => "Xoá sổ",
        "reopen_obligations" => "Mở lại nghĩa vụ đã nộp",
        "reinstate" => "Khôi phục khoản đã xoá sổ",
        "close" => "không phải nộp nữa",
        "reopen" => "phải nộp lại",
        "state" => "Xác nhận số dư ban đầu",
        "take_back" => "Rút lại số dư ban đầu",
        "weekly" | "monthly" => period(word),
        other => other,
    }
}

pub(crate) fn role(word: &str) -> &str {
    match word {
        "viewer" => "xem",
        "clerk" => "cán bộ một cửa",
        "accountant" => "kế toán",
        "approver" => "người duyệt",
        "administrator" => "quản trị viên",
        other => other,
    }
}

/// What a suggestion rests on.
pub(crate) fn agreed(word: &str) -> &str {
    match word {
        "dossier_code" => "mã hồ sơ",
        "amount" => "số tiền",
        "account" => "tài khoản",
        "time" => "thời gian",
        "bank_ref" => "số tham chiếu ngân hàng",
        "near_reference" => "mã tham chiếu sai một ký tự",
        "look_alike" => "ký tự dễ đọc nhầm",
        "sum" => "tổng số tiền",
        "payer" => "cùng người nộp hoặc cùng hồ sơ",
        "sender" => "cùng tài khoản chuyển",
        "reference" => "mã tham chiếu của ta",
        "day" => "ngày",
        "near_day" => "ngày gần nhau",
        "amount_account_time" => "Cùng số tiền, tài khoản và thời gian",
        "sum_of_debts" => "Bằng tổng nhiều khoản phải nộp của một người",
        "part_of_debt" => "Cùng các khoản chuyển khác đủ một khoản phải nộp",
        "may_be_taken_back" => "Có thể là khoản bị đòi lại",
        other => other,
    }
}

/// Why a line is not what it could have been.
pub(crate) fn refused(why: Why) -> &'static str {
    match why {
        Why::AmountDiffers => "khác số tiền",
        Why::ReferenceDiffers => "khác số tham chiếu ngân hàng",
        Why::OtherIntent => "ghi mã tham chiếu khác",
        Why::TooFarApart => "quá xa ngày",
        Why::LineBeforeReport => "ngân hàng ghi sổ trước khi được báo",
        Why::ReturnsMoney => "dòng này trả lại tiền đã chi",
        Why::OfAnotherLine => "đã khớp với dòng khác",
        Why::MayBeKnown => "có thể là lần báo khác của tiền đã có trong sổ",
        Why::AgreesLess => "khớp kém hơn khoản được chọn",
        Why::OneOfSeveral => "nhiều khoản có thể, không đoán",
        Why::NotProven => "chưa đủ chắc chắn",
        Why::KnownLater => "biết đến sau khi đã xử lý",
    }
}

/// Kinds of journals, and of what an event tells.
pub(crate) fn journal(word: &str) -> &str {
    match word {
        "capture" => "Nhà cung cấp báo thu",
        "bank_credit" => "Ngân hàng ghi có",
        "cash_taken" => "Thu tại quầy",
        "deposit_declared" => "Nộp tiền mặt vào ngân hàng",
        "voided" => "Hủy khoản thu",
        "charged_after_all" => "Rốt cuộc đã bị trừ",
        "not_a_payment" => "Không phải khoản thu",
        "statement_line" => "Dòng sao kê",
        "opening_balance" => "Số dư ban đầu",
        "stated_opening" => "Số dư ban đầu do hai người xác nhận",
        "unexplained_debit" => "Khoản trừ chưa rõ",
        "other_amount" => "Số tiền khác",
        "settlement" => "Quyết toán",
        "unexplained_refund" => "Hoàn chưa rõ",
        "reassignment" => "Gán lại",
        "refund_approved" => "Duyệt hoàn trả",
        "refund_sent" => "Đã chuyển tiền hoàn",
        "refund_failed" => "Hoàn trả thất bại",
        "refund_returned" => "Tiền hoàn bị trả lại",
        "taken_back" => "Ngân hàng lấy lại",
        "reduction" => "Giảm nghĩa vụ",
        "written_off" => "Xoá sổ",
        "reinstated" => "Khôi phục khoản đã xoá sổ",
        "obligation.paid" => "Nghĩa vụ đã nộp",
        "payment_intent.paid" => "Yêu cầu thanh toán đã nộp",
        "refund.succeeded" => "Đã hoàn trả",
        "refund.failed" => "Hoàn trả thất bại",
        "receipt.issued" => "Đã phát hành biên lai",
        "remitted" => "Nộp ngân sách",
        "obligation.reopened" => "Nghĩa vụ phải nộp lại",
        "obligation.refunded" => "Nghĩa vụ đã hoàn",
        "obligation.cancelled" => "Nghĩa vụ đã hủy",
        "payment_intent.reopened" => "Yêu cầu thanh toán phải nộp lại",
        "payment_intent.expired" => "Yêu cầu thanh toán hết hạn",
        "payment_intent.cancelled" => "Yêu cầu thanh toán đã hủy",
        other => other,
    }
}

/// Fields of what is proposed.
pub(crate) fn field(word: &str) -> &str {
    match word {
        "action" => "Cách xử lý",
        "obligation_ids" => "Nghĩa vụ",
        "payment_id" | "payment" => "Khoản thu",
        "amount" => "Số tiền",
        "refund_id" | "refund" => "Hoàn trả",
        "reason_code" => "Lý do",
        "reopens" => "Phải nộp lại",
        "scope" => "Tài khoản hoặc hợp đồng",
        "day" => "Ngày",
        "days" => "Các ngày được mở lại",
        "lines" => "Các dòng",
        "case_id" => "Chênh lệch",
        "then" | "closing" => "Nghĩa vụ sau khi hoàn",
        "obligation_id" => "Nghĩa vụ",
        "client_id" => "Cổng",
        "beneficiary_code" => "Đơn vị thụ hưởng",
        "dossier_code" => "Hồ sơ",
        "waiting" => "Tiền chờ xử lý",
        "template" => "Mẫu",
        "serial" => "Ký hiệu",
        "number" => "Số",
        "does" => "Việc",
        "account" => "Tài khoản của ta",
        "period" => "Kỳ nộp",
        "ends_on" => "Kỳ kết thúc ngày",
        "due_on" => "Hạn nộp",
        "unit" => "Mã ĐVQHNS",
        "treasury" => "Kho bạc",
        "treasury_bank_bin" => "Mã ngân hàng nhận",
        "treasury_account" => "Số tài khoản nhận",
        "treasury_account_name" => "Tên tài khoản nhận",
        "items" => "Các khoản",
        "fee_code" => "Mã phí, lệ phí",
        "chapter" => "Chương",
        "sub_item" => "Tiểu mục",
        "area" => "Địa bàn",
        "collected" => "Đã thu",
        "retained" => "Để lại",
        "carried" => "Bù kỳ khác",
        "collector_tax_code" => "Mã số thuế của đơn vị thu",
        other => other,
    }
}

/// Which rule said that two are the same money.
pub(crate) fn rule(word: &str) -> &str {
    match word {
        "bank_reference" => "cùng số tham chiếu ngân hàng",
        "reference" => "nội dung có mã tham chiếu",
        "amount_day" => "cùng số tiền và ngày",
        "only_one" => "chỉ một khoản vừa",
        "line" => "khoản thu từ chính dòng này",
        "settlement" => "tiền nhà cung cấp chuyển về",
        "refund_code" => "nội dung có mã hoàn trả",
        "taken_back" => "ngân hàng lấy lại",
        "deposit_slip" => "giấy nộp tiền của quầy",
        "slip_other_amount" => "giấy nộp tiền, số tiền khác",
        "superseded" => "sao kê được thay",
        "remittance_code" => "nội dung có mã nộp ngân sách",
        other => other,
    }
}

/// Why a state changed.
pub(crate) fn cause(word: &str) -> &str {
    match word {
        "registered" => "cổng đăng ký",
        "registered_exempt" => "đăng ký, được miễn",
        "relief_granted" => "được giảm",
        "relief_withdrawn" => "bỏ giảm",
        "cancelled_by_client" => "cổng hủy",
        "opened" => "cổng lập",
        "renewed" => "mở lại",
        "started" => "người nộp chọn kênh",
        "provider_offered" => "nhà cung cấp nhận đơn",
        "provider_committed" => "người nộp đã xác nhận ở nhà cung cấp",
        "provider_captured" => "nhà cung cấp báo đã thu",
        "provider_failed" => "nhà cung cấp báo thất bại",
        "provider_refused" => "nhà cung cấp từ chối",
        "window_closed" => "hết thời gian của kênh",
        "outcome_unknown" => "chưa rõ kết quả",
        "attempt_committed" => "một lần thanh toán đã xác nhận",
        "attempt_failed" => "lần thanh toán thất bại",
        "lapsed" => "hết hạn",
        "bank_credited" => "ngân hàng ghi có",
        "counter_taken" => "thu tại quầy",
        "deposited" => "nộp vào ngân hàng",
        "statement_says" => "theo sao kê",
        "provider_settled" => "theo tệp quyết toán",
        "settled" => "đã có tiền",
        "taken_back" | "taken_back_after_expiry" => "ngân hàng lấy lại",
        "voided" | "voided_after_expiry" => "hủy tại quầy",
        "refund_approved" => "hoàn trả được duyệt",
        "refund_reopened" | "refund_reopened_after_expiry" => "hoàn trả, phải nộp lại",
        "refund_closed" => "hoàn trả, kết thúc",
        "refund_failed" => "hoàn trả thất bại",
        "reduced" => "được giảm",
        "proposed" => "được đề nghị",
        "approved" => "được duyệt",
        "rejected" => "bị từ chối",
        "withdrawn" => "được rút lại",
        "submitted" => "gửi nhà cung cấp",
        "work_item_given" => "giao người chuyển khoản",
        "provider_sent" => "nhà cung cấp đã chuyển",
        "statement_debit" => "sao kê có khoản trừ",
        "came_back" => "tiền quay lại",
        "found" => "phát hiện",
        "resolution_proposed" => "có đề nghị xử lý",
        "resolution_rejected" => "đề nghị bị từ chối",
        "resolved" => "đã xử lý",
        "explained" => "dữ liệu sau đã giải thích",
        "obligations_reopened" => "nghĩa vụ được mở lại",
        "attempt_unresolved" => "một lần thanh toán chưa rõ kết quả",
        "attempt_unsettled" => "tiền của một lần thanh toán chưa đủ",
        "refund_uncovered" => "tiền hoàn không còn đủ",
        "payment_taken_back" => "khoản thu bị lấy lại",
        "asked_again" => "được hỏi lại",
        "written_off" => "được xoá sổ",
        "reinstated" => "được khôi phục",
        "number_taken" => "lấy số biên lai",
        "signed" => "được ký số",
        "corrected" => "được sửa",
        "money_left" => "tiền đã rời đi",
        other => other,
    }
}

/// From where a report came: `webhook:vietqr`, `statement:<account>`.
pub(crate) fn source(text: &str) -> String {
    let (way, of) = text.split_once(':').unwrap_or((text, ""));
    let way = match way {
        "webhook" => "thông báo của nhà cung cấp",
        "poll" => "hỏi nhà cung cấp",
        "listing" => "liệt kê tài khoản",
        "statement" => "sao kê",
        "settlement" => "tệp quyết toán",
        "bill" => "thu hộ",
        "counter" => "quầy",
        other => other,
    };
    format!("{way} {of}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::approval::ApprovalKind;
    use domain::cause::Cause;
    use domain::event::EventType;
    use domain::ledger::JournalKind;
    use domain::matching::Rule;
    use domain::remittance::Period;
    use domain::transition::Entity;

    #[test]
    fn every_word_of_the_books_is_said_in_vietnamese() {
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
        all!(approval: ApprovalKind);
        all!(period: Period);
        all!(journal: JournalKind, EventType);
        all!(cause: Cause);
        all!(rule: Rule);
        all!(thing: Entity);
        assert!(untold.is_empty(), "{untold:#?}");
    }
}
