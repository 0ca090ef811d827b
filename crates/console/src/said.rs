//! Why a use case refused, in words for whoever pressed the button. What is absent for them, or broken, is no sentence here but
//! a page of its own.

use crate::answer::Refused;
use payments::IdempotencyError;
use payments::administer::AdminError;
use payments::approve::DecideError;
use payments::close_day::DayError;
use payments::drive_parked::DriveError;
use payments::own_case::OwnError;
use payments::preview::PreviewError;
use payments::refund::RefundError;
use payments::remit::RemitError;
use payments::reopen_day::ReopenError;
use payments::replace_receipt::ReplaceError;
use payments::resolve_case::ResolveError;
use payments::sign_in::SignInError;
use payments::state_opening::OpeningError;
use storage::StorageError;

/// A sentence, or another page.
pub(crate) type Said = Result<String, Refused>;

const CHANGED: &str = "Nội dung đã thay đổi trong lúc bạn xem. Hãy xem lại và gửi lần nữa.";
const PENDING: &str = "Một đề nghị khác về việc này đang chờ duyệt.";
const NOT_PROVEN: &str =
    "Chưa có sao kê hoặc tệp quyết toán nào cho thấy số tiền này, hoặc đây có thể là tiền của một khoản thu khác.";
const NOT_OF_ALL: &str = "Việc này liên quan đến đơn vị khác mà bạn không phụ trách.";

fn repeated(error: &IdempotencyError) -> Said {
    match error {
        IdempotencyError::Reused => Ok("Biểu mẫu này đã được gửi với nội dung khác. Hãy tải lại trang.".to_owned()),
        IdempotencyError::InProgress => Ok("Yêu cầu đang được xử lý. Hãy đợi một lát.".to_owned()),
    }
}

fn stored(error: StorageError) -> Said {
    match error {
        StorageError::Conflict { constraint, .. } if constraint == "approval_pending_once" => Ok(PENDING.to_owned()),
        other => Err(other.into()),
    }
}

pub(crate) fn resolution(error: ResolveError) -> Said {
    let text = match error {
        ResolveError::Storage(e) => return stored(e),
        ResolveError::Idempotency(e) => return repeated(&e),
        ResolveError::Absent => return Err(Refused::Absent),
        ResolveError::NotOfAll => NOT_OF_ALL.to_owned(),
        ResolveError::NotOpen(_) => "Việc này không còn mở: đã có người đề nghị, hoặc đã được giải quyết.".to_owned(),
        ResolveError::MoneyWaits => {
            "Tiền của việc này còn chờ xử lý: hãy gán cho nghĩa vụ, hoàn trả, hoặc chỉ ra biến động tương ứng."
                .to_owned()
        }
        ResolveError::NotTheSame => {
            "Khoản thu được chỉ ra không cùng tài khoản, số tiền hoặc số tham chiếu với việc này.".to_owned()
        }
        ResolveError::NoMoney => "Không còn tiền nào của việc này chờ xử lý.".to_owned(),
        ResolveError::MoneyLeft => {
            "Một phần tiền đã rời khỏi tài khoản ngoài sổ: hãy xử lý việc nói về khoản chi đó trước; nếu việc đó đã \
             xoá sổ thì khôi phục nó, rồi xoá sổ lại."
                .to_owned()
        }
        ResolveError::NotProven => NOT_PROVEN.to_owned(),
        ResolveError::NotWrittenOff => "Việc này không có khoản nào đã xoá sổ.".to_owned(),
        ResolveError::NothingToReopen => {
            "Khoản thu này không còn nộp cho nghĩa vụ nào, hoặc khoản chi đã có giải thích hay nhỏ hơn số phải mở lại."
                .to_owned()
        }
        ResolveError::Obligation => "Có nghĩa vụ không tồn tại, không còn phải nộp, hoặc của đơn vị khác.".to_owned(),
        ResolveError::TooMuch(waits) => format!("Các nghĩa vụ đã chọn lớn hơn số tiền đang chờ ({waits})."),
    };
    Ok(text)
}

