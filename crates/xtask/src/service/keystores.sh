#!/bin/bash
# Runs as root inside the container, as watcher.sh does: the hardened service changes a keystore of this machine by each of the ways that
# docs/coinbases.md has, set up with the commands that stand there. A node on the host loads the same files. Whatever happens, none of the
# private keys is anywhere but in the keystore.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root
unit=butler-watcher.service
base=http://127.0.0.1:9465
. /trial/common.sh
. /trial/person.sh

keys=/var/lib/aztec/keys
file=$keys/keystore.json
drop_ins=/etc/systemd/system/$unit.d
# The first action of a phase, by its key.
first_in() { person actions list --phase "$1" --kind configure_coinbase --json | sed -n 's/.*"key": "\(configure_coinbase[^"]*\)".*/\1/p' | head -1; }
# Something waits, and what it would change was seen.
waits() {
  key=$(first_in awaiting_approval)
  [ -n "$key" ] && person actions show "$key" --json | grep -F '"keystore.json"'
}
hash() { person actions show "$key" --json | sed -n 's/.*"shown": "\([^"]*\)".*/\1/p' | head -1; }
is_in() { person actions show "$key" --json | grep -F "\"phase\": \"$1\""; }
# Somebody delegates, and a named person says yes to what is shown.
approved() {
  stake
  wait_for "a delegation waits for a person" waits
  approve
}
approve() {
  attester=$(echo "$key" | cut -d/ -f4)
  coinbase=$(echo "$key" | cut -d/ -f5)
  person actions approve "$key" --shown "$(hash)" >/dev/null || fail "the person cannot approve $key"
}
rights() { stat --format '%U:%G %a' "$1"; }
count() { grep -ciF "\"coinbase\": \"$coinbase\"" "$file" || true; }
told() { ask node && grep -qixF "$1" /trial/told; }
accepted() { ask node && sed -n 's/^accepted //p' /trial/told; }
# It is done: once in the file, taken by the node, with the file's owner, group and mode as they were, and nothing is left of the old one.
done_with() {
  wait_for "$1" is_in "done"
  [ "$(count)" = 1 ] || fail "the file has it $(count) times"
  told "$attester $coinbase" || fail "the node does not propose with it: $(cat /trial/told)"
  [ "$(rights "$file")" = "$2" ] || fail "the file is $(rights "$file"), and was $2"
  [ "$(ls -A "$keys")" = keystore.json ] || fail "something lies beside it: $(ls -A "$keys")"
  wait_for "nothing of the old file is kept" nothing_kept
}
nothing_kept() { [ -z "$(find /var/lib -name '*.before*')" ]; }
# That a private key, or that of the admin port, is nowhere: the journal with all its fields, and all that the service and its agent wrote.
planted_nowhere() {
  journalctl --boot --all --output export >/root/journal
  grep -qF butler-watcher /root/journal || fail "the journal is empty"
  grep -cFf /trial/planted /root/journal >/dev/null && fail "the journal has a private key"
  local at
  at=$(grep -rlFf /trial/planted --devices skip /var/lib /var/log /var/cache /tmp /var/tmp /home /root 2>/dev/null | grep -vxF "$file" || true)
  [ -z "$at" ] || fail "a private key is in $at"
  ok "$(wc -l </trial/planted) planted keys are nowhere in $(wc -l </root/journal) lines of the system's journal, nor in a file but the keystore: $1"
}
configure() { cat /root/base.toml - >/etc/butler/butler.toml; }
restart() {
  systemctl daemon-reload
  systemctl reset-failed "$unit" 2>/dev/null || true
  systemctl restart "$unit" || fail "the service does not start"
  wait_for "it runs" curl --silent --fail --max-time 5 "$base/livez"
}
# What the journal says of this start.
says() { journalctl "_SYSTEMD_INVOCATION_ID=$(property InvocationID)" --output cat | grep -F "$1" >/dev/null; }

dpkg --install /trial/butler-watcher.deb >/dev/null
install -m 0755 /trial/butler-cli /usr/bin/butler-cli
rm -rf /var/lib/butler-watcher /var/lib/private/butler-watcher
id keeper >/dev/null 2>&1 || useradd --create-home keeper
printf '[watcher]\nruntime_directory = "/run/butler-watcher"\n' >/home/keeper/butler.toml
mkdir -p /etc/butler "$drop_ins"
cp -r /trial/etc/. /etc/butler/
cp /trial/admin-key /etc/butler/
ask block
start=$(($(cat /trial/told) + 1))
{ sed "s/^start_block = .*/start_block = $start/" /trial/etc/watcher.toml && cat /trial/node.toml; } >/root/base.toml
chmod 0600 /etc/butler/l1-url /etc/butler/admin-key
cat >"$drop_ins/trial.conf" <<'UNIT'
[Service]
LoadCredential=l1-url:/etc/butler/l1-url
LoadCredential=admin-key:/etc/butler/admin-key
RestartSec=1s
UNIT

# The recommended way: ssh, at whose other end the agent answers as the node's user. As docs/coinbases.md has it.
useradd --system --home-dir /var/lib/aztec --shell /bin/sh aztec
install -d -o aztec -g aztec -m 0750 /var/lib/aztec "$keys"
chown aztec:aztec "$file" && chmod 0640 "$file"
install -d -o aztec -g aztec -m 0700 /var/lib/aztec/.ssh /var/lib/butler-keystore
ssh-keygen -q -t ed25519 -N '' -C butler-watcher -f /etc/butler/server-1-ssh
echo "command=\"/usr/bin/butler-cli keystore agent --folder $keys --state /var/lib/butler-keystore\",restrict $(cat /etc/butler/server-1-ssh.pub)" \
  >>/var/lib/aztec/.ssh/authorized_keys
