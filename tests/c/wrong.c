/*
 * A program with deliberate errors. A sanitizer must report them; otherwise the sanitizer does not
 * work and the tests prove nothing.
 *
 *     wrong [address|undefined|leak]
 */
#include <iplaygames.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **words) {
    const char *word = count > 1 ? words[1] : "nothing";
    char *json = NULL;
    if (strcmp(word, "address") == 0) {
        /* The library reads memory after it was freed. */
        char *volatile text = (char *)malloc(6);
        memcpy(text, "hello", 6);
        free(text);
        printf("%d\n", (int)ipg_json_quote(text, (size_t)-1, &json));
        ipg_string_free(json);
    } else if (strcmp(word, "undefined") == 0) {
        int number = 0x7fffffff;
        number += count;
        printf("%d\n", number);
    } else if (strcmp(word, "leak") == 0) {
        char *volatile text = (char *)malloc(6);
        memcpy(text, "hello", 6);
        printf("%d\n", (int)ipg_json_quote(text, (size_t)-1, &json));
        ipg_string_free(json);
        text = NULL;
    }
    return 0;
}
