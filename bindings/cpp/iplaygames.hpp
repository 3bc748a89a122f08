/**
 * @file
 * iplaygames.hpp: iplaygames.h for C++17. One header, no other dependency than the standard library; compiles
 * with and without exceptions (`-fno-exceptions -fno-rtti`).
 *
 * A whole program:
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
 * What iplaygames.h says of codes, documents, requests, pauses, blocking, fork and exit holds here as well. What
 * C++ adds:
 *
 * Errors. What can fail returns a Result: the value, or an Error with everything the error document says.
 * `value()`, `*` and `->` of a failed one throw an Exception; where exceptions are off, they end the process
 * with the error on stderr. Nothing else here throws, but for std::bad_alloc, and what copying or moving a
 * callable of yours throws.
 *
 * Ownership. Client, RequestOf, Watch, Session and Sandbox end what they stand for when they are destroyed; they can be
 * moved and not copied. One that was moved from, or made without arguments, is empty: its functions answer
 * IPG_ERR_INVALID_HANDLE. Text goes in as std::string_view and need not end with a NUL; it is copied. Text with
 * a NUL inside is refused with IPG_ERR_INVALID_ARGUMENT, and never cut short.
 *
 * Threads. The const functions of one object may be called on any number of threads at once. Moving, assigning and
 * destroying an object, and its functions that are not const, need it for themselves. To end a client while other
 * threads are using it, call Client::close(), which is const, and destroy the object later.
 *
 * Callbacks. What is given as a callback is kept, in one small box on the heap, until it has run for the last
 * time, or its request is forgotten, or its client is closed; then it is destroyed, at once and with no lock held:
 * on the thread that ran it, forgot it or closed the client. If it is running on another thread at that moment, it
 * is destroyed there as it returns. It must be callable on whichever thread ticks. An exception that leaves a
 * callback ends the process, with a line on stderr. Tick and shut down through Client, not through its native()
 * handle.
 *
 * fork. As in C; but do not fork while another thread is submitting, ticking or forgetting callbacks of a client
 * that the child will use for callbacks too: the lock on their boxes may be held in the child for good.
 *
 * Several translation units may include this header, in C++17 and C++20. Those with exceptions and those without get
 * types of different names, so both can be linked into one program.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef IPLAYGAMES_HPP
#define IPLAYGAMES_HPP

#include "iplaygames.h"
#if __has_include("iplaygames_sandbox.h")
#  include "iplaygames_sandbox.h"
#endif

#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/** 1 where exceptions are on, and a failed Result throws; else 0. */
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#  define IPLAYGAMES_EXCEPTIONS 1
#else
#  define IPLAYGAMES_EXCEPTIONS 0
#endif

/** A client library for the IPlayGames API. */
namespace iplaygames {
// Functions that differ by whether exceptions are on must not have the same names in one program.
#if IPLAYGAMES_EXCEPTIONS
inline namespace v0 {
#else
inline namespace v0_no_exceptions {
#endif

template <class T> class Result;
class Error;
class Client;

// ---- documents -------------------------------------------------------------------------------------

/** What a JSON value is. */
enum class Type : std::int32_t {
    null = IPG_JSON_NULL,       /**< `null` */
    boolean = IPG_JSON_BOOL,    /**< `true` or `false` */
    number = IPG_JSON_NUMBER,   /**< a number, with the digits it was written with */
    string = IPG_JSON_STRING,   /**< a string */
    array = IPG_JSON_ARRAY,     /**< an array */
    object = IPG_JSON_OBJECT    /**< an object */
};

/** One value out of a document. */
struct Value {
    /** What it is. */
    Type type;
    /** A string without quotes and escapes, a number with its digits, all else as JSON. May have NULs inside. */
    std::string text;
};

/**
 * A JSON document, and a way to read it without a JSON library.
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
    /** An empty text, which is no JSON. */
    Document() = default;
    /** That text. It is not looked at before something is asked for. */
    explicit Document(std::string json) : json_(std::move(json)) {}

    /** The whole text, as it came. */
    [[nodiscard]] const std::string& json() const noexcept { return json_; }

    /**
     * The value at a JSON pointer (RFC 6901), such as `"/data/session_id"`; see ipg_json_get().
     *
     * Errors: IPG_ERR_NO_SUCH_FIELD when there is nothing; IPG_ERR_INVALID_ARGUMENT when the document or the
     * pointer is not good.
     */
    Result<Value> get(std::string_view pointer) const;

    /** The string or number at a pointer, as text; nothing for all else. */
    [[nodiscard]] std::optional<std::string> text(std::string_view pointer) const;

    /** The integer at a pointer; nothing for all else, and for one that does not fit. */
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view pointer) const;

private:
    std::string json_;
};

/** An answer of the API: the server's own document. */
class Reply : public Document {
public:
    using Document::Document;
};

// ---- errors ----------------------------------------------------------------------------------------

/** What the caller must know after a failure. */
enum class Outcome {
    not_sent, /**< It surely was not done. */
    rejected, /**< The API said no. */
    unknown   /**< It may have been done: after a start, a session may exist. */
};

/**
 * Why a call failed: everything the error document of iplaygames.h says. Never contains the API key.
 *
 * The fields are read from the document as they are asked for.
 *
 * ```cpp
 * auto status = client.session_status(session_id);
 * if (!status) {
 *     const iplaygames::Error& error = status.error();
 *     if (error.code() == IPG_ERR_NOT_FOUND) std::puts("it is gone");
 *     if (error.outcome() == iplaygames::Outcome::unknown) std::puts("it may have been done");
 *     if (error.retryable()) std::printf("try again in %lld ms\n", (long long)error.retry_after_ms().value_or(1000));
 * }
 * ```
 */
class Error : public Document {
public:
    /** What went wrong, and the error document. */
    Error(ipg_code code, std::string json) : Document(std::move(json)), code_(code) {}

    /** What went wrong: one of the `IPG_ERR_` codes. */
    [[nodiscard]] ipg_code code() const noexcept { return code_; }
    /** The code's name, such as `"IPG_ERR_NOT_FOUND"`. */
    [[nodiscard]] const char* name() const noexcept { return ipg_code_name(code_); }
    /** What went wrong, in words: the API's own where it gave any. */
    [[nodiscard]] std::string message() const { return text("/error/message").value_or(""); }
    /** The operation that was called, where there was one. */
    [[nodiscard]] std::optional<std::string> operation() const { return text("/error/operation"); }
    /** Whether the call may have been done. */
    [[nodiscard]] Outcome outcome() const;
    /** Whether the very same call may work later. */
    [[nodiscard]] bool retryable() const;
    /** How often it was tried. */
    [[nodiscard]] std::int64_t attempts() const { return integer("/error/attempts").value_or(0); }
    /** How long it took, pauses included, in milliseconds. */
    [[nodiscard]] std::int64_t elapsed_ms() const { return integer("/error/elapsed_ms").value_or(0); }
    /** The HTTP status of the last answer, if one came. */
    [[nodiscard]] std::optional<std::int64_t> http_status() const { return integer("/error/http_status"); }
    /** The server's own id of the request, if it sent one. */
    [[nodiscard]] std::optional<std::string> request_id() const { return text("/error/request_id"); }
    /** The call's id, sent as `X-Request-Id`. */
    [[nodiscard]] std::optional<std::string> call_id() const { return text("/error/call_id"); }
    /** How long the server asked to wait, in milliseconds, if it did. */
    [[nodiscard]] std::optional<std::int64_t> retry_after_ms() const { return integer("/error/retry_after_ms"); }
    /** A JSON pointer to the argument that is wrong, such as `"/currency"`. */
    [[nodiscard]] std::optional<std::string> field() const { return text("/error/field"); }
    /** The API's answer, if it was JSON: as JSON. */
    [[nodiscard]] std::optional<std::string> body() const;
    /** The first 512 characters of an answer that was not JSON. */
    [[nodiscard]] std::optional<std::string> body_text() const { return text("/error/body_text"); }

    /** One line for people, such as `Session not found [IPG_ERR_NOT_FOUND, HTTP 404, outcome rejected]`. */
    [[nodiscard]] std::string describe() const;

private:
    ipg_code code_;
};

#if IPLAYGAMES_EXCEPTIONS
/**
 * What Result::value() throws. what() is Error::describe().
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
    /** Of that error. */
    explicit Exception(Error error)
        : std::runtime_error(error.describe()), error_(std::make_shared<const Error>(std::move(error))) {}

    /** The error. */
    [[nodiscard]] const Error& error() const noexcept { return *error_; }

private:
    std::shared_ptr<const Error> error_; // copying an exception must not throw
};
#endif

