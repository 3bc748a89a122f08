/*
 * What every contender in C is told, measures and answers. A contender is run as
 *
 *     PROGRAM MODE BASE_URL CALLS [key=value ...]
 *
 * MODE is "session" (start, status, end in turn), "status" (status alone) or "flight" (status, many
 * at a time). Keys: warm, calls made before measuring begins; flight, how many calls at a time;
 * connections, how many sockets at most; ca, a file of certificates to trust; session, the
 * session's id; latencies, a file that gets each call's time as 64-bit nanoseconds; and a
 * contender's own. It prints one line of JSON.
 */
#ifndef CONTENDER_H
#define CONTENDER_H

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define TOKEN "bench-key"

static const char START_BODY[] = "{\"game_id\":123,\"player_id\":\"player_456\",\"currency\":\"USD\","
                                 "\"country_code\":\"US\",\"ip_address\":\"192.0.2.1\"}";

enum operation { START, STATUS, END };

struct run {
    const char *mode, *base_url, *ca, *session, *latencies, *driver;
    long calls, warm, flight, connections;
    uint64_t *times;
    long taken;
    uint64_t began;
    struct rusage before;
};

static inline void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why ? why : "");
    exit(EXIT_FAILURE);
}

static inline uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline struct run read_run(int argc, char **argv) {
    struct run run = {0};
    if (argc < 4) {
        die("usage", "PROGRAM MODE BASE_URL CALLS [key=value ...]");
    }
    run.mode = argv[1];
    run.base_url = argv[2];
    run.calls = atol(argv[3]);
    run.session = "abc123";
    run.flight = 1;
    run.driver = "";
    for (int i = 4; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value) {
            die("not key=value", argv[i]);
        }
        *value++ = 0;
        if (!strcmp(argv[i], "warm")) run.warm = atol(value);
        else if (!strcmp(argv[i], "flight")) run.flight = atol(value);
        else if (!strcmp(argv[i], "connections")) run.connections = atol(value);
        else if (!strcmp(argv[i], "ca")) run.ca = value;
        else if (!strcmp(argv[i], "session")) run.session = value;
        else if (!strcmp(argv[i], "latencies")) run.latencies = value;
        else if (!strcmp(argv[i], "driver")) run.driver = value;
        else die("unknown key", argv[i]);
    }
    run.times = calloc((size_t)run.calls + 1, sizeof *run.times);
    return run;
}

static inline void begin(struct run *run) {
    getrusage(RUSAGE_SELF, &run->before);
    run->began = now_ns();
}

static inline void took(struct run *run, uint64_t from) {
    if (run->taken < run->calls) {
        run->times[run->taken++] = now_ns() - from;
    }
}

/* A number of /proc/self/status. ru_maxrss is no use for memory: it is handed down through exec. */
static inline long own_status(const char *key) {
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (!strncmp(line, key, strlen(key))) {
            value = atol(line + strlen(key) + 1);
        }
    }
    if (file) fclose(file);
    return value;
}

static inline double seconds(struct timeval after, struct timeval before) {
    return (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_usec - before.tv_usec) / 1e6;
}

static inline void finish(struct run *run) {
    uint64_t ended = now_ns();
    struct rusage after;
    getrusage(RUSAGE_SELF, &after);
    if (run->taken != run->calls) {
        die("calls are missing", run->mode);
    }
    if (run->latencies) {
        FILE *file = fopen(run->latencies, "wb");
        if (!file || fwrite(run->times, sizeof *run->times, (size_t)run->calls, file) != (size_t)run->calls ||
            fclose(file)) {
            die("cannot write", run->latencies);
        }
    }
    printf("{\"calls\": %ld, \"seconds\": %.9f, \"user_s\": %.6f, \"sys_s\": %.6f, \"switches\": %ld, "
           "\"rss_kb\": %ld, \"threads\": %ld}\n",
           run->calls, (double)(ended - run->began) / 1e9, seconds(after.ru_utime, run->before.ru_utime),
           seconds(after.ru_stime, run->before.ru_stime),
           after.ru_nvcsw + after.ru_nivcsw - run->before.ru_nvcsw - run->before.ru_nivcsw, own_status("VmHWM:"),
           own_status("Threads:"));
}

/* The blocking modes: `call` makes one call, and ends the program if it went wrong. */
static inline void one_at_a_time(struct run *run, void (*call)(void *state, enum operation operation), void *state) {
    int session = !strcmp(run->mode, "session");
    if (!session && strcmp(run->mode, "status")) {
        die("unknown mode", run->mode);
    }
    for (long i = 0; i < run->warm; i++) {
        call(state, session ? (enum operation)(i % 3) : STATUS);
    }
    begin(run);
    for (long i = 0; i < run->calls; i++) {
        uint64_t from = now_ns();
        call(state, session ? (enum operation)(i % 3) : STATUS);
        took(run, from);
    }
    finish(run);
}

#endif
