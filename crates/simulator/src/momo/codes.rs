//! The result codes of MoMo AIO v2 that this simulator says, and which of them are final.

pub(super) const PAID: i64 = 0;
pub(super) const SIGNATURE: i64 = 13;
pub(super) const MALFORMED: i64 = 20;
pub(super) const AMOUNT: i64 = 21;
pub(super) const LIMITS: i64 = 22;
pub(super) const REQUEST_USED: i64 = 40;
pub(super) const ORDER_USED: i64 = 41;
pub(super) const ORDER: i64 = 42;
pub(super) const STATE: i64 = 47;
pub(super) const WAITS: i64 = 1000;
pub(super) const BALANCE: i64 = 1001;
pub(super) const RAN_OUT: i64 = 1005;
pub(super) const PAYER_REFUSED: i64 = 1006;
pub(super) const BY_PARTNER: i64 = 1017;
pub(super) const REFUND_FAILED: i64 = 1080;
pub(super) const REFUND_REFUSED: i64 = 1081;
pub(super) const PROCESSING: i64 = 7002;

/// MoMo AIO v2, result codes, column "final".
pub(super) fn is_final(code: i64) -> bool {
    matches!(code, 0 | 98 | 99 | 1001..=1007 | 1017 | 1026 | 1080 | 1081 | 1088 | 2019 | 4001 | 4002 | 4100)
}

/// In Vietnamese, as production says it.
pub(super) fn message(code: i64) -> &'static str {
    match code {
        PAID => "Thành công.",
        SIGNATURE => "Xác thực doanh nghiệp thất bại.",
        MALFORMED => "Yêu cầu sai định dạng.",
        AMOUNT | LIMITS => "Số tiền không hợp lệ.",
        REQUEST_USED => "RequestId bị trùng.",
        ORDER_USED => "OrderId bị trùng.",
        ORDER => "OrderId không hợp lệ hoặc không được tìm thấy.",
        STATE => "Yêu cầu không áp dụng được cho trạng thái này.",
        WAITS => "Giao dịch đã được khởi tạo, chờ người dùng xác nhận thanh toán.",
        BALANCE => "Tài khoản người dùng không đủ tiền.",
        RAN_OUT => "Url hoặc QR code đã hết hạn.",
        PAYER_REFUSED => "Người dùng đã từ chối xác nhận thanh toán.",
        BY_PARTNER => "Giao dịch bị huỷ bởi đối tác.",
        REFUND_FAILED => "Hoàn tiền thất bại trong quá trình xử lý.",
        REFUND_REFUSED => "Hoàn tiền bị từ chối.",
        PROCESSING => "Giao dịch đang được xử lý.",
        9000 => "Giao dịch đã được xác nhận thành công.",
        _ => "Kết quả khác.",
    }
}
