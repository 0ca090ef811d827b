//! Seals: a hash chain over audit and journals, written after commit by one sealer at a time.

use crate::error::StorageError;
use crate::pool::Db;
use crate::tx::Tx;

/// What waits for its seal, with the digest of what it reads like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    pub seq: i64,
    pub kind: String,
    pub subject_id: String,
    /// SHA-256 of the canonical text; None when the subject is gone.
    pub digest: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    pub seq: i64,
    pub kind: String,
    pub subject_id: String,
    pub digest: String,
    pub prev_hash: Option<String>,
    pub hash: String,
}

/// The end of the chain, and what comes next in it.
#[derive(Debug, Clone)]
pub struct Pending {
    pub last: Option<(i64, String)>,
    pub unsealed: Vec<Unsealed>,
}

const SEALER: &str = "select pg_try_advisory_xact_lock(7239512002)";
const LAST: &str = "select seq, hash from seal order by seq desc limit 1";
const UNSEALED: &str = "select u.seq, u.kind, u.subject_id, encode(sha256(convert_to(case u.kind
            when 'journal' then assurance.journal_text(replace(u.subject_id, 'jnl_', '')::uuid)
            else assurance.audit_text(replace(u.subject_id, 'aud_', '')::bigint) end, 'UTF8')), 'hex') as digest
    from unsealed u order by u.seq limit $1";

/// What to seal now; None when another sealer is at it. Begins the transaction.
pub async fn pending(tx: &Tx, limit: i64) -> Result<Option<Pending>, StorageError> {
    tx.begin().await?;
    if !tx.query_one(SEALER, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let last = tx.query_opt(LAST, &[]).await?.map(|row| (row.get(0), row.get(1)));
    let rows = tx.query(UNSEALED, &[&limit]).await?;
    let unsealed = rows
        .iter()
        .map(|row| Unsealed { seq: row.get(0), kind: row.get(1), subject_id: row.get(2), digest: row.get(3) })
        .collect();
    Ok(Some(Pending { last, unsealed }))
}

const INSERT: &str = "insert into seal (seq, kind, subject_id, digest, prev_hash, hash)
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])";
const DONE: &str = "delete from unsealed where seq = any($1)";

/// Writes seals in the place of what waited for them.
pub async fn write(tx: &Tx, seals: &[Seal], done: &[i64]) -> Result<(), StorageError> {
    let seqs: Vec<i64> = seals.iter().map(|s| s.seq).collect();
    let kinds: Vec<&str> = seals.iter().map(|s| s.kind.as_str()).collect();
    let subjects: Vec<&str> = seals.iter().map(|s| s.subject_id.as_str()).collect();
    let digests: Vec<&str> = seals.iter().map(|s| s.digest.as_str()).collect();
    let prevs: Vec<Option<&str>> = seals.iter().map(|s| s.prev_hash.as_deref()).collect();
    let hashes: Vec<&str> = seals.iter().map(|s| s.hash.as_str()).collect();
    tx.execute(INSERT, &[&seqs, &kinds, &subjects, &digests, &prevs, &hashes]).await?;
    tx.execute(DONE, &[&done]).await?;
    Ok(())
}

/// A link of the chain with what its subject reads like now.
#[derive(Debug, Clone)]
pub struct Checked {
    pub seal: Seal,
    pub digest_now: Option<String>,
}

const CHAIN: &str = "select s.*, encode(sha256(convert_to(s.text, 'UTF8')), 'hex') as digest_now
    from (select l.*, t.text from assurance.seal l join assurance.sealed_text t using (seq)
          where l.seq > $1 order by l.seq limit $2) s order by s.seq";

/// The chain after `after`, oldest first, at most `limit` links.
pub async fn chain(db: &Db, after: i64, limit: i64) -> Result<Vec<Checked>, StorageError> {
    let rows = db.query(CHAIN, &[&after, &limit]).await?;
    Ok(rows
        .iter()
        .map(|row| Checked {
            seal: Seal {
                seq: row.get("seq"),
                kind: row.get("kind"),
                subject_id: row.get("subject_id"),
                digest: row.get("digest"),
                prev_hash: row.get("prev_hash"),
                hash: row.get("hash"),
            },
            digest_now: row.get("digest_now"),
        })
        .collect())
}
