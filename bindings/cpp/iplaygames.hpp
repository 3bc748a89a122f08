/**
 * @file
 * iplaygames.hpp: the C++17 wrapper of iplaygames.h. The header needs only the standard library. It
 * compiles with exceptions and without (`-fno-exceptions -fno-rtti`).
 *
 * A complete program:
 *
 * ```cpp
 * #include <cstdio>
 * #include <iplaygames.hpp>
 *
 * int main() {
 *     auto client = iplaygames::Client::create(); // key and address from the environment
 *     if (!client) {
 *         std::puts(client.error().describe().c_str());
 *         return 1;
 *     }
 *     auto session = client->session_start(iplaygames::StartSession(42)
 *                                              .player_id("player-7")
 *                                              .currency("EUR")
 *                                              .country_code("DE")
 *                                              .ip_address("203.0.113.9"));
 *     if (!session) {
 *         std::puts(session.error().describe().c_str());
 *         return 1;
 *     }
 *     std::printf("play at %s\n", session->game_url.c_str());
 *     return client->session_end(session->session_id).ok() ? 0 : 1;
 * }
 * ```
 *
 * The rules of iplaygames.h for codes, documents, requests, budgets, blocking, fork and exit apply.
 * The wrapper adds these rules:
 *
 * Errors. A function that can fail returns a Result: the value, or an Error with every field of the
 * error document. `value()`, `*` and `->` of a failed Result throw an Exception. Without exceptions
 * they print the error to stderr and terminate the process. No other function throws, except
 * std::bad_alloc and exceptions from copying or moving your callables.
 *
 * Ownership. Client, Request, Watch, Session and Sandbox release their resource in the destructor.
 * They can be moved, not copied. An object that was moved from or default-constructed is empty: its
 * functions return IPG_ERR_INVALID_HANDLE. Text parameters are std::string_view. They need no NUL
 * at the end, and the library copies them. Text that contains a NUL is an error
 * (IPG_ERR_INVALID_ARGUMENT); it is never truncated.
 *
 * Threads. Any number of threads may call the const functions of one object at the same time.
 * Moving, assigning and destroying an object, and calling its non-const functions, require
 * exclusive access. To close a client that other threads use, call Client::close(), which is const,
 * and destroy the object later.
 *
 * Callbacks. The wrapper stores a callback in one heap allocation. The library destroys it after
 * its last run, or when its request is reset or destroyed, or when its client is closed. It does so
 * immediately, on the thread that causes it, and holds no lock. If the callback is running on
 * another thread at that moment, that thread destroys it after it returns. A callback must be
 * callable on any thread that calls Client::tick(). An exception that leaves a callback prints a
 * line to stderr and terminates the process.
 *
 * fork. The rules of C apply. A child does not destroy the callables of its parent.
 *
 * Several translation units may include this header, as C++17 and C++20. Translation units with and
 * without exceptions use types of different names, so that one program can contain both.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
// Generated from bindings/cpp/parts by bindings/cpp/amalgamate.py. Do not edit.
#ifndef IPLAYGAMES_HPP
#define IPLAYGAMES_HPP

#include "iplaygames.h"
#if __has_include("iplaygames_sandbox.h")
#  include "iplaygames_sandbox.h"
#endif

/** 1 if exceptions are enabled, and value() of a failed Result throws; otherwise 0. */
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#  define IPLAYGAMES_EXCEPTIONS 1
#else
#  define IPLAYGAMES_EXCEPTIONS 0
#endif

/**
 * The inline namespace that contains all names. Some inline functions differ with exceptions and
 * without: they need different names, or a program that mixes both would violate the one-definition
 * rule. Programs do not write this name.
 */
#if IPLAYGAMES_EXCEPTIONS
#  define IPLAYGAMES_NAMESPACE v0
#else
#  define IPLAYGAMES_NAMESPACE v0_no_exceptions
#endif

/** The client library for the IPlayGames API. */
namespace iplaygames {}

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {
// ---- document -----------------------------------------------------------------------------------

template <class T> class Result;
class Error;

/** The type of a JSON value. */
enum class Type : std::int32_t {
    null = IPG_JSON_NULL,     /**< `null` */
    boolean = IPG_JSON_BOOL,  /**< `true` or `false` */
    number = IPG_JSON_NUMBER, /**< a number, with the digits of the document */
    string = IPG_JSON_STRING, /**< a string */
    array = IPG_JSON_ARRAY,   /**< an array */
    object = IPG_JSON_OBJECT  /**< an object */
};

/** One value of a document. */
struct Value {
    /** The type of the value. */
    Type type;
    /**
     * The text of the value: a string without quotes and escapes, a number with its digits, any
     * other type as JSON. The text may contain NUL characters.
     */
    std::string text;
};

/**
 * A JSON document, with functions to read its values without a JSON library.
 *
 * Threads: any number of threads may call the const functions at the same time.
 *
 * ```cpp
 * iplaygames::Document games(R"({"data": [{"id": 123, "price": 0.50}]})");
 * if (auto price = games.get("/data/0/price")) {
 *     std::printf("%s\n", price->text.c_str()); // 0.50
 * }
 * ```
 */
class Document {
public:
    /** Creates a document with an empty text, which is not valid JSON. */
    Document() = default;
    /** Creates a document with this text. Does not parse the text; the reading functions do. */
    explicit Document(std::string json) : json_(std::move(json)) {}

    /** Returns the complete text, unchanged. */
    [[nodiscard]] const std::string& json() const noexcept { return json_; }

    /**
     * Returns the value at a JSON pointer (RFC 6901), such as `"/data/session_id"`; see
     * ipg_json_get().
     *
     * Errors: IPG_ERR_NO_SUCH_FIELD if the document has no value at the pointer;
     * IPG_ERR_INVALID_ARGUMENT if the document or the pointer is malformed.
     */
    Result<Value> get(std::string_view pointer) const;

    /**
     * Returns the string or number at a pointer as text; nothing for any other type, or no value.
     */
    [[nodiscard]] std::optional<std::string> text(std::string_view pointer) const;

    /** Returns the integer at a pointer; nothing if it is no integer, or does not fit 64 bits. */
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view pointer) const;

private:
    std::string json_;
};

/** A response of the API: the server's JSON document. */
class Reply : public Document {
public:
    using Document::Document;
};

// ---- error --------------------------------------------------------------------------------------

/** Whether the server may have processed a failed call. */
enum class Outcome {
    not_sent, /**< The call was not sent; the server did not process it. */
    rejected, /**< The API rejected the call. */
    unknown   /**< The server may have processed the call: after a start, a session may exist. */
};

/**
 * The reason why a call failed, with every field of the error document that iplaygames.h describes.
 * An Error never contains the API key.
 *
 * The functions read the fields from the document on each call.
 *
 * ```cpp
 * auto status = client.session_status(session_id);
 * if (!status) {
 *     const iplaygames::Error& error = status.error();
 *     if (error.code() == IPG_ERR_NOT_FOUND) std::puts("the session does not exist");
 *     if (error.outcome() == iplaygames::Outcome::unknown) std::puts("maybe processed");
 *     const long long delay = error.retry_after_ms().value_or(1000);
 *     if (error.retryable()) std::printf("try again in %lld ms\n", delay);
 * }
 * ```
 */
class Error : public Document {
public:
    /** Creates an error from a code and an error document. */
    Error(ipg_code code, std::string json) : Document(std::move(json)), code_(code) {}

    /** Returns the code: one of the `IPG_ERR_` constants. */
    [[nodiscard]] ipg_code code() const noexcept { return code_; }
    /** Returns the name of the code, such as `"IPG_ERR_NOT_FOUND"`. */
    [[nodiscard]] const char* name() const noexcept { return ipg_code_name(code_); }
    /** Returns the error message: the API's message, if the API sent one. */
    [[nodiscard]] std::string message() const { return text("/error/message").value_or(""); }
    /** Returns the operation that was called, if there was one. */
    [[nodiscard]] std::optional<std::string> operation() const { return text("/error/operation"); }
    /** Returns whether the server may have processed the call. */
    [[nodiscard]] Outcome outcome() const;
    /** Returns true if the same call may succeed later. */
    [[nodiscard]] bool retryable() const;
    /** Returns the number of attempts. */
    [[nodiscard]] std::int64_t attempts() const { return integer("/error/attempts").value_or(0); }
    /** Returns the duration of the call in milliseconds, with the delays between attempts. */
    [[nodiscard]] std::int64_t elapsed_ms() const { return integer("/error/elapsed_ms").value_or(0); }
    /** Returns the HTTP status of the last response, if the server sent one. */
    [[nodiscard]] std::optional<std::int64_t> http_status() const { return integer("/error/http_status"); }
    /** Returns the id that the server gave the request, if the server sent one. */
    [[nodiscard]] std::optional<std::string> request_id() const { return text("/error/request_id"); }
    /** Returns the id of the call, which is sent as `X-Request-Id`. */
    [[nodiscard]] std::optional<std::string> call_id() const { return text("/error/call_id"); }
    /** Returns how many milliseconds the server asked the client to wait, if it did. */
    [[nodiscard]] std::optional<std::int64_t> retry_after_ms() const { return integer("/error/retry_after_ms"); }
    /** Returns a JSON pointer to the invalid argument, such as `"/currency"`. */
    [[nodiscard]] std::optional<std::string> field() const { return text("/error/field"); }
    /** Returns the body of the response as JSON, if it was JSON. */
    [[nodiscard]] std::optional<std::string> body() const;
    /** Returns the first 512 characters of the body, if it was not JSON. */
    [[nodiscard]] std::optional<std::string> body_text() const { return text("/error/body_text"); }

