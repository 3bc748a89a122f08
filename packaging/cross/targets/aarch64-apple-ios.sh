# iOS on arm64. packaging/cross/common.sh explains the variables. A Mac has the real
# tools; elsewhere the target can be checked, not linked.
# shellcheck shell=sh
. "$cross/stand_in.sh"

prepare() { [ "$(uname -s)" = Darwin ] || stand_ins; }
target_env() { [ "$(uname -s)" = Darwin ] || stand_in_env; }
