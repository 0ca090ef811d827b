//! The page's two languages, Vietnamese first: every text that a reader sees, and how an instant is written for them.

use crate::load::RETURNED;
use domain::business_day::HANOI;
use domain::obligation::ObligationStatus;
use jiff::Timestamp;
use provider::checkout::Locale;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Vi,
    En,
}

impl Language {
    pub const fn words(self) -> &'static Words {
        match self {
            Self::Vi => &VI,
            Self::En => &EN,
        }
    }

    pub const fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }

    pub const fn locale(self) -> Locale {
        match self {
            Self::Vi => Locale::Vi,
            Self::En => Locale::En,
        }
    }

    /// The part of an address that keeps the language, and that the browser came back.
    pub fn query(self, returned: bool) -> String {
        match (self, returned) {
            (Self::Vi, false) => String::new(),
            (Self::Vi, true) => format!("?{RETURNED}"),
            (Self::En, false) => "?lang=en".to_owned(),
            (Self::En, true) => format!("?lang=en&{RETURNED}"),
        }
    }

    pub fn instant(self, at: Timestamp) -> String {
        let format = match self {
            Self::Vi => "%H:%M ngày %d/%m/%Y (giờ Việt Nam)",
            Self::En => "%H:%M, %-d %b %Y (Vietnam time)",
        };
        HANOI.to_datetime(at).strftime(format).to_string()
    }

    /// What is said beside an obligation that is not simply due.
    pub const fn obligation(self, status: ObligationStatus) -> Option<&'static str> {
        let (vi, en) = match status {
            ObligationStatus::Due => return None,
            ObligationStatus::Exempt => ("Được miễn", "Exempt"),
            ObligationStatus::Paid => ("Đã nộp", "Paid"),
            ObligationStatus::Refunding => ("Đang hoàn trả", "Being refunded"),
            ObligationStatus::Refunded => ("Đã hoàn trả", "Refunded"),
            ObligationStatus::Cancelled => ("Đã huỷ", "Cancelled"),
        };
        Some(match self {
            Self::Vi => vi,
            Self::En => en,
        })
    }
}

/// One state's heading and what the reader should know or do.
pub(crate) struct Said {
    pub title: &'static str,
    pub text: &'static str,
    pub amount: &'static str,
}

/// Sentences that a template places. A field that one language lacks does not compile.
pub(crate) struct Words {
    pub lang: &'static str,
    /// How the other language calls itself.
    pub switch: &'static str,
    pub gateway: &'static str,
    pub sandbox: &'static str,

    pub open: Said,
    pub checking: Said,
    pub processing: Said,
    pub settling: Said,
    pub paid: Said,
    pub expired: Said,
    pub cancelled: Said,

    pub beneficiary: &'static str,
    pub reference: &'static str,
    pub expires: &'static str,
    pub expired_at: &'static str,
    pub items: &'static str,
    pub items_paid: &'static str,
    pub dossier: &'static str,
    pub total: &'static str,
    pub still_due: &'static str,

    pub transfer: &'static str,
    pub transfer_how: &'static str,
    pub transfer_picture: &'static str,
    pub transfer_by_hand: &'static str,
    pub bank: &'static str,
    pub account_number: &'static str,
    pub account_name: &'static str,
    pub transfer_content: &'static str,
    pub transfer_others: &'static str,
    pub transfer_awaited: &'static str,

    pub prompt: &'static str,
    pub prompt_awaited: &'static str,
    pub phone: &'static str,
    pub one_time_code: &'static str,
    pub one_time_code_how: &'static str,

    pub choose: &'static str,
    pub choose_other: &'static str,
    pub pay: &'static str,
    pub leaving: &'static str,
    pub above_limit: &'static str,
    pub not_answering: &'static str,
    pub below_limit: &'static str,
    pub closed: &'static str,
    pub closed_until: &'static str,
    pub no_channel: &'static str,

    pub details: &'static str,
    pub received: &'static str,
    pub paid_at: &'static str,
    pub amount: &'static str,
    pub channel: &'static str,
    pub transaction: &'static str,
    pub held: &'static str,

    pub returned: &'static str,
    pub failed: &'static str,
    pub ask_first: &'static str,
    pub reload: &'static str,
    pub choose_again: &'static str,
    pub to_portal: &'static str,
    pub keep: &'static str,
    pub safety: &'static str,
    /// Where a channel asks for a code that its own application made.
    pub safety_code: &'static str,

