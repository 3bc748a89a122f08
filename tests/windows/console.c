/* Starts a program in a process group of its own and sends it Ctrl-Break, as a console does for
   Ctrl-C; a process group cannot receive Ctrl-C itself. Prints the program's exit code.

       console PROGRAM-AND-ARGUMENTS

   The program gets the signal when it has written a line. Exit status 77: this system cannot send
   the signal. */
#include <windows.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    STARTUPINFOA start;
    PROCESS_INFORMATION process;
    HANDLE reader, writer;
    DWORD count, code = 0;
    char byte = 0;
    if (argc != 2 || !CreatePipe(&reader, &writer, &inherit, 0)) {
        return 1;
    }
    memset(&start, 0, sizeof start);
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdOutput = start.hStdError = writer;
    AllocConsole();
    if (!CreateProcessA(NULL, argv[1], NULL, NULL, TRUE, CREATE_NEW_PROCESS_GROUP, NULL, NULL, &start, &process)) {
        fprintf(stderr, "The program %s cannot be started: error %lu.\n", argv[1], GetLastError());
        return 1;
    }
    CloseHandle(writer);
    while (byte != '\n' && ReadFile(reader, &byte, 1, &count, NULL) && count == 1) {}
    if (!GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, process.dwProcessId)) {
        fprintf(stderr, "The signal cannot be sent: error %lu.\n", GetLastError());
        TerminateProcess(process.hProcess, 1);
        return 77;
    }
    if (WaitForSingleObject(process.hProcess, 30000) != WAIT_OBJECT_0) {
        TerminateProcess(process.hProcess, 1);
        return 77;
    }
    GetExitCodeProcess(process.hProcess, &code);
    printf("exit code 0x%08lx\n", code);
    return 0;
}
