/*
 * Exactly once, whatever happens meanwhile: one thread submits, two tick, four wait for, cancel and free
 * what is in flight, and some callbacks free their own request. Every callback is counted. Then: what no
 * thread is made for, and how long it takes to let go of a thousand calls.
 *
 *     stress [requests] [seed]
 */
#include "scene.h"
#include <dirent.h>

#define TICKERS 2
#define WAITERS 4

static unsigned long total = 40000, seed = 1;

/* ---- exactly once --------------------------------------------------------------------------------- */

enum kind {
    POLLED,      /* no callback */
    KEPT,        /* a callback and a handle, which a waiter frees */
    KEPT_FREES,  /* the same, and the callback frees it */
    LOOSE,       /* a callback and no handle */
    LOOSE_FREES, /* the same, and the callback frees it all the same */
    KINDS
};

struct call {
    enum kind kind;
    ipg_request *request;
    int callbacks;
    int freed; /* ipg_request_free has returned IPG_OK */
    int before; /* how many callbacks had run by then */
    int pending; /* it has returned IPG_PENDING */
};

static ipg_client *client;
static struct call *calls;
static unsigned long submitted, taken; /* how many calls may be taken, and are */
static int tickers_end;

static uint64_t next(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static unsigned below(uint64_t *random, unsigned bound) {
    return (unsigned)((next(random) >> 16) % bound);
}

static uint64_t random_of(unsigned long thread) {
    return (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + thread * UINT64_C(0xbf58476d1ce4e5b9);
}

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct call *call = (struct call *)user_data;
    int loose = call->kind == LOOSE || call->kind == LOOSE_FREES;
    CHECK(ADD(call->callbacks, 1) == 1);
    CHECK(!READ(call->freed));
    CHECK(code != IPG_PENDING && request && json && (loose || request == call->request));
    if (call->kind == KEPT_FREES || call->kind == LOOSE_FREES) {
        ipg_code freed = ipg_request_free(request);
        /* Whoever is first frees it. */
        CHECK(freed == IPG_OK || (!loose && freed == IPG_ERR_INVALID_HANDLE));
    }
}

static void *tick(void *unused) {
    (void)unused;
    while (!READ(tickers_end)) {
        CHECK(ipg_client_tick(client, 2000, NULL) == IPG_OK);
        sched_yield();
    }
    return NULL;
}

static void free_it(struct call *call) {
    ipg_code code = ipg_request_free(call->request);
    if (code == IPG_OK) {
        WRITE(call->freed, 1);
        call->before = READ(call->callbacks);
    } else if (code == IPG_PENDING) {
        call->pending = 1;
    } else {
        CHECK(code == IPG_ERR_INVALID_HANDLE && call->kind == KEPT_FREES);
    }
}

static void treat(struct call *call, uint64_t *random) {
    char *json = NULL;
    ipg_code code;
    switch (below(random, 5)) {
    case 0: break;
    case 1: CHECK(ipg_request_cancel(call->request) != IPG_ERR_INTERNAL); break;
    case 2:
        code = ipg_request_wait(call->request, below(random, 3), &json);
        CHECK((code == IPG_PENDING) == (json == NULL));
        ipg_string_free(json);
        break;
    default:
        code = ipg_request_wait(call->request, HANG_MS, &json);
        CHECK(code == IPG_OK || (code == IPG_ERR_INVALID_HANDLE && call->kind == KEPT_FREES));
        ipg_string_free(json);
        if (call->kind == KEPT && below(random, 2)) {
            /* Its callback is due, and nobody frees it before. */
            SOON(READ(call->callbacks));
        }
        json = NULL;
        CHECK(ipg_request_poll(call->request, &json) == code || call->kind == KEPT_FREES);
        ipg_string_free(json);
    }
    free_it(call);
}

static void *wait_and_free(void *number) {
    uint64_t random = random_of((unsigned long)(uintptr_t)number);
    for (;;) {
        unsigned long mine = ADD(taken, 1) - 1;
        if (mine >= total) {
            return NULL;
        }
        SOON(READ(submitted) > mine);
        if (calls[mine].request) {
            treat(&calls[mine], &random);
        }
    }
}

static void submit_all(void) {
    uint64_t random = random_of(0);
    for (unsigned long n = 0; n < total; n++) {
        struct call *call = &calls[n];
        call->kind = (enum kind)below(&random, KINDS);
        int loose = call->kind == LOOSE || call->kind == LOOSE_FREES;
        long from = now_ms();
        ipg_code code;
        do {
            code = ipg_submit(client, "list_games", NULL, NULL, call->kind == POLLED ? NULL : on_end, call,
                              loose ? NULL : &call->request, NULL);
            if (code == IPG_ERR_BUSY) {
                sleep_ms(1);
            }
        } while (code == IPG_ERR_BUSY && now_ms() - from < HANG_MS);
        CHECK_CODE(code, IPG_OK, NULL);
        WRITE(submitted, n + 1);
    }
}

static void exactly_once_whatever_happens(void) {
    struct scene scene = enter(", \"max_in_flight\": 256, \"max_connections\": 16");
    pthread_t tickers[TICKERS], waiters[WAITERS];
    unsigned long told = 0, owed = 0, forgotten = 0;
    long from = now_ms();
    client = scene.client;
    calls = (struct call *)calloc(total, sizeof *calls);
    if (!calls) {
        exit(EXIT_FAILURE);
    }
    for (int n = 0; n < TICKERS; n++) {
        CHECK(pthread_create(&tickers[n], NULL, tick, NULL) == 0);
    }
    for (int n = 0; n < WAITERS; n++) {
        CHECK(pthread_create(&waiters[n], NULL, wait_and_free, (void *)(uintptr_t)(n + 1)) == 0);
    }
    submit_all();
    for (int n = 0; n < WAITERS; n++) {
        pthread_join(waiters[n], NULL);
    }
    CHECK(ipg_client_shutdown(client, HANG_MS) == IPG_OK);
    WRITE(tickers_end, 1);
    for (int n = 0; n < TICKERS; n++) {
        pthread_join(tickers[n], NULL);
    }
    for (unsigned long n = 0; n < total; n++) {
        struct call *call = &calls[n];
        told += (unsigned long)call->callbacks;
        if (call->kind == POLLED) {
            CHECK(call->callbacks == 0 && call->freed);
        } else if (call->freed) {
            CHECK(call->callbacks == call->before && call->callbacks <= 1);
            forgotten += call->callbacks == 0;
        } else {
            /* Loose, freed by its callback, or freed while that was running. */
            CHECK(call->callbacks == 1);
            owed++;
        }
    }
    char *json = NULL;
    CHECK_CODE(ipg_client_stats(client, &json), IPG_OK, json);
    CHECK_VALUE(json, "/in_flight", "0");
    ipg_string_free(json);
    printf("%lu requests in %ld ms: %lu callbacks, %lu of them owed in any case, %lu forgotten in time\n", total,
           now_ms() - from, told, owed, forgotten);
    free(calls);
    leave(&scene);
}

/* ---- threads -------------------------------------------------------------------------------------- */

static int threads(const char *named) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        char path[300], name[32] = "";
        if (task->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "/proc/self/task/%.250s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file && fgets(name, sizeof name, file)) {
            name[strcspn(name, "\n")] = 0;
            count += !named || strcmp(name, named) == 0;
        }
        if (file) {
            fclose(file);
        }
    }
    if (tasks) {
        closedir(tasks);
    }
    return count;
}

