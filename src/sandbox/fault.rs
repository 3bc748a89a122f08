//! Scripted misfortune: what a fault does to an answer, and which request it meets.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::api::operation::operation;
use crate::error::Error;
use crate::json::{ObjectReader, pointer_step};

use super::clock;
use super::reply::{JSON, Reply};

/// An hour: nothing that a test or a player waits for takes longer.
const LONGEST_MS: u64 = 3_600_000;
/// 256 MiB: more than any client takes, less than a small machine has.
const LARGEST: u64 = 256 << 20;
/// Below this there is no room for a document.
const SMALLEST: u64 = 64;

/// What happens instead of, or to, an answer.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// Whether the operation is carried out.
    pub(super) process: bool,
    pub(super) delay: Duration,
    pub(super) delivery: Delivery,
    status: Option<StatusCode>,
    body: Option<NewBody>,
    headers: HeaderMap,
    retry_after: Option<RetryAfter>,
}

/// How an answer travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delivery {
    /// None: there is an answer.
    pub(super) silence: Option<Silence>,
    pub(super) truncate: bool,
    pub(super) close: bool,
    pub(super) drip: Option<Duration>,
}

/// How a connection ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Closed,
    Reset,
}

#[derive(Debug)]
enum NewBody {
    Bytes(Bytes),
    Empty,
    Sized(usize),
    Envelope(String),
    Page(String),
}

#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    Seconds(u64),
    /// A date, so many seconds after (or before) the answer's own.
    DateIn(i64),
}

/// One queued fault.
struct Fault {
    /// None meets every request.
    operation: Option<&'static str>,
    after: u64,
    /// None: until cleared.
    times: Option<u64>,
    effect: Arc<Effect>,
}

/// The queue.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Queues the fault that a command describes; answers how many are queued now.
    pub(super) fn add(&mut self, fault: ParsedFault) -> usize {
        self.0.push(fault.0);
        self.0.len()
    }

    /// The fault that meets this request, if one does. Every fault that matches counts the request, but
    /// only the first that is due meets it.
    pub(super) fn meet(&mut self, id: Option<&str>) -> Option<Arc<Effect>> {
        let mut met = None;
        for (at, fault) in self.0.iter_mut().enumerate() {
            if fault.operation.is_some_and(|operation| Some(operation) != id) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
            } else if met.is_none() {
                met = Some((at, Arc::clone(&fault.effect)));
            }
        }
        let (at, effect) = met?;
        let fault = &mut self.0[at];
        fault.times = fault.times.map(|times| times - 1);
        if fault.times == Some(0) {
            self.0.remove(at);
        }
        Some(effect)
    }
}

/// A fault whose every key was checked.
pub(super) struct ParsedFault(Fault);

impl ParsedFault {
    pub(super) fn parse(mut reader: ObjectReader) -> Result<ParsedFault, Error> {
        let operation = whom(&mut reader)?;
        let times = reader.take_integer("times", 0..=u64::MAX)?.unwrap_or(1);
        let after = reader.take_integer("after", 0..=u64::MAX)?.unwrap_or(0);
        let effect = Effect::parse(&mut reader)?;
        reader.finish()?;
        Ok(ParsedFault(Fault {
            operation,
            after,
            times: (times > 0).then_some(times),
            effect: Arc::new(effect),
        }))
    }
}

fn whom(reader: &mut ObjectReader) -> Result<Option<&'static str>, Error> {
    match reader.take_string("operation")?.as_deref() {
        Some("*") => Ok(None),
        Some(id) => operation(id)
            .map(|row| Some(row.id))
            .ok_or_else(|| Error::invalid("/operation", format!("The API has no operation {id:?}."))),
        None => Err(Error::invalid(
            "/operation",
            "`operation` is missing. It must be the id of an operation, or \"*\" for all.",
        )),
    }
}