    /**
     * Returns one line for a log or a developer, such as
     * `Session not found [IPG_ERR_NOT_FOUND, HTTP 404, outcome rejected]`.
     */
    [[nodiscard]] std::string describe() const;

private:
    ipg_code code_;
};

#if IPLAYGAMES_EXCEPTIONS
/**
 * The exception that Result::value() throws. what() returns Error::describe().
 *
 * ```cpp
 * try {
 *     client.session_end(session_id).value();
 * } catch (const iplaygames::Exception& exception) {
 *     std::printf("%s: %s\n", exception.error().name(), exception.what());
 * }
 * ```
 */
class Exception : public std::runtime_error {
public:
    /** Creates an exception with this error. */
    explicit Exception(Error error)
        : std::runtime_error(error.describe()), error_(std::make_shared<const Error>(std::move(error))) {}

    /** Returns the error. */
    [[nodiscard]] const Error& error() const noexcept { return *error_; }

private:
    std::shared_ptr<const Error> error_; // Copying an exception must not throw.
};
#endif

// ---- native -------------------------------------------------------------------------------------

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

// ---- result -------------------------------------------------------------------------------------

/**
 * A value or an Error. Check it before you take the value.
 *
 * ```cpp
 * iplaygames::Result<iplaygames::SessionStatus> status = client.session_status(session_id);
 * if (status) {
 *     std::puts(status->status.c_str());
 * } else {
 *     std::puts(status.error().message().c_str());
 * }
 * ```
 */
template <class T> class [[nodiscard]] Result {
public:
    /** Creates a result with a value. */
    Result(T value) : value_or_error_(std::in_place_index<0>, std::move(value)) {}
    /** Creates a failed result. */
    Result(Error error) : value_or_error_(std::in_place_index<1>, std::move(error)) {}

    /** Returns true if there is a value. */
    [[nodiscard]] bool ok() const noexcept { return value_or_error_.index() == 0; }
    /** Returns true if there is a value. */
    explicit operator bool() const noexcept { return ok(); }
    /** Returns IPG_OK, or the code of the error. */
    [[nodiscard]] ipg_code code() const noexcept { return ok() ? IPG_OK : error().code(); }
    /**
     * Returns the error. If there is a value, returns an error with the code IPG_OK and no text.
     */
    [[nodiscard]] const Error& error() const noexcept {
        static const Error none(IPG_OK, "");
        const Error* error = std::get_if<1>(&value_or_error_);
        return error ? *error : none;
    }

    /**
     * Returns the value. Throws an Exception if there is none. Without exceptions, prints the error
     * and terminates the process.
     */
    T& value() & { return *checked(std::get_if<0>(&value_or_error_)); }
    /** Returns the value, as above. */
    const T& value() const& { return *checked(std::get_if<0>(&value_or_error_)); }
    /** Returns the value, as above; for `T value = function().value()`. */
    T&& value() && { return std::move(*checked(std::get_if<0>(&value_or_error_))); }
    /** Returns value(). */
    T& operator*() & { return value(); }
    /** Returns value(). */
    const T& operator*() const& { return value(); }
    /** Returns value(). */
    T&& operator*() && { return std::move(*this).value(); }
    /** Returns the address of value(). */
    T* operator->() { return &value(); }
    /** Returns the address of value(). */
    const T* operator->() const { return &value(); }

private:
    template <class P> P checked(P value) const {
        if (!value) {
            detail::throw_error(error());
        }
        return value;
    }

    std::variant<T, Error> value_or_error_;
};

/** Success without a value, or an Error. */
template <> class [[nodiscard]] Result<void> {
public:
    /** Creates a successful result. */
    Result() = default;
    /** Creates a failed result. */
    Result(Error error) : error_(std::move(error)) {}

    /** Returns true if the call succeeded. */
    [[nodiscard]] bool ok() const noexcept { return !error_; }
    /** Returns true if the call succeeded. */
    explicit operator bool() const noexcept { return ok(); }
    /** Returns IPG_OK, or the code of the error. */
    [[nodiscard]] ipg_code code() const noexcept { return ok() ? IPG_OK : error_->code(); }
    /** Returns the error. After success, returns an error with the code IPG_OK and no text. */
    [[nodiscard]] const Error& error() const noexcept {
        static const Error none(IPG_OK, "");
        return error_ ? *error_ : none;
    }
    /**
     * Throws an Exception if the call failed. Without exceptions, prints the error and terminates
     * the process.
     */
    void value() const {
        if (error_) {
            detail::throw_error(*error_);
        }
    }

private:
    std::optional<Error> error_;
};

// ---- document_impl ------------------------------------------------------------------------------

inline Result<Value> Document::get(std::string_view pointer) const {
    const detail::CStr c_pointer("pointer", pointer);
    if (auto error = detail::first_error(c_pointer)) {
        return std::move(*error);
    }
    if (const auto message = detail::nul_message("json", json_)) {
        return detail::make_error(IPG_ERR_INVALID_ARGUMENT, *message);
    }
    detail::OwnedString value;
    std::int32_t type = 0;
    std::size_t length = 0;
    const ipg_code code = ipg_json_get(json_.c_str(), c_pointer.get(), &type, value.out(), &length);
    if (code != IPG_OK) {
        return code == IPG_ERR_INVALID_ARGUMENT
                   ? detail::make_error(code, "The document is not JSON, or the pointer is not a JSON pointer.")
                   : detail::make_error(code);
    }
    return Value{static_cast<Type>(type), value.to_string(length)};
}

inline std::optional<std::string> Document::text(std::string_view pointer) const {
    auto value = get(pointer);
    if (!value || (value->type != Type::string && value->type != Type::number)) {
        return std::nullopt;
    }
    return std::move(value->text);
}

inline std::optional<std::int64_t> Document::integer(std::string_view pointer) const {
    const auto digits = text(pointer);
    std::int64_t number = 0;
    if (!digits || digits->empty()) {
        return std::nullopt;
    }
    const char* end = digits->data() + digits->size();
    const auto parsed = std::from_chars(digits->data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
        return std::nullopt;
    }
    return number;
}

inline Outcome Error::outcome() const {
    const std::string name = text("/error/outcome").value_or("");
    if (name == "not_sent") return Outcome::not_sent;
    if (name == "rejected") return Outcome::rejected;
    return Outcome::unknown; // Also for a name that this header does not know: the cautious answer.
}

inline bool Error::retryable() const {
    const auto value = get("/error/retryable");
    return value && value->text == "true";
}

inline std::optional<std::string> Error::body() const {
    auto value = get("/error/body");
    if (!value || value->type == Type::null) {
        return std::nullopt;
    }
    // get() returns a string without its quotes, and body() returns JSON.
    return value->type == Type::string ? detail::quote_json(value->text) : std::move(value->text);
}

inline std::string Error::describe() const {
    std::string line = message();
    if (const auto pointer = field()) {
        line += " (" + *pointer + ")";
    }
    line += std::string(" [") + name();
    if (const auto status = http_status()) {
        line += ", HTTP " + std::to_string(*status);
    }
    if (attempts() > 0) {
        line += ", outcome " + text("/error/outcome").value_or("unknown");
    }
    return line + "]";
}

// ---- builder ------------------------------------------------------------------------------------

namespace detail {

/// @cond
/** Collects the fields of a JSON object. Keeps an error message for each field that is invalid. */
class JsonObjectBuilder {
public:
    /** Starts with the fields of `base`, which is the text of a JSON object or empty. */
    explicit JsonObjectBuilder(std::string_view base = {}) : base_(std::string(base)) {}

    /** Sets a field. A later value of the same name replaces an earlier one. */
    void set(std::string_view name, std::string json, std::optional<std::string> error_message = std::nullopt) {
        for (Field& field : fields_) {
            if (field.name == name) {
                field.json = std::move(json);
                field.error_message = std::move(error_message);
                return;
            }
        }
        fields_.push_back({std::string(name), std::move(json), std::move(error_message)});
    }

    void set_string(std::string_view name, std::string_view text) {
        auto error_message = nul_message(name, text);
        auto json = quote_json(text);
        if (!error_message && !json) {
            error_message = "`" + std::string(name) + "` is not UTF-8.";
        }
        set(name, std::move(json).value_or("null"), std::move(error_message));
    }

    void set_json(std::string_view name, std::string_view json) {
        set(name, std::string(json), nul_message(name, json));
    }

    [[nodiscard]] Result<std::string> to_json() const {
        auto out = open_object();
        if (!out) {
            return out;
        }
        bool first = *out == "{";
        for (const Field& field : fields_) {
            const auto name = quote_json(field.name);
            if (field.error_message || !name) {
                return make_error(IPG_ERR_INVALID_ARGUMENT,
                                  field.error_message.value_or("The name of a field is not UTF-8."), "/" + field.name);
            }
            *out += first ? "" : ",";
            *out += *name + ":" + field.json;
            first = false;
        }
        *out += "}";
        return out;
    }

private:
    struct Field {
        std::string name, json;
        std::optional<std::string> error_message;
    };

    /** Returns the base object without its closing brace. */
    [[nodiscard]] Result<std::string> open_object() const {
        if (base_.json().empty()) {
            return std::string("{");
        }
        auto object = base_.get("");
        if (!object) {
            return object.error();
        }
        if (object->type != Type::object) {
            return make_error(IPG_ERR_INVALID_ARGUMENT, "The JSON text is not an object.");
        }
        object->text.pop_back();
        object->text.erase(object->text.find_last_not_of(" \t\r\n") + 1);
        return std::move(object->text);
    }

