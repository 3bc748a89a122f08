//! The third wall: panics. The body of every exported function runs in here; what it answers, or its
//! panic, becomes a code and a document, and the host's places for results are written on every path.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::client::CLIENTS;
use super::{ipg_client, ipg_code, text};
use crate::client::Client;
use crate::codes::Code;
use crate::error::Error;
use crate::message::Outcome;
use crate::panics::{self, InsideGuard, panic_message};

/// A place of the host's for one result, or NULL when the host does not want it.
pub(super) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Writes `empty` there at once, so that no path can leave the place as it was.
    ///
    /// # Safety
    ///
    /// `place` is NULL or may be written until the exported function returns: the header asks the
    /// host for it. It need not be aligned.
    pub(super) unsafe fn new(place: *mut T, empty: T) -> Out<T> {
        let out = Out(place);
        out.set(empty);
        out
    }

    pub(super) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, so whoever called `new` vouches for it.
            unsafe { self.0.write_unaligned(value) };
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }
}

impl<H> Out<*mut H> {
    /// A place for a pointer, NULL from now on.
    ///
    /// # Safety
    ///
    /// As for [`Out::new`].
    pub(super) unsafe fn null(place: *mut *mut H) -> Out<*mut H> {
        // SAFETY: passed on.
        unsafe { Out::new(place, std::ptr::null_mut()) }
    }
}

/// Runs a body that answers a document: its own, or that of its error.
pub(super) fn answer(out_json: &Out<*mut c_char>, body: impl FnOnce() -> Result<String, Error>) -> ipg_code {
    report(out_json, || body().map(|document| (Code::OK, Some(document))))
}

/// Runs a body that answers a code, and a document if there is one: its own, or that of its error.
pub(super) fn report(
    out_json: &Out<*mut c_char>,
    body: impl FnOnce() -> Result<(Code, Option<String>), Error>,
) -> ipg_code {
    finish(out_json, caught(body))
}

/// Runs a body that answers nothing but whether it went well.
pub(super) fn check(body: impl FnOnce() -> Result<(), Error>) -> ipg_code {
    code(|| body().map(|()| Code::OK))
}

/// Runs a body that answers nothing but a code.
pub(super) fn code(body: impl FnOnce() -> Result<Code, Error>) -> ipg_code {
    caught(body).unwrap_or_else(|error| error.code()).value()
}

/// Runs a body on a client, and then hands its log lines over, with no lock held.
pub(super) fn on_client<T>(
    client: *mut ipg_client,
    body: impl FnOnce(&Client) -> Result<T, Error>,
) -> Result<T, Error> {
    let client = CLIENTS.get(client)?;
    let result = caught(|| body(&client));
    // What the call achieved is not lost to a defect after it.
    let _ = caught(|| {
        client.deliver_log();
        drop(client);
        Ok(())
    });
    result
}

/// Runs `body`; a panic is an error. Its outcome is unknown: it may have happened after sending.
pub(super) fn caught<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // A body is left half done by a panic only where it owns the data; what it shares is behind
    // locks whose sections leave it whole.
    panics::silence();
    let _inside = InsideGuard::enter();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let message = format!("A defect in this library: {}", panic_message(&*panic));
        // Dropping what a panic carries may panic again.
        std::mem::forget(panic);
        let mut error = Error::new(Code::INTERNAL, message);
        error.facts_mut().outcome = Outcome::Unknown;
        Err(error)
    })
}

fn finish(out_json: &Out<*mut c_char>, result: Result<(Code, Option<String>), Error>) -> ipg_code {
    let code = result.as_ref().map_or_else(|error| error.code(), |(code, _)| *code);
    if out_json.is_wanted() {
        let document = caught(|| {
            let document = result.map_or_else(|error| Some(error.to_json()), |(_, document)| document);
            Ok(document.map(text::hand_out))
        });
        // Without memory for the document the process is gone; nothing else can fail there.
        out_json.set(document.ok().flatten().unwrap_or(std::ptr::null_mut()));
    }
    code.value()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr;

    use super::*;

    fn taken(document: *mut c_char) -> String {
        // SAFETY: handed out by the call under test and not yet taken back.
        let copy = unsafe { CStr::from_ptr(document) }.to_str().unwrap().to_owned();
        text::take_back(document);
        copy
    }

    #[test]
    fn a_place_is_emptied_first_and_may_be_null() {
        let mut place: *mut c_char = ptr::without_provenance_mut(8);
        // SAFETY: a local that outlives the Out.
        let out = unsafe { Out::null(&raw mut place) };
        assert!(place.is_null() && out.is_wanted());
        // SAFETY: NULL.
        let none = unsafe { Out::<*mut c_char>::null(ptr::null_mut()) };
        none.set(ptr::null_mut());
        assert!(!none.is_wanted());
        assert_eq!(answer(&none, || Err(text::bad("x".into()))), 100);
    }

    #[test]
    fn a_panic_is_a_code_and_a_document_with_its_words() {
        let mut place = ptr::null_mut();
        // SAFETY: a local that outlives the Out.
        let out = unsafe { Out::null(&raw mut place) };
        let number = 7;
        assert_eq!(answer(&out, || panic!("words with {number}")), 900);
        let document = taken(place);
        assert!(
            document.contains("words with 7") && document.contains("\"outcome\":\"unknown\""),
            "{document}"
        );
        answer(&out, || panic!("plain words"));
        assert!(taken(place).contains("plain words"));
        answer(&out, || std::panic::panic_any(7));
        assert!(taken(place).contains("the panic has no message"));
        assert_eq!(check(|| panic!("x")), 900);
        assert_eq!(check(|| Ok(())), 0);
    }

    #[test]
    fn a_panic_that_panics_when_dropped_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(check(|| std::panic::panic_any(Bomb)), 900);
    }
}
