//! Converts the JSON arguments of a call to a checked request: path, query and body. Documented
//! parameters are checked before anything is sent; other arguments are passed on unchecked. Values
//! are sent as written: a number keeps its digits, and a string keeps its escapes.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::value::RawValue;

use super::operation::{BodyKind, Format, Operation, Param, ParamLocation, ParamType};
use crate::error::Error;
use crate::http_types::{Method, Request, RequestBody};
use crate::json::{self, escape_token};

/// All characters that are percent-encoded in a path or a query: all but the unreserved characters
/// of RFC 3986.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Checks the arguments and creates the request. Empty text means no arguments.
pub(crate) fn prepare(operation: &'static Operation, arguments: &str) -> Result<Request, Error> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    let given = json::parse_object(arguments, "The arguments")?;
    for field in operation.params.iter().filter(|field| field.required) {
        if !given.iter().any(|(key, _)| key == field.name) {
            return Err(Error::invalid(
                escape_token(field.name),
                format!("`{}` is missing. Add it to the arguments.", field.name),
            ));
        }
    }
    let mut request = RequestBuilder { target: String::new(), body: String::new(), file: None };
    if operation.body == BodyKind::Json {
        // The body is never longer: only white space is removed.
        request.body.reserve(arguments.len() + 2);
    }
    request.write_path(operation, |name| {
        let (_, value) = given.iter().find(|(key, _)| key == name)?;
        Some(scalar(value, name))
    })?;
    for (key, value) in &given {
        match operation.param(key) {
            Some(field) => {
                check(field, value)?;
                match field.location {
                    ParamLocation::Path => {}
                    ParamLocation::Query => request.write_query(key, value)?,
                    ParamLocation::Body => request.write_body(value, |body| {
                        // The names in the table need no escapes; a test of the table checks this.
                        body.push('"');
                        body.push_str(field.name);
                        body.push('"');
                    }),
                    ParamLocation::File => request.file = Some((field.name, decode_string(value, key)?)),
                }
            }
            None if operation.method == Method::Get => request.write_query(key, value)?,
            None if operation.body == BodyKind::Json => {
                request.write_body(value, |body| json::write_string(body, key))
            }
            None => {
                return Err(Error::invalid(
                    escape_token(key),
                    format!(
                        "`{}` has no parameter `{key}`, and no body that could contain it.",
                        operation.id
                    ),
                ));
            }
        }
    }
    Ok(request.finish(operation.method))
}

/// Creates the request of an operation on one session, which has no other arguments.
pub(crate) fn prepare_on_session(operation: &'static Operation, session_id: &str) -> Result<Request, Error> {
    let mut request = RequestBuilder { target: String::new(), body: String::new(), file: None };
    request.write_path(operation, |name| (name == "session_id").then_some(Ok(Cow::Borrowed(session_id))))?;
    Ok(request.finish(operation.method))
}

/// Returns the value of the argument that the response must repeat, if the operation has such an
/// argument. The value is decoded from the path of the request, so it equals the value that is
/// sent.
pub(crate) fn echo(operation: &Operation, target: &[u8]) -> Option<String> {
    operation.echo?;
    // The search is by bytes for speed, because every call does it. A test ensures that a path with
    // an echo has only the echoed argument.
    let start = operation.path.bytes().position(|byte| byte == b'{')?;
    let value = target.get(start..)?;
    let end = value.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(value.len());
    let value = std::str::from_utf8(&value[..end]).ok()?;
    percent_decode_str(value).decode_utf8().ok().map(Cow::into_owned)
}

/// Builds a request from its path, query parameters and body members.
struct RequestBuilder<'a> {
    target: String,
    body: String,
    file: Option<(&'static str, Cow<'a, str>)>,
}

