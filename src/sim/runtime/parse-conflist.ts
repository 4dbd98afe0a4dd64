/** A network configuration list as the CNI specification defines it; the plugins' own keys are kept as they are. */
export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly PluginConfig[];
}

/** The configuration of one plugin of a list. */
export interface PluginConfig {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

/** A JSON object, or `undefined` for anything else. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The value of a JSON text; `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The list in `text`, or what is wrong with it. */
export function parseConflist(text: string): Conflist | string {
  const list = asObject(parseJson(text));
  if (list === undefined) return 'it is not a JSON object';
  const { cniVersion, name, plugins } = list;
  if (typeof cniVersion !== 'string') return 'it has no cniVersion';
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.-]*$/.test(name)) return 'it has no valid name';
  if (!Array.isArray(plugins) || plugins.length === 0) return 'it lists no plugins';
  const wrong = plugins.findIndex((plugin: unknown) => typeof asObject(plugin)?.['type'] !== 'string');
  if (wrong >= 0) return `its plugin number ${wrong + 1} has no type`;
  return { cniVersion, name, plugins: plugins as PluginConfig[] };
}
