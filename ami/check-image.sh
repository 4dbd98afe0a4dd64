#!/bin/sh
# Is this image fit to be launched? Says what it looks at, a line each, and what is wrong; exit code 1 when something is.
# Usage: check-image.sh [ROOT]    ROOT: where the image is mounted; / when this runs in the image itself
set -u
ROOT=${1:-/}
VPC_CNI=${VPC_CNI:-vpc-cni}
failed=0

check() {
  what=$1
  shift
  if said=$("$@" 2>&1); then
    printf 'ok      %s\n' "$what"
  else
    printf 'FAILED  %s\n' "$what"
    printf '%s\n' "$said" | sed 's/^/        /'
    failed=$((failed + 1))
  fi
}

in_image() { [ "$ROOT" = / ]; }

check 'the command runs' "$VPC_CNI" --version
check 'the settings are valid' "$VPC_CNI" config check --root "$ROOT"
check 'files, links, unit and stock plugins are as they were installed, and nothing of a boot is left' \
  "$VPC_CNI" doctor --image --root "$ROOT"
if in_image && command -v systemd-analyze >/dev/null; then
  check 'systemd finds nothing wrong with the unit' systemd-analyze verify /etc/systemd/system/vpc-cni-ipamd.service
fi
if in_image; then
  for plugin in loopback portmap bandwidth host-local tuning aws-cni; do
    check "the plugin $plugin answers VERSION" \
      sh -c "echo '{\"cniVersion\":\"1.0.0\"}' | CNI_COMMAND=VERSION /opt/cni/bin/$plugin | grep -q supportedVersions"
  done
fi

if [ "$failed" -gt 0 ]; then
  printf '%d of the checks failed: this image must not be launched\n' "$failed"
  exit 1
fi
echo 'this image is fit to be launched'
