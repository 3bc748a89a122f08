/* Calls that nobody waits for. Every function here is a rule of the header. */
#include "scene.h"

static const char SLOW[] = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";

/* C and C++ write "all zero" differently where no warning is allowed. */
#ifdef __cplusplus
#  define ALL_ZERO {}
#else
#  define ALL_ZERO {0}
#endif

/* What a callback saw, and what it is to do. */
struct seen {
    int finals, news;
    ipg_code code;
    pthread_t thread;
    ipg_request *request;
    ipg_request **place; /* where ipg_submit writes the handle */
    int place_was_right;
    char text[4096];
    ipg_client *client;
    void (*act)(struct seen *seen);
    int acted;
    ipg_code code_of_act;
    int hold, inside; /* stays inside while `hold` is set */
};

static const struct seen nothing = ALL_ZERO;

static void on_event(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct seen *seen = (struct seen *)user_data;
    seen->thread = pthread_self();
    seen->request = request;
    seen->place_was_right = !seen->place || *seen->place == request;
    seen->code = code;
    snprintf(seen->text, sizeof seen->text, "%s", json ? json : "");
    WRITE(seen->inside, 1);
    while (READ(seen->hold)) {
        sleep_ms(1);
    }
    if (seen->act) {
        seen->act(seen);
    }
    WRITE(seen->inside, 0);
    if (code == IPG_PENDING) {
        ADD(seen->news, 1);
    } else {
        ADD(seen->finals, 1);
    }
}

static void never(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)code, (void)json;
    CHECK(!"a callback ran that must not");
}

static ipg_request *submit(ipg_client *client, const char *operation, ipg_callback callback, struct seen *seen) {
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit(client, operation, NULL, NULL, callback, seen, &request, &json), IPG_OK, json);
    ipg_string_free(json);
    return request;
}

/* The code of a request now; its document is dropped. */
static ipg_code poll(ipg_request *request) {
    char *json = NULL;
    ipg_code code = ipg_request_poll(request, &json);
    ipg_string_free(json);
    return code;
}

static void tick_a_little(ipg_client *client) {
    for (int n = 0; n < 50; n++) {
        CHECK(ipg_client_tick(client, 500, NULL) == IPG_OK);
    }
}

/* Whether the sandbox has received so many of an operation. */
static int arrived(struct scene *scene, const char *operation, long count) {
    char pointer[128], *json = NULL, *value = NULL;
    snprintf(pointer, sizeof pointer, "/requests/by_operation/%s", operation);
    CHECK_CODE(ipg_sandbox_control(scene->sandbox, "{\"command\": \"counts\"}", &json), IPG_OK, json);
    int there = ipg_json_get(json, pointer, NULL, &value, NULL) == IPG_OK && atol(value) >= count;
    ipg_string_free(value);
    ipg_string_free(json);
    return there;
}

static char *start_session(ipg_client *client) {
    char *json = NULL, *id = NULL;
    CHECK_CODE(ipg_session_start(client, GOOD, &json), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
    ipg_string_free(json);
    return id;
}

/* ---- polling -------------------------------------------------------------------------------------- */

static void polling_is_complete_without_callbacks(void) {
    struct scene scene = enter("");
    char *json = NULL, *id = NULL;
    uint32_t completed = 7;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit(scene.client, "start_a_game_session", GOOD, "{\"call_id\": \"mine-7\"}", NULL, NULL,
                          &request, &json), IPG_OK, json);
    CHECK_VALUE(json, "/call_id", "mine-7");
    DROP(json);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    TICK_UNTIL(scene.client, poll(request) != IPG_PENDING);
    for (int n = 0; n < 2; n++) {
        CHECK_CODE(ipg_request_poll(request, &json), IPG_OK, json);
        CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
        DROP(id);
        DROP(json);
        CHECK_CODE(ipg_request_wait(request, 0, &json), IPG_OK, json);
        CHECK_VALUE(json, "/success", "true");
        DROP(json);
    }
    CHECK_CODE(ipg_request_poll(request, NULL), IPG_OK, NULL);
    CHECK(ipg_client_tick(scene.client, 500, &completed) == IPG_OK && completed == 0);
    CHECK(ipg_request_free(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_ERR_INVALID_HANDLE);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_INVALID_HANDLE, json);
    CHECK_VALUE(json, "/error/name", "IPG_ERR_INVALID_HANDLE");
    DROP(json);

    CHECK_CODE(ipg_submit(scene.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, NULL, NULL,
                          &request, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, poll(request) != IPG_PENDING);
    for (int n = 0; n < 2; n++) {
        CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_NOT_FOUND, json);
        CHECK_VALUE(json, "/error/operation", "get_session_status");
        CHECK_VALUE(json, "/error/outcome", "rejected");
        DROP(json);
    }
    CHECK(ipg_request_free(request) == IPG_OK);
    leave(&scene);
}

