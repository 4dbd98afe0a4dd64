type Token = { readonly kind: 'any' } | { readonly kind: 'one' } | { readonly kind: 'is'; readonly sign: string };

/**
 * The test a filter value stands for: `*` matches any text, `?` one character, and a backslash takes their meaning away
 * (EC2 user guide, "List and filter using the CLI and API"). Takes time in proportion to both lengths at worst, which a
 * regular expression of many stars would not.
 */
export function createPattern(value: string): (text: string) => boolean {
  if (!/[*?\\]/.test(value)) return (text) => text === value;
  const tokens = tokensOf(value);
  return (text) => matches(tokens, [...text]);
}

function tokensOf(value: string): readonly Token[] {
  return [...value.matchAll(/\\[*?\\]|./gsu)].map(([part]): Token => {
    if (part === '*') return { kind: 'any' };
    if (part === '?') return { kind: 'one' };
    return { kind: 'is', sign: part.length === 2 && part.startsWith('\\') ? part.slice(1) : part };
  });
}

/** Goes on greedily and, when stuck, lets the last star swallow one character more. */
function matches(tokens: readonly Token[], text: readonly string[]): boolean {
  let [at, read] = [0, 0];
  let star: { readonly after: number; swallowed: number } | undefined;
  while (read < text.length) {
    const token = tokens[at];
    if (token?.kind === 'any') {
      at += 1;
      star = { after: at, swallowed: read };
    } else if (token?.kind === 'one' || (token?.kind === 'is' && token.sign === text[read])) {
      at += 1;
      read += 1;
    } else if (star === undefined) {
      return false;
    } else {
      star.swallowed += 1;
      at = star.after;
      read = star.swallowed;
    }
  }
  return tokens.slice(at).every((token) => token.kind === 'any');
}