impl RequestBuilder<'_> {
    fn write_path<'a>(
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
    fn write_query(&mut self, name: &str, value: &RawValue) -> Result<(), Error> {
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

    fn write_body(&mut self, value: &RawValue, push_name: impl FnOnce(&mut String)) {
        self.body.push(if self.body.is_empty() { '{' } else { ',' });
        push_name(&mut self.body);
        self.body.push(':');
        json::push_compact(&mut self.body, value.get());
    }

    fn finish(mut self, method: Method) -> Request {
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
        Request { method, target: Bytes::from(self.target), body }
    }
}

/// Returns the first `{name}` of a path, with the text before and after it.
fn next_placeholder(path: &str) -> Option<(&str, &str, &str)> {
    // A search by bytes is faster than `str::find` for paths of a few dozen bytes.
    let from = path.bytes().position(|byte| byte == b'{')?;
    let length = path.bytes().skip(from).position(|byte| byte == b'}')?;
    Some((&path[..from], &path[from + 1..from + length], &path[from + length + 1..]))
}

/// Returns the text of a JSON string.
fn decode_string<'a>(value: &'a RawValue, name: &str) -> Result<Cow<'a, str>, Error> {
    let raw = value.get();
    if !raw.starts_with('"') {
        return Err(Error::invalid(escape_token(name), format!("`{name}` must be a string.")));
    }
    if !raw.contains('\\') {
        return Ok(Cow::Borrowed(&raw[1..raw.len() - 1]));
    }
    serde_json::from_str(raw).map(Cow::Owned).map_err(|error| {
        Error::invalid(escape_token(name), format!("`{name}` is not a valid string: {error}."))
    })
}

/// Returns the text of a value for a path or a query: a string decoded, a number with its digits,
/// and a Boolean as 1 or 0.
fn scalar<'a>(value: &'a RawValue, name: &str) -> Result<Cow<'a, str>, Error> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'"') => decode_string(value, name),
        Some(b't') => Ok(Cow::Borrowed("1")),
        Some(b'f') => Ok(Cow::Borrowed("0")),
        Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(raw)),
        _ => Err(Error::invalid(
            format!("/{name}"),
            format!("`{name}` must be a string, a number or a Boolean, because it is sent in the URL."),
        )),
    }
}

fn check(field: &Param, value: &RawValue) -> Result<(), Error> {
    let raw = value.get();
    if raw == "null" {
        // A null query parameter counts as absent and is not sent.
        let allowed = field.nullable || (field.location == ParamLocation::Query && !field.required);
        return if allowed { Ok(()) } else { Err(invalid(field, "must not be null")) };
    }
    match field.param_type {
        ParamType::String => {
            // A URL contains only text, so an id may be given as a number there.
            let in_address = matches!(field.location, ParamLocation::Path | ParamLocation::Query);
            if !(in_address && is_integer(raw)) {
                decode_string(value, field.name)?;
            }
        }
        ParamType::Integer if !is_integer(raw) => return Err(invalid(field, "must be an integer")),
        ParamType::Number if !is_number(raw) => return Err(invalid(field, "must be a number")),
        ParamType::Numeric => {
            if !is_number(raw) && !decode_string(value, field.name).is_ok_and(|text| is_number_text(&text)) {
                return Err(invalid(field, "must be a number, or a string that contains a number"));
            }
        }
        ParamType::Boolean if !matches!(raw, "true" | "false") => {
            return Err(invalid(field, "must be true or false"));
        }
        ParamType::Object if !raw.starts_with('{') => return Err(invalid(field, "must be an object")),
        ParamType::Strings => check_items(field, raw, "a list of strings", |item| {
            is_integer(item.get()) || decode_string(item, field.name).is_ok()
        })?,
        ParamType::Integers => check_items(field, raw, "a list of integers", |item| is_integer(item.get()))?,
        ParamType::Objects => {
            check_items(field, raw, "a list of objects", |item| item.get().starts_with('{'))?
        }
        ParamType::Integer | ParamType::Number | ParamType::Boolean | ParamType::Object => {}
    }
    check_format(field, value)
}

