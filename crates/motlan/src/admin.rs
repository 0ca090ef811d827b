//! What the province sets up from the command line: portals, people, agencies, beneficiaries, contracts; and what is set up.

use crate::accounts;
use crate::cli::{AgencyCommand, BeneficiaryCommand, ClientCommand, KeyCommand, ProfileCommand, UserCommand};
use crate::config::Config;
use crate::credentials;
use crate::failed::Failed;
use crate::invitations;
use crate::keys;
use crate::outside;
use domain::beneficiary::Beneficiary;
use domain::codes::{BeneficiaryCode, GivenCode};
use domain::fee::ProviderFee;
use domain::role::Role;
use domain::{ClientId, EndpointId, Vnd};
use jiff::Timestamp;
use payments::administer::persons::{self, Named};
use payments::administer::{By, contract_fees, once, parties};
use serde_json::{Value, json};
use storage::persons::{Filter, Person};
use storage::profiles::Limits;
use storage::{Pool, Tx, beneficiaries, endpoints, principals, profiles};

/// More than any list here has.
const ALL: i64 = 100_000;

/// The pool of a command: it needs the application's role and nothing else.
pub fn pool(config: &Config) -> Result<Pool, Failed> {
    Ok(Pool::new(config.secret("database.url")?, &config.pool)?)
}