pub(crate) fn refund(error: RefundError) -> Said {
    let text = match error {
        RefundError::Storage(e) => return stored(e),
        RefundError::Idempotency(e) => return repeated(&e),
        RefundError::Absent => return Err(Refused::Absent),
        RefundError::NotOfAll => NOT_OF_ALL.to_owned(),
        RefundError::RefundableMismatch(_) => CHANGED.to_owned(),
        RefundError::Pending => PENDING.to_owned(),
        RefundError::NotProven => NOT_PROVEN.to_owned(),
        RefundError::NoPayerAccount => {
            "Kênh này không tự hoàn được: hãy nhập tài khoản của người nộp để chuyển khoản.".to_owned()
        }
        RefundError::OwnAccount => {
            "Đây là tài khoản thu của đơn vị hoặc số tài khoản ảo của nó, không phải tài khoản của người nộp."
                .to_owned()
        }
        RefundError::CaseNotOpen(_) => "Việc này không còn mở.".to_owned(),
        RefundError::NoMoney => "Không còn tiền nào của việc này chờ xử lý.".to_owned(),
        other => format!("Không đề nghị hoàn trả được ({other})."),
    };
    Ok(text)
}

pub(crate) fn decision(error: DecideError) -> Said {
    let text = match error {
        DecideError::Storage(e) => return stored(e),
        DecideError::Idempotency(e) => return repeated(&e),
        DecideError::Absent => return Err(Refused::Absent),
        DecideError::Decided(_) => "Đề nghị này đã được quyết định.",
        DecideError::SamePerson => "Người đề nghị không tự duyệt: cần một người khác.",
        DecideError::OwnRights => "Không ai quyết định về quyền hạn hoặc khóa của chính mình.",
        DecideError::NotTheirs => "Bạn không còn quyền duyệt việc này.",
        DecideError::Stale => {
            "Căn cứ của đề nghị đã thay đổi nên không duyệt được. Nếu đề nghị vẫn chờ duyệt, hãy từ chối; sau đó lập đề nghị mới."
        }
    };
    Ok(text.to_owned())
}

pub(crate) fn day(error: DayError) -> Said {
    let text = match error {
        DayError::Storage(e) => return stored(e),
        DayError::Idempotency(e) => return repeated(&e),
        DayError::Absent => return Err(Refused::Absent),
        DayError::NotOver => "Ngày này chưa kết thúc.".to_owned(),
        DayError::Closed => "Ngày này đã khóa.".to_owned(),
        DayError::OpenBefore(day) => {
            format!("Ngày {} có bút toán và chưa khóa: hãy khóa ngày đó trước.", crate::shown::day(day))
        }
        DayError::DoesNotTieOut(gaps) => format!("Còn {} khoản chưa khớp, xem bên dưới.", gaps.len()),
    };
    Ok(text)
}

pub(crate) fn reopening(error: ReopenError) -> Said {
    let text = match error {
        ReopenError::Storage(e) => return stored(e),
        ReopenError::Idempotency(e) => return repeated(&e),
        ReopenError::Absent => return Err(Refused::Absent),
        ReopenError::Open => "Ngày này đang mở.",
        ReopenError::Pending => PENDING,
    };
    Ok(text.to_owned())
}

pub(crate) fn owning(error: OwnError) -> Said {
    let text = match error {
        OwnError::Storage(e) => return stored(e),
        OwnError::Idempotency(e) => return repeated(&e),
        OwnError::Absent => return Err(Refused::Absent),
        OwnError::NotOpen(_) => "Việc này đã đóng.",
        OwnError::Others(_) => "Việc này vừa được giao cho người khác.",
        OwnError::MayNot => "Người này không được xử lý việc này.",
    };
    Ok(text.to_owned())
}

/// What would be refused is told as it would be.
pub(crate) fn preview(error: PreviewError) -> Said {
    match error {
        PreviewError::Storage(e) => stored(e),
        PreviewError::Resolve(e) => resolution(e),
        PreviewError::Refund(e) => refund(e),
        PreviewError::Opening(e) => opening(e),
        PreviewError::Decide(e) => decision(e),
    }
}

