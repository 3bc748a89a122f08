// The parameters that a host passes in: Config, CallOptions and StartSession. Used by Client and
// Session.
#pragma once
#include "builder.hpp"
#include "document.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

/**
 * The configuration of a client. iplaygames.h lists the keys and their defaults. The object
 * contains the API key: do not write to_json() to a log.
 *
 * ```cpp
 * using iplaygames::Config;
 * auto config = Config().base_url("https://relay.example").header("X-Player", "token").timeout_ms(5000);
 * auto first = iplaygames::Client::create(config);
 * auto other = iplaygames::Client::create(Config::from_json(R"({"timeout_ms": 5000})"));
 * ```
 */
class Config : public detail::Builder<Config> {
public:
    /** Creates a configuration with the defaults and the values of the environment. */
    Config() {} // Not "= default": C++17 would treat the class as an aggregate.

    /** Sets the operator's bearer token. Do not ship the token inside a game. */
    Config& api_key(std::string_view key) { return set_string("api_key", key); }
    /** Sets the address of the API. */
    Config& base_url(std::string_view url) { return set_string("base_url", url); }
    /** Allows http to hosts other than this machine. */
    Config& allow_insecure_http(bool allow) { return set_bool("allow_insecure_http", allow); }
    /** Adds a header to every request. */
    Config& header(std::string_view name, std::string_view value) {
        headers_.set_string(name, value);
        auto headers = headers_.to_json();
        fields_.set("headers", headers ? *headers : "null",
                    headers ? std::nullopt : std::optional<std::string>(headers.error().message()));
        return *this;
    }
    /** Sets the timeout of a call in milliseconds: all attempts and the delays between them. */
    Config& timeout_ms(std::uint32_t ms) { return set_number("timeout_ms", ms); }
    /** Sets the timeout in milliseconds of one attempt that another attempt may follow. */
    Config& attempt_timeout_ms(std::uint32_t ms) { return set_number("attempt_timeout_ms", ms); }
    /** Sets the timeout in milliseconds for establishing a connection. */
    Config& connect_timeout_ms(std::uint32_t ms) { return set_number("connect_timeout_ms", ms); }
    /** Sets the maximum number of attempts after the first. */
    Config& max_retries(std::uint32_t count) { return set_number("max_retries", count); }
    /** Sets the maximum number of open connections. */
    Config& max_connections(std::uint32_t count) { return set_number("max_connections", count); }
    /** Sets the maximum number of calls in flight and of requests that are not destroyed. */
    Config& max_in_flight(std::uint32_t count) { return set_number("max_in_flight", count); }
    /** Sets whether a thread of the library drives the client. */
    Config& io_thread(bool on) { return set_bool("io_thread", on); }
    /** Sets the maximum size of a response in bytes. A larger response is an error. */
    Config& max_response_bytes(std::uint32_t bytes) { return set_number("max_response_bytes", bytes); }
    /** Records each session in this file before its start is sent; see Client::journal(). */
    Config& journal(std::string_view path) { return set_string("journal", path); }

    /** Sets the HTTP library: `native`, or `reqwest` in a build that contains it. */
    Config& transport(std::string_view name) { return set_string("transport", name); }
    /** Sets the proxy: an http, https, socks4, socks4a, socks5 or socks5h URL, or `none`. */
    Config& proxy(std::string_view url) { return set_string("proxy", url); }
    /** Adds trusted certificates to those of the system, from a PEM file. */
    Config& ca_file(std::string_view path) { return set_string("ca_file", path); }
    /** Adds trusted certificates to those of the system, as PEM text. */
    Config& ca_pem(std::string_view pem) { return set_string("ca_pem", pem); }
    /** Trusts only the certificates of ca_file() or ca_pem(), not those of the system. */
    Config& ca_only(bool only) { return set_bool("ca_only", only); }
    /** Sets the certificate for servers that ask for one, from a PEM file. */
    Config& client_cert_file(std::string_view path) { return set_string("client_cert_file", path); }
    /** Sets the certificate for servers that ask for one, as PEM text. */
    Config& client_cert_pem(std::string_view pem) { return set_string("client_cert_pem", pem); }
    /** Sets the private key of the client's certificate, from a PEM file. */
    Config& client_key_file(std::string_view path) { return set_string("client_key_file", path); }
    /** Sets the private key of the client's certificate, as PEM text. */
    Config& client_key_pem(std::string_view pem) { return set_string("client_key_pem", pem); }
    /** Sets a prefix for the library's user agent. */
    Config& user_agent(std::string_view agent) { return set_string("user_agent", agent); }

private:
    detail::JsonObjectBuilder headers_;
};

