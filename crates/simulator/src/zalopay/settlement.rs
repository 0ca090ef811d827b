//! ZaloPay's settlement file. Its columns come with the contract and are not public: this layout is the project's own.

use crate::day_file::{Encoding, Field, Form};

pub(super) const FORM: Form = Form {
    letterhead: &["BÁO CÁO ĐỐI SOÁT GIAO DỊCH", "", "Đơn vị: VNĐ"],
    columns: &[
        ("STT", Field::Number),
        ("App ID", Field::Merchant),
        ("Mã GD ZaloPay", Field::Transaction),
        ("Mã GD đối tác", Field::Order),
        ("Mã GD gốc", Field::Original),
        ("Loại", Field::Kind),
        ("Trạng thái", Field::Status),
        ("Giá trị giao dịch", Field::Gross),
        ("Phí", Field::Fee),
        ("Giá trị thanh toán", Field::Net),
        ("Thời gian giao dịch", Field::PaidAt),
    ],
    delimiter: ';',
    encoding: Encoding::Utf8Bom,
    grouping: Some('.'),
    time: "%d/%m/%Y %H:%M:%S",
    day: "%d/%m/%Y",
    payment: "PAYMENT",
    refund: "REFUND",
    success: "SUCCESS",
    refunds_below_zero: true,
    totals: Some(("Cộng", None)),
    typed: false,
    payout: "ZALOPAY TT",
    fee_ppm: 9_000,
    fee_fixed: 500,
};
