/*
 * Everything a host can do wrong, from eight threads at once: handles that are NULL, freed, of another
 * kind or invented, text that is not there, not UTF-8, too long or plain noise, places that are NULL. The
 * answer must be a code and never a crash. Run it under valgrind too.
 *
 *     misuse [rounds] [seed]
 */
#include "check.h"
#include <iplaygames_sandbox.h>
#include <limits.h>

#define THREADS 8
#define LONG_TEXT (1024 * 1024)

/* The stack that the header says is enough. */
#define STACK ((size_t)256 * 1024)

static unsigned long rounds = 200, seed = 1;
static char *long_text;
static char config[512];
static ipg_sandbox *sandbox;

/* One client that all use while one after the other frees it. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static ipg_client *shared;
/* And one request, of whichever client was the shared one. */
static ipg_request *shared_request;

struct thread {
    pthread_t thread;
    uint64_t random;
    ipg_client *own;
    ipg_client *stale;
    ipg_sandbox *stopped;
    ipg_request *freed;
};

static uint64_t next(struct thread *me) {
    me->random ^= me->random << 13;
    me->random ^= me->random >> 7;
    me->random ^= me->random << 17;
    return me->random;
}

static unsigned below(struct thread *me, unsigned bound) {
    return (unsigned)((next(me) >> 16) % bound);
}

/* A handle that no client has. */
static void *no_client(struct thread *me) {
    switch (below(me, 7)) {
    case 0: return NULL;
    case 1: return me->stale;
    case 2: return me->stopped ? (void *)me->stopped : NULL;
    case 3: return sandbox;                                                /* another kind, alive */
    case 4: return me;                                                     /* a real address */
    case 5: return (void *)(uintptr_t)(next(me) & ~(uint64_t)1);           /* even: never a handle */
    default: return (void *)(uintptr_t)(next(me) | (uint64_t)1 << 63 | 1); /* odd, and too wide */
    }
}

static void *no_sandbox(struct thread *me) {
    switch (below(me, 5)) {
    case 0: return NULL;
    case 1: return me->stopped;
    case 2: return me->own; /* another kind, alive */
    case 3: return me->stale;
    default: return (void *)(uintptr_t)(next(me) & ~(uint64_t)1);
    }
}

static void *no_request(struct thread *me) {
    switch (below(me, 7)) {
    case 0: return NULL;
    case 1: return me->freed;
    case 2: return me->own; /* another kind, alive */
    case 3: return me->stale;
    case 4: return me;
    case 5: return (void *)(uintptr_t)(next(me) & ~(uint64_t)1);
    default: return (void *)(uintptr_t)(next(me) | (uint64_t)1 << 63 | 1);
    }
}

/* Text that is surely refused, wherever text is needed. */
static const char *no_text(struct thread *me) {
    static const char *const bad[] = {NULL, "\xff", "ab\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80", "{\"x\": \"\xfe\"}"};
    return bad[below(me, sizeof bad / sizeof *bad)];
}

/* Any text at all. */
static const char *some_text(struct thread *me, char room[64]) {
    static const char *const texts[] = {"", "{}", "[]", "null", "{", "\"", "{\"a\": {\"b\": [1, 2.50, null]}}", "/a/b/1",
                                        "start_a_game_session", "../..", "%00", "\xe2\x82\xac", "{\"game_id\": 1e999}"};
    switch (below(me, 4)) {
    case 0: return no_text(me);
    case 1: return long_text;
    case 2: {
        unsigned length = below(me, 63);
        for (unsigned n = 0; n < length; n++) {
            room[n] = (char)(1 + below(me, 255));
        }
        room[length] = 0;
        return room;
    }
    default: return texts[below(me, sizeof texts / sizeof *texts)];
    }
}

