// Internal: the callbacks and the logger of a client, and when each is destroyed. No public items.
// Used by the parts that submit calls and by Client.
#pragma once
#include "native.hpp"
#include "replies.hpp"

#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

namespace detail {
/// @cond

class CallbackRegistry;

/** The callback of a request. The registry's mutex guards `running` and `released`. */
class Callback {
public:
    explicit Callback(CallbackRegistry& owner) : registry(owner) {}
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;
    virtual ~Callback() = default;
    virtual void invoke(ipg_code code, const char* json) = 0;
    /** Destroys the host's callable. This object may stay, because its request refers to it. */
    virtual void destroy_callable() noexcept = 0;

    CallbackRegistry& registry;
    bool running = false, released = false;
};

/** The logger of a client. */
class Logger {
public:
    explicit Logger(CallbackRegistry& owner) : registry(owner) {}
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;
    virtual ~Logger() = default;
    virtual void invoke(LogLevel level, std::string_view target, std::string_view message) = 0;

    CallbackRegistry& registry;
};

/**
 * The callbacks of one client that the library may still call. The client, its requests and the
 * threads that drive it share the registry. The registry never runs host code with its mutex
 * locked; the destructor of a callable is host code too.
 *
 * The registry destroys a callable after its last run, when its request is released, and when the
 * client is closed. One thread may release a request while the library calls the callback on
 * another thread. Then ipg_request_free() returns IPG_PENDING, and there are three cases: the
 * callable is running, the library is about to call it, or it has just returned. In the first case
 * the end of the run destroys the callable. The other two cases cannot be told apart here, so the
 * registry defers the destruction until the callback is certainly over: when the next callback
 * begins or is released (a client runs one callback at a time), or when no thread drives the
 * client.
 */
class CallbackRegistry {
public:
    ~CallbackRegistry() {
        for (auto& entry : callbacks_) {
            entry.second->destroy_callable();
        }
    }

    /** Registers a callback. The library may call it from now on. */
    void add(std::shared_ptr<Callback> callback) {
        const std::lock_guard<std::mutex> lock(mutex_);
        callbacks_.emplace(callback.get(), callback);
    }

    /** Removes a callback that the library will not call. */
    void remove(Callback& callback) {
        std::shared_ptr<Callback> removed;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            removed = extract(&callback);
        }
        destroy(removed);
    }

    /** Frees a request, and destroys its callable as soon as possible. */
    ipg_code release_request(ipg_request* request, const std::shared_ptr<Callback>& callback) {
        const ipg_code code = ipg_request_free(request);
        if (!callback) {
            return code;
        }
        std::shared_ptr<Callback> finished;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (callbacks_.count(callback.get()) == 0) {
                return code; // Its last run is over.
            }
            callback->released = true;
            if (callback->running) {
                return code;
            }
            finished = extract(code == IPG_PENDING ? std::exchange(deferred_, callback.get()) : callback.get());
            has_deferred_ = deferred_ != nullptr || closed_;
        }
        destroy(finished);
        destroy_deferred_if_idle();
        return code;
    }

    ipg_code close_client(ipg_client* client) {
        // The result does not matter. Inside the logger this is refused, and the logger stays until
        // the running calls of the client, which share this registry, have returned.
        set_logger(client, nullptr, LogLevel::off);
        const ipg_code code = ipg_client_free(client);
        if (code == IPG_ERR_INVALID_HANDLE) {
            return code;
        }
        CallbackMap finished;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            closed_ = true;
            finished = release_all(code != IPG_PENDING);
            has_deferred_ = code == IPG_PENDING;
        }
        destroy(finished);
        destroy_deferred_if_idle();
        return code;
    }

    /** Sets the logger. After IPG_OK, the previous logger is not running and never runs again. */
    ipg_code set_logger(ipg_client* client, std::shared_ptr<Logger> logger, LogLevel level) {
        if (logging_thread_ == std::this_thread::get_id()) {
            return ipg_client_set_logger(client, nullptr, nullptr, 0); // Inside the logger: C refuses it.
        }
        // Without this mutex, two threads could leave a logger set that the registry does not keep.
        const std::lock_guard<std::mutex> lock(logger_mutex_);
        const ipg_code code = ipg_client_set_logger(client, logger ? on_log : nullptr, logger.get(),
                                                    static_cast<std::int32_t>(logger ? level : LogLevel::off));
        if (code == IPG_OK) {
            logger_.swap(logger);
        }
        return code;
    }

    /** Marks the scope in which this thread drives the client and may run callbacks. */
    class DriveScope {
    public:
        explicit DriveScope(std::shared_ptr<CallbackRegistry> registry) : registry_(std::move(registry)) {
            if (registry_) {
                registry_->drive_count_.fetch_add(1);
            }
        }
        DriveScope(const DriveScope&) = delete;
        DriveScope& operator=(const DriveScope&) = delete;
        ~DriveScope() {
            if (registry_ && registry_->drive_count_.fetch_sub(1) == 1) {
                registry_->destroy_deferred_if_idle();
            }
        }

    private:
        std::shared_ptr<CallbackRegistry> registry_; // A callback may destroy the client.
    };

    /** The function that the C library calls for each event. */
    static void on_event(void* user_data, ipg_request*, ipg_code code, const char* json) noexcept {
        Callback& callback = *static_cast<Callback*>(user_data);
        CallbackRegistry& registry = callback.registry;
        if (registry.begin_run(callback)) {
            run_noexcept("a callback", [&] { callback.invoke(code, json); });
        }
        registry.end_run(callback, code != IPG_PENDING);
    }

