import { parse, stringify } from 'ini';
import { fillValue, type Holes } from './fill.ts';
import { MARK } from './owned.ts';

/** The text of an INI file of ours: the mark, why it is there, and the filled template. */
export function renderIni(input: {
  readonly template: string;
  readonly holes?: Holes;
  readonly why: readonly string[];
}): string {
  // Without `bracketedArray: false` a repeated key would be written as `EnvironmentFile[]=`, which systemd ignores.
  const document = fillValue(parse(input.template, { bracketedArray: false }), input.holes ?? {});
  const head = [MARK, ...input.why].map((line) => `# ${line}\n`).join('');
  return `${head}${stringify(document, { bracketedArray: false })}`;
}
