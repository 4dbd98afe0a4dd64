#!/bin/sh
# For a bare image: puts in the released executable and the stock plugins, both held to their checksums, and starts.
set -eu
RELEASE='https://example.com/vpc-cni-linux-x64'
RELEASE_SHA256='put the sha256 of the executable here'
PLUGINS='https://example.com/cni-plugins-linux-amd64.tgz'
PLUGINS_SHA256='put the sha256 of the plugins here'

# Not every image has the packet filter.
if ! command -v nft >/dev/null; then
  if command -v dnf >/dev/null; then
    dnf install -y -q nftables
  else
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q nftables
  fi
fi

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
fetch() {
  curl --fail --silent --show-error --location --retry 5 --output "$FOLDER/$1" "$2"
  printf '%s  %s\n' "$3" "$FOLDER/$1" | sha256sum --check --quiet
}
fetch vpc-cni "$RELEASE" "$RELEASE_SHA256"
fetch plugins.tgz "$PLUGINS" "$PLUGINS_SHA256"

mkdir -p /etc/vpc-cni/conf.d
cat >/etc/vpc-cni/conf.d/50-user-data.env <<'SETTINGS'
CLUSTER_NAME=my-cluster
WARM_IP_TARGET=5
MINIMUM_IP_TARGET=10
SETTINGS
chmod 0755 "$FOLDER/vpc-cni"
"$FOLDER/vpc-cni" install --plugins "$FOLDER/plugins.tgz"
