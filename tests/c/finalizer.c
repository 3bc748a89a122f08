/* Finalizers of the host: each runs exactly once for each call of a function that took it, after
   the last use of `user_data`, on a thread that is inside a function of the library. */
#include "fixture.h"

static const char SLOW[] = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";

/* Whether this thread is inside a function of the library. */
static __thread int is_inside;
#define INSIDE(call) (is_inside = 1, is_inside_result = (call), is_inside = 0, is_inside_result)
static __thread ipg_code is_inside_result;

struct data {
    int finalized, called, is_running, is_held;
    ipg_client *client;
    ipg_request *request;
    void (*action)(struct data *data);
    void (*last_action)(struct data *data); /* what the finalizer does */
};

static struct data new_data(void) {
    struct data data = {0, 0, 0, 0, NULL, NULL, NULL, NULL};
    return data;
}

static void on_finalized(void *user_data) {
    struct data *data = (struct data *)user_data;
    CHECK(is_inside && !LOAD(data->is_running));
    if (data->last_action) {
        data->last_action(data);
    }
    CHECK(ADD(data->finalized, 1) == 1);
}

static void on_event(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct data *data = (struct data *)user_data;
    CHECK(is_inside && request && json && (code != IPG_PENDING || data->action == NULL));
    STORE(data->is_running, 1);
    while (LOAD(data->is_held)) {
        sleep_ms(1);
    }
    if (data->action) {
        data->action(data);
    }
    CHECK(!LOAD(data->finalized));
    STORE(data->is_running, 0);
    ADD(data->called, 1);
}

static void on_log(void *user_data, ipg_log_level level, const char *target, const char *message) {
    struct data *data = (struct data *)user_data;
    CHECK(is_inside && level && target && message && !LOAD(data->finalized));
    ADD(data->called, 1);
}

static ipg_request *submit(ipg_client *client, ipg_callback callback, struct data *data) {
    ipg_request *request = NULL;
    CHECK(INSIDE(ipg_submit(client, "list_games", NULL, NULL, callback, data, on_finalized, &request, NULL)) == IPG_OK);
    return request;
}

static void tick_until_called(ipg_client *client, struct data *data) {
    is_inside = 1;
    TICK_UNTIL(client, LOAD(data->called));
    is_inside = 0;
}

static void a_finalizer_runs_after_the_callback_of_the_end(void) {
    struct fixture fixture = start_fixture("");
    struct data data = new_data();
    ipg_request *request = submit(fixture.client, on_event, &data);
    CHECK(data.finalized == 0);
    tick_until_called(fixture.client, &data);
    CHECK(data.called == 1 && data.finalized == 1);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && data.finalized == 1);

    struct data detached = new_data();
    CHECK(INSIDE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &detached, on_finalized, NULL, NULL)) ==
          IPG_OK);
    tick_until_called(fixture.client, &detached);
    CHECK(detached.called == 1 && detached.finalized == 1);
    stop_fixture(&fixture);
}

static void a_finalizer_runs_after_the_callback_of_a_canceled_request(void) {
    struct fixture fixture = start_fixture("");
    struct data data = new_data();
    control(&fixture, SLOW);
    ipg_request *request = submit(fixture.client, on_event, &data);
    CHECK(INSIDE(ipg_request_cancel(request)) == IPG_OK && data.finalized == 0);
    tick_until_called(fixture.client, &data);
    CHECK(data.finalized == 1);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && data.finalized == 1);
    stop_fixture(&fixture);
}

