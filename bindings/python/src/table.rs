//! Converts the tables of operations and of codes for Python. Used by `_table.py` and `_errors.py`.

use iplaygames::{Idempotency, Operation, Param, ParamLocation, ParamType};
use pyo3::prelude::*;

use crate::boundary;

/// A parameter: name, location in the request, type, whether it is required, whether it may be
/// null.
type ParamRow = (&'static str, &'static str, &'static str, bool, bool);
/// An operation: id, tag, summary, method, path, its idempotency, and its parameters.
type OperationRow =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, Vec<ParamRow>);

/// Returns every operation of the API.
#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> PyResult<Vec<OperationRow>> {
    boundary::catch(py, || Ok(iplaygames::operations().iter().map(to_row).collect()))
}

/// Returns whether an operation only reads data.
#[pyfunction]
pub(crate) fn is_read(py: Python<'_>, operation: &str) -> PyResult<bool> {
    boundary::catch(py, || {
        Ok(iplaygames::operation(operation)
            .is_some_and(|operation| operation.idempotency == Idempotency::Safe))
    })
}

fn to_row(operation: &'static Operation) -> OperationRow {
    let idempotency = match operation.idempotency {
        Idempotency::Safe => "safe",
        Idempotency::Idempotent => "idempotent",
        Idempotency::NonIdempotent => "non_idempotent",
    };
    let params = operation.params.iter().map(to_param_row).collect();
    let Operation { id, tag, summary, method, path, .. } = operation;
    (id, tag, summary, method.as_str(), path, idempotency, params)
}

fn to_param_row(param: &'static Param) -> ParamRow {
    let location = match param.location {
        ParamLocation::Path => "path",
        ParamLocation::Query => "query",
        ParamLocation::Body => "body",
        ParamLocation::File => "file",
    };
    let param_type = match param.param_type {
        ParamType::String => "string",
        ParamType::Integer => "integer",
        ParamType::Number => "number",
        ParamType::Numeric => "numeric",
        ParamType::Boolean => "boolean",
        ParamType::Object => "object",
        ParamType::Strings => "strings",
        ParamType::Integers => "integers",
        ParamType::Objects => "objects",
    };
    (param.name, location, param_type, param.required, param.nullable)
}

/// Returns every code: number, name and meaning.
#[pyfunction]
pub(crate) fn codes(py: Python<'_>) -> PyResult<Vec<(i32, &'static str, &'static str)>> {
    boundary::catch(py, || {
        Ok(iplaygames::Code::all().map(|code| (code.value(), code.name(), code.text())).collect())
    })
}
