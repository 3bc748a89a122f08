# Windows x64 with Microsoft's linker. packaging/cross/common.sh explains the variables. Windows has
# the real tools; elsewhere the target can be checked, not linked.
# shellcheck shell=sh
. "$cross/stand_in.sh"

on_windows() { case $(uname -s) in MINGW* | MSYS* | CYGWIN*) ;; *) return 1 ;; esac; }
prepare() { on_windows || stand_ins; }
target_env() { on_windows || stand_in_env; }
