//! From bytes to staged lines, batch by batch: the file is read beside the database's COPY, and no more of it is held
//! than its bytes and two batches.

use super::{FileFormat, ImportError, Incoming};
use crate::context::Context;
use crate::payout_texts::PayoutTexts;
use domain::bank_reference::BankReference;
use domain::codes::ChannelCode;
use domain::mode::Mode;
use domain::reference_text::{self, Found};
use domain::{MovementId, SightingId, Vnd, banks};
use jiff::Timestamp;
use jiff::civil::Date;
use provider::ChannelKind;
use statement::{
    Balance, Batch, Format, Head, Kind, Line, LineState, NotDong, Profile, Sink, StatementSummary, Summary,
};
use std::ops::ControlFlow;
use std::sync::Arc;
use storage::ids::mint_nth;
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::statements::{PartDays, StagedLine, Stager};
use storage::{StorageError, Tx};
use tokio::sync::mpsc::{Sender, channel as queue};

const PER_BATCH: usize = 1_000;

/// As accounts' settings and statements name a format.
pub const fn format_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Camt053 => "camt053",
        Kind::Camt054 => "camt054",
        Kind::Mt940 => "mt940",
        Kind::Csv => "csv",
    }
}

/// Whose numbering an account's settings name: formats of one family come from one system of the bank.
pub const fn family(kind: Kind) -> &'static str {
    match kind {
        Kind::Camt053 | Kind::Camt054 => "camt",
        Kind::Mt940 => "mt940",
        Kind::Csv => "csv",
    }
}

/// Reads the file into the staging table.
pub async fn stage(
    ctx: &Context,
    tx: &Tx,
    import: &Incoming<'_>,
    account: &ReceivingAccount,
    layout: Option<Profile>,
) -> Result<Summary, ImportError> {
    let payouts = PayoutTexts::of(tx, &account.code).await?;
    let (sender, mut batches) = queue::<Vec<StagedLine>>(1);
    let mut lines = Lines {
        bank_bin: account.bank_bin.clone(),
        account_number: account.account_number.clone(),
        account: account.clone(),
        mode: ctx.mode,
        now: import.now,
        payouts,
        part: -1,
        line_no: 0,
        entries: 0,
        numbering: None,
        batch: Vec::with_capacity(PER_BATCH),
        sender,
        stopped: None,
    };
    let (bytes, format) = (import.bytes.clone(), import.format.clone());
    let reading = tokio::task::spawn_blocking(move || {
        lines.numbering = layout.as_ref().map(|_| "csv").or(match format {
            FileFormat::Mt940 => Some("mt940"),
            FileFormat::Camt053 | FileFormat::Camt054 => Some("camt"),
            FileFormat::Auto | FileFormat::Csv(_) => statement::told_apart(&bytes),
        });
        let wanted = match (&layout, &format) {
            (Some(profile), _) => Format::Csv(profile),
            (None, FileFormat::Camt053 | FileFormat::Camt054) => Format::Camt,
            (None, FileFormat::Mt940) => Format::Mt940,
            (None, _) => Format::Detect,
        };
        let read = statement::read_into(&bytes, wanted, &mut lines);
        let rest = std::mem::take(&mut lines.batch);
        if read.is_ok() && !rest.is_empty() {
            let _ = lines.sender.blocking_send(rest);
        }
        (read, lines.stopped)
    });
    let mut stager = Stager::open(tx).await?;
    let mut staging: Result<(), StorageError> = Ok(());
    while let Some(batch) = batches.recv().await {
        staging = stager.write(&batch).await;
        if staging.is_err() {
            break;
        }
    }
    // the reader finds nobody there and ends
    drop(batches);
    let (read, stopped) = reading.await.map_err(|_| ImportError::Interrupted)?;
    staging?;
    let read = match (read, stopped) {
        (Err(at), Some(ImportError::Unfit(why, _))) => return Err(ImportError::Unfit(why, Some(at.at))),
        (_, Some(stopped)) => return Err(stopped),
        (read, None) => read?,
    };
    stager.finish().await?;
    let kind_fits = match *import.format {
        FileFormat::Camt053 => read.format == Kind::Camt053,
        FileFormat::Camt054 => read.format == Kind::Camt054,
        _ => true,
    };
    if kind_fits { Ok(read) } else { Err(ImportError::Unfit("the file is of another format than was said", None)) }
}

