/* A sandbox with a client, and loops that wait for a condition. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "check.h"
#include <iplaygames_sandbox.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* A limit for a test that hangs. It is far longer than any test takes. */
#define TIMEOUT_MS 60000

static const char START_ARGS[] = "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                                 " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}";

struct fixture {
    ipg_sandbox *sandbox;
    ipg_client *client;
};

static inline long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void sleep_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static inline void control(struct fixture *fixture, const char *command) {
    char *json = NULL;
    CHECK_CODE(ipg_sandbox_control(fixture->sandbox, command, &json), IPG_OK, json);
    ipg_string_free(json);
}

/* Returns a client with the configuration `config` and the members `more`, such as ",
   \"io_thread\": true". */
static inline ipg_client *client_of(const char *config, const char *more) {
    char whole[1024], *json = NULL;
    ipg_client *client = NULL;
    snprintf(whole, sizeof whole, "%.*s%s}", (int)strlen(config) - 1, config, more);
    CHECK_CODE(ipg_client_new(whole, &client, &json), IPG_OK, json);
    ipg_string_free(json);
    return client;
}

static inline struct fixture start_fixture(const char *more) {
    struct fixture fixture = {NULL, NULL};
    char *config = NULL;
    CHECK_CODE(ipg_sandbox_start(NULL, &fixture.sandbox, &config), IPG_OK, config);
    if (config) {
        fixture.client = client_of(config, more);
    }
    ipg_string_free(config);
    return fixture;
}

static inline void stop_fixture(struct fixture *fixture) {
    if (fixture->client) {
        CHECK_CODE(ipg_client_free(fixture->client), IPG_OK, NULL);
    }
    CHECK_CODE(ipg_sandbox_stop(fixture->sandbox), IPG_OK, NULL);
}

/* Ticks until a condition is true. Fails after the time limit. */
#define TICK_UNTIL(tick_client, condition)                                                                             \
    do {                                                                                                               \
        long tick_from = now_ms();                                                                                     \
        int is_true = 0;                                                                                               \
        while (!(is_true = (condition) ? 1 : 0) && now_ms() - tick_from < TIMEOUT_MS) {                                \
            CHECK_CODE(ipg_client_tick(tick_client, 500, NULL), IPG_OK, NULL);                                         \
        }                                                                                                              \
        check_count(is_true, __FILE__, __LINE__, #condition, NULL);                                                    \
    } while (0)

/* Waits until another thread makes a condition true. Fails after the time limit. */
#define WAIT_UNTIL(condition)                                                                                          \
    do {                                                                                                               \
        long wait_from = now_ms();                                                                                     \
        int is_true = 0;                                                                                               \
        while (!(is_true = (condition) ? 1 : 0) && now_ms() - wait_from < TIMEOUT_MS) {                                \
            sleep_ms(1);                                                                                               \
        }                                                                                                              \
        check_count(is_true, __FILE__, __LINE__, #condition, NULL);                                                    \
    } while (0)

#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_SEQ_CST)
#define ADD(place, value) __atomic_add_fetch(&(place), value, __ATOMIC_SEQ_CST)

#endif
