//! What is kept of a payer: shown to an administrator on the person's behalf, and erased.

use crate::admin::{by, pool};
use crate::cli::{PayerCommand, Person};
use crate::config::Config;
use crate::failed::Failed;
use domain::party::IdentityKind;
use payments::erase_payer::{self, Asked, Registered};
use serde_json::{Value, json};
use storage::Vault;

pub async fn payer(config: &Config, command: PayerCommand) -> Result<Value, Failed> {
    let (PayerCommand::Show(person) | PayerCommand::Erase(person)) = &command;
    let (kind, number) = (person.identity_kind.parse::<IdentityKind>()?, number(person)?);
    let (pool, vault) = (pool(config)?, Vault::new(config.secret("keys.pii")?)?);
    let by = by();
    let asked = Asked { kind, number: &number, actor: &by.actor, now: by.now };
    if matches!(command, PayerCommand::Show(_)) {
        return Ok(erase_payer::read(&pool, &vault, &asked).await?.iter().map(shown).collect());
    }
    let erased = erase_payer::erase(&pool, &vault, &asked).await?;
    Ok(json!({"registrations": erased.parties, "statement_lines": erased.statement_lines}))
}

fn number(person: &Person) -> Result<String, Failed> {
    if person.identity_number != "-" {
        return Ok(person.identity_number.clone());
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn shown(r: &Registered) -> Value {
    let p = &r.party;
    json!({"registration": r.party_id.simple().to_string(), "name": p.name, "identity_kind": p.identity_kind.as_str(),
        "identity_number": p.identity_number, "address": p.address, "phone": p.phone, "email": p.email})
}
