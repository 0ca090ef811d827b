//! MoMo's settlement file. Its columns come with the contract and are not public: this layout is the project's own.

use crate::day_file::{Encoding, Field, Form};

pub(super) const FORM: Form = Form {
    letterhead: &[],
    columns: &[
        ("STT", Field::Number),
        ("Thời gian", Field::PaidAt),
        ("Mã giao dịch MoMo", Field::Transaction),
        ("Mã đơn hàng", Field::Order),
        ("Mã đối tác", Field::Merchant),
        ("Loại giao dịch", Field::Kind),
        ("Số tiền", Field::Gross),
        ("Phí dịch vụ", Field::Fee),
        ("Thực nhận", Field::Net),
        ("Trạng thái", Field::Status),
        ("Giao dịch gốc", Field::Original),
        ("Ngày quyết toán", Field::SettledOn),
    ],
    delimiter: ',',
    encoding: Encoding::Utf8Bom,
    grouping: Some(','),
    time: "%Y-%m-%d %H:%M:%S",
    day: "%Y-%m-%d",
    payment: "Thanh toán",
    refund: "Hoàn tiền",
    success: "Thành công",
    refunds_below_zero: false,
    totals: Some(("Tổng", None)),
    typed: true,
    payout: "MOMO TT",
    fee_ppm: 11_000,
    fee_fixed: 0,
};
