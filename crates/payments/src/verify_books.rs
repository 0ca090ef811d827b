//! `motlan verify`: whether the books say what they said. Every invariant over the `assurance` views, and the chain of
//! seals link by link, all of one instant. It reads only, so the auditor's role is enough; it does not trust the program
//! that wrote the books, nor anybody who can write to the database: only a head hash kept elsewhere proves that a whole
//! chain was not made anew (`docs/seals.md`).

use crate::seal_books::link_hash;
use storage::assurance::{self, INVARIANTS, LIMIT, Row, SEALED};
use storage::seals::{self, Checked, Seal};
use storage::{Pool, StorageError, Tx};

const PER_PAGE: i64 = 1_000;

/// One invariant with what contradicts it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub number: &'static str,
    pub says: &'static str,
    /// At most [`LIMIT`].
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// In the order of their numbers; those that hold have no rows.
    pub checked: Vec<Finding>,
    /// The last hash of the chain: to be kept where nobody who can write to the database can write.
    pub head: Option<String>,
    /// Links of the chain.
    pub sealed: i64,
}

impl Report {
    pub fn holds(&self) -> bool {
        self.checked.iter().all(|finding| finding.rows.is_empty())
    }
}

/// Checks everything. `head`: a hash that the chain had once and must still contain.
pub async fn verify(pool: &Pool, head: Option<&str>) -> Result<Report, StorageError> {
    let tx = pool.tx().await?;
    let outcome = verified(&tx, head).await;
    tx.close(outcome).await
}

async fn verified(tx: &Tx, head: Option<&str>) -> Result<Report, StorageError> {
    assurance::snapshot(tx).await?;
    let mut checked = Vec::with_capacity(INVARIANTS.len() + 1);
    for invariant in INVARIANTS {
        let rows = assurance::violations(tx, invariant).await?;
        checked.push(Finding { number: invariant.number, says: invariant.says, rows });
    }
    let chain = walk(tx, head).await?;
    let mut rows = assurance::violations(tx, &SEALED).await?;
    rows.extend(chain.rows);
    rows.truncate(LIMIT);
    checked.push(Finding { number: SEALED.number, says: SEALED.says, rows });
    checked.sort_by_key(|finding| finding.number);
    Ok(Report { checked, head: chain.last.map(|seal| seal.hash), sealed: chain.links })
}

/// What is known of the chain so far.
#[derive(Default)]
struct Chain {
    last: Option<Seal>,
    links: i64,
    rows: Vec<Row>,
}