    Document base_{};
    std::vector<Field> fields_;
};

/// @endcond
/**
 * The base class of objects that are built field by field: Config, CallOptions and StartSession.
 *
 * The setters copy their arguments and return the object, so that calls can be chained. They do not
 * fail: to_json(), and the functions that take the object, report an invalid value.
 */
template <class Self> class Builder {
public:
    /**
     * Creates an object with all fields of a JSON object; more fields can be added. Empty text
     * means an empty object. A field that is both in the text and set later is an error when the
     * object is used.
     */
    [[nodiscard]] static Self from_json(std::string_view json) {
        Self self;
        self.fields_ = JsonObjectBuilder(json);
        return self;
    }

    /**
     * Sets a field to a JSON value; for fields that this header does not know. An argument that the
     * library does not know either is a member of the object `extra`.
     */
    Self& field(std::string_view name, std::string_view json) {
        fields_.set_json(name, json);
        return self();
    }

    /**
     * Returns the JSON object.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for text that contains a NUL or is not UTF-8; Error::field()
     * points at the field.
     */
    [[nodiscard]] Result<std::string> to_json() const { return fields_.to_json(); }

    /// @cond
protected:
    Builder() = default;

    Self& set_string(const char* name, std::string_view text) {
        fields_.set_string(name, text);
        return self();
    }
    Self& set_number(const char* name, std::int64_t number) {
        fields_.set(name, std::to_string(number));
        return self();
    }
    Self& set_bool(const char* name, bool value) {
        fields_.set(name, value ? "true" : "false");
        return self();
    }
    Self& self() { return static_cast<Self&>(*this); }

    JsonObjectBuilder fields_;
    /// @endcond
};

} // namespace detail

// ---- options ------------------------------------------------------------------------------------

/**
 * The configuration of a client. iplaygames.h lists the keys and their defaults. The object
 * contains the API key: do not write to_json() to a log.
 *
 * ```cpp
 * using iplaygames::Config;
 * auto config = Config().base_url("https://relay.example").header("X-Player", "token").timeout_ms(5000);
 * auto first = iplaygames::Client::create(config);
 * auto other = iplaygames::Client::create(Config::from_json(R"({"timeout_ms": 5000})"));
 * ```
 */
class Config : public detail::Builder<Config> {
public:
    /** Creates a configuration with the defaults and the values of the environment. */
    Config() {} // Not "= default": C++17 would treat the class as an aggregate.

    /** Sets the operator's bearer token. Do not ship the token inside a game. */
    Config& api_key(std::string_view key) { return set_string("api_key", key); }
    /** Sets the address of the API. */
    Config& base_url(std::string_view url) { return set_string("base_url", url); }
    /** Allows http to hosts other than this machine. */
    Config& allow_insecure_http(bool allow) { return set_bool("allow_insecure_http", allow); }
    /** Adds a header to every request. */
    Config& header(std::string_view name, std::string_view value) {
        headers_.set_string(name, value);
        auto headers = headers_.to_json();
        fields_.set("headers", headers ? *headers : "null",
                    headers ? std::nullopt : std::optional<std::string>(headers.error().message()));
        return *this;
    }
    /** Sets the timeout of a call in milliseconds: all attempts and the delays between them. */
    Config& timeout_ms(std::uint32_t ms) { return set_number("timeout_ms", ms); }
    /** Sets the timeout in milliseconds of one attempt that another attempt may follow. */
    Config& attempt_timeout_ms(std::uint32_t ms) { return set_number("attempt_timeout_ms", ms); }
    /** Sets the timeout in milliseconds for establishing a connection. */
    Config& connect_timeout_ms(std::uint32_t ms) { return set_number("connect_timeout_ms", ms); }
    /** Sets the maximum number of attempts after the first. */
    Config& max_retries(std::uint32_t count) { return set_number("max_retries", count); }
    /** Sets the maximum number of open connections. */
    Config& max_connections(std::uint32_t count) { return set_number("max_connections", count); }
    /** Sets the maximum number of calls in flight and of requests that are not destroyed. */
    Config& max_in_flight(std::uint32_t count) { return set_number("max_in_flight", count); }
    /** Sets whether a thread of the library drives the client. */
    Config& io_thread(bool on) { return set_bool("io_thread", on); }
    /** Sets the maximum size of a response in bytes. A larger response is an error. */
    Config& max_response_bytes(std::uint32_t bytes) { return set_number("max_response_bytes", bytes); }
    /** Records each session in this file before its start is sent; see Client::journal(). */
    Config& journal(std::string_view path) { return set_string("journal", path); }

    /** Sets the HTTP library: `native`, or `reqwest` in a build that contains it. */
    Config& transport(std::string_view name) { return set_string("transport", name); }
    /** Sets the proxy: an http, https, socks4, socks4a, socks5 or socks5h URL, or `none`. */
    Config& proxy(std::string_view url) { return set_string("proxy", url); }
    /** Adds trusted certificates to those of the system, from a PEM file. */
    Config& ca_file(std::string_view path) { return set_string("ca_file", path); }
    /** Adds trusted certificates to those of the system, as PEM text. */
    Config& ca_pem(std::string_view pem) { return set_string("ca_pem", pem); }
    /** Trusts only the certificates of ca_file() or ca_pem(), not those of the system. */
    Config& ca_only(bool only) { return set_bool("ca_only", only); }
    /** Sets the certificate for servers that ask for one, from a PEM file. */
    Config& client_cert_file(std::string_view path) { return set_string("client_cert_file", path); }
    /** Sets the certificate for servers that ask for one, as PEM text. */
    Config& client_cert_pem(std::string_view pem) { return set_string("client_cert_pem", pem); }
    /** Sets the private key of the client's certificate, from a PEM file. */
    Config& client_key_file(std::string_view path) { return set_string("client_key_file", path); }
    /** Sets the private key of the client's certificate, as PEM text. */
    Config& client_key_pem(std::string_view pem) { return set_string("client_key_pem", pem); }
    /** Sets a prefix for the library's user agent. */
    Config& user_agent(std::string_view agent) { return set_string("user_agent", agent); }

private:
    detail::JsonObjectBuilder headers_;
};

/**
 * Options of one call. They override the configuration of the client.
 *
 * ```cpp
 * auto options = iplaygames::CallOptions().timeout_ms(2000);
 * auto games = client.call("list_games", R"({"per_page": "20"})", options);
 * ```
 */
class CallOptions : public detail::Builder<CallOptions> {
public:
    /** Creates options that override nothing. */
    CallOptions() {}

    /** Sets the timeout of the call in milliseconds: all attempts and the delays between them. */
    CallOptions& timeout_ms(std::uint32_t ms) { return set_number("timeout_ms", ms); }
    /** Sets the maximum number of attempts after the first. */
    CallOptions& max_retries(std::uint32_t count) { return set_number("max_retries", count); }
    /** Sets the id of the call, which is sent as `X-Request-Id`. */
    CallOptions& call_id(std::string_view id) { return set_string("call_id", id); }
};

/**
 * The parameters of a new session. The game, the player, the currency, the country and the address
 * are required; the error for a missing one names the field.
 *
 * ```cpp
 * iplaygames::StartSession request(42);
 * request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
 * request.freespin_count(10).freespin_bet_amount("0.50");
 * auto session = client.session_start(request);
 * ```
 */
class StartSession : public detail::Builder<StartSession> {
public:
    /** Creates the parameters of a session of this game. */
    explicit StartSession(std::int64_t game_id) { set_number("game_id", game_id); }

    /** Sets the operator's own id of the player. Required. */
    StartSession& player_id(std::string_view id) { return set_string("player_id", id); }
    /** Sets the currency code, such as `EUR`. Required. */
    StartSession& currency(std::string_view code) { return set_string("currency", code); }
    /** Sets the player's country, as two letters. Required. */
    StartSession& country_code(std::string_view code) { return set_string("country_code", code); }
    /** Sets the player's IPv4 or IPv6 address. Required. */
    StartSession& ip_address(std::string_view address) { return set_string("ip_address", address); }
    /** Sets the URL that the player returns to after the game. */
    StartSession& return_url(std::string_view url) { return set_string("return_url", url); }
    /** Sets the language of the game, such as `en`. */
    StartSession& locale(std::string_view language) { return set_string("locale", language); }
    /** Sets the provider. The account must be allowed to choose one. */
    StartSession& provider(std::string_view slug) { return set_string("provider", slug); }
    /** Sets the device: `desktop` or `mobile`. */
    StartSession& device(std::string_view device) { return set_string("device", device); }
    /** Sets the free-spin bonus of the session. */
    StartSession& freespin_id(std::string_view id) { return set_string("freespin_id", id); }
    /** Sets the number of free spins. */
    StartSession& freespin_count(std::uint32_t count) { return set_number("freespin_count", count); }
    /**
     * Sets the stake of one free spin in currency units, as decimal digits: `0.50` is sent as
     * `0.50`. Text that is not a number is an error when the session is started; the error names
     * the field.
     */
    StartSession& freespin_bet_amount(std::string_view amount) {
        const auto value = Document(std::string(amount)).get("");
        // A number keeps its digits. Any other text is sent as a string, which the library rejects.
        return value && value->type == Type::number ? field("freespin_bet_amount", value->text)
                                                    : set_string("freespin_bet_amount", amount);
    }
    /** Sets the stake of one free spin to a whole number of currency units. */
    StartSession& freespin_bet_amount(std::int64_t amount) { return set_number("freespin_bet_amount", amount); }
    /** Deleted: a binary fraction cannot represent decimal digits. Pass the digits as text. */
    template <class Number, std::enable_if_t<std::is_floating_point_v<Number>, int> = 0>
    StartSession& freespin_bet_amount(Number) = delete;
    /** Sets the number of days until the free spins expire: 1 to 30. */
    StartSession& expire_days(std::uint32_t days) { return set_number("expire_days", days); }

private:
    friend class detail::Builder<StartSession>;
    StartSession() = default;
};