/**
 * Options of one call. They override the configuration of the client.
 *
 * ```cpp
 * auto options = iplaygames::CallOptions().timeout_ms(2000);
 * auto games = client.call("list_games", R"({"per_page": "20"})", options);
 * ```
 */
class CallOptions : public detail::Builder<CallOptions> {
public:
    /** Creates options that override nothing. */
    CallOptions() {}

    /** Sets the timeout of the call in milliseconds: all attempts and the delays between them. */
    CallOptions& timeout_ms(std::uint32_t ms) { return set_number("timeout_ms", ms); }
    /** Sets the maximum number of attempts after the first. */
    CallOptions& max_retries(std::uint32_t count) { return set_number("max_retries", count); }
    /** Sets the id of the call, which is sent as `X-Request-Id`. */
    CallOptions& call_id(std::string_view id) { return set_string("call_id", id); }
};

/**
 * The parameters of a new session. The game, the player, the currency, the country and the address
 * are required; the error for a missing one names the field.
 *
 * ```cpp
 * iplaygames::StartSession request(42);
 * request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
 * request.freespin_count(10).freespin_bet_amount("0.50");
 * auto session = client.session_start(request);
 * ```
 */
class StartSession : public detail::Builder<StartSession> {
public:
    /** Creates the parameters of a session of this game. */
    explicit StartSession(std::int64_t game_id) { set_number("game_id", game_id); }

    /** Sets the operator's own id of the player. Required. */
    StartSession& player_id(std::string_view id) { return set_string("player_id", id); }
    /** Sets the currency code, such as `EUR`. Required. */
    StartSession& currency(std::string_view code) { return set_string("currency", code); }
    /** Sets the player's country, as two letters. Required. */
    StartSession& country_code(std::string_view code) { return set_string("country_code", code); }
    /** Sets the player's IPv4 or IPv6 address. Required. */
    StartSession& ip_address(std::string_view address) { return set_string("ip_address", address); }
    /** Sets the URL that the player returns to after the game. */
    StartSession& return_url(std::string_view url) { return set_string("return_url", url); }
    /** Sets the language of the game, such as `en`. */
    StartSession& locale(std::string_view language) { return set_string("locale", language); }
    /** Sets the provider. The account must be allowed to choose one. */
    StartSession& provider(std::string_view slug) { return set_string("provider", slug); }
    /** Sets the device: `desktop` or `mobile`. */
    StartSession& device(std::string_view device) { return set_string("device", device); }
    /** Sets the free-spin bonus of the session. */
    StartSession& freespin_id(std::string_view id) { return set_string("freespin_id", id); }
    /** Sets the number of free spins. */
    StartSession& freespin_count(std::uint32_t count) { return set_number("freespin_count", count); }
    /**
     * Sets the stake of one free spin in currency units, as decimal digits: `0.50` is sent as
     * `0.50`. Text that is not a number is an error when the session is started; the error names
     * the field.
     */
    StartSession& freespin_bet_amount(std::string_view amount) {
        const auto value = Document(std::string(amount)).get("");
        // A number keeps its digits. Any other text is sent as a string, which the library rejects.
        return value && value->type == Type::number ? field("freespin_bet_amount", value->text)
                                                    : set_string("freespin_bet_amount", amount);
    }
    /** Sets the stake of one free spin to a whole number of currency units. */
    StartSession& freespin_bet_amount(std::int64_t amount) { return set_number("freespin_bet_amount", amount); }
    /** Deleted: a binary fraction cannot represent decimal digits. Pass the digits as text. */
    template <class Number, std::enable_if_t<std::is_floating_point_v<Number>, int> = 0>
    StartSession& freespin_bet_amount(Number) = delete;
    /** Sets the number of days until the free spins expire: 1 to 30. */
    StartSession& expire_days(std::uint32_t days) { return set_number("expire_days", days); }

private:
    friend class detail::Builder<StartSession>;
    StartSession() = default;
};

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
