/* Runs the README's C program against a sandbox: run.sh extracts it from the README as
   readme_main(). */

#include <iplaygames_sandbox.h>

#include "check.h"
#include "platform.h"

int readme_main(void);

/* Without a key the program fails, and its error output names the missing value. */
static void test_without_a_key(void) {
    char text[2048];
    size_t length;
    FILE *errors = open_temporary_file();
    int before = dup(STDERR_FILENO), status;
    remove_variable("IPLAYGAMES_BASE_URL");
    remove_variable("IPLAYGAMES_API_KEY");
    CHECK(errors != NULL && before >= 0);
    fflush(stderr);
    dup2(fileno(errors), STDERR_FILENO);
    status = readme_main();
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(errors);
    length = fread(text, 1, sizeof text - 1, errors);
    text[length] = '\0';
    fclose(errors);
    CHECK(status == 1);
    CHECK(strstr(text, "IPG_ERR_INVALID_ARGUMENT") != NULL && strstr(text, "api_key") != NULL);
}

int main(void) {
    ipg_sandbox *sandbox = NULL;
    char *config = NULL, *url = NULL, *key = NULL, *counts = NULL, *closed = NULL;
    test_without_a_key();
    CHECK(ipg_sandbox_start(NULL, &sandbox, &config) == IPG_OK);
    CHECK(ipg_json_get(config, "/base_url", NULL, &url, NULL) == IPG_OK);
    CHECK(ipg_json_get(config, "/api_key", NULL, &key, NULL) == IPG_OK);
    set_variable("IPLAYGAMES_BASE_URL", url);
    set_variable("IPLAYGAMES_API_KEY", key);
    CHECK(readme_main() == 0);
    CHECK(ipg_sandbox_control(sandbox, "{\"command\": \"counts\"}", &counts) == IPG_OK);
    CHECK(ipg_json_get(counts, "/sessions/closed", NULL, &closed, NULL) == IPG_OK);
    CHECK(closed != NULL && closed[0] == '1' && closed[1] == '\0');
    CHECK(ipg_sandbox_stop(sandbox) == IPG_OK);
    ipg_string_free(closed);
    ipg_string_free(counts);
    ipg_string_free(key);
    ipg_string_free(url);
    ipg_string_free(config);
    return check_end();
}
