//! The configuration of a sandbox: its keys, their defaults and their checks.

use crate::error::Error;
use crate::json::ObjectReader;

use super::random;

/// The response to ending a session that is already closed or expired. The API's documentation does
/// not define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndTwice {
    /// 409.
    Conflict,
    /// 404.
    NotFound,
    /// 200.
    Ok,
}

/// A checked configuration. `docs/sandbox.md` describes the keys.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) port: u16,
    pub(super) api_key: String,
    pub(super) can_override_provider: bool,
    pub(super) providers: Vec<String>,
    /// In upper case.
    pub(super) unavailable_countries: Vec<String>,
    pub(super) end_twice: EndTwice,
    pub(super) session_lifetime_s: u64,
}

const YEAR_S: u64 = 365 * 24 * 3600;

impl Config {
    /// Parses a JSON object. Empty text is an empty object.
    pub(super) fn from_json(text: &str) -> Result<Config, Error> {
        let mut reader = ObjectReader::parse(text, "The sandbox's configuration")?;
        let config = Config {
            // The range of the number is that of the type.
            port: reader.take_integer("port", 0..=u64::from(u16::MAX))?.map_or(0, |port| port as u16),
            api_key: parse_api_key(&mut reader)?,
            can_override_provider: reader.take_bool("can_override_provider")?.unwrap_or(false),
            providers: reader
                .take_strings("providers")?
                .unwrap_or_else(|| vec!["nuxgaming".to_owned(), "pragmatic".to_owned()]),
            unavailable_countries: parse_countries(&mut reader)?,
            end_twice: parse_end_twice(&mut reader)?,
            session_lifetime_s: reader.take_integer("session_lifetime_s", 1..=YEAR_S)?.unwrap_or(4 * 3600),
        };
        reader.finish()?;
        Ok(config)
    }
}

fn parse_api_key(reader: &mut ObjectReader) -> Result<String, Error> {
    match reader.take_string("api_key")? {
        None => Ok(format!("sandbox-{}", random::hex::<16>()?)),
        Some(key) if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(key),
        Some(_) => Err(Error::invalid(
            "/api_key",
            "`api_key` must be visible ASCII without spaces, at least one character.",
        )),
    }
}

fn parse_countries(reader: &mut ObjectReader) -> Result<Vec<String>, Error> {
    let Some(countries) = reader.take_strings("unavailable_countries")? else {
        return Ok(vec!["KP".to_owned()]);
    };
    if countries.iter().any(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        return Err(Error::invalid(
            "/unavailable_countries",
            "`unavailable_countries` must hold codes of two letters, such as \"KP\".",
        ));
    }
    Ok(countries.iter().map(|code| code.to_ascii_uppercase()).collect())
}

fn parse_end_twice(reader: &mut ObjectReader) -> Result<EndTwice, Error> {
    match reader.take_string("end_twice")?.as_deref() {
        Some("conflict") => Ok(EndTwice::Conflict),
        None | Some("not_found") => Ok(EndTwice::NotFound),
        Some("ok") => Ok(EndTwice::Ok),
        Some(_) => {
            Err(Error::invalid("/end_twice", "`end_twice` must be \"conflict\", \"not_found\" or \"ok\"."))
        }
    }
}
