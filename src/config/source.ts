import { parseEnvFile } from './env-file.ts';
import type { Finding } from './finding.ts';

/** One NAME=text and where it stands. */
export interface Given {
  readonly key: string;
  readonly text: string;
  readonly origin: string;
}

/** Texts from one place. Later sources win over earlier ones, and within one the later text. */
export interface SettingSource {
  /** `strict` sources are ours: an unknown name in them is a mistake. `shared` ones hold other programs' names too. */
  readonly names: 'strict' | 'shared';
  readonly given: readonly Given[];
  /** What was wrong with the source itself. */
  readonly findings: readonly Finding[];
  /** What is worth knowing about the source itself. */
  readonly notes?: readonly Finding[];
}

/** Where the boot stage keeps the settings of the EC2 user data of this boot. */
export const USER_DATA_FILE = '/run/vpc-cni/user-data.env';

/** The origin of settings that came with the instance. */
export const USER_DATA = 'EC2 user data';

/** NAME=value lines of a document. Each gets the number of its line for an origin, counted from `firstLine`, or none. */
export function documentSource(
  text: string,
  place: { readonly origin: string; readonly firstLine?: number; readonly lines?: 'hidden' },
): SettingSource {
  const { origin, firstLine = 1, lines } = place;
  const file = parseEnvFile(text, origin, firstLine);
  const given = Object.entries(file.values).map(([key, value]) => ({
    key,
    text: value,
    origin: lines === 'hidden' ? origin : `${origin}:${file.lines[key]}`,
  }));
  return { names: 'strict', given, findings: file.findings };
}

/** Names and texts of one origin without lines: an environment, flags. */
export function recordSource(
  values: Readonly<Record<string, string | undefined>>,
  place: { readonly origin: string; readonly names: SettingSource['names'] },
): SettingSource {
  const given = Object.entries(values).flatMap(([key, text]) =>
    text === undefined ? [] : [{ key, text, origin: place.origin }],
  );
  return { names: place.names, given, findings: [] };
}
