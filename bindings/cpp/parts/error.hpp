// Errors: Outcome, Error and Exception. The functions of Error that read its document are defined
// in document_impl.hpp. Used by Result.
#pragma once
#include "document.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
