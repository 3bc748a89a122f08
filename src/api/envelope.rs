//! The API's envelope, `{"success": …, "data": {…}}`, looked at in one pass that checks the whole text
//! and builds nothing.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Key;

/// Returns a body without the byte order mark that it may begin with.
pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// What the envelope of a response says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    /// `success`, as it stands.
    pub(crate) success: Option<&'a str>,
    /// The value of the echoed member of `data`, as it stands.
    pub(crate) echoed: Option<&'a str>,
    /// The key that is there twice: `success`, `data`, a wanted or the echoed member of `data`.
    pub(crate) repeated: Option<String>,
    /// Bit set of the wanted members of `data` that are there and usable.
    found: u32,
}

impl<'a> Envelope<'a> {
    /// Reads the envelope of a text that is a JSON object. `wanted` has at most 32 pointers; they and `echo`
    /// point to members of `data`.
    pub(crate) fn read(
        text: &'a str,
        wanted: &[&str],
        echo: Option<&str>,
    ) -> serde_json::Result<Envelope<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let envelope = deserializer.deserialize_map(Whole { wanted, echo })?;
        deserializer.end()?;
        Ok(envelope)
    }

    /// Returns whether the wanted member at this place is there, as a string that is not blank or a number.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.found >> place & 1 == 1
    }
}

struct Whole<'w> {
    wanted: &'w [&'w str],
    echo: Option<&'w str>,
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope { success: None, echoed: None, repeated: None, found: 0 };
        let mut has_data = false;
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "success" => {
                    if envelope.success.is_some() {
                        envelope.repeated = Some(key.into_owned());
                    }
                    envelope.success = Some(map.next_value::<&RawValue>()?.get());
                }
                "data" => {
                    if has_data {
                        envelope.repeated = Some(key.into_owned());
                    }
                    has_data = true;
                    if self.wanted.is_empty() && self.echo.is_none() {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let data = Data { wanted: self.wanted, echo: self.echo };
                    let members = map.next_value_seed(data)?;
                    envelope.found = members.found;
                    envelope.echoed = members.echoed;
                    envelope.repeated = members.repeated.or(envelope.repeated);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// Reads the wanted members of `data`, whatever its type.
struct Data<'w> {
    wanted: &'w [&'w str],
    echo: Option<&'w str>,
}

