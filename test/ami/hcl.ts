import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the image template. */
export const AMI = join(import.meta.dir, '../../ami');

/** The template's text. */
export const TEMPLATE = readFileSync(join(AMI, 'vpc-cni.pkr.hcl'), 'utf8');

/** A variable as the template declares it. */
export interface HclVariable {
  readonly name: string;
  readonly type: string;
  /** As written; absent for one that must be given. */
  readonly default: string | undefined;
  readonly description: string | undefined;
}

/** The variables of a template, in its order. */
export function variablesOf(text: string): readonly HclVariable[] {
  return [...text.matchAll(/^variable "(\w+)" \{\n([\s\S]*?)^\}/gm)].map(([, name = '', body = '']) => {
    const value = (key: string): string | undefined => new RegExp(`^ {2}${key} += (.*)$`, 'm').exec(body)?.[1];
    return {
      name,
      type: value('type') ?? '',
      default: value('default'),
      description: value('description')?.replace(/^"(.*)"$/, '$1'),
    };
  });
}
