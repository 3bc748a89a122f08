// Result: a value or an Error. Returned by every function that can fail.
#pragma once
#include "error.hpp"
#include "native.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
