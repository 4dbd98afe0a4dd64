import { describe, expect, test } from 'bun:test';
import { checkSettings, renderConfigurationPage, settingsFromUserData } from '../../src/config/index.ts';

/** The environment of aws-node's container as its chart writes it (v1.23.1), with the agent for network policies left out. */
const CHART = `
ADDITIONAL_ENI_TAGS={}
AWS_VPC_CNI_NODE_PORT_SUPPORT=true
AWS_VPC_ENI_MTU=9001
AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=false
AWS_VPC_K8S_CNI_EXTERNALSNAT=false
AWS_VPC_K8S_CNI_LOG_FILE=/host/var/log/aws-routed-eni/ipamd.log
AWS_VPC_K8S_CNI_LOGLEVEL=DEBUG
AWS_VPC_K8S_CNI_RANDOMIZESNAT=prng
AWS_VPC_K8S_CNI_VETHPREFIX=eni
AWS_VPC_K8S_PLUGIN_LOG_FILE=/var/log/aws-routed-eni/plugin.log
AWS_VPC_K8S_PLUGIN_LOG_LEVEL=DEBUG
CLUSTER_ENDPOINT=https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com
CLUSTER_NAME=prod
DISABLE_INTROSPECTION=false
DISABLE_METRICS=false
DISABLE_NETWORK_RESOURCE_PROVISIONING=false
ENABLE_IMDS_ONLY_MODE=false
ENABLE_IPv4=true
ENABLE_IPv6=false
ENABLE_MULTI_NIC=false
ENABLE_POD_ENI=false
ENABLE_PREFIX_DELEGATION=false
ENABLE_SUBNET_DISCOVERY=true
MY_NODE_NAME=ip-10-0-0-1.ec2.internal
MY_POD_NAME=aws-node-x7k2p
VPC_CNI_VERSION=v1.23.1
WARM_ENI_TARGET=1
WARM_PREFIX_TARGET=1
`;

