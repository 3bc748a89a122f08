/* Non-blocking calls. Every test is a rule of the header. */
#include "fixture.h"

static const char SLOW[] = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";

/* C and C++ need different initializers to compile without a warning. */
#ifdef __cplusplus
#  define ZERO_INITIALIZER                                                                                             \
      {}
#else
#  define ZERO_INITIALIZER {0}
#endif

/* What a callback received, and an action for it to run. */
struct seen {
    int finals, updates;
    ipg_code code;
    pthread_t thread;
    ipg_request *request;
    ipg_request **out_request_place; /* where ipg_submit writes the handle */
    int handle_was_written;
    char text[4096];
    ipg_client *client;
    void (*action)(struct seen *seen);
    int action_count;
    ipg_code action_code;
    int is_held, is_running; /* the callback does not return while `is_held` is set */
};

static const struct seen empty_record = ZERO_INITIALIZER;

static void on_event(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct seen *seen = (struct seen *)user_data;
    seen->thread = pthread_self();
    seen->request = request;
    seen->handle_was_written = !seen->out_request_place || *seen->out_request_place == request;
    seen->code = code;
    snprintf(seen->text, sizeof seen->text, "%s", json ? json : "");
    STORE(seen->is_running, 1);
    while (LOAD(seen->is_held)) {
        sleep_ms(1);
    }
    if (seen->action) {
        seen->action(seen);
    }
    STORE(seen->is_running, 0);
    if (code == IPG_PENDING) {
        ADD(seen->updates, 1);
    } else {
        ADD(seen->finals, 1);
    }
}

static void must_not_run(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)code, (void)json;
    CHECK(!"a callback ran that must not");
}

static ipg_request *submit(ipg_client *client, const char *operation, ipg_callback callback, struct seen *seen) {
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit(client, operation, NULL, NULL, callback, seen, NULL, &request, &json), IPG_OK, json);
    ipg_string_free(json);
    return request;
}

/* Returns the code of a request now, without its document. */
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

/* Returns whether the sandbox has received this number of calls of an operation. */
static int has_received(struct fixture *fixture, const char *operation, long count) {
    char pointer[128], *json = NULL, *value = NULL;
    snprintf(pointer, sizeof pointer, "/requests/by_operation/%s", operation);
    CHECK_CODE(ipg_sandbox_control(fixture->sandbox, "{\"command\": \"counts\"}", &json), IPG_OK, json);
    int there = ipg_json_get(json, pointer, NULL, &value, NULL) == IPG_OK && atol(value) >= count;
    ipg_string_free(value);
    ipg_string_free(json);
    return there;
}

static char *start_session(ipg_client *client) {
    char *json = NULL, *id = NULL;
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
    ipg_string_free(json);
    return id;
}

/* ---- polling
   -------------------------------------------------------------------------------------- */

static void polling_returns_the_result_without_callbacks(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL, *id = NULL;
    uint32_t completed = 7;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit(fixture.client, "start_a_game_session", START_ARGS, "{\"call_id\": \"mine-7\"}", NULL, NULL,
                          NULL, &request, &json),
               IPG_OK, json);
    CHECK_VALUE(json, "/call_id", "mine-7");
    FREE_STRING(json);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    TICK_UNTIL(fixture.client, poll(request) != IPG_PENDING);
    for (int n = 0; n < 2; n++) {
        CHECK_CODE(ipg_request_poll(request, &json), IPG_OK, json);
        CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
        FREE_STRING(id);
        FREE_STRING(json);
        CHECK_CODE(ipg_request_wait(request, 0, &json), IPG_OK, json);
        CHECK_VALUE(json, "/success", "true");
        FREE_STRING(json);
    }
    CHECK_CODE(ipg_request_poll(request, NULL), IPG_OK, NULL);
    CHECK(ipg_client_tick(fixture.client, 500, &completed) == IPG_OK && completed == 0);
    CHECK(ipg_request_free(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_ERR_INVALID_HANDLE);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_INVALID_HANDLE, json);
    CHECK_VALUE(json, "/error/name", "IPG_ERR_INVALID_HANDLE");
    FREE_STRING(json);

    CHECK_CODE(ipg_submit(fixture.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, NULL, NULL, NULL,
                          &request, NULL),
               IPG_OK, NULL);
    TICK_UNTIL(fixture.client, poll(request) != IPG_PENDING);
    for (int n = 0; n < 2; n++) {
        CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_NOT_FOUND, json);
        CHECK_VALUE(json, "/error/operation", "get_session_status");
        CHECK_VALUE(json, "/error/outcome", "rejected");
        FREE_STRING(json);
    }
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

