#!/bin/sh
# Installs Subnetra's static file from a release: Linux, any POSIX shell. See --help.
#
# It starts nothing, enables nothing, and touches neither network nor firewall.

set -eu

# Where releases are: RELEASES/latest leads to RELEASES/tag/VERSION, the files are below RELEASES/download/VERSION.
RELEASES=${SUBNETRA_RELEASE_URL:-}
DIR=${SUBNETRA_INSTALL_DIR:-/usr/local/bin}
VERSION=${SUBNETRA_VERSION:-}
SERVICE=${SUBNETRA_SERVICE:-ask}
UNIT_DIR=${SUBNETRA_UNIT_DIR:-/etc/systemd/system}
YES=${ASSUME_YES:-0}
SUDO=
WORK=

usage() {
  cat <<'END'
usage: install.sh [-y] [--dir DIR] [--version VERSION] [--service | --no-service]

Installs subnetrad and subnetra (one static file) from a release.

  -y, --yes          ask nothing
  --dir DIR          where to (default /usr/local/bin)
  --version VERSION  which release, for example v0.10.0 (default: the latest)
  --service          put the systemd unit in place as well, not enabled
  --no-service       do not ask about the unit
  -h, --help         print this text

Environment: SUBNETRA_RELEASE_URL (address of the releases page),
  SUBNETRA_INSTALL_DIR, SUBNETRA_VERSION, SUBNETRA_SERVICE=1,
  SUBNETRA_UNIT_DIR (default /etc/systemd/system), ASSUME_YES=1, NO_COLOR

Nothing is started, and neither network nor firewall is touched.
END
}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$(printf '\033[1m') PLAIN=$(printf '\033[0m')
else
  BOLD='' PLAIN=''
fi

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

finish() {
  status=$?
  [ -z "$WORK" ] || rm -rf "$WORK"
  exit "$status"
}

needs_value() { [ "$2" -ge 2 ] || die "$1 needs a value"; }

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      -y | --yes) YES=1 ;;
      --dir) needs_value "$1" $# && DIR=$2 && shift ;;
      --dir=*) DIR=${1#*=} ;;
      --version) needs_value "$1" $# && VERSION=$2 && shift ;;
      --version=*) VERSION=${1#*=} ;;
      --service) SERVICE=1 ;;
      --no-service) SERVICE=0 ;;
      -h | --help) usage && exit 0 ;;
      *) die "unknown argument: $1 (see --help)" ;;
    esac
    shift
  done
  case $DIR in
    /*) ;;
    *) die "--dir $DIR: give the whole path, from / on" ;;
  esac
  case $DIR in
    *[!A-Za-z0-9/._+-]*) die "--dir: only letters, digits and / . _ + - can stand in the unit's path" ;;
  esac
  # Digits alone are the version too: tags carry a v.
  case $VERSION in
    '') ;;
    *[!A-Za-z0-9.+-]*) die "--version: not a version: $VERSION" ;;
    [0-9]*) VERSION=v$VERSION ;;
  esac
}

# ask QUESTION: true for yes. Asks the terminal even where this script is read from a pipe.
ask() {
  [ "$YES" = 1 ] && return 0
  can_ask || die "there is no terminal to ask: run it with --yes"
  printf '%s [y/N] ' "$1" >/dev/tty
  read -r answer </dev/tty || answer=
  case $answer in
    y | Y | yes | Yes | YES) return 0 ;;
    *) return 1 ;;
  esac
}

can_ask() { (: </dev/tty >/dev/tty) 2>/dev/null; }

find_target() {
  os=$(uname -s)
  machine=$(uname -m)
  case $os in
    Linux) ;;
    Darwin) die "there is no static file for macOS: install Node.js 20 or later, then: npm install -g subnetra" ;;
    *) die "no build for $os" ;;
  esac
  case $machine in
    x86_64 | amd64) TARGET=linux-amd64 ;;
    aarch64 | arm64) TARGET=linux-arm64 ;;
    armv7* | armv8l) TARGET=linux-armv7 ;;
    armv5* | armv6*) TARGET=linux-armv5 ;;
    riscv64) TARGET=linux-riscv64 ;;
    # uname does not tell the byte order; the ELF header of any program does (1 is little-endian).
    mips) case $(dd if=/bin/sh bs=1 skip=5 count=1 2>/dev/null | od -An -tu1 | tr -d ' ') in
      1) TARGET=linux-mipsel ;;
      *) TARGET=linux-mips ;;
    esac ;;
    *) die "no build for $machine" ;;
  esac
}

fetch() { curl -fsSL --proto '=https,http' --retry 2 -o "$2" "$1"; }

find_version() {
  [ -z "$VERSION" ] || return 0
  page=$(curl -fsSL -o /dev/null -w '%{url_effective}' "$RELEASES/latest") || die "cannot read $RELEASES/latest"
  VERSION=${page##*/}
  case $VERSION in
    v[0-9]*) ;;
    *) die "cannot tell the latest version from $page: name one with --version" ;;
  esac
}

# Where no tool can sum, that is said, and never that the sum was right.
check_sum() {
  expected=$(awk -v name="$1" '$2 == name || $2 == "*" name { print $1 }' "$WORK/SHA256SUMS.txt")
  [ -n "$expected" ] || die "SHA256SUMS.txt has no entry for $1: nothing was installed"
  if command -v sha256sum >/dev/null 2>&1; then
    actual=$(sha256sum "$WORK/$1")
  elif command -v shasum >/dev/null 2>&1; then
    actual=$(shasum -a 256 "$WORK/$1")
  elif command -v openssl >/dev/null 2>&1; then
    actual=$(openssl dgst -sha256 -r "$WORK/$1")
  else
    warn "no sha256sum, shasum or openssl here: the archive was NOT checked"
    ask "Install it all the same?" || die "nothing was installed"
    return 0
  fi
  [ "${actual%% *}" = "$expected" ] || die "the checksum of $1 does not match SHA256SUMS.txt: nothing was installed"
  say "checksum verified"
}

