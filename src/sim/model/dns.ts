/** The partition of a region, as ARNs name it, and the domain of its services (AWS general reference, "Amazon Resource Names"). */
export function servicesOf(region: string): { readonly domain: string; readonly partition: string } {
  if (region.startsWith('cn-')) return { domain: 'amazonaws.com.cn', partition: 'aws-cn' };
  return { domain: 'amazonaws.com', partition: region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws' };
}

/** The name EC2's DNS has for a private address (EC2 user guide, "Instance hostname types"). */
export function privateDnsName(vpc: { readonly region: string }, address: string): string {
  const domain = vpc.region === 'us-east-1' ? 'ec2.internal' : `${vpc.region}.compute.internal`;
  return `ip-${address.replaceAll('.', '-')}.${domain}`;
}
