//! Converts the tables of operations and of codes for Python. Used by `_table.py` and `_errors.py`.

use iplaygames::{Field, Kind, Operation, Place, Repeat};
use pyo3::prelude::*;

use crate::boundary;

/// A field: name, location in the request, type, whether it is required, whether it may be null.
type FieldRow = (&'static str, &'static str, &'static str, bool, bool);
/// An operation: id, tag, summary, method, path, whether it may be repeated, and its fields.
type OperationRow =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, Vec<FieldRow>);

/// Returns every operation of the API.
#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> PyResult<Vec<OperationRow>> {
    boundary::catch(py, || Ok(iplaygames::operations().iter().map(to_row).collect()))
}

/// Returns whether an operation only reads data.
#[pyfunction]
pub(crate) fn is_read(py: Python<'_>, operation: &str) -> PyResult<bool> {
    boundary::catch(py, || {
        Ok(iplaygames::operation(operation).is_some_and(|operation| operation.repeat == Repeat::Read))
    })
}

fn to_row(operation: &'static Operation) -> OperationRow {
    let repeat = match operation.repeat {
        Repeat::Read => "read",
        Repeat::End => "end",
        Repeat::Once => "once",
    };
    let fields = operation.fields.iter().map(to_field_row).collect();
    let Operation { id, tag, summary, method, path, .. } = operation;
    (id, tag, summary, method.as_str(), path, repeat, fields)
}

fn to_field_row(field: &'static Field) -> FieldRow {
    let place = match field.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => "body",
        Place::File => "file",
    };
    let kind = match field.kind {
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Numeric => "numeric",
        Kind::Boolean => "boolean",
        Kind::Object => "object",
        Kind::Strings => "strings",
        Kind::Integers => "integers",
        Kind::Objects => "objects",
    };
    (field.name, place, kind, field.required, field.nullable)
}

/// Returns every code: number, name and meaning.
#[pyfunction]
pub(crate) fn codes(py: Python<'_>) -> PyResult<Vec<(i32, &'static str, &'static str)>> {
    boundary::catch(py, || {
        Ok(iplaygames::Code::all().map(|code| (code.value(), code.name(), code.text())).collect())
    })
}