# may_write FOLDER: true where this user can write there, or could make it.
may_write() {
  folder=$1
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -d "$folder" ] && [ -w "$folder" ]
}

# become_able FOLDER: sudo only where it is needed, and only after asking.
become_able() {
  may_write "$1" && return 0
  [ "$(id -u)" != 0 ] || die "cannot write to $1"
  command -v sudo >/dev/null 2>&1 || die "cannot write to $1: run this as root, or choose another --dir"
  ask "$1 is not writable: use sudo?" || die "nothing was installed"
  SUDO=sudo
}

# place SOURCE TARGET MODE: complete or not at all, also while the old file runs.
place() {
  if $SUDO mkdir -p "$(dirname "$2")" && $SUDO cp "$1" "$2.new" && $SUDO chmod "$3" "$2.new"; then
    $SUDO mv -f "$2.new" "$2" || die "cannot write $2"
  else
    die "cannot write $2"
  fi
}

install_programs() {
  become_able "$DIR"
  if [ -e "$DIR/subnetrad" ]; then
    installed=$("$DIR/subnetrad" --version 2>/dev/null) || installed="something that does not run"
    say "installed now: $installed"
    ask "Replace it by $VERSION?" || die "nothing was changed"
  fi
  place "$FROM/subnetrad" "$DIR/subnetrad" 0755
  if [ -d "$DIR/subnetra" ]; then die "$DIR/subnetra is a folder"; fi
  $SUDO ln -sfn subnetrad "$DIR/subnetra"
  say "installed: $DIR/subnetrad, $DIR/subnetra ($VERSION)"
  case ":$PATH:" in
    *":$DIR:"*) ;;
    *) warn "$DIR is not in PATH" ;;
  esac
}

install_units() {
  if [ "$SERVICE" = ask ]; then
    SERVICE=0
    if [ "$YES" != 1 ] && command -v systemctl >/dev/null 2>&1 && ask "Install the systemd unit (not enabled)?"; then SERVICE=1; fi
  fi
  [ "$SERVICE" = 1 ] || return 0
  SUDO=
  become_able "$UNIT_DIR"
  for unit in subnetrad.service subnetrad@.service; do
    sed "s|/usr/local/bin/subnetrad|$DIR/subnetrad|g" "$FROM/$unit" >"$WORK/$unit"
    if [ -e "$UNIT_DIR/$unit" ] && ! cmp -s "$WORK/$unit" "$UNIT_DIR/$unit"; then
      ask "Replace $UNIT_DIR/$unit, which differs?" || continue
    fi
    place "$WORK/$unit" "$UNIT_DIR/$unit" 0644
    say "installed: $UNIT_DIR/$unit (not enabled)"
  done
  if [ -d /run/systemd/system ]; then $SUDO systemctl daemon-reload || warn "systemctl daemon-reload failed"; fi
}

next_steps() {
  say ""
  say "${BOLD}Next${PLAIN}"
  say "  1. write /etc/subnetra/config.json, mode 0600 (samples are in the archive):"
  say "       $DIR/subnetra keygen                       a key for each link"
  say "       $DIR/subnetrad --check --config /etc/subnetra/config.json"
  say "  2. see what will be set up:"
  say "       $DIR/subnetrad --print-network-plan --config /etc/subnetra/config.json"
  if [ "$SERVICE" = 1 ]; then
    say "  3. run it:  systemctl enable --now subnetrad"
  else
    say "  3. run it:  SUBNETRA_UP=1 $DIR/subnetrad --config /etc/subnetra/config.json"
  fi
}

main() {
  read_arguments "$@"
  for tool in curl tar uname mktemp awk sed; do
    command -v "$tool" >/dev/null 2>&1 || die "needs $tool"
  done
  [ -n "$RELEASES" ] || die "set SUBNETRA_RELEASE_URL to the address of the releases page"
  RELEASES=${RELEASES%/}
  [ "$YES" = 1 ] || can_ask || die "there is no terminal to ask: run it with --yes"
  find_target
  find_version
  name=subnetra-$VERSION-$TARGET
  say "Subnetra $VERSION for $TARGET, into $DIR"
  ask "Go on?" || die "nothing was changed"
  WORK=$(mktemp -d)
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  fetch "$RELEASES/download/$VERSION/SHA256SUMS.txt" "$WORK/SHA256SUMS.txt" || die "cannot get SHA256SUMS.txt of $VERSION"
  fetch "$RELEASES/download/$VERSION/$name.tar.gz" "$WORK/$name.tar.gz" || die "cannot get $name.tar.gz"
  check_sum "$name.tar.gz"
  tar -xzf "$WORK/$name.tar.gz" -C "$WORK" || die "cannot unpack $name.tar.gz"
  FROM=$WORK/$name
  [ -f "$FROM/subnetrad" ] || die "$name.tar.gz has no $name/subnetrad"
  "$FROM/subnetrad" --version >/dev/null 2>&1 || die "the program of $name does not run on this machine"
  install_programs
  install_units
  next_steps
}

# Last, so that a script cut off on its way does nothing.
main "$@"