static void waiting_drives_and_says_when_time_runs_out(void) {
    struct scene scene = enter("");
    char *json = NULL;
    control(&scene, SLOW);
    ipg_request *request = submit(scene.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, 5, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    CHECK(ipg_request_free(request) == IPG_OK);
    control(&scene, "{\"command\": \"clear_faults\"}");
    request = submit(scene.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, HANG_MS, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/0/id", "123");
    DROP(json);
    CHECK(ipg_request_free(request) == IPG_OK);
    leave(&scene);
}

static void a_request_that_nobody_frees_counts(void) {
    struct scene scene = enter(", \"max_in_flight\": 2");
    char *json = NULL;
    ipg_request *requests[2], *more = (ipg_request *)&scene;
    requests[0] = submit(scene.client, "list_games", NULL, NULL);
    requests[1] = submit(scene.client, "list_games", NULL, NULL);
    TICK_UNTIL(scene.client, poll(requests[0]) == IPG_OK && poll(requests[1]) == IPG_OK);
    CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, never, NULL, &more, &json), IPG_ERR_BUSY, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    CHECK_VALUE(json, "/error/retryable", "true");
    CHECK(more == NULL);
    DROP(json);
    CHECK(ipg_request_free(requests[0]) == IPG_OK);
    more = submit(scene.client, "list_games", NULL, NULL);
    CHECK(ipg_request_free(more) == IPG_OK && ipg_request_free(requests[1]) == IPG_OK);
    leave(&scene);
}

/* ---- callbacks ------------------------------------------------------------------------------------ */

static void callbacks_are_complete_without_polling(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    uint32_t completed = 0, sum = 0;
    ipg_request *request = submit(scene.client, "list_games", on_event, &seen);
    for (long from = now_ms(); !sum && now_ms() - from < HANG_MS; sum += completed) {
        CHECK(ipg_client_tick(scene.client, 500, &completed) == IPG_OK);
    }
    tick_a_little(scene.client);
    CHECK(sum == 1 && seen.finals == 1 && seen.news == 0);
    CHECK(seen.code == IPG_OK && strncmp(seen.text, "{\"data\":[", 9) == 0);
    CHECK(seen.request == request && pthread_equal(seen.thread, pthread_self()));
    CHECK(poll(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);

    memset(&seen, 0, sizeof seen);
    char *json = NULL;
    CHECK_CODE(ipg_submit(scene.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, on_event, &seen,
                          NULL, &json), IPG_OK, json);
    DROP(json);
    TICK_UNTIL(scene.client, seen.finals);
    CHECK(seen.code == IPG_ERR_NOT_FOUND);
    CHECK_VALUE(seen.text, "/error/code", "404");
    leave(&scene);
}

static void a_callback_runs_only_where_submit_said_ok(void) {
    struct scene scene = enter("");
    struct {
        const char *operation, *arguments, *options;
        ipg_code code;
    } rows[] = {
        {"no_such_operation", NULL, NULL, IPG_ERR_UNKNOWN_OPERATION},
        {"get_session_status", "{}", NULL, IPG_ERR_INVALID_ARGUMENT},
        {"get_session_status", "[", NULL, IPG_ERR_INVALID_ARGUMENT},
        {"list_games", NULL, "{\"timeout\": 1}", IPG_ERR_INVALID_ARGUMENT},
        {"list_games", NULL, "{\"call_id\": \"\"}", IPG_ERR_INVALID_ARGUMENT},
        {NULL, NULL, NULL, IPG_ERR_INVALID_ARGUMENT},
    };
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
        char *json = NULL;
        ipg_request *request = (ipg_request *)&scene;
        CHECK_CODE(ipg_submit(scene.client, rows[n].operation, rows[n].arguments, rows[n].options, never, NULL,
                              &request, &json), rows[n].code, json);
        CHECK(request == NULL);
        CHECK_VALUE(json, "/error/outcome", "not_sent");
        DROP(json);
    }
    tick_a_little(scene.client);
    leave(&scene);
}

static void without_a_callback_the_place_for_the_request_is_needed(void) {
    struct scene scene = enter("");
    char *json = NULL;
    CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, NULL, NULL, NULL, &json), IPG_ERR_INVALID_ARGUMENT, json);
    DROP(json);
    CHECK_CODE(ipg_session_watch(scene.client, "x", 1000, NULL, NULL, NULL, &json), IPG_ERR_INVALID_ARGUMENT, json);
    DROP(json);
    leave(&scene);
}

