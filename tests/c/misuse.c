/*
 * Misuse of the interface from eight threads at once: handles that are NULL, freed, of another kind
 * or random; strings that are NULL, not UTF-8, very long or random; out-parameters that are NULL.
 * Every call must return a code and never crash. Run this test under valgrind, too.
 *
 *     misuse [rounds] [seed]
 */
#include "check.h"
#include <iplaygames_sandbox.h>
#include <limits.h>

#define THREADS 8
#define LONG_TEXT (1024 * 1024)

/* The stack size that the header requires. */
#define STACK ((size_t)256 * 1024)

static unsigned long rounds = 200, seed = 1;
static char *long_text;
static char config[512];
static ipg_sandbox *sandbox;

/* A client that all threads use while some of them free and replace it. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static ipg_client *shared;
/* A request of a client that was the shared one. */
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

static unsigned random_below(struct thread *me, unsigned bound) {
    return (unsigned)((next(me) >> 16) % bound);
}

/* Returns a value that is not the handle of a client. */
static void *invalid_client(struct thread *me) {
    switch (random_below(me, 7)) {
    case 0: return NULL;
    case 1: return me->stale;
    case 2: return me->stopped ? (void *)me->stopped : NULL;
    case 3: return sandbox;                                                /* a live handle of another kind */
    case 4: return me;                                                     /* a valid address */
    case 5: return (void *)(uintptr_t)(next(me) & ~(uint64_t)1);           /* even: never a handle */
    default: return (void *)(uintptr_t)(next(me) | (uint64_t)1 << 63 | 1); /* odd, and too wide */
    }
}

static void *invalid_sandbox(struct thread *me) {
    switch (random_below(me, 5)) {
    case 0: return NULL;
    case 1: return me->stopped;
    case 2: return me->own; /* a live handle of another kind */
    case 3: return me->stale;
    default: return (void *)(uintptr_t)(next(me) & ~(uint64_t)1);
    }
}

static void *invalid_request(struct thread *me) {
    switch (random_below(me, 7)) {
    case 0: return NULL;
    case 1: return me->freed;
    case 2: return me->own; /* a live handle of another kind */
    case 3: return me->stale;
    case 4: return me;
    case 5: return (void *)(uintptr_t)(next(me) & ~(uint64_t)1);
    default: return (void *)(uintptr_t)(next(me) | (uint64_t)1 << 63 | 1);
    }
}

/* Returns a string that every function refuses. */
static const char *invalid_text(struct thread *me) {
    static const char *const bad[] = {NULL, "\xff", "ab\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80", "{\"x\": \"\xfe\"}"};
    return bad[random_below(me, sizeof bad / sizeof *bad)];
}

/* Returns a valid or invalid string. */
static const char *random_text(struct thread *me, char room[64]) {
    static const char *const texts[] = {"",
                                        "{}",
                                        "[]",
                                        "null",
                                        "{",
                                        "\"",
                                        "{\"a\": {\"b\": [1, 2.50, null]}}",
                                        "/a/b/1",
                                        "start_a_game_session",
                                        "../..",
                                        "%00",
                                        "\xe2\x82\xac",
                                        "{\"game_id\": 1e999}"};
    switch (random_below(me, 4)) {
    case 0: return invalid_text(me);
    case 1: return long_text;
    case 2: {
        unsigned length = random_below(me, 63);
        for (unsigned n = 0; n < length; n++) {
            room[n] = (char)(1 + random_below(me, 255));
        }
        room[length] = 0;
        return room;
    }
    default: return texts[random_below(me, sizeof texts / sizeof *texts)];
    }
}

/* Checks that the code is in the list and that a document was written. */
static void check_result(int line, ipg_code code, char **place, char *before) {
    check_count(strcmp(ipg_code_name(code), "IPG_ERR_UNKNOWN") != 0, __FILE__, line, "is a code of the list", NULL);
    check_count(code != IPG_ERR_INTERNAL, __FILE__, line, "is not IPG_ERR_INTERNAL", place ? *place : NULL);
    if (place) {
        check_count(*place != NULL && *place != before, __FILE__, line, "a document was written", NULL);
        ipg_string_free(*place);
    }
}

