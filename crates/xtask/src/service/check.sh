#!/bin/bash
# Runs as root inside the container, as trial.sh does: `--check` with the unit's own user, folders, credentials and restrictions must be bad
# wherever a secret, a file or a certificate would fail the service, and good again once that is mended.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root
unit=butler-exporter.service
base=http://127.0.0.1:9464
. /trial/common.sh

dpkg --install /trial/butler-exporter.deb >/dev/null
dpkg --install /trial/butler-cli.deb >/dev/null
mkdir -p /etc/butler
cp -r /trial/etc/. /etc/butler/
chmod 0600 /etc/butler/l1-url
config=/etc/butler/butler.toml
cp "$config" /root/good.toml
ok "butler-cli $(/usr/bin/butler-cli --version | cut -d' ' -f2) is installed from its package"

# A daemon's unit as it is shipped, but that it checks and ends.
asks=butler-check.service
look_at() {
  unit=$1.service
  sed -e "/^DynamicUser=yes/a User=$1" -e '/^ExecStartPre=/d' -e '/^WatchdogSec=/d' -e '/^NotifyAccess=/d' -e '/^Restart/d' -e 's/^Type=notify$/Type=oneshot\nRemainAfterExit=yes/' \
    -e 's|^ExecStart=.*|& --check|' "/lib/systemd/system/$unit" >"/etc/systemd/system/$asks"
  systemctl daemon-reload
}
look_at butler-exporter
# The code of the check, by the service's user; what it said is in /root/said.
check() {
  systemctl stop "$asks" 2>/dev/null || true
  systemctl reset-failed "$asks" 2>/dev/null || true
  systemctl start "$asks" 2>/dev/null || true
  journalctl --sync
  code=$(systemctl show --property ExecMainStatus --value "$asks")
  journalctl "_SYSTEMD_INVOCATION_ID=$(systemctl show --property InvocationID --value "$asks")" --output cat >/root/said
}
says() {
  check
  [ "$code" = "$1" ] || fail "$3: code $code: $(cat /root/said)"
  grep -qF "$2" /root/said || fail "$3: without '$2': $(cat /root/said)"
  ok "$3: code $code"
}
# The service itself ends by itself with that code, and is not tried again.
refuses() {
  systemctl reset-failed "$unit" 2>/dev/null || true
  systemctl start "$unit" 2>/dev/null && fail "the service starts: $2"
  [ "$(property ExecMainStatus)" = "$1" ] || fail "the service ended with $(property ExecMainStatus): $2"
  ok "the service ends with $1, too: $2"
}
starts() {
  systemctl reset-failed "$unit" 2>/dev/null || true
  systemctl start "$unit" || fail "the service does not start: $1"
  ok "the service starts: $1"
  systemctl stop "$unit"
}
mend() { cp /root/good.toml "$config"; }

says 0 "configuration:" "all is well, with the unit's own LoadCredential="
starts "without a drop-in, and with credentials that are not there"
journalctl --unit "$unit" --output cat | grep -qF 'ok       configuration:' || fail "ExecStartPre left no list in the journal"
ok "the list stands in the journal before the start"
systemctl start "$unit"
wait_for "the chain is scraped with the URL of the default credential" serves 'butler_scrape_success{network="devnet",scraper="l1"} 1'
says 0 "is in use" "an address that the service itself uses is a warning"
systemctl stop "$unit"

mv /etc/butler/l1-url /root/l1-url
says 3 "the file is empty" "a secret that is not there"
refuses 3 "a secret that is not there"
mv /root/l1-url /etc/butler/l1-url

file=$(find /etc/butler/keys -name '*.json' | sort | head -1)
mode=$(stat --format %a "$file")
chmod 0600 "$file"
says 5 "$file" "a key file that the service's user cannot read"
CREDENTIALS_DIRECTORY=/etc/butler /usr/bin/butler-exporter --check >/root/as-root || fail "root cannot: $(cat /root/as-root)"
grep -qF "looked at as root" /root/as-root || fail "root is not told that it may more"
ok "root can read it, and is told that it may more"
chmod "$mode" "$file"
cp -p "$file" /root/key-file
echo '{' >"$file"
says 5 "$file" "a key file that is broken"
cp -p /root/key-file "$file"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 30 \
  -keyout /etc/butler/key.pem -out /etc/butler/cert.pem 2>/dev/null