private:
    using CallbackMap = std::unordered_map<Callback*, std::shared_ptr<Callback>>;

    static void on_log(void* user_data, std::int32_t level, const char* target, const char* message) noexcept {
        Logger& logger = *static_cast<Logger*>(user_data);
        CallbackRegistry& registry = logger.registry;
        registry.logging_thread_ = std::this_thread::get_id();
        run_noexcept("a logger", [&] { logger.invoke(static_cast<LogLevel>(level), target, message); });
        registry.logging_thread_ = std::thread::id();
    }

    /** Returns true if the callable is to run. */
    bool begin_run(Callback& callback) {
        std::shared_ptr<Callback> finished;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (deferred_ != &callback) {
                finished = extract(std::exchange(deferred_, nullptr));
            }
            callback.running = !callback.released;
        }
        destroy(finished);
        return callback.running;
    }

    void end_run(Callback& callback, bool last) {
        std::shared_ptr<Callback> finished;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            callback.running = false;
            if (last || callback.released) {
                finished = extract(&callback);
            }
        }
        destroy(finished);
    }

    void destroy_deferred_if_idle() {
        if (!has_deferred_ || drive_count_ != 0) {
            return;
        }
        CallbackMap released;
        std::shared_ptr<Callback> finished;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (drive_count_ != 0) {
                return; // The end of that drive comes here again.
            }
            has_deferred_ = false;
            finished = extract(std::exchange(deferred_, nullptr));
            if (closed_) {
                released = release_all(true);
            }
        }
        destroy(finished);
        destroy(released);
    }

    /** Removes a callback from the map and returns it. Requires the locked mutex. */
    std::shared_ptr<Callback> extract(Callback* callback) {
        const auto found = callbacks_.find(callback);
        if (found == callbacks_.end()) {
            return nullptr;
        }
        std::shared_ptr<Callback> extracted = std::move(found->second);
        callbacks_.erase(found);
        if (deferred_ == callback) {
            deferred_ = nullptr;
        }
        return extracted;
    }

    /**
     * Marks all callbacks as released. With `extract_idle`, removes and returns those that are not
     * running. Requires the locked mutex.
     */
    CallbackMap release_all(bool extract_idle) {
        CallbackMap extracted;
        for (auto entry = callbacks_.begin(); entry != callbacks_.end();) {
            entry->second->released = true;
            if (extract_idle && !entry->second->running) {
                const auto next = std::next(entry);
                extracted.insert(callbacks_.extract(entry));
                entry = next;
            } else {
                ++entry;
            }
        }
        if (extract_idle) {
            deferred_ = nullptr;
        }
        return extracted;
    }

    static void destroy(const std::shared_ptr<Callback>& callback) {
        if (callback) {
            callback->destroy_callable();
        }
    }
    static void destroy(const CallbackMap& callbacks) {
        for (const auto& entry : callbacks) {
            entry.second->destroy_callable();
        }
    }

    std::mutex mutex_;
    CallbackMap callbacks_;
    /** The released callback that may be about to run or may have just returned. */
    Callback* deferred_ = nullptr;
    bool closed_ = false;
    std::atomic<bool> has_deferred_{false};
    std::atomic<std::uint32_t> drive_count_{0};
    std::mutex logger_mutex_;
    std::shared_ptr<Logger> logger_;
    std::atomic<std::thread::id> logging_thread_{};
};

/// @endcond
} // namespace detail

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