static void *ticks_until_freed(void *client) {
    while (ipg_client_tick((ipg_client *)client, 1000, NULL) == IPG_OK) {
        sched_yield();
    }
    return NULL;
}

static void the_place_is_written_before_a_callback_on_another_thread(void) {
    struct scene scene = enter("");
    pthread_t ticker;
    CHECK(pthread_create(&ticker, NULL, ticks_until_freed, scene.client) == 0);
    for (int n = 0; n < 200; n++) {
        struct seen seen = nothing;
        ipg_request *request = NULL;
        seen.place = &request;
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, on_event, &seen, &request, NULL), IPG_OK, NULL);
        ipg_request_cancel(request);
        SOON(READ(seen.finals) == 1);
        CHECK(seen.place_was_right);
        /* It has done its work, but may not have returned. */
        ipg_code code = ipg_request_free(request);
        CHECK(code == IPG_OK || code == IPG_PENDING);
    }
    ipg_code code = ipg_client_free(scene.client);
    CHECK(code == IPG_OK || code == IPG_PENDING);
    scene.client = NULL;
    pthread_join(ticker, NULL);
    leave(&scene);
}

static void polls_itself(struct seen *seen) {
    seen->code_of_act = poll(seen->request);
}

static void a_request_without_a_place_frees_itself_after_its_callback(void) {
    struct scene scene = enter(", \"max_in_flight\": 1");
    for (int n = 0; n < 3; n++) {
        struct seen seen = nothing;
        seen.act = polls_itself;
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, on_event, &seen, NULL, NULL), IPG_OK, NULL);
        TICK_UNTIL(scene.client, seen.finals);
        CHECK(seen.request != NULL && seen.code_of_act == IPG_OK);
        CHECK(ipg_request_free(seen.request) == IPG_ERR_INVALID_HANDLE);
    }
    leave(&scene);
}

static void frees_itself_and_submits(struct seen *seen) {
    seen->code_of_act = ipg_request_free(seen->request);
    CHECK(ipg_request_free(seen->request) == IPG_ERR_INVALID_HANDLE);
    if (seen->acted++ == 0) {
        /* Freed, it does not count any more: there is room although only one may be in flight. */
        CHECK_CODE(ipg_submit(seen->client, "list_games", NULL, NULL, on_event, seen, NULL, NULL), IPG_OK, NULL);
    }
}

static void a_callback_may_free_its_own_request_and_submit(void) {
    struct scene scene = enter(", \"max_in_flight\": 1");
    struct seen seen = nothing;
    seen.client = scene.client;
    seen.act = frees_itself_and_submits;
    ipg_request *request = submit(scene.client, "list_games", on_event, &seen);
    TICK_UNTIL(scene.client, seen.finals == 2);
    CHECK(seen.code_of_act == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_ERR_INVALID_HANDLE);
    leave(&scene);
}