// ---- replies ------------------------------------------------------------------------------------

/**
 * The reply to a session start. Fields of the response that are not listed here, or that have
 * another type than expected, are only in the document.
 */
class StartedSession : public Reply {
public:
    /** Reads the fields from a reply. */
    explicit StartedSession(Reply reply = Reply())
        : Reply(std::move(reply)), session_id(text("/data/session_id").value_or("")),
          session_token(text("/data/session_token")), game_url(text("/data/game_url").value_or("")),
          expires_at(text("/data/expires_at")) {}

    /** The id of the session, for all later calls. Opaque. */
    std::string session_id;
    /**
     * The session's own token. Anyone who has it can play the session: do not write it, or the
     * document, to a log.
     */
    std::optional<std::string> session_token;
    /**
     * The URL that the player's browser or web view opens. Anyone who has it can play the session.
     */
    std::string game_url;
    /** The time when the session expires, as the API writes it (ISO 8601, UTC). */
    std::optional<std::string> expires_at;
};

/** The status of a session. */
class SessionStatus : public Reply {
public:
    /** Reads the fields from a reply. */
    explicit SessionStatus(Reply reply = Reply())
        : Reply(std::move(reply)), session_id(text("/data/session_id")), status(text("/data/status").value_or("")),
          player_id(text("/data/player_id")), game_id(integer("/data/game/id")), game_title(text("/data/game/title")),
          started_at(text("/data/started_at")), last_activity(text("/data/last_activity")) {}

    /** The id of the session, as the API repeats it. */
    std::optional<std::string> session_id;
    /** The status: `active`, or another status of the API, such as `closed` or `expired`. */
    std::string status;
    /** The operator's own id of the player. */
    std::optional<std::string> player_id;
    /** The id of the game. */
    std::optional<std::int64_t> game_id;
    /** The title of the game. */
    std::optional<std::string> game_title;
    /** The time when the session was started, as the API writes it. */
    std::optional<std::string> started_at;
    /** The time of the player's last action, as the API writes it. */
    std::optional<std::string> last_activity;

    /** Returns true if the status is `active`. */
    [[nodiscard]] bool is_active() const noexcept { return status == "active"; }
};

/** The reply to a session end. */
class EndedSession : public Reply {
public:
    /** Reads the fields from a reply. */
    explicit EndedSession(Reply reply = Reply()) : Reply(std::move(reply)), message(text("/message")) {
        const auto already = get("/already_ended");
        already_ended = already && already->text == "true";
    }

    /** The message of the API. */
    std::optional<std::string> message;
    /**
     * True if a retry found that the session no longer exists: the response to an earlier attempt
     * was lost.
     */
    bool already_ended = false;
};

/** An event of a Watch. */
struct WatchEvent {
    /** True if this is the last event. */
    bool ended;
    /**
     * The current status; at the end, the last status, or the error that stopped the watch. After
     * three failed readings in a row the watch reports their error once, with `ended` false, and
     * goes on.
     */
    Result<SessionStatus> status;
};

/** The level of a log line. */
enum class LogLevel : std::int32_t {
    off = IPG_LOG_OFF,     /**< No lines. */
    error = IPG_LOG_ERROR, /**< Failures that the host must know. */
    warn = IPG_LOG_WARN,   /**< Unexpected conditions that the library handled. */
    info = IPG_LOG_INFO,   /**< One line for each call. */
    debug = IPG_LOG_DEBUG, /**< The steps of a call. */
    trace = IPG_LOG_TRACE  /**< All details. */
};

// ---- callbacks ----------------------------------------------------------------------------------

namespace detail {
/// @cond

/**
 * An object on the heap that C keeps as `user_data`. C owns the object from the call that takes it
 * on, also when that call fails, and deletes it with destroy(), the finalizer.
 */
class UserData {
public:
    UserData() = default;
    UserData(const UserData&) = delete;
    UserData& operator=(const UserData&) = delete;
    virtual ~UserData() = default;

    static void destroy(void* user_data) noexcept { delete static_cast<UserData*>(user_data); }
};

/** The callback of a request. */
class Callback : public UserData {
public:
    virtual void invoke(ipg_code code, const char* json) = 0;

    /** The function that C calls for each event. */
    static void on_event(void* user_data, ipg_request*, ipg_code code, const char* json) noexcept {
        run_noexcept("a callback", [&] { from(user_data).invoke(code, json); });
    }

private:
    static Callback& from(void* user_data) noexcept {
        return static_cast<Callback&>(*static_cast<UserData*>(user_data));
    }
};

/** The logger of a client. */
class Logger : public UserData {
public:
    virtual void invoke(LogLevel level, std::string_view target, std::string_view message) = 0;

    /** The function that C calls for each line. */
    static void on_log(void* user_data, ipg_log_level level, const char* target, const char* message) noexcept {
        run_noexcept("a logger", [&] { from(user_data).invoke(static_cast<LogLevel>(level), target, message); });
    }

private:
    static Logger& from(void* user_data) noexcept { return static_cast<Logger&>(*static_cast<UserData*>(user_data)); }
};

/** The waker of a client. */
class Waker : public UserData {
public:
    virtual void invoke() = 0;

    /** The function that C calls. */
    static void on_wake(void* user_data) noexcept {
        run_noexcept("a waker", [&] { static_cast<Waker&>(*static_cast<UserData*>(user_data)).invoke(); });
    }
};

/** Gives an object to C. */
inline void* release(std::unique_ptr<UserData> object) noexcept { return object.release(); }

/// @endcond
} // namespace detail

// ---- calls --------------------------------------------------------------------------------------

namespace detail {
/// @cond

inline Result<Reply> to_reply(ipg_code code, const OwnedString& json) {
    if (code == IPG_OK) {
        return Reply(json.to_string());
    }
    return error_from_json(code, json.to_string());
}

inline Result<void> to_result(ipg_code code) {
    if (code == IPG_OK) {
        return {};
    }
    return make_error(code);
}

/** Converts a reply to a typed reply. */
template <class T> Result<T> convert_reply(Result<Reply> reply) {
    if constexpr (std::is_same_v<T, Reply>) {
        return reply;
    } else {
        if (!reply) {
            return reply.error();
        }
        return T(std::move(*reply));
    }
}

/** Converts the code and the document of a callback or a poll to a typed reply. */
template <class T> Result<T> convert_reply(ipg_code code, const char* json) {
    if (code == IPG_OK || code == IPG_PENDING) {
        return T(Reply(json ? json : ""));
    }
    return error_from_json(code, json ? json : "");
}

/**
 * Converts an event of a watch. An update may be the error of failed readings: it is an Error, and
 * the watch goes on.
 */
inline WatchEvent to_watch_event(ipg_code code, const char* json) {
    if (code == IPG_PENDING) {
        const Document document(json ? json : "");
        const auto error = document.integer("/error/code");
        const auto success = document.get("/success");
        if (error && success && success->text == "false") {
            return {false, error_from_json(static_cast<ipg_code>(*error), json)};
        }
    }
    return {code != IPG_PENDING, convert_reply<SessionStatus>(code, json)};
}

/**
 * A Callback with a callable that takes a Result<T>; if T is WatchEvent, a callable that takes
 * that.
 */
template <class T, class F> class TypedCallback final : public Callback {
public:
    template <class G> explicit TypedCallback(G&& callable) : callable_(std::forward<G>(callable)) {}

    void invoke(ipg_code code, const char* json) override {
        if constexpr (std::is_same_v<T, WatchEvent>) {
            std::invoke(callable_, to_watch_event(code, json));
        } else {
            std::invoke(callable_, convert_reply<T>(code, json));
        }
    }

private:
    F callable_;
};

/** Returns no callback, for a call without one. */
template <class T> std::unique_ptr<Callback> make_callback() { return nullptr; }

/** Creates the callback of a call that returns T. */
template <class T, class F> std::unique_ptr<Callback> make_callback(F&& callable) {
    using Callable = std::decay_t<F>;
    if constexpr (std::is_same_v<T, WatchEvent>) {
        static_assert(std::is_invocable_v<Callable&, WatchEvent>, "the callback takes a WatchEvent");
    } else {
        static_assert(std::is_invocable_v<Callable&, Result<T>>, "the callback takes the Result of the call");
    }
    return std::make_unique<TypedCallback<T, Callable>>(std::forward<F>(callable));
}

/** A Logger with a callable. */
template <class F> class TypedLogger final : public Logger {
public:
    template <class G> explicit TypedLogger(G&& callable) : callable_(std::forward<G>(callable)) {}

    void invoke(LogLevel level, std::string_view target, std::string_view message) override {
        std::invoke(callable_, level, target, message);
    }

private:
    F callable_;
};

/** A Waker with a callable. */
template <class F> class TypedWaker final : public Waker {
public:
    template <class G> explicit TypedWaker(G&& callable) : callable_(std::forward<G>(callable)) {}

    void invoke() override { std::invoke(callable_); }

private:
    F callable_;
};

/** A submitted call. */
struct SubmittedCall {
    ipg_request* handle = nullptr;
    std::string call_id;
};

/** The parameters of a C function that submits a call. */
struct SubmitParams {
    ipg_callback callback;
    void* user_data;
    ipg_finalizer finalizer;
    ipg_request** out_request;
    char** out_json;
};

/**
 * Submits a call or a watch. `submit_c` calls the C function with the parameters. `keep_handle` is
 * false for a call whose request frees itself.
 */
template <class SubmitC>
Result<SubmittedCall> submit_call(std::unique_ptr<Callback> callback, bool keep_handle, SubmitC&& submit_c) {
    SubmittedCall call;
    OwnedString json;
    const bool has_callback = callback != nullptr;
    const ipg_code code = submit_c(
        SubmitParams{has_callback ? Callback::on_event : nullptr, release(std::move(callback)),
                     has_callback ? UserData::destroy : nullptr, keep_handle ? &call.handle : nullptr, json.out()});
    if (code != IPG_OK) {
        return error_from_json(code, json.to_string());
    }
    call.call_id = Document(json.to_string()).text("/call_id").value_or("");
    return call;
}

/** Calls an operation and blocks. */
inline Result<Reply> call_operation(ipg_client* client, std::string_view operation, std::string_view arguments_json,
                                    const CallOptions& options) {
    const auto options_json = options.to_json();
    if (!options_json) {
        return options_json.error();
    }
    const CStr c_operation("operation", operation), c_arguments("arguments_json", arguments_json),
        c_options("options_json", *options_json);
    if (auto error = first_error(c_operation, c_arguments, c_options)) {
        return std::move(*error);
    }
    OwnedString json;
    const ipg_code code = ipg_call(client, c_operation.get(), c_arguments.get_or_null(), c_options.get(), json.out());
    return to_reply(code, json);
}

/** Returns the arguments of an operation whose only parameter is a session id. */
inline Result<std::string> session_id_arguments(std::string_view session_id) {
    JsonObjectBuilder arguments;
    arguments.set_string("session_id", session_id);
    return arguments.to_json();
}

/** Calls an operation, blocks, and converts the reply. Returns the error of invalid arguments. */
template <class T>
Result<T> call_typed(ipg_client* client, std::string_view operation, const Result<std::string>& arguments,
                     const CallOptions& options) {
    if (!arguments) {
        return arguments.error();
    }
    return convert_reply<T>(call_operation(client, operation, *arguments, options));
}

inline constexpr const char* start_operation = "start_a_game_session";
inline constexpr const char* status_operation = "get_session_status";
inline constexpr const char* end_operation = "end_a_game_session";

/// @endcond
} // namespace detail

