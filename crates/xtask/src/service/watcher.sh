#!/bin/bash
# Runs as root inside the container, as trial.sh does: the watcher's package and service. Stakes arrive while the service runs,
# while it is killed, hangs or is stopped; each is planned once.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root
unit=butler-watcher.service
base=http://127.0.0.1:9465
. /trial/common.sh
. /trial/person.sh

state=/var/lib/butler-watcher
look_after() { CREDENTIALS_DIRECTORY=/etc/butler /usr/bin/butler-watcher state "$@"; }
# The keys of actions that give an attester its coinbase, by what is asked: one line each.
coinbases() { cli actions list --kind configure_coinbase --json | grep -o '"key": "configure_coinbase[^"]*"' | sort -u; }
planned() { [ "$(coinbases | wc -l)" = "$stakes" ]; }
# How often the history says that such an action was planned.
in_history() { cli actions history --limit 100000 --json | grep -c '"why": "provider .*needs the coinbase'; }

dpkg --install /trial/butler-watcher.deb >/dev/null
[ "$(systemctl is-active "$unit" || true)" != active ] || fail "the service runs without a configuration"
ok "the package is installed, and nothing runs without a configuration"

mkdir -p /etc/butler "/etc/systemd/system/$unit.d"
cp -r /trial/etc/. /etc/butler/
mv /etc/butler/watcher.toml /etc/butler/butler.toml
chmod 0600 /etc/butler/l1-url
useradd --create-home keeper
printf '[watcher]\nruntime_directory = "/run/butler-watcher"\n' >/home/keeper/butler.toml
cat >"/etc/systemd/system/$unit.d/trial.conf" <<'UNIT'
[Service]
LoadCredential=l1-url:/etc/butler/l1-url
WatchdogSec=10s
RestartSec=1s
UNIT
systemctl daemon-reload
systemctl enable --now "$unit" 2>/dev/null || fail "the service did not start"
[ "$(systemctl is-active "$unit")" = active ] || fail "the service is not active"
ok "the service starts and tells that it is ready"
journalctl --unit "$unit" --output cat | grep -qF 'ok       configuration: would follow' || fail "ExecStartPre left no list in the journal"
ok "what it will see stands in the journal before the start"
stake
cli watcher status >/dev/null || fail "the socket does not answer root"
wait_for "a stake arrives, and its coinbase is planned" planned
wait_for "nothing is unread" serves 'butler_watcher_unread{network="devnet"} 0'
[ "$(curl --silent --output /dev/null --write-out '%{http_code}' "$base/readyz")" = 200 ] || fail "/readyz is not 200"
ok "root is answered at the socket"

main=$(property MainPID)
user=$(stat --format %u "/proc/$main")
[ "$user" -ge 61184 ] && [ "$user" -le 65519 ] || fail "it runs as user $user"
[ "$(stat --format %a /run/butler-watcher/watcher)" = 711 ] || fail "its socket's folder can be read, or cannot be passed"
ok "it runs as a user that exists only while it runs ($user), and its socket's folder can be passed and no more"
code=0
cli actions approve --kind configure_coinbase --shown "$(shown)" 2>/root/refused || code=$?
[ "$code" = 6 ] && grep -q "does not name you" /root/refused || fail "root decided: $code $(cat /root/refused)"
code=0
runuser -u nobody -- env BUTLER_CONFIG=/home/keeper/butler.toml /trial/butler-cli watcher status 2>/root/refused || code=$?
[ "$code" != 0 ] || fail "nobody is answered"
person actions approve --kind configure_coinbase --shown "$(shown)" >/dev/null || fail "the person cannot approve"
cli actions history --limit 1000 --json >/root/history
grep -q "approved by uid $(id --user keeper)" /root/history || fail "the history does not name the person"
ok "a named person approves, root and a stranger do not"
grep -q '^CapEff:[[:space:]]*0000000000000000$' "/proc/$main/status" || fail "it has capabilities"
ok "it has no capabilities"
[ "$(property MemoryMax)" = 268435456 ] || fail "MemoryMax is $(property MemoryMax)"
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$main/status")
[ "$peak" -gt 0 ] && [ "$peak" -le $((128 * 1024)) ] || fail "VmHWM $peak kB"
ok "MemoryMax is 256 MB, and VmHWM $((peak / 1024)) MB"

