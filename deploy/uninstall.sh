#!/bin/sh
# Takes away what install.sh put in place. Configurations, with the keys in them, stay. See --help.

set -eu

DIR=${SUBNETRA_INSTALL_DIR:-/usr/local/bin}
UNIT_DIR=${SUBNETRA_UNIT_DIR:-/etc/systemd/system}
YES=${ASSUME_YES:-0}
SUDO=

usage() {
  cat <<'END'
usage: uninstall.sh [-y] [--dir DIR]

Stops and disables the units, then removes subnetrad, subnetra and the units.
/etc/subnetra and saved rules (/var/lib/subnetra) stay.

  -y, --yes   ask nothing
  --dir DIR   where they were installed (default /usr/local/bin)
  -h, --help  print this text

Environment: SUBNETRA_INSTALL_DIR, SUBNETRA_UNIT_DIR, ASSUME_YES=1
END
}

die() {
  printf 'uninstall.sh: %s\n' "$*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    -y | --yes) YES=1 ;;
    --dir)
      [ $# -ge 2 ] || die "--dir needs a value"
      DIR=$2
      shift
      ;;
    --dir=*) DIR=${1#*=} ;;
    -h | --help) usage && exit 0 ;;
    *) die "unknown argument: $1 (see --help)" ;;
  esac
  shift
done

ask() {
  [ "$YES" = 1 ] && return 0
  (: </dev/tty >/dev/tty) 2>/dev/null || die "there is no terminal to ask: run it with --yes"
  printf '%s [y/N] ' "$1" >/dev/tty
  read -r answer </dev/tty || answer=
  case $answer in
    y | Y | yes | Yes | YES) return 0 ;;
    *) return 1 ;;
  esac
}

# what FILES…: those that are there.
there() { for file in "$@"; do if [ -e "$file" ] || [ -L "$file" ]; then echo "$file"; fi; done; }

case $DIR$UNIT_DIR in
  *[!A-Za-z0-9/._+-]*) die "only letters, digits and / . _ + - may stand in a folder's path" ;;
esac
found=$(there "$DIR/subnetrad" "$DIR/subnetra" "$UNIT_DIR/subnetrad.service" "$UNIT_DIR/subnetrad@.service")
[ -n "$found" ] || {
  echo "nothing of Subnetra in $DIR and $UNIT_DIR"
  exit 0
}
if [ -e "$DIR/subnetrad" ]; then
  case $("$DIR/subnetrad" --version 2>/dev/null) in
    "subnetra v"*) ;;
    *) ask "$DIR/subnetrad does not say that it is Subnetra. Remove it all the same?" || die "nothing was removed" ;;
  esac
fi
echo "to be removed:"
# shellcheck disable=SC2086 # the folders hold no blanks
printf '  %s\n' $found
ask "Go on?" || die "nothing was removed"

for folder in "$DIR" "$UNIT_DIR"; do
  if [ -d "$folder" ] && [ ! -w "$folder" ]; then
    if [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null 2>&1; then
      die "cannot write to $folder: run this as root"
    fi
    ask "$folder is not writable: use sudo?" || die "nothing was removed"
    SUDO=sudo
  fi
done

running=0
[ ! -d /run/systemd/system ] || running=1
if [ "$running" = 1 ] && [ -n "$(there "$UNIT_DIR/subnetrad.service" "$UNIT_DIR/subnetrad@.service")" ]; then
  $SUDO systemctl disable --now subnetrad.service 'subnetrad@*.service' 2>/dev/null || true
  $SUDO systemctl stop 'subnetrad@*.service' 2>/dev/null || true
fi
# shellcheck disable=SC2086
$SUDO rm -f $found
[ "$running" = 0 ] || $SUDO systemctl daemon-reload || true
echo "removed. /etc/subnetra and /var/lib/subnetra are as they were."