// ---- request ------------------------------------------------------------------------------------

namespace detail {

/** The base class of Request and Watch. */
class RequestBase {
public:
    /// @cond
    RequestBase() noexcept = default;
    explicit RequestBase(SubmittedCall call) noexcept : call_(std::move(call)) {}
    RequestBase(RequestBase&& other) noexcept : call_(std::exchange(other.call_, {})) {}
    RequestBase& operator=(RequestBase&& other) noexcept {
        if (this != &other) {
            reset();
            call_ = std::exchange(other.call_, {});
        }
        return *this;
    }
    ~RequestBase() { reset(); }
    /// @endcond

    /**
     * Returns the id of the call, which is sent as `X-Request-Id`; empty if the object is empty.
     */
    [[nodiscard]] const std::string& call_id() const noexcept { return call_.call_id; }

    /**
     * Cancels the call: it ends immediately with IPG_ERR_CANCELED, and its callback runs in the
     * next tick. Does nothing if the call has already ended. Threads: any.
     *
     * Errors: IPG_ERR_INVALID_HANDLE if the object is empty.
     */
    Result<void> cancel() const { return to_result(ipg_request_cancel(call_.handle)); }

    /**
     * Releases the request and leaves the object empty: cancels the call if it has not ended, and
     * discards its callback. Never blocks. May be called inside the callback. A run of the callback
     * that is in progress on another thread is the last one. The destructor does the same.
     */
    void reset() noexcept {
        const SubmittedCall call = std::exchange(call_, {});
        if (call.handle) {
            ipg_request_free(call.handle);
        }
    }

    /// @cond
protected:
    /** Returns the code and the document of the call; nothing if C has no result yet. */
    template <class QueryC> std::optional<std::pair<ipg_code, std::string>> query(QueryC&& query_c) const {
        OwnedString json;
        const ipg_code code = query_c(call_.handle, json.out());
        if (code == IPG_PENDING && !json) {
            return std::nullopt;
        }
        return std::make_pair(code, json.to_string());
    }

private:
    SubmittedCall call_;
    /// @endcond
};

} // namespace detail

/**
 * A submitted call with a reply of type T: Reply, StartedSession, SessionStatus or EndedSession.
 * Made by Client::submit() and the other submit functions. Owns the call: the destructor cancels it
 * if it has not ended, and discards its callback.
 *
 * There are two ways to get the result, and each is complete: call poll() or wait(), or pass a
 * callback and call Client::tick(). The call makes progress only while a thread drives the client;
 * see iplaygames.h.
 *
 * ```cpp
 * iplaygames::Request<> request = client.submit("list_games").value();
 * client.tick(500).value(); // once a frame
 * if (auto games = request.poll()) {
 *     std::puts(games->ok() ? (*games)->json().c_str() : games->error().describe().c_str());
 * }
 * ```
 */
template <class T = Reply> class Request : public detail::RequestBase {
public:
    /** Creates an empty request. */
    Request() noexcept = default;
    /** Internal: Client uses it. */
    explicit Request(detail::SubmittedCall call) noexcept : RequestBase(std::move(call)) {}

    /**
     * Returns the result of the call; nothing while the call is in flight. May be called again
     * after the call has ended. Never blocks, and does not drive the client. Threads: any.
     */
    [[nodiscard]] std::optional<Result<T>> poll() const {
        return convert(query([](ipg_request* request, char** json) { return ipg_request_poll(request, json); }));
    }

    /**
     * Blocks until the call has ended, and drives the client meanwhile. Returns nothing if the
     * timeout expires first. Does not run callbacks. Threads: any.
     */
    [[nodiscard]] std::optional<Result<T>> wait(std::uint32_t timeout_ms) const {
        return convert(query(
            [timeout_ms](ipg_request* request, char** json) { return ipg_request_wait(request, timeout_ms, json); }));
    }

private:
    static std::optional<Result<T>> convert(const std::optional<std::pair<ipg_code, std::string>>& result) {
        if (!result) {
            return std::nullopt;
        }
        return detail::convert_reply<T>(result->first, result->second.c_str());
    }
};

/**
 * A watch of a game session, which reports each change of its status. Made by
 * Client::session_watch(). Owns the watch: the destructor stops it.
 *
 * ```cpp
 * iplaygames::Watch watch = client.session_watch(session_id, 1000).value();
 * client.tick(500).value(); // once a frame
 * if (auto event = watch.poll(); event && event->status) {
 *     std::printf("the session is %s\n", event->status->status.c_str());
 * }
 * ```
 */
class Watch : public detail::RequestBase {
public:
    /** Creates an empty watch. */
    Watch() noexcept = default;
    /** Internal: Client uses it. */
    explicit Watch(detail::SubmittedCall call) noexcept : RequestBase(std::move(call)) {}

    /**
     * Returns the next event: each change once, and the last event on every later call. Returns
     * nothing if there is no new event. If the watch has a callback, returns only the last event.
     * Never blocks, and does not drive the client. Threads: any.
     */
    [[nodiscard]] std::optional<WatchEvent> poll() const {
        return convert(query([](ipg_request* request, char** json) { return ipg_request_poll(request, json); }));
    }

    /**
     * Blocks until the watch has ended, and drives the client meanwhile. Returns nothing if the
     * timeout expires first. Threads: any.
     */
    [[nodiscard]] std::optional<WatchEvent> wait(std::uint32_t timeout_ms) const {
        return convert(query(
            [timeout_ms](ipg_request* request, char** json) { return ipg_request_wait(request, timeout_ms, json); }));
    }

private:
    static std::optional<WatchEvent> convert(const std::optional<std::pair<ipg_code, std::string>>& result) {
        if (!result) {
            return std::nullopt;
        }
        return detail::to_watch_event(result->first, result->second.c_str());
    }
};

// ---- session ------------------------------------------------------------------------------------

class Client;

/**
 * Owns a game session and ends it in the destructor, also when an exception leaves the scope. Made
 * by Client::session_open().
 *
 * The destructor blocks like Client::session_end(), and never throws. If ending the session fails
 * there, the destructor passes the error to the handler of on_end_error(); without a handler only
 * the client's logger reports the failure. If the client is already closed, the session stays open,
 * and the handler gets IPG_ERR_INVALID_HANDLE.
 *
 * ```cpp
 * {
 *     auto session = client.session_open(iplaygames::StartSession(42)
 *                                            .player_id("player-7")
 *                                            .currency("EUR")
 *                                            .country_code("DE")
 *                                            .ip_address("203.0.113.9"))
 *                        .value();
 *     session.end_options(iplaygames::CallOptions().timeout_ms(2000));
 *     session.on_end_error([](const iplaygames::Error& error) { std::puts(error.describe().c_str()); });
 *     std::printf("play at %s\n", session.started().game_url.c_str());
 * } // the destructor ends the session
 * ```
 */
