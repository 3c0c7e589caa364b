# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh, test.sh and .ci/run. Offers:
#   genu_install KIND...   installs the missing packages of cmake/debian-packages.txt (run, test, check)
#   genu_build PRESET ARG... configures and builds; ARGs go to ninja
set -euo pipefail

genu_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$genu_root"

genu_say() { printf '== %s\n' "$*"; }
genu_die() { printf 'error: %s\n' "$*" >&2; exit 1; }

genu_as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else genu_die "installing packages needs root: run as root, or install sudo"; fi
}

genu_install() {
  local kinds=" $* " kind package missing=()
  while read -r kind package; do
    case $kind in ''|'#'*) continue ;; esac
    [[ $kinds == *" $kind "* ]] || continue
    # An alternative's name (libgtest-dev is libgmock-dev's) is as good as the package itself.
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done <"$genu_root/cmake/debian-packages.txt"
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || genu_die "these Debian packages are missing and there is no apt-get: ${missing[*]}"
  genu_say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  genu_as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null
  genu_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    </dev/null >"${TMPDIR:-/tmp}/genu-apt.$$.log" 2>&1 || { cat "${TMPDIR:-/tmp}/genu-apt.$$.log" >&2; genu_die "apt-get failed"; }
  rm -f "${TMPDIR:-/tmp}/genu-apt.$$.log"
}

genu_build() {
  local preset=$1 log
  shift
  mkdir -p build
  log=build/configure-$preset.log
  genu_say "Configuring ($preset)"
  cmake --preset "$preset" ${GENU_CMAKE_ARGS:-} >"$log" 2>&1 || { tail -n 60 "$log" >&2; genu_die "configuring failed; the whole log is $log"; }
  genu_say "Building"
  cmake --build "build/$preset" -- "$@"
}
