//! Redaction: replaces the configured secrets in texts that leave the library, such as error
//! bodies.
//!
//! A server may repeat parts of the request in another encoding: `\u0073k-…` in JSON, `%73k-…` in a
//! URL, or `user:password` in base64. The texts are therefore decoded before the comparison, and
//! the position of every decoded byte in the original text is recorded.
//!
//! This file contains the [`Redactor`] and decides what is secret. `replace.rs` replaces the
//! secrets. The configuration fills a redactor; `error.rs` uses it.

mod replace;
mod search;
#[cfg(test)]
mod tests;
mod view;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

pub(crate) use self::view::decode_json_string;

/// Shorter secrets are not replaced: they would match parts of ordinary text.
const MIN_LEN: usize = 4;
/// Shorter secrets are replaced only where they are a separate word.
const MIN_LEN_INSIDE_WORDS: usize = 8;
/// A text without a digit or punctuation that is not longer than this is a word or a field name.
const MAX_ORDINARY_WORD: usize = 20;

/// The secrets of a client: the API key, secret header values and proxy passwords. They are
/// overwritten in memory when the redactor is dropped.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
    /// Parts of base64 texts that contain a secret, for each alignment.
    base64: Vec<Zeroizing<String>>,
}

#[derive(Clone)]
struct Secret {
    text: Zeroizing<String>,
    /// Whether the configuration declares it as a secret. Otherwise it counts as a secret because
    /// of its length.
    is_declared: bool,
}

impl std::ops::Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Redactor {
    /// Adds a secret, without a check of its content.
    pub(crate) fn add(&mut self, secret: &str) {
        self.add_secret(secret, true);
    }

    fn add_secret(&mut self, secret: &str, is_declared: bool) {
        if secret.len() < MIN_LEN {
            return;
        }
        if let Some(known) = self.secrets.iter_mut().find(|known| &***known == secret) {
            known.is_declared |= is_declared;
            return;
        }
        self.secrets.push(Secret { text: Zeroizing::new(secret.to_owned()), is_declared });
        // The longest secret is first, because one secret may be part of another.
        self.secrets.sort_by_key(|known| std::cmp::Reverse(known.len()));
        if secret.len() >= MIN_LEN_INSIDE_WORDS {
            self.add_base64(secret.as_bytes());
        }
    }

    /// Adds the value of a header if it is secret: if the name of the header says so, or if the
    /// value is long and not an ordinary word.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        if has_secret_name(name) {
            if !matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "none") {
                self.add(value);
                // In `Authorization: Bearer …` only the credentials are secret, not the scheme.
                if let Some((_, credentials)) = value.rsplit_once(' ') {
                    self.add(credentials);
                }
            }
        } else if value.len() >= MIN_LEN_INSIDE_WORDS && !is_ordinary_word(value) {
            self.add_secret(value, false);
        }
    }

    /// Adds the secrets of another redactor.
    pub(crate) fn add_all(&mut self, other: &Redactor) {
        for secret in &other.secrets {
            self.add_secret(&secret.text, secret.is_declared);
        }
    }

    /// Adds the credentials for a proxy, as text and in the encoding of a `Basic` header.
    pub(crate) fn add_credentials(&mut self, user: &str, password: &str) {
        self.add(if password.is_empty() { user } else { password });
        let pair = Zeroizing::new([user.as_bytes(), b":", password.as_bytes()].concat());
        for engine in [&STANDARD, &URL_SAFE] {
            self.add(&Zeroizing::new(engine.encode(&*pair)));
        }
    }

    /// Adds the part that every base64 text with these bytes has in common. The encoding depends on
    /// the number of bytes before them, so there are three forms for each alphabet.
    fn add_base64(&mut self, secret: &[u8]) {
        for before in 0..3 {
            let mut bytes = Zeroizing::new(vec![0; before + secret.len()]);
            bytes[before..].copy_from_slice(secret);
            let whole = bytes.len() * 8 / 6;
            for engine in [&STANDARD, &URL_SAFE] {
                let encoded = Zeroizing::new(engine.encode(&*bytes));
                // The first characters depend on the bytes before the secret, and the last
                // character on the bytes after it.
                if let Some(part) = encoded.get((before * 8).div_ceil(6)..whole)
                    && part.len() >= MIN_LEN_INSIDE_WORDS
                    && !self.base64.iter().any(|known| known.as_str() == part)
                {
                    self.base64.push(Zeroizing::new(part.to_owned()));
                }
            }
        }
    }
}

/// Returns whether the name of a header says that its value is secret.
fn has_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    const PARTS: &[&str] = &[
        "auth",
        "cookie",
        "credential",
        "csrf",
        "jwt",
        "key",
        "pass",
        "private",
        "pwd",
        "secret",
        "session",
        "signature",
        "token",
        "xsrf",
    ];
    PARTS.iter().any(|part| name.contains(part))
}

/// Returns whether a text looks like a word or a field name, such as `currency` or `country_code`.
fn is_ordinary_word(text: &str) -> bool {
    text.len() <= MAX_ORDINARY_WORD && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}
