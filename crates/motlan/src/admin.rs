//! What the province sets up from the command line: clients, people, beneficiaries; and what is set up.

use crate::accounts;
use crate::cli::{BeneficiaryCommand, ClientCommand, KeyCommand, ProfileCommand, UserCommand};
use crate::config::Config;
use crate::failed::Failed;
use crate::keys;
use domain::beneficiary::Beneficiary;
use domain::codes::BeneficiaryCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use storage::{Pool, beneficiaries, ids, principals, profiles};

/// Who made what is made here, as the books name it.
pub const BY: &str = "cli";

/// The pool of a command: it needs the application's role and nothing else.
pub fn pool(config: &Config) -> Result<Pool, Failed> {
    Ok(Pool::new(config.secret("database.url")?, &config.pool)?)
}

pub async fn client(config: &Config, command: ClientCommand) -> Result<Value, Failed> {
    let ClientCommand::Create { code, name } = command;
    let db = pool(config)?.get().await?;
    let id = principals::put_client(&db, ids::mint(Timestamp::now()), &code, &name).await?;
    Ok(json!({"id": id, "code": code, "name": name}))
}

pub async fn user(config: &Config, command: UserCommand) -> Result<Value, Failed> {
    let UserCommand::Create { code, name, beneficiaries } = command;
    let db = pool(config)?.get().await?;
    for beneficiary in &beneficiaries {
        if beneficiaries::in_force(&db, Some(beneficiary)).await?.is_empty() {
            return Err(format!("there is no beneficiary {beneficiary}").into());
        }
    }
    let id = principals::put_person(&db, ids::mint(Timestamp::now()), &code, &name, &beneficiaries).await?;
    Ok(json!({"id": id, "code": code, "name": name, "beneficiaries": beneficiaries}))
}

pub async fn key(config: &Config, command: KeyCommand) -> Result<Value, Failed> {
    let db = pool(config)?.get().await?;
    Ok(match command {
        KeyCommand::Create { holder, scopes } => keys::create(&db, config, &holder, &scopes).await?,
        KeyCommand::List { holder } => keys::list(&db, holder.as_deref()).await?,
        KeyCommand::Rotate { id } => keys::rotate(&db, config, &id).await?,
        KeyCommand::Revoke { id } => keys::revoke(&db, &id).await?,
    })
}

pub async fn beneficiary(config: &Config, command: BeneficiaryCommand) -> Result<Value, Failed> {
    let db = pool(config)?.get().await?;
    let args = match command {
        BeneficiaryCommand::Create(args) => args,
        BeneficiaryCommand::List => {
            return Ok(beneficiaries::in_force(&db, None).await?.iter().map(shown).collect());
        }
    };
    let new = Beneficiary {
        code: BeneficiaryCode::new(args.code)?,
        agency_code: args.agency,
        name: args.name,
        account_kind: args.account_kind.parse()?,
        bank_bin: args.bank_bin,
        account_number: args.account_number,
        account_name: args.account_name,
    };
    if let Some(name) = args.agency_name {
        beneficiaries::put_agency(&db, &new.agency_code, &name).await?;
    }
    beneficiaries::put_beneficiary(&db, &new, Timestamp::now(), BY).await?;
    let stored = beneficiaries::in_force(&db, Some(new.code.as_str())).await?;
    stored.first().map(shown).ok_or_else(|| "its account is not in force yet".into())
}

pub async fn profile(config: &Config, command: ProfileCommand) -> Result<Value, Failed> {
    if let ProfileCommand::Payouts { code, account, text } = command {
        return accounts::payouts(config, &code, &account, &text).await;
    }
    let db = pool(config)?.get().await?;
    let listed = profiles::list(&db).await?;
    let configured = |code: &str| config.profiles.iter().any(|p| p.code.as_str() == code);
    Ok(listed
        .iter()
        .map(|p| {
            json!({"code": p.code, "channel": p.channel, "beneficiaries": p.beneficiaries,
                "configured": configured(&p.code)})
        })
        .collect())
}

fn shown(b: &Beneficiary) -> Value {
    json!({"code": b.code, "agency_code": b.agency_code, "name": b.name, "account_kind": b.account_kind.as_str(),
        "bank_bin": b.bank_bin, "account_number": b.account_number, "account_name": b.account_name})
}
