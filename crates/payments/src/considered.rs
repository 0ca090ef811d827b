//! Why a line of a statement is what it is: all that it could have been, as `domain::matching::explained` has it. Made when
//! somebody asks and kept nowhere, so that an import costs what it did. Reads only.

use crate::context::Context;
use crate::match_movements::batch::{by_code, only_named};
use domain::bank_reference::BankReference;
use domain::business_day::WorkingCalendar;
use domain::codes::AccountCode;
use domain::matching::explained::{self, Candidate, Considered};
use domain::matching::{OpenCredit, Told, What, Window};
use domain::{CaseId, IntentId, MovementId, StatementId, Vnd};
use jiff::civil::Date;
use storage::considered::{self, Asked, Credit, Known, Named};
use storage::{Db, StorageError, beneficiaries};

/// Days beside those of the rule from which candidates are shown, so that one which came too late is seen to have.
const BESIDE: u32 = 3;
/// What may be told of around one day in these amounts; more is a crowd, of which the nearest are shown.
const READ: i64 = 2_000;

/// What a line was held against, and what became of it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub considered: Considered,
    pub amount: Vnd,
    pub day: Date,
    /// Of the intent that it names.
    pub reference: Option<String>,
    /// The line that has it.
    pub line: Option<MovementId>,
}

/// Candidates of a line, the chosen one first. A person with `own` sees those that name debts to these, and those that name none.
pub async fn of_line(
    ctx: &Context,
    statement: StatementId,
    line_no: i32,
    own: Option<&[String]>,
) -> Result<Vec<Shown>, StorageError> {
    let db = ctx.pool.get().await?;
    match considered::of_line(&db, statement, line_no).await? {
        Some(credit) => of_credit(&db, &credit, own).await,
        None => Ok(Vec::new()),
    }
}

/// The same of the line that a case is about; none where it is about no credit.
pub async fn of_case(ctx: &Context, case: CaseId, own: Option<&[String]>) -> Result<Vec<Shown>, StorageError> {
    let db = ctx.pool.get().await?;
    match considered::of_case(&db, case).await? {
        Some(credit) => of_credit(&db, &credit, own).await,
        None => Ok(Vec::new()),
    }
}

async fn of_credit(db: &Db, credit: &Credit, own: Option<&[String]>) -> Result<Vec<Shown>, StorageError> {
    let account = AccountCode::new(credit.account.clone()).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    let calendar = beneficiaries::calendar(db).await?;
    let window = Window::of(&calendar);
    let intent = named_by(db, &account, credit).await?;
    let asked = Asked {
        account: &account,
        days: calendar.reach(credit.booking_date, window.apart + BESIDE),
        amounts: Some(vec![credit.amount.dong()]),
        intents: intent.into_iter().collect(),
        payment: credit.payment,
    };
    let known = considered::told(db, &asked, READ).await?;
    let as_kept = |named: &Named| named.reference.clone();
    let open = open(credit, intent, as_kept);
    let candidates: Vec<Candidate> = known.iter().map(|k| Candidate { told: told(k, as_kept), line: k.line }).collect();
    let all = explained::explain(&open, &candidates, credit.kept(), credit.is_decided, &window);
    let of = |what: What| known.iter().find(|k| k.what == what);
    let seen = |k: &&Known| own.is_none_or(|own| k.beneficiaries.iter().all(|of| own.contains(of)));
    let shown = all.into_iter().filter_map(|considered| {
        let known = of(considered.what).filter(seen)?;
        let (amount, day) = (known.amount, known.day);
        Some(Shown { considered, amount, day, reference: known.reference.clone(), line: known.line })
    });
    Ok(shown.collect())
}

/// The one intent that the line's text names.
async fn named_by(db: &Db, account: &AccountCode, credit: &Credit) -> Result<Option<IntentId>, StorageError> {
    let codes: Vec<&str> = credit.codes.iter().map(String::as_str).collect();
    let known = storage::account_money::intents_named(db, &codes, account).await?;
    Ok(only_named(&credit.codes, &by_code(&known)).map(|named| named.id))
}

/// The line as the rules see it. `read`: in which numbering a reference is taken.
pub(crate) fn open(credit: &Credit, intent: Option<IntentId>, read: impl Fn(&Named) -> BankReference) -> OpenCredit {
    OpenCredit {
        id: credit.id,
        amount: credit.amount,
        booking_date: credit.booking_date,
        references: credit.references.iter().map(read).collect(),
        intent,
        is_marked: credit.reversal,
        takes_back: credit.takes_back,
    }
}

/// What was told of as the rules see it once statements show all days.
pub(crate) fn told(known: &Known, read: impl Fn(&Named) -> BankReference) -> Told {
    Told {
        what: known.what,
        amount: known.amount,
        day: known.day,
        references: known.references.iter().map(read).collect(),
        intent: known.intent,
        is_covered: true,
        may_be_known: false,
    }
}

/// The days around these in which something may count for them.
pub(crate) fn around(calendar: &WorkingCalendar, (from, to): (Date, Date), apart: u32) -> (Date, Date) {
    (calendar.reach(from, apart).0, calendar.reach(to, apart).1)
}