printf 'tls_certificate_file = "cert.pem"\ntls_key_file = "key.pem"\n' >>"$config"
chmod 0600 /etc/butler/key.pem
says 3 "key.pem" "a certificate's key that the service's user cannot read"
refuses 3 "a certificate's key that its user cannot read"
chmod 0644 /etc/butler/key.pem
says 0 "others can read the file of \`exporter.tls_key_file\`" "one that everybody can read is a warning"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 \
  -keyout /etc/butler/key.pem -out /etc/butler/cert.pem 2>/dev/null
chmod 0644 /etc/butler/key.pem
says 0 "it ends at" "a certificate that ends in two days is a warning"
cat >/root/ca.cnf <<'CNF'
[ca]
default_ca = own
[own]
database = /root/index.txt
new_certs_dir = /root
serial = /root/serial
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
basicConstraints = CA:false
CNF
: >/root/index.txt
echo 01 >/root/serial
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout /etc/butler/key.pem -out /root/csr.pem 2>/dev/null
openssl ca -batch -selfsign -notext -config /root/ca.cnf -keyfile /etc/butler/key.pem -in /root/csr.pem -out /etc/butler/cert.pem \
  -startdate 20200101000000Z -enddate 20200201000000Z 2>/dev/null
chmod 0644 /etc/butler/key.pem /etc/butler/cert.pem
says 5 "it ended at" "a certificate that ended"
openssl ecparam -name prime256v1 -genkey -noout -out /etc/butler/key.pem
chmod 0644 /etc/butler/key.pem
says 3 "cannot be used with its key" "a certificate with another one's key"
refuses 3 "a certificate with another one's key"
mend

sed 's|^url_credential = .*|url = "http://127.0.0.1:1/v2/s3cr3t-key"|' /root/good.toml >"$config"
chmod 0644 "$config"
says 0 "others can read \`$config\`" "a key in a configuration that others can read is a warning"
grep -qF s3cr3t-key /root/said && fail "the key is told: $(cat /root/said)"
CREDENTIALS_DIRECTORY=/etc/butler /usr/bin/butler-cli --config "$config" config check >/root/said || fail "$(cat /root/said)"
grep -qF "warning: others can read" /root/said || fail "config check does not warn: $(cat /root/said)"
ok "butler-cli config check warns, too"
mend

# The watcher in the same places, by its own unit.
systemctl stop "$asks" 2>/dev/null || true
dpkg --install /trial/butler-watcher.deb >/dev/null
useradd --create-home keeper
cp /trial/etc/watcher.toml "$config"
cp "$config" /root/good.toml
look_at butler-watcher
says 0 "configuration:" "the watcher: all is well"
starts "the watcher"
mv /etc/butler/l1-url /root/l1-url
says 3 "the file is empty" "the watcher: a secret that is not there"
refuses 3 "a secret that is not there"
mv /root/l1-url /etc/butler/l1-url
chmod 0600 "$file"
says 5 "$file" "the watcher: a key file that the service's user cannot read"
chmod "$mode" "$file"
printf 'tls_certificate_file = "cert.pem"\ntls_key_file = "key.pem"\n' >>"$config"
says 3 "cannot be used with its key" "the watcher: a certificate with another one's key"
refuses 3 "a certificate with another one's key"
chmod 0600 /etc/butler/key.pem
says 3 "key.pem" "the watcher: a certificate's key that the service's user cannot read"
refuses 3 "a certificate's key that its user cannot read"
mend
printf '[[watcher.webhooks]]\nname = "pager"\nurl_credential = "webhook-url"\n' >>"$config"
says 3 "the file is empty" "the watcher: a channel's secret that is not there"
refuses 3 "a channel's secret that is not there"
mend

dpkg --purge butler-exporter butler-watcher butler-cli >/dev/null 2>&1 || fail "the packages cannot be removed"
[ ! -e /usr/bin/butler-cli ] || fail "butler-cli was left"
echo "everything holds"
