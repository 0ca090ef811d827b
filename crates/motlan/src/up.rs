//! `motlan up`: the whole gateway on this machine, database and the other sides included, with sample data, and the
//! demonstration played as a client would. For trials: it makes its own test secrets and runs in sandbox mode.

mod agreements;
mod contracts;
mod database;
mod demo_config;
mod home;
mod neighbours;
mod page;
mod shared;
mod unpaid;

use crate::config::{Config, Sources};
use crate::failed::{Failed, chain};
use crate::invitations::{self, SampleLogin};
use crate::servers::{Bound, bind};
use crate::signals::End;
use crate::telemetry::Telemetry;
use crate::wiring::{Gateway, Role};
use crate::{admin, keys, sample, say, story};
use clap::Args;
use contracts::Contracts;
use database::Database;
use domain::principal::Scope;
use futures_util::future::try_join_all;
use home::{Home, Key, Keys, reset_line};
use neighbours::Neighbours;
use serde_json::{Value, json};
use shared::Shared;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use storage::Pool;

/// Where a demonstration keeps its things, in the working directory.
pub const DATA_DIR: &str = ".motlan";

#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Start everything, and play nothing
    #[arg(long)]
    pub no_story: bool,
    /// Delete the demonstration's data, and end
    #[arg(long)]
    pub reset: bool,
    /// Play the demonstration, then end with its result
    #[arg(long, conflicts_with = "no_story")]
    pub exit_after_story: bool,
    /// Where its data is kept
    #[arg(long, default_value = DATA_DIR, value_name = "DIR")]
    pub data: PathBuf,
}

/// # Errors
/// When something does not start; what did start is stopped by then.
pub async fn run(options: Options, file: Option<&Path>, json: bool) -> Result<ExitCode, Failed> {
    if options.reset {
        return reset(&options.data, json);
    }
    let end = End::listen()?;
    let home = Home::open(&options.data)?;
    let sources = Sources::of_process(Some(file.unwrap_or(&home.config_file())));
    let database = Database::start(&home, &sources.env).await?;
    let outcome = match Shared::start(&home, &sources.env).await {
        Ok(shared) => {
            let outcome = with_servers(&options, &home, (&database, &shared), sources, json, end).await;
            // it held nothing that is missed
            let _ = shared.stop().await;
            outcome
        }
        Err(error) => Err(error),
    };
    let stopped = database.stop().await;
    let code = outcome?;
    stopped.map(|()| code)
}

/// The configuration of the instance that runs in `data`.
///
/// # Errors
/// When none does.
pub fn sources_of(data: &Path) -> Result<Sources, Failed> {
    Home::sources_of(data)
}

/// Plays the demonstration against the instance whose `run.json` lies in `data`.
pub async fn story(data: &Path) -> Result<ExitCode, Failed> {
    tell(data.join("run.json")).await
}

fn reset(data: &Path, json: bool) -> Result<ExitCode, Failed> {
    Home::delete(data)?;
    say::result(json, &json!({"deleted": data.display().to_string()}));
    Ok(ExitCode::SUCCESS)
}

async fn with_servers(
    options: &Options,
    home: &Home,
    (database, shared): (&Database, &Shared),
    mut sources: Sources,
    json: bool,
    end: End,
) -> Result<ExitCode, Failed> {
    let found =
        [("database.url", Some(database.url.clone())), ("database.owner_url", Some(database.owner_url.clone()))];
    let found = found.into_iter().chain([("redis.url", shared.url())]);
    let found: Vec<_> = found.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    sources.computed = [neighbours::not_yet(), found.clone()].concat();
    let neighbours = Neighbours::start(home, &Contracts::read(known(home, &sources)?).await?).await?;
    let bound = listeners(&sources.env)?;
    sources.computed = [neighbours.computed(), found].concat();
    let config = Config::load(&sources)?;
    let telemetry = Telemetry::start(&config.log, config.otlp_endpoint.as_deref())?;
    sample::put(&admin::pool(&config)?).await?;
    let gateway = Gateway::start_on(bound, &config, Role::Both, telemetry.render()).await?;
    telemetry.watch_process(&gateway);
    let watch = telemetry.watch_backlog(gateway.ctx.pool.clone());
    neighbours.tell_where_we_are(&gateway.base_url()).await?;
    agreements::put(&gateway.ctx.pool).await?;
    let keys = usable_keys(home, &config, &gateway.ctx.pool).await?;
    let logins = [sample::ACCOUNTANT, sample::APPROVER].map(|person| invitations::sample_login(&gateway.ctx, person));
    let logins = try_join_all(logins).await?;
    let run = run_file(home, (database, shared), &neighbours, &gateway, (&keys, &logins));
    home.write_run_files(&run, &sources.computed)?;
    say::line(&gateway.addresses.ready_line());
    let unpaid = unpaid::dossier(home, &gateway.base_url(), &keys.client.key).await?;
    let page = if json { String::new() } else { page::text(&run, (database, shared), home, &neighbours, &unpaid) };
    say::line(&page);
    let code = stay(options, home, &page, end).await;
    watch.abort();
    home.remove_run_files();
    // what it still asks of them is answered
    gateway.stop().await;
    neighbours.stop().await;
    tokio::task::spawn_blocking(|| telemetry.stop()).await?;
    Ok(code)
}