pub(crate) fn opening(error: OpeningError) -> Said {
    let text = match error {
        OpeningError::Storage(e) => return stored(e),
        OpeningError::Idempotency(e) => return repeated(&e),
        OpeningError::Absent => return Err(Refused::Absent),
        OpeningError::NoneInForce => "Tài khoản không có số dư ban đầu nào do hai người xác nhận.",
        OpeningError::Exists => "Tài khoản đã có số dư ban đầu đang hiệu lực: hãy rút lại số đó trước.",
        OpeningError::BooksBegun => {
            "Sổ của tài khoản đã bắt đầu: đã có sao kê, hoặc đã có tiền được báo trước ngày này."
        }
        OpeningError::DayClosed => "Tài khoản đã có ngày khóa sổ: số dư ban đầu không thay đổi được nữa.",
        OpeningError::Pending => PENDING,
    };
    Ok(text.to_owned())
}

pub(crate) fn remitting(error: RemitError) -> Said {
    let text = match error {
        RemitError::Storage(e) => return stored(e),
        RemitError::Idempotency(e) => return repeated(&e),
        RemitError::Absent => return Err(Refused::Absent),
        RemitError::NotOver => "Kỳ này chưa kết thúc.".to_owned(),
        RemitError::Prepared(until) => {
            format!("Đã lập lệnh nộp cho các khoản đến hết ngày {}.", crate::shown::day(until))
        }
        RemitError::NotShown(account) => {
            format!("Sao kê của tài khoản {account} chưa liền mạch đến hết kỳ: hãy nhập sao kê còn thiếu.")
        }
        RemitError::BeingMatched => {
            "Còn dòng sao kê của kỳ chưa khớp, hoặc còn chênh lệch về một lệnh nộp: hãy xử lý trước.".to_owned()
        }
        RemitError::Nothing => "Không có khoản nào phải nộp của kỳ này.".to_owned(),
        RemitError::Over(status) => format!("Lệnh nộp này {}.", crate::words::state(status.as_str())),
        RemitError::NotYours => "Lệnh đang chờ duyệt: chỉ người lập rút lại được.".to_owned(),
        RemitError::DebitSeen => "Sao kê đã có khoản trừ mang mã của lệnh này và đang được khớp.".to_owned(),
        RemitError::DebitOpen => {
            "Sao kê có khoản trừ mang mã của lệnh này nhưng không khớp: hãy xử lý việc đó trước.".to_owned()
        }
    };
    Ok(text)
}

pub(crate) fn replacement(error: ReplaceError) -> Said {
    let text = match error {
        ReplaceError::Storage(e) => return stored(e),
        ReplaceError::Idempotency(e) => return repeated(&e),
        ReplaceError::Absent => return Err(Refused::Absent),
        ReplaceError::NotIssued(_) => "Biên lai này không còn giá trị.",
        ReplaceError::Pending => PENDING,
    };
    Ok(text.to_owned())
}

/// What an administrator was refused.
pub(crate) fn administering(error: AdminError) -> Said {
    let text = match error {
        AdminError::Storage(e) => return stored(e),
        AdminError::Idempotency(e) => return repeated(&e),
        AdminError::Absent | AdminError::NoKey(_) => return Err(Refused::Absent),
        AdminError::NotOfAll => return Err(Refused::NotAllowed),
        AdminError::OwnRights => "Không ai đổi quyền hạn của chính mình.".to_owned(),
        AdminError::NothingChanges => "Không có gì thay đổi.".to_owned(),
        AdminError::Pending => PENDING.to_owned(),
        AdminError::NotTheirAccount(account) => format!("{account} không phải tài khoản của đơn vị này."),
        AdminError::RuleStands(_) => {
            "Đã có lệnh nộp theo quy tắc của ngày này: hãy đặt quy tắc mới từ một ngày sau.".to_owned()
        }
        other => format!("Không thực hiện được ({other})."),
    };
    Ok(text)
}

pub(crate) fn driving(error: DriveError) -> Said {
    match error {
        DriveError::Admin(e) => administering(e),
        DriveError::Report(e) => Err(Refused::broken(e)),
        DriveError::Stays(why) => Ok(format!("Vẫn không đọc được: {why}")),
    }
}

/// Of a fresh code.
pub(crate) fn code(error: SignInError) -> Said {
    match error {
        SignInError::Refused => Ok("Mã xác thực không đúng hoặc đã dùng. Hãy nhập mã đang hiển thị; sau năm lần sai, tài khoản tạm khóa 15 phút.".to_owned()),
        SignInError::Storage(error) => Err(error.into()),
        error => Err(Refused::broken(error)),
    }
}
