//! The page's two languages, Vietnamese first: every text that a reader sees, and how an instant is written for them.

use crate::load::{RETURNED, WHOLE_1};
use domain::business_day::HANOI;
use domain::obligation::ObligationStatus;
use jiff::{SignedDuration, Timestamp};
use provider::Failure;
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

    /// The same, where the whole list of fees is asked for too.
    pub fn query_whole(self, returned: bool) -> String {
        let query = self.query(returned);
        format!("{query}{}{WHOLE_1}", if query.is_empty() { '?' } else { '&' })
    }

    /// The part of an address that keeps the language, and that the browser came back.
    pub fn query(self, returned: bool) -> String {
        match (self, returned) {
            (Self::Vi, false) => String::new(),
            (Self::Vi, true) => format!("?{RETURNED}=1"),
            (Self::En, false) => "?lang=en".to_owned(),
            (Self::En, true) => format!("?lang=en&{RETURNED}=1"),
        }
    }

    pub fn instant(self, at: Timestamp) -> String {
        let format = match self {
            Self::Vi => "%H:%M ngày %d/%m/%Y (giờ Việt Nam)",
            Self::En => "%H:%M, %-d %b %Y (Vietnam time)",
        };
        HANOI.to_datetime(at).strftime(format).to_string()
    }

    /// An instant of today, to the second.
    pub fn second(self, at: Timestamp) -> String {
        HANOI.to_datetime(at).strftime("%H:%M:%S").to_string()
    }

    /// That phones were asked too often, and when it goes on: never before that minute is over.
    pub fn too_often(self, again_at: Timestamp) -> String {
        let at = self.instant(again_at + SignedDuration::from_mins(1));
        match self {
            Self::Vi => format!(
                "Đã gửi quá nhiều yêu cầu thanh toán đến điện thoại. Xin thử lại từ {at}, hoặc chọn cách thanh toán khác."
            ),
            Self::En => {
                format!("Phones were asked too often. Please try again from {at} on, or choose another way to pay.")
            }
        }
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

impl Language {
    /// Why a payment failed, in the payer's words and with the way on.
    pub const fn why(self, failure: Failure) -> &'static str {
        let (vi, en) = match failure {
            Failure::Cancelled => (
                "Lý do: giao dịch đã được huỷ trước khi trả tiền. Không có tiền nào bị trừ. Có thể chọn lại cách thanh toán.",
                "Why: it was cancelled before it was paid. No money was taken. You can choose how to pay again.",
            ),
            Failure::NotConfirmed => (
                "Lý do: yêu cầu chưa được xác nhận: đã bị từ chối, quá giờ, hoặc mã chưa đúng. Xin thử lại, hoặc chọn cách khác.",
                "Why: it was not confirmed: declined, too late, or with a wrong code. Please try again, or pay another way.",
            ),
            Failure::NotEnoughMoney => (
                "Lý do: tài khoản không đủ số dư. Xin nạp thêm tiền hoặc chọn tài khoản, cách thanh toán khác.",
                "Why: the account did not have enough money. Please top it up, or use another account or another way to pay.",
            ),
            Failure::OverLimit => (
                "Lý do: vượt hạn mức giao dịch của tài khoản. Xin nâng hạn mức trong ứng dụng, đợi đến kỳ hạn mức sau, hoặc chọn cách khác.",
                "Why: it is above your account's limit. Please raise the limit in its application, wait until it begins anew, or pay another way.",
            ),
            Failure::UnderLimit => (
                "Lý do: số tiền thấp hơn mức tối thiểu của đơn vị thanh toán. Xin chọn cách khác.",
                "Why: the amount is less than this provider takes. Please pay another way.",
            ),
            Failure::AccountNotUsable => (
                "Lý do: thẻ hoặc tài khoản đang bị khoá, hay chưa mở thanh toán trực tuyến. Xin hỏi ngân hàng của bạn, hoặc chọn cách khác.",
                "Why: the card or account is locked, or not opened for online payments. Please ask your bank, or pay another way.",
            ),
            Failure::NoAccount => (
                "Lý do: đơn vị thanh toán không tìm thấy tài khoản theo thông tin đã nhập. Xin xem lại số điện thoại, hoặc chọn cách khác.",
                "Why: the provider found no account by what was typed. Please check the phone number, or pay another way.",
            ),
            Failure::BankRefused => (
                "Lý do: ngân hàng nguồn tiền không thực hiện giao dịch. Xin thử lại, đổi nguồn tiền, hoặc chọn cách khác.",
                "Why: the bank that should pay did not. Please try again, use another source, or pay another way.",
            ),
            Failure::WrongCode => (
                "Lý do: thông tin thẻ, mật khẩu hoặc mã xác thực nhập chưa đúng. Xin thử lại, hoặc chọn cách khác.",
                "Why: card data, password or code did not fit. Please try again, or pay another way.",
            ),
            Failure::TooLate => (
                "Lý do: quá thời gian cho phép của một lần thanh toán. Xin thanh toán lại.",
                "Why: it took longer than one payment may take. Please pay again.",
            ),
            Failure::Maintenance => (
                "Lý do: ngân hàng đang bảo trì. Xin thử lại sau, hoặc chọn cách khác.",
                "Why: the bank is under maintenance. Please try again later, or pay another way.",
            ),
            Failure::Unsaid => (
                "Đơn vị thanh toán không cho biết lý do. Có thể thử lại, hoặc chọn cách khác.",
                "The payment provider did not say why. You can try again, or pay another way.",
            ),
        };
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// Puts who it is that told us in a sentence's place for it: `{Who}` where the sentence begins with it, else `{who}`.
    pub fn of(self, sentence: &str, kind: Option<&str>) -> String {
        let (who, at_first) = self.party(kind);
        sentence.replace("{Who}", at_first).replace("{who}", who)
    }

    /// Who tells us of money that is paid by a channel of this kind. Behind a gateway it is the payer's bank.
    const fn party(self, kind: Option<&str>) -> (&'static str, &'static str) {
        let (vi, en) = match kind {
            None => (("ngân hàng", "Ngân hàng"), ("the bank", "The bank")),
            Some(kind) => match kind.as_bytes() {
                b"bank" | b"gateway" => (("ngân hàng", "Ngân hàng"), ("the bank", "The bank")),
                b"wallet" => (("ví điện tử", "Ví điện tử"), ("the wallet", "The wallet")),
                b"mobile_money" => (("nhà mạng", "Nhà mạng"), ("the mobile network", "The mobile network")),
                b"national" => (
                    ("Cổng Dịch vụ công Quốc gia", "Cổng Dịch vụ công Quốc gia"),
                    ("the national portal", "The national portal"),
                ),
                b"counter" => (("quầy thu", "Quầy thu"), ("the counter", "The counter")),
                _ => (("đơn vị thanh toán", "Đơn vị thanh toán"), ("the payment provider", "The payment provider")),
            },
        };
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// That the list of fees goes on.
    pub fn all_items(self, count: usize) -> String {
        match self {
            Self::Vi => format!("Xem tất cả {count} khoản"),
            Self::En => format!("Show all {count} fees"),
        }
    }

    /// What is written over channels of one kind, and what one does there. A kind that is not here has its buttons too.
    pub fn kind(self, kind: &str) -> (&'static str, &'static str) {
        let (vi, en) = match kind {
            "bank" => (
                (
                    "Chuyển khoản bằng mã QR",
                    "Quét bằng ứng dụng của bất kỳ ngân hàng nào; người khác cũng nộp thay được",
                ),
                ("Bank transfer by QR code", "Scan with any bank's application; others can pay for you too"),
            ),
            "gateway" => (
                ("Thẻ và tài khoản ngân hàng", "Thẻ trong nước, thẻ quốc tế, tài khoản, qua cổng thanh toán"),
                ("Cards and bank accounts", "Domestic and international cards, accounts, through a payment gateway"),
            ),
            "wallet" => (
                ("Ví điện tử", "Trả từ số dư ví hoặc nguồn tiền đã liên kết"),
                ("Electronic wallets", "From the wallet's balance or a linked source"),
            ),
            "mobile_money" => (
                ("Tiền di động", "Trả từ tài khoản gắn với số điện thoại, không cần ngân hàng"),
                ("Mobile Money", "From the account of your phone number, no bank needed"),
            ),
            "national" => (
                ("Cổng Dịch vụ công Quốc gia", "Thanh toán trên nền tảng của Cổng Dịch vụ công Quốc gia"),
                ("National Public Service Portal", "Through the national portal's payment platform"),
            ),
            "counter" => (
                ("Nộp tại quầy", "Đem mã tham chiếu đến quầy và nộp trực tiếp"),
                ("At a counter", "Take the reference to a counter and pay there"),
            ),
            _ => (("Cách khác", ""), ("Other ways", "")),
        };
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
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
    pub rest: Said,
    pub scan: Said,
    pub confirm: Said,
    pub elsewhere_open: Said,
    pub asking: Said,
    pub processing: Said,
    pub settling: Said,
    pub elsewhere_paid: Said,
    pub elsewhere_paid_held: Said,
    pub failed_try: Said,
    pub unclear: Said,
    pub paid: Said,
    pub paid_at_counter: Said,
    pub paid_twice: Said,
    pub expired: Said,
    pub renewable: Said,
    pub cancelled: Said,
    pub cancelled_held: Said,

    pub skip: &'static str,
    pub more: &'static str,
    pub agency: &'static str,
    pub renew: &'static str,
    pub renew_how: &'static str,
    pub elsewhere: &'static str,
    pub elsewhere_how: &'static str,
    pub elsewhere_go: &'static str,
    pub last_asked: &'static str,
    pub last_used: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub print: &'static str,
    pub not_a_bank: &'static str,

    pub proofs: &'static str,
    pub proof_theirs: &'static str,
    pub proof_ours: &'static str,
    pub proof_dossier: &'static str,
    pub proof_dossier_has: &'static str,
    pub proof_awaited: &'static str,

    pub held_provider: &'static str,
    pub held_transfer: &'static str,
    pub held_checked: &'static str,
    pub held_part: &'static str,
    pub spare: &'static str,
    pub going_back: &'static str,
    pub account_ask: &'static str,
    pub account_why: &'static str,
    pub account_bank: &'static str,
    pub account_send: &'static str,
    pub account_kept: &'static str,
    pub account_bad: &'static str,
    pub account_late: &'static str,

    pub renewed_not: &'static str,
    pub foreign_title: &'static str,
    pub foreign_text: &'static str,
    pub too_many: &'static str,

    pub lookup_title: &'static str,
    pub lookup_text: &'static str,
    pub lookup_go: &'static str,
    pub lookup_due: &'static str,
    pub lookup_nothing: &'static str,
    pub lookup_pay: &'static str,
    pub lookup_ill: &'static str,

    pub print_title: &'static str,
    pub print_scan: &'static str,
    pub print_link: &'static str,
    pub print_until: &'static str,
    pub print_made: &'static str,
    pub print_more: &'static str,
    pub print_foot: &'static str,

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
    pub transfer_save: &'static str,
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
    pub leaving: &'static str,
    pub above_limit: &'static str,
    pub not_answering: &'static str,
    pub below_limit: &'static str,
    pub closed: &'static str,
    pub closed_until: &'static str,
    pub no_channel: &'static str,

    pub bills: &'static str,
    pub bills_how: &'static str,
    pub bills_then: &'static str,
    pub counters: &'static str,
    pub counters_how: &'static str,
    pub counters_then: &'static str,

    pub details: &'static str,
    pub received: &'static str,
    pub paid_at: &'static str,
    pub amount: &'static str,
    pub channel: &'static str,
    pub transaction: &'static str,
    pub held: &'static str,

    pub returned: &'static str,
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
    rest: Said {
        title: "Nộp phần còn thiếu",
        text: "Đã nhận được một phần tiền và đang giữ cho khoản này. Khi nộp đủ phần còn lại, khoản phí được gạch nợ.",
        amount: "Số tiền còn phải nộp",
    },
    scan: Said { title: "Quét mã để nộp tiền", text: "", amount: "Số tiền phải nộp" },
    confirm: Said { title: "Xác nhận trên điện thoại", text: "", amount: "Số tiền phải nộp" },
    elsewhere_open: Said {
        title: "Đang chờ bạn thanh toán",
        text: "Bạn đã mở trang của đơn vị thanh toán. Chúng tôi chưa nhận được tin về tiền.",
        amount: "Số tiền phải nộp",
    },
    asking: Said {
        title: "Chúng tôi đang hỏi {who}",
        text: "Trình duyệt đã trở lại, nhưng {who} chưa báo cho chúng tôi. Trang này tự cập nhật. Xin không thanh toán lại trong lúc chờ.",
        amount: "Số tiền phải nộp",
    },
    processing: Said {
        title: "Đang chờ {who}",
        text: "{Who} đã báo là đang xử lý khoản tiền này. Xin không thanh toán lại; kết quả sẽ hiện ở đây và được báo cho cổng dịch vụ công.",
        amount: "Số tiền đang xử lý",
    },
    settling: Said {
        title: "Đang ghi nhận",
        text: "Hiện không còn khoản nào phải nộp thêm. Khoản tiền đã nhận đang được ghi nhận.",
        amount: "Tổng số tiền",
    },
    elsewhere_paid: Said {
        title: "Không còn khoản nào phải nộp",
        text: "Các khoản phí dưới đây đã được nộp theo cách khác, hoặc không phải nộp nữa. Không cần làm gì thêm.",
        amount: "Tổng số tiền",
    },
    elsewhere_paid_held: Said {
        title: "Không còn khoản nào phải nộp",
        text: "Các khoản phí dưới đây đã được nộp theo cách khác, hoặc không phải nộp nữa. Khoản tiền đến thêm được giữ lại để hoàn trả; xem bên dưới.",
        amount: "Tổng số tiền",
    },
    failed_try: Said {
        title: "Lần thanh toán vừa rồi không thành công",
        text: "{Who} đã báo cho chúng tôi.",
        amount: "Số tiền phải nộp",
    },
    unclear: Said {
        title: "Có khoản tiền đang được đối soát",
        text: "Một khoản thanh toán đang được đối soát và chưa gạch nợ. Xin liên hệ bộ phận một cửa trước khi thanh toán lại.",
        amount: "Số tiền phải nộp",
    },
    paid: Said {
        title: "Đã thanh toán",
        text: "{Who} đã báo cho chúng tôi, khoản tiền đã được ghi nhận. Không cần làm gì thêm.",
        amount: "Số tiền đã nộp",
    },
    paid_at_counter: Said {
        title: "Đã thanh toán",
        text: "Cán bộ tại quầy đã nhận tiền, khoản tiền đã được ghi nhận. Không cần làm gì thêm.",
        amount: "Số tiền đã nộp",
    },
    paid_twice: Said {
        title: "Đã thanh toán, và có tiền nộp thừa",
        text: "Khoản phí đã được nộp đủ. Khoản tiền thừa được giữ lại để hoàn trả; xem bên dưới.",
        amount: "Số tiền đã nộp",
    },
    expired: Said {
        title: "Đã hết hạn thanh toán",
        text: "Một khoản thanh toán đang được đối soát, nên chưa thể gia hạn ở đây. Nếu tài khoản đã bị trừ tiền, xin đừng thanh toán lại: hệ thống vẫn tiếp tục đối soát theo mã tham chiếu dưới đây.",
        amount: "Số tiền",
    },
    renewable: Said {
        title: "Đã hết hạn thanh toán",
        text: "Bấm một lần để tạo yêu cầu thanh toán mới với cùng mã tham chiếu. Nếu tài khoản đã bị trừ tiền, xin đừng thanh toán lại: hệ thống vẫn tiếp tục đối soát theo mã tham chiếu dưới đây.",
        amount: "Số tiền",
    },
    cancelled: Said {
        title: "Yêu cầu thanh toán đã bị huỷ",
        text: "Không cần nộp tiền theo trang này. Nếu hồ sơ vẫn còn phí phải nộp, xin mở hồ sơ trên cổng dịch vụ công.",
        amount: "Số tiền",
    },
    cancelled_held: Said {
        title: "Yêu cầu thanh toán đã bị huỷ",
        text: "Tiền đến sau khi huỷ được giữ lại; xem bên dưới.",
        amount: "Số tiền",
    },

    skip: "Đến nội dung chính",
    more: "Việc khác",
    agency: "Cơ quan",
    renew: "Gia hạn thanh toán",
    renew_how: "Cùng mã tham chiếu, thêm 24 giờ",
    elsewhere: "Đang mở:",
    elsewhere_how: "Nếu chưa thanh toán xong, bạn có thể trở lại trang đó, hoặc chọn cách khác bên dưới.",
    elsewhere_go: "Trở lại",
    last_asked: "{Who} trả lời câu hỏi gần nhất của chúng tôi lúc",
    last_used: "Cách bạn chọn lần trước",
    copy: "Chép",
    copied: "Đã chép",
    print: "Thông báo nộp tiền để in (PDF)",
    not_a_bank: "Đây là trang của cổng thanh toán dịch vụ công, không phải trang của ngân hàng.",

    proofs: "Bằng chứng đã nộp",
    proof_theirs: "Giao dịch của {who}",
    proof_ours: "Mã tham chiếu của chúng tôi",
    proof_dossier: "Hệ thống xử lý hồ sơ",
    proof_dossier_has: "Đã xác nhận nhận tin",
    proof_awaited: "Đã gửi tin, đang chờ xác nhận",

    held_provider: "Khoản này không cần thiết và đang được giữ lại. Khi tệp đối soát xác nhận cả hai khoản, cơ quan hoàn trả qua chính cách đã nộp. Bạn không cần làm gì.",
    held_transfer: "Khoản này không cần thiết và đang được giữ lại. Khi sao kê ngân hàng xác nhận cả hai khoản, cơ quan hoàn trả bằng chuyển khoản.",
    held_checked: "Khoản này đang được giữ lại và đối soát.",
    held_part: "Khoản này được giữ cho phí ở đây, và gạch nợ khi nộp đủ phần còn lại.",
    spare: "Tiền nộp thừa",
    going_back: "Đang hoặc đã hoàn trả",
    account_ask: "Hoàn trả vào tài khoản nào?",
    account_why: "Cách đã nộp không tự trả tiền về. Xin ghi tài khoản của người đã nộp. Hai cán bộ kiểm tra trước khi chuyển; thông tin được mã hoá và không hiện lại ở đây.",
    account_bank: "Chọn ngân hàng",
    account_send: "Gửi tài khoản nhận hoàn trả",
    account_kept: "Tài khoản nhận hoàn trả đã được ghi, số cuối",
    account_bad: "Tài khoản chưa đúng: xin chọn ngân hàng, ghi số tài khoản (chữ và số, không dấu) và tên chủ tài khoản.",
    account_late: "Không ghi được tài khoản: khoản này không còn chờ, hoặc việc hoàn trả đã được đề xuất.",

    renewed_not: "Chưa gia hạn được: khoản phí đã được nộp, đã đổi, hoặc đang ở một yêu cầu thanh toán khác. Xin mở lại hồ sơ trên cổng dịch vụ công.",
    foreign_title: "Yêu cầu bị từ chối",
    foreign_text: "Yêu cầu đến từ một trang khác. Xin mở lại trang thanh toán và bấm từ đó.",
    too_many: "Tra cứu quá nhiều lần. Xin chờ một phút rồi thử lại.",

    lookup_title: "Tra cứu phí của hồ sơ",
    lookup_text: "Nhập mã hồ sơ ghi trên giấy tiếp nhận. Trang này chỉ hiện các khoản phí, không hiện thông tin cá nhân.",
    lookup_go: "Tra cứu",
    lookup_due: "Còn phải nộp",
    lookup_nothing: "Không có khoản phí nào được ghi với mã này.",
    lookup_pay: "Để nộp, xin mở hồ sơ trên cổng dịch vụ công, dùng đường dẫn thanh toán đã nhận được, hoặc đến bộ phận một cửa.",
    lookup_ill: "Mã hồ sơ gồm chữ, số, dấu chấm và gạch nối. Xin xem lại giấy tiếp nhận.",

    print_title: "THÔNG BÁO NỘP TIỀN",
    print_scan: "Quét bằng ứng dụng ngân hàng để chuyển khoản",
    print_link: "Quét để mở trang thanh toán",
    print_until: "Nộp trước",
    print_made: "In lúc",
    print_more: "khoản khác, xem trên trang thanh toán",
    print_foot: "Thông báo này không phải biên lai. Biên lai được cấp khi tiền đã được ghi nhận.",

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
    transfer_save: "Lưu mã QR thành ảnh",
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
    leaving: "Trình duyệt sẽ chuyển sang trang của đơn vị thanh toán, rồi trở lại đây.",
    above_limit: "Số tiền vượt hạn mức của cách thanh toán này.",
    not_answering: "Đang gián đoạn. Xin chọn cách khác, hoặc thử lại sau ít phút.",
    below_limit: "Số tiền thấp hơn mức tối thiểu của cách thanh toán này.",
    closed: "Tạm ngừng:",
    closed_until: "đến",
    no_channel: "Hiện chưa có cách thanh toán trực tuyến cho khoản này. Xin nộp tại bộ phận một cửa hoặc thử lại sau.",

    bills: "Trong ứng dụng ngân hàng, Tiền di động",
    bills_how: "Mở ứng dụng có một trong các dịch vụ sau, tìm mục thanh toán hoá đơn hoặc dịch vụ công, rồi nhập mã hồ sơ.",
    bills_then: "Ứng dụng hiện các khoản phí chưa nộp của hồ sơ. Xem lại số tiền rồi xác nhận trong ứng dụng; trang này sẽ hiện kết quả.",
    counters: "Nộp tại quầy",
    counters_how: "Đến một trong các quầy sau và đọc mã hồ sơ cho cán bộ.",
    counters_then: "Cán bộ nhận tiền mặt (hoặc thẻ, nơi có máy), đưa biên lai, và trang này sẽ hiện kết quả.",

    details: "Thông tin thanh toán",
    received: "Tiền đã nhận",
    paid_at: "Thời điểm",
    amount: "Số tiền",
    channel: "Cách thanh toán",
    transaction: "Mã giao dịch",
    held: "Chưa gạch nợ, đang được đối soát",

    returned: "Đã nhận phản hồi từ trình duyệt; đang chờ cổng thanh toán xác nhận.",
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
    committed_already: "Đơn vị thanh toán đang xử lý một lần thanh toán trước. Xin chờ kết quả, không thanh toán lại.",
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
    rest: Said {
        title: "Pay what is missing",
        text: "A part of the money has come and is kept for this. When the rest is paid, the fee is settled.",
        amount: "Amount still to pay",
    },
    scan: Said { title: "Scan to pay", text: "", amount: "Amount to pay" },
    confirm: Said { title: "Confirm on your phone", text: "", amount: "Amount to pay" },
    elsewhere_open: Said {
        title: "Waiting for you to pay",
        text: "You opened the payment provider's page. We have heard nothing about money yet.",
        amount: "Amount to pay",
    },
    asking: Said {
        title: "We are asking {who}",
        text: "Your browser has come back, and {who} has not told us yet. This page updates itself. Please do not pay again meanwhile.",
        amount: "Amount to pay",
    },
    processing: Said {
        title: "Waiting for {who}",
        text: "{Who} has told us that it is processing this payment. Please do not pay again; the result will appear here and be sent to the public service portal.",
        amount: "Amount in process",
    },
    settling: Said {
        title: "Being recorded",
        text: "Nothing more is to be paid at present. The money received is being recorded.",
        amount: "Total amount",
    },
    elsewhere_paid: Said {
        title: "Nothing is left to pay",
        text: "The fees below were paid another way, or need not be paid any more. There is nothing more to do.",
        amount: "Total",
    },
    elsewhere_paid_held: Said {
        title: "Nothing is left to pay",
        text: "The fees below were paid another way, or need not be paid any more. Money that came beside is held to be given back; see below.",
        amount: "Total",
    },
    failed_try: Said { title: "The last payment did not succeed", text: "{Who} has told us.", amount: "Amount to pay" },
    unclear: Said {
        title: "Money is being checked",
        text: "A payment is being checked and is not applied yet. Please ask the one-stop office before you pay again.",
        amount: "Amount to pay",
    },
    paid: Said {
        title: "Paid",
        text: "{Who} has told us, and the payment has been recorded. There is nothing more to do.",
        amount: "Amount paid",
    },
    paid_at_counter: Said {
        title: "Paid",
        text: "The officer at the counter has taken the money, and it is on record. There is nothing more to do.",
        amount: "Amount paid",
    },
    paid_twice: Said {
        title: "Paid, and more than needed",
        text: "The fees are paid in full. What was not needed is held to be given back; see below.",
        amount: "Amount paid",
    },
    expired: Said {
        title: "The time to pay has passed",
        text: "A payment is being checked, so it cannot be renewed here yet. If money has left your account, do not pay again: it is still being traced by the reference below.",
        amount: "Amount",
    },
    renewable: Said {
        title: "The time to pay has passed",
        text: "One press renews it under the same reference. If money has left your account, do not pay again: it is still being traced by the reference below.",
        amount: "Amount",
    },
    cancelled: Said {
        title: "This payment request was cancelled",
        text: "Nothing is to be paid on this page. If your dossier still has fees, please open it on the public service portal.",
        amount: "Amount",
    },
    cancelled_held: Said {
        title: "This payment request was cancelled",
        text: "Money that came after that is held; see below.",
        amount: "Amount",
    },

    skip: "To the main content",
    more: "More",
    agency: "Agency",
    renew: "Renew the payment",
    renew_how: "Same reference, 24 hours more",
    elsewhere: "Open:",
    elsewhere_how: "If you have not finished there, you can go back to that page, or choose another way below.",
    elsewhere_go: "Go back to",
    last_asked: "{Who} answered our last question at",
    last_used: "What you chose last time",
    copy: "Copy",
    copied: "Copied",
    print: "Payment notice to print (PDF)",
    not_a_bank: "This page belongs to the public service payment gateway. It is no bank's page.",

    proofs: "Proofs of payment",
    proof_theirs: "{Who}'s transaction",
    proof_ours: "Our reference",
    proof_dossier: "The dossier system",
    proof_dossier_has: "Has acknowledged the news",
    proof_awaited: "Told, and its acknowledgement is awaited",

    held_provider: "This money was not needed and is held. When the settlement file shows both payments, the agency gives it back the way it came. There is nothing for you to do.",
    held_transfer: "This money was not needed and is held. When the bank statement shows both payments, the agency gives it back by bank transfer.",
    held_checked: "This money is held and being checked.",
    held_part: "This money is kept for the fees here, and settles them when the rest is paid.",
    spare: "Money that was not needed",
    going_back: "Being or already given back",
    account_ask: "To which account shall it go back?",
    account_why: "The way it was paid cannot give it back by itself. Please name the account of the person who paid. Two officers check it before a transfer; it is encrypted and not shown here again.",
    account_bank: "Choose the bank",
    account_send: "Send the account for the refund",
    account_kept: "The account for the refund is noted; it ends in",
    account_bad: "The account is not right: please choose the bank, and give the number (letters and digits only) and the holder's name.",
    account_late: "The account could not be noted: that money waits no longer, or its refund has been proposed.",

    renewed_not: "It could not be renewed: a fee has been paid or changed, or is in another payment request. Please open your dossier on the public service portal.",
    foreign_title: "Request refused",
    foreign_text: "The request came from another page. Please open the payment page and press the button there.",
    too_many: "Too many look-ups. Please wait a minute and try again.",

    lookup_title: "Look up a dossier's fees",
    lookup_text: "Type the code on your receipt of submission. Only fees are shown here, and nothing about persons.",
    lookup_go: "Look up",
    lookup_due: "Still to pay",
    lookup_nothing: "No fee is known under this code.",
    lookup_pay: "To pay, open your dossier on the public service portal, use the payment link that you were sent, or go to the one-stop office.",
    lookup_ill: "A dossier code has letters, digits, dots and hyphens. Please look at your receipt again.",

    print_title: "PAYMENT NOTICE",
    print_scan: "Scan with a banking application to transfer",
    print_link: "Scan to open the payment page",
    print_until: "Pay before",
    print_made: "Printed",
    print_more: "more, see the payment page",
    print_foot: "This notice is no receipt. A receipt is issued when the money has been recorded.",

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
    transfer_save: "Save the QR code as a picture",
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
    leaving: "Your browser goes to the payment provider's page and then comes back here.",
    above_limit: "The amount is above this channel's limit.",
    not_answering: "It does not answer at the moment. Please choose another way, or try again in a few minutes.",
    below_limit: "The amount is below this channel's least amount.",
    closed: "Closed for now:",
    closed_until: "until",
    no_channel: "There is no way to pay this online at present. Please pay at the one-stop office or try again later.",

    bills: "In the application of a bank or of Mobile Money",
    bills_how: "Open an application that has one of these services, find bills or public services there, and type the code of the dossier.",
    bills_then: "The application shows what the dossier still owes. Check the amount and confirm it there; this page will show the result.",
    counters: "At a counter",
    counters_how: "Go to one of these counters and tell the officer the code of the dossier.",
    counters_then: "The officer takes cash (or a card, where there is a terminal) and gives a receipt, and this page will show the result.",

    details: "Payment details",
    received: "Money received",
    paid_at: "Time",
    amount: "Amount",
    channel: "Channel",
    transaction: "Transaction no.",
    held: "Not yet applied, under review",

    returned: "Your browser has come back; waiting for the payment provider to confirm.",
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
    committed_already: "The payment provider is processing an earlier payment. Please wait for its result and do not pay again.",
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
    fn every_reason_of_a_failure_is_said_in_both_languages_and_no_two_alike() {
        for language in [Language::Vi, Language::En] {
            let said: std::collections::BTreeSet<&str> = Failure::ALL.iter().map(|f| language.why(*f)).collect();
            assert_eq!(said.len(), Failure::ALL.len());
        }
    }

    #[test]
    fn an_instant_reads_as_hanoi_time_in_both_languages() {
        let at: Timestamp = "2026-11-25T17:05:00Z".parse().expect("instant");
        assert_eq!(Language::Vi.instant(at), "00:05 ngày 26/11/2026 (giờ Việt Nam)");
        assert_eq!(Language::En.instant(at), "00:05, 26 Nov 2026 (Vietnam time)");
    }

    #[test]
    fn a_sentence_names_who_told_us_of_the_money() {
        let failed = |language: Language, kind| language.of(language.words().failed_try.text, kind);
        for (kind, vi, en) in [
            (None, "Ngân hàng đã báo", "The bank has told"),
            (Some("gateway"), "Ngân hàng đã báo", "The bank has told"),
            (Some("wallet"), "Ví điện tử đã báo", "The wallet has told"),
            (Some("mobile_money"), "Nhà mạng đã báo", "The mobile network has told"),
            (Some("national"), "Cổng Dịch vụ công Quốc gia đã báo", "The national portal has told"),
            (Some("counter"), "Quầy thu đã báo", "The counter has told"),
            (Some("another"), "Đơn vị thanh toán đã báo", "The payment provider has told"),
        ] {
            assert!(
                failed(Language::Vi, kind).starts_with(vi) && failed(Language::En, kind).starts_with(en),
                "{kind:?}"
            );
        }
        let asks = Language::Vi.of(Language::Vi.words().asking.title, Some("wallet"));
        assert_eq!(asks, "Chúng tôi đang hỏi ví điện tử");
    }
}