static void freeing_a_request_runs_its_finalizer_before_the_callback(void) {
    struct fixture fixture = start_fixture("");
    struct data in_flight = new_data(), ended = new_data();
    control(&fixture, SLOW);
    ipg_request *request = submit(fixture.client, on_event, &in_flight);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && in_flight.finalized == 1);
    request = submit(fixture.client, on_event, &ended);
    CHECK(INSIDE(ipg_request_cancel(request)) == IPG_OK);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && ended.finalized == 1);
    for (int n = 0; n < 10; n++) {
        CHECK(INSIDE(ipg_client_tick(fixture.client, 500, NULL)) == IPG_OK);
    }
    CHECK(in_flight.called == 0 && ended.called == 0 && in_flight.finalized == 1 && ended.finalized == 1);
    stop_fixture(&fixture);
}

static void without_a_callback_a_finalizer_runs_before_the_function_returns(void) {
    struct fixture fixture = start_fixture("");
    struct data data = new_data();
    ipg_request *request = submit(fixture.client, NULL, &data);
    CHECK(data.finalized == 1);
    CHECK(INSIDE(ipg_request_wait(request, TIMEOUT_MS, NULL)) == IPG_OK);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && data.finalized == 1);
    stop_fixture(&fixture);
}

static void free_own_request(struct data *data) {
    CHECK(ipg_request_free(data->request) == IPG_OK);
}
static void free_own_client(struct data *data) {
    CHECK(ipg_client_free(data->client) == IPG_OK);
}
static void shut_own_client_down(struct data *data) {
    CHECK(ipg_client_shutdown(data->client, 10) == IPG_OK);
}

static void a_finalizer_runs_after_a_callback_that_frees_its_request_or_client(void) {
    void (*const actions[])(struct data *) = {free_own_request, free_own_client, shut_own_client_down};
    for (size_t n = 0; n < sizeof actions / sizeof *actions; n++) {
        struct fixture fixture = start_fixture("");
        struct data data = new_data();
        data.client = fixture.client;
        data.action = actions[n];
        data.request = submit(fixture.client, on_event, &data);
        CHECK(INSIDE(ipg_request_wait(data.request, TIMEOUT_MS, NULL)) == IPG_OK);
        CHECK(INSIDE(ipg_client_tick(fixture.client, 500, NULL)) == IPG_OK);
        CHECK(data.called == 1 && data.finalized == 1);
        CHECK(INSIDE(ipg_request_free(data.request)) != IPG_ERR_INTERNAL);
        CHECK(INSIDE(ipg_client_free(fixture.client)) != IPG_ERR_INTERNAL);
        CHECK(data.finalized == 1);
        fixture.client = NULL;
        stop_fixture(&fixture);
    }
}

static void *tick_until_freed(void *client) {
    while (INSIDE(ipg_client_tick((ipg_client *)client, 500, NULL)) == IPG_OK) {
        sched_yield();
    }
    return NULL;
}

static void a_request_or_client_freed_during_its_callback_is_finalized_on_that_thread(void) {
    for (int with_client = 0; with_client < 2; with_client++) {
        struct fixture fixture = start_fixture("");
        struct data data = new_data();
        pthread_t ticker;
        data.is_held = 1;
        ipg_request *request = submit(fixture.client, on_event, &data);
        CHECK(pthread_create(&ticker, NULL, tick_until_freed, fixture.client) == 0);
        WAIT_UNTIL(LOAD(data.is_running));
        if (!with_client) {
            CHECK(INSIDE(ipg_request_free(request)) == IPG_OK);
        }
        CHECK(INSIDE(ipg_client_free(fixture.client)) == IPG_OK);
        CHECK(LOAD(data.finalized) == 0);
        STORE(data.is_held, 0);
        pthread_join(ticker, NULL);
        CHECK(data.called == 1 && data.finalized == 1);
        if (with_client) {
            CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && data.finalized == 1);
        }
        fixture.client = NULL;
        stop_fixture(&fixture);
    }
}