static void no_thread_is_made_without_background_and_one_with_it(void) {
    struct scene scene = enter("");
    int before = threads(NULL);
    if (before == 0) {
        puts("threads: there is no /proc here to count them in");
        leave(&scene);
        return;
    }
    ipg_request *requests[50];
    for (int n = 0; n < 50; n++) {
        requests[n] = NULL;
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, NULL, NULL, &requests[n], NULL), IPG_OK, NULL);
    }
    for (int n = 0; n < 50; n++) {
        TICK_UNTIL(scene.client, ipg_request_poll(requests[n], NULL) == IPG_OK);
        CHECK(threads(NULL) == before);
        CHECK(ipg_request_free(requests[n]) == IPG_OK);
    }
    leave(&scene);

    scene = enter(", \"background\": true");
    SOON(threads("iplaygames-io") == 1);
    int with_it = threads(NULL);
    CHECK_CODE(ipg_call(scene.client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    CHECK(threads(NULL) == with_it);
    CHECK(ipg_client_shutdown(scene.client, 1000) == IPG_OK);
    /* Joined; the system takes its name off its list a moment later. */
    SOON(threads("iplaygames-io") == 0);
    leave(&scene);
}

/* ---- letting go ----------------------------------------------------------------------------------- */

static int ended;

static void count_canceled(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)json;
    CHECK(code == IPG_ERR_CANCELED);
    ended++;
}