ssh-keyscan -p 2222 127.0.0.1 >/etc/butler/known_hosts 2>/dev/null
cat >"$drop_ins/keystores.conf" <<'UNIT'
[Service]
LoadCredential=server-1-ssh:/etc/butler/server-1-ssh
UNIT
configure <<'TOML'
[[networks.devnet.keystores]]
server = "server-1"
command = ["/usr/bin/ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/etc/butler/known_hosts", "-i", "/run/credentials/butler-watcher.service/server-1-ssh", "-p", "2222", "aztec@127.0.0.1"]
TOML
restart
main=$(property MainPID)
user=$(stat --format %u "/proc/$main")
[ "$user" -ge 61184 ] && [ "$user" -le 65519 ] || fail "it runs as user $user"
approved
done_with "by ssh, as a user that exists only while it runs ($user), it is done" "aztec:aztec 640"
runuser -u "#$user" -- cat "$file" >/dev/null 2>&1 && fail "the watcher's user can read the keystore"
ok "the service's user cannot read the keystore: no private key leaves its owner"
chmod 0700 "$keys" && chmod 0600 "$file"
approved
done_with "0600 in a folder of 0700 it is done, too" "aztec:aztec 600"
planted_nowhere "by ssh"

# Without a name for the service's user ssh ends with code 255.
cp /etc/nsswitch.conf /root/nsswitch.conf
sed -i 's/^\(passwd:.*\) systemd/\1/' /etc/nsswitch.conf
unreached() { curl --silent --max-time 5 "$base/metrics" | grep -q '^butler_watcher_keystore_up{[^}]*} 0'; }
stake
wait_for "where the service's user has no name (no libnss-systemd) the keystore is told as not reached" unreached
cp /root/nsswitch.conf /etc/nsswitch.conf
wait_for "with the name back it waits for a person" waits
approve
done_with "and is done" "aztec:aztec 600"

# The other way: a folder, and the service as the node's user. As docs/coinbases.md has it.
folder_way() {
  configure <<TOML
[[networks.devnet.keystores]]
server = "server-1"
folder = "$keys"
TOML
}
drop_in() {
  cat >"$drop_ins/keystores.conf"
}
folder_way
as_aztec() {
  drop_in <<UNIT
[Service]
DynamicUser=no
User=aztec
Group=aztec
ReadWritePaths=$keys
UNIT
}
as_aztec
echo LimitCORE=infinity >>"$drop_ins/keystores.conf"
restart
main=$(property MainPID)
[ "$(stat --format %U "/proc/$main")" = aztec ] || fail "it runs as $(stat --format %U "/proc/$main")"
grep -q '^CapEff:[[:space:]]*0000000000000000$' "/proc/$main/status" || fail "it has capabilities"
ok "the service runs as the node's user, without capabilities, and goes on with its journal"
says "cannot be changed" && fail "it warns: $(journalctl --unit "$unit" --output cat | grep "cannot be changed" | tail -1)"
approved
done_with "in a folder, as the node's user, it is done" "aztec:aztec 600"
grep -q '^Max core file size  *0  *0 ' "/proc/$main/limits" || fail "$(grep "core file" "/proc/$main/limits")"
[ "$(stat --format %U "/proc/$main/environ")" = root ] || fail "others of its user look into its memory"
ok "though the unit had LimitCORE=infinity, one that had a key in its memory leaves no core (limit 0, not dumpable)"
groupadd readers && usermod --append --groups readers aztec
chgrp readers "$file" && chmod 0640 "$file"
restart
approved
done_with "a group that the service's user is in is kept" "aztec:readers 640"
setfacl --modify u:keeper:r "$file"
approved
done_with "an access list is kept" "aztec:readers 640"
getfacl --absolute-names --omit-header "$file" | grep -qx 'user:keeper:r--' || fail "the access list is $(getfacl "$file")"
setfacl --remove-all "$file"

# kill -9 in the middle: the file is written, and the node does not answer.
hung() { told reloading; }
restart
reloads=$(accepted)
ask hang
approved
wait_for "the node is asked to reload" hung
[ "$(count)" = 1 ] || fail "the file was not written before the reload"
kill -KILL "$(property MainPID)"
restarted() { [ "$(property NRestarts)" = 1 ] && [ "$(systemctl is-active "$unit")" = active ]; }
wait_for "it is restarted after kill -9" restarted
done_with "what was cut off is done once" "aztec:readers 640"
[ "$(accepted)" = $((reloads + 1)) ] || fail "the node took $(($(accepted) - reloads)) reloads"
ok "the node took one reload of it"
planted_nowhere "in a folder, and after a kill"
main=$(property MainPID)
kill -ABRT "$main"
aborted() { [ "$(property NRestarts)" = 2 ] && [ "$(systemctl is-active "$unit")" = active ]; }
wait_for "it is restarted after SIGABRT" aborted
[ -z "$(find / -xdev \( -name core -o -name 'core.*' \) -type f -newer /trial/admin-key -not -path '/usr/*' 2>/dev/null)" ] || fail "there is a core"
ok "there is no core of it"
. /trial/refused.sh

drop_in </dev/null
restart
[ "$(property LimitCORE)" = 0 ] || fail "LimitCORE is $(property LimitCORE)"
systemctl stop "$unit"
planted_nowhere "at the end"
dpkg --purge butler-watcher >/dev/null 2>&1 || fail "the package cannot be removed"
ok "$stakes delegations: each is once in the keystore or was refused"
echo "everything holds"
