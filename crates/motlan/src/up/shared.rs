//! The demonstration's Redis: the one that the environment names, or a private one beside the program where
//! `redis-server` is installed. Without one the process counts for itself, which for one process is as good.

use super::home::Home;
use crate::failed::{Failed, chain};
use embedded::Redis;

pub struct Shared {
    redis: Option<Redis>,
    /// Where people find it.
    pub place: String,
}

impl Shared {
    /// What does not start is done without, and said.
    pub async fn start(home: &Home, env: &[(String, String)]) -> Result<Self, Failed> {
        if env.iter().any(|(name, value)| name == "MOTLAN_REDIS__URL" && !value.is_empty()) {
            return Ok(Self { redis: None, place: "the server that MOTLAN_REDIS__URL names".to_owned() });
        }
        let Some(program) = embedded::find_redis() else {
            return Ok(Self {
                redis: None,
                place: "none (redis-server is not installed): counted in the process".to_owned(),
            });
        };
        let dir = home.redis();
        let started = tokio::task::spawn_blocking(move || Redis::start(&program, &dir)).await?;
        Ok(match started {
            Ok(redis) => Self { place: redis.socket().display().to_string(), redis: Some(redis) },
            Err(error) => Self { redis: None, place: format!("none ({}): counted in the process", chain(&error)) },
        })
    }

    /// None where it is not ours, or none.
    pub fn url(&self) -> Option<String> {
        self.redis.as_ref().map(Redis::url)
    }

    pub fn pid(&self) -> Option<u32> {
        self.redis.as_ref().map(Redis::pid)
    }

    pub async fn stop(self) -> Result<(), Failed> {
        match self.redis {
            Some(redis) => Ok(tokio::task::spawn_blocking(move || redis.stop()).await??),
            None => Ok(()),
        }
    }
}
