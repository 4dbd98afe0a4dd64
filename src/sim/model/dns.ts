/** The name EC2's DNS has for a private address (EC2 user guide, "Instance hostname types"). */
export function privateDnsName(vpc: { readonly region: string }, address: string): string {
  const domain = vpc.region === 'us-east-1' ? 'ec2.internal' : `${vpc.region}.compute.internal`;
  return `ip-${address.replaceAll('.', '-')}.${domain}`;
}
