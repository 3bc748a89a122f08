//! The boundary between the exported functions and the library. The body of each exported function
//! runs here: its result, error or panic becomes a code and a JSON document, and the out-parameters
//! are written on every path.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::string;
use super::tables::CLIENTS;
use super::types::{ipg_client, ipg_code};
use crate::client::Client;
use crate::codes::Code;
use crate::error::Error;
use crate::http_types::Outcome;
use crate::panics::{self, InsideGuard, panic_message};

/// An out-parameter, or NULL when the host does not want the result.
pub(super) struct OutParam<T>(*mut T);

impl<T> OutParam<T> {
    /// Returns the out-parameter and writes `empty` to it, so that it is written on every path.
    ///
    /// # Safety
    ///
    /// `place` is NULL or may be written until the exported function returns, as the header
    /// demands. It need not be aligned.
    pub(super) unsafe fn new(place: *mut T, empty: T) -> OutParam<T> {
        let out = OutParam(place);
        out.set(empty);
        out
    }

    /// Writes a value, unless the host passed NULL.
    pub(super) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL; the caller of `new` guarantees the rest.
            unsafe { self.0.write_unaligned(value) };
        }
    }

    /// Returns whether the host wants the result.
    pub(super) fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }
}

impl<H> OutParam<*mut H> {
    /// Returns an out-parameter for a pointer, and sets it to NULL.
    ///
    /// # Safety
    ///
    /// As for [`OutParam::new`].
    pub(super) unsafe fn null(place: *mut *mut H) -> OutParam<*mut H> {
        // SAFETY: guaranteed by the caller.
        unsafe { OutParam::new(place, std::ptr::null_mut()) }
    }
}

/// Runs a body whose result is a JSON document. An error becomes the error document.
pub(super) fn json(
    out_json: &OutParam<*mut c_char>,
    body: impl FnOnce() -> Result<String, Error>,
) -> ipg_code {
    json_with_code(out_json, || body().map(|document| (Code::OK, Some(document))))
}

/// Runs a body whose result is a code and perhaps a JSON document. An error becomes the error
/// document.
pub(super) fn json_with_code(
    out_json: &OutParam<*mut c_char>,
    body: impl FnOnce() -> Result<(Code, Option<String>), Error>,
) -> ipg_code {
    finish(out_json, catch_panic(body))
}

/// Runs a body that has no result.
pub(super) fn status(body: impl FnOnce() -> Result<(), Error>) -> ipg_code {
    code(|| body().map(|()| Code::OK))
}

/// Runs a body whose result is a code.
pub(super) fn code(body: impl FnOnce() -> Result<Code, Error>) -> ipg_code {
    catch_panic(body).unwrap_or_else(|error| error.code()).value()
}

/// Runs a body on a client, and then passes the client's log lines to its logger, with no lock
/// held.
pub(super) fn with_client<T>(
    client: *mut ipg_client,
    body: impl FnOnce(&Client) -> Result<T, Error>,
) -> Result<T, Error> {
    let client = CLIENTS.get(client)?;
    let result = catch_panic(|| body(&client));
    // A panic of the logger does not replace the result.
    let _ = catch_panic(|| {
        client.deliver_log();
        drop(client);
        Ok(())
    });
    result
}

/// Runs `body`. A panic becomes an error with the outcome `unknown`, because the request may have
/// been sent before the panic.
pub(super) fn catch_panic<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // After a panic, only data that the body owns may be inconsistent. Shared data is behind locks,
    // and no locked section panics while the data is inconsistent.
    panics::silence();
    let _inside = InsideGuard::enter();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let message = format!("A defect in this library: {}", panic_message(&*panic));
        // Dropping the payload of a panic may panic again.
        std::mem::forget(panic);
        let mut error = Error::new(Code::INTERNAL, message);
        error.inner_mut().outcome = Outcome::Unknown;
        Err(error)
    })
}

/// Writes the document of a result and returns its code.
fn finish(out_json: &OutParam<*mut c_char>, result: Result<(Code, Option<String>), Error>) -> ipg_code {
    let code = result.as_ref().map_or_else(|error| error.code(), |(code, _)| *code);
    if out_json.is_wanted() {
        let document = catch_panic(|| {
            let document = result.map_or_else(|error| Some(error.to_json()), |(_, document)| document);
            Ok(document.map(string::into_raw))
        });
        // This can fail only if memory is exhausted, which ends the process.
        out_json.set(document.ok().flatten().unwrap_or(std::ptr::null_mut()));
    }
    code.value()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr;

    use super::*;

    fn take_document(document: *mut c_char) -> String {
        // SAFETY: returned by the call under test and not yet freed.
        let copy = unsafe { CStr::from_ptr(document) }.to_str().unwrap().to_owned();
        string::from_raw(document);
        copy
    }

    #[test]
    fn an_out_parameter_is_cleared_first_and_may_be_null() {
        let mut place: *mut c_char = ptr::without_provenance_mut(8);
        // SAFETY: a local variable that outlives the OutParam.
        let out = unsafe { OutParam::null(&raw mut place) };
        assert!(place.is_null() && out.is_wanted());
        // SAFETY: NULL.
        let none = unsafe { OutParam::<*mut c_char>::null(ptr::null_mut()) };
        none.set(ptr::null_mut());
        assert!(!none.is_wanted());
        assert_eq!(json(&none, || Err(string::invalid_argument("x".into()))), 100);
    }

    #[test]
    fn a_panic_becomes_a_code_and_a_document_with_its_message() {
        let mut place = ptr::null_mut();
        // SAFETY: a local variable that outlives the OutParam.
        let out = unsafe { OutParam::null(&raw mut place) };
        let number = 7;
        assert_eq!(json(&out, || panic!("message with {number}")), 900);
        let document = take_document(place);
        assert!(
            document.contains("message with 7") && document.contains("\"outcome\":\"unknown\""),
            "{document}"
        );
        json(&out, || panic!("plain message"));
        assert!(take_document(place).contains("plain message"));
        json(&out, || std::panic::panic_any(7));
        assert!(take_document(place).contains("the panic has no message"));
        assert_eq!(status(|| panic!("x")), 900);
        assert_eq!(status(|| Ok(())), 0);
    }

    /// The test harness captures what its own threads print, so a child process panics.
    #[test]
    fn a_panic_prints_nothing() {
        const CHILD: &str = "IPLAYGAMES_TEST_PANIC";
        if std::env::var_os(CHILD).is_some() {
            assert_eq!(status(|| panic!("on purpose")), 900);
            let on_a_thread_of_the_library = std::thread::spawn(|| {
                InsideGuard::enter_permanently();
                panic!("on purpose");
            });
            assert!(on_a_thread_of_the_library.join().is_err());
            return;
        }
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["ffi::boundary::tests::a_panic_prints_nothing", "--exact", "--nocapture"]);
        let output = child.env(CHILD, "1").output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
        assert!(err.is_empty() && !out.contains("on purpose"), "{out}{err}");
    }

    #[test]
    fn a_panic_whose_payload_panics_when_dropped_does_not_leave_the_boundary() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(status(|| std::panic::panic_any(Bomb)), 900);
    }
}
