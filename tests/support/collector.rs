//! A collector of traces: takes what is sent to it over OTLP/HTTP, and says which spans each trace has.

use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpResponse, HttpServer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// One span, as far as tests ask.
#[derive(Debug, Clone)]
pub struct Span {
    pub trace: String,
    pub name: String,
    /// Which process sent it.
    pub process: String,
    /// Trace of each span that it is linked to.
    pub links: Vec<String>,
    pub fields: BTreeMap<String, String>,
}

impl Span {
    pub fn is(&self, name: &str, field: &str, value: &str) -> bool {
        self.name == name && self.fields.get(field).is_some_and(|v| v == value)
    }
}

pub struct Collector {
    pub url: String,
    taken: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken: Arc<Mutex<Vec<Span>>> = Arc::default();
        let kept = Data::new(Arc::clone(&taken));
        let app = move || App::new().app_data(kept.clone()).route("/v1/traces", post().to(take));
        tokio::spawn(HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, taken }
    }

    pub fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap().clone()
    }

    /// The spans of the one trace that has this span.
    pub fn trace_with(&self, name: &str, field: &str, value: &str) -> Vec<Span> {
        let all = self.spans();
        let found = all.iter().find(|span| span.is(name, field, value));
        let trace = &found.unwrap_or_else(|| panic!("no span {name} with {field} = {value}")).trace;
        all.iter().filter(|span| span.trace == *trace).cloned().collect()
    }
}

async fn take(taken: Data<Arc<Mutex<Vec<Span>>>>, body: Bytes) -> HttpResponse {
    for of_process in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
        let resource = fields(&of_process.resource.unwrap_or_default().attributes);
        let process = resource.get("service.instance.id").cloned().unwrap_or_default();
        for span in of_process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            taken.lock().unwrap().push(Span {
                trace: hex::encode(&span.trace_id),
                name: span.name,
                process: process.clone(),
                links: span.links.iter().map(|link| hex::encode(&link.trace_id)).collect(),
                fields: fields(&span.attributes),
            });
        }
    }
    HttpResponse::Ok().finish()
}

fn fields(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |a: &KeyValue| match a.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    };
    attributes.iter().filter_map(|a| Some((a.key.clone(), text(a)?))).collect()
}
