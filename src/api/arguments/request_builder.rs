//! Builds a request from its parts: writes the path, the query and the body, and encodes their
//! values.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use super::value::scalar;
use crate::api::operation::Operation;
use crate::error::Error;
use crate::http_types::{Method, Request, RequestBody};
use crate::json::{self, escape_token};

/// All characters that are percent-encoded in a path or a query: all but the unreserved characters
/// of RFC 3986.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Builds a request from its path, query parameters and body members.
#[derive(Default)]
pub(super) struct RequestBuilder<'a> {
    target: String,
    pub(super) body: String,
    pub(super) file: Option<(&'static str, Cow<'a, str>)>,
}

impl RequestBuilder<'_> {
    /// Writes the path with the values that `given` returns for its placeholders.
    pub(super) fn write_path<'a>(
        &mut self,
        operation: &Operation,
        given: impl Fn(&str) -> Option<Result<Cow<'a, str>, Error>>,
    ) -> Result<(), Error> {
        self.target.reserve(operation.path.len() + 48);
        let mut path = operation.path;
        while let Some((before, name, after)) = next_placeholder(path) {
            self.target.push_str(before);
            path = after;
            // A test of the table ensures that every name in a path is a required parameter.
            let Some(value) = given(name).transpose()? else { continue };
            if matches!(&*value, "" | "." | "..") {
                return Err(Error::invalid(
                    escape_token(name),
                    format!(
                        "`{name}` must not be empty, \".\" or \"..\", because the URL would have another path."
                    ),
                ));
            }
            self.push_encoded(&value);
        }
        self.target.push_str(path);
        Ok(())
    }

    /// Adds a query parameter. Null means that it is absent; a list becomes one `name[]` for each
    /// item.
    pub(super) fn write_query(&mut self, name: &str, value: &RawValue) -> Result<(), Error> {
        let raw = value.get();
        if raw == "null" {
            return Ok(());
        }
        if !raw.starts_with('[') {
            let value = scalar(value, name)?;
            self.push_query(name, "", &value);
            return Ok(());
        }
        let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|error| {
            Error::invalid(escape_token(name), format!("`{name}` is not a valid list: {error}."))
        })?;
        for (index, item) in items.into_iter().enumerate() {
            let value = scalar(item, &format!("{name}/{index}"))?;
            self.push_query(name, "[]", &value);
        }
        Ok(())
    }

    fn push_query(&mut self, name: &str, brackets: &str, value: &str) {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.push_encoded(name);
        // The brackets are percent-encoded, as in the official clients. Servers accept both forms.
        self.push_encoded(brackets);
        self.target.push('=');
        self.push_encoded(value);
    }

    fn push_encoded(&mut self, text: &str) {
        // Most ids contain only these characters; they are copied without encoding.
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            self.target.push_str(text);
        } else {
            self.target.extend(utf8_percent_encode(text, UNRESERVED));
        }
    }

    /// Adds a member to the body. `push_name` appends its name as JSON.
    pub(super) fn write_body(&mut self, value: &RawValue, push_name: impl FnOnce(&mut String)) {
        self.body.push(if self.body.is_empty() { '{' } else { ',' });
        push_name(&mut self.body);
        self.body.push(':');
        json::push_compact(&mut self.body, value.get());
    }

    /// Returns the request.
    pub(super) fn finish(mut self, method: Method) -> Request {
        let body = match self.file {
            Some((field, content)) => RequestBody::File {
                field,
                file_name: "games.csv",
                content_type: "text/csv",
                content: Bytes::from(content.into_owned()),
            },
            None if self.body.is_empty() => RequestBody::None,
            None => {
                self.body.push('}');
                RequestBody::Json(Bytes::from(self.body))
            }
        };
        Request {
            method,
            target: Bytes::from(self.target),
            body,
            headers: HeaderMap::new(),
            keeps_headers: false,
            sink: None,
        }
    }
}

/// Returns the first `{name}` of a path, with the text before and after it.
fn next_placeholder(path: &str) -> Option<(&str, &str, &str)> {
    // A search by bytes is faster than `str::find` for paths of a few dozen bytes.
    let from = path.bytes().position(|byte| byte == b'{')?;
    let length = path.bytes().skip(from).position(|byte| byte == b'}')?;
    Some((&path[..from], &path[from + 1..from + length], &path[from + length + 1..]))
}
