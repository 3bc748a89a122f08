// Journal: the sessions that a client has recorded in a file.
#pragma once
#include "callbacks.hpp"
#include "calls.hpp"
#include "replies.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

namespace detail {
/// @cond

/** The progress function of Journal::end_all(). */
class JournalProgress : public UserData {
public:
    virtual bool invoke(std::string_view json) = 0;

    /** The function that C calls after each session. */
    static std::int32_t on_progress(void* user_data, const char* json) noexcept {
        bool goes_on = true;
        run_noexcept("a progress function",
                     [&] { goes_on = static_cast<JournalProgress&>(*static_cast<UserData*>(user_data)).invoke(json); });
        return goes_on ? 0 : 1;
    }
};

template <class F> class TypedJournalProgress final : public JournalProgress {
public:
    explicit TypedJournalProgress(F progress) : progress_(std::move(progress)) {}
    bool invoke(std::string_view json) override { return progress_(json); }

private:
    F progress_;
};

/// @endcond
} // namespace detail

/**
 * The journal of a client: the sessions that this and other processes have started with the same
 * file, also those of processes that were killed. Client::journal() returns it. It refers to the
 * client by its handle. All functions block.
 */
class Journal {
public:
    /// @cond
    explicit Journal(ipg_client* client) noexcept : client_(client) {}
    /// @endcond

    /**
     * Returns the sessions that may exist: the document of ipg_journal_open(), with the list
     * `/sessions`. `filter_json` selects other sessions.
     *
     * ```cpp
     * auto open = client.journal().open(R"({"player_id": "player-7"})");
     * if (open) {
     *     std::puts(open->text("/sessions/0/session_id").value_or("none").c_str());
     * }
     * ```
     */
    [[nodiscard]] Result<Reply> open(std::string_view filter_json = {}) const {
        const detail::CStr c_filter("filter_json", filter_json);
        if (auto error = detail::first_error(c_filter)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_code code = ipg_journal_open(client_, c_filter.get_or_null(), json.out());
        return detail::to_reply(code, json);
    }

    /** Marks a session as resolved. `id` is its number in the journal. */
    Result<Reply> resolve(std::int64_t id, std::string_view note) const {
        const detail::CStr c_note("note", note);
        if (auto error = detail::first_error(c_note)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_code code = ipg_journal_resolve(client_, id, c_note.get(), json.out());
        return detail::to_reply(code, json);
    }

    /** Checks the sessions that are open or ending, and ends those that still exist. */
    Result<Reply> end_all(std::string_view options_json = {}) const {
        return end_all_with(options_json, nullptr, nullptr);
    }

    /**
     * Does the same, and calls `progress` on this thread after each session, with a JSON document.
     * It returns whether to go on. See ipg_journal_end_all().
     */
    template <class F> Result<Reply> end_all(std::string_view options_json, F&& progress) const {
        using Callable = std::decay_t<F>;
        static_assert(std::is_invocable_r_v<bool, Callable&, std::string_view>,
                      "a progress function takes a std::string_view and returns a bool");
        auto object = std::make_unique<detail::TypedJournalProgress<Callable>>(std::forward<F>(progress));
        return end_all_with(options_json, detail::JournalProgress::on_progress, std::move(object));
    }

    /** Removes sessions that were closed at least `older_than_days` ago. */
    Result<Reply> compact(std::uint32_t older_than_days) const {
        detail::OwnedString json;
        const ipg_code code = ipg_journal_compact(client_, older_than_days, json.out());
        return detail::to_reply(code, json);
    }

private:
    Result<Reply> end_all_with(std::string_view options_json, ipg_journal_callback progress,
                               std::unique_ptr<detail::UserData> object) const {
        const detail::CStr c_options("options_json", options_json);
        if (auto error = detail::first_error(c_options)) {
            return std::move(*error);
        }
        detail::OwnedString json;
        const ipg_finalizer finalizer = object ? detail::UserData::destroy : nullptr;
        const ipg_code code = ipg_journal_end_all(client_, c_options.get_or_null(), progress,
                                                  detail::release(std::move(object)), finalizer, json.out());
        return detail::to_reply(code, json);
    }

    ipg_client* client_;
};

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