    pub paid_already: &'static str,
    pub expired_already: &'static str,
    pub cancelled_already: &'static str,
    pub committed_already: &'static str,
    pub channel_unavailable: &'static str,
    pub press_again: &'static str,
    pub in_progress: &'static str,
    pub bad_phone: &'static str,
    pub bad_code: &'static str,
    pub try_other: &'static str,
    pub provider_away: &'static str,
    pub bad_form: &'static str,

    pub absent_title: &'static str,
    pub absent_text: &'static str,
    pub out_of_order_title: &'static str,
    pub out_of_order_text: &'static str,
}

const VI: Words = Words {
    lang: "vi",
    switch: "Tiếng Việt",
    gateway: "Thanh toán dịch vụ công",
    sandbox: "Môi trường thử nghiệm: không có tiền thật.",

    open: Said { title: "Nộp phí, lệ phí", text: "", amount: "Số tiền phải nộp" },
    checking: Said {
        title: "Đang chờ xác nhận",
        text: "Trang này tự cập nhật sau ít giây. Xin không thanh toán lại trong lúc chờ.",
        amount: "Số tiền phải nộp",
    },
    processing: Said {
        title: "Đang chờ ngân hàng",
        text: "Ngân hàng đang xử lý khoản tiền này. Xin không thanh toán lại; kết quả sẽ hiện ở đây và được báo cho cổng dịch vụ công.",
        amount: "Số tiền đang xử lý",
    },
    settling: Said {
        title: "Đang ghi nhận",
        text: "Hiện không còn khoản nào phải nộp thêm. Khoản tiền đã nhận đang được ghi nhận.",
        amount: "Tổng số tiền",
    },
    paid: Said {
        title: "Đã thanh toán",
        text: "Khoản tiền đã được ghi nhận và cổng dịch vụ công sẽ được thông báo.",
        amount: "Số tiền đã nộp",
    },
    expired: Said {
        title: "Đã hết hạn thanh toán",
        text: "Xin mở lại hồ sơ trên cổng dịch vụ công để tạo yêu cầu thanh toán mới. Nếu tài khoản đã bị trừ tiền, xin đừng thanh toán lại: hệ thống vẫn tiếp tục đối soát theo mã tham chiếu dưới đây.",
        amount: "Số tiền",
    },
    cancelled: Said {
        title: "Yêu cầu thanh toán đã bị huỷ",
        text: "Không cần nộp tiền theo trang này. Nếu hồ sơ vẫn còn phí phải nộp, xin mở hồ sơ trên cổng dịch vụ công.",
        amount: "Số tiền",
    },

    beneficiary: "Đơn vị thụ hưởng",
    reference: "Mã tham chiếu",
    expires: "Hạn thanh toán",
    expired_at: "Đã hết hạn lúc",
    items: "Các khoản phải nộp",
    items_paid: "Các khoản đã nộp",
    dossier: "Mã hồ sơ",
    total: "Tổng cộng",
    still_due: "Còn phải nộp",

    transfer: "Quét mã để chuyển khoản",
    transfer_how: "Mở ứng dụng ngân hàng, chọn quét mã QR, xem lại số tiền và nội dung rồi xác nhận.",
    transfer_picture: "Mã QR của khoản chuyển",
    transfer_by_hand: "Hoặc tự nhập, đúng từng chữ:",
    bank: "Ngân hàng",
    account_number: "Số tài khoản",
    account_name: "Tên tài khoản",
    transfer_content: "Nội dung chuyển khoản",
    transfer_others: "Người khác cũng có thể quét mã này và nộp thay.",
    transfer_awaited: "Khi ngân hàng báo đã nhận tiền, thường sau ít giây, trang này sẽ hiện kết quả.",

    prompt: "Xác nhận trên điện thoại",
    prompt_awaited: "Trang này tự cập nhật khi nhà cung cấp trả lời. Xin không thanh toán lại trong lúc chờ.",
    phone: "Số điện thoại của tài khoản Tiền di động",
    one_time_code: "Mã thanh toán một lần (nếu có)",
    one_time_code_how: "Mã này do ứng dụng Tiền di động của bạn tạo ra. Không có mã thì để trống: nhà cung cấp sẽ hỏi bạn trên điện thoại. Số điện thoại và mã không được lưu lại.",

    choose: "Chọn cách thanh toán",
    choose_other: "Hoặc chọn cách khác",
    pay: "Thanh toán",
    leaving: "Trình duyệt sẽ chuyển sang trang của đơn vị thanh toán, rồi trở lại đây.",
    above_limit: "Số tiền vượt hạn mức của cách thanh toán này.",
    not_answering: "Đang gián đoạn. Xin chọn cách khác, hoặc thử lại sau ít phút.",
    below_limit: "Số tiền thấp hơn mức tối thiểu của cách thanh toán này.",
    closed: "Tạm ngừng:",
    closed_until: "đến",
    no_channel: "Hiện chưa có cách thanh toán trực tuyến cho khoản này. Xin nộp tại bộ phận một cửa hoặc thử lại sau.",

    details: "Thông tin thanh toán",
    received: "Tiền đã nhận",
    paid_at: "Thời điểm",
    amount: "Số tiền",
    channel: "Cách thanh toán",
    transaction: "Mã giao dịch",
    held: "Chưa gạch nợ, đang được đối soát",

    returned: "Đã nhận phản hồi từ trình duyệt; đang chờ cổng thanh toán xác nhận.",
    failed: "Lần thanh toán vừa rồi không thành công. Có thể thanh toán lại bên dưới.",
    ask_first: "Một khoản thanh toán đang được đối soát và chưa gạch nợ. Xin liên hệ bộ phận một cửa trước khi thanh toán lại.",
    reload: "Xem trạng thái mới nhất",
    choose_again: "Chưa thanh toán? Chọn lại cách thanh toán",
    to_portal: "Quay lại cổng dịch vụ công",
    keep: "Xin giữ lại mã tham chiếu để tra cứu khi cần.",
    safety: "Trang này không bao giờ hỏi mật khẩu hay mã OTP.",

    safety_code: "Trang này không bao giờ hỏi mật khẩu, mã PIN hay mã OTP của ngân hàng.",

    paid_already: "Không còn khoản nào phải nộp; không có tiền nào bị thu thêm.",
    expired_already: "Yêu cầu thanh toán đã hết hạn; chưa có tiền nào bị thu ở lần bấm này.",
    cancelled_already: "Yêu cầu thanh toán đã bị huỷ; chưa có tiền nào bị thu ở lần bấm này.",
    committed_already: "Ngân hàng đang xử lý một lần thanh toán trước. Xin chờ kết quả, không thanh toán lại.",
    channel_unavailable: "Cách thanh toán này hiện không dùng được. Xin chọn cách khác.",
    press_again: "Trang đã cũ. Xin chọn lại cách thanh toán.",
    in_progress: "Yêu cầu trước đang được xử lý. Xin chờ khoảng nửa phút rồi bấm lại.",
    bad_phone: "Số điện thoại chưa đúng. Xin nhập số di động Việt Nam, ví dụ 0912345678.",
    bad_code: "Mã thanh toán chưa đúng dạng. Xin nhập lại mã mà ứng dụng đã tạo.",
    try_other: "Đơn vị thanh toán không nhận yêu cầu này. Xin chọn cách khác hoặc thử lại sau.",
    provider_away: "Chưa liên lạc được với đơn vị thanh toán. Xin chờ khoảng nửa phút rồi bấm lại.",
    bad_form: "Yêu cầu không hợp lệ. Xin chọn lại cách thanh toán.",

    absent_title: "Không tìm thấy trang thanh toán",
    absent_text: "Đường dẫn không đúng hoặc không còn dùng. Xin mở lại hồ sơ trên cổng dịch vụ công và bấm thanh toán từ đó.",
    out_of_order_title: "Hệ thống đang bận",
    out_of_order_text: "Hệ thống tạm thời không trả lời được. Xin thử lại sau ít phút. Nếu tài khoản đã bị trừ tiền, xin đừng thanh toán lại.",
};

