/** Settings of metrics in CloudWatch, by the names of upstream's cni-metrics-helper. */
export const CLOUDWATCH = {
  USE_CLOUDWATCH: {
    $ref: '#/definitions/boolean',
    default: false,
    description:
      'Publishes the figures of this node to CloudWatch, namespace Kubernetes: no cni-metrics-helper is needed. The role of the instance must allow cloudwatch:PutMetricData.',
  },
  METRIC_UPDATE_INTERVAL: {
    type: 'integer',
    minimum: 1,
    maximum: 1800,
    default: 30,
    description: 'Half the seconds from one figure in CloudWatch to the next. Counts only with USE_CLOUDWATCH.',
  },
  AWS_CLUSTER_ID: {
    $ref: '#/definitions/clusterName',
    default: '',
    description:
      'Value of the dimension CLUSTER_ID in CloudWatch. Nothing means CLUSTER_NAME, else the tag eks:cluster-name, CLUSTER_ID or Name where the metadata tells tags, else k8s-cluster.',
  },
} as const;
