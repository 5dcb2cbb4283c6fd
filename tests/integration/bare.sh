#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: on a bare Debian 12, a newcomer who copies the lines of README.md sees what it promises; nothing that they need is there by
# chance. Method: debootstrap makes such a root, the sources of this commit are put into it, and the lines run in it by chroot, the
# first installation broken off as by Ctrl-C. Needs root, and the package mirror that this machine's apt uses.
#
# Usage: bare.sh SOURCES
set -euo pipefail

readonly sources=$1 deadline_s=1200
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ketenwacht-bare-XXXXXX")
readonly scratch root=$scratch/root

clean_up() {
        # Whatever still runs in there goes before its mounts do.
        for link in /proc/[0-9]*/root; do
                [ "$(readlink "$link" 2>/dev/null)" != "$root" ] || kill -9 "$(basename "$(dirname "$link")")" 2>/dev/null || true
        done
        for at in dev proc; do umount -l "$root/$at" 2>/dev/null || true; done
        rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT

fail() {
        echo "bare: $*" >&2
        exit 1
}

# Runs lines of bash as root of the bare system, in the folder of the sources. A background job of bash ignores SIGINT; these do not.
inside() {
        local path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        env --default-signal=INT,TERM chroot "$root" /usr/bin/env HOME=/root PATH=$path bash -c "cd /ketenwacht && $1"
}

block() {
        awk -v from='```sh '"$1" '$0 == from {on = 1; next} /^```/ {on = 0} on' "$sources/README.md"
}

# wait_until WHAT CONDITION: looks ten times a second
wait_until() {
        local until=$((SECONDS + deadline_s))
        until eval "$2"; do
                [ $SECONDS -lt $until ] || fail "$1 did not come about within $deadline_s s"
                read -rt 0.1 <> <(:) || true
        done
}

echo "-- a bare root"
command -v debootstrap >/dev/null || fail "debootstrap is missing; ops/install test installs it"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$scratch/debootstrap.log" 2>&1 || fail "$(tail -n 5 "$scratch/debootstrap.log")"
cp -a /etc/apt/. "$root/etc/apt/"
for path in /etc/resolv.conf /etc/hosts /etc/ssl /usr/local/share/ca-certificates; do
        [ ! -e $path ] || { mkdir -p "$root$(dirname $path)" && cp -aL $path "$root$(dirname $path)/"; }
done
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir "$root/ketenwacht"
git -C "$sources" -c safe.directory='*' archive HEAD | tar -x -C "$root/ketenwacht"

echo "-- help installs nothing"
before=$(inside 'dpkg-query -l | wc -l')
for script in build demo install kafka test; do
        for word in --help -h; do
                grep -q "^Usage: ops/$script" <<<"$(inside "ops/$script $word")" || fail "ops/$script $word does not say what it takes"
        done
done
[ "$(inside 'dpkg-query -l | wc -l')" = "$before" ] || fail "help installed something"
grep -q 'ops/install build installs it' <<<"$(inside 'ops/build 2>&1')" || fail "ops/build does not say what is missing"

echo "-- an installation that is broken off"
inside 'exec setsid ops/install build' >"$scratch/install.log" 2>&1 &
install=$!
wait_until "unpacking" "grep -q '^Unpacking' '$scratch/install.log' || ! kill -0 $install"
pgrep -f 'ops/install build$' >/dev/null || fail "it ended before it could be broken off: $(tail -n 3 "$scratch/install.log")"
pkill -INT -f 'ops/install build$'
wait $install && fail "ops/install says that it is done, though it was interrupted"
[ -z "$(inside 'dpkg --audit')" ] || fail "packages are left half installed"

echo "-- the first own event"
inside 'exec ops/demo --keep --speed 0 --cases 10' >"$scratch/demo.log" 2>&1 &
demo=$!
wait_until "the demonstration" "[ -e '$root/ketenwacht/.cache/demo.env' ] || ! kill -0 $demo 2>/dev/null"
kill -0 $demo || fail "the demonstration ended: $(tail -n 5 "$scratch/demo.log")"
[ "$(grep -c '^ops/build:' "$scratch/demo.log")" = 2 ] || fail "not two lines about the build: $(head -n 20 "$scratch/demo.log")"
grep -q '^\[[0-9]*/[0-9]*\]' "$scratch/demo.log" && fail "a line a step of the build, in a log"
inside "$(block first-event; block first-answer)" >"$scratch/event.log" 2>&1 || true
grep -q 'Jeugdbeschermer binnen vijf werkdagen: niet gehaald' "$scratch/event.log" || fail "no explanation: $(tail -n 5 "$scratch/event.log")"
grep -q MET_LATE "$scratch/event.log" || fail "the alert was not resolved: $(tail -n 5 "$scratch/event.log")"
pkill -TERM -f 'ketenwacht demo --keep --speed 0 --cases 10'
wait $demo || fail "the demonstration did not end cleanly"

echo "-- the same on a real broker"
inside "trap 'kill \$(jobs -p); wait; ops/kafka stop' EXIT
$(block real-broker; block first-event | grep -v '^\. .cache/demo.env'; block first-answer)" >"$scratch/broker.log" 2>&1 || true
grep -q MET_LATE "$scratch/broker.log" || fail "not the same: $(tail -n 10 "$scratch/broker.log")"

echo "-- the first own protocol"
inside "$(block first-protocol)" >"$scratch/protocol.log" 2>&1 || fail "$(tail -n 5 "$scratch/protocol.log")"
[ "$(grep -c '"effect":"escalation-raised"' "$scratch/protocol.log")" = 2 ] || fail "not two alerts: $(tail -n 5 "$scratch/protocol.log")"