/// The configuration before anybody else is there. One of another version lacks what this one needs.
fn known(home: &Home, sources: &Sources) -> Result<Config, Failed> {
    Config::load(sources).map_err(|error| {
        let (file, again) = (home.config_file(), reset_line(home.dir()));
        let hint = format!("is {} of another version of motlan? `{again}` starts again", file.display());
        format!("{}\n{hint}", chain(&error)).into()
    })
}

/// Plays the story, then waits to be ended; a wish to end interrupts it.
async fn stay(options: &Options, home: &Home, page: &str, mut end: End) -> ExitCode {
    let play = async {
        if options.no_story {
            return None;
        }
        let told = tell(home.run_file()).await;
        if let Err(error) = &told {
            say::line(&format!("The demonstration failed: {}", chain(&**error)));
        }
        Some(told.unwrap_or(ExitCode::FAILURE))
    };
    tokio::select! {
        told = play => match told {
            Some(code) if options.exit_after_story => return code,
            // the story has scrolled it away
            Some(_) => say::line(page),
            None => {}
        },
        () = end.wished() => return ExitCode::SUCCESS,
    }
    end.wished().await;
    ExitCode::SUCCESS
}

async fn tell(run_file: PathBuf) -> Result<ExitCode, Failed> {
    story::run(story::Options { run_file }).await?;
    Ok(ExitCode::SUCCESS)
}

/// The usual ports where they are free, else any; a port that the environment names, or none.
fn listeners(env: &[(String, String)]) -> Result<Bound, Failed> {
    let listener = |key: &'static str, usual: &str| -> Result<TcpListener, Failed> {
        let name = crate::config::table::env_name(key);
        match env.iter().find(|(n, value)| *n == name && !value.is_empty()) {
            Some((_, wanted)) => Ok(bind(key, wanted)?),
            None => Ok(bind(key, usual).or_else(|_| bind(key, "127.0.0.1:0"))?),
        }
    };
    Ok(Bound {
        public: Some(listener("http.listen", "127.0.0.1:8080")?),
        staff: Some(listener("staff.listen", "127.0.0.1:8081")?),
        ops: listener("ops.listen", "127.0.0.1:8082")?,
    })
}

/// The keys of an earlier start where this database still knows them, else new ones.
async fn usable_keys(home: &Home, config: &Config, pool: &Pool) -> Result<Keys, Failed> {
    let db = pool.get().await?;
    if let Some(keys) = home.keys()
        && keys::is_active(&db, &keys.client.id).await?
        && keys::is_active(&db, &keys.staff.id).await?
        && keys::is_active(&db, &keys.approver.id).await?
        && keys::is_active(&db, &keys.officer.id).await?
    {
        return Ok(keys);
    }
    drop(db);
    let desk = [Scope::CounterWrite.as_str().to_owned()];
    let keys = Keys {
        client: serde_json::from_value::<Key>(keys::create(pool, config, sample::PORTAL, &[]).await?)?,
        staff: serde_json::from_value::<Key>(keys::create(pool, config, sample::ACCOUNTANT, &[]).await?)?,
        approver: serde_json::from_value::<Key>(keys::create(pool, config, sample::APPROVER, &[]).await?)?,
        officer: serde_json::from_value::<Key>(keys::create(pool, config, sample::OFFICER, &desk).await?)?,
    };
    home.keep_keys(&keys)?;
    Ok(keys)
}

fn run_file(
    home: &Home,
    (database, shared): (&Database, &Shared),
    neighbours: &Neighbours,
    gateway: &Gateway,
    (keys, logins): (&Keys, &[SampleLogin]),
) -> Value {
    let base_url = gateway.base_url();
    json!({
        "base_url": base_url,
        "staff_url": gateway.staff_url(),
        "ops_url": gateway.ops_url(),
        "docs_url": format!("{base_url}/docs/"),
        "client_key": keys.client.key,
        "staff_key": keys.staff.key,
        "approver_key": keys.approver.key,
        "officer_key": keys.officer.key,
        "console_url": format!("{}/console", gateway.staff_url()),
        "console_logins": logins,
        "counter": agreements::COUNTER,
        "database_url_readonly": database.readonly_url,
        "simulators": neighbours.shown(),
        "pids": {"motlan": std::process::id(), "postgres": database.pid(), "redis": shared.pid()},
        "data_dir": home.dir().display().to_string(),
    })
}