static void waiting_drives_the_client_and_returns_pending_after_the_timeout(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL;
    control(&fixture, SLOW);
    ipg_request *request = submit(fixture.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, 5, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    CHECK(ipg_request_free(request) == IPG_OK);
    control(&fixture, "{\"command\": \"clear_faults\"}");
    request = submit(fixture.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, TIMEOUT_MS, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/0/id", "123");
    FREE_STRING(json);
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

static void a_request_that_is_not_freed_counts_towards_max_in_flight(void) {
    struct fixture fixture = start_fixture(", \"max_in_flight\": 2");
    char *json = NULL;
    ipg_request *requests[2], *more = (ipg_request *)&fixture;
    requests[0] = submit(fixture.client, "list_games", NULL, NULL);
    requests[1] = submit(fixture.client, "list_games", NULL, NULL);
    TICK_UNTIL(fixture.client, poll(requests[0]) == IPG_OK && poll(requests[1]) == IPG_OK);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, must_not_run, NULL, NULL, &more, &json),
               IPG_ERR_BUSY, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    CHECK_VALUE(json, "/error/retryable", "true");
    CHECK(more == NULL);
    FREE_STRING(json);
    CHECK(ipg_request_free(requests[0]) == IPG_OK);
    more = submit(fixture.client, "list_games", NULL, NULL);
    CHECK(ipg_request_free(more) == IPG_OK && ipg_request_free(requests[1]) == IPG_OK);
    stop_fixture(&fixture);
}

/* ---- callbacks
   ------------------------------------------------------------------------------------ */

static void callbacks_receive_the_result_without_polling(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    uint32_t completed = 0, sum = 0;
    ipg_request *request = submit(fixture.client, "list_games", on_event, &seen);
    for (long from = now_ms(); !sum && now_ms() - from < TIMEOUT_MS; sum += completed) {
        CHECK(ipg_client_tick(fixture.client, 500, &completed) == IPG_OK);
    }
    tick_a_little(fixture.client);
    CHECK(sum == 1 && seen.finals == 1 && seen.updates == 0);
    CHECK(seen.code == IPG_OK && strncmp(seen.text, "{\"data\":[", 9) == 0);
    CHECK(seen.request == request && pthread_equal(seen.thread, pthread_self()));
    CHECK(poll(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);

    memset(&seen, 0, sizeof seen);
    char *json = NULL;
    CHECK_CODE(ipg_submit(fixture.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, on_event, &seen,
                          NULL, NULL, &json),
               IPG_OK, json);
    FREE_STRING(json);
    TICK_UNTIL(fixture.client, seen.finals);
    CHECK(seen.code == IPG_ERR_NOT_FOUND);
    CHECK_VALUE(seen.text, "/error/code", "404");
    stop_fixture(&fixture);
}

static void a_callback_runs_only_if_submit_returned_ok(void) {
    struct fixture fixture = start_fixture("");
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
        ipg_request *request = (ipg_request *)&fixture;
        CHECK_CODE(ipg_submit(fixture.client, rows[n].operation, rows[n].arguments, rows[n].options, must_not_run, NULL,
                              NULL, &request, &json),
                   rows[n].code, json);
        CHECK(request == NULL);
        CHECK_VALUE(json, "/error/outcome", "not_sent");
        FREE_STRING(json);
    }
    tick_a_little(fixture.client);
    stop_fixture(&fixture);
}

static void submitting_without_a_callback_requires_out_request(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL;
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, NULL, NULL, NULL, NULL, &json),
               IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_session_watch(fixture.client, "x", 1000, NULL, NULL, NULL, NULL, &json), IPG_ERR_INVALID_ARGUMENT,
               json);
    FREE_STRING(json);
    stop_fixture(&fixture);
}

