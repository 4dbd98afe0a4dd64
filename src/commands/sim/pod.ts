import type { Command } from 'commander';
import { HostError, toHostError } from '../../errors/index.ts';
import { addPod, checkPodName, deletePod, type PodName, podArgv, podView, type Runtime } from '../../sim/index.ts';
import { runAttached, systemClock, systemExec } from '../../sys/index.ts';
import { EXIT } from '../report.ts';
import {
  answer,
  type Common,
  type CommonOptions,
  commandOrShell,
  during,
  EXEC_JSON,
  existingNode,
  runningVpc,
  type SimContext,
  table,
} from './context.ts';
import { podRow } from './status-text.ts';

interface PodOptions extends CommonOptions {
  readonly namespace: string;
}

type Outcome = { readonly pod: string; readonly namespace: string } & (
  | { readonly ok: true; readonly ms: number; readonly address?: string; readonly netns?: string }
  | { readonly ok: false; readonly error: HostError }
);

const WHAT = '"sim pod"';

/** As many sandboxes as a busy kubelet starts at a time. */
const AT_ONCE = 8;

/** `sim pod add|del|exec|list`. */
export function addPodCommands(program: Command, context: SimContext, common: Common): void {
  const pod = program.command('pod').description('pods on a node, wired by the CNI chain the node has');
  const namespaced: Common = (command, json) =>
    common(command, json).option('--namespace <namespace>', 'their Kubernetes namespace', 'default');
  namespaced(pod.command('add').description('make pods and CNI ADD').argument('<node>').argument('<pod...>'))
    .addHelpText('after', '\nExamples:\n  vpc-cni sim pod add node-a web-1 web-2\n')
    .action(async (node: string, pods: readonly string[], options: PodOptions) => {
      checkPods(pods, options);
      const runtime = await runtimeOf(context, options, { node, what: WHAT });
      const outcomes = await forEach(context, { pods, options, what: 'adding' }, async (name) => {
        const added = await addPod(runtime, name);
        return { ms: added.ms, address: added.addresses[0] ?? '', netns: added.netns };
      });
      report(context, options, { node, outcomes });
    });
  namespaced(pod.command('del').description('CNI DEL and remove pods').argument('<node>').argument('<pod...>'))
    .addHelpText('after', '\nExamples:\n  vpc-cni sim pod del node-a web-1 web-2\n')
    .action(async (node: string, pods: readonly string[], options: PodOptions) => {
      checkPods(pods, options);
      const runtime = await runtimeOf(context, options, { node, what: WHAT });
      report(context, options, {
        node,
        outcomes: await forEach(context, { pods, options, what: 'deleting' }, (name) => deletePod(runtime, name)),
      });
    });
  namespaced(
    pod
      .command('exec')
      .description('run a command in a pod; without one, a shell. Signals are its, and so is the exit status')
      .argument('<node>')
      .argument('<pod>')
      .argument('[command...]'),
    EXEC_JSON,
  )
    .usage('[options] <node> <pod> [-- <command...>]')
    .addHelpText(
      'after',
      "\nExamples:\n  vpc-cni sim pod exec node-a web-1 -- ping -c 1 198.51.100.1\n  vpc-cni sim pod exec node-a web-1       a shell in the pod's network\n",
    )
    .passThroughOptions()
    .action(async (node: string, name: string, words: readonly string[], options: PodOptions) => {
      const { paths } = await runtimeOf(context, options, { node, what: WHAT });
      const { netns, running } = podView(paths, { namespace: options.namespace, pod: name });
      if (!running) throw new HostError('SIM_POD_ENDED', { node, pod: `${options.namespace}/${name}` });
      context.exit(await runAttached([...podArgv(paths, netns), ...commandOrShell(words, `${node}/${name}`)]));
    });
  common(pod.command('list').description('all pods, or those of a node').argument('[node]'))
    .addHelpText('after', '\nExamples:\n  vpc-cni sim pod list node-a\n')
    .action(async (node: string | undefined, options: CommonOptions) => {
      const { name: vpc, nodes } = await runningVpc(context, options).status();
      if (node !== undefined && !nodes.some(({ name }) => name === node))
        throw new HostError('SIM_NODE_MISSING', { node, vpc });
      const pods = nodes.filter(({ name }) => node === undefined || name === node).flatMap((known) => known.pods);
      const rows = pods.map(podRow);
      answer(context, options, { json: pods, text: table([['NODE', 'POD', 'ADDRESS'], ...rows]) });
    });
}

/** Names that are wrong are told of before the first pod is touched. Throws `USAGE`. */
function checkPods(pods: readonly string[], { namespace }: PodOptions): void {
  for (const [index, pod] of pods.entries()) {
    checkPodName({ namespace, pod });
    if (pods.indexOf(pod) < index) throw new HostError('USAGE', { reason: `the pod ${pod} is named twice` });
  }
}

async function runtimeOf(
  context: SimContext,
  options: CommonOptions,
  which: { readonly node: string; readonly what: string },
): Promise<Runtime> {
  return { exec: systemExec, clock: systemClock, paths: await existingNode(context, options, which) };
}

/** Does the work for every pod, a few at a time; a failure of one is its outcome and stops no other. */
async function forEach(
  context: SimContext,
  asked: { readonly pods: readonly string[]; readonly options: PodOptions; readonly what: string },
  work: (name: PodName) => Promise<{ readonly ms: number; readonly address?: string; readonly netns?: string }>,
): Promise<readonly Outcome[]> {
  const { pods, options, what } = asked;
  const outcomes: Outcome[] = [];
  const queue = [...pods.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, pod] = next;
      const name = { namespace: options.namespace, pod };
      outcomes[index] = await work(name).then(
        (done): Outcome => ({ ...name, ok: true, ...done, ms: Math.round(done.ms * 10) / 10 }),
        (error: unknown): Outcome => ({ ...name, ok: false, error: toHostError(error) }),
      );
    }
  };
  await during(context, `${what} ${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}`, () =>
    Promise.all(Array.from({ length: AT_ONCE }, worker)),
  );
  return outcomes;
}

function report(
  context: SimContext,
  options: CommonOptions,
  done: { readonly node: string; readonly outcomes: readonly Outcome[] },
): void {
  const failed = done.outcomes.filter((outcome) => !outcome.ok);
  answer(context, options, {
    json: { ok: failed.length === 0, node: done.node, pods: done.outcomes },
    text: table(
      done.outcomes.flatMap((outcome) =>
        outcome.ok ? [[`${outcome.namespace}/${outcome.pod}`, outcome.address ?? 'gone', `${outcome.ms} ms`]] : [],
      ),
    ),
  });
  if (options.json !== true)
    for (const outcome of failed)
      context.stderr(
        `${outcome.namespace}/${outcome.pod}: ${outcome.error.code}: ${outcome.error.message}\n→ ${outcome.error.remedy}\n`,
      );
  if (failed.length > 0) context.exit(EXIT.failed);
}
