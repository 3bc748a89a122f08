//! Keeps the library loaded.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::Once;

/// Keeps the file that contains this function in memory until the process ends: threads of the host
/// have thread-local values of the library, whose destructors run when those threads end, and
/// threads of the library may be running.
///
/// The Makefile links the shared library with `-z nodelete`, where the linker has this option. This
/// function is for the others: the linker of macOS has no such option, and a plug-in of a host may
/// contain the static library. The documentation of macOS does not say whether `dlclose` unloads a
/// library whose thread-local values are in use, so nothing here relies on it.
pub(crate) fn keep_loaded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
        let own: fn() = keep_loaded;
        // SAFETY: the address is one of this function, and `found` is writable. A result other than
        // zero means that `found` is filled in.
        let found = unsafe {
            if libc::dladdr(own as *const _, found.as_mut_ptr()) == 0 {
                return;
            }
            found.assume_init()
        };
        // RTLD_NOLOAD finds only what is loaded already. OpenBSD does not have it. The reference is
        // never given back.
        #[cfg(not(target_os = "openbsd"))]
        const FLAGS: c_int = libc::RTLD_LAZY | libc::RTLD_NOLOAD;
        #[cfg(target_os = "openbsd")]
        const FLAGS: c_int = libc::RTLD_LAZY;
        if !found.dli_fname.is_null() {
            // SAFETY: the name is a string of the dynamic linker. Finding nothing is no error: a
            // program itself, which is never unloaded, cannot be opened.
            unsafe { libc::dlopen(found.dli_fname, FLAGS) };
        }
    });
}
