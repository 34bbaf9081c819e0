# What the trials of the watcher have in common: who asks it, and how somebody delegates. Whoever reads this has read common.sh.

# It reads the service's configuration, and so its credentials: root finds them where systemd keeps them.
cli() {
  BUTLER_CONFIG=/etc/butler/butler.toml CREDENTIALS_DIRECTORY="/run/credentials/$unit" /trial/butler-cli "$@"
}
# Has the host do something, and waits until it is done. What it has to say stands in /trial/told then.
ask() {
  touch "/trial/asked/$1"
  until [ ! -e "/trial/asked/$1" ]; do sleep 0.1; done
}
# Lets somebody delegate, and waits until it is final.
stake() {
  ask stake
  stakes=$((stakes + 1))
}
stakes=0
# What a person does who is no more than named in `watcher.approvers`.
person() { runuser -u keeper -- env BUTLER_CONFIG=/home/keeper/butler.toml /trial/butler-cli "$@"; }
shown() { person actions list --phase awaiting_approval --kind configure_coinbase --json | sed -n 's/^  "shown": "\(.*\)".*/\1/p'; }
