//! Converts Python values to JSON text. Numbers keep their digits: a `Decimal` is written as it is,
//! an `int` in full, a `float` in its shortest exact form. A value that JSON cannot represent is an
//! error that names the argument. Used by `client.rs` and `sandbox.rs`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMemoryView, PySequence,
    PyString, PyTuple, PyType,
};

use crate::errors;

/// The greatest nesting depth, the same as in responses. The limit also stops values that contain
/// themselves.
const MAX_DEPTH: usize = 128;

/// Converts a dict to a JSON object.
///
/// # Errors
///
/// Returns a `ValidationError` or an `ArgumentTypeError` for a value that JSON cannot represent.
pub(crate) fn to_json(dict: &Bound<'_, PyDict>) -> PyResult<String> {
    let mut out = String::with_capacity(128);
    let path = Path { parent: None, step: Step::Root };
    write_pairs(&mut out, dict.iter().map(Ok), &path, 0)?;
    Ok(out)
}

/// The path of a value in the arguments, for error messages.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Path<'_> {
    fn child<'a>(&'a self, step: Step<'a>) -> Path<'a> {
        Path { parent: Some(self), step }
    }

    /// Returns whether this is the argument `extra`, whose members are arguments too.
    fn is_extra(&self) -> bool {
        matches!(self.step, Step::Key("extra"))
            && self.parent.is_some_and(|parent| matches!(parent.step, Step::Root))
    }

    /// Returns the path as a JSON pointer. A member of `extra` has the path of an argument.
    fn to_pointer(&self) -> String {
        let parent = self.parent.filter(|parent| !parent.is_extra());
        let parent = parent.map_or_else(String::new, Path::to_pointer);
        match self.step {
            Step::Root => parent,
            Step::Key(key) => format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("{parent}/{index}"),
        }
    }

    /// Returns the path as an error message names it.
    fn to_name(&self) -> String {
        match self.to_pointer() {
            pointer if pointer.is_empty() => "The argument".to_owned(),
            pointer => format!("`{}`", pointer[1..].replace('/', ".")),
        }
    }

    fn type_error(&self, py: Python<'_>, reason: &str) -> PyErr {
        errors::invalid_argument(py, &self.to_pointer(), &format!("{} {reason}", self.to_name()), true)
    }

    fn value_error(&self, py: Python<'_>, reason: &str) -> PyErr {
        errors::invalid_argument(py, &self.to_pointer(), &format!("{} {reason}", self.to_name()), false)
    }
}

fn write_value(out: &mut String, value: &Bound<'_, PyAny>, path: &Path<'_>, depth: usize) -> PyResult<()> {
    if depth > MAX_DEPTH {
        return Err(path.value_error(value.py(), "is nested too deep or contains itself."));
    }
    // The most frequent types come first and are compared exactly: a subclass may be an
    // enumeration.
    if let Ok(text) = value.cast_exact::<PyString>() {
        write_text(out, text, path)
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        write_int(out, number, path)
    } else if value.is_none() {
        out.push_str("null");
        Ok(())
    } else if let Ok(flag) = value.cast::<PyBool>() {
        out.push_str(if flag.is_true() { "true" } else { "false" });
        Ok(())
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        write_pairs(out, dict.iter().map(Ok), path, depth)
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        write_items(out, list.iter().map(Ok), path, depth)
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        write_items(out, tuple.iter().map(Ok), path, depth)
    } else if let Ok(number) = value.cast::<PyFloat>() {
        write_float(out, number, path)
    } else {
        write_other(out, value, path, depth)
    }
}

fn write_text(out: &mut String, text: &Bound<'_, PyString>, path: &Path<'_>) -> PyResult<()> {
    let quoted = text.to_cow().ok().and_then(|text| serde_json::to_string(&*text).ok());
    match quoted {
        Some(quoted) => {
            out.push_str(&quoted);
            Ok(())
        }
        None => Err(path.value_error(text.py(), "has a lone surrogate, which UTF-8 cannot represent.")),
    }
}

fn write_int(out: &mut String, number: &Bound<'_, PyInt>, path: &Path<'_>) -> PyResult<()> {
    if let Ok(small) = number.extract::<i64>() {
        out.push_str(&small.to_string());
        return Ok(());
    }
    static REPR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    // `int.__repr__`, because the `__repr__` of an enumeration's member returns a name.
    let digits = match builtin_method(number.py(), &REPR, "int", "__repr__")?.call1((number,)) {
        Ok(digits) => digits,
        Err(problem) if problem.is_instance_of::<PyValueError>(number.py()) => {
            return Err(path.value_error(number.py(), "has more digits than Python converts to text."));
        }
        Err(problem) => return Err(problem),
    };
    out.push_str(&digits.cast::<PyString>()?.to_cow()?);
    Ok(())
}