class Session {
public:
    /** Creates an empty session. */
    Session() = default;
    /** Takes over the session of `other`, which is empty afterwards. */
    Session(Session&& other) noexcept
        : client_(std::exchange(other.client_, nullptr)), started_(std::exchange(other.started_, StartedSession())),
          end_options_(std::exchange(other.end_options_, CallOptions())),
          error_handler_(std::move(other.error_handler_)), open_(std::exchange(other.open_, false)) {}
    /** Ends the own session, which blocks, and takes over the session of `other`. */
    Session& operator=(Session&& other) noexcept {
        if (this != &other) {
            const Session ended(std::move(*this));
            client_ = std::exchange(other.client_, nullptr);
            started_ = std::exchange(other.started_, StartedSession());
            end_options_ = std::exchange(other.end_options_, CallOptions());
            error_handler_ = std::move(other.error_handler_);
            open_ = std::exchange(other.open_, false);
        }
        return *this;
    }
    ~Session() {
        if (open_) {
            detail::run_noexcept("the destructor of a Session or its handler", [this] {
                const auto ended = end();
                if (!ended && error_handler_) {
                    error_handler_->invoke(ended.error());
                }
            });
        }
    }

    /** Returns the reply to the session start. */
    [[nodiscard]] const StartedSession& started() const noexcept { return started_; }
    /** Returns the id of the session. */
    [[nodiscard]] const std::string& session_id() const noexcept { return started_.session_id; }
    /** Returns true if the destructor will end the session. */
    [[nodiscard]] bool is_open() const noexcept { return open_; }

    /** Returns the status of the session, and blocks; see Client::session_status(). */
    Result<SessionStatus> status(const CallOptions& options = {}) const {
        return detail::call_typed<SessionStatus>(client_, detail::status_operation,
                                                 detail::session_id_arguments(session_id()), options);
    }

    /**
     * Ends the session now, and blocks. If this fails with a retryable error (Error::retryable()),
     * the destructor tries once more; otherwise the destructor does nothing. If the session has
     * already ended, the function sends the call again.
     */
    Result<EndedSession> end() {
        auto ended = detail::call_typed<EndedSession>(client_, detail::end_operation,
                                                      detail::session_id_arguments(session_id()), end_options_);
        open_ = open_ && !ended && ended.error().retryable();
        return ended;
    }

    /**
     * Returns the reply to the session start, and leaves the session open: the caller must end it.
     */
    StartedSession release() {
        open_ = false;
        return started_;
    }

    /** Sets the options of the call that ends the session, such as a shorter timeout. */
    Session& end_options(CallOptions options) {
        end_options_ = std::move(options);
        return *this;
    }

    /**
     * Sets the handler for errors in the destructor. The destructor calls it on its thread.
     * `handler` takes a `const Error&`.
     */
    template <class F> Session& on_end_error(F&& handler) {
        static_assert(std::is_invocable_v<std::decay_t<F>&, const Error&>, "the handler takes a const Error&");
        error_handler_ = std::make_unique<TypedErrorHandler<std::decay_t<F>>>(std::forward<F>(handler));
        return *this;
    }

private:
    friend Client;

    struct ErrorHandler {
        virtual ~ErrorHandler() = default;
        virtual void invoke(const Error& error) = 0;
    };
    template <class F> struct TypedErrorHandler final : ErrorHandler {
        template <class G> explicit TypedErrorHandler(G&& callable) : callable_(std::forward<G>(callable)) {}
        void invoke(const Error& error) override { std::invoke(callable_, error); }
        F callable_;
    };

    Session(ipg_client* client, StartedSession started) : client_(client), started_(std::move(started)), open_(true) {}

    ipg_client* client_ = nullptr;
    StartedSession started_;
    CallOptions end_options_;
    std::unique_ptr<ErrorHandler> error_handler_;
    bool open_ = false;
};

// ---- journal ------------------------------------------------------------------------------------

namespace detail {
/// @cond

/** The progress function of Journal::end_all(). */
class JournalProgress : public UserData {
public:
    virtual bool invoke(std::string_view json) = 0;

    /** The function that C calls after each session. */
    static std::int32_t on_progress(void* user_data, const char* json) noexcept {
        bool goes_on = true;
        run_noexcept("a progress function",
                     [&] { goes_on = static_cast<JournalProgress&>(*static_cast<UserData*>(user_data)).invoke(json); });
        return goes_on ? 0 : 1;
    }
};

template <class F> class TypedJournalProgress final : public JournalProgress {
public:
    explicit TypedJournalProgress(F progress) : progress_(std::move(progress)) {}
    bool invoke(std::string_view json) override { return progress_(json); }

private:
    F progress_;
};

/// @endcond
} // namespace detail

/**
 * The journal of a client: the sessions that this and other processes have started with the same
 * file, also those of processes that were killed. Client::journal() returns it. It refers to the
 * client by its handle. All functions block.
 */
class Journal {
public:
    /// @cond
    explicit Journal(ipg_client* client) noexcept : client_(client) {}
    /// @endcond

