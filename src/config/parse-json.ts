/** The JSON object of strings in `text`, or `undefined` when it is anything else. */
export function parseStringMap(text: string): Readonly<Record<string, string>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every((item) => typeof item === 'string') ? (value as Record<string, string>) : undefined;
}
