/*
 * Every callback runs exactly once, while one thread submits, two threads tick, four threads wait
 * for, cancel and free the requests, and some callbacks free their own request. Other tests count
 * the threads of a client, and measure how long it takes to free a client with a thousand calls.
 *
 *     stress [requests] [seed]
 */
#include "platform.h"

#include "fixture.h"
#ifdef _WIN32
#  include <tlhelp32.h>
#else
#  include <dirent.h>
#endif

#define TICKERS 2
#define WAITERS 4

static unsigned long total = 40000, seed = 1;

/* ---- exactly once
   --------------------------------------------------------------------------------- */

enum kind {
    POLLED,         /* no callback */
    KEPT,           /* a callback and a handle, which a waiter frees */
    KEPT_FREES,     /* the same, and the callback frees the request */
    DETACHED,       /* a callback and no handle */
    DETACHED_FREES, /* the same, and the callback frees the request */
    KINDS
};

struct call {
    enum kind kind;
    ipg_request *request;
    int callbacks;
    int freed;     /* ipg_request_free has returned IPG_OK */
    int running;   /* the callback runs */
    int finalized; /* how often the finalizer has run */
};

static ipg_client *client;
static struct call *calls;
static unsigned long submitted, taken; /* the number of calls that a waiter may take, and that were taken */
static int tickers_must_end;