static void never(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)code, (void)json;
    CHECK(!"a callback ran that must not");
}

#define MANY 1000

static void letting_go_of_a_thousand_calls(void) {
    const char *slow = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";
    struct scene scene = enter(", \"timeout_ms\": 600000");
    static ipg_request *requests[MANY];
    control(&scene, slow);
    for (int n = 0; n < MANY; n++) {
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, never, NULL, &requests[n], NULL), IPG_OK, NULL);
    }
    for (int n = 0; n < 20; n++) {
        CHECK(ipg_client_tick(scene.client, 2000, NULL) == IPG_OK);
    }
    long from = now_ms();
    CHECK(ipg_client_free(scene.client) == IPG_OK);
    long took = now_ms() - from;
    printf("freeing a client with %d in flight took %ld ms\n", MANY, took);
    CHECK(took < HANG_MS);
    for (int n = 0; n < MANY; n++) {
        CHECK(ipg_request_poll(requests[n], NULL) == IPG_ERR_CANCELED);
        CHECK(ipg_request_free(requests[n]) == IPG_OK);
    }
    scene.client = NULL;
    leave(&scene);

    scene = enter(", \"timeout_ms\": 600000");
    control(&scene, slow);
    for (int n = 0; n < MANY; n++) {
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, count_canceled, NULL, NULL, NULL), IPG_OK, NULL);
    }
    from = now_ms();
    CHECK(ipg_client_shutdown(scene.client, 200) == IPG_OK);
    took = now_ms() - from;
    printf("shutting one down in at most 200 ms took %ld ms\n", took);
    CHECK(took >= 200 && took < HANG_MS && ended == MANY);
    leave(&scene);
}

/* ---- connections that break ------------------------------------------------------------------------ */

static void count_lost(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)request;
    CHECK_CODE(code, IPG_ERR_CONNECTION_LOST, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    ++*(int *)user_data;
}

static void a_connection_that_breaks_ends_each_call_that_was_on_it(void) {
    struct scene scene = enter("");
    int lost = 0;
    control(&scene, "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"drop\": \"after\","
                    " \"delay_ms\": 20, \"times\": 0}");
    for (int n = 0; n < 20; n++) {
        CHECK_CODE(ipg_submit(scene.client, "start_a_game_session", GOOD, NULL, count_lost, &lost, NULL, NULL), IPG_OK,
                   NULL);
    }
    TICK_UNTIL(scene.client, lost == 20);
    leave(&scene);

    /* And when the whole server goes. */
    scene = enter(", \"max_retries\": 0");
    control(&scene, "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}");
    ipg_request *requests[10];
    for (int n = 0; n < 10; n++) {
        requests[n] = NULL;
        CHECK_CODE(ipg_submit(scene.client, "list_games", NULL, NULL, NULL, NULL, &requests[n], NULL), IPG_OK, NULL);
    }
    for (int n = 0; n < 20; n++) {
        CHECK(ipg_client_tick(scene.client, 2000, NULL) == IPG_OK);
    }
    CHECK(ipg_sandbox_stop(scene.sandbox) == IPG_OK);
    for (int n = 0; n < 10; n++) {
        ipg_code code = ipg_request_wait(requests[n], HANG_MS, NULL);
        CHECK(code == IPG_ERR_CONNECTION_LOST || code == IPG_ERR_CONNECT);
        CHECK(ipg_request_free(requests[n]) == IPG_OK);
    }
    CHECK(ipg_client_free(scene.client) == IPG_OK);
}

int main(int argc, char **argv) {
    total = argc > 1 ? strtoul(argv[1], NULL, 10) : total;
    seed = argc > 2 ? strtoul(argv[2], NULL, 10) : seed;
    printf("stress: %lu requests, seed %lu\n", total, seed);
    exactly_once_whatever_happens();
    no_thread_is_made_without_background_and_one_with_it();
    letting_go_of_a_thousand_calls();
    a_connection_that_breaks_ends_each_call_that_was_on_it();
    return check_end();
}
