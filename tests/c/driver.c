/* The I/O driver of a client fails permanently, because the host closed descriptors of the library.
   Every request ends, its callback runs once, later calls are refused, no wait exceeds its limit,
   and nothing is printed. */
#include "fixture.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define MAX_FDS 256

static const char SLOW[] =
    "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"delay_ms\": 60000, \"times\": 0}";

struct end_record {
    int count;
    ipg_code code;
    char outcome[32];
};

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct end_record *end_record = (struct end_record *)user_data;
    char *outcome = NULL;
    (void)request;
    end_record->code = code;
    CHECK(ipg_json_get(json, "/error/outcome", NULL, &outcome, NULL) == IPG_OK);
    snprintf(end_record->outcome, sizeof end_record->outcome, "%s", outcome ? outcome : "");
    ipg_string_free(outcome);
    end_record->count++;
}

/* Finds the descriptors that are event queues. */
static void event_queues(char queues[MAX_FDS]) {
    for (int fd = 0; fd < MAX_FDS; fd++) {
        char path[64], link[PATH_MAX];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, link, sizeof link - 1);
        link[length < 0 ? 0 : length] = '\0';
        queues[fd] = strcmp(link, "anon_inode:[eventpoll]") == 0;
    }
}

struct broken_client {
    ipg_sandbox *sandbox;
    ipg_client *client;
    char queues[MAX_FDS];
};

static struct broken_client broken_client(const char *more) {
    struct broken_client broken_client;
    char *config = NULL, before[MAX_FDS];
    CHECK_CODE(ipg_sandbox_start(NULL, &broken_client.sandbox, &config), IPG_OK, config);
    CHECK(ipg_sandbox_control(broken_client.sandbox, SLOW, NULL) == IPG_OK);
    event_queues(before);
    broken_client.client = client_of(config, more);
    event_queues(broken_client.queues);
    int found = 0;
    for (int fd = 0; fd < MAX_FDS; fd++) {
        broken_client.queues[fd] &= !before[fd];
        found += broken_client.queues[fd];
    }
    CHECK(found > 0);
    ipg_string_free(config);
    return broken_client;
}

/* Replaces the client's event queues with another file, as a host does that closes them and opens
   other files. */
static void break_driver(struct broken_client *broken_client) {
    int null = open("/dev/null", O_RDONLY);
    for (int fd = 0; fd < MAX_FDS; fd++) {
        CHECK(!broken_client->queues[fd] || dup2(null, fd) == fd);
    }
    close(null);
}

static int has_received(struct broken_client *broken_client, const char *count) {
    char *json = NULL, *value = NULL;
    CHECK(ipg_sandbox_control(broken_client->sandbox, "{\"command\": \"counts\"}", &json) == IPG_OK);
    int is_so = ipg_json_get(json, "/requests/by_operation/start_a_game_session", NULL, &value, NULL) == IPG_OK &&
                strcmp(value, count) == 0;
    ipg_string_free(value);
    ipg_string_free(json);
    return is_so;
}

static ipg_request *submit(struct broken_client *broken_client, ipg_callback callback, struct end_record *end_record) {
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_submit(broken_client->client, "start_a_game_session", START_ARGS, NULL, callback, end_record, NULL,
                          &request, &json),
               IPG_OK, json);
    ipg_string_free(json);
    return request;
}

static void check_new_calls_are_refused(struct broken_client *broken_client) {
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_call(broken_client->client, "start_a_game_session", START_ARGS, NULL, &json), IPG_ERR_INTERNAL,
               json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    FREE_STRING(json);
    CHECK_CODE(ipg_submit(broken_client->client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, &json),
               IPG_ERR_INTERNAL, json);
    CHECK(request == NULL);
    FREE_STRING(json);
    CHECK_CODE(ipg_session_watch(broken_client->client, "abc", 1000, NULL, NULL, NULL, &request, &json),
               IPG_ERR_INTERNAL, json);
    CHECK(request == NULL);
    FREE_STRING(json);
}

static void stop_broken_client(struct broken_client *broken_client) {
    CHECK_CODE(ipg_client_free(broken_client->client), IPG_OK, NULL);
    CHECK_CODE(ipg_sandbox_stop(broken_client->sandbox), IPG_OK, NULL);
}

