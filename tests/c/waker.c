/* A loop that sleeps in poll(): the waker, the time of the next tick, and suspending. Plain POSIX;
   a loop with epoll or libuv has the same shape. */
#include "fixture.h"
#include <fcntl.h>
#include <poll.h>

static const char SLOW[] = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";

/* A pipe whose reading end wakes the loop. */
struct loop {
    int reader, writer;
    int wakes, finalized;
};

static struct loop open_loop(void) {
    struct loop loop = {-1, -1, 0, 0};
    int ends[2];
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
        exit(EXIT_FAILURE);
    }
    loop.reader = ends[0];
    loop.writer = ends[1];
    return loop;
}

static void close_loop(struct loop *loop) {
    close(loop->reader);
    close(loop->writer);
}

/* The waker. If the pipe is full, the loop is awake already. */
static void wake_loop(void *user_data) {
    struct loop *loop = (struct loop *)user_data;
    CHECK(!LOAD(loop->finalized));
    ADD(loop->wakes, 1);
    ssize_t written = write(loop->writer, "", 1);
    (void)written;
}

static void on_finalized(void *user_data) {
    ADD(((struct loop *)user_data)->finalized, 1);
}

/* Sleeps until the waker is called, for at most the given time. Returns whether it was called. */
static int sleep_until_woken(struct loop *loop, uint32_t ms) {
    struct pollfd entry = {loop->reader, POLLIN, 0};
    char bytes[64];
    int woken = poll(&entry, 1, ms > TIMEOUT_MS ? TIMEOUT_MS : (int)ms) > 0;
    while (read(loop->reader, bytes, sizeof bytes) > 0) {}
    return woken;
}

static void count(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    CHECK(request && json && code == IPG_OK);
    ADD(*(int *)user_data, 1);
}

static uint32_t next_tick(ipg_client *client) {
    uint32_t ms = 77;
    CHECK_CODE(ipg_client_next_tick(client, &ms), IPG_OK, NULL);
    return ms;
}

static void a_loop_that_sleeps_between_ticks_gets_every_callback(const char *more, uint32_t longest) {
    struct fixture fixture = start_fixture(more);
    struct loop loop = open_loop();
    int called = 0, ticks = 0;
    long from = now_ms();
    CHECK(ipg_client_set_waker(fixture.client, wake_loop, &loop, on_finalized) == IPG_OK);
    CHECK(next_tick(fixture.client) == UINT32_MAX);
    for (int n = 0; n < 20; n++) {
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, count, &called, NULL, NULL, NULL), IPG_OK,
                   NULL);
        CHECK(loop.wakes > 0);
    }
    while (called < 20 && now_ms() - from < TIMEOUT_MS) {
        CHECK(ipg_client_tick(fixture.client, 500, NULL) == IPG_OK);
        ticks++;
        uint32_t ms = next_tick(fixture.client);
        CHECK(called < 20 ? ms <= longest : ms == UINT32_MAX || ms <= 10);
        if (called < 20) {
            sleep_until_woken(&loop, ms);
        }
    }
    CHECK(called == 20 && ticks > 0);
    CHECK(ipg_client_set_waker(fixture.client, NULL, NULL, NULL) == IPG_OK && loop.finalized == 1);
    close_loop(&loop);
    stop_fixture(&fixture);
}

static void *submit_elsewhere(void *client) {
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit((ipg_client *)client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK,
               NULL);
    return request;
}

static void a_call_of_another_thread_wakes_a_loop_that_sleeps_without_a_limit(void) {
    struct fixture fixture = start_fixture("");
    struct loop loop = open_loop();
    pthread_t thread;
    void *request = NULL;
    CHECK(ipg_client_set_waker(fixture.client, wake_loop, &loop, NULL) == IPG_OK);
    CHECK(next_tick(fixture.client) == UINT32_MAX);
    CHECK(pthread_create(&thread, NULL, submit_elsewhere, fixture.client) == 0);
    CHECK(sleep_until_woken(&loop, UINT32_MAX));
    pthread_join(thread, &request);
    while (ipg_request_poll((ipg_request *)request, NULL) == IPG_PENDING) {
        CHECK(ipg_client_tick(fixture.client, 500, NULL) == IPG_OK);
        CHECK(next_tick(fixture.client) <= 10 || ipg_request_poll((ipg_request *)request, NULL) != IPG_PENDING);
    }
    int before = loop.wakes;
    CHECK(before > 1); /* the submit, and the end of a request without a callback */
    CHECK(ipg_request_free((ipg_request *)request) == IPG_OK);
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
    fixture.client = NULL;
    close_loop(&loop);
    stop_fixture(&fixture);
}

static void canceling_wakes_the_loop_and_the_next_tick_is_due(void) {
    struct fixture fixture = start_fixture("");
    struct loop loop = open_loop();
    int wakes, canceled = 0;
    ipg_request *request = NULL;
    control(&fixture, SLOW);
    CHECK(ipg_client_set_waker(fixture.client, wake_loop, &loop, NULL) == IPG_OK);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, NULL, &canceled, NULL, &request, NULL), IPG_OK,
               NULL);
    wakes = loop.wakes;
    CHECK(ipg_request_cancel(request) == IPG_OK && loop.wakes > wakes);
    CHECK(ipg_request_free(request) == IPG_OK);
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
    fixture.client = NULL;
    close_loop(&loop);
    stop_fixture(&fixture);
}

