//! The platform's settlement file. Its columns come with the contract and are not public: this layout is the project's own.

use crate::day_file::{Encoding, Field, Form};

pub(super) const FORM: Form = Form {
    letterhead: &["NỀN TẢNG THANH TOÁN TRỰC TUYẾN"],
    columns: &[
        ("STT", Field::Number),
        ("Mã tham chiếu", Field::Order),
        ("Mã giao dịch", Field::Transaction),
        ("Mã đối tác", Field::Merchant),
        ("Thời gian GD", Field::PaidAt),
        ("Số tiền", Field::Gross),
        ("Phí", Field::Fee),
        ("Số tiền quyết toán", Field::Net),
        ("Mã tiền tệ", Field::Currency),
        ("Mã lỗi", Field::Status),
        ("Ngày quyết toán", Field::SettledOn),
    ],
    delimiter: '\t',
    encoding: Encoding::Utf16Le,
    grouping: None,
    time: "%Y%m%d%H%M%S",
    day: "%d/%m/%Y",
    payment: "",
    // it has no message for one
    refund: "",
    success: "00",
    refunds_below_zero: true,
    totals: Some(("Tổng cộng", None)),
    typed: true,
    payout: "NTTT TT",
    fee_ppm: 0,
    fee_fixed: 1_000,
};
