//! Scripted faults: what a fault changes in a response and in the way the response is sent.
//! `fault_queue.rs` decides which request a fault applies to; `faulty_stream.rs` and
//! `fault_body.rs` carry out the transport faults.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::error::Error;
use crate::json::{ObjectReader, escape_token};

use super::body_override::BodyOverride;
use super::clock;
use super::response::{self, JSON, Response, set_header};

/// The longest delay: an hour. Neither a test nor a player waits longer.
const MAX_DELAY_MS: u64 = 3_600_000;

/// What a fault does.
#[derive(Debug, Default)]
pub(super) struct Fault {
    /// Whether the operation runs.
    pub(super) process: bool,
    pub(super) delay: Duration,
    pub(super) transport: TransportFault,
    status: Option<StatusCode>,
    body: Option<BodyOverride>,
    headers: HeaderMap,
    retry_after: Option<RetryAfter>,
}

/// What a fault changes in the way a response is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TransportFault {
    /// If present, no response is sent.
    pub(super) disconnect: Option<Disconnect>,
    /// Sends half of the body, then closes the connection.
    pub(super) truncate: bool,
    /// Closes the connection after the response, without announcing it.
    pub(super) close: bool,
    /// Sends the body one byte at a time, with this interval.
    pub(super) trickle: Option<Duration>,
}

/// How a connection ends without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// With FIN.
    Close,
    /// With RST.
    Reset,
}

#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    Seconds(u64),
    /// A date this many seconds after (or before) the `Date` of the response.
    DateOffset(i64),
}

impl Fault {
    /// Takes the members that describe a fault's effects, and checks that they can be combined.
    pub(super) fn parse(reader: &mut ObjectReader) -> Result<Fault, Error> {
        let process = reader.take_bool("process")?;
        let delay = parse_milliseconds(reader, "delay_ms")?;
        let disconnect = parse_disconnect(reader, process)?;
        let status = reader
            .take_integer("status", 200..=599)?
            .and_then(|status| StatusCode::from_u16(status as u16).ok());
        let body = BodyOverride::parse(reader, status)?;
        let headers = parse_headers(reader)?;
        let retry_after = RetryAfter::parse(reader)?;
        let transport = TransportFault {
            disconnect: disconnect.map(|(disconnect, _)| disconnect),
            truncate: reader.take_bool("truncate")?.unwrap_or(false),
            close: reader.take_bool("close")?.unwrap_or(false),
            trickle: parse_milliseconds(reader, "drip_ms")?,
        };
        let changes_response =
            status.is_some() || body.is_some() || !headers.is_empty() || retry_after.is_some();
        let changes_sending = transport.truncate || transport.close || transport.trickle.is_some();
        let default_process = match disconnect {
            Some((kind, _)) if changes_response || changes_sending => {
                let key = if kind == Disconnect::Close { "drop" } else { "reset" };
                return Err(Error::invalid(
                    format!("/{key}"),
                    format!("`{key}` sends no response. It cannot be combined with changes to the response."),
                ));
            }
            Some((_, process)) => process,
            None if !changes_response && !changes_sending && delay.is_none() && process.is_none() => {
                return Err(Error::invalid("", "A fault needs an effect, such as `status` or `drop`."));
            }
            None => status.is_none(),
        };
        Ok(Fault {
            process: process.unwrap_or(default_process),
            delay: delay.unwrap_or_default(),
            transport,
            status,
            body,
            headers,
            retry_after,
        })
    }

    /// Returns the response that is sent in place of the operation's response. `original` is none
    /// if the operation did not run; `now` is the time in the response's `Date`.
    pub(super) fn apply_to(&self, original: Option<Response>, now: u64) -> Response {
        let mut response = match (self.status, original) {
            (Some(status), _) => response::new(status.as_u16(), JSON, ""),
            (None, Some(original)) => original,
            (None, None) => response::new(200, JSON, r#"{"success":true}"#),
        };
        if let Some(body) = &self.body {
            body.apply_to(&mut response);
        }
        if let Some(retry_after) = self.retry_after {
            set_header(&mut response, http::header::RETRY_AFTER, &retry_after.header_value(now));
        }
        response.headers_mut().extend(self.headers.clone());
        response
    }
}

/// Parses how the connection ends without a response, and whether the operation runs before that.
fn parse_disconnect(
    reader: &mut ObjectReader,
    process: Option<bool>,
) -> Result<Option<(Disconnect, bool)>, Error> {
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
        (false, Some(after)) => Some((Disconnect::Close, after)),
        (true, after) => Some((Disconnect::Reset, after.unwrap_or(false))),
    })
}

fn parse_milliseconds(reader: &mut ObjectReader, key: &str) -> Result<Option<Duration>, Error> {
    Ok(reader.take_integer(key, 0..=MAX_DELAY_MS)?.map(Duration::from_millis))
}

fn parse_headers(reader: &mut ObjectReader) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    if let Some(media_type) = reader.take_string("content_type")? {
        let value = HeaderValue::try_from(media_type)
            .map_err(|_| Error::invalid("/content_type", "`content_type` is not a valid header value."))?;
        headers.insert(http::header::CONTENT_TYPE, value);
    }
    let members = match reader.take_value("headers") {
        None => return Ok(headers),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Error::invalid("/headers", "`headers` must be an object of strings.")),
    };
    for (name, value) in members {
        let error = |problem: &str| {
            let pointer = format!("/headers{}", escape_token(&name));
            Error::invalid(pointer, format!("The header {name:?} {problem}."))
        };
        let header = HeaderName::try_from(&name).map_err(|_| error("has an invalid name"))?;
        if header == http::header::CONTENT_LENGTH || header == http::header::TRANSFER_ENCODING {
            return Err(error("is set by the body; use `truncate` to send a wrong length"));
        }
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        headers.insert(header, value.ok_or_else(|| error("must have a value that is one line of text"))?);
    }
    Ok(headers)
}

impl RetryAfter {
    fn parse(reader: &mut ObjectReader) -> Result<Option<RetryAfter>, Error> {
        const YEAR_S: i64 = 365 * 24 * 3600;
        let error = || {
            Error::invalid("/retry_after", "`retry_after` must be seconds, such as 2, or {\"date_in_s\": 2}.")
        };
        match reader.take_value("retry_after") {
            None => Ok(None),
            Some(Value::Object(date)) if date.len() == 1 => {
                let seconds = date.get("date_in_s").and_then(Value::as_i64);
                let seconds = seconds.filter(|seconds| (-YEAR_S..=YEAR_S).contains(seconds));
                Ok(Some(RetryAfter::DateOffset(seconds.ok_or_else(error)?)))
            }
            Some(seconds) => Ok(Some(RetryAfter::Seconds(seconds.as_u64().ok_or_else(error)?))),
        }
    }

    fn header_value(self, now: u64) -> String {
        match self {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::DateOffset(seconds) => clock::format_http_date(now.saturating_add_signed(seconds)),
        }
    }
}