impl Effect {
    fn parse(reader: &mut ObjectReader) -> Result<Effect, Error> {
        let process = reader.take_bool("process")?;
        let delay = milliseconds(reader, "delay_ms")?;
        let silence = silence(reader, process)?;
        let status = reader
            .take_integer("status", 200..=599)?
            .and_then(|status| StatusCode::from_u16(status as u16).ok());
        let body = NewBody::parse(reader, status)?;
        let headers = headers(reader)?;
        let retry_after = RetryAfter::parse(reader)?;
        let delivery = Delivery {
            silence: silence.map(|(silence, _)| silence),
            truncate: reader.take_bool("truncate")?.unwrap_or(false),
            close: reader.take_bool("close")?.unwrap_or(false),
            drip: milliseconds(reader, "drip_ms")?,
        };
        let (default, answers) = match silence {
            Some((_, processed)) => (processed, false),
            None => (status.is_none(), true),
        };
        let shaped = status.is_some() || body.is_some() || !headers.is_empty() || retry_after.is_some();
        let travels = delivery.truncate || delivery.close || delivery.drip.is_some();
        if !answers && (shaped || travels) {
            let key = if silence == Some((Silence::Closed, default)) { "drop" } else { "reset" };
            return Err(Error::invalid(
                format!("/{key}"),
                format!("`{key}` sends no response. The only other effect that it can have is `delay_ms`."),
            ));
        }
        if answers && !shaped && !travels && delay.is_none() && process.is_none() {
            return Err(Error::invalid("", "A fault needs an effect, such as `status` or `drop`."));
        }
        Ok(Effect {
            process: process.unwrap_or(default),
            delay: delay.unwrap_or_default(),
            delivery,
            status,
            body,
            headers,
            retry_after,
        })
    }

    /// Turns the real answer, or none, into what is sent. `now` is what its `Date` says.
    pub(super) fn shape(&self, real: Option<Reply>, now: u64) -> Reply {
        let mut reply = real.unwrap_or_else(|| Reply::new(200, JSON, r#"{"success":true}"#));
        if let Some(status) = self.status {
            reply = Reply::new(status.as_u16(), JSON, "");
        }
        if let Some(body) = &self.body {
            body.fill(&mut reply);
        }
        if let Some(retry_after) = self.retry_after {
            reply.header(http::header::RETRY_AFTER, &retry_after.text(now));
        }
        reply.headers.extend(self.headers.clone());
        reply
    }
}

/// How the connection ends without an answer, and whether the operation is carried out first.
fn silence(reader: &mut ObjectReader, process: Option<bool>) -> Result<Option<(Silence, bool)>, Error> {
    let drop_after = match reader.take_string("drop")?.as_deref() {
        None => None,
        Some("before") => Some(false),
        Some("after") => Some(true),
        Some(_) => return Err(Error::invalid("/drop", "`drop` must be \"before\" or \"after\".")),
    };
    let reset = reader.take_bool("reset")?.unwrap_or(false);
    if let (Some(after), Some(process)) = (drop_after, process)
        && after != process
    {
        return Err(Error::invalid("/process", "`process` contradicts `drop`."));
    }
    Ok(match (reset, drop_after) {
        (false, None) => None,
        (false, Some(after)) => Some((Silence::Closed, after)),
        (true, after) => Some((Silence::Reset, after.unwrap_or(false))),
    })
}

fn milliseconds(reader: &mut ObjectReader, key: &str) -> Result<Option<Duration>, Error> {
    Ok(reader.take_integer(key, 0..=LONGEST_MS)?.map(Duration::from_millis))
}

fn headers(reader: &mut ObjectReader) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    if let Some(kind) = reader.take_string("content_type")? {
        let value = HeaderValue::try_from(kind)
            .map_err(|_| Error::invalid("/content_type", "`content_type` is not a valid header value."))?;
        headers.insert(http::header::CONTENT_TYPE, value);
    }
    let given = match reader.take_value("headers") {
        None => return Ok(headers),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(Error::invalid("/headers", "`headers` must be an object of strings.")),
    };
    for (name, value) in given {
        let problem = |why: &str| {
            Error::invalid(format!("/headers{}", pointer_step(&name)), format!("The header {name:?} {why}."))
        };
        let header = HeaderName::try_from(&name).map_err(|_| problem("has no valid name"))?;
        if header == http::header::CONTENT_LENGTH || header == http::header::TRANSFER_ENCODING {
            return Err(problem("is set by the body; to send a wrong length, use `truncate`"));
        }
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        headers.insert(header, value.ok_or_else(|| problem("must have a value that is one line of text"))?);
    }
    Ok(headers)
}

impl RetryAfter {
    fn parse(reader: &mut ObjectReader) -> Result<Option<RetryAfter>, Error> {
        let problem = || {
            Error::invalid("/retry_after", "`retry_after` must be seconds, such as 2, or {\"date_in_s\": 2}.")
        };
        let year = 365 * 24 * 3600;
        match reader.take_value("retry_after") {
            None => Ok(None),
            Some(Value::Object(date)) if date.len() == 1 => {
                let seconds = date.get("date_in_s").and_then(Value::as_i64);
                let seconds =
                    seconds.filter(|seconds| (-year..=year).contains(seconds)).ok_or_else(problem)?;
                Ok(Some(RetryAfter::DateIn(seconds)))
            }
            Some(seconds) => Ok(Some(RetryAfter::Seconds(seconds.as_u64().ok_or_else(problem)?))),
        }
    }

