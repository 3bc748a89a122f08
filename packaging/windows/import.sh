#!/bin/sh
# Makes the list of exports and the import libraries of iplaygames.dll.
#
#     packaging/windows/import.sh FOLDER
#
# FOLDER has iplaygames.dll. It gets iplaygames.def, iplaygames.lib for MSVC and libiplaygames.dll.a
# for mingw. LLVM_DLLTOOL and DLLTOOL name the tools of LLVM and of mingw.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
{
    echo "LIBRARY iplaygames.dll"
    echo "EXPORTS"
    "$here/pe.py" exports iplaygames.dll | sed 's/^/    /'
} >iplaygames.def
"${LLVM_DLLTOOL:-llvm-dlltool}" -m i386:x86-64 -d iplaygames.def -l iplaygames.lib
# dlltool names its members after its process, unless it gets a prefix: each run must give the same
# bytes.
"${DLLTOOL:-x86_64-w64-mingw32-dlltool}" --deterministic-libraries --temp-prefix iplaygames \
    -m i386:x86-64 -d iplaygames.def -l libiplaygames.dll.a
