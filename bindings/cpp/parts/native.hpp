// Internal helpers for the C interface: strings in both directions, errors that this side creates,
// and the end of the process on errors that nothing can handle. No public items. Used by all parts
// that call C functions.
#pragma once
#include "error.hpp"

#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

/**
 * Internal, except for the public functions that Builder and RequestBase give their derived
 * classes.
 */
namespace detail {
/// @cond

/** Prints a message to stderr and terminates the process. */
[[noreturn]] inline void fatal(const char* message, const char* detail = "") noexcept {
    std::fprintf(stderr, "iplaygames: %s%s\n", message, detail);
    std::terminate();
}

/** Throws the error. Without exceptions, prints it and terminates the process. */
[[noreturn]] inline void throw_error(const Error& error) {
#if IPLAYGAMES_EXCEPTIONS
    throw Exception(error);
#else
    fatal("value() was called on a failed Result: ", error.describe().c_str());
#endif
}

/**
 * Runs code of the host. Terminates the process if it throws: C functions are below it on the
 * stack, and no exception may pass through them.
 */
template <class Body> void run_noexcept(const char* origin, Body&& body) noexcept {
#if IPLAYGAMES_EXCEPTIONS
    try {
        body();
    } catch (...) {
        fatal("an exception left ", origin); // Inside the catch: terminate handlers can inspect it.
    }
#else
    (void)origin;
    body();
#endif
}

/** Owns a string that the C library allocated, and frees it. */
class OwnedString {
public:
    OwnedString() = default;
    OwnedString(const OwnedString&) = delete;
    OwnedString& operator=(const OwnedString&) = delete;
    ~OwnedString() { ipg_string_free(text_); }

    /** Returns the address for an out-parameter of C. Use it once. */
    char** out() noexcept { return &text_; }
    /** Returns true if C set a string. */
    explicit operator bool() const noexcept { return text_ != nullptr; }
    [[nodiscard]] std::string to_string() const { return text_ ? std::string(text_) : std::string(); }
    [[nodiscard]] std::string to_string(std::size_t length) const { return std::string(text_, length); }

private:
    char* text_ = nullptr;
};

/** Returns the text as a JSON string; nothing if the text is not UTF-8. */
inline std::optional<std::string> quote_json(std::string_view text) {
    OwnedString json;
    if (ipg_json_quote(text.data(), text.size(), json.out()) != IPG_OK) {
        return std::nullopt;
    }
    return json.to_string();
}

/** Creates an error with a document, for failures that have no document from C. */
inline Error make_error(ipg_code code, std::string_view message, std::string_view field = {}) {
    std::string json = "{\"success\":false,\"error\":{\"code\":" + std::to_string(code) + ",\"name\":\"" +
                       ipg_code_name(code) + "\",\"message\":" + quote_json(message).value_or("\"\"") +
                       ",\"operation\":null,\"outcome\":\"not_sent\",\"field\":";
    json += field.empty() ? "null" : quote_json(field).value_or("null");
    json += ",\"request_id\":null,\"call_id\":null,\"retryable\":";
    json += code == IPG_ERR_BUSY ? "true" : "false";
    json += ",\"attempts\":0,\"elapsed_ms\":0,\"http_status\":null,\"retry_after_ms\":null,\"body\":null}}";
    return Error(code, std::move(json));
}

/** Creates an error with the message that fits the functions which return only a code. */
inline Error make_error(ipg_code code) {
    switch (code) {
    case IPG_ERR_INVALID_ARGUMENT: return make_error(code, "An argument is not allowed.");
    case IPG_ERR_INVALID_HANDLE:
        return make_error(code, "The object is empty: it was moved from, closed, or never created.");
    case IPG_ERR_BUSY: return make_error(code, "A logger cannot replace or remove itself while it runs.");
    // Begin of the generated codes: bindings/generate_codes.py writes them. Do not edit.
    case IPG_ERR_SHUT_DOWN:
        return make_error(code, "The client is shut down, or this thread or process is ending and can make no calls.");
    // End of the generated codes.
    case IPG_ERR_NO_SUCH_FIELD: return make_error(code, "The document has no value at that pointer.");
    default: return make_error(code, ipg_code_name(code));
    }
}

/** Creates an error from the document that C returned; without a document, from the code. */
inline Error error_from_json(ipg_code code, std::string json) {
    return json.empty() ? make_error(code) : Error(code, std::move(json));
}

/** Returns an error message if the text contains a NUL; nothing if C can take the text. */
inline std::optional<std::string> nul_message(std::string_view name, std::string_view text) {
    const std::size_t nul = text.find('\0');
    if (nul == std::string_view::npos) {
        return std::nullopt;
    }
    return "`" + std::string(name) + "` contains a NUL at byte " + std::to_string(nul) + ".";
}

/**
 * A string parameter for C: a copy that ends with a NUL, and an error message if it contains one.
 */
class CStr {
public:
    CStr(const char* name, std::string_view text) : text_(text), error_message_(nul_message(name, text)) {}

    [[nodiscard]] const char* get() const noexcept { return text_.c_str(); }
    /** Returns NULL for empty text: C reads NULL as an empty JSON object. */
    [[nodiscard]] const char* get_or_null() const noexcept { return text_.empty() ? nullptr : text_.c_str(); }
    [[nodiscard]] const std::optional<std::string>& error_message() const noexcept { return error_message_; }

private:
    std::string text_;
    std::optional<std::string> error_message_;
};

/** Returns the error of the first parameter that C cannot take; nothing if C can take all. */
template <class... More> std::optional<Error> first_error(const CStr& parameter, const More&... more) {
    if (parameter.error_message()) {
        return make_error(IPG_ERR_INVALID_ARGUMENT, *parameter.error_message());
    }
    if constexpr (sizeof...(more) > 0) {
        return first_error(more...);
    } else {
        return std::nullopt;
    }
}

/// @endcond
} // namespace detail

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
