//! Cases as people work them: whose a case is, the queue by age or by amount, and what has become of one so far.

use crate::case_list::{self, Listed, Sort};
use crate::error::StorageError;
use crate::pool::Db;
use domain::{CaseId, PersonId};
use jiff::Timestamp;
use uuid::Uuid;

const GIVE: &str = "insert into case_owner (case_id, owner, given_by, note, at) values ($1, $2, $3, $4, $5)";

/// Somebody has it from now on; None: nobody.
pub async fn give(
    db: &Db,
    case: CaseId,
    owner: Option<PersonId>,
    (by, note): (&str, &str),
    at: Timestamp,
) -> Result<(), StorageError> {
    db.execute(GIVE, &[&case.uuid(), &owner.map(PersonId::uuid), &by, &note, &at]).await?;
    Ok(())
}

const OWNER: &str = "select owner_of_case($1)";

pub async fn owner(db: &Db, case: CaseId) -> Result<Option<PersonId>, StorageError> {
    Ok(db.query_one(OWNER, &[&case.uuid()]).await?.get::<_, Option<Uuid>>(0).map(Into::into))
}

/// One thing that somebody, or the program, did about a case.
#[derive(Debug, Clone)]
pub struct Done {
    pub at: Timestamp,
    pub who: String,
    /// found | explained | assigned | proposed | approved | rejected | withdrawn
    pub what: String,
    /// The resolution that was proposed or decided.
    pub action: Option<String>,
    pub note: Option<String>,
    /// Of `assigned`: to whom; nobody where it is absent.
    pub owner: Option<PersonId>,
}

// What people decided is told by their approvals, what the program did by the steps of the case.
const HISTORY: &str = "select h.at, h.who, h.what, h.action, nullif(h.note, '') as note, h.owner from (
        select t.at, t.actor as who, t.cause as what, null::text as action, null::text as note, null::uuid as owner,
               t.seq as place
        from transition t where t.entity_id = $1 and t.entity_type = 'case' and t.cause in ('found', 'explained')
        union all
        select o.at, o.given_by, 'assigned', null, o.note, o.owner, o.id from case_owner o where o.case_id = $1
        union all
        select e.at, e.who, e.what, coalesce(a.payload ->> 'action', 'refund_to_payer'), e.note, null, e.place
        from approval a
        cross join lateral (
            select a.proposed_at as at, a.proposer as who, 'proposed' as what, a.note, 0 as place
            union all
            select a.decided_at, coalesce(a.decider, 'system'), a.status, a.decision_note, 1 where a.decided_at is not null) e
        where case_of_approval(a.kind, a.subject, a.payload) = $1 and a.kind in ('case_resolution', 'refund')
          and ($2::text[] is null or cardinality(a.beneficiaries) > 0 and a.beneficiaries <@ $2)) h
    order by h.at, h.place limit 500";

/// What was done about a case, oldest first; a proposal is seen by who sees all whom it concerns.
pub async fn history(db: &Db, case: CaseId, beneficiaries: Option<&[String]>) -> Result<Vec<Done>, StorageError> {
    let statement = db.prepare_cached(HISTORY).await?;
    let rows = db.query(&statement, &[&case.uuid(), &beneficiaries]).await?;
    Ok(rows
        .iter()
        .map(|row| Done {
            at: row.get("at"),
            who: row.get("who"),
            what: row.get("what"),
            action: row.get("action"),
            note: row.get("note"),
            owner: row.get::<_, Option<Uuid>>("owner").map(Into::into),
        })
        .collect())
}

/// Whose cases are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Nobody,
    Person(PersonId),
}

/// The queue, in the order that is asked for, those after `after`: what is not closed, unless a status is asked for.
pub async fn queue(
    db: &Db,
    f: &case_list::Filter,
    (owner, sort): (Option<Owner>, Sort),
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<Listed>, StorageError> {
    let (status, kind) = (f.status.map(|s| s.as_str()), f.kind.map(|k| k.as_str()));
    let whose = match owner {
        None => None,
        Some(Owner::Nobody) => Some(String::new()),
        Some(Owner::Person(id)) => Some(id.uuid().to_string()),
    };
    let after = after.map(CaseId::uuid);
    let statement = db.prepare_cached(case_list::QUEUE).await?;
    let rows =
        db.query(&statement, &[&status, &kind, &f.beneficiaries, &after, &sort.as_str(), &whose, &limit]).await?;
    Ok(rows.iter().map(case_list::from_row).collect())
}