fn check_items(
    field: &Param,
    raw: &str,
    expected: &str,
    is_valid: impl Fn(&RawValue) -> bool,
) -> Result<(), Error> {
    let items = match serde_json::from_str::<Vec<&RawValue>>(raw) {
        Ok(items) => items,
        Err(_) => return Err(invalid(field, &format!("must be {expected}"))),
    };
    match items.iter().position(|item| !is_valid(item)) {
        None => Ok(()),
        Some(index) => Err(Error::invalid(
            format!("{}/{index}", escape_token(field.name)),
            format!("`{}` must be {expected}.", field.name),
        )),
    }
}

fn check_format(field: &Param, value: &RawValue) -> Result<(), Error> {
    let (matches, requirement) = match field.format {
        Format::None => return Ok(()),
        Format::ExpireDays => (field.format.matches(value.get()), "must be from 1 to 30"),
        format => {
            let requirement = match format {
                Format::Currency => "must be 3 to 10 ASCII letters or digits, such as USD",
                Format::Country => "must be a country code of two letters, such as US",
                _ => "must be an IPv4 or IPv6 address",
            };
            (format.matches(&decode_string(value, field.name)?), requirement)
        }
    };
    if matches { Ok(()) } else { Err(invalid(field, requirement)) }
}

fn invalid(field: &Param, requirement: &str) -> Error {
    Error::invalid(escape_token(field.name), format!("`{}` {requirement}.", field.name))
}

