//! Python values as JSON text. Digits stay: a `Decimal` is written as it is, an int of any size in full, a
//! float in the shortest form that reads back the same. What JSON cannot say is refused by name.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PySequence, PyString, PyTuple,
    PyType,
};

use crate::errors;

/// As deep as the client reads answers; it also ends what contains itself.
const DEPTH: usize = 128;

/// A dict as a JSON object.
pub(crate) fn to_json(given: &Bound<'_, PyDict>) -> PyResult<String> {
    let mut out = String::with_capacity(128);
    let path = Path { above: None, step: Step::Root };
    write_pairs(&mut out, given.iter().map(Ok), &path, 0)?;
    Ok(out)
}

/// Where a value stands, for the one who has to find it.
struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Path<'_> {
    fn below<'a>(&'a self, step: Step<'a>) -> Path<'a> {
        Path { above: Some(self), step }
    }

    /// As a JSON pointer.
    fn pointer(&self) -> String {
        let above = self.above.map_or_else(String::new, Path::pointer);
        match self.step {
            Step::Root => above,
            Step::Key(key) => format!("{above}/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("{above}/{index}"),
        }
    }

    /// In words.
    fn name(&self) -> String {
        match self.pointer() {
            pointer if pointer.is_empty() => "The argument".to_owned(),
            pointer => format!("`{}`", pointer[1..].replace('/', ".")),
        }
    }

    fn wrong_type(&self, py: Python<'_>, why: &str) -> PyErr {
        errors::invalid(py, &self.pointer(), &format!("{} {why}", self.name()), true)
    }

    fn wrong_value(&self, py: Python<'_>, why: &str) -> PyErr {
        errors::invalid(py, &self.pointer(), &format!("{} {why}", self.name()), false)
    }
}

fn write(out: &mut String, value: &Bound<'_, PyAny>, path: &Path<'_>, depth: usize) -> PyResult<()> {
    if depth > DEPTH {
        return Err(path.wrong_value(value.py(), "is nested too deep, or contains itself."));
    }
    // What is met most comes first, by its exact type; what is derived from these may be more than it seems.
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
        None => Err(path.wrong_value(text.py(), "has a lone surrogate, which UTF-8 cannot hold.")),
    }
}

fn write_int(out: &mut String, number: &Bound<'_, PyInt>, path: &Path<'_>) -> PyResult<()> {
    if let Ok(small) = number.extract::<i64>() {
        out.push_str(&small.to_string());
        return Ok(());
    }
    static REPR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    // Not the number's own: an enumeration's member has a name there.
    let digits = match builtin(number.py(), &REPR, "int", "__repr__")?.call1((number,)) {
        Ok(digits) => digits,
        Err(problem) if problem.is_instance_of::<PyValueError>(number.py()) => {
            return Err(path.wrong_value(number.py(), "has more digits than Python writes out."));
        }
        Err(problem) => return Err(problem),
    };
    out.push_str(&digits.cast::<PyString>()?.to_cow()?);
    Ok(())
}

fn write_float(out: &mut String, number: &Bound<'_, PyFloat>, path: &Path<'_>) -> PyResult<()> {
    static REPR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if !number.value().is_finite() {
        return Err(path.wrong_value(number.py(), "must be a number: JSON has neither NaN nor infinity."));
    }
    let digits = builtin(number.py(), &REPR, "float", "__repr__")?.call1((number,))?;
    out.push_str(&digits.cast::<PyString>()?.to_cow()?);
    Ok(())
}

/// What is not plain: met rarely, so it may cost more.
fn write_other(out: &mut String, value: &Bound<'_, PyAny>, path: &Path<'_>, depth: usize) -> PyResult<()> {
    let py = value.py();
    if is_a(value, "enum", "Enum")? {
        return write(out, &value.getattr("value")?, path, depth + 1);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return write_text(out, text, path);
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return write_int(out, number, path);
    }
    if is_a(value, "decimal", "Decimal")? {
        return write_decimal(out, value, path);
    }
    for (module, class) in [("datetime", "date"), ("datetime", "time")] {
        // A datetime is a date.
        if is_a(value, module, class)? {
            return write(out, &value.call_method0("isoformat")?, path, depth + 1);
        }
    }
    for (module, class) in
        [("uuid", "UUID"), ("ipaddress", "IPv4Address"), ("ipaddress", "IPv6Address"), ("yarl", "URL")]
    {
        if is_a(value, module, class)? {
            return write_text(out, &value.str()?, path);
        }
    }
    if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() {
        return Err(path.wrong_type(py, "is bytes, which JSON cannot hold: decode it to text."));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let pairs = mapping.items()?;
        let pairs = pairs.iter().map(|pair| pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>());
        return write_pairs(out, pairs, path, depth);
    }
    if let Ok(sequence) = value.cast::<PySequence>() {
        return write_items(out, sequence.try_iter()?, path, depth);
    }
    // Numbers of other libraries, such as numpy's integers.
    if value.hasattr("__index__")? {
        let number = value.call_method0("__index__")?;
        return write_int(out, number.cast::<PyInt>()?, path);
    }
    let kind = value.get_type().name()?;
    Err(path.wrong_type(py, &format!("is a {kind}, which cannot be sent as JSON.")))
}

fn write_decimal(out: &mut String, number: &Bound<'_, PyAny>, path: &Path<'_>) -> PyResult<()> {
    let py = number.py();
    if !number.call_method0("is_finite")?.extract::<bool>()? {
        return Err(path.wrong_value(py, "must be a number: JSON has neither NaN nor infinity."));
    }
    let text = number.str()?;
    let text = text.to_cow()?;
    // Plain digits where that is not long: not every server's money knows exponents.
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
            return Err(path.wrong_type(key.py(), "has a key that is not a text."));
        };
        write_text(out, key, path)?;
        out.push(':');
        write(out, &value, &path.below(Step::Key(&key.to_cow()?)), depth + 1)?;
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
        write(out, &item?, &path.below(Step::Index(index)), depth + 1)?;
    }
    out.push(']');
    Ok(())
}

/// Whether a value is of a class, whose module is not imported for the question: where nobody has
/// imported it, nobody has such a value.
fn is_a(value: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    let modules = value.py().import("sys")?.getattr("modules")?;
    match modules.cast::<PyDict>()?.get_item(module)? {
        // Without the class it is a module that is just being imported, or another of that name.
        Some(module) => match module.getattr(class) {
            Ok(class) => value.is_instance(class.cast::<PyType>()?),
            Err(_) => Ok(false),
        },
        None => Ok(false),
    }
}

fn builtin<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    class: &str,
    method: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let made = cell.get_or_try_init(py, || {
        Ok::<_, PyErr>(py.import("builtins")?.getattr(class)?.getattr(method)?.unbind())
    })?;
    Ok(made.bind(py))
}
