#!/bin/bash
# Runs as root inside the container, once the system is up: installs the package, uses the service as an operator would,
# and removes it. Each line `ok: …` is something that was seen; the first thing that does not hold ends it.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
unit=butler-exporter.service
base=http://127.0.0.1:9464
. /trial/common.sh

dpkg --install /trial/butler-exporter.deb >/dev/null
[ "$(systemctl is-active "$unit" || true)" != active ] || fail "the service runs without a configuration"
ok "the package is installed, and nothing runs without a configuration"

# The endpoint's URL is a secret: the configuration names a credential, and only root may read the file.
mkdir -p /etc/butler "/etc/systemd/system/$unit.d"
cp -r /trial/etc/. /etc/butler/
chmod 0600 /etc/butler/l1-url
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
wait_for "the chain is scraped with the URL from a credential" serves 'butler_scrape_success{network="devnet",scraper="l1"} 1'
wait_for "the page answers" curl --silent --fail --max-time 5 "$base/"

main=$(property MainPID)
user=$(stat --format %u "/proc/$main")
[ "$user" -ge 61184 ] && [ "$user" -le 65519 ] || fail "it runs as user $user"
ok "it runs as a user that exists only while it runs ($user)"
grep -q '^CapEff:[[:space:]]*0000000000000000$' "/proc/$main/status" || fail "it has capabilities"
ok "it has no capabilities"

if [ "$(property CanReload)" = yes ]; then
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
fi

kill -KILL "$main"
restarted() { [ "$(property NRestarts)" = 1 ] && [ "$(systemctl is-active "$unit")" = active ]; }
wait_for "it is restarted after kill -9" restarted
main=$(property MainPID)
kill -STOP "$main"
barked() { [ "$(property NRestarts)" = 2 ] && [ "$(systemctl is-active "$unit")" = active ]; }
wait_for "the watchdog ends and restarts one that hangs" barked
wait_for "it serves again" serves 'butler_scrape_success{network="devnet",scraper="l1"} 1'

. /trial/bombs.sh

began=$(date +%s%N)
systemctl stop "$unit"
took=$((($(date +%s%N) - began) / 1000000))
[ "$(property Result)" = success ] || fail "the end was no success: $(property Result)"
ok "it ends on demand, in $took ms, with success"

echo 'nonsense = true' >/etc/butler/butler.toml
systemctl start "$unit" 2>/dev/null && fail "it starts with a bad configuration"
gave_up() { [ "$(property ExecMainStatus)" = 3 ] && [ "$(property SubState)" = failed ]; }
wait_for "a bad configuration ends it with code 3, and it is not tried again" gave_up

ok "$(systemd-analyze security "$unit" --no-pager | tail -1 | sed 's/^[^A-Za-z]*//')"
dpkg --purge butler-exporter >/dev/null 2>&1 || fail "the package cannot be removed"
[ ! -e "/lib/systemd/system/$unit" ] && [ ! -e /usr/bin/butler-exporter ] || fail "the package left files behind"
ok "the package is purged"
echo "everything holds"
