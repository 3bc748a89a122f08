// The guard of a session: it ends when its scope does, however that is left.
#include "scene.hpp"

static void leaving_the_scope_ends_the_session() {
    Scene scene;
    {
        auto session = scene.client.session_open(good()).value();
        CHECK(session.is_open() && !session.started().game_url.empty() && session.session_id() == session.started().session_id);
        CHECK(session.status()->is_active() && scene.count("/sessions/active") == 1);
    }
    CHECK(scene.count("/sessions/active") == 0 && scene.count("/sessions/closed") == 1);
    CHECK_ERROR(scene.client.session_open(StartSession(1)), IPG_ERR_INVALID_ARGUMENT);
    CHECK(scene.count("/sessions/total") == 1);
}

static void ending_by_hand_ends_once() {
    Scene scene;
    {
        auto session = scene.client.session_open(good()).value();
        CHECK_OK(session.end());
        CHECK(!session.is_open());
        CHECK_ERROR(session.end(), IPG_ERR_NOT_FOUND);
    }
    CHECK(scene.count("/requests/by_operation/end_a_game_session") == 2);
}

static void a_released_session_stays_open() {
    Scene scene;
    StartedSession started;
    {
        auto session = scene.client.session_open(good()).value();
        started = session.release();
        CHECK(!session.is_open());
    }
    CHECK(scene.client.session_status(started.session_id)->is_active());
}

static void an_end_that_may_work_later_is_tried_again_by_the_destructor() {
    Scene scene([](Config& config) { config.max_retries(0); });
    int errors = 0;
    {
        auto session = scene.client.session_open(good()).value();
        session.on_end_error([&](const Error&) { errors++; });
        scene.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 502})");
        CHECK_ERROR(session.end(), IPG_ERR_SERVER);
        CHECK(session.is_open());
    }
    CHECK(errors == 0 && scene.count("/sessions/closed") == 1);
}

static void the_handler_gets_what_goes_wrong_in_the_destructor() {
    Scene scene;
    std::string field, name;
    {
        auto session = scene.client.session_open(good()).value();
        auto owned = std::make_unique<int>(7);
        session.end_options(CallOptions().max_retries(0).call_id("the-end"));
        session.on_end_error([&, owned = std::move(owned)](const Error& error) {
            name = error.name();
            CHECK(error.call_id() == "the-end" && error.attempts() == 1 && *owned == 7);
        });
        scene.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 503, "envelope": true})");
    }
    CHECK(name == "IPG_ERR_UNAVAILABLE");
    {
        auto session = scene.client.session_open(good()).value();
        scene.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 409, "envelope": true})");
    } // without a handler: nothing is thrown
    {
        auto session = scene.client.session_open(good()).value();
        session.on_end_error([&](const Error& error) { name = error.name(); });
        scene.client = Client();
    }
    CHECK(name == "IPG_ERR_INVALID_HANDLE" && scene.count("/sessions/active") == 3);
}

static void moving_moves_the_duty_and_assigning_ends_the_one_before() {
    Scene scene;
    std::vector<Session> sessions;
    for (int n = 0; n < 3; n++) {
        sessions.push_back(scene.client.session_open(good()).value());
    }
    CHECK(scene.count("/sessions/active") == 3);
    sessions[0] = std::move(sessions[1]);
    CHECK(scene.count("/sessions/active") == 2 && !sessions[1].is_open() && sessions[0].is_open());
    Session& self = sessions[0];
    sessions[0] = std::move(self);
    CHECK(sessions[0].status()->is_active());
    Client other = std::move(scene.client); // the client may move, too
    CHECK(sessions[0].status()->is_active());
    sessions.clear();
    CHECK(scene.count("/sessions/active") == 0);
}

#if IPLAYGAMES_EXCEPTIONS
static void an_exception_that_passes_through_ends_the_session() {
    Scene scene;
    try {
        auto session = scene.client.session_open(good()).value();
        scene.client.session_status("nobody").value();
        NEVER("it went on");
    } catch (const Exception& exception) {
        CHECK(exception.error().code() == IPG_ERR_NOT_FOUND);
    }
    CHECK(scene.count("/sessions/closed") == 1);
    try { // and so when the end fails, too
        auto session = scene.client.session_open(good(), CallOptions().timeout_ms(20000)).value();
        scene.control(R"({"command": "fault", "operation": "end_a_game_session", "status": 409, "envelope": true})");
        throw 7;
    } catch (int seven) {
        CHECK(seven == 7);
    }
}
#endif

int main() {
    leaving_the_scope_ends_the_session();
    ending_by_hand_ends_once();
    a_released_session_stays_open();
    an_end_that_may_work_later_is_tried_again_by_the_destructor();
    the_handler_gets_what_goes_wrong_in_the_destructor();
    moving_moves_the_duty_and_assigning_ends_the_one_before();
#if IPLAYGAMES_EXCEPTIONS
    an_exception_that_passes_through_ends_the_session();
#endif
    return check_end();
}