fn is_integer(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a JSON value is a number, from its first character.
fn is_number(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Returns whether a text is exactly one JSON number.
fn is_number_text(text: &str) -> bool {
    is_number(text) && !text.ends_with(char::is_whitespace) && serde_json::from_str::<&RawValue>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operation::{operation, operations};
    use crate::codes::Code;

    fn request(id: &str, arguments: &str) -> Result<Request, Error> {
        prepare(operation(id).unwrap(), arguments)
    }

    fn body(id: &str, arguments: &str) -> String {
        match request(id, arguments).unwrap().body {
            RequestBody::Json(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    const START: &str = r#""game_id": 123, "player_id": "p", "currency": "USD",
                           "country_code": "US", "ip_address": "192.0.2.1""#;

    #[test]
    fn a_start_sends_compact_json_with_the_digits_of_the_caller() {
        for (given, sent) in [
            ("0.50", "0.50"),
            ("\"0.50\"", "\"0.50\""),
            ("0", "0"),
            ("null", "null"),
            ("1E+2", "1E+2"),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
        ] {
            let arguments = format!("{{ {START} ,\n \"freespin_bet_amount\" : {given} }}");
            assert_eq!(
                body("start_a_game_session", &arguments),
                format!(
                    r#"{{"game_id":123,"player_id":"p","currency":"USD","country_code":"US","ip_address":"192.0.2.1","freespin_bet_amount":{sent}}}"#
                )
            );
        }
    }

    #[test]
    fn unknown_arguments_are_sent_unchanged() {
        let arguments = format!(r#"{{{START}, "new_field": {{"a": [1, 2.00]}}, "ü": "\u00fc"}}"#);
        assert!(
            body("start_a_game_session", &arguments)
                .ends_with(r#","new_field":{"a":[1,2.00]},"ü":"\u00fc"}"#)
        );
        let target = request(
            "list_games",
            r#"{"new filter": "a&b", "page": 2, "on": true, "off": false, "ids": [1, "x"], "none": null}"#,
        );
        assert_eq!(
            target.unwrap().target,
            "/api/v1/games?new%20filter=a%26b&page=2&on=1&off=0&ids%5B%5D=1&ids%5B%5D=x"
        );
        assert_eq!(
            request("end_a_game_session", r#"{"session_id": "a", "x": 1}"#).unwrap_err().field(),
            Some("/x")
        );
    }

    #[test]
    fn special_characters_in_session_ids_are_encoded_and_empty_or_dot_ids_are_refused() {
        for (id, path) in [
            ("abc123", "abc123"),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("a b", "a%20b"),
            ("...", "..."),
            ("a\\r\\nb", "a%0D%0Ab"),
            ("🎰", "%F0%9F%8E%B0"),
            ("\\u0000", "%00"),
            ("{session_id}", "%7Bsession_id%7D"),
            ("a?b#c", "a%3Fb%23c"),
            ("x'(y)*!~-_.z", "x%27%28y%29%2A%21~-_.z"),
        ] {
            let made = request("end_a_game_session", &format!(r#"{{"session_id": "{id}"}}"#)).unwrap();
            assert_eq!(made.target, format!("/api/v1/game-sessions/{path}/end"));
            assert_eq!((made.method, made.body), (Method::Post, RequestBody::None));
        }
        for id in [r#""""#, r#"".""#, r#"".."#, r#""\u002e\u002E""#, "null", "[]", "{}", r#""\ud800""#] {
            let error = request("get_session_status", &format!(r#"{{"session_id": {id}}}"#)).unwrap_err();
            assert_eq!(error.code(), Code::INVALID_ARGUMENT, "{id}");
        }
        assert_eq!(request("get_session_status", "").unwrap_err().field(), Some("/session_id"));
    }

    #[test]
    fn the_echoed_argument_is_the_only_one_in_the_path() {
        for operation in crate::api::operation::operations() {
            let Some(echo) = operation.echo else { continue };
            let (_, from_argument) = operation.path.split_once('{').unwrap();
            let (argument, rest) = from_argument.split_once('}').unwrap();
            assert_eq!((argument, rest.contains('{')), (echo.argument, false), "{}", operation.id);
        }
    }

    #[test]
    fn the_echo_equals_the_argument_of_the_caller() {
        for id in ["abc123", "a/b", "a%2Fb", "a b", "🎰", "a?b#c", "{session_id}"] {
            let arguments = format!(r#"{{"session_id": "{id}"}}"#);
            let status = operation("get_session_status").unwrap();
            assert_eq!(echo(status, &prepare(status, &arguments).unwrap().target).as_deref(), Some(id));
            assert_eq!(echo(status, &prepare_on_session(status, id).unwrap().target).as_deref(), Some(id));
            let end = operation("end_a_game_session").unwrap();
            assert_eq!(echo(end, &prepare(end, &arguments).unwrap().target), None);
        }
        let domain = operation("get_domain_details").unwrap();
        assert_eq!(echo(domain, &prepare(domain, r#"{"id": 7}"#).unwrap().target).as_deref(), Some("7"));
    }

    #[test]
    fn an_invalid_argument_is_refused_with_its_name() {
        for (field, value) in [
            ("game_id", "\"123\""),
            ("game_id", "1.5"),
            ("game_id", "1e3"),
            ("game_id", "null"),
            ("player_id", "5"),
            ("player_id", r#""\udc00""#),
            ("currency", r#""US""#),
            ("currency", r#""US D""#),
            ("currency", r#""ABCDEFGHIJK""#),
            ("country_code", r#""USA""#),
            ("country_code", r#""U1""#),
            ("ip_address", r#""1.2.3""#),
            ("ip_address", r#""1.2.3.4 ""#),
            ("expire_days", "0"),
            ("expire_days", "31"),
            ("expire_days", "-1"),
            ("freespin_bet_amount", "true"),
            ("freespin_bet_amount", r#""half""#),
            ("freespin_bet_amount", r#""1 ""#),
            ("freespin_bet_amount", r#""""#),
            ("freespin_bet_amount", r#""NaN""#),
            ("locale", "1"),
        ] {
            let mut arguments: Vec<String> = START
                .split(',')
                .map(|pair| pair.trim().to_owned())
                .filter(|pair| !pair.starts_with(&format!("\"{field}\"")))
                .collect();
            arguments.push(format!("\"{field}\": {value}"));
            let text = format!("{{{}}}", arguments.join(","));
            let error = request("start_a_game_session", &text).unwrap_err();
            assert_eq!(error.field(), Some(format!("/{field}").as_str()), "{text}");
        }
        for fine in
            ["\"currency2\": \"x\"", "\"expire_days\": 30", "\"expire_days\": null", "\"device\": \"tablet\""]
        {
            assert!(request("start_a_game_session", &format!("{{{START}, {fine}}}")).is_ok(), "{fine}");
        }
        for fine in ["2001:db8::1", "::ffff:192.0.2.1"] {
            assert!(
                request("start_a_game_session", &format!("{{{START}}}").replace("192.0.2.1", fine)).is_ok()
            );
        }
        assert!(request("start_a_game_session", &format!("{{{START}}}").replace("USD", "USDT")).is_ok());
        for nothing in
            ["NaN", "Infinity", "{,}", "[]", "5", "{\"a\": NaN}", "{\"game_id\": 1, \"game_id\": 2}"]
        {
            assert_eq!(
                request("start_a_game_session", nothing).unwrap_err().code(),
                Code::INVALID_ARGUMENT,
                "{nothing}"
            );
        }
    }

    #[test]
    fn lists_of_ids_accept_integers_and_an_invalid_item_is_named() {
        let common = r#""player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "::1""#;
        let made = body("start_a_multi_session", &format!(r#"{{{common}, "game_ids": [1, "2"]}}"#));
        assert!(made.ends_with(r#""game_ids":[1,"2"]}"#));
        for bad in ["[1, null]", "[1, 2.5]", "[1, []]"] {
            let error =
                request("start_a_multi_session", &format!(r#"{{{common}, "game_ids": {bad}}}"#)).unwrap_err();
            assert_eq!(error.field(), Some("/game_ids/1"));
        }
        assert_eq!(
            request("bulk_delete_external_games_by_ids", r#"{"ids": 5}"#).unwrap_err().field(),
            Some("/ids")
        );
    }

    #[test]
    fn arguments_of_a_get_are_sent_in_the_query() {
        let made =
            request("list_games", r#"{"search": "sweet bonanza", "per_page": 20, "type": null}"#).unwrap();
        assert_eq!(made.target, "/api/v1/games?search=sweet%20bonanza&per_page=20");
        let made = request("get_player_contribution_history", r#"{"player_id": "p", "limit": 5}"#).unwrap();
        assert_eq!(made.target, "/api/v1/jackpot/contributions?player_id=p&limit=5");
        assert_eq!(made.body, RequestBody::None);
        assert_eq!(request("list_games", r#"{"x": {}}"#).unwrap_err().field(), Some("/x"));
        assert_eq!(
            request("list_widget_tokens", r#"{"active": true}"#).unwrap().target,
            "/api/v1/widget/tokens?active=1"
        );
    }

    #[test]
    fn a_delete_has_a_body_and_csv_text_is_sent_as_a_file() {
        assert_eq!(body("bulk_delete_external_games_by_ids", r#"{"ids": [1, 2]}"#), r#"{"ids":[1,2]}"#);
        let made =
            request("import_external_games_from_csv_file", r#"{"file": "id,name\n1,\"A\"\n"}"#).unwrap();
        let RequestBody::File { field, content, .. } = made.body else { panic!() };
        assert_eq!((field, &content[..]), ("file", b"id,name\n1,\"A\"\n".as_slice()));
        assert_eq!(request("import_external_games_from_csv_file", "{}").unwrap_err().field(), Some("/file"));
    }

    #[test]
    fn operations_without_required_parameters_need_no_arguments() {
        for row in operations() {
            let made = prepare(row, "");
            assert_eq!(made.is_ok(), !row.params.iter().any(|field| field.required), "{}", row.id);
        }
    }
}
