//! How files of banks and providers are laid out, as data.

use crate::error::StorageError;
use crate::pool::Db;
use jiff::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Statement,
    Settlement,
}

impl FileKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Settlement => "settlement",
        }
    }
}

const PUT: &str = "insert into file_profile (code, kind, layout) values ($1, $2, $3)
    on conflict (code) do update set layout = excluded.layout, updated_at = now() where file_profile.kind = excluded.kind";

/// Puts a layout in place of the one before; false where the code is one of the other kind.
pub async fn put(db: &Db, code: &str, kind: FileKind, layout: &str) -> Result<bool, StorageError> {
    Ok(db.execute(PUT, &[&code, &kind.as_str(), &layout]).await? == 1)
}

const SEED: &str = "insert into file_profile (code, kind, layout) values ($1, $2, $3) on conflict (code) do nothing";

/// Puts a layout where there is none of this code.
pub async fn seed(db: &Db, code: &str, kind: FileKind, layout: &str) -> Result<(), StorageError> {
    db.execute(SEED, &[&code, &kind.as_str(), &layout]).await?;
    Ok(())
}

/// A layout as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub code: String,
    pub kind: FileKind,
    /// TOML, as `statement` reads it.
    pub layout: String,
    pub updated_at: Timestamp,
}

const LIST: &str = "select * from file_profile where $1::text is null or code = $1 order by code";

/// All, or the one of `code`.
pub async fn list(db: &Db, code: Option<&str>) -> Result<Vec<Listed>, StorageError> {
    Ok(db
        .query(LIST, &[&code])
        .await?
        .iter()
        .map(|row| Listed {
            code: row.get("code"),
            kind: if row.get::<_, &str>("kind") == "statement" { FileKind::Statement } else { FileKind::Settlement },
            layout: row.get("layout"),
            updated_at: row.get("updated_at"),
        })
        .collect())
}

const LAYOUT: &str = "select layout from file_profile where code = $1 and kind = $2";

/// The layout, in TOML as `statement` reads it.
pub async fn layout(db: &Db, code: &str, kind: FileKind) -> Result<Option<String>, StorageError> {
    let row = db.query_opt(LAYOUT, &[&code, &kind.as_str()]).await?;
    Ok(row.map(|row| row.get(0)))
}
