// Session: the destructor ends the game session, also when an exception leaves the scope.
#include "fixture.hpp"

#include <cstdio>
#include <filesystem>
#include <string>
#include <unistd.h>

static void leaving_the_scope_ends_the_session() {
    Fixture fixture;
    {
        auto session = fixture.client.session_open(valid_start()).value();
        CHECK(session.is_open() && !session.started().game_url.empty() &&
              session.session_id() == session.started().session_id);
        CHECK(session.status()->is_active() && fixture.count("/sessions/active") == 1);
    }
    CHECK(fixture.count("/sessions/active") == 0 && fixture.count("/sessions/closed") == 1);
    CHECK_ERROR(fixture.client.session_open(StartSession(1)), IPG_ERR_INVALID_ARGUMENT);
    CHECK(fixture.count("/sessions/total") == 1);
}

static void after_end_the_destructor_does_not_end_the_session_again() {
    Fixture fixture;
    {
        auto session = fixture.client.session_open(valid_start()).value();
        CHECK_OK(session.end());
        CHECK(!session.is_open());
        CHECK_ERROR(session.end(), IPG_ERR_NOT_FOUND);
    }
    CHECK(fixture.count("/requests/by_operation/end_a_game_session") == 2);
}

static void a_released_session_stays_open() {
    Fixture fixture;
    StartedSession started;
    {
        auto session = fixture.client.session_open(valid_start()).value();
        started = session.release();
        CHECK(!session.is_open());
    }
    CHECK(fixture.client.session_status(started.session_id)->is_active());
}

static void the_destructor_retries_an_end_that_failed_with_a_retryable_error() {
    Fixture fixture([](Config& config) { config.max_retries(0); });
    int errors = 0;
    {
        auto session = fixture.client.session_open(valid_start()).value();
        session.on_end_error([&](const Error&) { errors++; });
        fixture.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 502})");
        CHECK_ERROR(session.end(), IPG_ERR_SERVER);
        CHECK(session.is_open());
    }
    CHECK(errors == 0 && fixture.count("/sessions/closed") == 1);
}

static void the_handler_gets_the_error_of_the_destructor() {
    Fixture fixture;
    std::string field, name;
    {
        auto session = fixture.client.session_open(valid_start()).value();
        auto owned = std::make_unique<int>(7);
        session.end_options(CallOptions().max_retries(0).call_id("the-end"));
        session.on_end_error([&, owned = std::move(owned)](const Error& error) {
            name = error.name();
            CHECK(error.call_id() == "the-end" && error.attempts() == 1 && *owned == 7);
        });
        fixture.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 503, "envelope": true})");
    }
    CHECK(name == "IPG_ERR_UNAVAILABLE");
    {
        auto session = fixture.client.session_open(valid_start()).value();
        fixture.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 409, "envelope": true})");
    } // without a handler: the destructor does not throw
    {
        auto session = fixture.client.session_open(valid_start()).value();
        session.on_end_error([&](const Error& error) { name = error.name(); });
        fixture.client = Client();
    }
    CHECK(name == "IPG_ERR_INVALID_HANDLE" && fixture.count("/sessions/active") == 3);
}

static void moving_a_session_moves_ownership_and_assigning_ends_the_previous_session() {
    Fixture fixture;
    std::vector<Session> sessions;
    for (int n = 0; n < 3; n++) {
        sessions.push_back(fixture.client.session_open(valid_start()).value());
    }
    CHECK(fixture.count("/sessions/active") == 3);
    sessions[0] = std::move(sessions[1]);
    CHECK(fixture.count("/sessions/active") == 2 && !sessions[1].is_open() && sessions[0].is_open());
    Session& self = sessions[0];
    sessions[0] = std::move(self);
    CHECK(sessions[0].status()->is_active());
    Client other = std::move(fixture.client); // moving the client does not affect the sessions
    CHECK(sessions[0].status()->is_active());
    sessions.clear();
    CHECK(fixture.count("/sessions/active") == 0);
}

#if IPLAYGAMES_EXCEPTIONS
static void an_exception_that_leaves_the_scope_ends_the_session() {
    Fixture fixture;
    try {
        auto session = fixture.client.session_open(valid_start()).value();
        fixture.client.session_status("nobody").value();
        FAIL("no exception was thrown");
    } catch (const Exception& exception) {
        CHECK(exception.error().code() == IPG_ERR_NOT_FOUND);
    }
    CHECK(fixture.count("/sessions/closed") == 1);
    try { // The same if ending the session fails.
        auto session = fixture.client.session_open(valid_start(), CallOptions().timeout_ms(20000)).value();
        fixture.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 409, "envelope": true})");
        throw 7;
    } catch (int seven) {
        CHECK(seven == 7);
    }
}
#endif

static void a_journal_lists_and_ends_the_sessions_of_its_file() {
    const std::string folder = std::filesystem::temp_directory_path().string();
    const std::string path = folder + "/iplaygames-cpp-journal-" + std::to_string(getpid());
    // A program that failed may have left a file, and had the same number.
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::filesystem::remove(path + suffix);
    }
    {
        Fixture fixture([&](Config& config) { config.journal(path); });
        Fixture plain;
        CHECK_ERROR(plain.client.journal().open(), IPG_ERR_UNSUPPORTED);
        const Journal journal = fixture.client.journal();
        for (int n = 0; n < 3; n++) {
            CHECK_OK(fixture.client.session_start(valid_start()));
        }
        auto open = journal.open(R"({"player_id": "player-7"})");
        CHECK_OK(open);
        CHECK(open.ok() && open->integer("/sessions/2/id") == 3);
        CHECK_OK(journal.resolve(1, "by hand"));
        CHECK_ERROR(journal.resolve(1, "again"), IPG_ERR_INVALID_ARGUMENT);
        int seen = 0;
        CHECK_OK(journal.end_all({}, [&](std::string_view json) {
            seen++;
            CHECK(json.find("\"ended\"") != std::string_view::npos);
            return false;
        }));
        CHECK(seen == 1);
        auto ended = journal.end_all();
        CHECK_OK(ended);
        CHECK(ended.ok() && ended->integer("/ended") == 1);
        auto removed = journal.compact(0);
        CHECK(removed.ok() && removed->integer("/removed") == 3);
        CHECK_ERROR(journal.open("[]"), IPG_ERR_INVALID_ARGUMENT);
        CHECK_OK(fixture.client.shutdown(10000));
    }
    // Windows would not remove a file that is open. Closing it has removed its log.
    CHECK(std::remove(path.c_str()) == 0);
    for (const char* suffix : {"-wal", "-shm"}) {
        CHECK(!std::filesystem::exists(path + suffix));
    }
}

int main() {
    a_journal_lists_and_ends_the_sessions_of_its_file();
    leaving_the_scope_ends_the_session();
    after_end_the_destructor_does_not_end_the_session_again();
    a_released_session_stays_open();
    the_destructor_retries_an_end_that_failed_with_a_retryable_error();
    the_handler_gets_the_error_of_the_destructor();
    moving_a_session_moves_ownership_and_assigning_ends_the_previous_session();
#if IPLAYGAMES_EXCEPTIONS
    an_exception_that_leaves_the_scope_ends_the_session();
#endif
    return check_end();
}