static void freeing_a_client_runs_the_finalizers_of_its_requests_and_its_logger(void) {
    static const char *const modes[] = {"", ", \"io_thread\": true"};
    for (int n = 0; n < 2; n++) {
        struct fixture fixture = start_fixture(modes[n]);
        struct data kept = new_data(), detached = new_data(), logger = new_data(), watch = new_data();
        control(&fixture, SLOW);
        CHECK(INSIDE(ipg_client_set_logger(fixture.client, on_log, &logger, on_finalized, IPG_LOG_TRACE)) == IPG_OK);
        ipg_request *request = submit(fixture.client, on_event, &kept);
        CHECK(INSIDE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &detached, on_finalized, NULL,
                                NULL)) == IPG_OK);
        CHECK(INSIDE(ipg_session_watch(fixture.client, "x", 1000, on_event, &watch, on_finalized, NULL, NULL)) ==
              IPG_OK);
        CHECK(kept.finalized == 0 && detached.finalized == 0 && logger.finalized == 0 && watch.finalized == 0);
        CHECK(INSIDE(ipg_client_free(fixture.client)) == IPG_OK);
        CHECK(kept.finalized == 1 && detached.finalized == 1 && logger.finalized == 1 && watch.finalized == 1);
        CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && kept.finalized == 1);
        fixture.client = NULL;
        stop_fixture(&fixture);
    }
}

static void shutdown_runs_callbacks_and_then_their_finalizers(void) {
    struct fixture fixture = start_fixture("");
    struct data data = new_data(), watch = new_data();
    control(&fixture, SLOW);
    CHECK(INSIDE(ipg_submit(fixture.client, "list_games", NULL, NULL, on_event, &data, on_finalized, NULL, NULL)) ==
          IPG_OK);
    CHECK(INSIDE(ipg_session_watch(fixture.client, "x", 1000, on_event, &watch, on_finalized, NULL, NULL)) == IPG_OK);
    CHECK(INSIDE(ipg_client_shutdown(fixture.client, 0)) == IPG_OK);
    CHECK(data.called == 1 && data.finalized == 1 && watch.called == 1 && watch.finalized == 1);
    stop_fixture(&fixture);
}

static void with_background_a_finalizer_runs_in_the_next_call_of_the_host(void) {
    struct fixture fixture = start_fixture(", \"io_thread\": true");
    struct data data = new_data();
    ipg_request *request = submit(fixture.client, on_event, &data);
    WAIT_UNTIL(ipg_request_poll(request, NULL) != IPG_PENDING);
    CHECK(data.called == 0 && data.finalized == 0);
    tick_until_called(fixture.client, &data);
    CHECK(data.finalized == 1);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK);
    stop_fixture(&fixture);
}

