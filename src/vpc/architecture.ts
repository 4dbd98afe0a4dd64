/** EC2's names of processor architectures (API reference, ProcessorInfo). */
export type Architecture = 'x86_64' | 'arm64' | 'x86_64_mac' | 'arm64_mac';

/**
 * The architecture of an instance type, as its family's name tells it: Graviton families carry a `g` behind their
 * generation (m7g, c6gn, im4gn), and a1 was the first of them; Macs are Apple's own since mac2.
 */
export function architectureOf(instanceType: string): Architecture {
  const family = instanceType.split('.', 1)[0] ?? '';
  if (family.startsWith('mac')) return family === 'mac1' ? 'x86_64_mac' : 'arm64_mac';
  return /^(?:a1|[a-z]+\d+g[a-z]*)$/.test(family) ? 'arm64' : 'x86_64';
}
