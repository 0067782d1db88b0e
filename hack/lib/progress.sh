# shellcheck shell=bash
# Progress lines with the time since the run began; the scripts of one run share FLEET_STARTED.
export FLEET_STARTED=${FLEET_STARTED:-$(date +%s)}

say() { printf '[%4ds] %s\n' "$(($(date +%s) - FLEET_STARTED))" "$*" >&2; }

# fail WHAT CURE: ends the run, naming what is missing and what to do about it.
fail() {
  say "error: $1"
  printf '        %s\n' "${@:2}" >&2
  exit 1
}

if ((BASH_VERSINFO[0] < 4)) || ! command -v sha256sum timeout >/dev/null; then
  fail 'these scripts need bash 4 or newer and GNU coreutils' 'On macOS: brew install bash coreutils gawk findutils, and put their gnubin folders on PATH.'
fi
