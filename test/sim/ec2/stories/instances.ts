import { lastInstance, NEWER, NO_DISKS, NO_PUBLIC, NO_SUCH_THING, NO_TAGS_THERE, type Story } from './story.ts';

const INSTANCE = 'reservationSet.instancesSet';

/** What is not known of an instance type here: only its network, its hypervisor and its architecture are. */
const NOT_OF_A_TYPE = `
  autoRecoverySupported burstablePerformanceSupported dedicatedHostsSupported ebsInfo fpgaInfo
  freeTierEligible gpuInfo hibernationSupported inferenceAcceleratorInfo instanceStorageInfo
  instanceStorageSupported mediaAcceleratorInfo memoryInfo networkInfo.bandwidthWeightings
  networkInfo.connectionTrackingConfiguration networkInfo.efaInfo networkInfo.efaSupported
  networkInfo.enaSrdSupported networkInfo.enaSupport networkInfo.encryptionInTransitSupported
  networkInfo.flexibleEnaQueuesSupport networkInfo.ipv4AddressesPerSecondaryInterface
  networkInfo.maximumSecondaryNetworkInterfaces networkInfo.networkCards.additionalFlexibleNetworkInterfaces
  networkInfo.networkCards.baselineBandwidthInGbps networkInfo.networkCards.defaultEnaQueueCountPerInterface
  networkInfo.networkCards.interfaceTypeSet networkInfo.networkCards.maximumEnaQueueCount
  networkInfo.networkCards.maximumEnaQueueCountPerInterface networkInfo.networkCards.networkPerformance
  networkInfo.networkCards.peakBandwidthInGbps networkInfo.networkPerformance
  networkInfo.secondaryNetworkSupported neuronInfo nitroEnclavesSupport nitroTpmInfo nitroTpmSupport
  phcSupport placementGroupInfo processorInfo.manufacturer processorInfo.supportedFeatures
  processorInfo.sustainedClockSpeedInGhz rebootMigrationSupport supportedBootModes supportedInRegion
  supportedRootDeviceTypes supportedUsageClasses supportedVirtualizationTypes vCpuInfo
`
  .trim()
  .split(/\s+/);

/** Instances from launch to termination, and what they wear. */
export const instances: Story = {
  name: 'instances',
  steps: [
    {
      action: 'DescribeInstanceTypes',
      input: () => ({ InstanceTypes: ['p4d.24xlarge', 'm6g.large'] }),
      differences: { [NO_SUCH_THING]: NOT_OF_A_TYPE.map((name) => `-instanceTypeSet.${name}`) },
    },
    {
      action: 'RunInstances',
      input: ({ subnet }) => ({
        ImageId: 'ami-0123456789abcdef0',
        InstanceType: 'm5.large',
        MinCount: 1,
        MaxCount: 1,
        ClientToken: 'story',
        NetworkInterfaces: [
          { DeviceIndex: 0, SubnetId: subnet, Ipv6AddressCount: 1, SecondaryPrivateIpAddressCount: 1 },
        ],
        MetadataOptions: { HttpPutResponseHopLimit: 2, InstanceMetadataTags: 'enabled' },
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'node-b' }] }],
      }),
      passing: 2000,
      differences: {
        [NEWER]: [
          'ebsOptimized',
          'enaSupport',
          'ipv6Address',
          'metadataOptions',
          'networkInterfaceSet.ipv6AddressesSet.ipv6Address',
          'networkInterfaceSet.ipv6AddressesSet.isPrimaryIpv6',
        ].map((name) => `+instancesSet.${name}`),
        [NO_TAGS_THERE]: ['+instancesSet.tagSet'],
      },
    },
    {
      action: 'DescribeInstances',
      input: ({ vpc }) => ({ InstanceIds: [lastInstance(vpc).id] }),
      differences: {
        [NEWER]: [
          'enaSupport',
          'ipv6Address',
          'metadataOptions',
          'networkInterfaceSet.attachment.networkCardIndex',
          'networkInterfaceSet.interfaceType',
          'networkInterfaceSet.ipv6AddressesSet.isPrimaryIpv6',
          'networkInterfaceSet.operator',
          'operator',
          'placement.availabilityZoneId',
        ].map((name) => `+${INSTANCE}.${name}`),
        [NO_PUBLIC]: [
          'ipAddress',
          'networkInterfaceSet.association',
          'networkInterfaceSet.privateIpAddressesSet.association',
        ].map((name) => `-${INSTANCE}.${name}`),
        [NO_DISKS]: [
          'blockDeviceMapping.deviceName',
          'blockDeviceMapping.ebs',
          'cpuOptions',
          'iamInstanceProfile',
          'keyName',
        ].map((name) => `-${INSTANCE}.${name}`),
      },
    },
    {
      action: 'ModifyInstanceMetadataOptions',
      input: ({ vpc }) => ({ InstanceId: lastInstance(vpc).id, HttpTokens: 'required', HttpPutResponseHopLimit: 3 }),
      differences: {
        [NEWER]: ['httpProtocolIpv6', 'instanceMetadataTags'].map((name) => `+instanceMetadataOptions.${name}`),
      },
    },
    { action: 'RebootInstances', input: ({ vpc }) => ({ InstanceIds: [lastInstance(vpc).id] }) },
    {
      action: 'CreateTags',
      input: ({ vpc, node }) => ({
        Resources: [node, lastInstance(vpc).id],
        Tags: [
          { Key: 'webserver', Value: '' },
          { Key: 'stack', Value: 'Production & <more>' },
        ],
      }),
    },
    { action: 'DescribeTags', input: () => ({ Filters: [{ Name: 'resource-type', Values: ['instance'] }] }) },
    { action: 'DeleteTags', input: ({ node }) => ({ Resources: [node], Tags: [{ Key: 'stack' }] }) },
    {
      action: 'TerminateInstances',
      input: ({ vpc }) => ({ InstanceIds: [lastInstance(vpc).id] }),
      passing: 2000,
    },
  ],
};
