//! What a provider says of itself (OpenID Connect Discovery 1.0, section 3), as far as it is used, and where it may send us.

use crate::{Settings, SettingsError};
use identity::outside::OutsideError;
use serde::Deserialize;
use url::{Host, Url};

/// Under the issuer's own address, and nowhere else (section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Which addresses are a provider's.
pub(crate) struct Rules {
    issuer: Url,
    pub hosts: Vec<Host>,
    pub is_trial: bool,
}

impl Rules {
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let issuer = Url::parse(&settings.issuer).map_err(|_| SettingsError::Issuer)?;
        let host = issuer.host().ok_or(SettingsError::Issuer)?.to_owned();
        let host_of = |text: &String| Host::parse(text).map_err(|_| SettingsError::Host(text.clone()));
        let mut hosts: Vec<Host> = settings.hosts.iter().map(host_of).collect::<Result<_, _>>()?;
        hosts.push(host);
        let rules = Self { issuer, hosts, is_trial: settings.is_trial };
        let is_plain = rules.issuer.query().is_none() && rules.issuer.fragment().is_none();
        if is_plain && rules.allow(&rules.issuer) { Ok(rules) } else { Err(SettingsError::Issuer) }
    }

    pub fn description_url(&self) -> Url {
        let mut url = self.issuer.clone();
        let path = format!("{}{WELL_KNOWN}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    fn allow(&self, url: &Url) -> bool {
        let scheme = url.scheme() == "https" || self.is_trial && url.scheme() == "http";
        let listed =
            url.host().is_some_and(|host| self.hosts.iter().any(|listed| listed.to_string() == host.to_string()));
        let public = self.is_trial || url.host().is_some_and(|host| outgoing::may_be_public(&host));
        scheme && listed && public && url.username().is_empty() && url.password().is_none()
    }
}

pub(crate) struct Description {
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub jwks_uri: Url,
    pub end_session_endpoint: Option<Url>,
    /// The secret goes in the header; else in the form.
    pub takes_basic: bool,
    /// Its answers say whose they are (RFC 9207, section 3).
    pub names_itself: bool,
}

#[derive(Deserialize)]
struct Wire {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Description {
    /// # Errors
    /// What in it is not to be followed.
    pub fn read(body: &[u8], issuer: &str, rules: &Rules) -> Result<Self, OutsideError> {
        let wire: Wire = serde_json::from_slice(body).map_err(|_| OutsideError::Description("it is not readable"))?;
        // letter by letter (section 4.3)
        if wire.issuer != issuer {
            return Err(OutsideError::Description("it is another issuer's"));
        }
        let own = |text: String| {
            let url = Url::parse(&text).ok().filter(|url| rules.allow(url));
            url.ok_or(OutsideError::Description("an endpoint is at a place that is not listed"))
        };
        let takes = |method: &str| {
            wire.token_endpoint_auth_methods_supported.as_ref().map(|all| all.iter().any(|one| one == method))
        };
        // by default the header (section 3)
        let takes_basic = takes("client_secret_basic").unwrap_or(true);
        if !takes_basic && takes("client_secret_post") != Some(true) {
            return Err(OutsideError::Description("it takes no secret of a client"));
        }
        Ok(Self {
            authorization_endpoint: own(wire.authorization_endpoint)?,
            token_endpoint: own(wire.token_endpoint)?,
            jwks_uri: own(wire.jwks_uri)?,
            end_session_endpoint: wire.end_session_endpoint.map(own).transpose()?,
            takes_basic,
            names_itself: wire.authorization_response_iss_parameter_supported,
        })
    }
}