static void *tick_until_freed(void *client) {
    while (ipg_client_tick((ipg_client *)client, 1000, NULL) == IPG_OK) {
        sched_yield();
    }
    return NULL;
}

static void out_request_is_written_before_a_callback_on_another_thread(void) {
    struct fixture fixture = start_fixture("");
    pthread_t ticker;
    CHECK(pthread_create(&ticker, NULL, tick_until_freed, fixture.client) == 0);
    for (int n = 0; n < 200; n++) {
        struct seen seen = empty_record;
        ipg_request *request = NULL;
        seen.out_request_place = &request;
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &seen, NULL, &request, NULL), IPG_OK,
                   NULL);
        ipg_request_cancel(request);
        WAIT_UNTIL(LOAD(seen.finals) == 1);
        CHECK(seen.handle_was_written);
        /* The callback has run its action, but may not have returned. */
        CHECK(ipg_request_free(request) == IPG_OK);
    }
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
    fixture.client = NULL;
    pthread_join(ticker, NULL);
    stop_fixture(&fixture);
}

static void poll_own_request(struct seen *seen) {
    seen->action_code = poll(seen->request);
}

static void a_request_without_out_request_frees_itself_after_its_callback(void) {
    struct fixture fixture = start_fixture(", \"max_in_flight\": 1");
    for (int n = 0; n < 3; n++) {
        struct seen seen = empty_record;
        seen.action = poll_own_request;
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &seen, NULL, NULL, NULL), IPG_OK,
                   NULL);
        TICK_UNTIL(fixture.client, seen.finals);
        CHECK(seen.request != NULL && seen.action_code == IPG_OK);
        CHECK(ipg_request_free(seen.request) == IPG_ERR_INVALID_HANDLE);
    }
    stop_fixture(&fixture);
}

static void free_own_request_and_submit(struct seen *seen) {
    seen->action_code = ipg_request_free(seen->request);
    CHECK(ipg_request_free(seen->request) == IPG_ERR_INVALID_HANDLE);
    if (seen->action_count++ == 0) {
        /* A freed request does not count: another call fits although `max_in_flight` is 1. */
        CHECK_CODE(ipg_submit(seen->client, "list_games", NULL, NULL, on_event, seen, NULL, NULL, NULL), IPG_OK, NULL);
    }
}

static void a_callback_may_free_its_own_request_and_submit(void) {
    struct fixture fixture = start_fixture(", \"max_in_flight\": 1");
    struct seen seen = empty_record;
    seen.client = fixture.client;
    seen.action = free_own_request_and_submit;
    ipg_request *request = submit(fixture.client, "list_games", on_event, &seen);
    TICK_UNTIL(fixture.client, seen.finals == 2);
    CHECK(seen.action_code == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_ERR_INVALID_HANDLE);
    stop_fixture(&fixture);
}

