#!/bin/sh
# Installs webCRM mail sync on this machine, or upgrades it. Run it as root where it is unpacked.
# It stops and starts nothing, and keeps the settings and the earlier versions.
set -eu
cd "$(dirname "$0")"

fail() {
    echo "$*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "Only root can install: sudo sh install.sh"
command -v systemctl >/dev/null || fail "This machine has no systemd. Use Containerfile and compose.yaml instead."
wheel=$(echo webcrm_sync-*.whl)
[ -f "$wheel" ] || fail "webcrm_sync-*.whl is missing beside install.sh: unpack the whole archive."
version=${wheel#webcrm_sync-}
version=${version%%-*}
home=/opt/webcrm-sync/$version

# A Python in somebody's home is of no use: the service cannot enter it.
python=
for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11) or sys.base_prefix.split("/")[1] in ("home", "root"))' 2>/dev/null; then
        python=$name
        break
    fi
done
[ -n "$python" ] || fail "The system needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)."

echo "1/4 The user webcrm-sync"
if ! id webcrm-sync >/dev/null 2>&1; then
    useradd --system --user-group --home-dir /var/lib/webcrm-sync --no-create-home \
        --shell /usr/sbin/nologin webcrm-sync
fi

echo "2/4 Version $version and its packages in $home, about a minute"
umask 022
mkdir -p /opt/webcrm-sync
"$home/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv "$home"
pip="$home/bin/python -m pip --quiet --disable-pip-version-check --no-input"
$pip install --root-user-action=ignore --require-hashes --only-binary :all: --requirement requirements.lock
$pip install --root-user-action=ignore --no-deps --no-index --force-reinstall "./$wheel"

echo "3/4 The units and the command webcrm-sync"
cp -R systemd/. /etc/systemd/system
install -m 755 webcrm-sync /usr/local/bin/webcrm-sync
ln -sfn "$version" /opt/webcrm-sync/current
systemctl daemon-reload

echo "4/4 The settings in /etc/webcrm-sync/settings.env"
install -d -m 750 -g webcrm-sync /etc/webcrm-sync
if [ ! -e /etc/webcrm-sync/settings.env ]; then
    key=$("$python" -c 'import secrets; print(secrets.token_urlsafe(32))')
    umask 027
    sed "s/^WEBCRM_SYNC_SECRET_KEY=\$/&$key/" settings.env >/etc/webcrm-sync/settings.env
    chgrp webcrm-sync /etc/webcrm-sync/settings.env
    echo "Installed. Fill in /etc/webcrm-sync/settings.env, then run: webcrm-sync migrate"
else
    echo "Installed. Your settings are as they were. To upgrade a running service:"
    echo "systemctl restart webcrm-sync-serve"
fi
