#!/usr/bin/env bash
# install.sh - puts gtach on this machine: a daemon without rights, and an installer without a network (root, Linux with systemd).
#
#   scripts/packaging/install.sh [GTACH]     a release build of this checkout by default
#   scripts/packaging/install.sh trust       has the installer trust the releases of the fleet that the daemon has joined
#
# It makes the user gtach, whose home is /var/lib/gtach, and installs
#
#   /usr/local/bin/gtach                     the program
#   /etc/gtach/config.json                   the configuration of both, unless there is one: only root may write to it
#   /etc/systemd/system/gtach-*              the units
#   /opt/gtach                               where releases are installed: only the installer writes there
#   /var/lib/gtach-installer                 what the installer trusts
#
# Then the machine joins its fleet, and "trust" copies the fleet's root of trust to where only root may write; from then on the
# installer believes what that root's keys have signed, and not the daemon:
#
#   sudo -u gtach gtach --home /var/lib/gtach join TOKEN
#   sudo scripts/packaging/install.sh trust
#   sudo systemctl enable --now gtach-installer.socket gtach-installer.service gtach-node.service
#
# May be run again, with a newer program: then restart gtach-node.service.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root"
[ -d /run/systemd/system ] || die "this machine was not booted with systemd"

if [ "${1:-}" = trust ]; then
  root=/var/lib/gtach/fleet/root.json
  # The daemon's user could have put something else there: no link is followed to what only root may read.
  if [ ! -f "$root" ] || [ -L "$root" ] || [ -L "${root%/*}" ]; then die "there is no $root: join the fleet first"; fi
  install -m 644 "$root" /var/lib/gtach-installer/root.json
  printf 'the installer trusts what this root has signed: %s\n' "$(sha256sum </var/lib/gtach-installer/root.json | cut -c1-64)"
  exit
fi

binary=${1:-$("$here/../build.sh" release)}
install -D -m 755 "$binary" /usr/local/bin/gtach
install -D -m 644 "$here/systemd/gtach.sysusers" /etc/sysusers.d/gtach.conf
systemd-sysusers /etc/sysusers.d/gtach.conf
install -d -m 755 /opt/gtach /etc/gtach /var/lib/gtach-installer
install -d -m 755 -o gtach -g gtach /var/lib/gtach
[ -e /etc/gtach/config.json ] || cat >/etc/gtach/config.json <<'CONFIGURATION'
{
  "installRoot": "/opt/gtach",
  "installer": "/run/gtach/installer.sock",
  "autoInstall": {},
  "gpio": { "mayDrive": [] }
}
CONFIGURATION
for home in /var/lib/gtach /var/lib/gtach-installer; do
  ln -sfn /etc/gtach/config.json "$home/config.json"
done
for unit in gtach-node.service gtach-installer.socket gtach-installer.service; do
  install -m 644 "$here/systemd/$unit" "/etc/systemd/system/$unit"
done
systemctl daemon-reload
