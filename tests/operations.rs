//! All 65 operations through the client, against the sandbox, which checks key, path and fields.

#![cfg(feature = "sandbox")]

mod support;

use iplaygames::{Code, Format, Idempotency, Operation, Param, ParamLocation, ParamType, operations};
use serde_json::{Map, Value, json};
use support::{options, sandbox_and_client};

/// A value the field accepts, and the sandbox's world knows.
fn valid(field: &Param) -> Value {
    match (field.format, field.param_type) {
        (Format::Currency, _) => json!("USD"),
        (Format::Country, _) => json!("US"),
        (Format::Ip, _) => json!("2001:db8::1"),
        (Format::ExpireDays, _) => json!(30),
        (Format::None, ParamType::String) if field.location == ParamLocation::File => {
            json!("external_game_id,name\n1,One\n")
        }
        (Format::None, ParamType::String) if field.name == "provider" => Value::Null,
        (Format::None, ParamType::String) => json!("5"),
        (Format::None, ParamType::Integer) => json!(5),
        (Format::None, ParamType::Number) => json!(1.5),
        (Format::None, ParamType::Numeric) => json!("0.50"),
        (Format::None, ParamType::Boolean) => json!(true),
        (Format::None, ParamType::Object) => json!({"a": 1}),
        (Format::None, ParamType::Strings) => json!([1, "2"]),
        (Format::None, ParamType::Integers) => json!([1, 2]),
        (Format::None, ParamType::Objects) => json!([{"external_game_id": "1", "name": "One"}]),
    }
}

fn arguments(row: &Operation, wanted: impl Fn(&Param) -> bool) -> Map<String, Value> {
    row.params
        .iter()
        .filter(|field| wanted(field))
        .map(|field| (field.name.to_owned(), valid(field)))
        .collect()
}

/// Those whose success the sandbox's state decides.
fn has_state(row: &Operation) -> bool {
    row.path.contains("sessions/{")
}

#[test]
fn every_operation_works_with_what_it_needs_and_with_everything_it_knows() {
    let (sandbox, client) = sandbox_and_client("");
    for row in operations() {
        for given in [arguments(row, |field| field.required), arguments(row, |_| true)] {
            let result = client.call(row.id, &Value::Object(given).to_string(), &options());
            match result {
                Ok(reply) => assert!(!has_state(row) && reply.attempts() == 1, "{}", row.id),
                Err(error) => {
                    assert!(has_state(row), "{}: {error}", row.id);
                    assert_eq!(error.code(), Code::NOT_FOUND, "{}", row.id);
                }
            }
        }
    }
    let counts: Value = serde_json::from_str(&sandbox.control(r#"{"command": "counts"}"#).unwrap()).unwrap();
    let counts = counts["requests"]["by_operation"].as_object().unwrap().clone();
    assert_eq!(counts.len(), 65);
    assert!(counts.values().all(|count| count == 2), "{counts:?}");
}

#[test]
fn without_a_required_field_nothing_is_sent() {
    let (sandbox, client) = sandbox_and_client("");
    for row in operations() {
        for missing in row.params.iter().filter(|field| field.required) {
            let given = arguments(row, |field| field.required && field.name != missing.name);
            let error = client.call(row.id, &Value::Object(given).to_string(), &options()).unwrap_err();
            assert_eq!(error.code(), Code::INVALID_ARGUMENT, "{}", row.id);
            assert_eq!(error.field().unwrap(), format!("/{}", missing.name), "{}", row.id);
            assert_eq!(error.operation(), Some(row.id));
        }
    }
    let counts = sandbox.control(r#"{"command": "counts"}"#).unwrap();
    assert!(counts.contains(r#""total":0"#), "{counts}");
}

#[test]
fn only_reads_and_ends_are_ever_repeated() {
    for row in operations() {
        let safe = row.method.as_str() == "GET" || row.id.starts_with("end_");
        assert_eq!(row.idempotency != Idempotency::NonIdempotent, safe, "{}", row.id);
    }
}

#[test]
fn a_name_the_api_does_not_have_is_refused_with_the_name() {
    let (_sandbox, client) = sandbox_and_client("");
    let error = client.call("start", "{}", &options()).unwrap_err();
    assert_eq!((error.code(), error.operation()), (Code::UNKNOWN_OPERATION, Some("start")));
    assert!(error.message().contains("\"start\""));
}
