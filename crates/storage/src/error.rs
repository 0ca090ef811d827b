//! What went wrong in the database, by what the caller does about it.

use tokio_postgres::error::SqlState;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A named constraint refused the rows: somebody else was there first, or the caller is wrong.
    #[error("refused by {constraint}")]
    Conflict {
        constraint: String,
        #[source]
        source: tokio_postgres::Error,
    },
    /// Serialization failure, deadlock, or a row that moved under us: the whole transaction may be tried again.
    #[error("the transaction must be tried again")]
    Retry(#[source] Option<tokio_postgres::Error>),
    /// No connection, no answer in time, or the server is going away.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A bug of ours: a statement that the database does not understand, a row that is not what it must be.
    #[error("the database refused a statement")]
    Broken(#[source] tokio_postgres::Error),
    #[error("a stored row is not readable: {0}")]
    Unreadable(String),
    #[error("statement is not prepared on this connection: {0}")]
    NotPrepared(&'static str),
    #[error("sealed data cannot be opened with the configured key")]
    Vault,
    #[error("migration failed")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StorageError {
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Retry(_))
    }

    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether the named constraint refused.
    pub fn is_conflict(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint, .. } if constraint == name)
    }
}

impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some_and(|s| s.is::<std::io::Error>()) {
                Self::Unavailable(error.to_string())
            } else {
                Self::Broken(error)
            };
        };
        let code = db.code();
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
            return Self::Retry(Some(error));
        }
        let away = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
            SqlState::DISK_FULL,
            SqlState::TOO_MANY_CONNECTIONS,
        ];
        if away.contains(code) {
            return Self::Unavailable(db.message().to_owned());
        }
        match db.constraint() {
            Some(constraint) => Self::Conflict { constraint: constraint.to_owned(), source: error },
            None => Self::Broken(error),
        }
    }
}

impl From<deadpool_postgres::PoolError> for StorageError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(e) => match Self::from(e) {
                // a server that refuses to let us in is away, whatever it calls it
                Self::Broken(e) => Self::Unavailable(e.to_string()),
                other => other,
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}
