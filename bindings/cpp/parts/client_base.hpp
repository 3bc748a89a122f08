// Internal: the base class of Client, with the functions for the loop of the host and the logger.
// Used by Client.
#pragma once
#include "calls.hpp"
#include "replies.hpp"
#include "result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
