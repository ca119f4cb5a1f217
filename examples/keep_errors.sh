#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Thins out a folder of captures: of each file the streams with a failed call stay, as FILE.errors.pcap; a file without
# one leaves nothing behind.
#
#   keep_errors.sh FILE...
set -eu
for file in "$@"; do
  status=0
  wiretape analyze -r "$file" -w "$file.errors.pcap" --fail-empty 'http and response.status >= 500' || status=$?
  case $status in
    0) echo "$file: kept $(wc -c <"$file.errors.pcap") of $(wc -c <"$file") bytes" ;;
    20) rm -f "$file.errors.pcap" ;;
    *) exit "$status" ;;
  esac
done
