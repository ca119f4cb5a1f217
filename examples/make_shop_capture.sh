#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes examples/shop.pcap: a small shop on the loopback interface, served by nginx, asked by curl. As root, because of tcpdump.
#
#   examples/make_shop_capture.sh [FILE]
set -euo pipefail
capture=${1:-$(dirname "${BASH_SOURCE[0]}")/shop.pcap}
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT

chmod 755 "$folder" # nginx's workers are another user

# The shop: carts, which are gzipped, and payments, which fail for one card.
mkdir "$folder/cart"
for cart in 1 2 3; do
  printf '{"cart":%d,"items":[{"sku":"tea-%d","count":2,"price":4.5},{"sku":"cup","count":1,"price":9.0}],"currency":"EUR"}' $cart $cart \
    >"$folder/cart/$cart"
done
cat >"$folder/nginx.conf" <<CONF
daemon off;
pid $folder/pid;
error_log $folder/error.log;
events {}
http {
  access_log $folder/access.log;
  default_type application/json;
  gzip on;
  gzip_types application/json;
  gzip_min_length 1;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server {
    listen 127.0.0.20:8080;
    location /cart/ { root $folder; }
    location = /charge {
      if (\$http_x_card = "expired") { return 402 '{"error":"card expired"}'; }
      if (\$http_x_card = "stolen") { return 500 '{"error":"payment provider gave up"}'; }
      return 200 '{"charged":true}';
    }
    location = /refund { return 200 '{"refunded":true}'; }
    location = /health { return 204; }
  }
}
CONF
nginx -c "$folder/nginx.conf" &
tcpdump -i lo -Z root -U -w "$capture" --time-stamp-precision=nano 'host 127.0.0.20 and port 8080' 2>"$folder/tcpdump" &
until grep -q 'listening on' "$folder/tcpdump" && [ -e "$folder/pid" ]; do sleep 0.1; done

# Who asks is told from the address: the shop's front on .11, its cart on .12, a probe on .13. Each call of curl is a
# connection, with several requests when it gets several addresses.
ask() { curl -s -o "$folder/answer" --compressed --connect-to ::127.0.0.20:8080 "$@"; }
front() { ask --interface 127.0.0.11 -A front/2.1 "$@"; }
cart() { ask --interface 127.0.0.12 -A cart/1.4 "$@"; }
probe() { ask --interface 127.0.0.13 -A kube-probe/1.27+ "$@"; }
charge() { cart -H "X-Card: $1" --json "{\"cart\":$2,\"amount\":18.0}" http://payment.shop/charge; }

probe http://payment.shop/health
front http://cart.shop/cart/1 -o "$folder/answer" http://cart.shop/cart/2 -o "$folder/answer" http://cart.shop/cart/3
charge valid 1
charge stolen 2
front http://cart.shop/cart/9
charge expired 3
probe http://payment.shop/health
charge valid 3
front http://cart.shop/cart/2 -o "$folder/answer" http://cart.shop/cart/7 -o "$folder/answer" http://cart.shop/cart/1
charge stolen 1
cart -H 'X-Card: stolen' --json '{"cart":1,"amount":18.0}' http://payment.shop/charge \
  -o "$folder/answer" http://payment.shop/refund
probe http://payment.shop/health

# The kernel hands the last packets over within a second.
sleep 1
cut -d' ' -f6-9 "$folder/access.log"