static void tick_and_call(struct seen *seen) {
    uint32_t completed = 7;
    CHECK(ipg_client_tick(seen->client, 500, &completed) == IPG_OK && completed == 0);
    CHECK_CODE(ipg_call(seen->client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    ipg_request *other = submit(seen->client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(other, TIMEOUT_MS, NULL), IPG_OK, NULL);
    CHECK(ipg_request_free(other) == IPG_OK);
    CHECK(ipg_client_stats(seen->client, NULL) == IPG_OK);
}

static void any_function_may_be_called_in_a_callback_and_a_tick_there_does_nothing(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    seen.client = fixture.client;
    seen.action = tick_and_call;
    ipg_request *request = submit(fixture.client, "list_games", on_event, &seen);
    TICK_UNTIL(fixture.client, seen.finals);
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

static void a_tick_with_budget_zero_runs_at_most_one_callback(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    for (int n = 0; n < 5; n++) {
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &seen, NULL, NULL, NULL), IPG_OK,
                   NULL);
    }
    uint32_t most = 0;
    for (long from = now_ms(); seen.finals < 5 && now_ms() - from < TIMEOUT_MS;) {
        uint32_t completed = 0;
        CHECK(ipg_client_tick(fixture.client, 0, &completed) == IPG_OK);
        most = completed > most ? completed : most;
    }
    CHECK(seen.finals == 5 && most == 1);
    stop_fixture(&fixture);
}

/* ---- canceling and freeing
   ------------------------------------------------------------------------ */

static void canceling_ends_a_request_at_once_and_its_callback_runs_once(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    char *json = NULL;
    ipg_request *request = submit(fixture.client, "list_games", on_event, &seen);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK(seen.finals == 0);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    FREE_STRING(json);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    TICK_UNTIL(fixture.client, seen.finals);
    tick_a_little(fixture.client);
    CHECK(seen.finals == 1 && seen.code == IPG_ERR_CANCELED);
    CHECK(ipg_request_free(request) == IPG_OK);

    request = submit(fixture.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, TIMEOUT_MS, NULL), IPG_OK, NULL);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK(poll(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);

    control(&fixture, "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"delay_ms\": 60000}");
    CHECK_CODE(ipg_submit(fixture.client, "start_a_game_session", START_ARGS, NULL, NULL, NULL, NULL, &request, NULL),
               IPG_OK, NULL);
    TICK_UNTIL(fixture.client, has_received(&fixture, "start_a_game_session", 1));
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    FREE_STRING(json);
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

static int open_connections(struct fixture *fixture) {
    char *json = NULL, *value = NULL;
    CHECK_CODE(ipg_sandbox_control(fixture->sandbox, "{\"command\": \"counts\"}", &json), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/connections/open", NULL, &value, NULL), IPG_OK, json);
    int count = value ? atoi(value) : -1;
    ipg_string_free(value);
    ipg_string_free(json);
    return count;
}

static void ticks_alone_close_the_connection_of_a_canceled_or_freed_request(void) {
    struct fixture fixture = start_fixture("");
    ipg_request *requests[2];
    control(&fixture, SLOW);
    requests[0] = submit(fixture.client, "list_games", NULL, NULL);
    requests[1] = submit(fixture.client, "list_games", must_not_run, NULL);
    TICK_UNTIL(fixture.client, has_received(&fixture, "list_games", 2));
    CHECK(open_connections(&fixture) == 2);
    CHECK(ipg_request_cancel(requests[0]) == IPG_OK);
    CHECK(ipg_request_free(requests[1]) == IPG_OK);
    TICK_UNTIL(fixture.client, open_connections(&fixture) == 0);
    CHECK(ipg_request_free(requests[0]) == IPG_OK);
    stop_fixture(&fixture);
}

static void the_callback_of_a_freed_request_never_runs(void) {
    struct fixture fixture = start_fixture("");
    control(&fixture, SLOW);
    ipg_request *request = submit(fixture.client, "list_games", must_not_run, NULL);
    TICK_UNTIL(fixture.client, has_received(&fixture, "list_games", 1));
    CHECK(ipg_request_free(request) == IPG_OK);
    /* A request that has ended and whose callback is due. */
    request = submit(fixture.client, "list_games", must_not_run, NULL);
    CHECK(ipg_request_cancel(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);
    tick_a_little(fixture.client);
    CHECK(ipg_client_shutdown(fixture.client, 10) == IPG_OK);
    stop_fixture(&fixture);
}

static void freeing_does_not_wait_while_the_callback_runs_on_another_thread(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    pthread_t ticker;
    uint32_t completed = 7;
    seen.is_held = 1;
    ipg_request *request = submit(fixture.client, "list_games", on_event, &seen);
    ipg_request *other = submit(fixture.client, "get_api_v1_producers", NULL, NULL);
    ipg_request_cancel(request);
    CHECK(pthread_create(&ticker, NULL, tick_until_freed, fixture.client) == 0);
    WAIT_UNTIL(LOAD(seen.is_running));
    CHECK(ipg_client_tick(fixture.client, 500, &completed) == IPG_OK && completed == 0);
    CHECK(ipg_request_free(other) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
    CHECK(ipg_client_free(fixture.client) == IPG_ERR_INVALID_HANDLE);
    STORE(seen.is_held, 0);
    pthread_join(ticker, NULL);
    CHECK(seen.finals == 1);
    fixture.client = NULL;
    stop_fixture(&fixture);
}

static void requests_of_a_freed_client_return_their_end_and_keep_no_connection(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL;
    ipg_request *ended = NULL;
    CHECK_CODE(ipg_submit(fixture.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, must_not_run,
                          NULL, NULL, &ended, NULL),
               IPG_OK, NULL);
    CHECK_CODE(ipg_request_wait(ended, TIMEOUT_MS, NULL), IPG_ERR_NOT_FOUND, NULL);
    ipg_request_free(ended);
    CHECK_CODE(ipg_submit(fixture.client, "get_session_status", "{\"session_id\": \"nobody\"}", NULL, NULL, NULL, NULL,
                          &ended, NULL),
               IPG_OK, NULL);
    control(&fixture, SLOW);
    ipg_request *flying = submit(fixture.client, "list_games", must_not_run, NULL);
    ipg_request *polled = submit(fixture.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, must_not_run, NULL, NULL, NULL, NULL), IPG_OK,
               NULL);
    TICK_UNTIL(fixture.client,
               has_received(&fixture, "list_games", 3) && has_received(&fixture, "get_session_status", 2));
    tick_a_little(fixture.client);
    TICK_UNTIL(fixture.client, poll(ended) != IPG_PENDING);
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
    fixture.client = NULL;
    WAIT_UNTIL(open_connections(&fixture) == 0);
    CHECK_CODE(ipg_request_poll(ended, &json), IPG_ERR_NOT_FOUND, json);
    CHECK_VALUE(json, "/error/operation", "get_session_status");
    FREE_STRING(json);
    CHECK_CODE(ipg_request_poll(flying, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/operation", "list_games");
    FREE_STRING(json);
    CHECK_CODE(ipg_request_wait(polled, TIMEOUT_MS, &json), IPG_ERR_CANCELED, json);
    FREE_STRING(json);
    CHECK(ipg_request_cancel(flying) == IPG_OK);
    CHECK(ipg_request_free(ended) == IPG_OK && ipg_request_free(flying) == IPG_OK &&
          ipg_request_free(polled) == IPG_OK);
    CHECK(ipg_request_free(polled) == IPG_ERR_INVALID_HANDLE);
    stop_fixture(&fixture);
}

static void free_client(struct seen *seen) {
    seen->action_code = ipg_client_free(seen->client);
}

static void a_callback_may_free_the_client(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    seen.client = fixture.client;
    seen.action = free_client;
    ipg_request *first = submit(fixture.client, "list_games", on_event, &seen);
    ipg_request *second = submit(fixture.client, "list_games", must_not_run, NULL);
    ipg_request_cancel(first);
    ipg_request_cancel(second);
    uint32_t completed = 0;
    CHECK(ipg_client_tick(fixture.client, 1000000, &completed) == IPG_OK && completed == 1);
    CHECK(seen.action_code == IPG_OK && seen.finals == 1);
    CHECK(ipg_client_tick(fixture.client, 500, &completed) == IPG_ERR_INVALID_HANDLE && completed == 0);
    CHECK(poll(first) == IPG_ERR_CANCELED);
    CHECK(ipg_request_free(first) == IPG_OK && ipg_request_free(second) == IPG_OK);
    fixture.client = NULL;
    stop_fixture(&fixture);
}

/* ---- shutting down
   -------------------------------------------------------------------------------- */

static void shutdown_drives_until_all_calls_end_and_runs_their_callbacks(const char *more) {
    struct fixture fixture = start_fixture(more);
    struct seen seen = empty_record;
    control(&fixture, "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 50, \"times\": 0}");
    for (int n = 0; n < 5; n++) {
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &seen, NULL, NULL, NULL), IPG_OK,
                   NULL);
    }
    CHECK(ipg_client_shutdown(fixture.client, TIMEOUT_MS) == IPG_OK);
    CHECK(seen.finals == 5 && seen.code == IPG_OK && pthread_equal(seen.thread, pthread_self()));
    stop_fixture(&fixture);
}

static void shutdown_cancels_remaining_calls_and_watches_and_refuses_new_calls(const char *more) {
    struct fixture fixture = start_fixture(more);
    struct seen slow = empty_record, watched = empty_record;
    char *json = NULL, *id = start_session(fixture.client);
    control(&fixture, SLOW);
    ipg_request *slow_one = submit(fixture.client, "list_games", on_event, &slow);
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, on_event, &watched, NULL, NULL, NULL), IPG_OK, NULL);
    CHECK(ipg_client_shutdown(fixture.client, 50) == IPG_OK);
    CHECK(slow.finals == 1 && slow.code == IPG_ERR_CANCELED);
    CHECK(watched.finals == 1 && watched.code == IPG_ERR_CANCELED);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, must_not_run, NULL, NULL, NULL, &json),
               IPG_ERR_SHUT_DOWN, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_call(fixture.client, "list_games", NULL, NULL, &json), IPG_ERR_SHUT_DOWN, json);
    FREE_STRING(json);
    CHECK(ipg_client_tick(fixture.client, 500, NULL) == IPG_OK);
    CHECK(ipg_client_shutdown(fixture.client, 1000) == IPG_ERR_SHUT_DOWN);
    CHECK(poll(slow_one) == IPG_ERR_CANCELED);
    CHECK(ipg_request_free(slow_one) == IPG_OK);
    ipg_string_free(id);
    stop_fixture(&fixture);
}