code=0
CREDENTIALS_DIRECTORY=/etc/butler /usr/bin/butler-watcher 2>/root/second || code=$?
[ "$code" = 6 ] && grep -q "belongs to another user" /root/second || fail "root's ended with $code: $(cat /root/second)"
ok "root does not run it on the service's folder, and gets code 6"
second() {
  systemd-run --quiet --wait --pipe --property DynamicUser=yes --property User=butler-watcher \
    --property StateDirectory=butler-watcher --property CacheDirectory=butler-watcher --property LoadCredential=l1-url:/etc/butler/l1-url \
    --setenv BUTLER__WATCHER__LISTEN=127.0.0.1:0 /usr/bin/butler-watcher >/dev/null 2>/root/second
}
code=0
second || code=$?
[ "$code" = 6 ] && grep -q "in use" /root/second || fail "a second instance ended with $code: $(cat /root/second)"
[ "$(property MainPID)" = "$main" ] || fail "the second instance ended the first"
ok "a second instance is refused with code 6"

systemctl reload "$unit" || fail "the reload failed"
[ "$(property MainPID)" = "$main" ] || fail "the reload was a restart"
ok "a reload keeps the process"
cp /etc/butler/butler.toml /root/good.toml
echo 'nonsense = true' >/etc/butler/butler.toml
systemctl reload "$unit" || true
wait_for "a bad configuration is told in a metric" serves 'butler_config_last_reload_successful 0'
[ "$(property MainPID)" = "$main" ] || fail "a bad configuration ended the process"
cp /root/good.toml /etc/butler/butler.toml
wait_for "a mended configuration is taken over without being asked" serves 'butler_config_last_reload_successful 1'

stake
kill -KILL "$main"
restarted() { [ "$(property NRestarts)" = 1 ] && [ "$(systemctl is-active "$unit")" = active ]; }
wait_for "it is restarted after kill -9" restarted
wait_for "a stake that came when it was killed is planned" planned
main=$(property MainPID)
kill -STOP "$main"
stake
barked() { [ "$(property NRestarts)" = 2 ] && [ "$(systemctl is-active "$unit")" = active ]; }
wait_for "the watchdog ends and restarts one that hangs" barked
wait_for "a stake that came while it hung is planned" planned

began=$(date +%s%N)
systemctl stop "$unit"
took=$((($(date +%s%N) - began) / 1000000))
[ "$(property Result)" = success ] || fail "the end was no success: $(property Result)"
ok "it ends on demand, in $took ms, with success"
look_after check >/root/checked || fail "the journal is not whole: $(cat /root/checked)"
ok "$(cat /root/checked)"
look_after compact >/dev/null || fail "root cannot compact it"
look_after export --to /root/backup.jsonl >/dev/null || fail "root cannot export it"
stake
systemctl start "$unit" || fail "the service does not start after root looked after its journal"
wait_for "a stake that came while it was stopped is planned, and root left the journal to the service" planned
[ "$(in_history)" = "$stakes" ] || fail "the history has $(in_history) coinbases planned, of $stakes stakes"
ok "each of $stakes stakes was planned once"

systemctl stop "$unit"
cp -a "$state/journal" /root/copy
rm -r "${state:?}/journal"
cp -a /root/copy "$state/journal"
systemctl start "$unit" 2>/dev/null && fail "it starts on a copy of its journal"
gave_up() { [ "$(property ExecMainStatus)" = "$1" ] && [ "$(property SubState)" = failed ]; }
wait_for "a journal that was copied is refused with code 6, and it is not tried again" gave_up 6
look_after check --adopt >/dev/null || fail "the copy cannot be taken over"
systemctl reset-failed "$unit"
systemctl start "$unit" || fail "it does not start on the copy that was taken over"
stake
wait_for "it goes on once the copy was taken over" planned

systemctl stop "$unit"
mv "$state/journal" /root/old
look_after import /root/backup.jsonl >/dev/null || fail "the backup cannot be imported"
systemctl start "$unit" || fail "it does not start on the backup"
wait_for "it starts on a backup and plans again what came after it" planned

systemctl stop "$unit"
echo 'nonsense = true' >/etc/butler/butler.toml
systemctl start "$unit" 2>/dev/null && fail "it starts with a bad configuration"
wait_for "a bad configuration ends it with code 3, and it is not tried again" gave_up 3

ok "$(systemd-analyze security "$unit" --no-pager | tail -1 | sed 's/^[^A-Za-z]*//')"
dpkg --purge butler-watcher >/dev/null 2>&1 || fail "the package cannot be removed"
[ ! -e "/lib/systemd/system/$unit" ] && [ ! -e /usr/bin/butler-watcher ] || fail "the package left files behind"
[ -e /var/lib/private/butler-watcher/journal ] || fail "the purge took the journal"
ok "the package is purged, and the journal is left"
rm -r /etc/butler "/etc/systemd/system/$unit.d"
systemctl daemon-reload
echo "everything holds"