    fn text(self, now: u64) -> String {
        match self {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::DateIn(seconds) => clock::http(now.saturating_add_signed(seconds)),
        }
    }
}

impl NewBody {
    fn parse(reader: &mut ObjectReader, status: Option<StatusCode>) -> Result<Option<NewBody>, Error> {
        let message = reader.take_string("message")?;
        let envelope = reader.take_bool("envelope")?;
        if status.is_none() && (message.is_some() || envelope.is_some()) {
            let key = if message.is_some() { "message" } else { "envelope" };
            return Err(Error::invalid(format!("/{key}"), format!("`{key}` needs `status`.")));
        }
        let text = reader.take_string("body")?.map(|text| NewBody::Bytes(text.into()));
        let encoded = reader.take_string("body_base64")?.map(|text| -> Result<_, Error> {
            let bytes = BASE64_STANDARD
                .decode(text)
                .map_err(|_| Error::invalid("/body_base64", "`body_base64` is not base64."))?;
            Ok(NewBody::Bytes(bytes.into()))
        });
        let empty = reader.take_bool("empty")?.unwrap_or(false).then_some(NewBody::Empty);
        let sized = reader
            .take_integer("oversize_bytes", SMALLEST..=LARGEST)?
            .map(|size| NewBody::Sized(size as usize));
        let mut given = [
            ("body", text),
            ("body_base64", encoded.transpose()?),
            ("empty", empty),
            ("oversize_bytes", sized),
        ]
        .into_iter()
        .filter_map(|(key, body)| Some((key, body?)));
        let first = given.next();
        if let Some((key, _)) = given.next() {
            return Err(Error::invalid(
                format!("/{key}"),
                format!("`{key}` would be a second body. A response has one body."),
            ));
        }
        Ok(match (first, status) {
            (Some((_, body)), _) => Some(body),
            (None, None) => None,
            (None, Some(status)) => {
                let message =
                    message.unwrap_or_else(|| status.canonical_reason().unwrap_or("Fault").to_owned());
                let page = || NewBody::Page(format!("{} {message}", status.as_u16()));
                Some(if envelope == Some(true) { NewBody::Envelope(message.clone()) } else { page() })
            }
        })
    }

    fn fill(&self, reply: &mut Reply) {
        match self {
            NewBody::Bytes(bytes) => reply.body = bytes.clone(),
            NewBody::Empty => reply.body = Bytes::new(),
            NewBody::Sized(size) => reply.body = document_of(*size).into(),
            NewBody::Envelope(message) => {
                reply.body = json!({"success": false, "message": message}).to_string().into();
            }
            NewBody::Page(title) => {
                reply.header(http::header::CONTENT_TYPE, "text/html; charset=utf-8");
                let title = title.replace('&', "&amp;").replace('<', "&lt;");
                let page = format!(
                    "<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
                );
                reply.body = page.into();
            }
        }
    }
}

/// A JSON object of exactly so many bytes.
fn document_of(size: usize) -> String {
    let (start, end) = (r#"{"success":true,"padding":""#, r#""}"#);
    let mut document = String::with_capacity(size);
    document.push_str(start);
    document.extend(std::iter::repeat_n('x', size.saturating_sub(start.len() + end.len())));
    document.push_str(end);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(faults: &[&str]) -> Faults {
        let mut queue = Faults::default();
        for fault in faults {
            queue.add(ParsedFault::parse(ObjectReader::parse(fault, "It").unwrap()).unwrap());
        }
        queue
    }

    fn met(queue: &mut Faults, id: &str) -> Option<u16> {
        queue.meet(Some(id)).map(|effect| effect.shape(None, 0).status.as_u16())
    }

    #[test]
    fn the_first_fault_that_is_due_meets_the_request() {
        let mut queue = queue(&[
            r#"{"operation":"list_games","status":500}"#,
            r#"{"operation":"*","status":501,"after":1,"times":2}"#,
            r#"{"operation":"list_games","status":502,"times":0}"#,
        ]);
        let got: Vec<_> = (0..5).map(|_| met(&mut queue, "list_games")).collect();
        assert_eq!(got, [Some(500), Some(501), Some(501), Some(502), Some(502)]);
        assert_eq!(met(&mut queue, "get_session_status"), None);
    }

    #[test]
    fn a_sized_document_has_that_size_and_is_json() {
        for size in [64, 65, 10_000] {
            let document = document_of(size);
            assert_eq!(document.len(), size);
            assert!(serde_json::from_str::<Value>(&document).is_ok());
        }
    }
}
