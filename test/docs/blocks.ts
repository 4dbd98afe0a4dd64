/** A fenced block of a page. */
export interface Block {
  /** The words after the fence, such as `sh` or `sh aws`. */
  readonly info: string;
  /** The heading it stands under. */
  readonly heading: string;
  readonly text: string;
}

/** The fenced blocks of a Markdown page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { readonly info: string; readonly lines: string[] } | undefined;
  for (const line of page.split('\n')) {
    if (open !== undefined && line === '```') {
      blocks.push({ info: open.info, heading, text: open.lines.join('\n') });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else if (line.startsWith('```')) open = { info: line.slice(3).trim(), lines: [] };
    else if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
  }
  return blocks;
}

/** Commands and the lines their output must hold, in order. */
export interface Passage {
  readonly commands: string;
  readonly expected: readonly string[];
}

const EXPECTATION = '# → ';

/** A block cut after each group of `# → …` lines. */
export function passagesOf(block: string): readonly Passage[] {
  const passages: { commands: string; expected: string[] }[] = [];
  for (const line of block.split('\n')) {
    const last = passages.at(-1);
    if (line.startsWith(EXPECTATION)) last?.expected.push(line.slice(EXPECTATION.length));
    else if (last === undefined || last.expected.length > 0) passages.push({ commands: line, expected: [] });
    else last.commands += `\n${line}`;
  }
  return passages;
}

/** What an expectation looks like: a space is any amount of white space, `…` is anything within the line. */
export function patternOf(expected: string): RegExp {
  const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, '[ \\t]+');
  return new RegExp(expected.split('…').map(literal).join('.*'));
}

/** The expectations that no later line of the output meets, each looked for after the one before it. */
export function missingIn(output: string, expected: readonly string[]): readonly string[] {
  let rest = output.split('\n');
  return expected.filter((line) => {
    const at = rest.findIndex((text) => patternOf(line).test(text));
    if (at >= 0) rest = rest.slice(at + 1);
    return at < 0;
  });
}
