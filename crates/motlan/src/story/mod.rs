//! The demonstration story: a portal, its payers and its dossier system, told against a running instance.
//!
//! It is an outsider. It knows what `.motlan/run.json` says, and speaks to the gateway as a portal does, to the simulators
//! at their control addresses, and to the database as an auditor. It refuses to know anything else: no type, table or
//! constant of the gateway is used here, so that what it states was seen from outside. Every number that it shows was
//! read back. It goes on to its end where it can, and then fails with each assertion that did not hold.

mod bank;
mod books;
mod cast;
mod checkout;
mod gateway;
mod neighbours;
mod paper;
mod partners;
mod run_file;
mod scenes;
mod stage;
mod stop;
mod tally;
mod transfer;

use std::path::PathBuf;

use self::scenes::{
    at_counter, bills, cancelled, contract_fee, dossiers, endpoint, every_channel, expired, ledger, lost_report,
    lost_transfer, national, on_phone, own_number, paid, reconciled, refused_closing, repeated, scanned, short, told,
    two_channels, waiting, wallets,
};
use self::stage::Story;
use self::stop::Stop;
pub use self::tally::Failed;
use self::tally::Tally;

pub struct Options {
    /// `.motlan/run.json`, as `motlan up` wrote it.
    pub run_file: PathBuf,
}

/// Tells the story on standard output. The process has a TLS provider installed.
///
/// # Errors
/// The stated assertions that did not hold.
pub async fn run(options: Options) -> Result<(), Failed> {
    let mut tally = Tally::default();
    let mut story = match Story::begin(&options.run_file, &mut tally).await {
        Ok(story) => story,
        Err(stop) => {
            tally.stopped(&stop);
            return tally.end();
        }
    };
    let s = &mut story;
    play(s, "Hệ thống hồ sơ đăng ký nhận tin", "the dossier system subscribes", endpoint::register).await;
    play(s, "Mười hồ sơ, hai mươi khoản phải nộp", "ten dossiers, twenty obligations", dossiers::register).await;
    play(s, "Một lần trả cho hai hồ sơ", "one payment for two dossiers", paid::play).await;
    play(s, "Huỷ tại VNPAY rồi trả lại", "cancelled, then paid on a second attempt", cancelled::play).await;
    play(s, "IPN bị mất, hỏi thì thấy", "the IPN is lost; the money is found by asking", lost_report::play).await;
    play(s, "Trả sau khi hết hạn", "paid after it expired", expired::play).await;
    play(s, "Quét mã QR, ngân hàng làm méo nội dung", "a scanned code, a mangled text", scanned::play).await;
    play(s, "Trả bằng hai kênh", "paid by two channels", two_channels::play).await;
    play(s, "Thiếu một đồng", "a đồng short, then completed", short::play).await;
    play(s, "Mất thông báo, liệt kê thì thấy", "no notification; found by listing", lost_transfer::play).await;
    play(s, "Mỗi lần nộp một số tài khoản riêng", "an account number of its own", own_number::play).await;
    play(s, "Một trang, mọi kênh", "one page, every channel", every_channel::play).await;
    play(s, "Trả bằng ví MoMo", "paid at MoMo", wallets::at_momo).await;
    play(s, "Trả bằng ZaloPay, callback bị mất", "paid at ZaloPay, whose callback is lost", wallets::at_zalopay).await;
    play(s, "Tiền di động, hai cách", "Mobile Money: a code, and a press on the phone", on_phone::play).await;
    play(s, "Cổng Dịch vụ công Quốc gia", "the national platform, and its receipt", national::play).await;
    play(s, "Thu tại quầy, huỷ rồi thu lại", "cash at the counter, voided, taken again, deposited", at_counter::play)
        .await;
    play(s, "Thu hộ qua ứng dụng", "bills paid in a bank's and a wallet's application", bills::play).await;
    play(s, "Gửi lại cùng một khoá", "the same idempotency key twice", repeated::play).await;
    play(s, "Hệ thống hồ sơ đã nghe gì", "what the dossier system heard", told::play).await;
    play(s, "Sổ sách: từng đồng", "the books: every đồng", ledger::play).await;
    play(s, "Tiền chờ quyết toán", "what the others took and have not settled", waiting::play).await;
    play(s, "Chưa đủ giấy tờ, chưa chốt ngày", "no day closes before its files", refused_closing::play).await;
    play(s, "Phí của VNPAY theo hợp đồng", "what VNPAY keeps by its contract, from a day on", contract_fee::play).await;
    play(s, "Sao kê và đối soát", "statements, settlement, reconciliation", reconciled::play).await;
    endpoint::remove(s).await;
    story.tally.end()
}

/// A scene that stops is one assertion that did not hold; the next one is played all the same.
async fn play(story: &mut Story, title: &str, gloss: &str, scene: impl AsyncFnOnce(&mut Story) -> Result<(), Stop>) {
    story.tally.scene(title, gloss);
    if let Err(stop) = scene(story).await {
        story.tally.stopped(&stop);
    }
}
