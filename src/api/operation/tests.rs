use super::*;

#[test]
#[cfg(feature = "capi")]
fn the_table_as_json_has_every_operation_and_every_parameter() {
    let table: serde_json::Value = serde_json::from_str(&operations_json()).unwrap();
    let rows = table["operations"].as_array().unwrap();
    assert_eq!(rows.len(), operations().len());
    for (row, operation) in rows.iter().zip(operations()) {
        assert_eq!(row["id"], operation.id);
        assert_eq!(row["path"], operation.path);
        let params = row["params"].as_array().unwrap();
        assert_eq!(params.len(), operation.params.len());
        for (row, param) in params.iter().zip(operation.params) {
            assert_eq!(row["name"], param.name);
            assert_eq!(row["required"], param.required);
            assert_eq!(row["items"].is_null(), row["type"] != "array");
        }
    }
    let start = rows.iter().find(|row| row["id"] == "start_a_game_session").unwrap();
    assert_eq!(start["idempotency"], "non_idempotent");
    let currency = start["params"].as_array().unwrap().iter().find(|param| param["name"] == "currency");
    assert_eq!(currency.unwrap()["format"], "currency");
}

#[test]
fn every_operation_is_found_by_its_id_and_nothing_else_is() {
    assert_eq!(operations().len(), 65);
    for row in operations() {
        assert!(std::ptr::eq(operation(row.id).unwrap(), row));
    }
    for id in ["", "start", "start_a_game_session ", "START_A_GAME_SESSION", "zzz"] {
        assert!(operation(id).is_none(), "{id}");
    }
}

#[test]
fn parameter_names_need_no_escapes_in_json() {
    for field in operations().iter().flat_map(|row| row.params) {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        assert!(field.name.bytes().all(plain), "{}", field.name);
    }
}

#[test]
fn the_placeholders_of_a_path_are_the_path_parameters() {
    for row in operations() {
        let in_path: Vec<_> =
            row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let params: Vec<_> = row
            .params
            .iter()
            .filter(|field| field.location == ParamLocation::Path)
            .map(|field| field.name)
            .collect();
        assert_eq!(in_path, params, "{}", row.id);
        assert!(
            row.params
                .iter()
                .filter(|field| field.location == ParamLocation::Path)
                .all(|field| field.required)
        );
    }
}

#[test]
fn required_members_are_members_of_data() {
    let all = operations().iter().flat_map(|row| row.required);
    assert!(all.into_iter().all(|pointer| pointer.starts_with("/data/")));
}

#[test]
fn an_echo_is_a_member_of_data_and_names_a_path_parameter() {
    let rows: Vec<_> = operations().iter().filter_map(|row| Some((row, row.echo?))).collect();
    assert_eq!(rows.len(), 6);
    for (row, echo) in rows {
        assert!(echo.pointer.starts_with("/data/"), "{}", row.id);
        assert_eq!(row.param(echo.argument).unwrap().location, ParamLocation::Path, "{}", row.id);
    }
}

#[test]
fn only_two_operations_document_a_5xx_refusal() {
    let rows: Vec<_> = operations()
        .iter()
        .filter(|row| !row.refusal_statuses.is_empty())
        .map(|row| (row.id, row.refusal_statuses))
        .collect();
    assert_eq!(
        rows,
        [("create_a_standalone_freespin", [503].as_slice()), ("start_a_game_session", [503].as_slice()),]
    );
}

#[test]
fn methods_match_bodies_queries_and_idempotency() {
    for row in operations() {
        let body = row.params.iter().any(|field| field.location == ParamLocation::Body);
        let query = row.params.iter().any(|field| field.location == ParamLocation::Query);
        assert!(!body || row.body == BodyKind::Json, "{}", row.id);
        assert!(!query || row.method == Method::Get, "{}", row.id);
        assert_eq!(row.method == Method::Get, row.idempotency == Idempotency::Safe, "{}", row.id);
        assert!(row.method != Method::Get || row.body == BodyKind::None, "{}", row.id);
    }
    let ends: Vec<_> = operations()
        .iter()
        .filter(|row| row.idempotency == Idempotency::Idempotent)
        .map(|row| row.id)
        .collect();
    assert_eq!(ends, ["end_a_game_session", "end_multi_session"]);
}
