/** Settings of EC2 and of the instance metadata service. */
export const ENDPOINTS = {
  AWS_EC2_ENDPOINT: {
    $ref: '#/definitions/url',
    default: '',
    description: 'Other EC2 endpoint; older name of AWS_ENDPOINT_URL_EC2.',
  },
  AWS_ENDPOINT_URL: {
    $ref: '#/definitions/url',
    default: '',
    description: 'Other endpoint of every AWS service; AWS_ENDPOINT_URL_EC2 counts before it.',
  },
  AWS_ENDPOINT_URL_EC2: {
    $ref: '#/definitions/url',
    default: '',
    description:
      'Other EC2 endpoint, such as a VPC endpoint or the simulator. Nothing means the endpoint of the region.',
  },
  AWS_ENDPOINT_URL_CLOUDWATCH: {
    $ref: '#/definitions/url',
    default: '',
    description: 'Other CloudWatch endpoint. Counts only with USE_CLOUDWATCH.',
  },
  AWS_EC2_METADATA_SERVICE_ENDPOINT: {
    $ref: '#/definitions/url',
    default: 'http://169.254.169.254',
    description: 'Endpoint of the instance metadata service.',
  },
  AWS_USE_FIPS_ENDPOINT: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Uses the FIPS endpoint of EC2.',
  },
  AWS_USE_DUALSTACK_ENDPOINT: {
    $ref: '#/definitions/boolean',
    default: false,
    description: 'Uses the endpoint of EC2 that has IPv6 as well.',
  },
  HTTP_TIMEOUT: {
    type: 'integer',
    minimum: 1,
    maximum: 300,
    default: 10,
    description: 'Seconds one request to EC2 may take.',
  },
  HTTP_PROXY: {
    $ref: '#/definitions/url',
    default: '',
    description: 'Proxy for requests to http endpoints of EC2. The metadata service is never asked through a proxy.',
  },
  HTTPS_PROXY: {
    $ref: '#/definitions/url',
    default: '',
    description: 'Proxy for requests to https endpoints of EC2. A password in it is never printed.',
  },
  NO_PROXY: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Hosts that are asked without the proxy, separated by commas.',
  },
} as const;

/** Where the credentials for EC2 come from; without any of these, the role of the instance. The SDK reads them. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: {
    $ref: '#/definitions/secret',
    default: '',
    description: 'Access key. Prefer the role of the instance, whose keys change by themselves.',
  },
  AWS_SECRET_ACCESS_KEY: { $ref: '#/definitions/secret', default: '', description: 'Secret of the access key.' },
  AWS_SESSION_TOKEN: { $ref: '#/definitions/secret', default: '', description: 'Session of temporary keys.' },
  AWS_ROLE_ARN: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Role to assume with the token of AWS_WEB_IDENTITY_TOKEN_FILE.',
  },
  AWS_ROLE_SESSION_NAME: {
    $ref: '#/definitions/text',
    default: '',
    description: 'Name of the session of AWS_ROLE_ARN.',
  },
  AWS_WEB_IDENTITY_TOKEN_FILE: {
    $ref: '#/definitions/path',
    default: '',
    description: 'File of the token for AWS_ROLE_ARN.',
  },
  AWS_CONTAINER_CREDENTIALS_FULL_URI: {
    $ref: '#/definitions/url',
    default: '',
    description: 'Where credentials are served, as EKS Pod Identity does.',
  },
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: {
    $ref: '#/definitions/path',
    default: '',
    description: 'The same below http://169.254.170.2.',
  },
  AWS_CONTAINER_AUTHORIZATION_TOKEN: {
    $ref: '#/definitions/secret',
    default: '',
    description: 'Token for AWS_CONTAINER_CREDENTIALS_FULL_URI.',
  },
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {
    $ref: '#/definitions/path',
    default: '',
    description: 'File of that token.',
  },
  AWS_PROFILE: { $ref: '#/definitions/text', default: '', description: 'Profile in the files of the AWS CLI.' },
  AWS_CONFIG_FILE: { $ref: '#/definitions/path', default: '', description: 'Other path of ~/.aws/config.' },
} as const;
