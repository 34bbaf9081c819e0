# Part of the trial of keystores, read by it: what the service cannot change is told when it starts, refused before anything is written, and
# done once it was mended. Nothing of the file differs until then.

before=$(sha256sum "$file")
# It is parked with this reason, and the file is as it was.
refused_for() {
  parked() { person actions show "$key" --json | grep -F '"reason":' | grep -F "$1"; }
  wait_for "it is refused: $1" parked "$1"
  is_in parked >/dev/null || fail "it is not parked"
  [ "$(sha256sum "$file")" = "$before" ] && [ "$(ls -A "$keys")" = keystore.json ] || fail "something was written"
}
# A person has it tried again, and says yes.
again() {
  person actions retry "$key" --shown "$(hash)" >/dev/null || fail "it cannot be tried again"
  wait_for "what was refused waits for a person" waits
  approve
}
# What `--check` says as that user, in the sandbox's view of the files.
check_as() {
  code=0
  local user=$1
  shift
  systemd-run --quiet --wait --pipe --property User="$user" --property ProtectSystem=strict --property NoNewPrivileges=yes \
    --property CapabilityBoundingSet= --property LoadCredential=l1-url:/etc/butler/l1-url \
    --property LoadCredential=admin-key:/etc/butler/admin-key "$@" /usr/bin/butler-watcher --check >/root/checked 2>&1 || code=$?
}
check_fails() {
  check_as "$@"
  [ "$code" = 5 ] && grep -qF "$why" /root/checked && grep -q '^hint: ' /root/checked || fail "--check ended with $code: $(cat /root/checked)"
  ok "--check says before, with code 5: $why"
}

check_as aztec --property ReadWritePaths="$keys"
[ "$code" = 0 ] && grep -qF "the keystore of server-1 can be changed: 1 files" /root/checked || fail "--check ended with $code: $(cat /root/checked)"
ok "--check passes as the service would run"

why="is on a read-only file system"
check_fails aztec
drop_in <<UNIT
[Service]
DynamicUser=no
User=aztec
Group=aztec
UNIT
restart
wait_for "a unit without ReadWritePaths= is told at its start" says 'ReadWritePaths='
approved
refused_for "$why"
as_aztec
restart
again
done_with "with ReadWritePaths= it is done" "aztec:readers 640"

why="belongs to a user to whom this one cannot give files"
useradd --system --groups aztec,readers butler
chmod 0770 "$keys" && chmod 0660 "$file"
check_fails butler --property ReadWritePaths="$keys"
setfacl --modify u:butler:rwx "$keys" && setfacl --modify u:butler:rw "$file"
check_fails butler --property ReadWritePaths="$keys"
setfacl --remove-all "$keys" "$file"
before=$(sha256sum "$file")
drop_in <<UNIT
[Service]
DynamicUser=no
User=butler
Group=butler
ReadWritePaths=$keys
UNIT
restart
wait_for "a member of the owner's group is told at the start that it cannot keep the owner" says "$why"
approved
refused_for "$why"
as_aztec
chmod 0640 "$file"

why="every user may write into the folder of keystores"
chmod 0777 "$keys"
check_fails aztec --property ReadWritePaths="$keys"
restart
wait_for "a folder that every user may write is told at the start" says "$why"
again
refused_for "$why"
chmod 0750 "$keys"
again
done_with "mended, it is done" "aztec:readers 640"
