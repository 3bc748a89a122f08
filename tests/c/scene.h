/* A sandbox and a client of it, and ticking until something holds. */
#ifndef SCENE_H
#define SCENE_H


#include "check.h"
#include <iplaygames_sandbox.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* A guard against hanging, not a measure: far longer than anything here takes. */
#define HANG_MS 60000

static const char GOOD[] = "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                           " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}";

struct scene {
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

static inline void control(struct scene *scene, const char *command) {
    char *json = NULL;
    CHECK_CODE(ipg_sandbox_control(scene->sandbox, command, &json), IPG_OK, json);
    ipg_string_free(json);
}

/* A client of a sandbox whose configuration is `config`, with `more` at its end, such as ", \"background\": true". */
static inline ipg_client *client_of(const char *config, const char *more) {
    char whole[1024], *json = NULL;
    ipg_client *client = NULL;
    snprintf(whole, sizeof whole, "%.*s%s}", (int)strlen(config) - 1, config, more);
    CHECK_CODE(ipg_client_new(whole, &client, &json), IPG_OK, json);
    ipg_string_free(json);
    return client;
}

static inline struct scene enter(const char *more) {
    struct scene scene = {NULL, NULL};
    char *config = NULL;
    CHECK_CODE(ipg_sandbox_start(NULL, &scene.sandbox, &config), IPG_OK, config);
    if (config) {
        scene.client = client_of(config, more);
    }
    ipg_string_free(config);
    return scene;
}

static inline void leave(struct scene *scene) {
    if (scene->client) {
        CHECK_CODE(ipg_client_free(scene->client), IPG_OK, NULL);
    }
    CHECK_CODE(ipg_sandbox_stop(scene->sandbox), IPG_OK, NULL);
}

/* Ticks until something holds, or fails. */
#define TICK_UNTIL(the_client, holds)                                                                        \
    do {                                                                                                     \
        long tick_from = now_ms();                                                                           \
        int it_holds = 0;                                                                                    \
        while (!(it_holds = (holds) ? 1 : 0) && now_ms() - tick_from < HANG_MS) {                            \
            CHECK_CODE(ipg_client_tick(the_client, 500, NULL), IPG_OK, NULL);                                \
        }                                                                                                    \
        check_count(it_holds, __FILE__, __LINE__, #holds, NULL);                                             \
    } while (0)

/* Waits until something holds that another thread does. */
#define SOON(holds)                                                                                          \
    do {                                                                                                     \
        long soon_from = now_ms();                                                                           \
        int it_holds = 0;                                                                                    \
        while (!(it_holds = (holds) ? 1 : 0) && now_ms() - soon_from < HANG_MS) {                            \
            sleep_ms(1);                                                                                     \
        }                                                                                                    \
        check_count(it_holds, __FILE__, __LINE__, #holds, NULL);                                             \
    } while (0)

#define READ(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define WRITE(place, value) __atomic_store_n(&(place), value, __ATOMIC_SEQ_CST)
#define ADD(place, value) __atomic_add_fetch(&(place), value, __ATOMIC_SEQ_CST)

#endif
