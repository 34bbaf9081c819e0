# What the trials have in common. Whoever reads this has set `unit` and `base`.

ok() { echo "ok: $*"; }
fail() {
  echo "FAILED: $*"
  systemctl status --no-pager --lines=30 "$unit" || true
  exit 1
}
# Waits up to a minute until the command succeeds.
wait_for() {
  local what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "waited in vain until $what"
    sleep 0.1
  done
  ok "$what"
}
serves() { curl --silent --max-time 5 "$base/metrics" | grep -qF "$1"; }
property() { systemctl show --property "$1" --value "$unit"; }