/// Turns lines into rows.
struct Lines {
    account: ReceivingAccount,
    bank_bin: String,
    account_number: String,
    mode: Mode,
    now: Timestamp,
    payouts: PayoutTexts,
    part: i32,
    line_no: i32,
    /// Entries of several transactions so far.
    entries: i32,
    numbering: Option<&'static str>,
    batch: Vec<StagedLine>,
    sender: Sender<Vec<StagedLine>>,
    stopped: Option<ImportError>,
}

impl Lines {
    fn stop(&mut self, error: ImportError) -> ControlFlow<()> {
        self.stopped = Some(error);
        ControlFlow::Break(())
    }

    fn row(&mut self, line: Line, amount: i64) -> StagedLine {
        self.line_no += 1;
        let nth = self.line_no.unsigned_abs();
        let numbering = self.numbering.and_then(|name| self.account.numbering(name));
        let reference = |raw: &Option<String>| BankReference::read(raw.as_deref()?, numbering).map(|r| r.to_string());
        let (bank_ref, entry_ref) = (reference(&line.bank_ref), reference(&line.entry_ref));
        let credit = amount > 0;
        let payout_of = self.payouts.contract(&line.text, self.mode).filter(|_| credit || !line.reversal);
        let payout_of = payout_of.map(str::to_owned);
        let codes = if payout_of.is_some() { Vec::new() } else { self.codes(&line) };
        StagedLine {
            line_no: self.line_no,
            part: self.part,
            id: mint_nth::<MovementId>(self.now, nth).uuid(),
            sighting_id: mint_nth::<SightingId>(self.now, nth).uuid(),
            amount,
            booking_date: line.booking_date,
            value_date: line.value_date,
            bank_ref,
            owner_ref: line.owner_ref.map(plain),
            counterparty_name: line.counterparty.name.map(plain),
            counterparty_account: line.counterparty.account.map(plain),
            text: plain(line.text),
            code: line.code,
            reversal: line.reversal,
            codes,
            payout_of,
            entry_no: matches!(line.batch, Batch::Part { .. }).then_some(self.entries),
            entry_ref,
        }
    }

    /// Our references, in what the payer wrote; where there is none, in what the bank put beside it.
    fn codes(&self, line: &Line) -> Vec<String> {
        let beside = [Some(line.text.as_str()), line.end_to_end.as_deref(), line.details.as_deref()];
        for text in beside.into_iter().flatten() {
            let found = match reference_text::find(text, self.mode) {
                Found::None => continue,
                Found::One(code) => vec![code],
                Found::Several(codes) => codes,
            };
            return found.iter().map(|code| code.as_str().to_owned()).collect();
        }
        Vec::new()
    }
}

/// What a text column cannot hold becomes a blank.
fn plain(text: String) -> String {
    if text.contains('\0') { text.replace('\0', " ") } else { text }
}

impl Sink for Lines {
    fn statement(&mut self, head: &Head) -> ControlFlow<()> {
        self.part += 1;
        if !is_ours(head, (&self.bank_bin, &self.account_number)) {
            return self.stop(ImportError::OtherAccount);
        }
        if head.currency.code() != "VND" {
            return self.stop(ImportError::Unfit("the currency is not VND", None));
        }
        ControlFlow::Continue(())
    }