    /**
     * Returns the sessions that may exist: the document of ipg_journal_open(), with the list
     * `/sessions`. `filter_json` selects other sessions.
     *
     * ```cpp
     * auto open = client.journal().open(R"({"player_id": "player-7"})");
     * if (open) {
     *     std::puts(open->text("/sessions/0/session_id").value_or("none").c_str());
     * }
     * ```
     */
    [[nodiscard]] Result<Reply> open(std::string_view filter_json = {}) const {
        const detail::CStr c_filter("filter_json", filter_json);
        if (auto error = detail::first_error(c_filter)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_code code = ipg_journal_open(client_, c_filter.get_or_null(), json.out());
        return detail::to_reply(code, json);
    }

    /** Marks a session as resolved. `id` is its number in the journal. */
    Result<Reply> resolve(std::int64_t id, std::string_view note) const {
        const detail::CStr c_note("note", note);
        if (auto error = detail::first_error(c_note)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_code code = ipg_journal_resolve(client_, id, c_note.get(), json.out());
        return detail::to_reply(code, json);
    }

    /** Checks the sessions that are open or ending, and ends those that still exist. */
    Result<Reply> end_all(std::string_view options_json = {}) const {
        return end_all_with(options_json, nullptr, nullptr);
    }

    /**
     * Does the same, and calls `progress` on this thread after each session, with a JSON document.
     * It returns whether to go on. See ipg_journal_end_all().
     */
    template <class F> Result<Reply> end_all(std::string_view options_json, F&& progress) const {
        using Callable = std::decay_t<F>;
        static_assert(std::is_invocable_r_v<bool, Callable&, std::string_view>,
                      "a progress function takes a std::string_view and returns a bool");
        auto object = std::make_unique<detail::TypedJournalProgress<Callable>>(std::forward<F>(progress));
        return end_all_with(options_json, detail::JournalProgress::on_progress, std::move(object));
    }

    /** Removes sessions that were closed at least `older_than_days` ago. */
    Result<Reply> compact(std::uint32_t older_than_days) const {
        detail::OwnedString json;
        const ipg_code code = ipg_journal_compact(client_, older_than_days, json.out());
        return detail::to_reply(code, json);
    }

private:
    Result<Reply> end_all_with(std::string_view options_json, ipg_journal_callback progress,
                               std::unique_ptr<detail::UserData> object) const {
        const detail::CStr c_options("options_json", options_json);
        if (auto error = detail::first_error(c_options)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_finalizer finalizer = object ? detail::UserData::destroy : nullptr;
        const ipg_code code = ipg_journal_end_all(client_, c_options.get_or_null(), progress,
                                                  detail::release(std::move(object)), finalizer, json.out());
        return detail::to_reply(code, json);
    }

    ipg_client* client_;
};

// ---- client_base --------------------------------------------------------------------------------

namespace detail {

/** The base class of Client: owns the client, drives it, and has its logger and its waker. */
class ClientBase {
public:
    /** Creates an empty client: its functions return IPG_ERR_INVALID_HANDLE. */
    ClientBase() noexcept = default;
    /** Takes over the client of `other`, which is empty afterwards. */
    ClientBase(ClientBase&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    /** Closes the own client, and takes over the client of `other`. */
    ClientBase& operator=(ClientBase&& other) noexcept {
        if (this != &other) {
            close();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    /** Closes the client; see close(). */
    ~ClientBase() { close(); }

    /**
     * Makes progress on the calls in flight without waiting, for about `budget_us` microseconds,
     * and runs the due callbacks on this thread. Call it once a frame. Returns how many callbacks
     * ran; see ipg_client_tick().
     *
     * ```cpp
     * client.tick(500).value();
     * ```
     */
    Result<std::uint32_t> tick(std::uint32_t budget_us = 500) const {
        std::uint32_t completed = 0;
        const ipg_code code = ipg_client_tick(handle_, budget_us, &completed);
        if (code != IPG_OK) {
            return make_error(code);
        }
        return completed;
    }

    /**
     * Tells the client that the application is suspended, until resume(): no time counts, tick()
     * does nothing, and blocking calls fail with IPG_ERR_BUSY. See ipg_client_suspend().
     */
    Result<void> suspend() const { return to_result(ipg_client_suspend(handle_)); }

    /** Ends a suspension. Requests then go out on new connections. */
    Result<void> resume() const { return to_result(ipg_client_resume(handle_)); }

    /**
     * Sets the waker of the client: a callable without parameters that wakes the thread which
     * ticks. It runs on any thread and must not call the library; see ipg_client_set_waker(). The
     * function destroys the previous waker before it returns.
     *
     * ```cpp
     * std::condition_variable something_to_do;
     * client.set_waker([&] { something_to_do.notify_one(); }).value();
     * client.remove_waker().value();
     * ```
     */
    template <class F> Result<void> set_waker(F&& waker) const {
        using Callable = std::decay_t<F>;
        static_assert(std::is_invocable_v<Callable&>, "a waker takes no parameters");
        return to_result(ipg_client_set_waker(handle_, Waker::on_wake,
                                              release(std::make_unique<TypedWaker<Callable>>(std::forward<F>(waker))),
                                              UserData::destroy));
    }

    /** Removes and destroys the waker. */
    Result<void> remove_waker() const { return to_result(ipg_client_set_waker(handle_, nullptr, nullptr, nullptr)); }

    /**
     * Returns for how many milliseconds the host may sleep before the next tick: 0 if a tick has
     * something to do now; nothing if there is nothing to tick for until the waker is called. See
     * ipg_client_next_tick().
     */
    Result<std::optional<std::uint32_t>> next_tick() const {
        std::uint32_t ms = 0;
        const ipg_code code = ipg_client_next_tick(handle_, &ms);
        if (code != IPG_OK) {
            return make_error(code);
        }
        return ms == UINT32_MAX ? std::nullopt : std::optional<std::uint32_t>(ms);
    }

    /** Returns a document with counts of the client's calls and connections since its creation. */
    Result<Reply> stats() const {
        OwnedString json;
        const ipg_code code = ipg_client_stats(handle_, json.out());
        return to_reply(code, json);
    }

    /**
     * Shuts the client down, and blocks: refuses new calls, drives those in flight until the
     * timeout, cancels the rest, and runs every callback on this thread. After it returns no
     * callback runs, except the one that called it.
     *
     * Errors: IPG_ERR_SHUT_DOWN if the client was already shut down; IPG_ERR_INVALID_HANDLE.
     *
     * ```cpp
     * (void)client.shutdown(2000).ok();
     * client.close();
     * ```
     */
    Result<void> shutdown(std::uint32_t timeout_ms) const {
        return to_result(ipg_client_shutdown(handle_, timeout_ms));
    }

    /**
     * Closes the client: calls in flight end with IPG_ERR_CANCELED, no callback starts any more,
     * and all later calls return IPG_ERR_INVALID_HANDLE. May be called on any thread, while other
     * threads use the client, inside a callback, and more than once. Waits only for a logger that
     * is running on another thread.
     */
    void close() const noexcept {
        // Inside the client's own logger this is refused. The logger is then destroyed when the
        // running calls of the client have returned.
        ipg_client_set_logger(handle_, nullptr, nullptr, nullptr, IPG_LOG_OFF);
        ipg_client_free(handle_);
    }

    /**
     * Sets the logger of the client. `logger` takes a LogLevel and two std::string_view, the target
     * and the message, which are valid only during the call. It runs on threads that are inside a
     * call of this client; see ipg_client_set_logger(). The function destroys the previous logger
     * before it returns; if that logger is running on another thread, the function waits for it.
     *
     * Errors: IPG_ERR_BUSY inside the client's own logger; IPG_ERR_INVALID_HANDLE.
     *
     * ```cpp
     * using iplaygames::LogLevel;
     * client.set_logger(LogLevel::info, [](LogLevel, std::string_view, std::string_view line) {
     *     std::printf("%.*s\n", (int)line.size(), line.data());
     * }).value();
     * ```
     */
    template <class F> Result<void> set_logger(LogLevel max_level, F&& logger) const {
        using Callable = std::decay_t<F>;
        static_assert(std::is_invocable_v<Callable&, LogLevel, std::string_view, std::string_view>,
                      "a logger takes a LogLevel and two std::string_view");
        return to_result(ipg_client_set_logger(
            handle_, Logger::on_log, release(std::make_unique<TypedLogger<Callable>>(std::forward<F>(logger))),
            UserData::destroy, static_cast<ipg_log_level>(max_level)));
    }

    /** Removes and destroys the logger. Errors: those of set_logger(). */
    Result<void> remove_logger() const {
        return to_result(ipg_client_set_logger(handle_, nullptr, nullptr, nullptr, IPG_LOG_OFF));
    }

    /**
     * Returns the C handle, for functions of iplaygames.h that this class does not have. The client
     * keeps the handle: do not tick, shut down or free it, and do not set a logger with it.
     */
    [[nodiscard]] ipg_client* native() const noexcept { return handle_; }

    /// @cond
protected:
    ipg_client* handle_ = nullptr;
    /// @endcond
};

} // namespace detail

// ---- client -------------------------------------------------------------------------------------

/**
 * A client of the API. One client serves a whole program and all its threads.
 *
 * These functions block: session_start(), session_status(), session_end(), session_open(), call(),
 * prewarm(), shutdown() and Request::wait(). All others return immediately. tick(), shutdown(), the
 * blocking functions and Request::wait() drive the client, as iplaygames.h describes.
 */
class Client : public detail::ClientBase {
public:
    /**
     * Creates a client. Opens no connection, starts no thread, and reads no certificates: the first
     * call or prewarm() does.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for a key that is unknown, missing or invalid;
     * Error::field() points at the key. IPG_ERR_UNSUPPORTED if the loaded library has another ABI
     * than this header.
     */
    static Result<Client> create(const Config& config = Config()) {
        const std::uint32_t library = ipg_abi_version();
        constexpr std::uint32_t header = IPG_ABI_VERSION, major = header >> 16;
        if (library >> 16 != major || (major == 0 ? library != header : library < header)) {
            return detail::make_error(IPG_ERR_UNSUPPORTED,
                                      std::string("The loaded library, version ") + ipg_version() +
                                          ", does not match the header of this program, version " IPG_VERSION_STRING
                                          ". Install the library of that version.");
        }
        const auto json = config.to_json();
        if (!json) {
            return json.error();
        }
        Client client;
        detail::OwnedString document;
        const ipg_code code = ipg_client_new(json->c_str(), &client.handle_, document.out());
        if (code != IPG_OK) {
            return detail::error_from_json(code, document.to_string());
        }
        return client;
    }

    /**
     * Starts a game session, and blocks. After an error with Outcome::unknown, a session may exist.
     */
    Result<StartedSession> session_start(const StartSession& request, const CallOptions& options = {}) const {
        return detail::call_typed<StartedSession>(handle_, detail::start_operation, request.to_json(), options);
    }

    /**
     * Returns the status of a game session, and blocks. Errors: IPG_ERR_NOT_FOUND if the API does
     * not know the id.
     */
    Result<SessionStatus> session_status(std::string_view session_id, const CallOptions& options = {}) const {
        return detail::call_typed<SessionStatus>(handle_, detail::status_operation,
                                                 detail::session_id_arguments(session_id), options);
    }

    /** Ends a game session, and blocks. The library repeats the call if the response was lost. */
    Result<EndedSession> session_end(std::string_view session_id, const CallOptions& options = {}) const {
        return detail::call_typed<EndedSession>(handle_, detail::end_operation,
                                                detail::session_id_arguments(session_id), options);
    }

    /**
     * Starts a game session, and blocks. The destructor of the returned Session ends the session.
     */
    Result<Session> session_open(const StartSession& request, const CallOptions& options = {}) const {
        auto started = session_start(request, options);
        if (!started) {
            return started.error();
        }
        return Session(handle_, std::move(*started));
    }

    /**
     * Calls an operation of the API, and blocks. `arguments_json` is one flat JSON object; empty
     * text means `{}`.
     *
     * ```cpp
     * auto games = client.call("list_games", R"({"per_page": "20"})");
     * if (games) {
     *     std::puts(games->text("/data/0/title").value_or("no games").c_str());
     * }
     * ```
     */
    Result<Reply> call(std::string_view operation, std::string_view arguments_json = {},
                       const CallOptions& options = {}) const {
        return detail::call_operation(handle_, operation, arguments_json, options);
    }

    /**
     * Submits a call of an operation, and returns immediately. Request::poll() returns the result.
     *
     * Errors: those of ipg_submit(); the call is not sent.
     */
    Result<Request<>> submit(std::string_view operation, std::string_view arguments_json = {},
                             const CallOptions& options = {}) const {
        return submit_as<Reply>(operation, arguments_json, options);
    }

    /**
     * Submits a call with a callback, and returns immediately. `callback` takes a `Result<Reply>`.
     * It runs once, inside tick() or shutdown(), on the thread that calls it. It does not run if
     * the request is reset or destroyed, or the client closed, before that. Keep the request, or
     * use submit_detached().
     *
     * ```cpp
     * iplaygames::Request<> request =
     *     client.submit("list_games", {}, {}, [](iplaygames::Result<iplaygames::Reply> games) {
     *         std::puts(games ? games->json().c_str() : games.error().describe().c_str());
     *     }).value();
     * ```
     */
    template <class F>
    Result<Request<>> submit(std::string_view operation, std::string_view arguments_json, const CallOptions& options,
                             F&& callback) const {
        return submit_as<Reply>(operation, arguments_json, options, std::forward<F>(callback));
    }

    /** Submits a call with a callback. The call frees itself after the callback has run. */
    template <class F>
    Result<void> submit_detached(std::string_view operation, std::string_view arguments_json,
                                 const CallOptions& options, F&& callback) const {
        const auto call = submit_raw<Reply>(false, operation, arguments_json, options, std::forward<F>(callback));
        if (!call) {
            return call.error();
        }
        return {};
    }

    /**
     * Submits a session start, and returns immediately; the non-blocking form of session_start().
     * The callback is optional and takes a `Result<StartedSession>`.
     *
     * ```cpp
     * iplaygames::Request<iplaygames::StartedSession> starting =
     *     client.submit_session_start(iplaygames::StartSession(42)
     *                                     .player_id("player-7")
     *                                     .currency("EUR")
     *                                     .country_code("DE")
     *                                     .ip_address("203.0.113.9"),
     *                                 {}, [](iplaygames::Result<iplaygames::StartedSession> session) {
     *                                     if (session) std::puts(session->game_url.c_str());
     *                                 })
     *         .value();
     * ```
     */
    template <class... F>
    Result<Request<StartedSession>> submit_session_start(const StartSession& request, const CallOptions& options = {},
                                                         F&&... callback) const {
        return submit_typed<StartedSession>(detail::start_operation, request.to_json(), options,
                                            std::forward<F>(callback)...);
    }

    /**
     * Submits a status call; the non-blocking form of session_status(). The callback is optional
     * and takes a `Result<SessionStatus>`.
     */
    template <class... F>
    Result<Request<SessionStatus>> submit_session_status(std::string_view session_id, const CallOptions& options = {},
                                                         F&&... callback) const {
        return submit_typed<SessionStatus>(detail::status_operation, detail::session_id_arguments(session_id), options,
                                           std::forward<F>(callback)...);
    }

    /**
     * Submits a session end; the non-blocking form of session_end(). The callback is optional and
     * takes a `Result<EndedSession>`.
     */
    template <class... F>
    Result<Request<EndedSession>> submit_session_end(std::string_view session_id, const CallOptions& options = {},
                                                     F&&... callback) const {
        return submit_typed<EndedSession>(detail::end_operation, detail::session_id_arguments(session_id), options,
                                          std::forward<F>(callback)...);
    }

    /**
     * Reads the status of a session at an interval and reports each change; the first status counts
     * as a change. The callback is optional and takes a WatchEvent; without one, Watch::poll()
     * returns the events. See ipg_session_watch().
     *
     * ```cpp
     * iplaygames::Watch watch =
     *     client.session_watch(session_id, 1000, [](iplaygames::WatchEvent event) {
     *         if (event.ended) std::puts("the session has ended");
     *     }).value();
     * ```
     */
    template <class... F>
    Result<Watch> session_watch(std::string_view session_id, std::uint32_t interval_ms, F&&... callback) const {
        static_assert(sizeof...(F) < 2, "pass one callback or none");
        const detail::CStr c_id("session_id", session_id);
        if (c_id.error_message()) {
            return detail::make_error(IPG_ERR_INVALID_ARGUMENT, *c_id.error_message(), "/session_id");
        }
        auto call = detail::submit_call(
            detail::make_callback<WatchEvent>(std::forward<F>(callback)...), true, [&](const detail::SubmitParams& to) {
                return ipg_session_watch(handle_, c_id.get(), interval_ms, to.callback, to.user_data, to.finalizer,
                                         to.out_request, to.out_json);
            });
        if (!call) {
            return call.error();
        }
        return Watch(std::move(*call));
    }

    /**
     * Resolves, connects and loads certificates before the first call needs them, and blocks. 0
     * means the timeout of the configuration.
     */
    Result<Reply> prewarm(std::uint32_t timeout_ms = 0) const {
        detail::OwnedString json;
        const ipg_code code = ipg_client_prewarm(handle_, timeout_ms, json.out());
        return detail::to_reply(code, json);
    }

    /**
     * Submits a prewarm, and returns immediately; the non-blocking form of prewarm(). The callback
     * is optional and takes a `Result<Reply>`.
     */
    template <class... F> Result<Request<>> submit_prewarm(std::uint32_t timeout_ms = 0, F&&... callback) const {
        static_assert(sizeof...(F) < 2, "pass one callback or none");
        auto call = detail::submit_call(
            detail::make_callback<Reply>(std::forward<F>(callback)...), true, [&](const detail::SubmitParams& to) {
                return ipg_client_submit_prewarm(handle_, timeout_ms, to.callback, to.user_data, to.finalizer,
                                                 to.out_request, to.out_json);
            });
        if (!call) {
            return call.error();
        }
        return Request<>(std::move(*call));
    }

    /** Returns the journal that the configuration names. Its functions fail if there is none. */
    [[nodiscard]] Journal journal() const noexcept { return Journal(handle_); }

private:
    template <class T, class... F>
    Result<detail::SubmittedCall> submit_raw(bool keep_handle, std::string_view operation,
                                             std::string_view arguments_json, const CallOptions& options,
                                             F&&... callback) const {
        static_assert(sizeof...(F) < 2, "pass one callback or none");
        const auto options_json = options.to_json();
        if (!options_json) {
            return options_json.error();
        }
        const detail::CStr c_operation("operation", operation), c_arguments("arguments_json", arguments_json),
            c_options("options_json", *options_json);
        if (auto error = detail::first_error(c_operation, c_arguments, c_options)) {
            return std::move(*error);
        }
        return detail::submit_call(
            detail::make_callback<T>(std::forward<F>(callback)...), keep_handle, [&](const detail::SubmitParams& to) {
                return ipg_submit(handle_, c_operation.get(), c_arguments.get_or_null(), c_options.get(), to.callback,
                                  to.user_data, to.finalizer, to.out_request, to.out_json);
            });
    }

    template <class T, class... F>
    Result<Request<T>> submit_as(std::string_view operation, std::string_view arguments_json,
                                 const CallOptions& options, F&&... callback) const {
        auto call = submit_raw<T>(true, operation, arguments_json, options, std::forward<F>(callback)...);
        if (!call) {
            return call.error();
        }
        return Request<T>(std::move(*call));
    }

    template <class T, class... F>
    Result<Request<T>> submit_typed(std::string_view operation, const Result<std::string>& arguments,
                                    const CallOptions& options, F&&... callback) const {
        if (!arguments) {
            return arguments.error();
        }
        return submit_as<T>(operation, *arguments, options, std::forward<F>(callback)...);
    }
};

// ---- sandbox ------------------------------------------------------------------------------------

#ifdef IPLAYGAMES_SANDBOX_H
/**
 * A server that runs the API in the host's process, for offline work and tests; see
 * iplaygames_sandbox.h. Owns the server: the destructor stops it.
 *
 * ```cpp
 * auto server = iplaygames::Sandbox::start().value();
 * auto player = iplaygames::Client::create(server.config()).value();
 * server.control(R"({"command": "fault", "operation": "list_games", "status": 503})").value();
 * ```
 */
class Sandbox {
public:
    /** Creates an empty object. */
    Sandbox() noexcept = default;
    /** Takes over the sandbox of `other`, which is empty afterwards. */
    Sandbox(Sandbox&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), document_(std::exchange(other.document_, Document())) {}
    /** Stops the own sandbox, and takes over the sandbox of `other`. */
    Sandbox& operator=(Sandbox&& other) noexcept {
        if (this != &other) {
            stop();
            handle_ = std::exchange(other.handle_, nullptr);
            document_ = std::exchange(other.document_, Document());
        }
        return *this;
    }
    /** Stops the sandbox; see stop(). */
    ~Sandbox() { stop(); }

    /**
     * Starts a sandbox on a free port of this machine. `config_json` contains its settings; empty
     * text means the defaults.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for an invalid setting; IPG_ERR_UNSUPPORTED if the library
     * was built without the sandbox.
     */
    static Result<Sandbox> start(std::string_view config_json = {}) {
        const detail::CStr c_config("config_json", config_json);
        if (auto error = detail::first_error(c_config)) {
            return std::move(*error);
        }
        Sandbox sandbox;
        detail::OwnedString json;
        const ipg_code code = ipg_sandbox_start(c_config.get_or_null(), &sandbox.handle_, json.out());
        if (code != IPG_OK) {
            return detail::error_from_json(code, json.to_string());
        }
        sandbox.document_ = Document(json.to_string());
        return sandbox;
    }

    /** Returns the configuration of a client of this sandbox: its address and its key. */
    [[nodiscard]] Config config() const { return Config().base_url(base_url()).api_key(api_key()); }
    /** Returns the address of the sandbox. */
    [[nodiscard]] std::string base_url() const { return document_.text("/base_url").value_or(""); }
    /** Returns the bearer token that the sandbox accepts. */
    [[nodiscard]] std::string api_key() const { return document_.text("/api_key").value_or(""); }

    /**
     * Runs a command of the sandbox, such as setting faults, moving its clock, or reading its
     * counts. Threads: any.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for an unknown or malformed command; IPG_ERR_INVALID_HANDLE.
     */
    Result<Reply> control(std::string_view command_json) const {
        const detail::CStr c_command("command_json", command_json);
        if (auto error = detail::first_error(c_command)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_code code = ipg_sandbox_control(handle_, c_command.get(), json.out());
        return detail::to_reply(code, json);
    }

    /** Stops the sandbox: closes its port, ends its thread, and discards its sessions. */
    void stop() noexcept {
        if (ipg_sandbox* handle = std::exchange(handle_, nullptr)) {
            ipg_sandbox_stop(handle);
        }
    }

private:
    ipg_sandbox* handle_ = nullptr;
    Document document_;
};
#endif

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames

#endif // IPLAYGAMES_HPP