static void shut_client_down(struct seen *seen) {
    if (seen->action_count++ == 0) {
        seen->action_code = ipg_client_shutdown(seen->client, 50);
    }
}

static void a_callback_may_shut_the_client_down(void) {
    struct fixture fixture = start_fixture("");
    struct seen first = empty_record, second = empty_record;
    control(&fixture, SLOW);
    first.client = fixture.client;
    first.action = shut_client_down;
    CHECK_CODE(ipg_submit(fixture.client, "get_api_v1_producers", NULL, NULL, on_event, &first, NULL, NULL, NULL),
               IPG_OK, NULL);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &second, NULL, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(fixture.client, first.finals);
    CHECK(first.action_code == IPG_OK && first.finals == 1);
    CHECK(second.finals == 1 && second.code == IPG_ERR_CANCELED);
    stop_fixture(&fixture);

    /* In an update of a watch: the end is delivered inside the callback. */
    fixture = start_fixture("");
    struct seen watched = empty_record;
    char *id = start_session(fixture.client);
    watched.client = fixture.client;
    watched.action = shut_client_down;
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, on_event, &watched, NULL, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(fixture.client, watched.updates);
    CHECK(watched.updates == 1 && watched.finals == 1 && watched.action_code == IPG_OK);
    ipg_string_free(id);
    stop_fixture(&fixture);
}

