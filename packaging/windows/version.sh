#!/bin/sh
# Makes the object with the version resource of a DLL or a program, for the linker.
#
#     packaging/windows/version.sh FILE OBJECT
#
# FILE is the name of the DLL or program, such as iplaygames.dll. The version is that of
# include/iplaygames.h. WINDRES names mingw's windres.
set -eu

file=$1
object=$2
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' "$here/../../include/iplaygames.h")
case $file in
*.dll) kind=VFT_DLL description="Client for the IPlayGames game-aggregator API" ;;
*) kind=VFT_APP description="Command-line tool for the IPlayGames game-aggregator API" ;;
esac
# 1.2.3-beta becomes 1,2,3,0, and is marked as a prerelease.
numbers=$(echo "${version%%[-+]*}" | tr . ,),0
case $version in *-*) flags=VS_FF_PRERELEASE ;; *) flags=0 ;; esac

mkdir -p "$(dirname "$object")"
sed -e "s/@NUMBERS@/$numbers/; s/@FLAGS@/$flags/; s/@KIND@/$kind/" \
    -e "s/@DESCRIPTION@/$description/; s/@VERSION@/$version/; s/@FILE@/$file/" "$here/version.rc.in" |
    "${WINDRES:-x86_64-w64-mingw32-windres}" --input-format=rc --output-format=coff -o "$object"
