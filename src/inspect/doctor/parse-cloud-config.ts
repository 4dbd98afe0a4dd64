/** The events at which a file has cloud-init configure the network; `undefined` when the file does not say. */
export function parseNetworkEvents(text: string): readonly string[] | undefined {
  let document: unknown;
  try {
    document = Bun.YAML.parse(text);
  } catch {
    // Cloud-init passes over what is no YAML.
    return undefined;
  }
  const { when } = (document as { updates?: { network?: { when?: unknown } } } | null)?.updates?.network ?? {};
  return Array.isArray(when) ? when.map(String) : undefined;
}