/** Not part of the interface; the public functions of Builder and Handle are, in what is made of them. */
namespace detail {
/// @cond

[[noreturn]] inline void die(const char* what, const char* more = "") noexcept {
    std::fprintf(stderr, "iplaygames: %s%s\n", what, more);
    std::terminate();
}

[[noreturn]] inline void raise(const Error& error) {
#if IPLAYGAMES_EXCEPTIONS
    throw Exception(error);
#else
    die("the value of a failed Result was taken: ", error.describe().c_str());
#endif
}

/** Runs what is the host's own with C below it on the stack: nothing may be thrown through that. */
template <class Body> void without_exceptions(const char* where, Body&& body) noexcept {
#if IPLAYGAMES_EXCEPTIONS
    try {
        body();
    } catch (...) {
        die("an exception left ", where); // inside the handler, so that a terminate handler can look at it
    }
#else
    (void)where;
    body();
#endif
}

/** A text of the library's, until it is taken. */
class Text {
public:
    Text() = default;
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;
    ~Text() { ipg_string_free(text_); }

    char** out() noexcept { return &text_; }
    explicit operator bool() const noexcept { return text_ != nullptr; }
    [[nodiscard]] std::string string() const { return text_ ? std::string(text_) : std::string(); }
    [[nodiscard]] std::string string(std::size_t length) const { return std::string(text_, length); }

private:
    char* text_ = nullptr;
};

/** Text as a JSON string; nothing if it is not UTF-8. */
inline std::optional<std::string> quoted(std::string_view text) {
    Text json;
    if (ipg_json_quote(text.data(), text.size(), json.out()) != IPG_OK) {
        return std::nullopt;
    }
    return json.string();
}

/** The error document of what fails on this side of the C functions, or in one that hands out none. */
inline Error failure(ipg_code code, std::string_view message, std::string_view field = {}) {
    std::string json = "{\"success\":false,\"error\":{\"code\":" + std::to_string(code) + ",\"name\":\"" +
                       ipg_code_name(code) + "\",\"message\":" + quoted(message).value_or("\"\"") +
                       ",\"operation\":null,\"outcome\":\"not_sent\",\"field\":";
    json += field.empty() ? "null" : quoted(field).value_or("null");
    json += ",\"request_id\":null,\"call_id\":null,\"retryable\":";
    json += code == IPG_ERR_BUSY ? "true" : "false";
    json += ",\"attempts\":0,\"elapsed_ms\":0,\"http_status\":null,\"retry_after_ms\":null,\"body\":null}}";
    return Error(code, std::move(json));
}

inline Error failure(ipg_code code) {
    switch (code) {
    case IPG_ERR_INVALID_ARGUMENT: return failure(code, "An argument is not allowed.");
    case IPG_ERR_INVALID_HANDLE: return failure(code, "It is empty, was moved from, or was ended before.");
    case IPG_ERR_BUSY: return failure(code, "A logger cannot be changed from inside itself.");
    case IPG_ERR_SHUT_DOWN:
        return failure(code, "The client is shut down, or this thread or process is ending and can make no calls.");
    case IPG_ERR_NO_SUCH_FIELD: return failure(code, "The document has nothing at that pointer.");
    default: return failure(code, ipg_code_name(code));
    }
}

/** What is wrong with text that is to go in; nothing if it is good. */
inline std::optional<std::string> problem_of(std::string_view name, std::string_view text) {
    const std::size_t nul = text.find('\0');
    if (nul == std::string_view::npos) {
        return std::nullopt;
    }
    return "`" + std::string(name) + "` has a NUL at byte " + std::to_string(nul) + ".";
}

/** Text on its way to C: a copy with a NUL at its end, or the reason why there is none. */
class In {
public:
    In(const char* name, std::string_view text) : text_(text), problem_(problem_of(name, text)) {}

    [[nodiscard]] const char* get() const noexcept { return text_.c_str(); }
    /** For JSON where NULL is an empty object. */
    [[nodiscard]] const char* or_null() const noexcept { return text_.empty() ? nullptr : text_.c_str(); }
    [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

private:
    std::string text_;
    std::optional<std::string> problem_;
};

template <class... More> std::optional<Error> first_problem(const In& in, const More&... more) {
    if (in.problem()) {
        return failure(IPG_ERR_INVALID_ARGUMENT, *in.problem());
    }
    if constexpr (sizeof...(more) > 0) {
        return first_problem(more...);
    } else {
        return std::nullopt;
    }
}

inline Error error_of(ipg_code code, std::string json) {
    return json.empty() ? failure(code) : Error(code, std::move(json));
}

/// @endcond
} // namespace detail

/**
 * A value, or an Error in its place.
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
    /** Good. */
    Result(T value) : either_(std::in_place_index<0>, std::move(value)) {}
    /** Failed. */
    Result(Error error) : either_(std::in_place_index<1>, std::move(error)) {}

    /** Whether there is a value. */
    [[nodiscard]] bool ok() const noexcept { return either_.index() == 0; }
    /** Whether there is a value. */
    explicit operator bool() const noexcept { return ok(); }
    /** IPG_OK, or the error's code. */
    [[nodiscard]] ipg_code code() const noexcept { return ok() ? IPG_OK : error().code(); }
    /** The error; of a Result that is good, one with the code IPG_OK that says nothing. */
    [[nodiscard]] const Error& error() const noexcept {
        static const Error none(IPG_OK, "");
        const Error* error = std::get_if<1>(&either_);
        return error ? *error : none;
    }

    /** The value. Without one: throws an Exception, or ends the process where exceptions are off. */
    T& value() & { return *there(std::get_if<0>(&either_)); }
    /** As above. */
    const T& value() const& { return *there(std::get_if<0>(&either_)); }
    /** As above; for `T value = function().value()`. */
    T&& value() && { return std::move(*there(std::get_if<0>(&either_))); }
    /** As value(). */
    T& operator*() & { return value(); }
    /** As value(). */
    const T& operator*() const& { return value(); }
    /** As value(). */
    T&& operator*() && { return std::move(*this).value(); }
    /** As value(). */
    T* operator->() { return &value(); }
    /** As value(). */
    const T* operator->() const { return &value(); }

private:
    template <class P> P there(P value) const {
        if (!value) {
            detail::raise(error());
        }
        return value;
    }

    std::variant<T, Error> either_;
};

/** Done, or an Error. */
template <> class [[nodiscard]] Result<void> {
public:
    /** Done. */
    Result() = default;
    /** Failed. */
    Result(Error error) : error_(std::move(error)) {}

    /** Whether it was done. */
    [[nodiscard]] bool ok() const noexcept { return !error_; }
    /** Whether it was done. */
    explicit operator bool() const noexcept { return ok(); }
    /** IPG_OK, or the error's code. */
    [[nodiscard]] ipg_code code() const noexcept { return ok() ? IPG_OK : error_->code(); }
    /** The error; of a Result that is good, one with the code IPG_OK that says nothing. */
    [[nodiscard]] const Error& error() const noexcept {
        static const Error none(IPG_OK, "");
        return error_ ? *error_ : none;
    }
    /** Throws an Exception if it failed, or ends the process where exceptions are off. */
    void value() const {
        if (error_) {
            detail::raise(*error_);
        }
    }

private:
    std::optional<Error> error_;
};

inline Result<Value> Document::get(std::string_view pointer) const {
    const detail::In place("pointer", pointer);
    if (auto problem = detail::first_problem(place)) {
        return std::move(*problem);
    }
    if (const auto nul = detail::problem_of("json", json_)) {
        return detail::failure(IPG_ERR_INVALID_ARGUMENT, *nul);
    }
    detail::Text value;
    std::int32_t type = 0;
    std::size_t length = 0;
    const ipg_code code = ipg_json_get(json_.c_str(), place.get(), &type, value.out(), &length);
    if (code != IPG_OK) {
        return code == IPG_ERR_INVALID_ARGUMENT
                   ? detail::failure(code, "The document is not JSON, or the pointer is not a JSON pointer.")
                   : detail::failure(code);
    }
    return Value{static_cast<Type>(type), value.string(length)};
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
    const auto read = std::from_chars(digits->data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) {
        return std::nullopt;
    }
    return number;
}

inline Outcome Error::outcome() const {
    const std::string word = text("/error/outcome").value_or("");
    if (word == "not_sent") return Outcome::not_sent;
    if (word == "rejected") return Outcome::rejected;
    return Outcome::unknown; // the careful reading of a word that is not known
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
    // A string is given without its quotes, and a body is to be JSON.
    return value->type == Type::string ? detail::quoted(value->text) : std::move(value->text);
}

