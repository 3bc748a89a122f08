/* A process that forks while other threads are inside the library: the child is never stuck, and the
   handles and texts it inherited are good. */
#include "check.h"
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 50

static ipg_client *client;
static volatile int done;

static void *busy(void *unused) {
    (void)unused;
    while (!done) {
        char *json = NULL, *value = NULL;
        ipg_client *other = NULL;
        CHECK_CODE(ipg_client_stats(client, &json), IPG_OK, json);
        CHECK_CODE(ipg_json_get(json, "", NULL, &value, NULL), IPG_OK, json);
        CHECK_CODE(ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &other, NULL), IPG_OK, NULL);
        ipg_string_free(value);
        ipg_string_free(json);
        ipg_client_free(other);
    }
    return NULL;
}

/* What the child does; its exit status. Nothing of the test's own locks is touched. */
static int child(char *inherited) {
    char *json = NULL, *value = NULL;
    ipg_client *mine = NULL;
    alarm(20); /* stuck is failed */
    ipg_string_free(inherited);
    if (ipg_client_stats(client, &json) != IPG_OK) {
        return 1;
    }
    if (ipg_json_get(json, "", NULL, &value, NULL) != IPG_OK) {
        return 2;
    }
    ipg_string_free(value);
    ipg_string_free(json);
    if (ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &mine, NULL) != IPG_OK) {
        return 3;
    }
    if (ipg_client_free(mine) != IPG_OK || ipg_client_free(mine) != IPG_ERR_INVALID_HANDLE) {
        return 4;
    }
    return ipg_client_free(client) == IPG_OK ? 0 : 5;
}

int main(void) {
    pthread_t threads[2];
    CHECK_CODE(ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &client, NULL), IPG_OK, NULL);
    for (int n = 0; n < 2; n++) {
        CHECK(pthread_create(&threads[n], NULL, busy, NULL) == 0);
    }
    for (int n = 0; n < CHILDREN; n++) {
        char *inherited = NULL;
        int status = -1;
        CHECK_CODE(ipg_json_quote("from the parent", (size_t)-1, &inherited), IPG_OK, inherited);
        pid_t process = fork();
        if (process == 0) {
            _exit(child(inherited));
        }
        CHECK(process > 0 && waitpid(process, &status, 0) == process);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        CHECK(strcmp(inherited, "\"from the parent\"") == 0);
        ipg_string_free(inherited);
    }
    done = 1;
    for (int n = 0; n < 2; n++) {
        pthread_join(threads[n], NULL);
    }
    CHECK(ipg_client_free(client) == IPG_OK);
    return check_end();
}