/* The answer is a code of the list, and the place was written: a document where one is promised. */
static void answered(int line, ipg_code code, char **place, char *before) {
    check_count(strcmp(ipg_code_name(code), "IPG_ERR_UNKNOWN") != 0, __FILE__, line, "a code of the list", NULL);
    check_count(code != IPG_ERR_INTERNAL, __FILE__, line, "no defect", place ? *place : NULL);
    if (place) {
        check_count(*place != NULL && *place != before, __FILE__, line, "a document", NULL);
        ipg_string_free(*place);
    }
}

/* The same of a request, which has no document while it is pending. */
static void told(int line, ipg_code code, char **place, char *before) {
    if (code != IPG_PENDING) {
        answered(line, code, place, before);
    } else if (place) {
        check_count(*place != before, __FILE__, line, "the place was written", NULL);
        ipg_string_free(*place);
    }
}

static void refused(int line, ipg_code code, ipg_code expected, char **place) {
    if (place) {
        char number[16];
        snprintf(number, sizeof number, "%d", (int)expected);
        check_value(__FILE__, line, *place, "/error/code", number);
        check_value(__FILE__, line, *place, "/success", "false");
        ipg_string_free(*place);
    }
    check_count(code == expected, __FILE__, line, ipg_code_name(expected), ipg_code_name(code));
}

/* A place for a document that already holds something, or NULL. */
#define PLACE                                                                                                \
    char here = 0, *json = &here, **place = below(me, 3) ? &json : NULL;                                     \
    (void)here
#define REFUSED(call, expected)                                                                              \
    do {                                                                                                     \
        PLACE;                                                                                               \
        ipg_code code = (call);                                                                              \
        refused(__LINE__, code, expected, place);                                                            \
    } while (0)
#define ANSWERED(call)                                                                                       \
    do {                                                                                                     \
        PLACE;                                                                                               \
        ipg_code code = (call);                                                                              \
        answered(__LINE__, code, place, &here);                                                              \
    } while (0)

#define TOLD(call)                                                                                           \
    do {                                                                                                     \
        PLACE;                                                                                               \
        ipg_code code = (call);                                                                              \
        told(__LINE__, code, place, &here);                                                                  \
    } while (0)

static void on_event(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    CHECK(user_data && request && json && strcmp(ipg_code_name(code), "IPG_ERR_UNKNOWN") != 0);
    CHECK(code != IPG_ERR_INTERNAL);
}

static void on_log(void *user_data, int32_t level, const char *target, const char *message) {
    (void)user_data;
    CHECK(level >= IPG_LOG_ERROR && level <= IPG_LOG_TRACE && target && message);
}