static uint64_t next(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static unsigned random_below(uint64_t *random, unsigned bound) {
    return (unsigned)((next(random) >> 16) % bound);
}

static uint64_t random_of(unsigned long thread) {
    return (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + thread * UINT64_C(0xbf58476d1ce4e5b9);
}

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct call *call = (struct call *)user_data;
    int is_detached = call->kind == DETACHED || call->kind == DETACHED_FREES;
    CHECK(ADD(call->callbacks, 1) == 1);
    STORE(call->running, 1);
    CHECK(!LOAD(call->finalized));
    CHECK(code != IPG_PENDING && request && json && (is_detached || request == call->request));
    if (call->kind == KEPT_FREES || call->kind == DETACHED_FREES) {
        ipg_code freed = ipg_request_free(request);
        /* The first caller frees the request. */
        CHECK(freed == IPG_OK || (!is_detached && freed == IPG_ERR_INVALID_HANDLE));
    }
    CHECK(!LOAD(call->finalized));
    STORE(call->running, 0);
}

static void on_finalized(void *user_data) {
    struct call *call = (struct call *)user_data;
    CHECK(ADD(call->finalized, 1) == 1);
    CHECK(!LOAD(call->running));
}

static void *tick(void *unused) {
    (void)unused;
    while (!LOAD(tickers_must_end)) {
        CHECK(ipg_client_tick(client, 2000, NULL) == IPG_OK);
        sched_yield();
    }
    return NULL;
}

static void free_call(struct call *call) {
    ipg_code code = ipg_request_free(call->request);
    if (code == IPG_OK) {
        STORE(call->freed, 1);
    } else {
        CHECK(code == IPG_ERR_INVALID_HANDLE && call->kind == KEPT_FREES);
    }
}

static void use_and_free(struct call *call, uint64_t *random) {
    char *json = NULL;
    ipg_code code;
    switch (random_below(random, 5)) {
    case 0: break;
    case 1: CHECK(ipg_request_cancel(call->request) != IPG_ERR_INTERNAL); break;
    case 2:
        code = ipg_request_wait(call->request, random_below(random, 3), &json);
        CHECK((code == IPG_PENDING) == (json == NULL));
        ipg_string_free(json);
        break;
    default:
        code = ipg_request_wait(call->request, TIMEOUT_MS, &json);
        CHECK(code == IPG_OK || (code == IPG_ERR_INVALID_HANDLE && call->kind == KEPT_FREES));
        ipg_string_free(json);
        if (call->kind == KEPT && random_below(random, 2)) {
            /* The callback is due, and no thread frees the request before. */
            WAIT_UNTIL(LOAD(call->callbacks));
        }
        json = NULL;
        CHECK(ipg_request_poll(call->request, &json) == code || call->kind == KEPT_FREES);
        ipg_string_free(json);
    }
    free_call(call);
}

static void *wait_and_free(void *number) {
    uint64_t random = random_of((unsigned long)(uintptr_t)number);
    for (;;) {
        unsigned long mine = ADD(taken, 1) - 1;
        if (mine >= total) {
            return NULL;
        }
        WAIT_UNTIL(LOAD(submitted) > mine);
        if (calls[mine].request) {
            use_and_free(&calls[mine], &random);
        }
    }
}

static void submit_all(void) {
    uint64_t random = random_of(0);
    for (unsigned long n = 0; n < total; n++) {
        struct call *call = &calls[n];
        call->kind = (enum kind)random_below(&random, KINDS);
        int is_detached = call->kind == DETACHED || call->kind == DETACHED_FREES;
        long from = now_ms();
        ipg_code code;
        do {
            code = ipg_submit(client, "list_games", NULL, NULL, call->kind == POLLED ? NULL : on_end, call,
                              on_finalized, is_detached ? NULL : &call->request, NULL);
            if (code == IPG_ERR_BUSY) {
                CHECK(call->finalized == 1);
                call->finalized = 0;
                sleep_ms(1);
            }
        } while (code == IPG_ERR_BUSY && now_ms() - from < TIMEOUT_MS);
        CHECK_CODE(code, IPG_OK, NULL);
        STORE(submitted, n + 1);
    }
}

static void every_callback_runs_once_unless_its_request_is_freed_before_and_every_finalizer_runs_once(void) {
    struct fixture fixture = start_fixture(", \"max_in_flight\": 256, \"max_connections\": 16");
    pthread_t tickers[TICKERS], waiters[WAITERS];
    unsigned long told = 0, owed = 0, forgotten = 0;
    long from = now_ms();
    client = fixture.client;
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
    CHECK(ipg_client_shutdown(client, TIMEOUT_MS) == IPG_OK);
    STORE(tickers_must_end, 1);
    for (int n = 0; n < TICKERS; n++) {
        pthread_join(tickers[n], NULL);
    }
    for (unsigned long n = 0; n < total; n++) {
        struct call *call = &calls[n];
        told += (unsigned long)call->callbacks;
        CHECK(call->finalized == 1);
        if (call->kind == POLLED) {
            CHECK(call->callbacks == 0 && call->freed);
        } else if (call->freed) {
            CHECK(call->callbacks <= 1);
            forgotten += call->callbacks == 0;
        } else {
            /* Detached, or freed by its callback. */
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
    stop_fixture(&fixture);
}

/* ---- threads
   -------------------------------------------------------------------------------------- */

/* Returns the number of threads of this process, or of those with a name. */
#ifdef _WIN32
/* mingw's headers lack GetThreadDescription. */
typedef HRESULT(WINAPI *get_description)(HANDLE, PWSTR *);

static int has_name(DWORD id, const char *named) {
    get_description get =
        (get_description)(void (*)(void))GetProcAddress(GetModuleHandleA("kernel32.dll"), "GetThreadDescription");
    HANDLE thread = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, id);
    PWSTR name = NULL;
    int is_same = 0;
    if (thread && get && get(thread, &name) >= 0) {
        char text[64] = "";
        WideCharToMultiByte(CP_UTF8, 0, name, -1, text, sizeof text, NULL, NULL);
        is_same = strcmp(text, named) == 0;
        LocalFree(name);
    }
    if (thread) {
        CloseHandle(thread);
    }
    return is_same;
}

static int threads(const char *named) {
    int count = 0;
    THREADENTRY32 entry;
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    entry.dwSize = sizeof entry;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry)) {
        if (entry.th32OwnerProcessID == GetCurrentProcessId()) {
            count += !named || has_name(entry.th32ThreadID, named);
        }
    }
    CloseHandle(snapshot);
    return count;
}
#else
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
#endif

static void a_client_has_no_thread_without_background_and_one_with_it(void) {
    struct fixture fixture = start_fixture("");
    int before = threads(NULL);
    if (before == 0) {
        puts("threads: there is no /proc here to count them in");
        stop_fixture(&fixture);
        return;
    }
    ipg_request *requests[50];
    for (int n = 0; n < 50; n++) {
        requests[n] = NULL;
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, NULL, NULL, NULL, &requests[n], NULL), IPG_OK,
                   NULL);
    }
    for (int n = 0; n < 50; n++) {
        TICK_UNTIL(fixture.client, ipg_request_poll(requests[n], NULL) == IPG_OK);
        CHECK(threads(NULL) == before);
        CHECK(ipg_request_free(requests[n]) == IPG_OK);
    }
    stop_fixture(&fixture);

    fixture = start_fixture(", \"io_thread\": true");
    WAIT_UNTIL(threads("iplaygames-io") == 1);
    int with_it = threads(NULL);
    CHECK_CODE(ipg_call(fixture.client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    CHECK(threads(NULL) == with_it);
    CHECK(ipg_client_shutdown(fixture.client, 1000) == IPG_OK);
    /* The thread is joined. The system removes its name a moment later. */
    WAIT_UNTIL(threads("iplaygames-io") == 0);
    stop_fixture(&fixture);
}

/* ---- freeing
   -------------------------------------------------------------------------------------- */

static int ended;

static void count_canceled(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)json;
    CHECK(code == IPG_ERR_CANCELED);
    ended++;
}

