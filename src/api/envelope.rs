//! Parses the envelope of the API, `{"success": …, "data": {…}}`. One pass checks the whole text
//! and finds the required members without building a value. `response/` and `refusal.rs` use it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Key;

/// Returns a body without the byte order mark that it may begin with.
pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The members of a response that the library reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    /// The value of `success`, as JSON.
    pub(crate) success: Option<&'a str>,
    /// The value of the echoed member of `data`, as JSON.
    pub(crate) echoed: Option<&'a str>,
    /// The key that is present twice: `success`, `data`, a required member or the echoed member of
    /// `data`.
    pub(crate) repeated: Option<String>,
    /// Bit set of the required members of `data` that are present and usable.
    found: u32,
}

impl<'a> Envelope<'a> {
    /// Parses the envelope of a text that is a JSON object. `required` has at most 32 pointers.
    /// These pointers and `echo` point to members of `data`.
    pub(crate) fn parse(
        text: &'a str,
        required: &[&str],
        echo: Option<&str>,
    ) -> serde_json::Result<Envelope<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let envelope = deserializer.deserialize_map(EnvelopeVisitor { required, echo })?;
        deserializer.end()?;
        Ok(envelope)
    }

    /// Returns whether the required member with this index is a number or a string that is not
    /// blank.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.found >> index & 1 == 1
    }
}

struct EnvelopeVisitor<'w> {
    required: &'w [&'w str],
    echo: Option<&'w str>,
}

impl<'de> Visitor<'de> for EnvelopeVisitor<'_> {
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
                    if self.required.is_empty() && self.echo.is_none() {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let data = DataVisitor { required: self.required, echo: self.echo };
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

/// Reads the required members of `data`. A `data` that is not an object has none.
struct DataVisitor<'w> {
    required: &'w [&'w str],
    echo: Option<&'w str>,
}

/// The members that were found in `data`.
#[derive(Default)]
struct Members<'a> {
    found: u32,
    echoed: Option<&'a str>,
    repeated: Option<String>,
}

impl<'de> DeserializeSeed<'de> for DataVisitor<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Returns whether a JSON value can be an id or a URL: a number, or a string with a visible
/// character.
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

impl<'de> Visitor<'de> for DataVisitor<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let is = |pointer: &str, key: &str| pointer.strip_prefix("/data/") == Some(key);
        let mut members = Members::default();
        let mut seen = 0u32;
        while let Some(Key(key)) = map.next_key()? {
            let index = self.required.iter().position(|required| is(required, &key));
            let echoes = self.echo.is_some_and(|echo| is(echo, &key));
            if index.is_none() && !echoes {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&RawValue>()?.get();
            let mut is_repeated = false;
            if let Some(index) = index {
                is_repeated = seen >> index & 1 == 1;
                seen |= 1 << index;
                members.found = members.found & !(1 << index) | u32::from(is_usable(value)) << index;
            }
            if echoes {
                is_repeated |= members.echoed.is_some();
                members.echoed = Some(value);
            }
            if is_repeated {
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

    const REQUIRED: &[&str] = &["/data/session_id", "/data/game_url"];

    fn parse(text: &str) -> Option<(Option<&str>, bool, bool)> {
        let envelope = Envelope::parse(text, REQUIRED, None).ok()?;
        Some((envelope.success, envelope.has(0), envelope.has(1)))
    }

    #[test]
    fn required_members_are_found_only_in_data() {
        for (text, found) in [
            (r#"{"success":true,"data":{"session_id":"s","game_url":"u"}}"#, (Some("true"), true, true)),
            (r#"{"data":{"game_url":"u","other":[{}]},"success": 1}"#, (Some("1"), false, true)),
            (r#"{"session_id":"s","game_url":"u"}"#, (None, false, false)),
            (r#"{"data":{"data":{"session_id":"s"}}}"#, (None, false, false)),
            (r#"{"data":{"session_id":null,"game\u005furl":"u"}}"#, (None, false, true)),
            (r#"{"data":[{"session_id":"s"},2,[]]}"#, (None, false, false)),
        ] {
            assert_eq!(parse(text), Some(found), "{text}");
        }
        for scalar in ["null", "true", "\"session_id\"", "-1", "18446744073709551615", "0.5", "\"\\n\""] {
            assert_eq!(parse(&format!("{{\"data\":{scalar}}}")), Some((None, false, false)), "{scalar}");
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
            assert_eq!(parse(&text).unwrap().1, usable, "{value}");
        }
    }

    #[test]
    fn a_repeated_key_that_the_library_reads_is_reported() {
        for (text, repeated) in [
            (r#"{"success":true,"success":true,"data":{}}"#, Some("success")),
            (r#"{"data":{"session_id":"s"},"d\u0061ta":{}}"#, Some("data")),
            (r#"{"data":{"session_id":"s","session_id":null}}"#, Some("session_id")),
            (r#"{"data":{"status":"s","status":"s"}}"#, Some("status")),
            (r#"{"data":{"other":1,"other":2},"message":"a","message":"b"}"#, None),
        ] {
            let envelope = Envelope::parse(text, REQUIRED, Some("/data/status")).unwrap();
            assert_eq!(envelope.repeated.as_deref(), repeated, "{text}");
        }
        let repeated_data = Envelope::parse(r#"{"data":1,"data":2}"#, &[], None).unwrap();
        assert_eq!(repeated_data.repeated.as_deref(), Some("data"));
        let echo = Envelope::parse(r#"{"data":{"status":7}}"#, &[], Some("/data/status")).unwrap();
        assert_eq!(echo.echoed, Some("7"));
    }

    #[test]
    fn text_that_is_not_json_is_an_error_wherever_the_fault_is() {
        for text in [
            r#"{"data":{"session_id":"s"}"#,
            r#"{"data":{"session_id":01}}"#,
            r#"{"data":{"x":tru}}"#,
            r#"{"data":{}} x"#,
            r#"{"data":[1,]}"#,
            r#"{"a":[1 2],"success":true}"#,
            "{\"a\":\"\u{1}\"}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
