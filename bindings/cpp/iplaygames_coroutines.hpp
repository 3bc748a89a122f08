/**
 * Coroutines for iplaygames.hpp, for C++20: `co_await` a call. The header contains no coroutine
 * type: an engine or a library such as cppcoro has one, and examples/coroutines.cpp shows a small
 * one.
 *
 * A coroutine continues inside Client::tick() or Client::shutdown(), on the thread that calls it,
 * or at once if the call is refused. Destroying a suspended coroutine cancels its call. A client
 * that is destroyed without shutdown() does not resume the coroutines that wait for its calls:
 * destroy them.
 */
#ifndef IPLAYGAMES_COROUTINES_HPP
#define IPLAYGAMES_COROUTINES_HPP

#include "iplaygames.hpp"

#include <atomic>
#include <coroutine>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

/**
 * A call that a coroutine waits for. `co_await` submits the call and returns a `Result<T>`. Made by
 * AsyncClient; await it once, where it is made.
 */
template <class T, class Submit> class [[nodiscard]] AwaitableCall {
public:
    /// @cond
    explicit AwaitableCall(Submit submit) : submit_(std::move(submit)) {}
    AwaitableCall(const AwaitableCall&) = delete;
    AwaitableCall& operator=(const AwaitableCall&) = delete;

    bool await_ready() const noexcept { return false; }

    bool await_suspend(std::coroutine_handle<> coroutine) {
        auto request = submit_([this, coroutine](Result<T> result) {
            result_.emplace(std::move(result));
            if (state_.exchange(State::ended, std::memory_order_acq_rel) == State::suspended) {
                coroutine.resume();
            }
        });
        if (!request) {
            result_.emplace(request.error());
            return false;
        }
        request_ = std::move(*request);
        // Another thread may tick, so the call may have ended already.
        return state_.exchange(State::suspended, std::memory_order_acq_rel) != State::ended;
    }

    Result<T> await_resume() { return std::move(*result_); }
    /// @endcond

private:
    enum class State { submitting, suspended, ended };

    Submit submit_;
    std::optional<Result<T>> result_;
    std::atomic<State> state_{State::submitting};
    // The last member: its destructor discards the callback before the other members end.
    Request<T> request_;
};

/**
 * The calls of a client for coroutines. It refers to the client, which must live longer. Copies are
 * cheap. Threads: any; see Client.
 *
 * ```cpp
 * // In a coroutine:
 * // iplaygames::AsyncClient calls(client);
 * // auto session = co_await calls.start(iplaygames::StartSession(42).player_id("player-7"));
 * // if (session) co_await calls.end(session->session_id);
 * iplaygames::Result<void> ticked = client.tick(500); // once a frame; continues the coroutines
 * ```
 */
class AsyncClient {
public:
    /** Creates the calls of a client. */
    explicit AsyncClient(const Client& client) noexcept : client_(&client) {}

    /** Starts a game session. `co_await` returns a `Result<StartedSession>`. */
    auto start(StartSession request, CallOptions options = {}) const {
        return awaitable<StartedSession>(
            [client = client_, request = std::move(request), options = std::move(options)](auto callback) {
                return client->submit_session_start(request, options, std::move(callback));
            });
    }

    /** Returns the status of a game session. `co_await` returns a `Result<SessionStatus>`. */
    auto status(std::string session_id, CallOptions options = {}) const {
        return awaitable<SessionStatus>(
            [client = client_, id = std::move(session_id), options = std::move(options)](auto callback) {
                return client->submit_session_status(id, options, std::move(callback));
            });
    }

    /** Ends a game session. `co_await` returns a `Result<EndedSession>`. */
    auto end(std::string session_id, CallOptions options = {}) const {
        return awaitable<EndedSession>(
            [client = client_, id = std::move(session_id), options = std::move(options)](auto callback) {
                return client->submit_session_end(id, options, std::move(callback));
            });
    }

    /** Calls an operation of the API. `co_await` returns a `Result<Reply>`. */
    auto call(std::string operation, std::string arguments_json = {}, CallOptions options = {}) const {
        return awaitable<Reply>([client = client_, operation = std::move(operation),
                                 arguments = std::move(arguments_json), options = std::move(options)](auto callback) {
            return client->submit(operation, arguments, options, std::move(callback));
        });
    }

private:
    template <class T, class Submit> static AwaitableCall<T, Submit> awaitable(Submit submit) {
        return AwaitableCall<T, Submit>(std::move(submit));
    }

    const Client* client_;
};

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames

#endif
