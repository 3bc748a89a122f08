/* The I/O of a client fails for good, because the host has closed descriptors that are not its own: every request
   ends, its callback runs once, later calls are refused, no wait is longer than its limit, nothing is printed. */
#include "scene.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define MOST_FDS 256

static const char SLOW[] = "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"delay_ms\": 60000, \"times\": 0}";

struct ends {
    int count;
    ipg_code code;
    char outcome[32];
};

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct ends *ends = (struct ends *)user_data;
    char *outcome = NULL;
    (void)request;
    ends->code = code;
    CHECK(ipg_json_get(json, "/error/outcome", NULL, &outcome, NULL) == IPG_OK);
    snprintf(ends->outcome, sizeof ends->outcome, "%s", outcome ? outcome : "");
    ipg_string_free(outcome);
    ends->count++;
}

/* Which descriptors are event queues. */
static void event_queues(char queues[MOST_FDS]) {
    for (int fd = 0; fd < MOST_FDS; fd++) {
        char path[64], link[PATH_MAX];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, link, sizeof link - 1);
        link[length < 0 ? 0 : length] = '\0';
        queues[fd] = strcmp(link, "anon_inode:[eventpoll]") == 0;
    }
}

struct victim {
    ipg_sandbox *sandbox;
    ipg_client *client;
    char queues[MOST_FDS];
};

static struct victim victim(const char *more) {
    struct victim victim;
    char *config = NULL, before[MOST_FDS];
    CHECK_CODE(ipg_sandbox_start(NULL, &victim.sandbox, &config), IPG_OK, config);
    CHECK(ipg_sandbox_control(victim.sandbox, SLOW, NULL) == IPG_OK);
    event_queues(before);
    victim.client = client_of(config, more);
    event_queues(victim.queues);
    int found = 0;
    for (int fd = 0; fd < MOST_FDS; fd++) {
        victim.queues[fd] &= !before[fd];
        found += victim.queues[fd];
    }
    CHECK(found > 0);
    ipg_string_free(config);
    return victim;
}

/* Puts another file where the client's event queues were, as a host that closes them and opens files afterwards. */
static void break_driver(struct victim *victim) {
    int null = open("/dev/null", O_RDONLY);
    for (int fd = 0; fd < MOST_FDS; fd++) {
        CHECK(!victim->queues[fd] || dup2(null, fd) == fd);
    }
    close(null);
}

static int arrived(struct victim *victim, const char *count) {
    char *json = NULL, *value = NULL;
    CHECK(ipg_sandbox_control(victim->sandbox, "{\"command\": \"counts\"}", &json) == IPG_OK);
    int is_so = ipg_json_get(json, "/requests/by_operation/start_a_game_session", NULL, &value, NULL) == IPG_OK &&
                strcmp(value, count) == 0;
    ipg_string_free(value);
    ipg_string_free(json);
    return is_so;
}

static ipg_request *submit(struct victim *victim, ipg_callback callback, struct ends *ends) {
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit(victim->client, "start_a_game_session", GOOD, NULL, callback, ends, &request, &json), IPG_OK, json);
    ipg_string_free(json);
    return request;
}

static void check_refuses(struct victim *victim) {
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_call(victim->client, "start_a_game_session", GOOD, NULL, &json), IPG_ERR_INTERNAL, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    DROP(json);
    CHECK_CODE(ipg_submit(victim->client, "list_games", NULL, NULL, NULL, NULL, &request, &json), IPG_ERR_INTERNAL, json);
    CHECK(request == NULL);
    DROP(json);
    CHECK_CODE(ipg_session_watch(victim->client, "abc", 1000, NULL, NULL, &request, &json),
               IPG_ERR_INTERNAL, json);
    CHECK(request == NULL);
    DROP(json);
}

static void leave_victim(struct victim *victim) {
    CHECK_CODE(ipg_client_free(victim->client), IPG_OK, NULL);
    CHECK_CODE(ipg_sandbox_stop(victim->sandbox), IPG_OK, NULL);
}

