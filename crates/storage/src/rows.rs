//! Reading rows back into domain types: a stored word that no set contains is a broken row, not a panic.

use crate::error::StorageError;
use std::str::FromStr;
use tokio_postgres::Row;

/// Reads a word of a closed set; a foreign word is a broken row, not a panic.
pub(crate) fn word<T: FromStr>(row: &Row, column: &str) -> Result<T, StorageError>
where
    T::Err: std::fmt::Display,
{
    row.get::<_, &str>(column).parse().map_err(|e: T::Err| StorageError::Unreadable(e.to_string()))
}

/// The same for a column of several words.
pub(crate) fn words<T: FromStr>(row: &Row, column: &str) -> Result<Vec<T>, StorageError>
where
    T::Err: std::fmt::Display,
{
    row.get::<_, Vec<String>>(column).iter().map(|word| word.parse().map_err(unreadable)).collect()
}

pub(crate) fn unreadable(error: impl std::fmt::Display) -> StorageError {
    StorageError::Unreadable(error.to_string())
}