inline std::string Error::describe() const {
    std::string line = message();
    if (const auto place = field()) {
        line += " (" + *place + ")";
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

// ---- what goes in ----------------------------------------------------------------------------------

namespace detail {

/// @cond
/** The fields of a JSON object that is being put together, and what is wrong with each. */
class Fields {
public:
    explicit Fields(std::string_view whole = {}) : whole_(std::string(whole)) {}

    /** Sets a field; the last value given counts. */
    void set(std::string_view name, std::string json, std::optional<std::string> problem = std::nullopt) {
        for (Field& field : fields_) {
            if (field.name == name) {
                field.json = std::move(json);
                field.problem = std::move(problem);
                return;
            }
        }
        fields_.push_back({std::string(name), std::move(json), std::move(problem)});
    }

    void text(std::string_view name, std::string_view text) {
        auto problem = problem_of(name, text);
        auto json = quoted(text);
        if (!problem && !json) {
            problem = "`" + std::string(name) + "` is not UTF-8.";
        }
        set(name, std::move(json).value_or("null"), std::move(problem));
    }

    void json(std::string_view name, std::string_view json) { set(name, std::string(json), problem_of(name, json)); }

    [[nodiscard]] Result<std::string> to_json() const {
        auto out = opening();
        if (!out) {
            return out;
        }
        bool first = *out == "{";
        for (const Field& field : fields_) {
            const auto name = quoted(field.name);
            if (field.problem || !name) {
                return failure(IPG_ERR_INVALID_ARGUMENT,
                               field.problem.value_or("The name of a field is not UTF-8."), "/" + field.name);
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
        std::optional<std::string> problem;
    };

    /** The object that was given as text, up to its closing brace. */
    [[nodiscard]] Result<std::string> opening() const {
        if (whole_.json().empty()) {
            return std::string("{");
        }
        auto object = whole_.get("");
        if (!object) {
            return object.error();
        }
        if (object->type != Type::object) {
            return failure(IPG_ERR_INVALID_ARGUMENT, "The JSON text is not an object.");
        }
        object->text.pop_back();
        object->text.erase(object->text.find_last_not_of(" \t\r\n") + 1);
        return std::move(object->text);
    }

    Document whole_{};
    std::vector<Field> fields_;
};

/// @endcond
/** What all objects have that are put together field by field. */
template <class Self> class Builder {
public:
    /**
     * One with all the fields of that JSON object, to which others can be added. Empty text is an empty object; a
     * field that is given in both is refused when it is used.
     */
    [[nodiscard]] static Self from_json(std::string_view json) {
        Self self;
        self.fields_ = Fields(json);
        return self;
    }

    /** Any field, its value as JSON: for what is learned after this header was made. */
    Self& field(std::string_view name, std::string_view json) {
        fields_.json(name, json);
        return self();
    }

    /** The JSON object. Errors: IPG_ERR_INVALID_ARGUMENT, with field(), for text with a NUL inside or not UTF-8. */
    [[nodiscard]] Result<std::string> to_json() const { return fields_.to_json(); }

    /// @cond
protected:
    Builder() = default;

    Self& text(const char* name, std::string_view text) {
        fields_.text(name, text);
        return self();
    }
    Self& number(const char* name, std::int64_t number) {
        fields_.set(name, std::to_string(number));
        return self();
    }
    Self& boolean(const char* name, bool value) {
        fields_.set(name, value ? "true" : "false");
        return self();
    }
    Self& self() { return static_cast<Self&>(*this); }

    Fields fields_;
    /// @endcond
};

} // namespace detail

/**
 * What a client is told: the keys listed in iplaygames.h, each with its default there. It holds the API key: keep
 * to_json() from logs.
 *
 * ```cpp
 * auto mine = iplaygames::Client::create(
 *     iplaygames::Config().base_url("https://relay.example").header("X-Player", "token").timeout_ms(5000));
 * auto other = iplaygames::Client::create(iplaygames::Config::from_json(R"({"base_url": "https://relay.example"})"));
 * ```
 */
class Config : public detail::Builder<Config> {
public:
    /** All by default and from the environment. */
    Config() {} // not "= default": C++17 would take it for an aggregate

    /** The operator's bearer token; it must not ship inside a game. */
    Config& api_key(std::string_view key) { return text("api_key", key); }
    /** Where calls go. */
    Config& base_url(std::string_view url) { return text("base_url", url); }
    /** Allows http to other machines than this. */
    Config& allow_insecure_http(bool allow) { return boolean("allow_insecure_http", allow); }
    /** One more header for each request. */
    Config& header(std::string_view name, std::string_view value) {
        headers_.text(name, value);
        auto headers = headers_.to_json();
        fields_.set("headers", headers ? *headers : "null",
                    headers ? std::nullopt : std::optional<std::string>(headers.error().message()));
        return *this;
    }
    /** A whole call: all attempts and the pauses between them, in milliseconds. */
    Config& timeout_ms(std::uint32_t ms) { return number("timeout_ms", ms); }
    /** One attempt, where another may follow, in milliseconds. */
    Config& attempt_timeout_ms(std::uint32_t ms) { return number("attempt_timeout_ms", ms); }
    /** Making a connection, in milliseconds. */
    Config& connect_timeout_ms(std::uint32_t ms) { return number("connect_timeout_ms", ms); }
    /** Attempts after the first. */
    Config& max_retries(std::uint32_t count) { return number("max_retries", count); }
    /** Sockets at a time. */
    Config& max_connections(std::uint32_t count) { return number("max_connections", count); }
    /** Calls in flight and requests not forgotten. */
    Config& max_in_flight(std::uint32_t count) { return number("max_in_flight", count); }
    /** Whether a thread of the client's own drives it. */
    Config& background(bool on) { return boolean("background", on); }
    /** A larger answer is an error, in bytes. */
    Config& max_response_bytes(std::uint32_t bytes) { return number("max_response_bytes", bytes); }
    /** An http or https URL, or `none`. */
    Config& proxy(std::string_view url) { return text("proxy", url); }
    /** Certificates to trust beside the system's: a PEM file's name. */
    Config& ca_file(std::string_view path) { return text("ca_file", path); }
    /** Certificates to trust beside the system's: PEM text. */
    Config& ca_pem(std::string_view pem) { return text("ca_pem", pem); }
    /** Trust these certificates alone. */
    Config& only_these_cas(bool only) { return boolean("only_these_cas", only); }
    /** Put in front of the library's own user agent. */
    Config& user_agent(std::string_view agent) { return text("user_agent", agent); }

private:
    detail::Fields headers_;
};

/**
 * What may be different for one call.
 *
 * ```cpp
 * auto games = client.call("list_games", R"({"per_page": "20"})", iplaygames::CallOptions().timeout_ms(2000));
 * ```
 */
class CallOptions : public detail::Builder<CallOptions> {
public:
    /** As the client's configuration has it. */
    CallOptions() {}

    /** The whole call, in milliseconds. */
    CallOptions& timeout_ms(std::uint32_t ms) { return number("timeout_ms", ms); }
    /** Attempts after the first. */
    CallOptions& max_retries(std::uint32_t count) { return number("max_retries", count); }
    /** Sent as `X-Request-Id`. */
    CallOptions& call_id(std::string_view id) { return text("call_id", id); }
};

/**
 * What a session is started with. The game and the first four below are required; one that is forgotten is an
 * error that names it.
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
    /** A session of that game. */
    explicit StartSession(std::int64_t game_id) { number("game_id", game_id); }

    /** Required: the operator's own id of the player. */
    StartSession& player_id(std::string_view id) { return text("player_id", id); }
    /** Required: the currency's code, such as `EUR`. */
    StartSession& currency(std::string_view code) { return text("currency", code); }
    /** Required: the player's country, two letters. */
    StartSession& country_code(std::string_view code) { return text("country_code", code); }
    /** Required: the player's IPv4 or IPv6 address. */
    StartSession& ip_address(std::string_view address) { return text("ip_address", address); }
    /** Where the player goes on leaving the game. */
    StartSession& return_url(std::string_view url) { return text("return_url", url); }
    /** The game's language, such as `en`. */
    StartSession& locale(std::string_view language) { return text("locale", language); }
    /** The provider to use; the account must be allowed to choose. */
    StartSession& provider(std::string_view slug) { return text("provider", slug); }
    /** The device: `desktop` or `mobile`. */
    StartSession& device(std::string_view device) { return text("device", device); }
    /** The free-spin bonus to play. */
    StartSession& freespin_id(std::string_view id) { return text("freespin_id", id); }
    /** How many free spins. */
    StartSession& freespin_count(std::uint32_t count) { return number("freespin_count", count); }
    /**
     * The stake of one free spin in currency units, as decimal digits: `0.50` is sent as `0.50`. Text that is no
     * number is refused when the session is started, by name.
     */
    StartSession& freespin_bet_amount(std::string_view amount) {
        const auto value = Document(std::string(amount)).get("");
        // A number keeps its digits; anything else stays a string, and is refused.
        return value && value->type == Type::number ? field("freespin_bet_amount", value->text)
                                                    : text("freespin_bet_amount", amount);
    }
    /** A whole number of currency units. */
    StartSession& freespin_bet_amount(std::int64_t amount) { return number("freespin_bet_amount", amount); }
    /** Money has decimal digits, and a binary fraction does not: give the digits as text. */
    template <class Number, std::enable_if_t<std::is_floating_point_v<Number>, int> = 0>
    StartSession& freespin_bet_amount(Number) = delete;
    /** How many days the free spins last: 1 to 30. */
    StartSession& expire_days(std::uint32_t days) { return number("expire_days", days); }

private:
    friend class detail::Builder<StartSession>;
    StartSession() = default;
};

// ---- what comes out --------------------------------------------------------------------------------

/**
 * A session that was started. What the answer has beyond these fields, or in another type than expected, is in its
 * document.
 */
class StartedSession : public Reply {
public:
    /** Read out of that answer. */
    explicit StartedSession(Reply reply = Reply())
        : Reply(std::move(reply)), session_id(text("/data/session_id").value_or("")),
          session_token(text("/data/session_token")), game_url(text("/data/game_url").value_or("")),
          expires_at(text("/data/expires_at")) {}

    /** Names the session from here on. Opaque. */
    std::string session_id;
    /** The session's own token. Whoever has it is the player: keep it from logs, and the document too. */
    std::optional<std::string> session_token;
    /** Where the player's browser or web view goes. Lets in whoever has it. */
    std::string game_url;
    /** When it expires, as the API writes it (ISO 8601, UTC). */
    std::optional<std::string> expires_at;
};

/** What a session is doing. */
class SessionStatus : public Reply {
public:
    /** Read out of that answer. */
    explicit SessionStatus(Reply reply = Reply())
        : Reply(std::move(reply)), session_id(text("/data/session_id")), status(text("/data/status").value_or("")),
          player_id(text("/data/player_id")), game_id(integer("/data/game/id")), game_title(text("/data/game/title")),
          started_at(text("/data/started_at")), last_activity(text("/data/last_activity")) {}

    /** The session's id, as the API repeats it. */
    std::optional<std::string> session_id;
    /** `active`; other words, such as `closed` or `expired`, are the API's to choose. */
    std::string status;
    /** The operator's own id of the player. */
    std::optional<std::string> player_id;
    /** The game's id. */
    std::optional<std::int64_t> game_id;
    /** The game's title. */
    std::optional<std::string> game_title;
    /** When it was started, as the API writes it. */
    std::optional<std::string> started_at;
    /** When the player last did something, as the API writes it. */
    std::optional<std::string> last_activity;

    /** Whether the session is open. */
    [[nodiscard]] bool is_active() const noexcept { return status == "active"; }
};

/** A session that was ended. */
class EndedSession : public Reply {
public:
    /** Read out of that answer. */
    explicit EndedSession(Reply reply = Reply()) : Reply(std::move(reply)), message(text("/message")) {
        const auto already = get("/already_ended");
        already_ended = already && already->text == "true";
    }

    /** The API's words. */
    std::optional<std::string> message;
    /** The session was gone when the API was asked again, after an answer had been lost on the way. */
    bool already_ended = false;
};

/** What a watch has to tell. */
struct WatchEvent {
    /** This is the end, and nothing more will follow. */
    bool ended;
    /** How the session is now; or, at the end, why it cannot be read any more. */
    Result<SessionStatus> status;
};

/** How much a log line matters. */
enum class LogLevel : std::int32_t {
    off = IPG_LOG_OFF,     /**< No lines at all. */
    error = IPG_LOG_ERROR, /**< Something failed that the host should know of. */
    warn = IPG_LOG_WARN,   /**< Something is not as it should be, and was dealt with. */
    info = IPG_LOG_INFO,   /**< What happened, a line a call. */
    debug = IPG_LOG_DEBUG, /**< What happened on the way. */
    trace = IPG_LOG_TRACE  /**< Everything. */
};

// ---- callbacks -------------------------------------------------------------------------------------

namespace detail {
/// @cond

class Shared;

/** A callable of the host's for a request, and whether it may go. Its flags are guarded by Shared's lock. */
class Box {
public:
    explicit Box(Shared& of) : shared(of) {}
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;
    virtual ~Box() = default;
    virtual void run(ipg_code code, const char* json) = 0;
    /** Destroys the callable; the box may stay, for its request still names it. */
    virtual void drop() noexcept = 0;

    Shared& shared;
    bool running = false, forgotten = false;
};

/** A callable that takes the log lines. */
class LogBox {
public:
    explicit LogBox(Shared& of) : shared(of) {}
    LogBox(const LogBox&) = delete;
    LogBox& operator=(const LogBox&) = delete;
    virtual ~LogBox() = default;
    virtual void run(LogLevel level, std::string_view target, std::string_view message) = 0;

    Shared& shared;
};

/**
 * What a client, its requests and those who drive it hold in common: the boxes whose callables the library may
 * still call. Foreign code, and that is a callable's destructor too, never runs with its lock held.
 *
 * A box goes when its callable has run for the last time; when its request is forgotten; when its client is
 * closed. What makes it hard is that the library calls on one thread while another forgets. Then it answers
 * IPG_PENDING, and there are three cases: the callable is running; the library is about to call it; it has just
 * returned from it. In the first, its return lets the box go. The other two look the same from here: the
 * box is put in limbo, until something shows that the callback is over: the next one begins or
 * is forgotten (a client has one at a time), or nobody drives the client.
 */
class Shared {
public:
    ~Shared() {
        for (auto& entry : boxes_) {
            entry.second->drop();
        }
    }

    /** From here on the library may call it. */
    void put(std::shared_ptr<Box> box) {
        const std::lock_guard<std::mutex> lock(door_);
        boxes_.emplace(box.get(), box);
    }

    /** The library will not call it. */
    void take_back(Box& box) {
        std::shared_ptr<Box> gone;
        {
            const std::lock_guard<std::mutex> lock(door_);
            gone = take(&box);
        }
        drop(gone);
    }

    /** Frees a request, and lets its callable go as soon as that is possible. */
    ipg_code forget(ipg_request* request, const std::shared_ptr<Box>& box) {
        const ipg_code code = ipg_request_free(request);
        if (!box) {
            return code;
        }
        std::shared_ptr<Box> gone;
        {
            const std::lock_guard<std::mutex> lock(door_);
            if (boxes_.count(box.get()) == 0) {
                return code; // it has run for the last time
            }
            box->forgotten = true;
            if (box->running) {
                return code;
            }
            gone = take(code == IPG_PENDING ? std::exchange(limbo_, box.get()) : box.get());
            sweep_ = limbo_ != nullptr || closed_;
        }
        drop(gone);
        sweep_if_nobody_drives();
        return code;
    }

    ipg_code close(ipg_client* client) {
        // Whatever it answers: in the logger itself it is refused, and then the logger stays until the calls of
        // this client that are running, which hold this object, have returned.
        set_logger(client, nullptr, LogLevel::off);
        const ipg_code code = ipg_client_free(client);
        if (code == IPG_ERR_INVALID_HANDLE) {
            return code;
        }
        Boxes gone;
        {
            const std::lock_guard<std::mutex> lock(door_);
            closed_ = true;
            gone = forget_all(code != IPG_PENDING);
            sweep_ = code == IPG_PENDING;
        }
        drop(gone);
        sweep_if_nobody_drives();
        return code;
    }

    /** When this returns with IPG_OK, the logger before is not running and never will. */
    ipg_code set_logger(ipg_client* client, std::shared_ptr<LogBox> logger, LogLevel level) {
        if (logging_ == std::this_thread::get_id()) {
            return ipg_client_set_logger(client, nullptr, nullptr, 0); // inside the logger: refused
        }
        // One at a time, or the logger that is kept might not be the one that is set.
        const std::lock_guard<std::mutex> lock(logger_door_);
        const ipg_code code = ipg_client_set_logger(client, logger ? on_log : nullptr, logger.get(),
                                                    static_cast<std::int32_t>(logger ? level : LogLevel::off));
        if (code == IPG_OK) {
            logger_.swap(logger);
        }
        return code;
    }

    /** Callbacks may run on this thread while this lives. */
    class Drive {
    public:
        explicit Drive(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
            if (shared_) {
                shared_->driving_.fetch_add(1);
            }
        }
        Drive(const Drive&) = delete;
        Drive& operator=(const Drive&) = delete;
        ~Drive() {
            if (shared_ && shared_->driving_.fetch_sub(1) == 1) {
                shared_->sweep_if_nobody_drives();
            }
        }

    private:
        std::shared_ptr<Shared> shared_; // a callback may destroy the client
    };

    /** What the library calls. */
    static void on_event(void* user_data, ipg_request*, ipg_code code, const char* json) noexcept {
        Box& box = *static_cast<Box*>(user_data);
        Shared& shared = box.shared;
        if (shared.begin(box)) {
            without_exceptions("a callback", [&] { box.run(code, json); });
        }
        shared.finish(box, code != IPG_PENDING);
    }

private:
    using Boxes = std::unordered_map<Box*, std::shared_ptr<Box>>;

    static void on_log(void* user_data, std::int32_t level, const char* target, const char* message) noexcept {
        LogBox& box = *static_cast<LogBox*>(user_data);
        Shared& shared = box.shared;
        shared.logging_ = std::this_thread::get_id();
        without_exceptions("a logger", [&] { box.run(static_cast<LogLevel>(level), target, message); });
        shared.logging_ = std::thread::id();
    }

    /** Whether the callable is to run. */
    bool begin(Box& box) {
        std::shared_ptr<Box> over;
        {
            const std::lock_guard<std::mutex> lock(door_);
            if (limbo_ != &box) {
                over = take(std::exchange(limbo_, nullptr));
            }
            box.running = !box.forgotten;
        }
        drop(over);
        return box.running;
    }

    void finish(Box& box, bool last) {
        std::shared_ptr<Box> gone;
        {
            const std::lock_guard<std::mutex> lock(door_);
            box.running = false;
            if (last || box.forgotten) {
                gone = take(&box);
            }
        }
        drop(gone);
    }

    void sweep_if_nobody_drives() {
        if (!sweep_ || driving_ != 0) {
            return;
        }
        Boxes gone;
        std::shared_ptr<Box> over;
        {
            const std::lock_guard<std::mutex> lock(door_);
            if (driving_ != 0) {
                return; // whoever that is sweeps
            }
            sweep_ = false;
            over = take(std::exchange(limbo_, nullptr));
            if (closed_) {
                gone = forget_all(true);
            }
        }
        drop(over);
        drop(gone);
    }

    /** Under the lock. */
    std::shared_ptr<Box> take(Box* box) {
        const auto found = boxes_.find(box);
        if (found == boxes_.end()) {
            return nullptr;
        }
        std::shared_ptr<Box> taken = std::move(found->second);
        boxes_.erase(found);
        if (limbo_ == box) {
            limbo_ = nullptr;
        }
        return taken;
    }

    /** Under the lock. Forgets every box, and hands out those that may go: none that runs. */
    Boxes forget_all(bool hand_out) {
        Boxes out;
        for (auto entry = boxes_.begin(); entry != boxes_.end();) {
            entry->second->forgotten = true;
            if (hand_out && !entry->second->running) {
                const auto next = std::next(entry);
                out.insert(boxes_.extract(entry));
                entry = next;
            } else {
                ++entry;
            }
        }
        if (hand_out) {
            limbo_ = nullptr;
        }
        return out;
    }

    static void drop(const std::shared_ptr<Box>& box) {
        if (box) {
            box->drop();
        }
    }
    static void drop(const Boxes& boxes) {
        for (const auto& entry : boxes) {
            entry.second->drop();
        }
    }

    std::mutex door_;
    Boxes boxes_;
    Box* limbo_ = nullptr;
    bool closed_ = false;
    std::atomic<bool> sweep_{false};
    std::atomic<std::uint32_t> driving_{0};
    std::mutex logger_door_;
    std::shared_ptr<LogBox> logger_;
    std::atomic<std::thread::id> logging_{};
};

/** A client as functions pass it on. Its handle is looked up with every use, so a stale one does no harm. */
struct Core {
    ipg_client* handle = nullptr;
    std::shared_ptr<Shared> shared;
};

inline Result<Reply> reply_of(ipg_code code, const Text& json) {
    if (code == IPG_OK) {
        return Reply(json.string());
    }
    return error_of(code, json.string());
}

inline Result<void> done(ipg_code code) {
    if (code == IPG_OK) {
        return {};
    }
    return failure(code);
}

template <class T> Result<T> typed(Result<Reply> reply) {
    if constexpr (std::is_same_v<T, Reply>) {
        return reply;
    } else {
        if (!reply) {
            return reply.error();
        }
        return T(std::move(*reply));
    }
}

template <class T> Result<T> typed(ipg_code code, const char* json) {
    if (code == IPG_OK || code == IPG_PENDING) {
        return T(Reply(json ? json : ""));
    }
    return error_of(code, json ? json : "");
}

/** The box of a callable that takes a Result<T>, or a WatchEvent where that is T. */
template <class T, class F> class CallBox final : public Box {
public:
    template <class G>
    CallBox(Shared& of, G&& callable) : Box(of), callable_(std::in_place, std::forward<G>(callable)) {}

    void run(ipg_code code, const char* json) override {
        if constexpr (std::is_same_v<T, WatchEvent>) {
            std::invoke(*callable_, WatchEvent{code != IPG_PENDING, typed<SessionStatus>(code, json)});
        } else {
            std::invoke(*callable_, typed<T>(code, json));
        }
    }
    void drop() noexcept override { callable_.reset(); }

private:
    std::optional<F> callable_;
};

template <class F> class LogBoxOf final : public LogBox {
public:
    template <class G> LogBoxOf(Shared& of, G&& callable) : LogBox(of), callable_(std::forward<G>(callable)) {}

    void run(LogLevel level, std::string_view target, std::string_view message) override {
        std::invoke(callable_, level, target, message);
    }

private:
    F callable_;
};

/** A call that was begun: its handle, and the box of its callback. */
struct Begun {
    ipg_request* handle = nullptr;
    std::shared_ptr<Shared> shared;
    std::shared_ptr<Box> box;
    std::string call_id;
};

/** Begins a call, or a watch. `begin` is the C function with what goes in; `keep` is whether there will be a handle. */
template <class Begin> Result<Begun> begin(const Core& core, std::shared_ptr<Box> box, bool keep, Begin&& begin_call) {
    Begun begun;
    Text json;
    if (box) {
        core.shared->put(box);
    }
    const ipg_code code =
        begin_call(box ? Shared::on_event : nullptr, box.get(), keep ? &begun.handle : nullptr, json.out());
    if (code != IPG_OK) {
        if (box) {
            core.shared->take_back(*box);
        }
        return error_of(code, json.string());
    }
    begun.shared = core.shared;
    begun.box = std::move(box);
    begun.call_id = Document(json.string()).text("/call_id").value_or("");
    return begun;
}

inline Result<Reply> call(const Core& core, std::string_view operation, std::string_view arguments_json,
                          const CallOptions& options) {
    const std::shared_ptr<Shared> hold = core.shared; // see Shared::close
    const auto options_json = options.to_json();
    if (!options_json) {
        return options_json.error();
    }
    const In operation_in("operation", operation), arguments_in("arguments_json", arguments_json),
        options_in("options_json", *options_json);
    if (auto problem = first_problem(operation_in, arguments_in, options_in)) {
        return std::move(*problem);
    }
    Text json;
    const ipg_code code =
        ipg_call(core.handle, operation_in.get(), arguments_in.or_null(), options_in.get(), json.out());
    return reply_of(code, json);
}

inline Result<std::string> session_arguments(std::string_view session_id) {
    Fields fields;
    fields.text("session_id", session_id);
    return fields.to_json();
}

/** Calls an operation with arguments that may be bad, and reads what it answers. */
template <class T>
Result<T> call_typed(const Core& core, std::string_view operation, const Result<std::string>& arguments,
                     const CallOptions& options) {
    if (!arguments) {
        return arguments.error();
    }
    return typed<T>(call(core, operation, *arguments, options));
}

inline constexpr const char* start_operation = "start_a_game_session";
inline constexpr const char* status_operation = "get_session_status";
inline constexpr const char* end_operation = "end_a_game_session";

/// @endcond
} // namespace detail

// ---- requests --------------------------------------------------------------------------------------

namespace detail {

/** What requests and watches have in common. */
class Handle {
public:
    /// @cond
    Handle() noexcept = default;
    explicit Handle(Begun begun) noexcept : begun_(std::move(begun)) {}
    Handle(Handle&& other) noexcept : begun_(std::exchange(other.begun_, {})) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            forget();
            begun_ = std::exchange(other.begun_, {});
        }
        return *this;
    }
    ~Handle() { forget(); }
    /// @endcond

    /** The id the call is sent with, as `X-Request-Id`. Empty for one that is empty. */
    [[nodiscard]] const std::string& call_id() const noexcept { return begun_.call_id; }

    /**
     * Ends it at once with IPG_ERR_CANCELED; what has ended stays as it is. Its callback runs at the next tick.
     *
     * Threads: any. Errors: IPG_ERR_INVALID_HANDLE.
     */
    Result<void> cancel() const {
        const auto hold = begun_.shared;
        return done(ipg_request_cancel(begun_.handle));
    }

    /**
     * Forgets it: cancels it if it has not ended, and its callback does not run any more. Never waits; may be called
     * in its own callback. If the callback is just running on another thread, that run is the last.
     */
    void forget() noexcept {
        const Begun begun = std::exchange(begun_, {});
        if (begun.handle) {
            begun.shared->forget(begun.handle, begun.box);
        }
    }

    /// @cond
protected:
    /** Its code and document now, or nothing while there is none. */
    template <class Ask> std::optional<std::pair<ipg_code, std::string>> ask(Ask&& ask_c) const {
        const auto hold = begun_.shared;
        Text json;
        const ipg_code code = ask_c(begun_.handle, json.out());
        if (code == IPG_PENDING && !json) {
            return std::nullopt;
        }
        return std::make_pair(code, json.string());
    }

private:
    Begun begun_;
    /// @endcond
};

} // namespace detail

/**
 * A call in flight that answers a T: Reply, StartedSession, SessionStatus or EndedSession. Made by Client::submit()
 * and its like; destroying it forgets the call.
 *
 * There are two ways to the result, each complete without the other: ask here, or give a callback and tick.
 * Nothing moves unless somebody drives the client; see iplaygames.h.
 *
 * ```cpp
 * iplaygames::Request request = client.submit("list_games").value();
 * client.tick(500).value(); // once a frame
 * if (auto games = request.poll()) {
 *     std::puts(games->ok() ? (*games)->json().c_str() : games->error().describe().c_str());
 * }
 * ```
 */
template <class T> class RequestOf : public detail::Handle {
public:
    /** An empty one. */
    RequestOf() noexcept = default;
    /** Not for hosts: Client makes them. */
    explicit RequestOf(detail::Begun begun) noexcept : Handle(std::move(begun)) {}

    /**
     * What the call came to, as often as it is asked for; nothing while it is in flight. Never blocks and never
     * drives. Threads: any.
     */
    [[nodiscard]] std::optional<Result<T>> poll() const {
        return result(ask([](ipg_request* request, char** json) { return ipg_request_poll(request, json); }));
    }

    /**
     * Waits for at most so long, and drives the client meanwhile; nothing when the time has run out first. Callbacks
     * do not run in here. Threads: any.
     */
    [[nodiscard]] std::optional<Result<T>> wait(std::uint32_t timeout_ms) const {
        return result(ask([timeout_ms](ipg_request* request, char** json) {
            return ipg_request_wait(request, timeout_ms, json);
        }));
    }

private:
    static std::optional<Result<T>> result(const std::optional<std::pair<ipg_code, std::string>>& answer) {
        if (!answer) {
            return std::nullopt;
        }
        return detail::typed<T>(answer->first, answer->second.c_str());
    }
};

/** A call in flight, of any operation. */
using Request = RequestOf<Reply>;

/**
 * A game session that is being watched. Made by Client::session_watch(); destroying it ends the watch.
 *
 * ```cpp
 * iplaygames::Watch watch = client.session_watch(session_id, 1000).value();
 * client.tick(500).value(); // once a frame
 * if (auto event = watch.poll(); event && event->status) {
 *     std::printf("it is now %s\n", event->status->status.c_str());
 * }
 * ```
 */
class Watch : public detail::Handle {
public:
    /** An empty one. */
    Watch() noexcept = default;
    /** Not for hosts: Client makes them. */
    explicit Watch(detail::Begun begun) noexcept : Handle(std::move(begun)) {}

    /**
     * What is new: each change once, the end as often as it is asked for, nothing while there is nothing. A watch
     * with a callback tells only its end here. Never blocks and never drives. Threads: any.
     */
    [[nodiscard]] std::optional<WatchEvent> poll() const {
        return event(ask([](ipg_request* request, char** json) { return ipg_request_poll(request, json); }));
    }

    /** Waits for the end for at most so long, and drives the client meanwhile; nothing when the time has run out. */
    [[nodiscard]] std::optional<WatchEvent> wait(std::uint32_t timeout_ms) const {
        return event(ask([timeout_ms](ipg_request* request, char** json) {
            return ipg_request_wait(request, timeout_ms, json);
        }));
    }

private:
    static std::optional<WatchEvent> event(const std::optional<std::pair<ipg_code, std::string>>& answer) {
        if (!answer) {
            return std::nullopt;
        }
        return WatchEvent{answer->first != IPG_PENDING,
                          detail::typed<SessionStatus>(answer->first, answer->second.c_str())};
    }
};

// ---- a session with a scope ------------------------------------------------------------------------

/**
 * A game session that is ended when this goes out of scope, also when an exception passes through. Made by
 * Client::session_open().
 *
 * The destructor blocks as Client::session_end() does, and never throws: what goes wrong there is told to the handler
 * of on_end_error(), and else only to the client's logger. A session whose client is closed by then stays open,
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
 * } // it is ended here
 * ```
 */
class Session {
public:
    /** An empty one. */
    Session() = default;
    /** Takes the session over; the other is empty then. */
    Session(Session&& other) noexcept
        : core_(std::exchange(other.core_, {})), started_(std::exchange(other.started_, StartedSession())),
          end_options_(std::exchange(other.end_options_, CallOptions())), handler_(std::move(other.handler_)),
          open_(std::exchange(other.open_, false)) {}
    /** Ends its own session, which blocks, and takes the other's over. */
    Session& operator=(Session&& other) noexcept {
        if (this != &other) {
            const Session ended(std::move(*this));
            core_ = std::exchange(other.core_, {});
            started_ = std::exchange(other.started_, StartedSession());
            end_options_ = std::exchange(other.end_options_, CallOptions());
            handler_ = std::move(other.handler_);
            open_ = std::exchange(other.open_, false);
        }
        return *this;
    }
    ~Session() {
        if (open_) {
            detail::without_exceptions("the destructor of a Session or its handler", [this] {
                const auto ended = end();
                if (!ended && handler_) {
                    handler_->run(ended.error());
                }
            });
        }
    }

    /** What the start answered. */
    [[nodiscard]] const StartedSession& started() const noexcept { return started_; }
    /** The session's id. */
    [[nodiscard]] const std::string& session_id() const noexcept { return started_.session_id; }
    /** Whether this will end the session. */
    [[nodiscard]] bool is_open() const noexcept { return open_; }

    /** As Client::session_status(). */
    Result<SessionStatus> status(const CallOptions& options = {}) const {
        return detail::call_typed<SessionStatus>(core_, detail::status_operation,
                                                 detail::session_arguments(session_id()), options);
    }

    /**
     * Ends the session now. If that fails and may work later (Error::retryable()), the destructor tries once
     * more; else it does nothing any more. Ending what is ended already asks the API again.
     */
    Result<EndedSession> end() {
        auto ended = detail::call_typed<EndedSession>(core_, detail::end_operation,
                                                      detail::session_arguments(session_id()), end_options_);
        open_ = open_ && !ended && ended.error().retryable();
        return ended;
    }

    /** Leaves the session open, and hands it over. */
    StartedSession release() {
        open_ = false;
        return started_;
    }

    /** What is different for the call that ends the session; such as a shorter timeout. */
    Session& end_options(CallOptions options) {
        end_options_ = std::move(options);
        return *this;
    }

    /** Takes what goes wrong in the destructor, on its thread. `handler` takes a `const Error&`. */
    template <class F> Session& on_end_error(F&& handler) {
        static_assert(std::is_invocable_v<std::decay_t<F>&, const Error&>, "the handler takes a const Error&");
        handler_ = std::make_unique<HandlerOf<std::decay_t<F>>>(std::forward<F>(handler));
        return *this;
    }

private:
    friend Client;

    struct Handler {
        virtual ~Handler() = default;
        virtual void run(const Error& error) = 0;
    };
    template <class F> struct HandlerOf final : Handler {
        template <class G> explicit HandlerOf(G&& callable) : callable_(std::forward<G>(callable)) {}
        void run(const Error& error) override { std::invoke(callable_, error); }
        F callable_;
    };

    Session(detail::Core core, StartedSession started)
        : core_(std::move(core)), started_(std::move(started)), open_(true) {}

    detail::Core core_;
    StartedSession started_;
    CallOptions end_options_;
    std::unique_ptr<Handler> handler_;
    bool open_ = false;
};

// ---- the client ------------------------------------------------------------------------------------

/**
 * A client of the API. One serves a whole program and all its threads.
 *
 * The functions that block, and those that drive, are those of iplaygames.h: session_start(), session_status(),
 * session_end(), session_open(), call(), prewarm(), shutdown() and RequestOf::wait() block; all else returns at
 * once.
 */
class Client {
public:
    /** An empty one: its functions answer IPG_ERR_INVALID_HANDLE. */
    Client() noexcept = default;
    /** Takes the client over; the other is empty then. */
    Client(Client&& other) noexcept : core_(std::exchange(other.core_, {})) {}
    /** Closes its own client, and takes the other's over. */
    Client& operator=(Client&& other) noexcept {
        if (this != &other) {
            close();
            core_ = std::exchange(other.core_, {});
        }
        return *this;
    }
    /** As close(). */
    ~Client() { close(); }

    /**
     * Makes a client. Opens no connection, starts no thread and reads no certificates: that comes with the first
     * call, or with prewarm().
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for a key that is unknown, missing or wrong, and Error::field() points at it;
     * IPG_ERR_UNSUPPORTED when the library that is loaded is of another ABI than the header this was compiled with.
     */
    static Result<Client> create(const Config& config = Config()) {
        const std::uint32_t library = ipg_abi_version();
        constexpr std::uint32_t header = IPG_ABI_VERSION, major = header >> 16;
        if (library >> 16 != major || (major == 0 ? library != header : library < header)) {
            return detail::failure(IPG_ERR_UNSUPPORTED,
                                   std::string("The library that is loaded, ") + ipg_version() +
                                       ", does not fit the header this was compiled with, " IPG_VERSION_STRING ".");
        }
        const auto json = config.to_json();
        if (!json) {
            return json.error();
        }
        Client client;
        client.core_.shared = std::make_shared<detail::Shared>();
        detail::Text answer;
        const ipg_code code = ipg_client_new(json->c_str(), &client.core_.handle, answer.out());
        if (code != IPG_OK) {
            return detail::error_of(code, answer.string());
        }
        return client;
    }

    /** Starts a game session, and blocks. After an error with Outcome::unknown, a session may exist. */
    Result<StartedSession> session_start(const StartSession& request, const CallOptions& options = {}) const {
        return detail::call_typed<StartedSession>(core_, detail::start_operation, request.to_json(), options);
    }

    /** Asks how a game session is, and blocks. Errors: IPG_ERR_NOT_FOUND for an id the API does not know. */
    Result<SessionStatus> session_status(std::string_view session_id, const CallOptions& options = {}) const {
        return detail::call_typed<SessionStatus>(core_, detail::status_operation,
                                                 detail::session_arguments(session_id), options);
    }

    /** Ends a game session, and blocks. Repeated when an answer got lost on the way. */
    Result<EndedSession> session_end(std::string_view session_id, const CallOptions& options = {}) const {
        return detail::call_typed<EndedSession>(core_, detail::end_operation, detail::session_arguments(session_id),
                                                options);
    }

    /** Starts a game session that is ended when the Session goes out of scope. */
    Result<Session> session_open(const StartSession& request, const CallOptions& options = {}) const {
        auto started = session_start(request, options);
        if (!started) {
            return started.error();
        }
        return Session(core_, std::move(*started));
    }

    /**
     * Calls any operation of the API, and blocks. `arguments_json` is one flat JSON object; empty is `{}`.
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
        return detail::call(core_, operation, arguments_json, options);
    }

    /**
     * Sends a call of any operation on its way, and returns at once. Ask the request for what it came to.
     *
     * Errors: what ipg_submit() answers; nothing is sent then.
     */
    Result<Request> submit(std::string_view operation, std::string_view arguments_json = {},
                           const CallOptions& options = {}) const {
        return begin<Reply>(operation, arguments_json, options);
    }

    /**
     * Sends a call on its way. `callback` takes a `Result<Reply>` and runs once, inside tick() or shutdown(), on the
     * thread that called that; unless the request was forgotten or the client closed before. Keep the request:
     * destroying it forgets the call; or see submit_detached().
     *
     * ```cpp
     * iplaygames::Request request =
     *     client.submit("list_games", {}, {}, [](iplaygames::Result<iplaygames::Reply> games) {
     *         std::puts(games ? games->json().c_str() : games.error().describe().c_str());
     *     }).value();
     * ```
     */
    template <class F>
    Result<Request> submit(std::string_view operation, std::string_view arguments_json, const CallOptions& options,
                           F&& callback) const {
        return begin<Reply>(operation, arguments_json, options, std::forward<F>(callback));
    }

    /** As submit() with a callback, but nobody holds the request: it frees itself after its callback. */
    template <class F>
    Result<void> submit_detached(std::string_view operation, std::string_view arguments_json,
                                 const CallOptions& options, F&& callback) const {
        const auto begun = submit_c<Reply>(false, operation, arguments_json, options, std::forward<F>(callback));
        if (!begun) {
            return begun.error();
        }
        return {};
    }

    /**
     * session_start() that nobody waits for; and so on. With or without a callback, which takes a
     * `Result<StartedSession>`.
     *
     * ```cpp
     * iplaygames::RequestOf<iplaygames::StartedSession> starting =
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
    Result<RequestOf<StartedSession>> submit_session_start(const StartSession& request, const CallOptions& options = {},
                                                           F&&... callback) const {
        return begin_typed<StartedSession>(detail::start_operation, request.to_json(), options,
                                           std::forward<F>(callback)...);
    }

    /** session_status() that nobody waits for. A callback takes a `Result<SessionStatus>`. */
    template <class... F>
    Result<RequestOf<SessionStatus>> submit_session_status(std::string_view session_id, const CallOptions& options = {},
                                                           F&&... callback) const {
        return begin_typed<SessionStatus>(detail::status_operation, detail::session_arguments(session_id), options,
                                          std::forward<F>(callback)...);
    }

    /** session_end() that nobody waits for. A callback takes a `Result<EndedSession>`. */
    template <class... F>
    Result<RequestOf<EndedSession>> submit_session_end(std::string_view session_id, const CallOptions& options = {},
                                                       F&&... callback) const {
        return begin_typed<EndedSession>(detail::end_operation, detail::session_arguments(session_id), options,
                                         std::forward<F>(callback)...);
    }

    /**
     * Reads a session's status every so often, and tells each change of it, the first reading being one: to the
     * callback, which takes a WatchEvent, or to Watch::poll() where there is none; see ipg_session_watch().
     *
     * ```cpp
     * iplaygames::Watch watch =
     *     client.session_watch(session_id, 1000, [](iplaygames::WatchEvent event) {
     *         if (event.ended) std::puts("it is over");
     *     }).value();
     * ```
     */
    template <class... F>
    Result<Watch> session_watch(std::string_view session_id, std::uint32_t interval_ms, F&&... callback) const {
        static_assert(sizeof...(F) < 2, "one callback, or none");
        const detail::In id("session_id", session_id);
        if (id.problem()) {
            return detail::failure(IPG_ERR_INVALID_ARGUMENT, *id.problem(), "/session_id");
        }
        const detail::Core core = good_core();
        auto begun = detail::begin(core, box<WatchEvent>(core, std::forward<F>(callback)...), true,
                                   [&](ipg_callback on_event, void* user_data, ipg_request** request, char** json) {
                                       return ipg_session_watch(core.handle, id.get(), interval_ms, on_event,
                                                                user_data, request, json);
                                   });
        if (!begun) {
            return begun.error();
        }
        return Watch(std::move(*begun));
    }

    /**
     * Does what can be done for the calls in flight without waiting, for about so many microseconds, and runs the
     * callbacks that are due, on this thread. Once a frame. Answers how many ran; see ipg_client_tick().
     *
     * ```cpp
     * client.tick(500).value();
     * ```
     */
    Result<std::uint32_t> tick(std::uint32_t budget_us = 500) const {
        const detail::Shared::Drive drive(core_.shared);
        std::uint32_t completed = 0;
        const ipg_code code = ipg_client_tick(core_.handle, budget_us, &completed);
        if (code != IPG_OK) {
            return detail::failure(code);
        }
        return completed;
    }

    /** Does ahead of time what the first call would wait for, and blocks; 0 means the client's own timeout. */
    Result<Reply> prewarm(std::uint32_t timeout_ms = 0) const {
        const auto hold = core_.shared;
        detail::Text json;
        const ipg_code code = ipg_client_prewarm(core_.handle, timeout_ms, json.out());
        return detail::reply_of(code, json);
    }

    /** What the client has done since it was made, as a document of counts. */
    Result<Reply> stats() const {
        const auto hold = core_.shared;
        detail::Text json;
        const ipg_code code = ipg_client_stats(core_.handle, json.out());
        return detail::reply_of(code, json);
    }

    /**
     * Refuses new calls, drives those in flight for at most so long, cancels the rest, runs every callback, on this
     * thread. When it returns no callback is running and none will, except for the one it is called in.
     *
     * Errors: IPG_ERR_SHUT_DOWN when it was shut down before; IPG_ERR_INVALID_HANDLE.
     *
     * ```cpp
     * (void)client.shutdown(2000).ok();
     * client.close();
     * ```
     */
    Result<void> shutdown(std::uint32_t timeout_ms) const {
        const detail::Shared::Drive drive(core_.shared);
        return detail::done(ipg_client_shutdown(core_.handle, timeout_ms));
    }

    /**
     * Ends the client: calls in flight end with IPG_ERR_CANCELED, no callback runs any more but one that is running,
     * all later calls answer IPG_ERR_INVALID_HANDLE. May be called on any thread, while others use the client, in
     * a callback, and twice. Waits for nothing but a logger that is running on another thread.
     */
    void close() const noexcept {
        if (const auto hold = core_.shared) {
            hold->close(core_.handle);
        }
    }

    /**
     * Gives the client a logger, which takes a LogLevel and two std::string_view, target and message, that are gone
     * when it returns. It runs on threads that are inside a call of this client; see ipg_client_set_logger(). The
     * logger before is gone when this returns; for that it waits while it runs on another thread.
     *
     * Errors: IPG_ERR_BUSY from inside the client's own logger; IPG_ERR_INVALID_HANDLE.
     *
     * ```cpp
     * using iplaygames::LogLevel;
     * client.set_logger(LogLevel::info, [](LogLevel, std::string_view target, std::string_view line) {
     *     std::printf("%.*s: %.*s\n", (int)target.size(), target.data(), (int)line.size(), line.data());
     * }).value();
     * ```
     */
    template <class F> Result<void> set_logger(LogLevel max_level, F&& logger) const {
        using Callable = std::decay_t<F>;
        static_assert(std::is_invocable_v<Callable&, LogLevel, std::string_view, std::string_view>,
                      "a logger takes a LogLevel and two std::string_view");
        const detail::Core core = good_core();
        return detail::done(core.shared->set_logger(
            core.handle, std::make_shared<detail::LogBoxOf<Callable>>(*core.shared, std::forward<F>(logger)),
            max_level));
    }

    /** Takes the logger away. Errors: as set_logger(). */
    Result<void> remove_logger() const {
        const detail::Core core = good_core();
        return detail::done(core.shared->set_logger(core.handle, nullptr, LogLevel::off));
    }

    /**
     * The handle, for functions of iplaygames.h that are not here. Do not tick, shut down, free or set a logger
     * with it.
     */
    [[nodiscard]] ipg_client* native() const noexcept { return core_.handle; }

private:
    /** For an empty client, something for boxes to belong to: C answers what is wrong. */
    [[nodiscard]] detail::Core good_core() const {
        return core_.shared ? core_ : detail::Core{nullptr, std::make_shared<detail::Shared>()};
    }

    template <class T> static std::shared_ptr<detail::Box> box(const detail::Core&) { return nullptr; }
    template <class T, class F> static std::shared_ptr<detail::Box> box(const detail::Core& core, F&& callback) {
        using Callable = std::decay_t<F>;
        if constexpr (std::is_same_v<T, WatchEvent>) {
            static_assert(std::is_invocable_v<Callable&, WatchEvent>, "the callback takes a WatchEvent");
        } else {
            static_assert(std::is_invocable_v<Callable&, Result<T>>, "the callback takes the Result of the call");
        }
        return std::make_shared<detail::CallBox<T, Callable>>(*core.shared, std::forward<F>(callback));
    }

    template <class T, class... F>
    Result<detail::Begun> submit_c(bool keep, std::string_view operation, std::string_view arguments_json,
                                   const CallOptions& options, F&&... callback) const {
        static_assert(sizeof...(F) < 2, "one callback, or none");
        const auto options_json = options.to_json();
        if (!options_json) {
            return options_json.error();
        }
        const detail::In operation_in("operation", operation), arguments_in("arguments_json", arguments_json),
            options_in("options_json", *options_json);
        if (auto problem = detail::first_problem(operation_in, arguments_in, options_in)) {
            return std::move(*problem);
        }
        const detail::Core core = good_core();
        return detail::begin(core, box<T>(core, std::forward<F>(callback)...), keep,
                             [&](ipg_callback on_event, void* user_data, ipg_request** request, char** json) {
                                 return ipg_submit(core.handle, operation_in.get(), arguments_in.or_null(),
                                                   options_in.get(), on_event, user_data, request, json);
                             });
    }

    template <class T, class... F>
    Result<RequestOf<T>> begin(std::string_view operation, std::string_view arguments_json, const CallOptions& options,
                               F&&... callback) const {
        auto begun = submit_c<T>(true, operation, arguments_json, options, std::forward<F>(callback)...);
        if (!begun) {
            return begun.error();
        }
        return RequestOf<T>(std::move(*begun));
    }

    template <class T, class... F>
    Result<RequestOf<T>> begin_typed(std::string_view operation, const Result<std::string>& arguments,
                                     const CallOptions& options, F&&... callback) const {
        if (!arguments) {
            return arguments.error();
        }
        return begin<T>(operation, *arguments, options, std::forward<F>(callback)...);
    }

    detail::Core core_;
};

// ---- the sandbox -----------------------------------------------------------------------------------

#ifdef IPLAYGAMES_SANDBOX_H
/**
 * The API in your own process, for offline work and tests; see iplaygames_sandbox.h.
 *
 * ```cpp
 * auto world = iplaygames::Sandbox::start().value();
 * auto player = iplaygames::Client::create(world.config()).value();
 * world.control(R"({"command": "fault", "operation": "list_games", "status": 503})").value();
 * ```
 */
class Sandbox {
public:
    /** An empty one. */
    Sandbox() noexcept = default;
    /** Takes the sandbox over; the other is empty then. */
    Sandbox(Sandbox&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), document_(std::exchange(other.document_, Document())) {}
    /** Stops its own sandbox, and takes the other's over. */
    Sandbox& operator=(Sandbox&& other) noexcept {
        if (this != &other) {
            stop();
            handle_ = std::exchange(other.handle_, nullptr);
            document_ = std::exchange(other.document_, Document());
        }
        return *this;
    }
    /** As stop(). */
    ~Sandbox() { stop(); }

    /**
     * Starts one, on this machine and a free port. `config_json` has its settings; empty is `{}`.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for a setting that is wrong; IPG_ERR_UNSUPPORTED in a build without it.
     */
    static Result<Sandbox> start(std::string_view config_json = {}) {
        const detail::In config("config_json", config_json);
        if (auto problem = detail::first_problem(config)) {
            return std::move(*problem);
        }
        Sandbox sandbox;
        detail::Text json;
        const ipg_code code = ipg_sandbox_start(config.or_null(), &sandbox.handle_, json.out());
        if (code != IPG_OK) {
            return detail::error_of(code, json.string());
        }
        sandbox.document_ = Document(json.string());
        return sandbox;
    }

    /** A client's configuration: its address and key, to which more can be added. */
    [[nodiscard]] Config config() const { return Config().base_url(base_url()).api_key(api_key()); }
    /** Where it listens. */
    [[nodiscard]] std::string base_url() const { return document_.text("/base_url").value_or(""); }
    /** The bearer token it takes. */
    [[nodiscard]] std::string api_key() const { return document_.text("/api_key").value_or(""); }

    /** Tells it to do something: set faults, move its clock, say what it counted. Threads: any. */
    Result<Reply> control(std::string_view command_json) const {
        const detail::In command("command_json", command_json);
        if (auto problem = detail::first_problem(command)) {
            return std::move(*problem);
        }
        detail::Text json;
        const ipg_code code = ipg_sandbox_control(handle_, command.get(), json.out());
        return detail::reply_of(code, json);
    }

    /** Stops it: its port is closed, its thread ends, its world is forgotten. */
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

} // namespace v0, or v0_no_exceptions
} // namespace iplaygames

#endif // IPLAYGAMES_HPP
