//! Counters from the command line.

use crate::admin::{by, pool};
use crate::cli::CounterCommand;
use crate::config::Config;
use crate::failed::Failed;
use domain::codes::{AccountCode, CounterCode, ProfileCode};
use payments::administer::counters::{NewCounter, put};
use payments::administer::once;
use serde_json::{Value, json};
use storage::Tx;
use storage::counters::{self, Counter};

pub async fn counter(config: &Config, command: CounterCommand) -> Result<Value, Failed> {
    let (pool, by) = (pool(config)?, by());
    match command {
        CounterCommand::List => {
            let found = counters::all(&*pool.get().await?, None).await?;
            Ok(found.iter().map(shown).collect())
        }
        CounterCommand::Put { code, name, account, beneficiaries, terminal } => {
            let new = NewCounter {
                code: CounterCode::new(code)?,
                name,
                account: AccountCode::new(account)?,
                terminal: terminal.map(ProfileCode::new).transpose()?,
                beneficiaries,
            };
            Ok(shown(&once(&pool, &by, async |tx: &Tx| put(tx, &by, &new).await).await?))
        }
    }
}

fn shown(c: &Counter) -> Value {
    json!({"code": c.code, "name": c.name, "account": c.account, "terminal": c.terminal,
        "beneficiaries": c.beneficiaries, "drawer": c.drawer})
}