async fn walk(tx: &Tx, head: Option<&str>) -> Result<Chain, StorageError> {
    let mut chain = Chain::default();
    let mut head_found = head.is_none();
    // sequence numbers of seals begin at 1; one below is a fault that must be seen too
    let mut after = i64::MIN;
    loop {
        let page = seals::chain(tx, after, PER_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seal.seq;
        for link in page {
            head_found |= head == Some(link.seal.hash.as_str());
            chain.add(link);
        }
    }
    if let Some(head) = head.filter(|_| !head_found) {
        let detail = "the chain does not contain this head any more".to_owned();
        chain.rows.insert(0, Row { subject: head.to_owned(), detail });
    }
    Ok(chain)
}

impl Chain {
    fn add(&mut self, link: Checked) {
        let found = faults(self.last.as_ref(), &link);
        let room = LIMIT.saturating_sub(self.rows.len());
        let rows = found.into_iter().take(room);
        self.rows.extend(rows.map(|detail| Row { subject: link.seal.subject_id.clone(), detail }));
        self.links += 1;
        self.last = Some(link.seal);
    }
}

/// What is wrong with a link that follows `before`. Each fault is told where it is: a link that was altered does not
/// make those after it wrong, because each is held against what its neighbour says, not against what it should say.
fn faults(before: Option<&Seal>, link: &Checked) -> Vec<String> {
    let seal = &link.seal;
    let mut faults = Vec::new();
    let (last_seq, last_hash) = before.map_or((0, None), |b| (b.seq, Some(b.hash.as_str())));
    if last_seq.checked_add(1) != Some(seal.seq) {
        faults.push(format!("seal {} follows seal {last_seq}", seal.seq));
    }
    if seal.prev_hash.as_deref() != last_hash {
        faults.push(format!("seal {} does not name the hash of the one before it", seal.seq));
    }
    if seal.hash != link_hash(seal.prev_hash.as_deref(), seal.seq, &seal.digest) {
        faults.push(format!("seal {} does not have the hash of what it says", seal.seq));
    }
    match &link.digest_now {
        None => faults.push(format!("{} deleted (seal {})", seal.kind, seal.seq)),
        Some(now) if *now != seal.digest => faults.push(format!("{} altered (seal {})", seal.kind, seal.seq)),
        Some(_) => {}
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn sealed(before: Option<&Checked>, digest: &str) -> Checked {
        let seq = before.map_or(1, |b| b.seal.seq + 1);
        let prev_hash = before.map(|b| b.seal.hash.clone());
        let hash = link_hash(prev_hash.as_deref(), seq, digest);
        let seal = Seal {
            seq,
            kind: "audit".into(),
            subject_id: format!("aud_{seq}"),
            digest: digest.into(),
            prev_hash,
            hash,
        };
        Checked { seal, digest_now: Some(digest.into()) }
    }

    fn three() -> Vec<Checked> {
        let one = sealed(None, "a");
        let two = sealed(Some(&one), "b");
        let three = sealed(Some(&two), "c");
        vec![one, two, three]
    }

    fn walked(links: Vec<Checked>) -> Vec<String> {
        let mut chain = Chain::default();
        links.into_iter().for_each(|link| chain.add(link));
        chain.rows.into_iter().map(|row| format!("{} {}", row.subject, row.detail)).collect()
    }

    #[test]
    fn hashes_are_those_of_the_documentation() {
        let page = include_str!("../../../docs/seals.md");
        let digests = [
            "e7a0c6571a83b4d1e1d022c616a0a3d4ba9bc89d3b52001be9d1f60410ef6a97",
            "e290ea0a914190b252fe8d74237e2eec48f172af590afdc3c184b19f9e17d6cc",
        ];
        let texts: Vec<&str> =
            page.split("```").filter_map(|part| part.strip_prefix("text\n")).map(str::trim_end).collect();
        let one = sealed(None, digests[0]);
        let two = sealed(Some(&one), digests[1]);
        for ((link, digest), text) in [one, two].iter().zip(digests).zip(texts) {
            assert_eq!(hex::encode(Sha256::digest(text)), digest);
            assert!(page.contains(digest) && page.contains(&link.seal.hash), "{link:?}");
        }
    }

    #[test]
    fn a_chain_as_it_was_written_has_no_fault() {
        assert_eq!(walked(three()), [""; 0]);
        assert_eq!(walked(vec![]), [""; 0]);
    }

    #[test]
    fn what_reads_differently_or_is_gone_is_named_alone() {
        let mut links = three();
        links[1].digest_now = Some("x".into());
        assert_eq!(walked(links), ["aud_2 audit altered (seal 2)"]);
        let mut links = three();
        links[2].digest_now = None;
        assert_eq!(walked(links), ["aud_3 audit deleted (seal 3)"]);
    }

    #[test]
    fn a_seal_that_was_altered_is_named_whichever_part_it_is() {
        let mut links = three();
        links[1].seal.digest = "x".into();
        links[1].digest_now = Some("x".into());
        assert_eq!(walked(links), ["aud_2 seal 2 does not have the hash of what it says"]);
        let mut links = three();
        links[1].seal.hash = "x".into();
        let both = [
            "aud_2 seal 2 does not have the hash of what it says",
            "aud_3 seal 3 does not name the hash of the one before it",
        ];
        assert_eq!(walked(links), both);
        let mut links = three();
        links[0].seal.prev_hash = Some(String::new());
        assert_eq!(walked(links), ["aud_1 seal 1 does not name the hash of the one before it"]);
    }

    #[test]
    fn a_missing_link_is_named_at_the_one_after_it() {
        for (gone, named) in [(0, "aud_2 seal 2 follows seal 0"), (1, "aud_3 seal 3 follows seal 1")] {
            let mut links = three();
            links.remove(gone);
            assert_eq!(walked(links)[0], named);
        }
        let mut links = three();
        links.pop();
        assert_eq!(
            walked(links),
            [""; 0],
            "the end of a chain is proved by a head that was kept, and by what has no seal"
        );
    }

    #[test]
    fn a_chain_that_was_made_anew_around_a_change_shows_only_against_a_head() {
        let one = sealed(None, "a");
        let two = sealed(Some(&one), "changed");
        let three_now = sealed(Some(&two), "c");
        let kept = three()[2].seal.hash.clone();
        assert_ne!(three_now.seal.hash, kept);
        assert_eq!(walked(vec![one, two, three_now]), [""; 0]);
    }

    #[test]
    fn no_more_faults_are_kept_than_anybody_reads() {
        let mut links = vec![sealed(None, "a")];
        for _ in 0..LIMIT * 2 {
            let next = sealed(links.last(), "a");
            links.push(next);
        }
        links.iter_mut().for_each(|link| link.digest_now = None);
        assert_eq!(walked(links).len(), LIMIT);
    }
}
