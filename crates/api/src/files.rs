//! Files that staff send: banks' statements, providers' settlements. The caller is known before the body is read, and the
//! body is larger and slower than any other.

use crate::State;
use crate::door::{named, request_id};
use crate::problem::{Code, Problem};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// Reads the whole file within the limits of this deployment.
pub(crate) async fn read(req: &HttpRequest, state: &State, mut payload: Payload) -> Result<Arc<[u8]>, Problem> {
    let most = state.limits.max_file_bytes;
    let too_large = || Problem::with(Code::BodyTooLarge, format!("a file is at most {most} bytes"));
    let announced = req.headers().get("content-length").and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let read = async {
        let mut file: Vec<u8> = Vec::with_capacity(announced.unwrap_or_default());
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::with(Code::BodyMalformed, "the body broke off"))?;
            if file.len() + chunk.len() > most {
                return Err(too_large());
            }
            file.extend_from_slice(&chunk);
        }
        Ok(Arc::from(file))
    };
    tokio::time::timeout(Duration::from_millis(state.limits.file_timeout_ms), read)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::BodyTimeout)))
}

/// A file that was refused: why, and where reading stopped.
pub(crate) fn refused(error: &statement::ReadError) -> Problem {
    placed(error.reason.to_string(), error.at)
}

/// A file that can be read, and whose content we cannot take. What no line says is said of the first.
pub(crate) fn unfit(why: &str, at: Option<statement::Place>) -> Problem {
    placed(why.to_owned(), at.unwrap_or(statement::Place { line: 1, byte: None }))
}

fn placed(why: String, at: statement::Place) -> Problem {
    let problem = Problem::with(Code::FileRefused, why).and("line", at.line);
    match at.byte {
        Some(byte) => problem.and("offset", byte),
        None => problem,
    }
}

/// Work on a file goes on when its sender hangs up.
pub(crate) async fn detached<F>(work: F) -> Result<HttpResponse, Problem>
where
    F: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    actix_web::rt::spawn(named(request_id(), work)).await.unwrap_or_else(|_| Err(Problem::new(Code::Internal)))
}