    fn line(&mut self, line: Line, state: LineState) -> ControlFlow<()> {
        if state == LineState::Pending {
            return ControlFlow::Continue(());
        }
        let amount = match line.amount.vnd() {
            Ok(amount) => amount,
            Err(error) => return self.stop(ImportError::Unfit(unfit(error), None)),
        };
        if let Batch::Part { no: 1, .. } = line.batch {
            self.entries += 1;
        }
        if amount.is_zero() {
            return ControlFlow::Continue(());
        }
        let row = self.row(line, amount.dong());
        self.batch.push(row);
        if self.batch.len() < PER_BATCH {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut self.batch, Vec::with_capacity(PER_BATCH));
        match self.sender.blocking_send(full) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// An export that does not name its account is of the one under which it was sent. The bank may stand before the number
/// (`BIC/account`, SWIFT `:25:`), by BIC or number, or beside it; another bank than the account's makes it another account. A
/// bank that nobody knows, and what is no bank (a branch), concludes nothing. The file's own currency may stand behind the number.
fn is_ours(head: &Head, (bin, number): (&str, &str)) -> bool {
    let named = head.account.as_str();
    if head.banks.iter().any(|bank| banks::is_another(bank, bin)) {
        return false;
    }
    let bare = named.strip_suffix(head.currency.code()).map(|bare| bare.trim_end().trim_end_matches('/'));
    named.is_empty() || std::iter::once(named).chain(bare).any(|named| is_named(named, (bin, number)))
}

fn is_named(named: &str, (bin, number): (&str, &str)) -> bool {
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let (before, last) = named.rsplit_once('/').unwrap_or(("", named));
    letters(last) == letters(number) && !banks::is_another(before, bin)
}

/// The statements of a file as one.
pub struct Whole {
    pub bank_id: String,
    pub first_sequence: Option<String>,
    pub last_sequence: Option<String>,
    pub opening: Option<(Vnd, Option<Date>)>,
    pub closing: Option<(Vnd, Option<Date>)>,
    pub last_day: Date,
    /// The days of each statement's balances.
    pub days: Vec<PartDays>,
    pub lines: i32,
}

/// # Errors
/// When the statements of the file do not follow each other, or nothing in it has a date.
pub fn whole(read: &Summary) -> Result<Whole, ImportError> {
    let parts = &read.statements;
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Err(ImportError::Unfit("the file holds no statement", None));
    };
    for pair in parts.windows(2) {
        let (before, after) = (pair[0].closing.as_ref(), pair[1].head.opening.as_ref());
        if let (Some(before), Some(after)) = (before, after)
            && before.amount != after.amount
        {
            return Err(ImportError::Unfit("the statements of the file do not follow each other", None));
        }
    }
    let day = |balance: Option<&Balance>| balance.and_then(|b| b.date);
    let of =
        |p: &StatementSummary| PartDays { opening: day(p.head.opening.as_ref()), closing: day(p.closing.as_ref()) };
    let days: Vec<PartDays> = parts.iter().map(of).collect();
    let to = parts.iter().filter_map(|p| p.days.as_ref()).map(|d| d.to).max();
    let last_day = days.iter().filter_map(|d| d.closing).max().max(to);
    let last_day = last_day.ok_or(ImportError::Unfit("the file names no day", None))?;
    let lines: usize = parts.iter().map(|p| p.lines).sum();
    Ok(Whole {
        bank_id: first.head.id.clone(),
        first_sequence: first.head.sequence.clone(),
        last_sequence: last.head.sequence.clone(),
        opening: balance(first.head.opening.as_ref())?,
        closing: balance(last.closing.as_ref())?,
        last_day,
        days,
        lines: i32::try_from(lines).map_err(|_| ImportError::Unfit("the file has too many lines", None))?,
    })
}

fn balance(stated: Option<&Balance>) -> Result<Option<(Vnd, Option<Date>)>, ImportError> {
    let read = |b: &Balance| b.amount.vnd().map(|amount| (amount, b.date));
    stated.map(read).transpose().map_err(|error| ImportError::Unfit(unfit(error), None))
}

const fn unfit(error: NotDong) -> &'static str {
    match error {
        NotDong::Currency(_) => "an amount or a balance is not in VND",
        NotDong::OutOfRange(_) => "an amount or a balance is above 999,999,999,999,999 đồng",
    }
}

/// The channel by which transfers come to an account.
pub async fn channel(ctx: &Context, tx: &Tx, account: &ReceivingAccount) -> Result<ChannelCode, ImportError> {
    let owners = receiving_accounts::beneficiaries_of(tx, &account.code).await?;
    Ok(channel_of(ctx, &owners)?)
}

/// Where no contract of ours tells of transfers, they come by a plain bank.
pub fn channel_of(ctx: &Context, owners: &[domain::codes::BeneficiaryCode]) -> Result<ChannelCode, StorageError> {
    let tells = |p: &Arc<provider::Provider>| {
        p.kind == ChannelKind::Bank && p.checkout.is_some() && p.beneficiaries.iter().any(|b| owners.contains(b))
    };
    match ctx.providers.iter().find(tells) {
        Some(provider) => Ok(provider.channel.clone()),
        None => ChannelCode::new("bank").map_err(|e| StorageError::Unreadable(e.to_string())),
    }
}
