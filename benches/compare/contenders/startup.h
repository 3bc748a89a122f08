/*
 * What it takes until the first answer is there, in a fresh process and once more in the same one.
 *
 *     startup_NAME LIBRARY BASE_URL [CA_FILE]
 */
#ifndef STARTUP_H
#define STARTUP_H

#include "contender.h"
#include <dlfcn.h>

static void *library;

static inline void *symbol(const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        die("dlsym", dlerror());
    }
    return found;
}

/* Fills in the function pointer `name` of that function's own type. */
#define LOAD(name) (*(void **)&p_##name = symbol(#name))

static inline double us(uint64_t from, uint64_t to) {
    return (double)(to - from) / 1e3;
}

/* `make` makes a client, `call` makes a status call with it; both end the program if that fails. */
static inline int measure(int argc, char **argv, void (*load)(void), void *(*make)(const char *, const char *),
                          void (*call)(void *, const char *)) {
    if (argc < 3) {
        die("usage", "LIBRARY BASE_URL [CA_FILE]");
    }
    const char *base_url = argv[2], *ca = argc > 3 ? argv[3] : NULL;
    uint64_t began = now_ns();
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        die("dlopen", dlerror());
    }
    load();
    uint64_t opened = now_ns();
    void *client = make(base_url, ca);
    uint64_t made = now_ns();
    call(client, base_url);
    uint64_t called = now_ns();
    call(client, base_url);
    uint64_t next = now_ns();
    void *second = make(base_url, ca);
    uint64_t made_again = now_ns();
    call(second, base_url);
    uint64_t called_again = now_ns();
    printf("{\"open_us\": %.1f, \"make_us\": %.1f, \"first_us\": %.1f, \"next_us\": %.1f, \"make_again_us\": %.1f, "
           "\"first_again_us\": %.1f, \"rss_kb\": %ld}\n",
           us(began, opened), us(opened, made), us(made, called), us(called, next), us(next, made_again),
           us(made_again, called_again), own_status("VmHWM:"));
    return 0;
}

#endif
