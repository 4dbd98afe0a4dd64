/** The stable id of a zone (`use1-az1`); letters follow numbers in this region. */
export function zoneId(vpc: { readonly region: string }, zone: string): string {
  const [area = '', direction = '', number = ''] = vpc.region.split('-');
  return `${area}${direction.slice(0, 1)}${number}-az${zone.charCodeAt(zone.length - 1) - 96}`;
}
