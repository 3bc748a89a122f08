// Client, the entry point of the library.
#pragma once
#include "calls.hpp"
#include "client_base.hpp"
#include "journal.hpp"
#include "options.hpp"
#include "replies.hpp"
#include "request.hpp"
#include "session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
