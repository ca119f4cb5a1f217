#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which paths fail, and how often, the worst first:
#
#   errors_by_path.sh FILE|FOLDER
set -eu
wiretape analyze -r "$1" -T fields -e response.status -e request.method -e request.path 'http and response.status >= 400' |
  sort | uniq -c | sort -k1,1nr -k2