static void submitted_calls_end_once_when_the_io_driver_fails(void) {
    struct broken_client it = broken_client("");
    struct end_record end_record = {0, IPG_OK, ""};
    char *json = NULL;
    ipg_request *polled = submit(&it, NULL, NULL), *told = submit(&it, on_end, &end_record);
    TICK_UNTIL(it.client, has_received(&it, "2"));
    break_driver(&it);
    for (int tick = 0; tick < 5; tick++) {
        ipg_code code = ipg_client_tick(it.client, 500, NULL);
        CHECK(code == IPG_OK || code == IPG_ERR_INTERNAL);
        CHECK(tick < 1 || end_record.count == 1);
    }
    CHECK(end_record.count == 1 && end_record.code == IPG_ERR_INTERNAL && strcmp(end_record.outcome, "unknown") == 0);
    CHECK_CODE(ipg_request_poll(polled, &json), IPG_ERR_INTERNAL, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    FREE_STRING(json);
    long from = now_ms();
    CHECK_CODE(ipg_request_wait(polled, 100, &json), IPG_ERR_INTERNAL, json);
    FREE_STRING(json);
    CHECK(now_ms() - from < TIMEOUT_MS);
    check_new_calls_are_refused(&it);
    ipg_request_free(polled);
    ipg_request_free(told);
    stop_broken_client(&it);
    CHECK(end_record.count == 1);
}

struct blocking {
    struct broken_client *broken_client;
    ipg_code code;
    char outcome[32];
};

static void *call_blocking(void *argument) {
    struct blocking *blocking = (struct blocking *)argument;
    char *json = NULL, *outcome = NULL;
    blocking->code =
        ipg_call(blocking->broken_client->client, "start_a_game_session", START_ARGS, "{\"timeout_ms\": 2000}", &json);
    CHECK(ipg_json_get(json, "/error/outcome", NULL, &outcome, NULL) == IPG_OK);
    snprintf(blocking->outcome, sizeof blocking->outcome, "%s", outcome ? outcome : "");
    ipg_string_free(outcome);
    ipg_string_free(json);
    return NULL;
}

static void waits_and_blocking_calls_end_when_the_io_driver_fails(void) {
    struct broken_client it = broken_client("");
    struct blocking blocking = {&it, IPG_OK, ""};
    pthread_t thread;
    char *json = NULL;
    CHECK(pthread_create(&thread, NULL, call_blocking, &blocking) == 0);
    WAIT_UNTIL(has_received(&it, "1"));
    ipg_request *request = submit(&it, NULL, NULL);
    WAIT_UNTIL(has_received(&it, "2"));
    break_driver(&it);
    long from = now_ms();
    ipg_code code = ipg_request_wait(request, 100, &json);
    CHECK(code == IPG_PENDING || code == IPG_ERR_INTERNAL);
    FREE_STRING(json);
    pthread_join(thread, NULL);
    CHECK(now_ms() - from < TIMEOUT_MS);
    CHECK(blocking.code == IPG_ERR_INTERNAL && strcmp(blocking.outcome, "unknown") == 0);
    CHECK_CODE(ipg_request_wait(request, 100, &json), IPG_ERR_INTERNAL, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    FREE_STRING(json);
    check_new_calls_are_refused(&it);
    ipg_request_free(request);
    stop_broken_client(&it);
}

static void calls_of_a_background_client_end_when_the_io_driver_fails(void) {
    struct broken_client it = broken_client(", \"io_thread\": true");
    struct end_record end_record = {0, IPG_OK, ""};
    char *json = NULL;
    ipg_request *told = submit(&it, on_end, &end_record), *second = NULL;
    WAIT_UNTIL(has_received(&it, "1"));
    break_driver(&it);
    /* Submitting wakes the thread, which finds that the driver has failed, perhaps before the call
       is registered. */
    ipg_code code = ipg_submit(it.client, "list_games", NULL, NULL, NULL, NULL, NULL, &second, &json);
    CHECK(code == IPG_OK || code == IPG_ERR_INTERNAL);
    FREE_STRING(json);
    long from = now_ms();
    while (end_record.count == 0 && now_ms() - from < TIMEOUT_MS) {
        ipg_client_tick(it.client, 500, NULL);
    }
    for (int tick = 0; tick < 3; tick++) {
        ipg_client_tick(it.client, 500, NULL);
    }
    CHECK(end_record.count == 1 && end_record.code == IPG_ERR_INTERNAL && strcmp(end_record.outcome, "unknown") == 0);
    check_new_calls_are_refused(&it);
    ipg_request_free(told);
    if (second) {
        ipg_request_free(second);
    }
    stop_broken_client(&it);
}

int main(void) {
    /* Everything that the library prints goes to this file. */
    FILE *printed = tmpfile();
    int console = dup(2);
    if (!printed || console < 0 || dup2(fileno(printed), 2) < 0) {
        return EXIT_FAILURE;
    }
    submitted_calls_end_once_when_the_io_driver_fails();
    waits_and_blocking_calls_end_when_the_io_driver_fails();
    calls_of_a_background_client_end_when_the_io_driver_fails();
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
