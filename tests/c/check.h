/* The checks of the tests. A failed check prints its place and the test continues. check_end()
   prints the counts. */
#ifndef CHECK_H
#define CHECK_H

#include <iplaygames.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t check_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long check_passed, check_failed;

static void check_count(int good, const char *file, int line, const char *what, const char *more) {
    pthread_mutex_lock(&check_lock);
    if (good) {
        check_passed++;
    } else {
        check_failed++;
        fprintf(stderr, "%s:%d: failed: %s%s%s\n", file, line, what, more ? "\n  " : "", more ? more : "");
    }
    pthread_mutex_unlock(&check_lock);
}

/* Checks that a condition is true. */
#define CHECK(what) check_count((what) ? 1 : 0, __FILE__, __LINE__, #what, NULL)

/* Checks that a call returns a code. `json` is printed if it does not. */
#define CHECK_CODE(call, expected, json)                                                                               \
    do {                                                                                                               \
        ipg_code check_code = (call);                                                                                  \
        char check_more[512];                                                                                          \
        snprintf(check_more, sizeof check_more, "it is %s: %.400s", ipg_code_name(check_code),                         \
                 (json) ? (const char *)(json) : "(no document)");                                                     \
        check_count(check_code == (expected), __FILE__, __LINE__, #call " is " #expected, check_more);                 \
    } while (0)

/* Checks that the value at a pointer of a document is this text. */
static inline void check_value(const char *file, int line, const char *json, const char *pointer,
                               const char *expected) {
    char *value = NULL;
    char more[512];
    ipg_code code = ipg_json_get(json, pointer, NULL, &value, NULL);
    snprintf(more, sizeof more, "%s is %.200s (%s) in %.200s", pointer, value ? value : "not there",
             ipg_code_name(code), json ? json : "(no document)");
    check_count(code == IPG_OK && value && strcmp(value, expected) == 0, file, line, expected, more);
    ipg_string_free(value);
}
#define CHECK_VALUE(json, pointer, expected) check_value(__FILE__, __LINE__, json, pointer, expected)

/* Frees a string and sets the variable to NULL. */
#define FREE_STRING(text) (ipg_string_free(text), (text) = NULL)

/* Prints the counts and returns the exit status of the program. */
static inline int check_end(void) {
    printf("%lu passed, %lu failed\n", check_passed, check_failed);
    return check_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