/// What was found in `data`.
#[derive(Default)]
struct Members<'a> {
    found: u32,
    echoed: Option<&'a str>,
    repeated: Option<String>,
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Returns whether a JSON value can name something: a number, or a string with a visible character.
fn is_usable(raw: &str) -> bool {
    let is_blank = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
    };
    match raw.as_bytes().first() {
        Some(b'"') if raw.contains('\\') => {
            serde_json::from_str::<String>(raw).is_ok_and(|text| !text.chars().all(is_blank))
        }
        Some(b'"') => !raw.trim_matches('"').chars().all(is_blank),
        Some(b'-' | b'0'..=b'9') => true,
        _ => false,
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let is = |pointer: &str, key: &str| pointer.strip_prefix("/data/") == Some(key);
        let mut members = Members::default();
        let mut seen = 0u32;
        while let Some(Key(key)) = map.next_key()? {
            let place = self.wanted.iter().position(|wanted| is(wanted, &key));
            let echoes = self.echo.is_some_and(|echo| is(echo, &key));
            if place.is_none() && !echoes {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&RawValue>()?.get();
            let mut twice = false;
            if let Some(place) = place {
                twice = seen >> place & 1 == 1;
                seen |= 1 << place;
                members.found = members.found & !(1 << place) | u32::from(is_usable(value)) << place;
            }
            if echoes {
                twice |= members.echoed.is_some();
                members.echoed = Some(value);
            }
            if twice {
                members.repeated = Some(key.into_owned());
            }
        }
        Ok(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Members<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Members::default())
    }

    fn visit_unit<E>(self) -> Result<Members<'de>, E> {
        Ok(Members::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Members<'de>, E> {
        Ok(Members::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Members<'de>, E> {
        Ok(Members::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Members<'de>, E> {
        Ok(Members::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Members<'de>, E> {
        Ok(Members::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Members<'de>, E> {
        Ok(Members::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["/data/session_id", "/data/game_url"];

    fn read(text: &str) -> Option<(Option<&str>, bool, bool)> {
        let envelope = Envelope::read(text, WANTED, None).ok()?;
        Some((envelope.success, envelope.has(0), envelope.has(1)))
    }

    #[test]
    fn what_is_wanted_is_found_in_data_and_nowhere_else() {
        for (text, found) in [
            (r#"{"success":true,"data":{"session_id":"s","game_url":"u"}}"#, (Some("true"), true, true)),
            (r#"{"data":{"game_url":"u","other":[{}]},"success": 1}"#, (Some("1"), false, true)),
            (r#"{"session_id":"s","game_url":"u"}"#, (None, false, false)),
            (r#"{"data":{"data":{"session_id":"s"}}}"#, (None, false, false)),
            (r#"{"data":{"session_id":null,"game\u005furl":"u"}}"#, (None, false, true)),
            (r#"{"data":[{"session_id":"s"},2,[]]}"#, (None, false, false)),
        ] {
            assert_eq!(read(text), Some(found), "{text}");
        }
        for scalar in ["null", "true", "\"session_id\"", "-1", "18446744073709551615", "0.5", "\"\\n\""] {
            assert_eq!(read(&format!("{{\"data\":{scalar}}}")), Some((None, false, false)), "{scalar}");
        }
    }

    #[test]
    fn only_a_number_or_a_string_that_is_not_blank_is_usable() {
        for (value, usable) in [
            ("\"s\"", true),
            ("7", true),
            ("-1.5", true),
            (r#""\u0061""#, true),
            (r#""\"""#, true),
            (r#""""#, false),
            (r#"" \t\u00a0""#, false),
            ("\"\u{200b}\u{feff}\"", false),
            (r#""\u0000""#, false),
            ("null", false),
            ("true", false),
            ("[]", false),
            (r#"{"x":1}"#, false),
        ] {
            let text = format!(r#"{{"data":{{"session_id":{value}}}}}"#);
            assert_eq!(read(&text).unwrap().1, usable, "{value}");
        }
    }

    #[test]
    fn a_key_that_is_read_and_is_there_twice_is_named() {
        for (text, repeated) in [
            (r#"{"success":true,"success":true,"data":{}}"#, Some("success")),
            (r#"{"data":{"session_id":"s"},"d\u0061ta":{}}"#, Some("data")),
            (r#"{"data":{"session_id":"s","session_id":null}}"#, Some("session_id")),
            (r#"{"data":{"status":"s","status":"s"}}"#, Some("status")),
            (r#"{"data":{"other":1,"other":2},"message":"a","message":"b"}"#, None),
        ] {
            let envelope = Envelope::read(text, WANTED, Some("/data/status")).unwrap();
            assert_eq!(envelope.repeated.as_deref(), repeated, "{text}");
        }
        let twice = Envelope::read(r#"{"data":1,"data":2}"#, &[], None).unwrap();
        assert_eq!(twice.repeated.as_deref(), Some("data"));
        let echo = Envelope::read(r#"{"data":{"status":7}}"#, &[], Some("/data/status")).unwrap();
        assert_eq!(echo.echoed, Some("7"));
    }

    #[test]
    fn the_whole_text_is_checked_on_the_way() {
        for text in [
            r#"{"data":{"session_id":"s"}"#,
            r#"{"data":{"session_id":01}}"#,
            r#"{"data":{"x":tru}}"#,
            r#"{"data":{}} x"#,
            r#"{"data":[1,]}"#,
            r#"{"a":[1 2],"success":true}"#,
            "{\"a\":\"\u{1}\"}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
