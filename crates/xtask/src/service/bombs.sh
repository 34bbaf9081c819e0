# Part of the trial, read by it when the service serves: each bomb is thrown at the service, which runs under its limit of
# memory, restarted for each. It must live through it, as the same process, and stay small.

limit=$((512 * 1024 * 1024))
most=$((200 * 1024))

# Where the host has the first version of control groups, the container's systemd is given the memory controller.
if [ -d /sys/fs/cgroup/memory ] && mount -o remount,bind,rw /sys/fs/cgroup/memory 2>/dev/null; then
  systemctl daemon-reexec
fi

# The limit that the kernel holds the process to, and which version of control groups does.
memory_limit() {
  local group
  group=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
  if [ -e "/sys/fs/cgroup$group/memory.max" ]; then
    echo "$(cat "/sys/fs/cgroup$group/memory.max") cgroup v2, memory.max"
    return
  fi
  group=$(sed -n 's/^[0-9]*:memory://p' "/proc/$1/cgroup")
  if [ -e "/sys/fs/cgroup/memory$group/memory.limit_in_bytes" ]; then
    echo "$(cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes") cgroup v1, memory.limit_in_bytes"
    return
  fi
  echo "none no memory controller"
}

limits="MemoryMax=512M"
in_force="MemoryMax=512M"
# Something that takes more than its MemoryMax must be killed, or the limit is none.
if systemd-run --quiet --wait --property MemoryMax=64M --property MemorySwapMax=0 \
  bash -c 'x=$(head -c 200000000 /dev/zero | tr "\0" x); [ -n "$x" ]' 2>/dev/null; then
  limits="LimitDATA=512M"
  in_force="LimitDATA=512M, since this host enforces no MemoryMax: NOT what the unit has"
else
  ok "this system kills what takes more than its MemoryMax"
fi
cp /etc/butler/butler.toml /root/honest.toml
printf '[Service]\n%s\n' "$limits" >"/etc/systemd/system/$unit.d/bombs.conf"
systemctl daemon-reload

told() {
  curl --silent --max-time 5 "$base/metrics" |
    grep -qE "^butler_scrape_errors_total\{network=\"devnet\",scraper=\"$scraper\"[^}]*\} [1-9]"
}
highest=0
while read -r name scraper; do
  cp "/trial/bombs/$name.toml" /etc/butler/butler.toml
  systemctl restart "$unit" || fail "$name: the service did not start"
  main=$(property MainPID)
  if [ "$limits" = MemoryMax=512M ]; then
    [ "$(memory_limit "$main" | cut -d' ' -f1)" = "$limit" ] || fail "$name: under $(memory_limit "$main")"
  else
    grep -q "^Max data size  *$limit " "/proc/$main/limits" || fail "$name: without $limits"
  fi
  tries=0
  until told; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "$name: told nowhere"
    sleep 0.1
  done
  # A second and a third one, where it is thrown again.
  sleep 2
  [ "$(systemctl is-active "$unit")" = active ] || fail "$name: not active"
  [ "$(property MainPID)" = "$main" ] && [ "$(property NRestarts)" = 0 ] || fail "$name: it was restarted"
  curl --silent --fail --max-time 5 "$base/livez" >/dev/null || fail "$name: /livez does not answer"
  peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$main/status")
  [ "$peak" -gt 0 ] && [ "$peak" -le "$most" ] || fail "$name: VmHWM $peak kB"
  [ "$peak" -le "$highest" ] || highest=$peak
  ok "$name: alive, VmHWM $((peak / 1024)) MB"
done </trial/bombs/list
ok "each of $(wc -l </trial/bombs/list) bombs under $in_force ($(memory_limit "$main" | cut -d' ' -f2-)): at most $((highest / 1024)) MB"

rm "/etc/systemd/system/$unit.d/bombs.conf"
cp /root/honest.toml /etc/butler/butler.toml
systemctl daemon-reload
systemctl restart "$unit" || fail "the service did not start after the bombs"
wait_for "it serves the truth after the bombs" serves 'butler_scrape_success{network="devnet",scraper="l1"} 1'
