/* A loop that sleeps until the client needs a tick: the waker, the time of the next tick, and
   suspending. On Linux the loop is an epoll set with an eventfd and a timerfd, as servers have it;
   elsewhere it is poll(), or an event on Windows (platform.h). A loop with libuv has the same
   shape. */
#include "platform.h"

#include "fixture.h"
#ifdef __linux__
#  include <sys/epoll.h>
#  include <sys/eventfd.h>
#  include <sys/timerfd.h>
#endif

static const char SLOW[] = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";

#ifdef __linux__

/* The waker writes to `event`. `timer` expires when the next tick is due. */
struct loop {
    int set, event, timer;
    int wakes, finalized;
};

static struct loop open_loop(void) {
    struct loop loop = {-1, -1, -1, 0, 0};
    int *descriptors[] = {&loop.event, &loop.timer};
    loop.set = epoll_create1(EPOLL_CLOEXEC);
    loop.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    for (int n = 0; n < 2; n++) {
        struct epoll_event entry;
        memset(&entry, 0, sizeof entry);
        entry.events = EPOLLIN;
        entry.data.fd = *descriptors[n];
        if (epoll_ctl(loop.set, EPOLL_CTL_ADD, *descriptors[n], &entry) != 0) {
            exit(EXIT_FAILURE);
        }
    }
    return loop;
}

static void close_loop(struct loop *loop) {
    close(loop->event);
    close(loop->timer);
    close(loop->set);
}

/* The waker. Any thread may call it. */
static void wake_loop(void *user_data) {
    struct loop *loop = (struct loop *)user_data;
    const uint64_t one = 1;
    CHECK(!LOAD(loop->finalized));
    ADD(loop->wakes, 1);
    CHECK(write(loop->event, &one, sizeof one) == sizeof one);
}

/* Sleeps until the waker is called, for at most the given time. Returns whether it was called. */
static int sleep_until_woken(struct loop *loop, uint32_t ms) {
    struct epoll_event ready[2];
    struct itimerspec due;
    int woken = 0, count;
    memset(&due, 0, sizeof due);
    if (ms != UINT32_MAX) {
        /* Zero would stop the timer, as UINT32_MAX does here. */
        due.it_value.tv_sec = ms / 1000;
        due.it_value.tv_nsec = ms ? (long)(ms % 1000) * 1000000 : 1;
    }
    CHECK(timerfd_settime(loop->timer, 0, &due, NULL) == 0);
    /* A server waits without a limit. */
    count = epoll_wait(loop->set, ready, 2, TIMEOUT_MS);
    for (int n = 0; n < count; n++) {
        uint64_t times;
        CHECK(read(ready[n].data.fd, &times, sizeof times) == sizeof times && times > 0);
        woken |= ready[n].data.fd == loop->event;
    }
    return woken;
}

#else

struct loop {
    struct wakeup wakeup;
    int wakes, finalized;
};

static struct loop open_loop(void) {
    struct loop loop;
    memset(&loop, 0, sizeof loop);
    if (!open_wakeup(&loop.wakeup)) {
        exit(EXIT_FAILURE);
    }
    return loop;
}

static void close_loop(struct loop *loop) {
    close_wakeup(&loop->wakeup);
}

/* The waker. */
static void wake_loop(void *user_data) {
    struct loop *loop = (struct loop *)user_data;
    CHECK(!LOAD(loop->finalized));
    ADD(loop->wakes, 1);
    wake(&loop->wakeup);
}

/* Sleeps until the waker is called, for at most the given time. Returns whether it was called. */
static int sleep_until_woken(struct loop *loop, uint32_t ms) {
    return sleep_until_wakeup(&loop->wakeup, ms > TIMEOUT_MS ? TIMEOUT_MS : ms);
}

#endif

static void on_finalized(void *user_data) {
    ADD(((struct loop *)user_data)->finalized, 1);
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
