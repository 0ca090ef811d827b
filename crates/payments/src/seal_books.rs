//! Seals what was booked and who did what: a hash chain, written after commit by one sealer at a time, so that no global
//! lock stands in the way of money. The canonical text and the chain are described in `docs/seals.md`.

use crate::context::Context;
use sha2::{Digest, Sha256};
use storage::seals::{self, Seal};
use storage::{Pool, StorageError, Tx};

const PER_PASS: i64 = 1_000;

/// One pass; how many were sealed (0 also when another process is at it).
pub async fn seal(ctx: &Context) -> Result<usize, StorageError> {
    seal_in(&ctx.pool).await
}

/// The same where nothing but the database is there yet.
pub async fn seal_in(pool: &Pool) -> Result<usize, StorageError> {
    let tx = pool.tx().await?;
    let outcome = seal_pending(&tx).await;
    tx.close(outcome).await
}

async fn seal_pending(tx: &Tx) -> Result<usize, StorageError> {
    let Some(pending) = seals::pending(tx, PER_PASS).await? else { return Ok(0) };
    if pending.unsealed.is_empty() {
        return Ok(0);
    }
    let (mut seq, mut last) = pending.last.map_or((0, None), |(seq, hash)| (seq, Some(hash)));
    let mut links = Vec::with_capacity(pending.unsealed.len());
    for waiting in &pending.unsealed {
        // what is gone before it was sealed is sealed as gone: verification names it
        let digest = waiting.digest.clone().unwrap_or_else(|| "gone".to_owned());
        seq += 1;
        let hash = link_hash(last.as_deref(), seq, &digest);
        links.push(Seal {
            seq,
            kind: waiting.kind.clone(),
            subject_id: waiting.subject_id.clone(),
            digest,
            prev_hash: last.replace(hash.clone()),
            hash,
        });
    }
    let done: Vec<i64> = pending.unsealed.iter().map(|u| u.seq).collect();
    seals::write(tx, &links, &done).await?;
    tx.commit().await?;
    Ok(links.len())
}

/// SHA-256 over previous hash, number and digest (contract, "The books": `seal`).
pub fn link_hash(prev: Option<&str>, seq: i64, digest: &str) -> String {
    hex::encode(Sha256::digest(format!("{}|{seq}|{digest}", prev.unwrap_or_default())))
}
