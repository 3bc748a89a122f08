/* Panics are caught in each of two Rust libraries: in rustc's own archive, and in one made as
   libiplaygames.a is. */
#include "probe.h"

int second_catches_its_panic(void);

int main(void) {
    return ipg_probe_catches_its_panic() == 1 && second_catches_its_panic() == 1 ? 0 : 1;
}
