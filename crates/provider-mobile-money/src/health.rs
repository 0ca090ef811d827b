//! The heartbeat (GSMA 1.2, section 4.4): what the provider says of its own service.

use crate::api::{Call, not_good};
use crate::object::ill;
use crate::{Gateway, wire};
use provider::{Health, ProviderError};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heartbeat {
    service_status: ServiceStatus,
    planned_restoration_time: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ServiceStatus {
    Available,
    Unavailable,
    Degraded,
}

impl Gateway {
    pub(crate) async fn heartbeat(&self) -> Result<Health, ProviderError> {
        let heard = self.call(&Call::get("/heartbeat", None)).await?;
        if heard.status != 200 {
            return Err(not_good(&heard));
        }
        let beat: Heartbeat = serde_json::from_slice(&heard.body).map_err(|_| ill("not a heartbeat"))?;
        Ok(Health {
            is_up: beat.service_status != ServiceStatus::Unavailable,
            is_degraded: beat.service_status == ServiceStatus::Degraded,
            back_at: beat.planned_restoration_time.as_deref().and_then(wire::instant),
        })
    }
}
