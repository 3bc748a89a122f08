// Internal: blocking calls and submitted calls through the C interface, and the conversion of their
// results. No public items. Used by Request, Session, Client and Sandbox.
#pragma once
#include "builder.hpp"
#include "callbacks.hpp"
#include "native.hpp"
#include "options.hpp"
#include "replies.hpp"
#include "result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
