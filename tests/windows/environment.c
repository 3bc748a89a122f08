/* What only Windows has: environment variables that are not valid UTF-16, names beyond ASCII, and
   paths that are longer than 260 characters. argv[1] is an empty folder. */
#include "../c/platform.h"

#include "../c/check.h"

static const char *const variables[] = {"IPLAYGAMES_API_KEY", "IPLAYGAMES_BASE_URL", "IPLAYGAMES_TRANSPORT"};

/* Half of a surrogate pair. */
static const wchar_t invalid[] = {L'k', 0xD800, L'y', 0};

static void a_variable_that_is_not_valid_utf_16_is_an_error_that_names_it(void) {
    for (size_t n = 0; n < sizeof variables / sizeof *variables; n++) {
        wchar_t name[64];
        char *json = NULL;
        ipg_client *client = NULL;
        MultiByteToWideChar(CP_UTF8, 0, variables[n], -1, name, 64);
        CHECK(SetEnvironmentVariableW(L"IPLAYGAMES_API_KEY", L"k"));
        CHECK(SetEnvironmentVariableW(name, invalid));
        CHECK_CODE(ipg_client_new(NULL, &client, &json), IPG_ERR_INVALID_ARGUMENT, json);
        CHECK(client == NULL && json != NULL && strstr(json, variables[n]) != NULL);
        FREE_STRING(json);
        CHECK(SetEnvironmentVariableW(name, NULL));
    }
}

static void a_proxy_variable_that_is_not_valid_utf_16_is_an_error_that_names_it(void) {
    char *json = NULL;
    ipg_client *client = NULL;
    CHECK(SetEnvironmentVariableW(L"HTTPS_PROXY", invalid));
    CHECK_CODE(ipg_client_new("{\"api_key\": \"k\"}", &client, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK(client == NULL && json != NULL && strstr(json, "HTTPS_PROXY") != NULL);
    FREE_STRING(json);
    CHECK(SetEnvironmentVariableW(L"HTTPS_PROXY", NULL));
}

static void put_json_string(char *out, const char *text) {
    *out++ = '"';
    for (; *text; text++) {
        if (*text == '\\' || *text == '"') {
            *out++ = '\\';
        }
        *out++ = *text;
    }
    strcpy(out, "\"");
}

/* Returns the code of a client whose `client_cert_file` is the path in UTF-8. */
static ipg_code client_with_certificate(const char *path, char **json) {
    static char quoted[4096], config[5000];
    ipg_client *client = NULL;
    put_json_string(quoted, path);
    snprintf(config, sizeof config, "{\"api_key\": \"k\", \"client_cert_file\": %s}", quoted);
    ipg_code code = ipg_client_new(config, &client, json);
    if (client) {
        ipg_client_free(client);
    }
    return code;
}

static void a_file_with_a_long_name_beyond_ascii_is_read(const wchar_t *folder) {
    static wchar_t path[1024], *end;
    static char utf_8[4096];
    const char bytes[] = "no certificate";
    char *json = NULL;
    DWORD written = 0;
    HANDLE file;
    /* Functions of Windows take a long path only with this prefix. */
    wcscpy(path, L"\\\\?\\");
    wcscat(path, folder);
    for (int depth = 0; depth < 5; depth++) {
        wcscat(path, L"\\");
        end = path + wcslen(path);
        for (int n = 0; n < 80; n++) {
            end[n] = n % 2 ? 0x00FC : 0x6E38; /* a letter with an umlaut, and a Chinese character */
        }
        end[80] = 0;
        CHECK(CreateDirectoryW(path, NULL));
    }
    wcscat(path, L"\\client.pem");
    CHECK(wcslen(path) > 400);
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, bytes, sizeof bytes - 1, &written, NULL));
    CloseHandle(file);
    /* The library gets the path as its user writes it. The error is that of the content. */
    WideCharToMultiByte(CP_UTF8, 0, path + 4, -1, utf_8, sizeof utf_8, NULL, NULL);
    CHECK_CODE(client_with_certificate(utf_8, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK(json && strstr(json, "PEM") != NULL);
    FREE_STRING(json);
    CHECK(DeleteFileW(path));
    CHECK(client_with_certificate(utf_8, &json) != IPG_OK && json && strstr(json, "os error") != NULL);
    FREE_STRING(json);
}

int wmain(int argc, wchar_t **argv) {
    if (argc != 2) {
        return EXIT_FAILURE;
    }
    a_variable_that_is_not_valid_utf_16_is_an_error_that_names_it();
    a_proxy_variable_that_is_not_valid_utf_16_is_an_error_that_names_it();
    a_file_with_a_long_name_beyond_ascii_is_read(argv[1]);
    return check_end();
}