const EN: Words = Words {
    lang: "en",
    switch: "English",
    gateway: "Public service payments",
    sandbox: "Test environment: no real money.",

    open: Said { title: "Pay fees and charges", text: "", amount: "Amount to pay" },
    checking: Said {
        title: "Waiting for confirmation",
        text: "This page updates itself in a few seconds. Please do not pay again meanwhile.",
        amount: "Amount to pay",
    },
    processing: Said {
        title: "Waiting for the bank",
        text: "The bank is processing this payment. Please do not pay again; the result will appear here and be sent to the public service portal.",
        amount: "Amount in process",
    },
    settling: Said {
        title: "Being recorded",
        text: "Nothing more is to be paid at present. The money received is being recorded.",
        amount: "Total amount",
    },
    paid: Said {
        title: "Paid",
        text: "The payment has been recorded and the public service portal will be told.",
        amount: "Amount paid",
    },
    expired: Said {
        title: "The time to pay has passed",
        text: "Please open your dossier on the public service portal and ask for a new payment. If money has left your account, do not pay again: it is still being traced by the reference below.",
        amount: "Amount",
    },
    cancelled: Said {
        title: "This payment request was cancelled",
        text: "Nothing is to be paid on this page. If your dossier still has fees, please open it on the public service portal.",
        amount: "Amount",
    },

    beneficiary: "Beneficiary",
    reference: "Reference",
    expires: "Pay before",
    expired_at: "Expired at",
    items: "What is to be paid",
    items_paid: "What was paid",
    dossier: "Dossier",
    total: "Total",
    still_due: "Still to pay",

    transfer: "Scan to transfer",
    transfer_how: "Open your banking app, choose to scan a QR code, check amount and content, then confirm.",
    transfer_picture: "QR code of the transfer",
    transfer_by_hand: "Or type it yourself, letter by letter:",
    bank: "Bank",
    account_number: "Account number",
    account_name: "Account name",
    transfer_content: "Transfer content",
    transfer_others: "Another person may scan this code and pay for you.",
    transfer_awaited: "When the bank tells us that the money has come, usually within seconds, this page shows it.",

    prompt: "Confirm on your phone",
    prompt_awaited: "This page updates itself when the provider answers. Please do not pay again meanwhile.",
    phone: "Phone number of the Mobile Money account",
    one_time_code: "One-time payment code (if you have one)",
    one_time_code_how: "Your Mobile Money application makes this code. Without one, leave it empty: the provider asks you on your phone. Neither number nor code is kept.",

    choose: "Choose how to pay",
    choose_other: "Or choose another way",
    pay: "Pay",
    leaving: "Your browser goes to the payment provider's page and then comes back here.",
    above_limit: "The amount is above this channel's limit.",
    not_answering: "It does not answer at the moment. Please choose another way, or try again in a few minutes.",
    below_limit: "The amount is below this channel's least amount.",
    closed: "Closed for now:",
    closed_until: "until",
    no_channel: "There is no way to pay this online at present. Please pay at the one-stop office or try again later.",

    details: "Payment details",
    received: "Money received",
    paid_at: "Time",
    amount: "Amount",
    channel: "Channel",
    transaction: "Transaction no.",
    held: "Not yet applied, under review",

    returned: "Your browser has come back; waiting for the payment provider to confirm.",
    failed: "The last payment did not succeed. You can pay again below.",
    ask_first: "A payment is being checked and is not applied yet. Please ask the one-stop office before you pay again.",
    reload: "Show the latest state",
    choose_again: "Have not paid? Choose how to pay again",
    to_portal: "Back to the public service portal",
    keep: "Please keep the reference for later enquiries.",
    safety: "This page never asks for a password or a one-time code.",

    safety_code: "This page never asks for a password, a PIN or a bank's one-time code.",

    paid_already: "Nothing is left to pay; no further money was taken.",
    expired_already: "The time to pay has passed; no money was taken now.",
    cancelled_already: "The payment request was cancelled; no money was taken now.",
    committed_already: "The bank is processing an earlier payment. Please wait for its result and do not pay again.",
    channel_unavailable: "This way to pay cannot be used now. Please choose another.",
    press_again: "The page was out of date. Please choose how to pay again.",
    in_progress: "The earlier request is being worked on. Please wait half a minute and press again.",
    bad_phone: "The phone number is not right. Please type a Vietnamese mobile number, such as 0912345678.",
    bad_code: "The payment code is not well-formed. Please type the code that the application made.",
    try_other: "The payment provider did not accept the request. Please choose another way or try again later.",
    provider_away: "The payment provider could not be reached. Please wait half a minute and press again.",
    bad_form: "The request was not valid. Please choose how to pay again.",

    absent_title: "Payment page not found",
    absent_text: "The address is wrong or no longer used. Please open your dossier on the public service portal and pay from there.",
    out_of_order_title: "The system is busy",
    out_of_order_text: "The system cannot answer at the moment. Please try again in a few minutes. If money has left your account, do not pay again.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_hanoi_time_in_both_languages() {
        let at: Timestamp = "2026-11-25T17:05:00Z".parse().expect("instant");
        assert_eq!(Language::Vi.instant(at), "00:05 ngày 26/11/2026 (giờ Việt Nam)");
        assert_eq!(Language::En.instant(at), "00:05, 26 Nov 2026 (Vietnam time)");
    }
}
