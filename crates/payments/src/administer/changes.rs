//! What administrators propose and a second person decides, as it is kept.

use super::{AdminError, By};
use crate::approve::Deciding;
use domain::approval::ApprovalKind;
use domain::{ApprovalId, PersonId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use storage::approvals::{self, Approval, NewApproval};
use storage::ids::mint;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx};

/// What is wished for, and what stands: a decision about something that has changed since is none.
#[derive(Serialize, Deserialize)]
pub(super) struct Change<T> {
    pub new: T,
    /// None: nothing stands yet.
    pub standing: Option<T>,
}

/// Keeps a proposal until somebody decides it.
pub(super) async fn kept<T: Serialize>(
    tx: &Tx,
    by: &By,
    (kind, subject, beneficiaries): (ApprovalKind, &str, Vec<String>),
    payload: &T,
    note: &str,
) -> Result<ApprovalId, AdminError> {
    let id = mint(by.now);
    let new = NewApproval {
        id,
        kind,
        subject: subject.to_owned(),
        beneficiaries,
        payload: serde_json::to_value(payload).map_err(|e| StorageError::Unreadable(e.to_string()))?,
        note: note.to_owned(),
        proposer: by.actor.clone(),
        at: by.now,
    };
    match approvals::insert(tx, &new).await {
        Err(e) if e.is_conflict("approval_pending_once") => Err(AdminError::Pending),
        Err(e) => Err(e.into()),
        Ok(()) => Ok(id),
    }
}

pub(super) fn read<T: DeserializeOwned>(approval: &Approval) -> Result<T, StorageError> {
    serde_json::from_value(approval.payload.clone()).map_err(|e| StorageError::Unreadable(e.to_string()))
}

/// Who is lifted or equipped: proposals about people name them by id.
pub(super) fn person(approval: &Approval) -> Result<PersonId, StorageError> {
    approval.subject.parse().map_err(|_| StorageError::Unreadable("an approval's person".to_owned()))
}

pub(super) fn noted(d: &Deciding<'_>, action: &'static str, subject: String) -> Unit {
    let mut unit = Unit::new(d.caller.actor(), d.now);
    unit.audit.push(Audit { action, subject, request_id: d.caller.request_id.clone() });
    unit
}