static void ticks_and_calls(struct seen *seen) {
    uint32_t completed = 7;
    CHECK(ipg_client_tick(seen->client, 500, &completed) == IPG_OK && completed == 0);
    CHECK_CODE(ipg_call(seen->client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    ipg_request *other = submit(seen->client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(other, HANG_MS, NULL), IPG_OK, NULL);
    CHECK(ipg_request_free(other) == IPG_OK);
    CHECK(ipg_client_stats(seen->client, NULL) == IPG_OK);
}

static void any_function_may_be_called_in_a_callback_and_a_tick_there_does_nothing(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    seen.client = scene.client;
    seen.act = ticks_and_calls;
    ipg_request *request = submit(scene.client, "list_games", on_event, &seen);
    TICK_UNTIL(scene.client, seen.finals);
    CHECK(ipg_request_free(request) == IPG_OK);
    leave(&scene);
}

static void a_budget_of_zero_is_at_most_one_callback(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    for (int n = 0; n < 5; n++) {
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, on_event, &seen, NULL, NULL), IPG_OK, NULL);
    }
    uint32_t most = 0;
    for (long from = now_ms(); seen.finals < 5 && now_ms() - from < HANG_MS;) {
        uint32_t completed = 0;
        CHECK(ipg_client_tick(scene.client, 0, &completed) == IPG_OK);
        most = completed > most ? completed : most;
    }
    CHECK(seen.finals == 5 && most == 1);
    leave(&scene);
}

/* ---- canceling and freeing ------------------------------------------------------------------------ */

