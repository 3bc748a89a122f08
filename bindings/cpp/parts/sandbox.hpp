// Sandbox, the API in the host's process. Empty if iplaygames_sandbox.h is not installed.
#pragma once
#include "calls.hpp"
#include "document.hpp"
#include "options.hpp"
#include "result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

#ifdef IPLAYGAMES_SANDBOX_H
/**
 * A server that runs the API in the host's process, for offline work and tests; see
 * iplaygames_sandbox.h. Owns the server: the destructor stops it.
 *
 * ```cpp
 * auto server = iplaygames::Sandbox::start().value();
 * auto player = iplaygames::Client::create(server.config()).value();
 * server.control(R"({"command": "fault", "operation": "list_games", "status": 503})").value();
 * ```
 */
class Sandbox {
public:
    /** Creates an empty object. */
    Sandbox() noexcept = default;
    /** Takes over the sandbox of `other`, which is empty afterwards. */
    Sandbox(Sandbox&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), document_(std::exchange(other.document_, Document())) {}
    /** Stops the own sandbox, and takes over the sandbox of `other`. */
    Sandbox& operator=(Sandbox&& other) noexcept {
        if (this != &other) {
            stop();
            handle_ = std::exchange(other.handle_, nullptr);
            document_ = std::exchange(other.document_, Document());
        }
        return *this;
    }
    /** Stops the sandbox; see stop(). */
    ~Sandbox() { stop(); }

    /**
     * Starts a sandbox on a free port of this machine. `config_json` contains its settings; empty
     * text means the defaults.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for an invalid setting; IPG_ERR_UNSUPPORTED if the library
     * was built without the sandbox.
     */
    static Result<Sandbox> start(std::string_view config_json = {}) {
        const detail::CStr c_config("config_json", config_json);
        if (auto error = detail::first_error(c_config)) {
            return std::move(*error);
        }
        Sandbox sandbox;
        detail::OwnedString json;
        const ipg_code code = ipg_sandbox_start(c_config.get_or_null(), &sandbox.handle_, json.out());
        if (code != IPG_OK) {
            return detail::error_from_json(code, json.to_string());
        }
        sandbox.document_ = Document(json.to_string());
        return sandbox;
    }

    /** Returns the configuration of a client of this sandbox: its address and its key. */
    [[nodiscard]] Config config() const { return Config().base_url(base_url()).api_key(api_key()); }
    /** Returns the address of the sandbox. */
    [[nodiscard]] std::string base_url() const { return document_.text("/base_url").value_or(""); }
    /** Returns the bearer token that the sandbox accepts. */
    [[nodiscard]] std::string api_key() const { return document_.text("/api_key").value_or(""); }

    /**
     * Runs a command of the sandbox, such as setting faults, moving its clock, or reading its
     * counts. Threads: any.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for an unknown or malformed command; IPG_ERR_INVALID_HANDLE.
     */
    Result<Reply> control(std::string_view command_json) const {
        const detail::CStr c_command("command_json", command_json);
        if (auto error = detail::first_error(c_command)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_code code = ipg_sandbox_control(handle_, c_command.get(), json.out());
        return detail::to_reply(code, json);
    }

    /** Stops the sandbox: closes its port, ends its thread, and discards its sessions. */
    void stop() noexcept {
        if (ipg_sandbox* handle = std::exchange(handle_, nullptr)) {
            ipg_sandbox_stop(handle);
        }
    }

private:
    ipg_sandbox* handle_ = nullptr;
    Document document_;
};
#endif

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