/* Checks the result of a request, which may have no document while it is pending. */
static void check_poll_result(int line, ipg_code code, char **place, char *before) {
    if (code != IPG_PENDING) {
        check_result(line, code, place, before);
    } else if (place) {
        check_count(*place != before, __FILE__, line, "the out-parameter was written", NULL);
        ipg_string_free(*place);
    }
}

static void check_refused(int line, ipg_code code, ipg_code expected, char **place) {
    if (place) {
        char number[16];
        snprintf(number, sizeof number, "%d", (int)expected);
        check_value(__FILE__, line, *place, "/error/code", number);
        check_value(__FILE__, line, *place, "/success", "false");
        ipg_string_free(*place);
    }
    check_count(code == expected, __FILE__, line, ipg_code_name(expected), ipg_code_name(code));
}

/* An out-parameter for a document that is not NULL before the call, or no out-parameter. */
#define OUT_JSON                                                                                                       \
    char here = 0, *json = &here, **place = random_below(me, 3) ? &json : NULL;                                        \
    (void)here
#define CHECK_REFUSED(call, expected)                                                                                  \
    do {                                                                                                               \
        OUT_JSON;                                                                                                      \
        ipg_code code = (call);                                                                                        \
        check_refused(__LINE__, code, expected, place);                                                                \
    } while (0)
#define CHECK_RESULT(call)                                                                                             \
    do {                                                                                                               \
        OUT_JSON;                                                                                                      \
        ipg_code code = (call);                                                                                        \
        check_result(__LINE__, code, place, &here);                                                                    \
    } while (0)

#define CHECK_POLL_RESULT(call)                                                                                        \
    do {                                                                                                               \
        OUT_JSON;                                                                                                      \
        ipg_code code = (call);                                                                                        \
        check_poll_result(__LINE__, code, place, &here);                                                               \
    } while (0)

/* How often a finalizer was passed, and how often one ran. */
static int passed, finalized;

static void on_finalized(void *user_data) {
    CHECK(user_data);
    __atomic_add_fetch(&finalized, 1, __ATOMIC_SEQ_CST);
}

/* Returns the finalizer, for one call of a function that takes it. */
static ipg_finalizer count_finalized(void) {
    __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
    return on_finalized;
}

static void on_woken(void *user_data) {
    CHECK(user_data);
}

static void on_event(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    CHECK(user_data && request && json && strcmp(ipg_code_name(code), "IPG_ERR_UNKNOWN") != 0);
    CHECK(code != IPG_ERR_INTERNAL);
}

static int32_t on_progress(void *user_data, const char *json) {
    CHECK(user_data && json);
    return (int32_t)(((const struct thread *)user_data)->random & 1);
}

static void on_log(void *user_data, int32_t level, const char *target, const char *message) {
    (void)user_data;
    CHECK(level >= IPG_LOG_ERROR && level <= IPG_LOG_TRACE && target && message);
}

