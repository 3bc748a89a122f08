// Request, a submitted call, and Watch, which reports the changes of a session. Made by Client.
#pragma once
#include "calls.hpp"
#include "replies.hpp"
#include "result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
