# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For bash scripts to source: Debian's packages by purpose, and need(), which installs those that are missing.

# shellcheck disable=SC2034  # the lists are for the scripts that source this
packages_build=(
  g++ cmake ninja-build pkg-config
  libbrotli-dev libcli11-dev libdeflate-dev libfmt-dev libhowardhinnant-date-dev libpcap-dev libpugixml-dev
  libnghttp2-dev libprotobuf-dev libprotoc-dev libre2-dev libsimdjson-dev libsnappy-dev libssl-dev libzstd-dev tao-pegtl-dev zlib1g-dev
)
# Real peers and the readers that results are held against. nginx-light and not nginx-core: no web server of the user's is replaced.
# systemd for systemd-analyze, which reads the units among the examples; nothing is started.
packages_test=(
  doctest-dev python3 zsh fish systemd
  nginx-light curl wrk iproute2 ethtool tcpdump tshark jq mandoc man-db
)
packages_lint=(clang clang-tidy libclang-rt-14-dev git)
packages_bench=(nghttp2-client redis-server redis-tools dnsmasq-base dnsperf iperf3 openssl)

# need PACKAGE...: installs what is missing; as another user than root it says what is missing and fails.
need() {
  local installed missing=() package
  installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } | sed -n 's/^installed //p')
  for package in "$@"; do
    grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "missing: ${missing[*]}" >&2
    echo "as root: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]}"
  install_without_starting "${missing[@]}"
}

# Debian starts a server as soon as it is installed; the tests start their own, elsewhere, and end them.
install_without_starting() {
  local log policy=/usr/sbin/policy-rc.d ours=no status=0
  log=$(mktemp)
  if [ ! -e $policy ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >"$log" 2>&1 &&
    apt-get -qq -y --no-install-recommends install "$@" >"$log" 2>&1 </dev/null || status=$?
  [ $ours = yes ] && rm -f $policy
  [ $status -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return $status
}
