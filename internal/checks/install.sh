# Installs the Debian packages that are its arguments. Run as root.
# The packages of redis-server, haproxy and docker.io would start system services; the
# tests start their own processes, so nothing may be left running.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy" # 101: the action is not allowed
	chmod 755 "$policy"
fi

# Errors and warnings come on standard error; the rest is two screens of names.
apt-get update -qq -o Acquire::Retries=3 >/dev/null
apt-get install -yqq --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" >/dev/null

# Nor at the next start of the machine.
for package in "$@"; do
	case $package in
	redis-server | haproxy)
		if [ -d /run/systemd/system ]; then systemctl disable --quiet "$package"; fi
		update-rc.d "$package" disable >/dev/null
		;;
	docker.io)
		if [ -d /run/systemd/system ]; then
			systemctl disable --quiet docker.service docker.socket containerd.service
		fi
		update-rc.d docker disable >/dev/null
		;;
	esac
done
