/**
 * `maxPods` of a kubelet configuration, which is YAML or, as a part of that, JSON; `undefined` when it has none. By its line,
 * for a file that is not whole is refused by the kubelet and must not end a diagnosis.
 */
export function parseMaxPods(text: string): number | undefined {
  const found = /^[\s{,]*"?maxPods"?\s*:\s*(\d+)\b/m.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The value of an option in a command line: `--name=value` or `--name value`; the last one counts. */
export function optionOf(words: readonly string[], name: string): string | undefined {
  const at = words.findLastIndex((word) => word === name || word.startsWith(`${name}=`));
  if (at < 0) return undefined;
  return words[at] === name ? words[at + 1] : words[at]?.slice(name.length + 1);
}