static void invalid_handles(struct thread *me) {
    char room[64];
    CHECK_REFUSED(ipg_client_stats((ipg_client *)invalid_client(me), place), IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_client_prewarm((ipg_client *)invalid_client(me), random_below(me, 2), place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_session_start((ipg_client *)invalid_client(me), random_text(me, room), place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_session_status((ipg_client *)invalid_client(me), random_text(me, room), place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_session_end((ipg_client *)invalid_client(me), random_text(me, room), place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_call((ipg_client *)invalid_client(me), random_text(me, room), long_text, NULL, place),
                  IPG_ERR_INVALID_HANDLE);
    ipg_request *request = (ipg_request *)me;
    uint32_t completed = 7;
    CHECK_REFUSED(ipg_submit((ipg_client *)invalid_client(me), random_text(me, room), long_text, NULL,
                             random_below(me, 2) ? on_event : NULL, me, count_finalized(),
                             random_below(me, 2) ? &request : NULL, place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK(request == NULL || request == (ipg_request *)me);
    CHECK_REFUSED(ipg_session_watch((ipg_client *)invalid_client(me), random_text(me, room), random_below(me, 20),
                                    on_event, me, count_finalized(), &request, place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK(request == NULL);
    CHECK_REFUSED(ipg_session_submit_start((ipg_client *)invalid_client(me), random_text(me, room), NULL, on_event, me,
                                           count_finalized(), &request, place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_session_submit_status((ipg_client *)invalid_client(me), random_text(me, room), NULL, on_event, me,
                                            count_finalized(), NULL, place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_session_submit_end((ipg_client *)invalid_client(me), random_text(me, room), NULL, NULL, me,
                                         count_finalized(), &request, place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_client_submit_prewarm((ipg_client *)invalid_client(me), random_below(me, 2), on_event, me,
                                            count_finalized(), &request, place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK(request == NULL);
    uint32_t ms = 7;
    CHECK(ipg_client_set_waker((ipg_client *)invalid_client(me), on_woken, me, count_finalized()) ==
          IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_next_tick((ipg_client *)invalid_client(me), random_below(me, 2) ? &ms : NULL) ==
          IPG_ERR_INVALID_HANDLE);
    CHECK(ms == 0 || ms == 7);
    CHECK(ipg_client_suspend((ipg_client *)invalid_client(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_resume((ipg_client *)invalid_client(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_tick((ipg_client *)invalid_client(me), random_below(me, 100), &completed) ==
          IPG_ERR_INVALID_HANDLE);
    CHECK(completed == 0);
    CHECK(ipg_client_shutdown((ipg_client *)invalid_client(me), UINT32_MAX) == IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_request_poll((ipg_request *)invalid_request(me), place), IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_request_wait((ipg_request *)invalid_request(me), UINT32_MAX, place), IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_request_cancel((ipg_request *)invalid_request(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_request_free((ipg_request *)invalid_request(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_free((ipg_client *)invalid_client(me)) == IPG_ERR_INVALID_HANDLE);
    CHECK(ipg_client_set_logger((ipg_client *)invalid_client(me), on_log, me, count_finalized(),
                                (int32_t)random_below(me, 6)) == IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_journal_open((ipg_client *)invalid_client(me), random_text(me, room), place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(
        ipg_journal_resolve((ipg_client *)invalid_client(me), (int64_t)next(me), random_text(me, room), place),
        IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_journal_end_all((ipg_client *)invalid_client(me), random_text(me, room),
                                      random_below(me, 2) ? on_progress : NULL, me, count_finalized(), place),
                  IPG_ERR_INVALID_HANDLE);
    CHECK_REFUSED(ipg_journal_compact((ipg_client *)invalid_client(me), (uint32_t)next(me), place),
                  IPG_ERR_INVALID_HANDLE);
    if (sandbox) {
        CHECK_REFUSED(ipg_sandbox_control((ipg_sandbox *)invalid_sandbox(me), random_text(me, room), place),
                      IPG_ERR_INVALID_HANDLE);
        CHECK(ipg_sandbox_stop((ipg_sandbox *)invalid_sandbox(me)) == IPG_ERR_INVALID_HANDLE);
    }
}

static void invalid_texts(struct thread *me) {
    const char *bad = invalid_text(me);
    CHECK_REFUSED(ipg_session_start(me->own, invalid_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_session_status(me->own, invalid_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_session_end(me->own, invalid_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_call(me->own, invalid_text(me), NULL, NULL, place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_call(me->own, "get_session_status", bad ? bad : "\xff", NULL, place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_call(me->own, "get_session_status", "{}", bad ? bad : "\xff", place), IPG_ERR_INVALID_ARGUMENT);
    ipg_request *request = NULL;
    CHECK_REFUSED(ipg_submit(me->own, invalid_text(me), NULL, NULL, on_event, me, count_finalized(), &request, place),
                  IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(
        ipg_submit(me->own, "list_games", bad ? bad : "\xff", NULL, on_event, me, count_finalized(), NULL, place),
        IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_submit(me->own, "list_games", "{}", bad ? bad : "\xff", NULL, NULL, NULL, &request, place),
                  IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_submit(me->own, "list_games", NULL, NULL, NULL, me, count_finalized(), NULL, place),
                  IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_session_watch(me->own, invalid_text(me), 1000, on_event, me, count_finalized(), &request, place),
                  IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(
        ipg_session_watch(me->own, "id", random_below(me, 10), on_event, me, count_finalized(), &request, place),
        IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(
        ipg_session_submit_start(me->own, invalid_text(me), NULL, on_event, me, count_finalized(), &request, place),
        IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(
        ipg_session_submit_status(me->own, invalid_text(me), NULL, on_event, me, count_finalized(), NULL, place),
        IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(
        ipg_session_submit_end(me->own, "id", bad ? bad : "\xff", NULL, me, count_finalized(), &request, place),
        IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_session_submit_end(me->own, "id", NULL, NULL, me, count_finalized(), NULL, place),
                  IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_client_submit_prewarm(me->own, 1, NULL, me, count_finalized(), NULL, place),
                  IPG_ERR_INVALID_ARGUMENT);
    CHECK(request == NULL);
    CHECK_REFUSED(ipg_client_new(bad ? bad : "[]", NULL, place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_client_new(long_text, NULL, place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_json_quote(NULL, 1 + random_below(me, 100), place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_json_quote("\xff\xff", 1 + random_below(me, 2), place), IPG_ERR_INVALID_ARGUMENT);
    CHECK_REFUSED(ipg_json_quote("x", (size_t)-2 - random_below(me, 100), place), IPG_ERR_INVALID_ARGUMENT);
    if (sandbox) {
        CHECK_REFUSED(ipg_sandbox_control(sandbox, invalid_text(me), place), IPG_ERR_INVALID_ARGUMENT);
    }
    CHECK(ipg_client_set_logger(me->own, on_log, me, count_finalized(), INT_MIN) == IPG_ERR_INVALID_ARGUMENT);
}

static void random_arguments(struct thread *me) {
    char room[64], other[64], third[64];
    const char *text = random_text(me, room);
    CHECK_RESULT(ipg_journal_open(me->own, random_text(me, room), place));
    CHECK_RESULT(ipg_journal_resolve(me->own, (int64_t)next(me), random_text(me, room), place));
    CHECK_RESULT(ipg_journal_end_all(me->own, random_text(me, room), random_below(me, 2) ? on_progress : NULL, me,
                                     count_finalized(), place));
    CHECK_RESULT(ipg_journal_compact(me->own, (uint32_t)next(me), place));
    CHECK_RESULT(ipg_session_start(me->own, random_text(me, room), place));
    CHECK_RESULT(ipg_call(me->own, random_text(me, room), random_text(me, other), random_text(me, third), place));
    CHECK_RESULT(ipg_client_new(random_text(me, room), NULL, place));
    ipg_request *request = NULL;
    CHECK_RESULT(ipg_submit(me->own, random_text(me, room), random_text(me, other), random_text(me, third),
                            random_below(me, 2) ? on_event : NULL, me, count_finalized(),
                            random_below(me, 2) ? &request : NULL, place));
    if (request) {
        CHECK(ipg_request_free(request) == IPG_OK);
    }
    if (text) {
        CHECK_RESULT(ipg_json_quote(text, (size_t)-1, place));
        CHECK_RESULT(ipg_json_quote(text, random_below(me, (unsigned)strlen(text) + 1), place));
    }

    int32_t type = 77;
    size_t len = 77;
    char here = 0, *value = &here;
    ipg_code code = ipg_json_get(random_text(me, room), random_text(me, other), random_below(me, 2) ? &type : NULL,
                                 &value, random_below(me, 2) ? &len : NULL);
    CHECK(code == IPG_OK || code == IPG_ERR_INVALID_ARGUMENT || code == IPG_ERR_NO_SUCH_FIELD);
    CHECK(ipg_set_allocator(NULL, NULL, NULL) != IPG_OK);
    CHECK(ipg_code_message((ipg_code)next(me)) != NULL && ipg_operations(NULL) == IPG_OK);
    CHECK(type != 77 || len == 77 || code == IPG_OK || value == NULL);
    CHECK((code == IPG_OK) == (value != NULL) && value != &here);
    ipg_string_free(value);
}

static void invalid_frees(struct thread *me) {
    char local[] = "not yours", *text = NULL;
    CHECK_CODE(ipg_json_quote("a text of some length", (size_t)-1, &text), IPG_OK, text);
    ipg_string_free(NULL);
    ipg_string_free(local);
    ipg_string_free((char *)me);
    ipg_string_free(text + 1 + random_below(me, 20));
    ipg_string_free((char *)(uintptr_t)random_below(me, 4096));
    CHECK(strcmp(text, "\"a text of some length\"") == 0);
    ipg_string_free(text);
    CHECK(strcmp(local, "not yours") == 0);
}

static void clients_freed_while_in_use(struct thread *me) {
    pthread_mutex_lock(&shared_lock);
    ipg_client *mine = shared;
    pthread_mutex_unlock(&shared_lock);
    CHECK_RESULT(ipg_client_stats(mine, place));
    CHECK_RESULT(ipg_session_status(mine, "", place));
    CHECK(ipg_client_set_logger(mine, random_below(me, 2) ? on_log : NULL, me, count_finalized(),
                                (int32_t)random_below(me, 6)) != IPG_ERR_INTERNAL);
    CHECK(ipg_client_set_waker(mine, random_below(me, 2) ? on_woken : NULL, me, count_finalized()) != IPG_ERR_INTERNAL);
    CHECK(ipg_client_next_tick(mine, NULL) != IPG_ERR_INTERNAL);
    if (random_below(me, 8) == 0) {
        CHECK(ipg_client_suspend(mine) != IPG_ERR_INTERNAL);
    }
    CHECK(ipg_client_resume(mine) != IPG_ERR_INTERNAL);
    if (random_below(me, 4) == 0) {
        CHECK_RESULT(ipg_session_status(mine, "no-such-session", place));
    }
    if (random_below(me, 4) == 0) {
        ipg_client *fresh = NULL;
        CHECK_CODE(ipg_client_new(config, &fresh, NULL), IPG_OK, NULL);
        pthread_mutex_lock(&shared_lock);
        ipg_client *old = shared;
        shared = fresh;
        pthread_mutex_unlock(&shared_lock);
        CHECK(ipg_client_free(old) == IPG_OK);
        CHECK(ipg_client_free(old) == IPG_ERR_INVALID_HANDLE);
        me->stale = old;
    }
}

static void requests_freed_while_in_use(struct thread *me) {
    pthread_mutex_lock(&shared_lock);
    ipg_client *client = shared;
    ipg_request *request = shared_request;
    pthread_mutex_unlock(&shared_lock);
    uint32_t completed = UINT32_MAX;
    ipg_code code = ipg_client_tick(client, random_below(me, 2000), random_below(me, 2) ? &completed : NULL);
    CHECK(code == IPG_OK || (code == IPG_ERR_INVALID_HANDLE && (completed == 0 || completed == UINT32_MAX)));
    CHECK_POLL_RESULT(ipg_request_poll(request, place));
    CHECK_POLL_RESULT(ipg_request_wait(request, random_below(me, 3), place));
    if (random_below(me, 3) == 0) {
        CHECK(ipg_request_cancel(request) != IPG_ERR_INTERNAL);
    }
    if (random_below(me, 3) == 0) {
        ipg_request *fresh = NULL;
        CHECK_RESULT(ipg_submit(client, "list_games", NULL, NULL, on_event, me, count_finalized(), NULL, place));
        switch (random_below(me, 4)) {
        case 0:
            CHECK_RESULT(ipg_session_submit_start(client, "{}", NULL, on_event, me, count_finalized(), &fresh, place));
            CHECK(fresh == NULL);
            CHECK_RESULT(ipg_session_submit_end(client, "no-such-session", NULL, random_below(me, 2) ? on_event : NULL,
                                                me, count_finalized(), &fresh, place));
            break;
        case 1:
            CHECK_RESULT(ipg_client_submit_prewarm(client, 100, random_below(me, 2) ? on_event : NULL, me,
                                                   count_finalized(), &fresh, place));
            break;
        case 2:
            CHECK_RESULT(ipg_submit(client, "list_games", NULL, NULL, random_below(me, 2) ? on_event : NULL, me,
                                    count_finalized(), &fresh, place));
            break;
        default:
            CHECK_RESULT(ipg_session_watch(client, "no-such-session", 10, random_below(me, 2) ? on_event : NULL, me,
                                           count_finalized(), &fresh, place));
        }
        pthread_mutex_lock(&shared_lock);
        ipg_request *old = shared_request;
        shared_request = fresh;
        pthread_mutex_unlock(&shared_lock);
        code = ipg_request_free(old);
        CHECK(code == IPG_OK || (!old && code == IPG_ERR_INVALID_HANDLE));
    }
    if (random_below(me, 10) == 0) {
        code = ipg_client_shutdown(client, random_below(me, 5));
        CHECK(code == IPG_OK || code == IPG_ERR_SHUT_DOWN || code == IPG_ERR_INVALID_HANDLE);
    }
}

static void *run_misuse(void *argument) {
    struct thread *me = (struct thread *)argument;
    CHECK_CODE(ipg_client_new(config, &me->own, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_client_new(config, &me->stale, NULL), IPG_OK, NULL);
    CHECK(ipg_client_free(me->stale) == IPG_OK);
    if (sandbox) {
        CHECK_CODE(ipg_sandbox_start(NULL, &me->stopped, NULL), IPG_OK, NULL);
        CHECK(ipg_sandbox_stop(me->stopped) == IPG_OK);
    }
    CHECK_CODE(ipg_submit(me->own, "list_games", NULL, NULL, on_event, me, count_finalized(), &me->freed, NULL), IPG_OK,
               NULL);
    CHECK(ipg_request_free(me->freed) == IPG_OK);
    for (unsigned long round = 0; round < rounds; round++) {
        switch (random_below(me, 6)) {
        case 0: invalid_handles(me); break;
        case 1: invalid_texts(me); break;
        case 2: random_arguments(me); break;
        case 3: invalid_frees(me); break;
        case 4: requests_freed_while_in_use(me); break;
        default: clients_freed_while_in_use(me); break;
        }
    }
    CHECK(ipg_client_free(me->own) == IPG_OK);
    return NULL;
}

/* Runs before the threads start: no other thread may get a string at the freed address. */
static void strings_freed_twice(void) {
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
    snprintf(config, sizeof config, "%s",
             code == IPG_OK ? json : "{\"base_url\": \"http://127.0.0.1:9\", \"max_retries\": 0}");
    FREE_STRING(json);
    CHECK_CODE(ipg_client_new(config, &shared, NULL), IPG_OK, NULL);

    strings_freed_twice();
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK) == 0);
    for (int n = 0; n < THREADS; n++) {
        memset(&threads[n], 0, sizeof threads[n]);
        threads[n].random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)n * UINT64_C(0xbf58476d1ce4e5b9);
        CHECK(pthread_create(&threads[n].thread, &attributes, run_misuse, &threads[n]) == 0);
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
    CHECK(passed > 0 && finalized == passed);
    free(long_text);
    return check_end();
}