static void *submit_until_refused(void *argument) {
    struct seen *seen = (struct seen *)argument;
    int accepted = 0;
    while (ipg_submit(seen->client, "list_games", NULL, NULL, on_event, seen, NULL, NULL, NULL) == IPG_OK) {
        accepted++;
    }
    seen->action_count = accepted;
    return NULL;
}

static void a_call_submitted_during_shutdown_is_refused_or_its_callback_runs(void) {
    for (int round = 0; round < 20; round++) {
        struct fixture fixture = start_fixture(", \"max_in_flight\": 100000");
        struct seen seen = empty_record;
        pthread_t submitter;
        seen.client = fixture.client;
        CHECK(pthread_create(&submitter, NULL, submit_until_refused, &seen) == 0);
        sleep_ms(round % 5);
        CHECK(ipg_client_shutdown(fixture.client, 0) == IPG_OK);
        int told = seen.finals;
        pthread_join(submitter, NULL);
        CHECK(seen.action_count == told && seen.finals == told);
        stop_fixture(&fixture);
    }
}

/* ---- watching
   ------------------------------------------------------------------------------------- */

static void polling_a_watch_returns_each_update_once_and_then_the_end(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL, *id = start_session(fixture.client);
    ipg_request *watch = NULL;
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, NULL, NULL, NULL, &watch, &json), IPG_OK, json);
    FREE_STRING(json);
    TICK_UNTIL(fixture.client, ipg_request_poll(watch, &json) == IPG_PENDING && json);
    CHECK_VALUE(json, "/data/status", "active");
    FREE_STRING(json);
    TICK_UNTIL(fixture.client, has_received(&fixture, "get_session_status", 4));
    CHECK_CODE(ipg_request_poll(watch, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    CHECK_CODE(ipg_request_wait(watch, 30, &json), IPG_PENDING, json);
    CHECK(json == NULL);
    CHECK_CODE(ipg_session_end(fixture.client, id, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_request_wait(watch, TIMEOUT_MS, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/status", "closed");
    FREE_STRING(json);
    CHECK(poll(watch) == IPG_OK && poll(watch) == IPG_OK);
    CHECK(ipg_request_free(watch) == IPG_OK);
    ipg_string_free(id);

    CHECK_CODE(ipg_session_watch(fixture.client, "nobody", 10, NULL, NULL, NULL, &watch, NULL), IPG_OK, NULL);
    TICK_UNTIL(fixture.client, poll(watch) == IPG_ERR_NOT_FOUND);
    CHECK(ipg_request_free(watch) == IPG_OK);
    stop_fixture(&fixture);
}

static void the_callback_of_a_watch_receives_updates_and_then_the_end(void) {
    struct fixture fixture = start_fixture("");
    struct seen seen = empty_record;
    char *id = start_session(fixture.client);
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, on_event, &seen, NULL, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(fixture.client, seen.updates);
    CHECK(seen.code == IPG_PENDING && strstr(seen.text, "active"));
    CHECK_CODE(ipg_session_end(fixture.client, id, NULL), IPG_OK, NULL);
    TICK_UNTIL(fixture.client, seen.finals);
    tick_a_little(fixture.client);
    CHECK(seen.updates == 1 && seen.finals == 1 && seen.code == IPG_OK && strstr(seen.text, "closed"));
    CHECK(ipg_request_free(seen.request) == IPG_ERR_INVALID_HANDLE);
    ipg_string_free(id);
    stop_fixture(&fixture);
}

static void free_own_request(struct seen *seen) {
    seen->action_code = ipg_request_free(seen->request);
}

static void a_watch_ends_when_it_is_canceled_or_freed(void) {
    struct fixture fixture = start_fixture("");
    struct seen canceled = empty_record, freed = empty_record;
    ipg_request *watch = NULL, *polled = NULL;
    char *id = start_session(fixture.client);
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, on_event, &canceled, NULL, &watch, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, NULL, NULL, NULL, &polled, NULL), IPG_OK, NULL);
    freed.action = free_own_request;
    CHECK_CODE(ipg_session_watch(fixture.client, id, 10, on_event, &freed, NULL, NULL, NULL), IPG_OK, NULL);
    TICK_UNTIL(fixture.client, canceled.updates && freed.updates && has_received(&fixture, "get_session_status", 10));
    CHECK(ipg_request_cancel(watch) == IPG_OK);
    CHECK(ipg_request_cancel(polled) == IPG_OK);
    /* Updates that were not polled are not returned after the end. */
    CHECK(poll(polled) == IPG_ERR_CANCELED && poll(polled) == IPG_ERR_CANCELED);
    TICK_UNTIL(fixture.client, canceled.finals);
    tick_a_little(fixture.client);
    CHECK(canceled.finals == 1 && canceled.code == IPG_ERR_CANCELED);
    CHECK(freed.updates == 1 && freed.finals == 0 && freed.action_code == IPG_OK);
    CHECK(ipg_request_free(watch) == IPG_OK && ipg_request_free(polled) == IPG_OK);
    ipg_string_free(id);
    stop_fixture(&fixture);
}

static void a_watch_refuses_invalid_parameters(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL;
    ipg_request *watch = NULL;
    for (uint32_t interval = 0; interval < 10; interval++) {
        CHECK_CODE(ipg_session_watch(fixture.client, "id", interval, must_not_run, NULL, NULL, &watch, &json),
                   IPG_ERR_INVALID_ARGUMENT, json);
        CHECK_VALUE(json, "/error/field", "/interval_ms");
        CHECK_VALUE(json, "/error/operation", "get_session_status");
        FREE_STRING(json);
    }
    CHECK_CODE(ipg_session_watch(fixture.client, NULL, 10, must_not_run, NULL, NULL, &watch, &json),
               IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/session_id");
    FREE_STRING(json);
    CHECK_CODE(ipg_session_watch(fixture.client, "", 10, must_not_run, NULL, NULL, &watch, &json),
               IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/session_id");
    FREE_STRING(json);
    CHECK(watch == NULL);
    tick_a_little(fixture.client);
    stop_fixture(&fixture);
}

/* ---- other rules
   ----------------------------------------------------------------------------------- */

static void on_log(void *user_data, int32_t level, const char *target, const char *message) {
    (void)level, (void)target, (void)message;
    ADD(*(int *)user_data, 1);
}

static void polls_and_ticks_deliver_log_lines(void) {
    struct fixture fixture = start_fixture("");
    int lines = 0;
    CHECK(ipg_client_set_logger(fixture.client, on_log, &lines, NULL, IPG_LOG_TRACE) == IPG_OK);
    ipg_request *request = submit(fixture.client, "list_games", NULL, NULL);
    CHECK_CODE(ipg_request_wait(request, TIMEOUT_MS, NULL), IPG_OK, NULL);
    CHECK(lines > 0);
    ipg_request_free(request);
    request = submit(fixture.client, "list_games", NULL, NULL);
    lines = 0;
    TICK_UNTIL(fixture.client, lines > 0);
    TICK_UNTIL(fixture.client, poll(request) == IPG_OK);
    CHECK(ipg_client_set_logger(fixture.client, NULL, NULL, NULL, 0) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

static void calls_of_a_background_client_end_without_ticks_and_callbacks_wait_for_a_tick(void) {
    struct fixture fixture = start_fixture(", \"io_thread\": true");
    struct seen seen = empty_record;
    ipg_request *request = submit(fixture.client, "list_games", on_event, &seen);
    WAIT_UNTIL(poll(request) == IPG_OK);
    CHECK(seen.finals == 0);
    TICK_UNTIL(fixture.client, seen.finals == 1);
    CHECK(pthread_equal(seen.thread, pthread_self()));
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

/* A process of Windows cannot fork. bindings/cpp/tests/fatal.cpp tests the same with a process. */
#if defined(__cplusplus) && !defined(_WIN32)
#  include <sys/wait.h>

static void throw_in_callback(void *user_data, ipg_request *request, ipg_code code, const char *json) {
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
        ipg_request *request = submit(client, "list_games", throw_in_callback, NULL);
        ipg_request_cancel(request);
        try {
            ipg_client_tick(client, 500, NULL);
        }
        catch(...) {}
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
#endif

int main(void) {
    polling_returns_the_result_without_callbacks();
    waiting_drives_the_client_and_returns_pending_after_the_timeout();
    a_request_that_is_not_freed_counts_towards_max_in_flight();

    callbacks_receive_the_result_without_polling();
    a_callback_runs_only_if_submit_returned_ok();
    submitting_without_a_callback_requires_out_request();
    out_request_is_written_before_a_callback_on_another_thread();
    a_request_without_out_request_frees_itself_after_its_callback();
    a_callback_may_free_its_own_request_and_submit();
    any_function_may_be_called_in_a_callback_and_a_tick_there_does_nothing();
    a_tick_with_budget_zero_runs_at_most_one_callback();

    canceling_ends_a_request_at_once_and_its_callback_runs_once();
    ticks_alone_close_the_connection_of_a_canceled_or_freed_request();
    the_callback_of_a_freed_request_never_runs();
    freeing_does_not_wait_while_the_callback_runs_on_another_thread();
    requests_of_a_freed_client_return_their_end_and_keep_no_connection();
    a_callback_may_free_the_client();

    shutdown_drives_until_all_calls_end_and_runs_their_callbacks("");
    shutdown_drives_until_all_calls_end_and_runs_their_callbacks(", \"io_thread\": true");
    shutdown_cancels_remaining_calls_and_watches_and_refuses_new_calls("");
    shutdown_cancels_remaining_calls_and_watches_and_refuses_new_calls(", \"io_thread\": true");
    a_callback_may_shut_the_client_down();
    a_call_submitted_during_shutdown_is_refused_or_its_callback_runs();

    polling_a_watch_returns_each_update_once_and_then_the_end();
    the_callback_of_a_watch_receives_updates_and_then_the_end();
    a_watch_ends_when_it_is_canceled_or_freed();
    a_watch_refuses_invalid_parameters();

    polls_and_ticks_deliver_log_lines();
    calls_of_a_background_client_end_without_ticks_and_callbacks_wait_for_a_tick();
#if defined(__cplusplus) && !defined(_WIN32)
    a_callback_that_throws_ends_the_process();
#endif
    return check_end();
}