fn write_float(out: &mut String, number: &Bound<'_, PyFloat>, path: &Path<'_>) -> PyResult<()> {
    static REPR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if !number.value().is_finite() {
        return Err(path.value_error(number.py(), "must be a number: JSON has neither NaN nor infinity."));
    }
    let digits = builtin_method(number.py(), &REPR, "float", "__repr__")?.call1((number,))?;
    out.push_str(&digits.cast::<PyString>()?.to_cow()?);
    Ok(())
}

/// Writes a value of a less frequent type.
fn write_other(out: &mut String, value: &Bound<'_, PyAny>, path: &Path<'_>, depth: usize) -> PyResult<()> {
    let py = value.py();
    if is_instance(value, "enum", "Enum")? {
        return write_value(out, &value.getattr("value")?, path, depth + 1);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return write_text(out, text, path);
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return write_int(out, number, path);
    }
    if is_instance(value, "decimal", "Decimal")? {
        return write_decimal(out, value, path);
    }
    for (module, class) in [("datetime", "date"), ("datetime", "time")] {
        // A datetime is a date.
        if is_instance(value, module, class)? {
            return write_value(out, &value.call_method0("isoformat")?, path, depth + 1);
        }
    }
    for (module, class) in
        [("uuid", "UUID"), ("ipaddress", "IPv4Address"), ("ipaddress", "IPv6Address"), ("yarl", "URL")]
    {
        if is_instance(value, module, class)? {
            return write_text(out, &value.str()?, path);
        }
    }
    if value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || value.is_instance_of::<PyMemoryView>()
    {
        return Err(path.type_error(py, "is bytes, which JSON cannot represent: decode it to a string."));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let pairs = mapping.items()?;
        let pairs = pairs.iter().map(|pair| pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>());
        return write_pairs(out, pairs, path, depth);
    }
    if let Ok(sequence) = value.cast::<PySequence>() {
        return write_items(out, sequence.try_iter()?, path, depth);
    }
    // Integers of other libraries, such as numpy.
    if value.hasattr("__index__")? {
        let number = value.call_method0("__index__")?;
        return write_int(out, number.cast::<PyInt>()?, path);
    }
    let kind = value.get_type().name()?;
    Err(path.type_error(py, &format!("is a {kind}, which cannot be sent as JSON.")))
}

fn write_decimal(out: &mut String, number: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = number.py();
    if !number.call_method0("is_finite")?.extract::<bool>()? {
        return Err(path.value_error(py, "must be a number: JSON has neither NaN nor infinity."));
    }
    let text = number.str()?;
    let text = text.to_cow()?;
    // Plain digits if the number is short, because some servers do not accept exponents in amounts.
    let is_short = number.call_method0("adjusted")?.extract::<i64>()?.unsigned_abs() < 64;
    if text.contains('E') && is_short {
        let plain = number.call_method1("__format__", ("f",))?;
        out.push_str(&plain.cast::<PyString>()?.to_cow()?);
    } else {
        out.push_str(&text);
    }
    Ok(())
}

fn write_pairs<'py>(
    out: &mut String,
    pairs: impl Iterator<Item = PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
    path: &Path<'_>,
    depth: usize,
) -> PyResult<()> {
    out.push('{');
    for (index, pair) in pairs.enumerate() {
        let (key, value) = pair?;
        if index > 0 {
            out.push(',');
        }
        let Ok(key) = key.cast::<PyString>() else {
            return Err(path.type_error(key.py(), "has a key that is not a string."));
        };
        write_text(out, key, path)?;
        out.push(':');
        write_value(out, &value, &path.child(Step::Key(&key.to_cow()?)), depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn write_items<'py>(
    out: &mut String,
    items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
    path: &Path<'_>,
    depth: usize,
) -> PyResult<()> {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(out, &item?, &path.child(Step::Index(index)), depth + 1)?;
    }
    out.push(']');
    Ok(())
}

/// Returns whether a value is an instance of a class. Does not import the module: without the
/// module there are no instances.
fn is_instance(value: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    let modules = value.py().import("sys")?.getattr("modules")?;
    match modules.cast::<PyDict>()?.get_item(module)? {
        // A module without the class is still being imported, or is another module of that name.
        Some(module) => match module.getattr(class) {
            Ok(class) => value.is_instance(class.cast::<PyType>()?),
            Err(_) => Ok(false),
        },
        None => Ok(false),
    }
}

/// Returns a method of a built-in class.
fn builtin_method<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    class: &str,
    method: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let method = cell.get_or_try_init(py, || {
        Ok::<_, PyErr>(py.import("builtins")?.getattr(class)?.getattr(method)?.unbind())
    })?;
    Ok(method.bind(py))
}