static void submitted_calls_end_once(void) {
    struct victim it = victim("");
    struct ends ends = {0, IPG_OK, ""};
    char *json = NULL;
    ipg_request *polled = submit(&it, NULL, NULL), *told = submit(&it, on_end, &ends);
    TICK_UNTIL(it.client, arrived(&it, "2"));
    break_driver(&it);
    for (int tick = 0; tick < 5; tick++) {
        ipg_code code = ipg_client_tick(it.client, 500, NULL);
        CHECK(code == IPG_OK || code == IPG_ERR_INTERNAL);
        CHECK(tick < 1 || ends.count == 1);
    }
    CHECK(ends.count == 1 && ends.code == IPG_ERR_INTERNAL && strcmp(ends.outcome, "unknown") == 0);
    CHECK_CODE(ipg_request_poll(polled, &json), IPG_ERR_INTERNAL, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    DROP(json);
    long from = now_ms();
    CHECK_CODE(ipg_request_wait(polled, 100, &json), IPG_ERR_INTERNAL, json);
    DROP(json);
    CHECK(now_ms() - from < HANG_MS);
    check_refuses(&it);
    ipg_request_free(polled);
    ipg_request_free(told);
    leave_victim(&it);
    CHECK(ends.count == 1);
}

struct blocking {
    struct victim *victim;
    ipg_code code;
    char outcome[32];
};

static void *block(void *argument) {
    struct blocking *blocking = (struct blocking *)argument;
    char *json = NULL, *outcome = NULL;
    blocking->code = ipg_call(blocking->victim->client, "start_a_game_session", GOOD, "{\"timeout_ms\": 2000}", &json);
    CHECK(ipg_json_get(json, "/error/outcome", NULL, &outcome, NULL) == IPG_OK);
    snprintf(blocking->outcome, sizeof blocking->outcome, "%s", outcome ? outcome : "");
    ipg_string_free(outcome);
    ipg_string_free(json);
    return NULL;
}

static void waits_and_blocking_calls_end(void) {
    struct victim it = victim("");
    struct blocking blocking = {&it, IPG_OK, ""};
    pthread_t thread;
    char *json = NULL;
    CHECK(pthread_create(&thread, NULL, block, &blocking) == 0);
    SOON(arrived(&it, "1"));
    ipg_request *request = submit(&it, NULL, NULL);
    SOON(arrived(&it, "2"));
    break_driver(&it);
    long from = now_ms();
    ipg_code code = ipg_request_wait(request, 100, &json);
    CHECK(code == IPG_PENDING || code == IPG_ERR_INTERNAL);
    DROP(json);
    pthread_join(thread, NULL);
    CHECK(now_ms() - from < HANG_MS);
    CHECK(blocking.code == IPG_ERR_INTERNAL && strcmp(blocking.outcome, "unknown") == 0);
    CHECK_CODE(ipg_request_wait(request, 100, &json), IPG_ERR_INTERNAL, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    DROP(json);
    check_refuses(&it);
    ipg_request_free(request);
    leave_victim(&it);
}

static void calls_of_a_background_client_end(void) {
    struct victim it = victim(", \"background\": true");
    struct ends ends = {0, IPG_OK, ""};
    char *json = NULL;
    ipg_request *told = submit(&it, on_end, &ends), *second = NULL;
    SOON(arrived(&it, "1"));
    break_driver(&it);
    /* It wakes the thread, which finds the driver gone; perhaps before it is submitted. */
    ipg_code code = ipg_submit(it.client, "list_games", NULL, NULL, NULL, NULL, &second, &json);
    CHECK(code == IPG_OK || code == IPG_ERR_INTERNAL);
    DROP(json);
    long from = now_ms();
    while (ends.count == 0 && now_ms() - from < HANG_MS) {
        ipg_client_tick(it.client, 500, NULL);
    }
    for (int tick = 0; tick < 3; tick++) {
        ipg_client_tick(it.client, 500, NULL);
    }
    CHECK(ends.count == 1 && ends.code == IPG_ERR_INTERNAL && strcmp(ends.outcome, "unknown") == 0);
    check_refuses(&it);
    ipg_request_free(told);
    if (second) {
        ipg_request_free(second);
    }
    leave_victim(&it);
}

int main(void) {
    /* What the library prints would stand in this file. */
    FILE *printed = tmpfile();
    int console = dup(2);
    if (!printed || console < 0 || dup2(fileno(printed), 2) < 0) {
        return EXIT_FAILURE;
    }
    submitted_calls_end_once();
    waits_and_blocking_calls_end();
    calls_of_a_background_client_end();
    fflush(stderr);
    dup2(console, 2);
    char line[512];
    rewind(printed);
    int is_silent = 1;
    while (fgets(line, sizeof line, printed)) {
        fputs(line, stderr);
        is_silent = 0;
    }
    CHECK(is_silent);
    return check_end();
}
