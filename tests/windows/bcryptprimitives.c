/* A stand-in for bcryptprimitives.dll, for the tests on wine only. Each Windows since 7 has this
   DLL, and Rust's standard library takes random numbers from it. wine before version 9 does not
   have it, so no program that is made with Rust starts there. */
#include <windows.h>

/* RtlGenRandom, by its name in advapi32.dll. */
BOOLEAN WINAPI SystemFunction036(void *buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T length) {
    while (length > 0) {
        ULONG part = length < 0x10000000 ? (ULONG)length : 0x10000000;
        if (!SystemFunction036(buffer, part)) {
            return FALSE;
        }
        buffer += part;
        length -= part;
    }
    return TRUE;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved) {
    (void)instance, (void)reason, (void)reserved;
    return TRUE;
}
