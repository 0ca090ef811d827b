//! Lines on their way in: a temporary table, filled by COPY, that only its transaction sees.

use crate::error::StorageError;
use crate::pool::Db;
use jiff::civil::Date;
use std::pin::Pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// The table, and as long as an import may take. Analysed after it was filled: its size is nothing that the planner could know.
const BEGIN: &str = "
    set local statement_timeout = '30min';
    set local work_mem = '64MB';
    create temp table staged_line (
        line_no int not null, part int not null, id uuid not null, sighting_id uuid not null, direction text not null,
        amount bigint not null, booking_date date, value_date date, bank_ref text, owner_ref text, counterparty_name text,
        counterparty_account text, text text not null, code text, reversal boolean not null, codes text[] not null,
        payout_of text, entry_no int, entry_ref text,
        business_date date, movement_id uuid, fresh boolean not null default false, in_batch boolean not null default false
    ) on commit drop";
const COPY: &str =
    "copy staged_line (line_no, part, id, sighting_id, direction, amount, booking_date, value_date, bank_ref,
    owner_ref, counterparty_name, counterparty_account, text, code, reversal, codes, payout_of,
    entry_no, entry_ref) from stdin (format binary)";
const TYPES: &[Type] = &[
    Type::INT4,
    Type::INT4,
    Type::UUID,
    Type::UUID,
    Type::TEXT,
    Type::INT8,
    Type::DATE,
    Type::DATE,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::BOOL,
    Type::TEXT_ARRAY,
    Type::TEXT,
    Type::INT4,
    Type::TEXT,
];

/// One booked line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedLine {
    /// Counts over the whole file.
    pub line_no: i32,
    /// Which statement of the file.
    pub part: i32,
    /// Of the movement, if it is a new one.
    pub id: Uuid,
    pub sighting_id: Uuid,
    /// đồng, credit +, debit −.
    pub amount: i64,
    pub booking_date: Option<Date>,
    pub value_date: Option<Date>,
    /// Qualified (`domain::bank_reference`).
    pub bank_ref: Option<String>,
    pub owner_ref: Option<String>,
    pub counterparty_name: Option<String>,
    pub counterparty_account: Option<String>,
    pub text: String,
    pub code: Option<String>,
    pub reversal: bool,
    /// References of ours in the text.
    pub codes: Vec<String>,
    /// The contract whose payout it is.
    pub payout_of: Option<String>,
    /// Which of the file's entries with several transactions it is a part of, and the reference of that; qualified.
    pub entry_no: Option<i32>,
    pub entry_ref: Option<String>,
}

/// Makes the table; in a transaction.
pub async fn begin_staging(db: &Db) -> Result<(), StorageError> {
    Ok(db.batch_execute(BEGIN).await?)
}

/// Writes lines as they are read.
pub struct Stager(Pin<Box<BinaryCopyInWriter>>);

impl Stager {
    pub async fn open(db: &Db) -> Result<Self, StorageError> {
        Ok(Self(Box::pin(BinaryCopyInWriter::new(db.copy_in(COPY).await?, TYPES))))
    }

    pub async fn write(&mut self, lines: &[StagedLine]) -> Result<(), StorageError> {
        for l in lines {
            let direction = if l.amount > 0 { "in" } else { "out" };
            let row: [&(dyn ToSql + Sync); 19] = [
                &l.line_no,
                &l.part,
                &l.id,
                &l.sighting_id,
                &direction,
                &l.amount,
                &l.booking_date,
                &l.value_date,
                &l.bank_ref,
                &l.owner_ref,
                &l.counterparty_name,
                &l.counterparty_account,
                &l.text,
                &l.code,
                &l.reversal,
                &l.codes,
                &l.payout_of,
                &l.entry_no,
                &l.entry_ref,
            ];
            self.0.as_mut().write(&row).await?;
        }
        Ok(())
    }

    /// Ends the COPY; how many lines are there.
    pub async fn finish(mut self) -> Result<u64, StorageError> {
        Ok(self.0.as_mut().finish().await?)
    }
}