static void canceling_ends_at_once_and_is_told_once(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    char *json = NULL;
    ipg_request *request = submit(scene.client, "list_games", on_event, &seen);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK(seen.finals == 0);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    DROP(json);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    TICK_UNTIL(scene.client, seen.finals);
    tick_a_little(scene.client);
    CHECK(seen.finals == 1 && seen.code == IPG_ERR_CANCELED);
    CHECK(ipg_request_free(request) == IPG_OK);

    request = submit(scene.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, HANG_MS, NULL), IPG_OK, NULL);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK(poll(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);

    control(&scene, "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"delay_ms\": 60000}");
    CHECK_CODE(ipg_submit(scene.client, "start_a_game_session", GOOD, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, arrived(&scene, "start_a_game_session", 1));
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    DROP(json);
    CHECK(ipg_request_free(request) == IPG_OK);
    leave(&scene);
}

static int open_connections(struct scene *scene) {
    char *json = NULL, *value = NULL;
    CHECK_CODE(ipg_sandbox_control(scene->sandbox, "{\"command\": \"counts\"}", &json), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/connections/open", NULL, &value, NULL), IPG_OK, json);
    int count = value ? atoi(value) : -1;
    ipg_string_free(value);
    ipg_string_free(json);
    return count;
}

static void canceling_and_freeing_reach_the_socket_by_ticks_alone(void) {
    struct scene scene = enter("");
    ipg_request *requests[2];
    control(&scene, SLOW);
    requests[0] = submit(scene.client, "list_games", NULL, NULL);
    requests[1] = submit(scene.client, "list_games", never, NULL);
    TICK_UNTIL(scene.client, arrived(&scene, "list_games", 2));
    CHECK(open_connections(&scene) == 2);
    CHECK(ipg_request_cancel(requests[0]) == IPG_OK);
    CHECK(ipg_request_free(requests[1]) == IPG_OK);
    TICK_UNTIL(scene.client, open_connections(&scene) == 0);
    CHECK(ipg_request_free(requests[0]) == IPG_OK);
    leave(&scene);
}

static void a_request_that_is_freed_never_calls_back(void) {
    struct scene scene = enter("");
    control(&scene, SLOW);
    ipg_request *request = submit(scene.client, "list_games", never, NULL);
    TICK_UNTIL(scene.client, arrived(&scene, "list_games", 1));
    CHECK(ipg_request_free(request) == IPG_OK);
    /* One that has ended, and whose callback is due. */
    request = submit(scene.client, "list_games", never, NULL);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);
    tick_a_little(scene.client);
    CHECK(ipg_client_shutdown(scene.client, 10) == IPG_OK);
    leave(&scene);
}

static void freeing_while_the_callback_runs_elsewhere_is_pending_and_its_return_completes_it(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    pthread_t ticker;
    uint32_t completed = 7;
    seen.hold = 1;
    ipg_request *request = submit(scene.client, "list_games", on_event, &seen);
    ipg_request *other = submit(scene.client, "get_api_v1_producers", NULL, NULL);
    ipg_request_cancel(request);
    CHECK(pthread_create(&ticker, NULL, ticks_until_freed, scene.client) == 0);
    SOON(READ(seen.inside));
    CHECK(ipg_client_tick(scene.client, 500, &completed) == IPG_OK && completed == 0);
    CHECK(ipg_request_free(other) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_PENDING);
    CHECK(ipg_request_free(request) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_free(scene.client) == IPG_PENDING);
    CHECK(ipg_client_free(scene.client) == IPG_ERR_INVALID_HANDLE);
    WRITE(seen.hold, 0);
    pthread_join(ticker, NULL);
    CHECK(seen.finals == 1);
    scene.client = NULL;
    leave(&scene);
}

static void requests_of_a_freed_client_say_how_they_ended_and_keep_no_connection(void) {
    struct scene scene = enter("");
    char *json = NULL;
    ipg_request *ended = NULL;
    CHECK_CODE(ipg_submit(scene.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, never, NULL, &ended,
                          NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_request_wait(ended, HANG_MS, NULL), IPG_ERR_NOT_FOUND, NULL);
    ipg_request_free(ended);
    CHECK_CODE(ipg_submit(scene.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, NULL, NULL, &ended,
                          NULL), IPG_OK, NULL);
    control(&scene, SLOW);
    ipg_request *flying = submit(scene.client, "list_games", never, NULL);
    ipg_request *polled = submit(scene.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, never, NULL, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, arrived(&scene, "list_games", 3) && arrived(&scene, "get_session_status", 2));
    tick_a_little(scene.client);
    TICK_UNTIL(scene.client, poll(ended) != IPG_PENDING);
    CHECK(ipg_client_free(scene.client) == IPG_OK);
    scene.client = NULL;
    SOON(open_connections(&scene) == 0);
    CHECK_CODE(ipg_request_poll(ended, &json), IPG_ERR_NOT_FOUND, json);
    CHECK_VALUE(json, "/error/operation", "get_session_status");
    DROP(json);
    CHECK_CODE(ipg_request_poll(flying, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/operation", "list_games");
    DROP(json);
    CHECK_CODE(ipg_request_wait(polled, HANG_MS, &json), IPG_ERR_CANCELED, json);
    DROP(json);
    CHECK(ipg_request_cancel(flying) == IPG_OK);
    CHECK(ipg_request_free(ended) == IPG_OK && ipg_request_free(flying) == IPG_OK && ipg_request_free(polled) == IPG_OK);
    CHECK(ipg_request_free(polled) == IPG_ERR_INVALID_HANDLE);
    leave(&scene);
}

static void frees_the_client(struct seen *seen) {
    seen->code_of_act = ipg_client_free(seen->client);
}

static void a_callback_may_free_the_client(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    seen.client = scene.client;
    seen.act = frees_the_client;
    ipg_request *first = submit(scene.client, "list_games", on_event, &seen);
    ipg_request *second = submit(scene.client, "list_games", never, NULL);
    ipg_request_cancel(first);
    ipg_request_cancel(second);
    uint32_t completed = 0;
    CHECK(ipg_client_tick(scene.client, 1000000, &completed) == IPG_OK && completed == 1);
    CHECK(seen.code_of_act == IPG_OK && seen.finals == 1);
    CHECK(ipg_client_tick(scene.client, 500, &completed) == IPG_ERR_INVALID_HANDLE && completed == 0);
    CHECK(poll(first) == IPG_ERR_CANCELED);
    CHECK(ipg_request_free(first) == IPG_OK && ipg_request_free(second) == IPG_OK);
    scene.client = NULL;
    leave(&scene);
}

/* ---- shutting down -------------------------------------------------------------------------------- */

static void shutdown_drives_until_all_is_done_and_tells_it(const char *more) {
    struct scene scene = enter(more);
    struct seen seen = nothing;
    control(&scene, "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 50, \"times\": 0}");
    for (int n = 0; n < 5; n++) {
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, on_event, &seen, NULL, NULL), IPG_OK, NULL);
    }
    CHECK(ipg_client_shutdown(scene.client, HANG_MS) == IPG_OK);
    CHECK(seen.finals == 5 && seen.code == IPG_OK && pthread_equal(seen.thread, pthread_self()));
    leave(&scene);
}

static void shutdown_cancels_what_is_left_and_watches_at_once_and_refuses_what_comes(const char *more) {
    struct scene scene = enter(more);
    struct seen slow = nothing, watched = nothing;
    char *json = NULL, *id = start_session(scene.client);
    control(&scene, SLOW);
    ipg_request *slow_one = submit(scene.client, "list_games", on_event, &slow);
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, on_event, &watched, NULL, NULL), IPG_OK, NULL);
    CHECK(ipg_client_shutdown(scene.client, 50) == IPG_OK);
    CHECK(slow.finals == 1 && slow.code == IPG_ERR_CANCELED);
    CHECK(watched.finals == 1 && watched.code == IPG_ERR_CANCELED);
    CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, never, NULL, NULL, &json), IPG_ERR_SHUT_DOWN, json);
    DROP(json);
    CHECK_CODE(ipg_call(scene.client, "list_games", NULL, NULL, &json), IPG_ERR_SHUT_DOWN, json);
    DROP(json);
    CHECK(ipg_client_tick(scene.client, 500, NULL) == IPG_OK);
    CHECK(ipg_client_shutdown(scene.client, 1000) == IPG_ERR_SHUT_DOWN);
    CHECK(poll(slow_one) == IPG_ERR_CANCELED);
    CHECK(ipg_request_free(slow_one) == IPG_OK);
    ipg_string_free(id);
    leave(&scene);
}