static void must_not_run(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)code, (void)json;
    CHECK(!"a callback ran that must not");
}

#define MANY 1000

static void freeing_a_client_with_a_thousand_calls_cancels_each_once(void) {
    const char *slow = "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}";
    struct fixture fixture = start_fixture(", \"timeout_ms\": 600000");
    static ipg_request *requests[MANY];
    control(&fixture, slow);
    for (int n = 0; n < MANY; n++) {
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, must_not_run, NULL, NULL, &requests[n], NULL),
                   IPG_OK, NULL);
    }
    for (int n = 0; n < 20; n++) {
        CHECK(ipg_client_tick(fixture.client, 2000, NULL) == IPG_OK);
    }
    long from = now_ms();
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
    long took = now_ms() - from;
    printf("freeing a client with %d in flight took %ld ms\n", MANY, took);
    CHECK(took < TIMEOUT_MS);
    for (int n = 0; n < MANY; n++) {
        CHECK(ipg_request_poll(requests[n], NULL) == IPG_ERR_CANCELED);
        CHECK(ipg_request_free(requests[n]) == IPG_OK);
    }
    fixture.client = NULL;
    stop_fixture(&fixture);

    fixture = start_fixture(", \"timeout_ms\": 600000");
    control(&fixture, slow);
    for (int n = 0; n < MANY; n++) {
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, count_canceled, NULL, NULL, NULL, NULL), IPG_OK,
                   NULL);
    }
    from = now_ms();
    CHECK(ipg_client_shutdown(fixture.client, 200) == IPG_OK);
    took = now_ms() - from;
    printf("shutting one down in at most 200 ms took %ld ms\n", took);
    CHECK(took >= 200 && took < TIMEOUT_MS && ended == MANY);
    stop_fixture(&fixture);
}

/* ---- lost connections
   ------------------------------------------------------------------------------ */

static void count_lost(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)request;
    CHECK_CODE(code, IPG_ERR_CONNECTION_LOST, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    ++*(int *)user_data;
}

static void a_lost_connection_ends_each_call_that_was_on_it(void) {
    struct fixture fixture = start_fixture("");
    int lost = 0;
    control(&fixture, "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"drop\": \"after\","
                      " \"delay_ms\": 20, \"times\": 0}");
    for (int n = 0; n < 20; n++) {
        CHECK_CODE(
            ipg_submit(fixture.client, "start_a_game_session", START_ARGS, NULL, count_lost, &lost, NULL, NULL, NULL),
            IPG_OK, NULL);
    }
    TICK_UNTIL(fixture.client, lost == 20);
    stop_fixture(&fixture);

    /* The server stops. */
    fixture = start_fixture(", \"max_retries\": 0");
    control(&fixture, "{\"command\": \"fault\", \"operation\": \"list_games\", \"delay_ms\": 60000, \"times\": 0}");
    ipg_request *requests[10];
    for (int n = 0; n < 10; n++) {
        requests[n] = NULL;
        CHECK_CODE(ipg_submit(fixture.client, "list_games", NULL, NULL, NULL, NULL, NULL, &requests[n], NULL), IPG_OK,
                   NULL);
    }
    for (int n = 0; n < 20; n++) {
        CHECK(ipg_client_tick(fixture.client, 2000, NULL) == IPG_OK);
    }
    CHECK(ipg_sandbox_stop(fixture.sandbox) == IPG_OK);
    for (int n = 0; n < 10; n++) {
        ipg_code code = ipg_request_wait(requests[n], TIMEOUT_MS, NULL);
        CHECK(code == IPG_ERR_CONNECTION_LOST || code == IPG_ERR_CONNECT);
        CHECK(ipg_request_free(requests[n]) == IPG_OK);
    }
    CHECK(ipg_client_free(fixture.client) == IPG_OK);
}

int main(int argc, char **argv) {
    total = argc > 1 ? strtoul(argv[1], NULL, 10) : total;
    seed = argc > 2 ? strtoul(argv[2], NULL, 10) : seed;
    printf("stress: %lu requests, seed %lu\n", total, seed);
    every_callback_runs_once_unless_its_request_is_freed_before_and_every_finalizer_runs_once();
    a_client_has_no_thread_without_background_and_one_with_it();
    freeing_a_client_with_a_thousand_calls_cancels_each_once();
    a_lost_connection_ends_each_call_that_was_on_it();
    return check_end();
}
