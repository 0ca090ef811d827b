//! The page's two languages, Vietnamese first: every text that a reader sees, and how an instant is written for them.

mod en;
mod vi;

use crate::load::{ATTEMPT, RETURNED, Returned, WHOLE_1};
use domain::business_day::HANOI;
use domain::obligation::ObligationStatus;
use jiff::civil::Date;
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
            Self::Vi => &vi::WORDS,
            Self::En => &en::WORDS,
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
    pub fn query_whole(self, returned: Returned) -> String {
        let query = self.query(returned);
        format!("{query}{}{WHOLE_1}", if query.is_empty() { '?' } else { '&' })
    }

    /// The part of an address that keeps the language, and that the browser came back.
    pub fn query(self, returned: Returned) -> String {
        let language = (self == Self::En).then(|| "lang=en".to_owned());
        let back = match returned {
            Returned::No => None,
            Returned::Yes => Some(format!("{RETURNED}=1")),
            Returned::From(number) => Some(format!("{RETURNED}=1&{ATTEMPT}={number}")),
        };
        let pairs: Vec<String> = language.into_iter().chain(back).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    pub fn instant(self, at: Timestamp) -> String {
        let format = match self {
            Self::Vi => "%H:%M ngày %d/%m/%Y",
            Self::En => "%H:%M, %-d %b %Y",
        };
        HANOI.to_datetime(at).strftime(format).to_string()
    }

    /// Where a reader abroad must not be late. The zone stays in one piece at the end of a line.
    pub fn instant_and_zone(self, at: Timestamp) -> String {
        let zone = match self {
            Self::Vi => "(giờ\u{a0}Việt\u{a0}Nam)",
            Self::En => "(Vietnam\u{a0}time)",
        };
        format!("{} {zone}", self.instant(at))
    }

    pub fn day(self, day: Date) -> String {
        let format = match self {
            Self::Vi => "%d/%m/%Y",
            Self::En => "%-d %b %Y",
        };
        day.strftime(format).to_string()
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
            Failure::NotSent => (
                "Cách này không dùng được cho khoản phí này. Xin chọn cách khác, hoặc hỏi bộ phận một cửa.",
                "This way cannot be used for this fee. Please pay another way, or ask the one-stop office.",
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
    fn party(self, kind: Option<&str>) -> (&'static str, &'static str) {
        let (vi, en) = match kind {
            Some("bank" | "gateway") => (("ngân hàng", "Ngân hàng"), ("the bank", "The bank")),
            Some("wallet") => (("ví điện tử", "Ví điện tử"), ("the wallet", "The wallet")),
            Some("mobile_money") => (("nhà mạng", "Nhà mạng"), ("the mobile network", "The mobile network")),
            Some("national") => (
                ("Cổng Dịch vụ công Quốc gia", "Cổng Dịch vụ công Quốc gia"),
                ("the national portal", "The national portal"),
            ),
            Some("counter") => (("quầy thu", "Quầy thu"), ("the counter", "The counter")),
            _ => (("đơn vị thanh toán", "Đơn vị thanh toán"), ("the payment provider", "The payment provider")),
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
    pub fewer: Said,
    pub scan: Said,
    pub confirm: Said,
    pub checking: Said,
    pub elsewhere_open: Said,
    pub asking: Said,
    pub asking_earlier: Said,
    pub processing: Said,
    pub covered: Said,
    pub elsewhere_paid: Said,
    pub elsewhere_paid_held: Said,
    pub failed_try: Said,
    pub not_sent: Said,
    pub unclear: Said,
    pub paid: Said,
    pub paid_at_counter: Said,
    pub paid_twice: Said,
    pub paid_and_checked: Said,
    pub giving_back: Said,
    pub given_back: Said,
    pub came_back: Said,
    pub expired: Said,
    /// The same, and money has come.
    pub expired_held: Said,
    /// A fee of it was paid, and others are due.
    pub expired_in_part: Said,
    /// Another request has its fees.
    pub expired_beside: Said,
    /// Behind what is over.
    pub traced: &'static str,
    /// Between references.
    pub or: &'static str,
    pub held_here: &'static str,
    pub renewable: Said,
    pub renewable_rest: Said,
    pub renewable_unclear: Said,
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
    pub proof_at: &'static str,
    pub proof_ours: &'static str,
    pub proof_dossier: &'static str,
    pub proof_dossier_has: &'static str,
    pub proof_awaited: &'static str,
    /// `{amount}` stands where what of a transaction is for the fees on the page does.
    pub of_which: &'static str,
    pub receipts: &'static str,

    pub held_provider: &'static str,
    pub held_transfer: &'static str,
    pub held_checked: &'static str,
    pub held_part: &'static str,
    pub held_covers: &'static str,
    pub held_decided: &'static str,
    pub returned_transfer: &'static str,
    pub returned_provider: &'static str,
    pub taken_back: &'static str,
    pub again_taken_back: &'static str,
    pub again_given_back: &'static str,
    pub again_voided: &'static str,
    pub spare: &'static str,
    /// By one person: another decides.
    pub back_proposed: &'static str,
    pub going_back: &'static str,
    pub gone_back: &'static str,
    pub gone_back_at: &'static str,
    pub gone_back_to: &'static str,
    pub account_ask: &'static str,
    pub account_why: &'static str,
    pub account_bank: &'static str,
    pub account_send: &'static str,
    pub account_kept: &'static str,
    /// In the head, while it was not told.
    pub account_awaited: &'static str,
    pub account_again: &'static str,
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
    pub lookup_rest: &'static str,
    pub lookup_wait: &'static str,
    pub lookup_ask: &'static str,
    pub lookup_settled: &'static str,
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
    pub items_named: &'static str,
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
    pub code_withdrawn: &'static str,
    pub page_withdrawn: &'static str,
    /// In this and in the next seven `{amount}` and `{reference}` stand where they do.
    pub earlier: &'static str,
    /// Where nothing is to be paid.
    pub earlier_beside: &'static str,
    pub earlier_proposed: &'static str,
    pub earlier_proposed_beside: &'static str,
    pub earlier_going_back: &'static str,
    pub earlier_gone_back: &'static str,
    pub earlier_asked: &'static str,
    pub earlier_unclear: &'static str,
    /// Where an amount would tell of somebody else.
    pub some_money: &'static str,
    /// In this and in the next `{money}` stands where `some_transfer` does, or `transfer_of`, or `rest_of_transfer`, and `{named}`
    /// where `named_here` does, or `named_of_same_fees`.
    pub named_together: &'static str,
    /// Where nothing is to be paid.
    pub named_together_beside: &'static str,
    pub some_transfer: &'static str,
    /// `{amount}` stands where it does; in the next, too.
    pub transfer_of: &'static str,
    pub rest_of_transfer: &'static str,
    pub named_here: &'static str,
    /// `{reference}` stands where it does.
    pub named_of_same_fees: &'static str,

    pub prompt: &'static str,
    /// In this and in `prompt_code_how` `{amount}` stands where the amount does.
    pub prompt_how: &'static str,
    pub prompt_code: &'static str,
    pub prompt_code_how: &'static str,
    pub prompt_awaited: &'static str,
    pub phone: &'static str,
    pub one_time_code: &'static str,
    pub one_time_code_how: &'static str,

    pub choose: &'static str,
    pub choose_other: &'static str,
    pub choose_none: &'static str,
    pub before_other: &'static str,
    pub phone_asks: &'static str,
    /// Of more than one; `{count}` stands where how many does.
    pub phone_asks_often: &'static str,
    /// `{amount}` stands where that of the one to confirm does, `{count}` where how many does.
    pub phone_asks_twice: &'static str,
    /// Where nothing is to be paid now.
    pub phone_asks_for_nothing: &'static str,
    pub phone_asks_often_for_nothing: &'static str,
    /// `{amount}` stands where what its page asks for does.
    pub page_outdated: &'static str,
    /// Behind what is said of what is paid.
    pub nothing_more: &'static str,
    /// `{amount}` stands where it does; in the next two, too.
    pub some_proposed: &'static str,
    pub some_going_back: &'static str,
    pub some_gone_back: &'static str,
    /// `{channel}` and `{who}` stand where their names do.
    pub no_result: &'static str,
    /// The same in this and in the next, where nothing is left to pay.
    pub no_result_beside: &'static str,
    pub unclear_beside: &'static str,
    pub before_other_code: &'static str,
    pub leaving: &'static str,
    pub not_billable: &'static str,
    pub payer_not_identified: &'static str,
    pub whole_only: &'static str,
    pub above_limit: &'static str,
    pub not_answering: &'static str,
    pub below_limit: &'static str,
    pub closed: &'static str,
    pub closed_until: &'static str,
    pub no_channel: &'static str,

    pub more_codes: &'static str,
    pub more_codes_of_fees: &'static str,
    /// In a sentence's place for it.
    pub dossier_code: &'static str,
    pub customer_code: &'static str,
    pub dossier_or_customer_code: &'static str,
    /// Before the end of one.
    pub customer: &'static str,
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
    pub bank_no: &'static str,
    pub held: &'static str,

    /// `{channel}` stands where its name does.
    pub left_failed: &'static str,
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
    pub bad_phone: &'static str,
    pub bad_code: &'static str,
    pub try_other: &'static str,
    pub provider_away: &'static str,
    /// The same, where its button is there no more.
    pub provider_silent: &'static str,
    pub bad_form: &'static str,

    pub absent_title: &'static str,
    pub absent_text: &'static str,
    pub out_of_order_title: &'static str,
    pub out_of_order_text: &'static str,
}

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
        assert_eq!(Language::Vi.instant(at), "00:05 ngày 26/11/2026");
        assert_eq!(Language::En.instant_and_zone(at), "00:05, 26 Nov 2026 (Vietnam\u{a0}time)");
    }

    #[test]
    fn a_sentence_names_who_told_us_of_the_money() {
        let failed = |language: Language, kind| language.of(language.words().failed_try.text, kind);
        for (kind, vi, en) in [
            (None, "Đơn vị thanh toán đã báo", "The payment provider has told"),
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