static void the_finalizer_of_a_waker_runs_when_it_is_replaced_or_its_client_is_freed(void) {
    struct fixture fixture = start_fixture(", \"io_thread\": true");
    struct loop first = open_loop(), second = open_loop(), refused = open_loop();
    CHECK(ipg_client_set_waker(fixture.client, wake_loop, &first, on_finalized) == IPG_OK && first.finalized == 0);
    CHECK(ipg_client_set_waker(fixture.client, wake_loop, &second, on_finalized) == IPG_OK && first.finalized == 1);
    CHECK(ipg_client_set_waker(NULL, wake_loop, &refused, on_finalized) == IPG_ERR_INVALID_HANDLE);
    CHECK(refused.finalized == 1);
    control(&fixture, SLOW);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, count, NULL, NULL, NULL, NULL), IPG_OK, NULL);
    CHECK(ipg_client_free(fixture.client) == IPG_OK && second.finalized == 1);
    fixture.client = NULL;
    close_loop(&first);
    close_loop(&second);
    close_loop(&refused);
    stop_fixture(&fixture);
}

static void while_a_client_is_suspended_ticks_do_nothing_and_blocking_calls_are_refused(void) {
    struct fixture fixture = start_fixture("");
    int called = 0;
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK(ipg_client_suspend(fixture.client) == IPG_OK && ipg_client_suspend(fixture.client) == IPG_OK);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, count, &called, NULL, &request, NULL), IPG_OK,
               NULL);
    CHECK(ipg_request_wait(request, 10, NULL) == IPG_ERR_BUSY);
    CHECK_CODE(ipg_call(fixture.client, "list_games", NULL, NULL, &json), IPG_ERR_BUSY, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    CHECK_VALUE(json, "/error/retryable", "true");
    ipg_string_free(json);
    CHECK(ipg_client_prewarm(fixture.client, 100, NULL) == IPG_ERR_BUSY);
    CHECK(next_tick(fixture.client) == UINT32_MAX);
    for (int n = 0; n < 20; n++) {
        CHECK(ipg_client_tick(fixture.client, 2000, NULL) == IPG_OK);
    }
    CHECK(ipg_request_poll(request, NULL) == IPG_PENDING && called == 0);
    CHECK(ipg_client_resume(fixture.client) == IPG_OK && ipg_client_resume(fixture.client) == IPG_OK);
    TICK_UNTIL(fixture.client, called);
    CHECK(ipg_request_free(request) == IPG_OK);

    /* Shutting down ends the suspension. */
    CHECK(ipg_client_suspend(fixture.client) == IPG_OK);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, count, &called, NULL, NULL, NULL), IPG_OK, NULL);
    CHECK(ipg_client_shutdown(fixture.client, TIMEOUT_MS) == IPG_OK && called == 2);
    CHECK(ipg_client_suspend(fixture.client) == IPG_ERR_SHUT_DOWN);
    CHECK(ipg_client_resume(fixture.client) == IPG_ERR_SHUT_DOWN);
    stop_fixture(&fixture);
}

static void the_time_of_a_suspension_does_not_count_towards_timeouts(void) {
    /* The thread of the client goes on, so without the suspension this call would time out. */
    struct fixture fixture = start_fixture(", \"io_thread\": true, \"timeout_ms\": 300, \"max_retries\": 0");
    ipg_request *request = NULL;
    control(&fixture, SLOW);
    CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    CHECK(ipg_client_suspend(fixture.client) == IPG_OK);
    sleep_ms(1000);
    CHECK(ipg_request_poll(request, NULL) == IPG_PENDING);
    CHECK(ipg_client_resume(fixture.client) == IPG_OK);
    CHECK(ipg_request_wait(request, TIMEOUT_MS, NULL) == IPG_ERR_TIMEOUT);
    CHECK(ipg_request_free(request) == IPG_OK);
    stop_fixture(&fixture);
}

static void after_a_suspension_no_request_goes_out_on_a_connection_from_before(void) {
    struct fixture fixture = start_fixture("");
    char *json = NULL;
    for (int n = 0; n < 2; n++) {
        CHECK_CODE(ipg_call(fixture.client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    }
    CHECK(ipg_client_suspend(fixture.client) == IPG_OK);
    CHECK(ipg_client_resume(fixture.client) == IPG_OK);
    for (int n = 0; n < 2; n++) {
        CHECK_CODE(ipg_session_start(fixture.client, START_ARGS, NULL), IPG_OK, NULL);
    }
    CHECK_CODE(ipg_sandbox_control(fixture.sandbox, "{\"command\": \"counts\"}", &json), IPG_OK, json);
    CHECK_VALUE(json, "/connections/accepted", "2");
    ipg_string_free(json);
    stop_fixture(&fixture);
}

int main(void) {
    a_loop_that_sleeps_between_ticks_gets_every_callback("", 10);
    a_loop_that_sleeps_between_ticks_gets_every_callback(", \"io_thread\": true", UINT32_MAX);
    a_call_of_another_thread_wakes_a_loop_that_sleeps_without_a_limit();
    canceling_wakes_the_loop_and_the_next_tick_is_due();
    the_finalizer_of_a_waker_runs_when_it_is_replaced_or_its_client_is_freed();
    while_a_client_is_suspended_ticks_do_nothing_and_blocking_calls_are_refused();
    the_time_of_a_suspension_does_not_count_towards_timeouts();
    after_a_suspension_no_request_goes_out_on_a_connection_from_before();
    return check_end();
}