describe('settings of a DaemonSet', () => {
  test('are all taken, and what has no effect is noted', () => {
    const { faults, notes, resolved } = checkSettings({ files: [{ path: '/f', text: CHART }] });
    expect(faults).toEqual([]);
    expect(notes.map(({ key }) => key)).toEqual([
      'AWS_VPC_K8S_CNI_LOG_FILE',
      'CLUSTER_ENDPOINT',
      'MY_NODE_NAME',
      'MY_POD_NAME',
      'VPC_CNI_VERSION',
    ]);
    expect(resolved?.settings.AWS_VPC_K8S_CNI_LOGLEVEL).toBe('debug');
  });

  // What each name of aws-node does here: `taken` at this value, `noted` as without effect, or refused with these words.
  const rows = [
    ['WARM_ENI_TARGET=0', 'taken'],
    ['WARM_IP_TARGET=5', 'taken'],
    ['MINIMUM_IP_TARGET=20', 'taken'],
    ['WARM_PREFIX_TARGET=2', 'taken'],
    ['MAX_ENI=4', 'taken'],
    ['IP_COOLDOWN_PERIOD=0', 'taken'],
    ['ENABLE_PREFIX_DELEGATION=true', 'prefix delegation needs one of WARM_PREFIX_TARGET'],
    ['AWS_MANAGE_ENIS_NON_SCHEDULABLE=true', 'taken'],
    ['AWS_MANAGE_ENIS_NON_SCHEDULABLE=false', 'taken'],
    ['DISABLE_NETWORK_RESOURCE_PROVISIONING=true', 'taken'],
    ['ENABLE_IMDS_ONLY_MODE=true', 'taken'],
    ['DISABLE_LEAKED_ENI_CLEANUP=true', 'taken'],
    ['DISABLE_LEAKED_ENI_CLEANUP=false', 'taken'],
    ['MANAGE_UNTAGGED_ENI=false', 'taken'],
    ['AWS_VPC_K8S_CNI_BACKING_STORE=/run/vpc-cni/ipam.json', 'taken'],
    ['AWS_VPC_K8S_CNI_BACKING_STORE=/var/run/aws-node/ipam.json', '"vpc-cni adopt"'],
    ['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true', 'taken'],
    ['ENI_CONFIG_ANNOTATION_DEF=x', 'noted'],
    ['ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone', 'taken'],
    ['ENABLE_SUBNET_DISCOVERY=false', 'taken'],
    ['ENABLE_SUBNET_DISCOVERY=true', 'taken'],
    ['ENABLE_POD_ENI=true', 'taken'],
    ['POD_SECURITY_GROUP_ENFORCING_MODE=standard', 'taken'],
    ['POD_SECURITY_GROUP_ENFORCING_MODE=other', 'allowed: strict, standard'],
    ['ENABLE_MULTI_NIC=true', 'taken'],
    ['CLUSTER_NAME=prod', 'taken'],
    ['ADDITIONAL_ENI_TAGS={"a":"b"}', 'taken'],
    ['MY_NODE_NAME=x', 'noted'],
    ['MY_POD_NAME=x', 'noted'],
    ['VPC_CNI_VERSION=v1.23.1', 'noted'],
    ['ENABLE_IPv4=false', 'exactly one of ENABLE_IPv4 and ENABLE_IPv6 must be true'],
    ['ENABLE_IPv6=true', 'IPv6 pods need ENABLE_PREFIX_DELEGATION=true'],
    ['ENABLE_V4_EGRESS=false', 'taken'],
    ['ENABLE_V6_EGRESS=true', 'taken'],
    ['AWS_VPC_ENI_MTU=1500', 'taken'],
    ['POD_MTU=1500', 'taken'],
    ['AWS_VPC_K8S_CNI_VETHPREFIX=veth', 'taken'],
    ['AWS_VPC_K8S_CNI_VETHPREFIX=vlan', 'would be taken for interfaces of the host'],
    ['AWS_VPC_K8S_CNI_EXTERNALSNAT=true', 'taken'],
    ['AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS=10.0.0.0/8', 'taken'],
    ['AWS_VPC_K8S_CNI_RANDOMIZESNAT=hashrandom', 'taken'],
    ['AWS_VPC_CNI_NODE_PORT_SUPPORT=false', 'taken'],
    ['AWS_EXTERNAL_SERVICE_CIDRS=10.0.0.0/8', 'taken'],
    ['AWS_VPC_K8S_CNI_CONNMARK=0x100', 'taken'],
    ['DISABLE_TCP_EARLY_DEMUX=true', 'taken'],
    ['DISABLE_POD_V6=true', 'taken'],
    ['ENABLE_BANDWIDTH_PLUGIN=true', 'taken'],
    ['ENABLE_NFTABLES=true', 'noted'],
    ['AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER=false', 'noted'],
    ['AWS_VPC_K8S_CNI_LOGLEVEL=Warn', 'taken'],
    ['AWS_VPC_K8S_CNI_LOG_FILE=stderr', 'taken'],
    ['AWS_VPC_K8S_CNI_LOG_FILE=stdout', 'noted'],
    ['AWS_VPC_K8S_CNI_LOG_FILE=/var/log/aws-routed-eni/ipamd.log', 'noted'],
    ['AWS_VPC_K8S_CNI_LOG_FILE=/tmp/x', 'journalctl -u vpc-cni-ipamd'],
    ['AWS_VPC_K8S_PLUGIN_LOG_FILE=stderr', 'taken'],
    ['AWS_VPC_K8S_PLUGIN_LOG_FILE=stdout', 'stdout belongs to the CNI protocol'],
    ['AWS_VPC_K8S_PLUGIN_LOG_LEVEL=Debug', 'taken'],
    ['AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE=/x', 'taken'],
    ['AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE=/x', 'taken'],
    ['HOST_CNI_BIN_PATH=/host/opt/cni/bin', 'taken'],
    ['HOST_CNI_BIN_PATH=/opt/cni/bin/', 'taken'],
    ['HOST_CNI_BIN_PATH=/usr/libexec/cni', 'bin_dir of containerd'],
    ['HOST_CNI_CONFDIR_PATH=/host/etc/cni/net.d', 'taken'],
    ['HOST_CNI_CONFDIR_PATH=/var/lib/rancher/k3s/agent/etc/cni/net.d', 'conf_dir of containerd'],
    ['DISABLE_METRICS=true', 'taken'],
    ['DISABLE_INTROSPECTION=true', 'taken'],
    ['INTROSPECTION_BIND_ADDRESS=localhost:61679', 'taken'],
    ['INTROSPECTION_BIND_ADDRESS=unix:/x', 'is not address:port'],
    ['ANNOTATE_POD_IP=true', 'the API server is not asked for anything yet'],
    ['NETWORK_POLICY_ENFORCING_MODE=none', 'taken'],
    ['NETWORK_POLICY_ENFORCING_MODE=standard', 'a policy engine that does not depend on the CNI plugin may run beside'],
    ['CLUSTER_ENDPOINT=https://x', 'noted'],
    ['AWS_EC2_ENDPOINT=https://x', 'taken'],
    ['AWS_ENDPOINT_URL_EC2=https://x', 'taken'],
    ['AWS_ENDPOINT_URL=https://x', 'taken'],
    ['AWS_EC2_METADATA_SERVICE_ENDPOINT=http://[fd00:ec2::254]', 'taken'],
    ['HTTP_TIMEOUT=20', 'taken'],
    ['AWS_MAX_ATTEMPTS=3', 'the daemon retries by itself'],
    ['AWS_RETRY_MODE=adaptive', 'the daemon retries by itself'],
    ['AWS_REGION=us-east-1', 'the region is that of the instance'],
    ['HTTP_PROXY=http://proxy:3128', 'taken'],
    ['HTTPS_PROXY=http://proxy:3128', 'taken'],
    ['NO_PROXY=.internal', 'taken'],
    ['KUBECONFIG=/x', 'noted'],
    ['KUBERNETES_SERVICE_HOST=10.100.0.1', 'noted'],
    ['KUBERNETES_SERVICE_PORT=443', 'noted'],
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials', 'taken'],
    ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/var/run/token', 'taken'],
    ['USE_CLOUDWATCH=true', 'taken'],
    ['USE_PROMETHEUS=true', 'belongs to cni-metrics-helper'],
    ['METRIC_UPDATE_INTERVAL=30', 'taken'],
    ['AWS_CLUSTER_ID=x', 'taken'],
  ] as const;
  for (const [line, expected] of rows) {
    test(`${line}: ${expected}`, () => {
      const { faults, notes, resolved } = checkSettings({
        files: [{ path: '/f', text: line.replace(/=(.*)/, "='$1'") }],
      });
      if (expected === 'taken' || expected === 'noted') {
        expect([faults, notes.length]).toEqual([[], expected === 'noted' ? 1 : 0]);
        expect(resolved).toBeDefined();
      } else expect(faults.map(({ reason }) => reason).join('\n')).toContain(expected);
    });
  }

  test('host paths mean the host, however a container sees it', () => {
    const text = 'HOST_CNI_BIN_PATH=/host/opt/cni/bin/\nHOST_CNI_CONFDIR_PATH=/etc/cni/net.d';
    const { resolved } = checkSettings({ files: [{ path: '/f', text }] });
    expect([resolved?.settings.HOST_CNI_BIN_PATH, resolved?.settings.HOST_CNI_CONFDIR_PATH]).toEqual([
      '/opt/cni/bin',
      '/etc/cni/net.d',
    ]);
  });
});

test('the user data shown in the documentation is read as it says', () => {
  const block = /```\n(MIME-Version[\s\S]*?)```/.exec(renderConfigurationPage())?.[1] ?? '';
  const userData = settingsFromUserData(Buffer.from(block));
  expect(userData.given.map(({ key, text }) => `${key}=${text}`)).toEqual(['WARM_IP_TARGET=5', 'MINIMUM_IP_TARGET=20']);
  expect(checkSettings({ userData }).faults).toEqual([]);
});
