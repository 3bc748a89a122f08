// The typed replies StartedSession, SessionStatus and EndedSession, WatchEvent, and LogLevel. Used
// by Client, Request, Watch and Session.
#pragma once
#include "document.hpp"
#include "result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

/**
 * The reply to a session start. Fields of the response that are not listed here, or that have
 * another type than expected, are only in the document.
 */
class StartedSession : public Reply {
public:
    /** Reads the fields from a reply. */
    explicit StartedSession(Reply reply = Reply())
        : Reply(std::move(reply)), session_id(text("/data/session_id").value_or("")),
          session_token(text("/data/session_token")), game_url(text("/data/game_url").value_or("")),
          expires_at(text("/data/expires_at")) {}

    /** The id of the session, for all later calls. Opaque. */
    std::string session_id;
    /**
     * The session's own token. Anyone who has it can play the session: do not write it, or the
     * document, to a log.
     */
    std::optional<std::string> session_token;
    /**
     * The URL that the player's browser or web view opens. Anyone who has it can play the session.
     */
    std::string game_url;
    /** The time when the session expires, as the API writes it (ISO 8601, UTC). */
    std::optional<std::string> expires_at;
};

/** The status of a session. */
class SessionStatus : public Reply {
public:
    /** Reads the fields from a reply. */
    explicit SessionStatus(Reply reply = Reply())
        : Reply(std::move(reply)), session_id(text("/data/session_id")), status(text("/data/status").value_or("")),
          player_id(text("/data/player_id")), game_id(integer("/data/game/id")), game_title(text("/data/game/title")),
          started_at(text("/data/started_at")), last_activity(text("/data/last_activity")) {}

    /** The id of the session, as the API repeats it. */
    std::optional<std::string> session_id;
    /** The status: `active`, or another status of the API, such as `closed` or `expired`. */
    std::string status;
    /** The operator's own id of the player. */
    std::optional<std::string> player_id;
    /** The id of the game. */
    std::optional<std::int64_t> game_id;
    /** The title of the game. */
    std::optional<std::string> game_title;
    /** The time when the session was started, as the API writes it. */
    std::optional<std::string> started_at;
    /** The time of the player's last action, as the API writes it. */
    std::optional<std::string> last_activity;

    /** Returns true if the status is `active`. */
    [[nodiscard]] bool is_active() const noexcept { return status == "active"; }
};

/** The reply to a session end. */
class EndedSession : public Reply {
public:
    /** Reads the fields from a reply. */
    explicit EndedSession(Reply reply = Reply()) : Reply(std::move(reply)), message(text("/message")) {
        const auto already = get("/already_ended");
        already_ended = already && already->text == "true";
    }

    /** The message of the API. */
    std::optional<std::string> message;
    /**
     * True if a retry found that the session no longer exists: the response to an earlier attempt
     * was lost.
     */
    bool already_ended = false;
};

/** An event of a Watch. */
struct WatchEvent {
    /** True if this is the last event. */
    bool ended;
    /**
     * The current status; at the end, the last status, or the error that stopped the watch. After
     * three failed readings in a row the watch reports their error once, with `ended` false, and
     * goes on.
     */
    Result<SessionStatus> status;
};

/** The level of a log line. */
enum class LogLevel : std::int32_t {
    off = IPG_LOG_OFF,     /**< No lines. */
    error = IPG_LOG_ERROR, /**< Failures that the host must know. */
    warn = IPG_LOG_WARN,   /**< Unexpected conditions that the library handled. */
    info = IPG_LOG_INFO,   /**< One line for each call. */
    debug = IPG_LOG_DEBUG, /**< The steps of a call. */
    trace = IPG_LOG_TRACE  /**< All details. */
};

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
