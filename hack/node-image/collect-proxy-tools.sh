#!/bin/bash
# Copies the programs that kube-proxy calls, with their libraries, into a folder. usage: collect-proxy-tools.sh FOLDER
set -euo pipefail
out=$1
plugins=(/usr/lib/*-linux-gnu/xtables)

copy() { mkdir -p "$out$(dirname "$1")" && cp -L "$1" "$out$1"; }

for program in /usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi /usr/sbin/conntrack /usr/bin/kmod; do copy "$program"; done
mkdir -p "$out/run" "$out/tmp" "$out$(dirname "${plugins[0]}")"
cp -a "${plugins[0]}" "$out${plugins[0]}"

{ ldd "$out"/usr/sbin/* "$out"/usr/bin/* "${plugins[0]}"/*.so || true; } 2>/dev/null \
  | awk '/=> \// {print $3} $1 ~ /^\// && /ld-linux/ {print $1}' | sort -u | while read -r library; do copy "$library"; done

for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -s xtables-nft-multi "$out/usr/sbin/$name"
done
