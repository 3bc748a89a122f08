//! The API's envelope, `{"success": …, "data": {…}}`, looked at in one pass that checks the whole text
//! and builds nothing.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Key;

/// What an answer's envelope says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    /// `success`, as it stands.
    pub(crate) success: Option<&'a str>,
    /// Which of the wanted members of `data` are there, and not null.
    found: u32,
}

impl<'a> Envelope<'a> {
    /// Reads the envelope of a text that is a JSON object, and whether what is wanted of it is there: at most
    /// 32 pointers, all to members of `data`. Of a key that is there twice, the last one counts.
    pub(crate) fn read(text: &'a str, wanted: &[&str]) -> serde_json::Result<Envelope<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let envelope = deserializer.deserialize_map(Whole(wanted))?;
        deserializer.end()?;
        Ok(envelope)
    }

    /// Whether the wanted member of this place is there.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.found >> place & 1 == 1
    }
}

struct Whole<'w>(&'w [&'w str]);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope { success: None, found: 0 };
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "success" => envelope.success = Some(map.next_value::<&RawValue>()?.get()),
                "data" if !self.0.is_empty() => envelope.found = map.next_value_seed(Data(self.0))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// `data`, of whatever type: the wanted members that it has.
struct Data<'w>(&'w [&'w str]);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u32, A::Error> {
        let mut found = 0;
        while let Some(Key(key)) = map.next_key()? {
            let Some(place) = self.0.iter().position(|wanted| wanted.strip_prefix("/data/") == Some(&*key))
            else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // Null is as good as nothing: no session has the id null.
            let there = map.next_value::<&RawValue>()?.get() != "null";
            found = found & !(1 << place) | u32::from(there) << place;
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u32, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(0)
    }

    fn visit_unit<E>(self) -> Result<u32, E> {
        Ok(0)
    }

    fn visit_bool<E>(self, _: bool) -> Result<u32, E> {
        Ok(0)
    }

    fn visit_str<E>(self, _: &str) -> Result<u32, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<u32, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<u32, E> {
        Ok(0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<u32, E> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["/data/session_id", "/data/game_url"];

    fn read(text: &str) -> Option<(Option<&str>, bool, bool)> {
        let envelope = Envelope::read(text, WANTED).ok()?;
        Some((envelope.success, envelope.has(0), envelope.has(1)))
    }

    #[test]
    fn what_is_wanted_is_found_in_data_and_nowhere_else() {
        for (text, found) in [
            (r#"{"success":true,"data":{"session_id":"s","game_url":"u"}}"#, (Some("true"), true, true)),
            (r#"{"data":{"game_url":{"x":[1]},"other":[{}]},"success": 1}"#, (Some("1"), false, true)),
            (r#"{"session_id":"s","game_url":"u"}"#, (None, false, false)),
            (r#"{"data":{"data":{"session_id":"s"}}}"#, (None, false, false)),
            (r#"{"data":{"session_id":null,"game\u005furl":""}}"#, (None, false, true)),
            (r#"{"data":{"session_id":"s","session_id":null}}"#, (None, false, false)),
            (r#"{"data":{"session_id":"s"},"data":{"game_url":"u"}}"#, (None, false, true)),
            (r#"{"data":[{"session_id":"s"},2,[]]}"#, (None, false, false)),
        ] {
            assert_eq!(read(text), Some(found), "{text}");
        }
        for scalar in ["null", "true", "\"session_id\"", "-1", "18446744073709551615", "0.5", "\"\\n\""] {
            assert_eq!(read(&format!("{{\"data\":{scalar}}}")), Some((None, false, false)), "{scalar}");
        }
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
