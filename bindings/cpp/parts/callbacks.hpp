// Internal: the callbacks and the logger of a client. No public items. Used by the parts that
// submit calls and by Client.
#pragma once
#include "native.hpp"
#include "replies.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

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

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