static void shuts_down(struct seen *seen) {
    if (seen->acted++ == 0) {
        seen->code_of_act = ipg_client_shutdown(seen->client, 50);
    }
}

static void a_callback_may_shut_the_client_down(void) {
    struct scene scene = enter("");
    struct seen first = nothing, second = nothing;
    control(&scene, SLOW);
    first.client = scene.client;
    first.act = shuts_down;
    CHECK_CODE(ipg_submit(scene.client, "get_api_v1_producers", NULL, NULL, on_event, &first, NULL, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, on_event, &second, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, first.finals);
    CHECK(first.code_of_act == IPG_OK && first.finals == 1);
    CHECK(second.finals == 1 && second.code == IPG_ERR_CANCELED);
    leave(&scene);

    /* In news of a watch: its end is told inside them. */
    scene = enter("");
    struct seen watched = nothing;
    char *id = start_session(scene.client);
    watched.client = scene.client;
    watched.act = shuts_down;
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, on_event, &watched, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, watched.news);
    CHECK(watched.news == 1 && watched.finals == 1 && watched.code_of_act == IPG_OK);
    ipg_string_free(id);
    leave(&scene);
}

static void *submits_until_refused(void *argument) {
    struct seen *seen = (struct seen *)argument;
    int accepted = 0;
    while (ipg_submit(seen->client, "list_games", NULL, NULL, on_event, seen, NULL, NULL) == IPG_OK) {
        accepted++;
    }
    seen->acted = accepted;
    return NULL;
}

static void a_call_submitted_while_the_client_shuts_down_is_refused_or_told(void) {
    for (int round = 0; round < 20; round++) {
        struct scene scene = enter(", \"max_in_flight\": 100000");
        struct seen seen = nothing;
        pthread_t submitter;
        seen.client = scene.client;
        CHECK(pthread_create(&submitter, NULL, submits_until_refused, &seen) == 0);
        sleep_ms(round % 5);
        CHECK(ipg_client_shutdown(scene.client, 0) == IPG_OK);
        int told = seen.finals;
        pthread_join(submitter, NULL);
        CHECK(seen.acted == told && seen.finals == told);
        leave(&scene);
    }
}

/* ---- watching ------------------------------------------------------------------------------------- */

