//! The table of operations and the list of codes, for Python to read.

use iplaygames::{Field, Kind, Operation, Place, Repeat};
use pyo3::prelude::*;

use crate::boundary;

/// A field: its name, where it travels, what it holds, whether it must be there, whether None is allowed.
type FieldRow = (&'static str, &'static str, &'static str, bool, bool);
/// An operation: its id, tag, summary, method, path, how it may be repeated, and its fields.
type OperationRow =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, Vec<FieldRow>);

/// Every operation of the API.
#[pyfunction]
pub(crate) fn operations(py: Python<'_>) -> PyResult<Vec<OperationRow>> {
    boundary::catch(py, || Ok(iplaygames::operations().iter().map(row).collect()))
}

/// Returns whether an operation only reads.
#[pyfunction]
pub(crate) fn is_read(py: Python<'_>, operation: &str) -> PyResult<bool> {
    boundary::catch(py, || {
        Ok(iplaygames::operation(operation).is_some_and(|operation| operation.repeat == Repeat::Read))
    })
}

fn row(operation: &'static Operation) -> OperationRow {
    let repeat = match operation.repeat {
        Repeat::Read => "read",
        Repeat::End => "end",
        Repeat::Once => "once",
    };
    let fields = operation.fields.iter().map(field).collect();
    let Operation { id, tag, summary, method, path, .. } = operation;
    (id, tag, summary, method.as_str(), path, repeat, fields)
}

fn field(field: &'static Field) -> FieldRow {
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

/// Every code: its number, its name and what it means.
#[pyfunction]
pub(crate) fn codes(py: Python<'_>) -> PyResult<Vec<(i32, &'static str, &'static str)>> {
    boundary::catch(py, || {
        Ok(iplaygames::Code::all().map(|code| (code.value(), code.name(), code.text())).collect())
    })
}
