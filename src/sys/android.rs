//! The root certificates of Android. Its verifier is written in Java: the host gives the virtual
//! machine to this library, and adds the Java component of rustls-platform-verifier to its program.

#[cfg(feature = "tls")]
pub(crate) use verifier::*;

/// Does nothing: the transport of the host verifies certificates.
///
/// # Errors
///
/// None.
///
/// # Safety
///
/// Always safe.
#[cfg(all(feature = "capi", not(feature = "tls")))]
pub(crate) unsafe fn init_verifier(_: *mut std::ffi::c_void, _: *mut std::ffi::c_void) -> Result<(), String> {
    Ok(())
}

#[cfg(feature = "tls")]
mod verifier {
    use std::ffi::c_void;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use jni::objects::JObject;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::crypto::CryptoProvider;
    use rustls::pki_types::CertificateDer;
    use rustls_platform_verifier::Verifier;

    /// Whether [`init_verifier`] has succeeded.
    static IS_INITIALIZED: AtomicBool = AtomicBool::new(false);

    /// Returns a verifier that trusts the roots of the system. The configuration has refused
    /// `extra`, because of [`TRUSTS_EXTRA_ROOTS`](super::super::TRUSTS_EXTRA_ROOTS).
    ///
    /// # Errors
    ///
    /// Returns why the roots cannot be loaded. Without [`init_verifier`], the verifier would panic.
    pub(crate) fn system_verifier(
        extra: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        if !extra.is_empty() {
            return Err("Android cannot trust certificates beside its own.".to_owned());
        }
        if !IS_INITIALIZED.load(Ordering::Acquire) {
            return Err("the verifier of Android is not initialized. Call ipg_android_init() before the \
                        first call, or build the library with the feature `bundled-roots`."
                .to_owned());
        }
        let verifier = Verifier::new(provider).map_err(|error| error.to_string())?;
        Ok(Arc::new(verifier))
    }

    /// Initializes the verifier. A repetition changes nothing.
    ///
    /// # Errors
    ///
    /// Returns why the verifier cannot be initialized.
    ///
    /// # Safety
    ///
    /// `vm` is a `JavaVM *` of this process, and `context` a valid `jobject` of the class
    /// `android.content.Context`. Neither is NULL.
    #[cfg(feature = "capi")]
    pub(crate) unsafe fn init_verifier(vm: *mut c_void, context: *mut c_void) -> Result<(), String> {
        // SAFETY: guaranteed by the caller.
        let vm = unsafe { jni::JavaVM::from_raw(vm.cast()) };
        // Detaches the thread afterwards, unless Java knew it already.
        vm.attach_current_thread_for_scope(|env| -> jni::errors::Result<()> {
            // SAFETY: guaranteed by the caller. Dropping a `JObject` does not delete the reference,
            // which belongs to the caller.
            let context = unsafe { JObject::from_raw(env, context.cast()) };
            rustls_platform_verifier::android::init_with_env(env, context)
        })
        .map_err(|error| error.to_string())?;
        IS_INITIALIZED.store(true, Ordering::Release);
        Ok(())
    }
}
