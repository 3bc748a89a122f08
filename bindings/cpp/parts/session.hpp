// Session, which ends a game session at the end of a scope. Made by Client::session_open().
#pragma once
#include "calls.hpp"
#include "options.hpp"
#include "replies.hpp"

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