/// Whoever has the command line, as the books name them: whose account of the machine it is, where that is told.
pub fn by() -> By {
    let user = ["SUDO_USER", "USER"].iter().find_map(|name| std::env::var(name).ok());
    let plain = |user: &String| {
        (1..=32).contains(&user.len())
            && user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    let actor = user.filter(plain).map_or_else(|| "cli".to_owned(), |user| format!("cli:{user}"));
    let now = Timestamp::now();
    // as finely as the database keeps it
    let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
    By { actor, request_id: String::new(), person: None, beneficiaries: Vec::new(), now }
}

pub async fn client(config: &Config, command: ClientCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    match command {
        ClientCommand::Create { code, name } => {
            let (code, name) = named(code, name)?;
            let made = once(&pool, &by, async |tx: &Tx| parties::put_client(tx, &by, &code, &name).await).await?;
            Ok(json!({"id": made.id, "code": made.code, "name": made.name}))
        }
        ClientCommand::List => {
            let found = principals::clients(&*pool.get().await?, None, None, ALL).await?;
            Ok(found.iter().map(|c| json!({"id": c.id, "code": c.code, "name": c.name})).collect())
        }
        ClientCommand::Endpoints { code } => {
            let client = client_of(&pool, &code).await?;
            let found = endpoints::list(&*pool.get().await?, client, None, ALL).await?;
            Ok(found.iter().map(|e| json!({"id": e.id, "url": e.url, "streams": e.stream_kinds})).collect())
        }
        ClientCommand::DisableEndpoint { code, id } => {
            let (client, id): (ClientId, EndpointId) = (client_of(&pool, &code).await?, id.parse()?);
            let work = async |tx: &Tx| parties::disable_endpoint(tx, &by, client, id).await;
            let endpoint = once(&pool, &by, work).await?;
            Ok(json!({"id": endpoint.id, "url": endpoint.url, "disabled": true}))
        }
    }
}

async fn client_of(pool: &Pool, code: &str) -> Result<ClientId, Failed> {
    let found = principals::clients(&*pool.get().await?, Some(code), None, 1).await?.pop();
    Ok(found.ok_or_else(|| format!("there is no client {code}"))?.id)
}

pub async fn user(config: &Config, command: UserCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    let set = async |person: &Person, named: &Named| {
        once(&pool, &by, async |tx: &Tx| persons::set(tx, &by, person.id, named).await).await.map(|set| set.person)
    };
    let switched = async |code: String, disabled: bool| -> Result<Person, Failed> {
        let person = person_of(&pool, &code).await?;
        Ok(once(&pool, &by, async |tx: &Tx| persons::disable(tx, &by, person.id, disabled).await).await?.person)
    };
    let person = match command {
        UserCommand::List => {
            let mut found = storage::persons::page(&*pool.get().await?, &Filter::default(), None, ALL).await?;
            found.sort_by(|a, b| a.code.cmp(&b.code));
            return Ok(found.iter().map(person_shown).collect());
        }
        UserCommand::Create { code, name, roles, beneficiaries } => {
            let (code, name) = named(code, name)?;
            let named = Named { name, roles: roles.as_deref().map(read_roles).transpose()?, beneficiaries };
            once(&pool, &by, async |tx: &Tx| persons::put(tx, &by, &code, &named).await).await?.person
        }
        UserCommand::Set { code, name, roles, beneficiaries } => {
            let person = person_of(&pool, &code).await?;
            let (_, name) = named(code, name.unwrap_or_else(|| person.name.clone()))?;
            let named = Named {
                name,
                roles: roles.as_deref().map(read_roles).transpose()?,
                beneficiaries: beneficiaries.map_or_else(|| person.beneficiaries.clone(), without_blanks),
            };
            set(&person, &named).await?
        }
        UserCommand::Invite { code } => return invitations::invite(config, &pool, &code).await,
        UserCommand::Link { code, subject } => return outside::link(config, &pool, &code, &subject).await,
        UserCommand::Unlink { code } => return outside::unlink(&pool, &code).await,
        UserCommand::Disable { code } => switched(code, true).await?,
        UserCommand::Enable { code } => switched(code, false).await?,
    };
    Ok(person_shown(&person))
}

/// As the API takes them: a code, and a name that is no more than a name wherever it is printed.
fn named(code: String, name: String) -> Result<(String, String), Failed> {
    let code = GivenCode::new(code)?;
    let fits = (1..=200).contains(&name.chars().count()) && !name.trim().is_empty();
    if !fits || name.chars().any(char::is_control) {
        return Err("a name has 1 to 200 characters, none of which is a control character".into());
    }
    Ok((code.to_string(), name))
}

async fn person_of(pool: &Pool, code: &str) -> Result<Person, Failed> {
    let filter = Filter { code: Some(code.to_owned()), ..Filter::default() };
    let found = storage::persons::page(&*pool.get().await?, &filter, None, 1).await?.pop();
    Ok(found.ok_or_else(|| format!("there is no person {code}"))?)
}

fn read_roles(words: &[String]) -> Result<Vec<Role>, Failed> {
    let words = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
    Ok(words.map(str::parse).collect::<Result<_, _>>()?)
}

/// `--beneficiaries ''` is one empty word.
fn without_blanks(words: Vec<String>) -> Vec<String> {
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn person_shown(p: &Person) -> Value {
    let roles: Vec<&str> = p.roles.iter().map(|role| role.as_str()).collect();
    json!({"id": p.id, "code": p.code, "name": p.name, "roles": roles, "beneficiaries": p.beneficiaries,
        "disabled_at": p.disabled_at})
}

pub async fn key(config: &Config, command: KeyCommand) -> Result<Value, Failed> {
    let pool = pool(config)?;
    Ok(match command {
        KeyCommand::Create { holder, scopes } => keys::create(&pool, config, &holder, &scopes).await?,
        KeyCommand::List { holder } => keys::list(&*pool.get().await?, holder.as_deref()).await?,
        KeyCommand::Rotate { id } => keys::rotate(&pool, config, &id).await?,
        KeyCommand::Revoke { id } => keys::revoke(&pool, &id).await?,
    })
}

pub async fn agency(config: &Config, command: AgencyCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    match command {
        AgencyCommand::Put { code, name } => {
            let (code, name) = named(code, name)?;
            once(&pool, &by, async |tx: &Tx| parties::put_agency(tx, &by, &code, &name).await).await?;
            Ok(json!({"code": code, "name": name}))
        }
        AgencyCommand::List => {
            let found = beneficiaries::agencies(&*pool.get().await?, None).await?;
            Ok(found.iter().map(|(code, name)| json!({"code": code, "name": name})).collect())
        }
    }
}

pub async fn beneficiary(config: &Config, command: BeneficiaryCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    let args = match command {
        BeneficiaryCommand::Create(args) => args,
        BeneficiaryCommand::List => {
            let found = beneficiaries::in_force(&*pool.get().await?, None).await?;
            return Ok(found.iter().map(shown).collect());
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
        let code = &new.agency_code;
        once(&pool, &by, async |tx: &Tx| parties::put_agency(tx, &by, code, &name).await).await?;
    }
    let stored = once(&pool, &by, async |tx: &Tx| parties::put_beneficiary(tx, &by, &new).await).await?;
    Ok(shown(&stored))
}

pub async fn profile(config: &Config, command: ProfileCommand) -> Result<Value, Failed> {
    let (code, limits) = match command {
        ProfileCommand::Payouts { code, account, text } => {
            return accounts::payouts(config, &code, &account, &text).await;
        }
        ProfileCommand::Credentials(command) => return credentials::credentials(config, command).await,
        ProfileCommand::List => {
            let listed = profiles::list(&*pool(config)?.get().await?).await?;
            return Ok(listed.iter().map(|p| profile_shown(config, p)).collect());
        }
        ProfileCommand::Fees { code } => {
            let fees = profiles::fees(&*pool(config)?.get().await?, &code).await?;
            return Ok(fees.iter().map(fee_shown).collect());
        }
        ProfileCommand::Fee { code, from, rate_ppm, rounding, fixed } => {
            if !(0..1_000_000).contains(&rate_ppm) {
                return Err("a rate is 0 to 999999".into());
            }
            let fee = ProviderFee { from, rate_ppm, rounding, fixed: Vnd::amount(fixed)? };
            let (pool, by) = (pool(config)?, by());
            let fees = once(&pool, &by, async |tx: &Tx| contract_fees::put(tx, &by, &code, &fee).await).await?;
            return Ok(fees.iter().map(fee_shown).collect());
        }
        ProfileCommand::Limits { code, min_amount, max_amount } => {
            if min_amount < 1 || max_amount.is_some_and(|max| max < min_amount) {
                return Err("min_amount is 1 or more, and max_amount not below it".into());
            }
            let (min_amount, max_amount) = (Vnd::amount(min_amount)?, max_amount.map(Vnd::amount).transpose()?);
            (code, Limits { min_amount, max_amount })
        }
    };
    let (pool, by) = (pool(config)?, by());
    let set = once(&pool, &by, async |tx: &Tx| parties::put_limits(tx, &by, &code, &limits).await).await?;
    Ok(profile_shown(config, &set))
}

fn profile_shown(config: &Config, p: &profiles::Listed) -> Value {
    let configured = config.profiles.iter().any(|known| known.code.as_str() == p.code);
    json!({"code": p.code, "channel": p.channel, "beneficiaries": p.beneficiaries, "configured": configured,
        "payout_account": p.payout_account, "payout_text": p.payout_text,
        "min_amount": p.limits.min_amount.dong(), "max_amount": p.limits.max_amount.map(Vnd::dong)})
}

fn fee_shown(fee: &ProviderFee) -> Value {
    json!({"from": fee.from.to_string(), "rate_ppm": fee.rate_ppm, "rounding": fee.rounding.as_str(),
        "fixed": fee.fixed.dong()})
}

fn shown(b: &Beneficiary) -> Value {
    json!({"code": b.code, "agency_code": b.agency_code, "name": b.name, "account_kind": b.account_kind.as_str(),
        "bank_bin": b.bank_bin, "account_number": b.account_number, "account_name": b.account_name})
}