static void wrong_handles(struct thread *me) {
    char room[64];
    REFUSED(ipg_client_stats((ipg_client *)no_client(me), place), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_client_prewarm((ipg_client *)no_client(me), below(me, 2), place), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_session_start((ipg_client *)no_client(me), some_text(me, room), place), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_session_status((ipg_client *)no_client(me), some_text(me, room), place), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_session_end((ipg_client *)no_client(me), some_text(me, room), place), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_call((ipg_client *)no_client(me), some_text(me, room), long_text, NULL, place), IPG_ERR_INVALID_HANDLE);
    ipg_request *request = (ipg_request *)me;
    uint32_t completed = 7;
    REFUSED(ipg_submit((ipg_client *)no_client(me), some_text(me, room), long_text, NULL, below(me, 2) ? on_event : NULL,
                       me, below(me, 2) ? &request : NULL, place), IPG_ERR_INVALID_HANDLE);
    CHECK(request == NULL || request == (ipg_request *)me);
    REFUSED(ipg_session_watch((ipg_client *)no_client(me), some_text(me, room), below(me, 20), on_event, me, &request,
                              place), IPG_ERR_INVALID_HANDLE);
    CHECK(request == NULL);
    CHECK(ipg_client_tick((ipg_client *)no_client(me), below(me, 100), &completed) == IPG_ERR_INVALID_HANDLE);
    CHECK(completed == 0);
    CHECK(ipg_client_shutdown((ipg_client *)no_client(me), UINT32_MAX) == IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_request_poll((ipg_request *)no_request(me), place), IPG_ERR_INVALID_HANDLE);
    REFUSED(ipg_request_wait((ipg_request *)no_request(me), UINT32_MAX, place), IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_request_cancel((ipg_request *)no_request(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_request_free((ipg_request *)no_request(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_free((ipg_client *)no_client(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_set_logger((ipg_client *)no_client(me), on_log, me, (int32_t)below(me, 6)) ==
          IPG_ERR_INVALID_HANDLE);
    if (sandbox) {
        REFUSED(ipg_sandbox_control((ipg_sandbox *)no_sandbox(me), some_text(me, room), place), IPG_ERR_INVALID_HANDLE);
        CHECK(ipg_sandbox_stop((ipg_sandbox *)no_sandbox(me)) == IPG_ERR_INVALID_HANDLE);
    }
}

static void wrong_text(struct thread *me) {
    const char *bad = no_text(me);
    REFUSED(ipg_session_start(me->own, no_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_status(me->own, no_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_end(me->own, no_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_call(me->own, no_text(me), NULL, NULL, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_call(me->own, "get_session_status", bad ? bad : "\xff", NULL, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_call(me->own, "get_session_status", "{}", bad ? bad : "\xff", place), IPG_ERR_INVALID_ARGUMENT);
    ipg_request *request = NULL;
    REFUSED(ipg_submit(me->own, no_text(me), NULL, NULL, on_event, me, &request, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_submit(me->own, "list_games", bad ? bad : "\xff", NULL, on_event, me, NULL, place),
            IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_submit(me->own, "list_games", "{}", bad ? bad : "\xff", NULL, NULL, &request, place),
            IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_submit(me->own, "list_games", NULL, NULL, NULL, me, NULL, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_watch(me->own, no_text(me), 1000, on_event, me, &request, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_session_watch(me->own, "id", below(me, 10), on_event, me, &request, place), IPG_ERR_INVALID_ARGUMENT);
    CHECK(request == NULL);
    REFUSED(ipg_client_new(bad ? bad : "[]", NULL, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_client_new(long_text, NULL, place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_json_quote(NULL, 1 + below(me, 100), place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_json_quote("\xff\xff", 1 + below(me, 2), place), IPG_ERR_INVALID_ARGUMENT);
    REFUSED(ipg_json_quote("x", (size_t)-2 - below(me, 100), place), IPG_ERR_INVALID_ARGUMENT);
    if (sandbox) {
        REFUSED(ipg_sandbox_control(sandbox, no_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    }
    CHECK(ipg_client_set_logger(me->own, on_log, me, INT_MIN) == IPG_ERR_INVALID_ARGUMENT);
}

static void noise(struct thread *me) {
    char room[64], other[64], third[64];
    const char *text = some_text(me, room);
    ANSWERED(ipg_session_start(me->own, some_text(me, room), place));
    ANSWERED(ipg_call(me->own, some_text(me, room), some_text(me, other), some_text(me, third), place));
    ANSWERED(ipg_client_new(some_text(me, room), NULL, place));
    ipg_request *request = NULL;
    ANSWERED(ipg_submit(me->own, some_text(me, room), some_text(me, other), some_text(me, third),
                        below(me, 2) ? on_event : NULL, me, below(me, 2) ? &request : NULL, place));
    if (request) {
        CHECK(ipg_request_free(request) == IPG_OK);
    }
    if (text) {
        ANSWERED(ipg_json_quote(text, (size_t)-1, place));
        ANSWERED(ipg_json_quote(text, below(me, (unsigned)strlen(text) + 1), place));
    }

    int32_t type = 77;
    size_t len = 77;
    char here = 0, *value = &here;
    ipg_code code = ipg_json_get(some_text(me, room), some_text(me, other), below(me, 2) ? &type : NULL, &value,
                                 below(me, 2) ? &len : NULL);
    CHECK(code == IPG_OK || code == IPG_ERR_INVALID_ARGUMENT || code == IPG_ERR_NO_SUCH_FIELD);
    CHECK(type != 77 || len == 77 || code == IPG_OK || value == NULL);
    CHECK((code == IPG_OK) == (value != NULL) && value != &here);
    ipg_string_free(value);
}

static void wrong_frees(struct thread *me) {
    char local[] = "not yours", *text = NULL;
    CHECK_CODE(ipg_json_quote("a text of some length", (size_t)-1, &text), IPG_OK, text);
    ipg_string_free(NULL);
    ipg_string_free(local);
    ipg_string_free((char *)me);
    ipg_string_free(text + 1 + below(me, 20));
    ipg_string_free((char *)(uintptr_t)below(me, 4096));
    CHECK(strcmp(text, "\"a text of some length\"") == 0);
    ipg_string_free(text);
    CHECK(strcmp(local, "not yours") == 0);
}

static void clients_that_go_while_in_use(struct thread *me) {
    pthread_mutex_lock(&shared_lock);
    ipg_client *mine = shared;
    pthread_mutex_unlock(&shared_lock);
    ANSWERED(ipg_client_stats(mine, place));
    ANSWERED(ipg_session_status(mine, "", place));
    CHECK(ipg_client_set_logger(mine, below(me, 2) ? on_log : NULL, me, (int32_t)below(me, 6)) != IPG_ERR_INTERNAL);
    if (below(me, 4) == 0) {
        ANSWERED(ipg_session_status(mine, "no-such-session", place));
    }
    if (below(me, 4) == 0) {
        ipg_client *fresh = NULL;
        CHECK_CODE(ipg_client_new(config, &fresh, NULL), IPG_OK, NULL);
        pthread_mutex_lock(&shared_lock);
        ipg_client *old = shared;
        shared = fresh;
        pthread_mutex_unlock(&shared_lock);
        ipg_code code = ipg_client_free(old);
        CHECK(code == IPG_OK || code == IPG_PENDING);
        CHECK(ipg_client_free(old) == IPG_ERR_INVALID_HANDLE);
        me->stale = old;
    }
}

static void requests_that_go_while_in_use(struct thread *me) {
    pthread_mutex_lock(&shared_lock);
    ipg_client *client = shared;
    ipg_request *request = shared_request;
    pthread_mutex_unlock(&shared_lock);
    uint32_t completed = UINT32_MAX;
    ipg_code code = ipg_client_tick(client, below(me, 2000), below(me, 2) ? &completed : NULL);
    CHECK(code == IPG_OK || (code == IPG_ERR_INVALID_HANDLE && (completed == 0 || completed == UINT32_MAX)));
    TOLD(ipg_request_poll(request, place));
    TOLD(ipg_request_wait(request, below(me, 3), place));
    if (below(me, 3) == 0) {
        CHECK(ipg_request_cancel(request) != IPG_ERR_INTERNAL);
    }
    if (below(me, 3) == 0) {
        ipg_request *fresh = NULL;
        ANSWERED(ipg_submit(client, "list_games", NULL, NULL, on_event, me, NULL, place));
        if (below(me, 2)) {
            ANSWERED(ipg_submit(client, "list_games", NULL, NULL, below(me, 2) ? on_event : NULL, me, &fresh, place));
        } else {
            ANSWERED(ipg_session_watch(client, "no-such-session", 10, below(me, 2) ? on_event : NULL, me, &fresh, place));
        }
        pthread_mutex_lock(&shared_lock);
        ipg_request *old = shared_request;
        shared_request = fresh;
        pthread_mutex_unlock(&shared_lock);
        code = ipg_request_free(old);
        CHECK(code == IPG_OK || code == IPG_PENDING || (!old && code == IPG_ERR_INVALID_HANDLE));
    }
    if (below(me, 10) == 0) {
        code = ipg_client_shutdown(client, below(me, 5));
        CHECK(code == IPG_OK || code == IPG_ERR_SHUT_DOWN || code == IPG_ERR_INVALID_HANDLE);
    }
}

static void *misuse(void *argument) {
    struct thread *me = (struct thread *)argument;
    CHECK_CODE(ipg_client_new(config, &me->own, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_client_new(config, &me->stale, NULL), IPG_OK, NULL);
    CHECK(ipg_client_free(me->stale) == IPG_OK);
    if (sandbox) {
        CHECK_CODE(ipg_sandbox_start(NULL, &me->stopped, NULL), IPG_OK, NULL);
        CHECK(ipg_sandbox_stop(me->stopped) == IPG_OK);
    }
    CHECK_CODE(ipg_submit(me->own, "list_games", NULL, NULL, on_event, me, &me->freed, NULL), IPG_OK, NULL);
    CHECK(ipg_request_free(me->freed) == IPG_OK);
    for (unsigned long round = 0; round < rounds; round++) {
        switch (below(me, 6)) {
        case 0: wrong_handles(me); break;
        case 1: wrong_text(me); break;
        case 2: noise(me); break;
        case 3: wrong_frees(me); break;
        case 4: requests_that_go_while_in_use(me); break;
        default: clients_that_go_while_in_use(me); break;
        }
    }
    CHECK(ipg_client_free(me->own) == IPG_OK);
    return NULL;
}

/* Alone, as its outcome is only certain while nobody else is handed a text. */
static void texts_freed_twice(void) {
    for (int n = 0; n < 100; n++) {
        char *text = NULL, *other = NULL;
        CHECK_CODE(ipg_json_quote("twice", (size_t)-1, &text), IPG_OK, text);
        ipg_string_free(text);
        CHECK_CODE(ipg_json_quote("other", (size_t)-1, &other), IPG_OK, other);
        ipg_string_free(text);
        CHECK(strcmp(other, "\"other\"") == 0);
        ipg_string_free(other);
        ipg_string_free(other);
    }
}

int main(int argc, char **argv) {
    struct thread threads[THREADS];
    pthread_attr_t attributes;
    char *json = NULL;
    if (argc > 1) {
        rounds = strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        seed = strtoul(argv[2], NULL, 10);
    }
    printf("misuse: %d threads, %lu rounds each, seed %lu\n", THREADS, rounds, seed);
    long_text = (char *)malloc(LONG_TEXT + 1);
    if (!long_text) {
        return EXIT_FAILURE;
    }
    memset(long_text, 'x', LONG_TEXT);
    long_text[LONG_TEXT] = 0;

    ipg_code code = ipg_sandbox_start(NULL, &sandbox, &json);
    CHECK(code == IPG_OK || code == IPG_ERR_UNSUPPORTED);
    snprintf(config, sizeof config, "%s", code == IPG_OK ? json : "{\"base_url\": \"http://127.0.0.1:9\", \"max_retries\": 0}");
    DROP(json);
    CHECK_CODE(ipg_client_new(config, &shared, NULL), IPG_OK, NULL);

    texts_freed_twice();
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK) == 0);
    for (int n = 0; n < THREADS; n++) {
        memset(&threads[n], 0, sizeof threads[n]);
        threads[n].random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)n * UINT64_C(0xbf58476d1ce4e5b9);
        CHECK(pthread_create(&threads[n].thread, &attributes, misuse, &threads[n]) == 0);
    }
    for (int n = 0; n < THREADS; n++) {
        pthread_join(threads[n].thread, NULL);
    }
    pthread_attr_destroy(&attributes);

    if (shared_request) {
        CHECK(ipg_request_free(shared_request) == IPG_OK);
    }
    CHECK(ipg_client_free(shared) == IPG_OK);
    if (sandbox) {
        CHECK(ipg_sandbox_stop(sandbox) == IPG_OK);
    }
    free(long_text);
    return check_end();
}
