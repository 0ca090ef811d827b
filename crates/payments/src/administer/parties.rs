//! Portals, agencies, beneficiaries and contracts, as far as one person may set them up. The account of a beneficiary and
//! where a contract pays out to are changed by two persons.

use super::{AdminError, By, Made};
use domain::beneficiary::Beneficiary;
use domain::{ClientId, EndpointId};
use storage::endpoints::{self, Endpoint};
use storage::ids::mint;
use storage::principals::{self, Client};
use storage::profiles::{self, Limits, Listed};
use storage::{Tx, beneficiaries};

/// Makes a portal of this code, or renames it.
pub async fn put_client(tx: &Tx, by: &By, code: &str, name: &str) -> Result<Made<Client>, AdminError> {
    by.of_all()?;
    match principals::put_client(tx, mint(by.now), code, name).await {
        Err(e) if principals::is_code_taken(&e) => return Err(AdminError::CodeTaken(code.to_owned())),
        other => other?,
    };
    let client = principals::clients(tx, Some(code), None, 1).await?.pop().ok_or(AdminError::Absent)?;
    let id = client.id;
    Ok(Made::of(client, "client_put", id))
}

/// Nothing is sent to an endpoint of a portal any more; what waited for it is given up.
pub async fn disable_endpoint(
    tx: &Tx,
    by: &By,
    client: ClientId,
    id: EndpointId,
) -> Result<Made<Endpoint>, AdminError> {
    by.of_all()?;
    let endpoint = endpoints::lock(tx, client, id).await?.ok_or(AdminError::Absent)?;
    endpoints::disable(tx, id).await?;
    Ok(Made::of(Endpoint { disabled_at: Some(by.now), ..endpoint }, "endpoint_disabled", id))
}

/// Makes an agency of this code, or renames it.
pub async fn put_agency(tx: &Tx, by: &By, code: &str, name: &str) -> Result<Made<()>, AdminError> {
    by.of_all()?;
    beneficiaries::put_agency(tx, code, name).await?;
    Ok(Made::of((), "agency_put", code))
}

/// Makes a beneficiary with its first account, or renames it. Whoever administers some renames those.
///
/// # Errors
/// When it is there and has another account or agency.
pub async fn put_beneficiary(tx: &Tx, by: &By, new: &Beneficiary) -> Result<Made<Beneficiary>, AdminError> {
    beneficiaries::hold(tx, &new.code).await?;
    let own = by.sees(new.code.as_str()) && !beneficiaries::in_force(tx, Some(new.code.as_str())).await?.is_empty();
    if by.of_all().is_err() && !own {
        return Err(AdminError::Absent);
    }
    if beneficiaries::agencies(tx, Some(&new.agency_code)).await?.is_empty() {
        return Err(AdminError::NoAgency(new.agency_code.clone()));
    }
    beneficiaries::put_beneficiary(tx, new, by.now, &by.actor).await?;
    let stored = match beneficiaries::in_force(tx, Some(new.code.as_str())).await?.pop() {
        Some(stored) => stored,
        // by the database's clock a first account, perhaps somebody else's, may not be in force for an instant yet
        None => beneficiaries::newest(tx, new.code.as_str()).await?.ok_or(AdminError::Absent)?,
    };
    if stored != *new {
        return Err(AdminError::AccountStands(new.code.to_string()));
    }
    let detail = format!("account={}.{}", stored.bank_bin, stored.account_number);
    let code = stored.code.clone();
    Ok(Made::of(stored, "beneficiary_put", code).to(detail))
}

/// Says which amounts a contract takes.
pub async fn put_limits(tx: &Tx, by: &By, code: &str, limits: &Limits) -> Result<Made<Listed>, AdminError> {
    by.of_all()?;
    if !profiles::put_limits(tx, code, limits).await? {
        return Err(AdminError::Absent);
    }
    let profile = profiles::by_code(tx, code).await?.ok_or(AdminError::Absent)?;
    let most = limits.max_amount.map_or_else(|| "none".to_owned(), |max| max.dong().to_string());
    let detail = format!("min_amount={} max_amount={most}", limits.min_amount.dong());
    Ok(Made::of(profile, "profile_limits_put", code).to(detail))
}

/// Says for the first time where a contract's payouts come to, and how they read there; later, two persons do.
pub async fn put_payouts(tx: &Tx, by: &By, code: &str, account: &str, text: &str) -> Result<Made<()>, AdminError> {
    by.of_all()?;
    let standing = profiles::lock(tx, code).await?.ok_or(AdminError::Absent)?;
    let same = |kept: &Option<String>, told: &str| kept.as_deref().is_none_or(|kept| kept == told);
    if !same(&standing.payout_account, account) || !same(&standing.payout_text, text) {
        return Err(AdminError::AccountStands(code.to_owned()));
    }
    profiles::put_payouts(tx, code, account, text).await?;
    Ok(Made::of((), "profile_payouts_put", code).to(format!("account={account}")))
}
