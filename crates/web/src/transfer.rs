//! A transfer that the payer's bank makes: its QR as a picture made here, and the same as text to copy.

use domain::Vnd;
use domain::attempt::Attempt;
use domain::bank_names as banks;
use domain::codes::ChannelCode;
use jiff::{SignedDuration, Timestamp};
use payments::view::{IntentView, Unavailable};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

/// Modules without ink around the code (ISO/IEC 18004, section 6.3.8).
const QUIET: usize = 4;
/// How long the page looks by itself for the money: a forgotten phone shall not ask for ever.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

pub(crate) struct Transfer {
    pub picture: Picture,
    pub bank: String,
    pub account_number: String,
    pub account_name: String,
    pub amount: String,
    /// The amount as one types it.
    pub dong: i64,
    pub content: String,
    /// What the code says.
    pub qr_data: String,
    /// By whom it was offered: its button is not shown beside it.
    pub channel: String,
    pub awaited: bool,
}

/// A QR as a path of SVG, one unit per module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub size: usize,
    pub path: String,
}

/// As `payments::start_attempt::action_json` writes it.
#[derive(Deserialize)]
struct Action {
    qr_data: String,
    bank_bin: String,
    account_number: String,
    account_name: String,
    transfer_content: String,
    amount: i64,
}

impl Transfer {
    /// What the last attempt offered, while it may be paid; not once its channel was switched off.
    pub fn of(view: &IntentView, now: Timestamp) -> Option<Self> {
        let (attempt, action) = offered(view, now)?;
        if closed(view, &attempt.channel).is_some() {
            return None;
        }
        Some(Self {
            picture: Picture::of(&action.qr_data)?,
            bank: banks::name(&action.bank_bin),
            account_number: action.account_number,
            account_name: action.account_name,
            amount: view.amount_due.to_string(),
            dong: action.amount,
            content: action.transfer_content,
            qr_data: action.qr_data,
            channel: attempt.channel.to_string(),
            awaited: now < attempt.ordered_at + PATIENCE,
        })
    }
}

/// Why a code that was offered is shown no more: its channel was switched off since, and who has kept it shall know.
pub(crate) fn withdrawn(view: &IntentView, now: Timestamp) -> Option<&Unavailable> {
    let (attempt, _) = offered(view, now)?;
    closed(view, &attempt.channel)
}

/// The last attempt's code, while it is what is due: after a part came, another amount is.
fn offered(view: &IntentView, now: Timestamp) -> Option<(&Attempt, Action)> {
    let stored = view.attempts.last()?;
    let attempt = &stored.attempt;
    let action = stored.action.as_ref().filter(|action| action["type"] == "qr")?;
    let action = Action::deserialize(action).ok()?;
    let payable = attempt.status.is_undecided() && now < attempt.expires_at;
    (payable && Vnd::new(action.amount) == view.amount_due).then_some((attempt, action))
}

/// Why the channel is switched off, or away for a time that was announced.
pub(crate) fn closed<'a>(view: &'a IntentView, channel: &ChannelCode) -> Option<&'a Unavailable> {
    let option = view.channels.iter().find(|option| option.code == channel.as_str())?;
    option.unavailable.as_ref().filter(|why| matches!(why, Unavailable::Closed(_)))
}

impl Picture {
    /// None for a text that no QR holds.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            while let Some(dark) = row.get(x..).and_then(|rest| rest.iter().position(|c| *c == Color::Dark)) {
                let from = x + dark;
                let run = row.iter().skip(from).take_while(|c| **c == Color::Dark).count();
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", from + QUIET, y + QUIET));
                x = from + run;
            }
        }
        Some(Self { size: width + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture drawn again, module by module.
    fn drawn(picture: &Picture) -> Vec<Vec<bool>> {
        let mut modules = vec![vec![false; picture.size]; picture.size];
        for run in picture.path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').expect("a start");
            let (y, rest) = rest.split_once('h').expect("a row");
            let (n, _) = rest.split_once('v').expect("a run");
            let [x, y, n] = [x, y, n].map(|text| text.parse::<usize>().expect("a number"));
            modules[y][x..x + n].fill(true);
        }
        modules
    }

    #[test]
    fn the_picture_is_the_code_with_its_quiet_zone() {
        let text = "00020101021238570010A00000072701270006970418011386301234567890208QRIBFTTA53037045406150000";
        let picture = Picture::of(text).expect("a code");
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("a code");
        let modules = drawn(&picture);
        for (y, row) in modules.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside = (QUIET..picture.size - QUIET).contains(&x) && (QUIET..picture.size - QUIET).contains(&y);
                let expected = inside && code[(x - QUIET.min(x), y - QUIET.min(y))] == Color::Dark;
                assert_eq!(*dark, expected, "{x} {y}");
            }
        }
        assert_eq!(Picture::of(&"a".repeat(5_000)), None);
    }
}