static void a_function_that_refuses_runs_the_finalizer(void) {
    struct fixture fixture = start_fixture(", \"max_in_flight\": 1");
    ipg_client *client = fixture.client;
    ipg_request *request = NULL;
    struct data data = new_data();
#define REFUSED(call, code)                                                                                            \
    do {                                                                                                               \
        data = new_data();                                                                                             \
        CHECK(INSIDE(call) == (code) && data.finalized == 1 && data.called == 0);                                      \
    } while (0)
    REFUSED(ipg_submit(NULL, "list_games", NULL, NULL, on_event, &data, on_finalized, NULL, NULL),
            IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_submit(client, NULL, NULL, NULL, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_submit(client, "x", NULL, NULL, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_UNKNOWN_OPERATION);
    REFUSED(ipg_submit(client, "list_games", NULL, NULL, NULL, &data, on_finalized, NULL, NULL),
            IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_submit_start(client, "{}", NULL, on_event, &data, on_finalized, &request, NULL),
            IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_submit_status(client, NULL, NULL, on_event, &data, on_finalized, &request, NULL),
            IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_submit_end(NULL, "x", NULL, on_event, &data, on_finalized, &request, NULL),
            IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_session_watch(client, "x", 1, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_watch(NULL, "x", 1000, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_client_submit_prewarm(NULL, 0, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_client_set_logger(client, on_log, &data, on_finalized, 6), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_client_set_logger(NULL, on_log, &data, on_finalized, IPG_LOG_INFO), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_client_set_logger(client, on_log, &data, on_finalized, IPG_LOG_OFF), IPG_OK);
    REFUSED(ipg_client_set_logger(client, NULL, &data, on_finalized, IPG_LOG_INFO), IPG_OK);
    struct data first = new_data();
    request = submit(client, on_event, &first);
    REFUSED(ipg_submit(client, "list_games", NULL, NULL, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_BUSY);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK && first.finalized == 1);
    CHECK(INSIDE(ipg_client_shutdown(client, 0)) == IPG_OK);
    REFUSED(ipg_submit(client, "list_games", NULL, NULL, on_event, &data, on_finalized, NULL, NULL), IPG_ERR_SHUT_DOWN);
    stop_fixture(&fixture);
}

static void replacing_a_logger_finalizes_the_one_before(void) {
    struct fixture fixture = start_fixture("");
    struct data first = new_data(), second = new_data();
    CHECK(INSIDE(ipg_client_set_logger(fixture.client, on_log, &first, on_finalized, IPG_LOG_INFO)) == IPG_OK);
    CHECK(INSIDE(ipg_call(fixture.client, "list_games", NULL, NULL, NULL)) == IPG_OK);
    CHECK(first.called > 0 && first.finalized == 0);
    CHECK(INSIDE(ipg_client_set_logger(fixture.client, on_log, &second, on_finalized, IPG_LOG_INFO)) == IPG_OK);
    CHECK(first.finalized == 1 && second.finalized == 0);
    CHECK(INSIDE(ipg_client_set_logger(fixture.client, NULL, NULL, NULL, IPG_LOG_OFF)) == IPG_OK);
    CHECK(second.finalized == 1);
    stop_fixture(&fixture);
}

static void use_the_library(struct data *data) {
    CHECK(ipg_call(data->client, "list_games", NULL, NULL, NULL) == IPG_OK);
    CHECK(ipg_client_tick(data->client, 500, NULL) == IPG_OK);
    CHECK(ipg_client_set_logger(data->client, NULL, NULL, NULL, IPG_LOG_OFF) == IPG_OK);
}

static void a_finalizer_may_call_the_library(void) {
    struct fixture fixture = start_fixture("");
    struct data data = new_data(), logger = new_data();
    data.client = logger.client = fixture.client;
    data.last_action = logger.last_action = use_the_library;
    CHECK(INSIDE(ipg_client_set_logger(fixture.client, on_log, &logger, on_finalized, IPG_LOG_INFO)) == IPG_OK);
    CHECK(INSIDE(ipg_client_set_logger(fixture.client, NULL, NULL, NULL, IPG_LOG_OFF)) == IPG_OK);
    CHECK(logger.finalized == 1);
    ipg_request *request = submit(fixture.client, on_event, &data);
    tick_until_called(fixture.client, &data);
    CHECK(data.finalized == 1);
    CHECK(INSIDE(ipg_request_free(request)) == IPG_OK);
    stop_fixture(&fixture);
}

int main(void) {
    a_finalizer_runs_after_the_callback_of_the_end();
    a_finalizer_runs_after_the_callback_of_a_canceled_request();
    freeing_a_request_runs_its_finalizer_before_the_callback();
    without_a_callback_a_finalizer_runs_before_the_function_returns();
    a_finalizer_runs_after_a_callback_that_frees_its_request_or_client();
    a_request_or_client_freed_during_its_callback_is_finalized_on_that_thread();
    freeing_a_client_runs_the_finalizers_of_its_requests_and_its_logger();
    shutdown_runs_callbacks_and_then_their_finalizers();
    with_background_a_finalizer_runs_in_the_next_call_of_the_host();
    a_function_that_refuses_runs_the_finalizer();
    replacing_a_logger_finalizes_the_one_before();
    a_finalizer_may_call_the_library();
    return check_end();
}
