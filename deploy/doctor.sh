#!/bin/sh
# doctor.sh: what a Linux machine must offer before subnetrad starts. POSIX sh; BusyBox is enough. Changes nothing.
#
# Exit status 1 when a check FAILED; warnings do not count. Where Node.js is there, "subnetra doctor" sees more.

failed=0
PATH="${PATH:-}:/usr/sbin:/sbin"

pass() { printf 'PASS  %s\n' "$1"; }
warn() { printf 'WARN  %s\n' "$1"; }
fail() {
  printf 'FAIL  %s\n' "$1"
  failed=1
}
have() { command -v "$1" >/dev/null 2>&1; }

# CAP_NET_ADMIN is bit 12 of CapEff: the last bit of the fourth digit from the right.
net_admin() {
  digits=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status 2>/dev/null)
  case "$digits" in
    *[13579bdf]???) return 0 ;;
    ?*) return 1 ;;
  esac
  have capsh && capsh --has-p=cap_net_admin >/dev/null 2>&1
}

running() {
  for file in /proc/[0-9]*/comm; do
    read -r name <"$file" || continue
    [ "$name" = "$1" ] && return 0
  done 2>/dev/null
  return 1
}

check_device() {
  if [ -c /dev/net/tun ]; then
    pass "/dev/net/tun is a character device"
  else
    fail "/dev/net/tun is not a character device: modprobe tun, or kmod-tun"
  fi
}

check_privilege() {
  if net_admin; then
    pass "CAP_NET_ADMIN is there"
  elif [ "$(id -u 2>/dev/null)" = 0 ] && [ ! -r /proc/self/status ]; then
    pass "running as root"
  elif [ "$(id -u 2>/dev/null)" = 0 ]; then
    fail "root without CAP_NET_ADMIN: in a container --cap-add=NET_ADMIN"
  else
    fail "neither root nor CAP_NET_ADMIN: run as root"
  fi
}

check_ip() {
  if have ip; then
    pass "ip is in the path"
  else
    fail "ip is not in the path: install iproute2 (OpenWrt: ip-full)"
  fi
}

check_clock() {
  year=$(date -u +%Y 2>/dev/null)
  case "$year" in
    '' | *[!0-9]*) fail "the clock cannot be read: date -u +%Y said nothing" ;;
    *)
      if [ "$year" -ge 2024 ]; then
        pass "the clock says $year"
      else
        fail "the clock says $year: set it; subnetrad needs 2024 or later"
      fi
      ;;
  esac
}

check_time_source() {
  if have timedatectl && [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = yes ]; then
    pass "time source: timedatectl says synchronised"
  elif have chronyc && chronyc tracking 2>/dev/null | grep -q 'Leap status *: Normal'; then
    pass "time source: chrony"
  elif running chronyd || running ntpd || running sysntpd || running openntpd || running systemd-timesyn; then
    pass "time source: an NTP program runs"
  elif [ -s /etc/adjtime ]; then
    pass "time source: /etc/adjtime (a hardware clock)"
  else
    warn "no time source found: run chrony, ntpd or systemd-timesyncd"
  fi
}

case "${1:-}" in
  '') ;;
  -h | --help)
    printf 'usage: doctor.sh\n\nChecks what subnetrad needs of this machine; exit status 1 when a check FAILED.\n'
    exit 0
    ;;
  *)
    printf 'doctor.sh: unknown argument; see --help\n' >&2
    exit 1
    ;;
esac

check_device
check_privilege
check_ip
check_clock
check_time_source

if [ "$failed" -eq 0 ]; then
  echo 'doctor: all hard checks PASSED'
else
  echo 'doctor: one or more hard checks FAILED'
fi
exit "$failed"
