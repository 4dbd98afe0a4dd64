const RETRIES = 'the daemon retries by itself, with one budget for the whole process; HTTP_TIMEOUT bounds a request';
const REGION = 'the region is that of the instance, as its metadata says';

/** Names of aws-node or of the AWS SDK that are no settings here, with what to do instead. In our own files they are errors. */
export const ELSEWHERE = {
  USE_PROMETHEUS: {
    not: {},
    description: 'belongs to cni-metrics-helper; the metrics of this node are served at http://127.0.0.1:61678/metrics',
  },
  AWS_REGION: { not: {}, description: REGION },
  AWS_DEFAULT_REGION: { not: {}, description: REGION },
  AWS_MAX_ATTEMPTS: { not: {}, description: RETRIES },
  AWS_RETRY_MODE: { not: {}, description: RETRIES },
  AWS_STS_REGIONAL_ENDPOINTS: { not: {}, description: 'the SDK always asks the endpoint of the region' },
  AWS_CA_BUNDLE: {
    not: {},
    description: 'write NODE_EXTRA_CA_CERTS=FILE into /etc/default/vpc-cni-ipamd, which the unit starts with',
  },
  NODE_EXTRA_CA_CERTS: {
    not: {},
    description: 'is read when a program starts: write it into /etc/default/vpc-cni-ipamd, which the unit starts with',
  },
  AWS_SHARED_CREDENTIALS_FILE: {
    not: {},
    description: 'write the file as /etc/credstore/vpc-cni.aws-credentials, which the unit hands to the daemon',
  },
  AWS_EC2_METADATA_DISABLED: { not: {}, description: 'a node cannot do without the metadata service' },
  AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: {
    not: {},
    description: 'set AWS_EC2_METADATA_SERVICE_ENDPOINT=http://[fd00:ec2::254] for IPv6',
  },
  AWS_EC2_METADATA_V1_DISABLED: { not: {}, description: 'version 1 of the metadata service is never asked' },
} as const;