static void a_polled_watch_tells_each_change_once_and_then_the_end(void) {
    struct scene scene = enter("");
    char *json = NULL, *id = start_session(scene.client);
    ipg_request *watch = NULL;
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, NULL, NULL, &watch, &json), IPG_OK, json);
    DROP(json);
    TICK_UNTIL(scene.client, ipg_request_poll(watch, &json) == IPG_PENDING && json);
    CHECK_VALUE(json, "/data/status", "active");
    DROP(json);
    TICK_UNTIL(scene.client, arrived(&scene, "get_session_status", 4));
    CHECK_CODE(ipg_request_poll(watch, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    CHECK_CODE(ipg_request_wait(watch, 30, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    CHECK_CODE(ipg_session_end(scene.client, id, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_request_wait(watch, HANG_MS, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/status", "closed");
    DROP(json);
    CHECK(poll(watch) == IPG_OK && poll(watch) == IPG_OK);
    CHECK(ipg_request_free(watch) == IPG_OK);
    ipg_string_free(id);

    CHECK_CODE(ipg_session_watch(scene.client, "nobody", 10, NULL, NULL, &watch, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, poll(watch) == IPG_ERR_NOT_FOUND);
    CHECK(ipg_request_free(watch) == IPG_OK);
    leave(&scene);
}

static void a_watch_with_a_callback_tells_news_and_then_the_end(void) {
    struct scene scene = enter("");
    struct seen seen = nothing;
    char *id = start_session(scene.client);
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, on_event, &seen, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, seen.news);
    CHECK(seen.code == IPG_PENDING && strstr(seen.text, "active"));
    CHECK_CODE(ipg_session_end(scene.client, id, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, seen.finals);
    tick_a_little(scene.client);
    CHECK(seen.news == 1 && seen.finals == 1 && seen.code == IPG_OK && strstr(seen.text, "closed"));
    CHECK(ipg_request_free(seen.request) == IPG_ERR_INVALID_HANDLE);
    ipg_string_free(id);
    leave(&scene);
}

static void frees_itself(struct seen *seen) {
    seen->code_of_act = ipg_request_free(seen->request);
}

static void a_watch_ends_when_it_is_canceled_or_freed(void) {
    struct scene scene = enter("");
    struct seen canceled = nothing, freed = nothing;
    ipg_request *watch = NULL, *polled = NULL;
    char *id = start_session(scene.client);
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, on_event, &canceled, &watch, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, NULL, NULL, &polled, NULL), IPG_OK, NULL);
    freed.act = frees_itself;
    CHECK_CODE(ipg_session_watch(scene.client, id, 10, on_event, &freed, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(scene.client, canceled.news && freed.news && arrived(&scene, "get_session_status", 10));
    CHECK(ipg_request_cancel(watch) == IPG_OK);
    CHECK(ipg_request_cancel(polled) == IPG_OK);
    /* News that were not fetched are not told after the end. */
    CHECK(poll(polled) == IPG_ERR_CANCELED && poll(polled) == IPG_ERR_CANCELED);
    TICK_UNTIL(scene.client, canceled.finals);
    tick_a_little(scene.client);
    CHECK(canceled.finals == 1 && canceled.code == IPG_ERR_CANCELED);
    CHECK(freed.news == 1 && freed.finals == 0 && freed.code_of_act == IPG_OK);
    CHECK(ipg_request_free(watch) == IPG_OK && ipg_request_free(polled) == IPG_OK);
    ipg_string_free(id);
    leave(&scene);
}

static void a_watch_checks_what_it_is_given(void) {
    struct scene scene = enter("");
    char *json = NULL;
    ipg_request *watch = NULL;
    for (uint32_t interval = 0; interval < 10; interval++) {
        CHECK_CODE(ipg_session_watch(scene.client, "id", interval, never, NULL, &watch, &json), IPG_ERR_INVALID_ARGUMENT, json);
        CHECK_VALUE(json, "/error/field", "/interval_ms");
        CHECK_VALUE(json, "/error/operation", "get_session_status");
        DROP(json);
    }
    CHECK_CODE(ipg_session_watch(scene.client, NULL, 10, never, NULL, &watch, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/session_id");
    DROP(json);
    CHECK_CODE(ipg_session_watch(scene.client, "", 10, never, NULL, &watch, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/session_id");
    DROP(json);
    CHECK(watch == NULL);
    tick_a_little(scene.client);
    leave(&scene);
}

/* ---- all else ------------------------------------------------------------------------------------- */

static void on_log(void *user_data, int32_t level, const char *target, const char *message) {
    (void)level, (void)target, (void)message;
    ADD(*(int *)user_data, 1);
}

static void log_lines_are_handed_over_by_polls_and_ticks(void) {
    struct scene scene = enter("");
    int lines = 0;
    CHECK(ipg_client_set_logger(scene.client, on_log, &lines, IPG_LOG_TRACE) == IPG_OK);
    ipg_request *request = submit(scene.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, HANG_MS, NULL), IPG_OK, NULL);
    CHECK(lines > 0);
    ipg_request_free(request);
    request = submit(scene.client, "list_games", NULL, NULL);
    lines = 0;
    TICK_UNTIL(scene.client, lines > 0);
    TICK_UNTIL(scene.client, poll(request) == IPG_OK);
    CHECK(ipg_client_set_logger(scene.client, NULL, NULL, 0) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);
    leave(&scene);
}

static void with_background_calls_end_without_ticks_and_callbacks_wait_for_one(void) {
    struct scene scene = enter(", \"background\": true");
    struct seen seen = nothing;
    ipg_request *request = submit(scene.client, "list_games", on_event, &seen);
    SOON(poll(request) == IPG_OK);
    CHECK(seen.finals == 0);
    TICK_UNTIL(scene.client, seen.finals == 1);
    CHECK(pthread_equal(seen.thread, pthread_self()));
    CHECK(ipg_request_free(request) == IPG_OK);
    leave(&scene);
}

#ifdef __cplusplus
#include <sys/wait.h>

static void throws(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)code, (void)json;
    throw 7;
}

static void a_callback_that_throws_ends_the_process(void) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) {
            _exit(2);
        }
        ipg_client *client = client_of("{\"base_url\": \"http://127.0.0.1:9\"}", "");
        ipg_request *request = submit(client, "list_games", throws, NULL);
        ipg_request_cancel(request);
        try {
            ipg_client_tick(client, 500, NULL);
        } catch (...) {
        }
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
#endif

int main(void) {
    polling_is_complete_without_callbacks();
    waiting_drives_and_says_when_time_runs_out();
    a_request_that_nobody_frees_counts();

    callbacks_are_complete_without_polling();
    a_callback_runs_only_where_submit_said_ok();
    without_a_callback_the_place_for_the_request_is_needed();
    the_place_is_written_before_a_callback_on_another_thread();
    a_request_without_a_place_frees_itself_after_its_callback();
    a_callback_may_free_its_own_request_and_submit();
    any_function_may_be_called_in_a_callback_and_a_tick_there_does_nothing();
    a_budget_of_zero_is_at_most_one_callback();

    canceling_ends_at_once_and_is_told_once();
    canceling_and_freeing_reach_the_socket_by_ticks_alone();
    a_request_that_is_freed_never_calls_back();
    freeing_while_the_callback_runs_elsewhere_is_pending_and_its_return_completes_it();
    requests_of_a_freed_client_say_how_they_ended_and_keep_no_connection();
    a_callback_may_free_the_client();

    shutdown_drives_until_all_is_done_and_tells_it("");
    shutdown_drives_until_all_is_done_and_tells_it(", \"background\": true");
    shutdown_cancels_what_is_left_and_watches_at_once_and_refuses_what_comes("");
    shutdown_cancels_what_is_left_and_watches_at_once_and_refuses_what_comes(", \"background\": true");
    a_callback_may_shut_the_client_down();
    a_call_submitted_while_the_client_shuts_down_is_refused_or_told();

    a_polled_watch_tells_each_change_once_and_then_the_end();
    a_watch_with_a_callback_tells_news_and_then_the_end();
    a_watch_ends_when_it_is_canceled_or_freed();
    a_watch_checks_what_it_is_given();

    log_lines_are_handed_over_by_polls_and_ticks();
    with_background_calls_end_without_ticks_and_callbacks_wait_for_one();
#ifdef __cplusplus
    a_callback_that_throws_ends_the_process();
#endif
    return check_end();
}
