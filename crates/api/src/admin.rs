//! What administrators set up, scope `admin`: one file for each noun. What one of some beneficiaries does not administer is
//! absent to them; what concerns all beneficiaries is refused to them.

pub mod accounts;
pub mod agencies;
pub mod beneficiaries;
pub mod calendar;
pub mod channels;
pub mod clients;
pub mod contract_fees;
pub mod counters;
pub mod credentials;
pub mod fees;
pub mod keys;
pub mod layouts;
pub mod parked;
pub mod persons;
pub mod profiles;
pub mod receipt_series;
pub mod remittance_rules;
pub mod score;

use crate::body::{self, Fields};
use crate::obligations::absent;
use crate::problem::Problem;
use crate::views::Page;
use domain::codes::GivenCode;
use jiff::civil::Date;
use payments::administer::By;
use serde::Deserialize;
use utoipa::IntoParams;

/// A list that is read whole: in the order of its codes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CodesQuery {
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

impl CodesQuery {
    pub(crate) fn page<T>(&self, all: Vec<T>, cursor: impl Fn(&T) -> String) -> Result<Page<T>, Problem> {
        let (limit, after) = (body::limit(self.limit)?, cursor_of(self.after.as_deref())?);
        Ok(Page::of_all(all, limit, after, cursor))
    }
}

/// A cursor is a code.
fn cursor_of(after: Option<&str>) -> Result<Option<&str>, Problem> {
    body::after::<Cursor>(after)?;
    Ok(after)
}

struct Cursor;

impl std::str::FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let could_be = (1..=128).contains(&text.len()) && !text.chars().any(char::is_control);
        could_be.then_some(Self).ok_or(())
    }
}

/// Of whom something is, as far as this administrator sees them.
fn seen_of(by: &By, mut beneficiaries: Vec<String>) -> Vec<String> {
    beneficiaries.retain(|code| by.sees(code));
    beneficiaries
}

/// Days that the books know; a date that people do not write is as absent as one that is none.
fn date_of(text: &str) -> Result<Date, Problem> {
    body::civil_date(text).filter(|date| (1970..=9998).contains(&date.year())).ok_or_else(absent)
}

/// The code that a path names; one that could be none is refused as a field.
fn code_of(f: &mut Fields, text: &str) -> Option<String> {
    f.code("", GivenCode::new(text)).map(|code| code.as_str().to_owned())
}
