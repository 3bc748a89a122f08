/* The shared library is closed while calls are in flight and a thread holds thread-local state of
   it, and opened again: it was never gone, and the calls end. argv[1] is its path. */
#ifdef _WIN32
#  include <windows.h>
#else
#  include <dlfcn.h>
#endif
#include <iplaygames_sandbox.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CALLS 50
#define MUST(what)                                                                                                     \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                                         \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

#ifdef _WIN32
typedef HMODULE library_t;
typedef FARPROC symbol_t;
#  define open_library(path) LoadLibraryA(path)
#  define close_library(library) FreeLibrary(library)
#  define find_symbol(library, name) GetProcAddress(library, name)
#else
typedef void *library_t;
typedef void *symbol_t;
#  define open_library(path) dlopen(path, RTLD_NOW | RTLD_LOCAL)
#  define close_library(library) (dlclose(library) == 0)
#  define find_symbol(library, name) dlsym(library, name)
#endif

/* One function of the library. The union keeps ISO C content: an object pointer is not a
   function's. */
#define FUNCTION(name)                                                                                                 \
    union {                                                                                                            \
        symbol_t symbol;                                                                                               \
        __typeof__(&ipg_##name) call;                                                                                  \
    } name;                                                                                                            \
    name.symbol = find_symbol(library, "ipg_" #name);                                                                  \
    MUST(name.symbol != NULL)

static int done, failed;

static void on_done(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data;
    (void)request;
    done++;
    if (code != IPG_OK) {
        failed++;
        fprintf(stderr, "%s\n", json);
    }
}

struct use {
    symbol_t symbol;
    ipg_client *client;
    pthread_barrier_t *barrier;
    int good;
};

/* A call on this thread leaves thread-local state; the thread ends only after the library is
   closed. */
static void *use_and_outlive(void *argument) {
    struct use *use = (struct use *)argument;
    union {
        symbol_t symbol;
        __typeof__(&ipg_call) call;
    } call;
    char *json = NULL;
    call.symbol = use->symbol;
    use->good = call.call(use->client, "list_games", NULL, NULL, &json) == IPG_OK; /* the text is left to the process */
    pthread_barrier_wait(use->barrier);
    pthread_barrier_wait(use->barrier);
    return NULL;
}

int main(int argc, char **argv) {
    library_t library, again;
    ipg_sandbox *sandbox = NULL;
    ipg_client *client = NULL;
    char *json = NULL;
    pthread_barrier_t barrier;
    pthread_t thread;
    int i;

    MUST(argc == 2);
    library = open_library(argv[1]);
#ifndef _WIN32
    if (!library) fprintf(stderr, "%s\n", dlerror());
#endif
    MUST(library != NULL);
    FUNCTION(sandbox_start);
    FUNCTION(client_new);
    FUNCTION(client_tick);
    FUNCTION(client_free);
    FUNCTION(submit);
    FUNCTION(call);
    FUNCTION(sandbox_stop);
    FUNCTION(string_free);

    MUST(sandbox_start.call(NULL, &sandbox, &json) == IPG_OK);
    MUST(client_new.call(json, &client, NULL) == IPG_OK);
    string_free.call(json);
    pthread_barrier_init(&barrier, NULL, 2);
    struct use use = {call.symbol, client, &barrier, 0};
    MUST(pthread_create(&thread, NULL, use_and_outlive, &use) == 0);
    pthread_barrier_wait(&barrier);
    MUST(use.good);
    for (i = 0; i < CALLS; i++) {
        MUST(submit.call(client, "list_games", NULL, NULL, on_done, NULL, NULL, NULL, NULL) == IPG_OK);
    }
    MUST(client_tick.call(client, 0, NULL) == IPG_OK); /* some are on their way now */

    MUST(close_library(library));
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL); /* its thread-local destructors run in the library that was closed */

    again = open_library(argv[1]);
    MUST(again != NULL);
    MUST(find_symbol(again, "ipg_submit") == submit.symbol);
    while (done < CALLS) {
        MUST(client_tick.call(client, 1000, NULL) == IPG_OK);
    }
    MUST(failed == 0);
    MUST(client_free.call(client) == IPG_OK);
    MUST(sandbox_stop.call(sandbox) == IPG_OK);
    MUST(close_library(again));
    printf("%d calls ended after the library was closed\n", done);
    return 0;
}
