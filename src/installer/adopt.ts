import type { ObservedNetwork } from '../dataplane/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import {
  AWS_NODE,
  decideAdopt,
  describeTakeover,
  PATHS,
  renderStep,
  renderTakeoverMark,
  type Step,
  stepTarget,
  type TakeoverMark,
  type TakeoverStep,
  UNIT_NAME,
} from '../hostspec/index.ts';
import { type AwsNodeRules, removeAwsNodeRules } from '../kernel/index.ts';
import { importAllocations, type Orphan } from '../pool/index.ts';
import { letSignalsIn } from '../sys/index.ts';
import { KEPT_RESULTS, nameBranches, unwiredBranches } from './aws-node-branches.ts';
import { EGRESS_RESERVED, importEgresses, unwiredEgresses } from './aws-node-egress.ts';
import { keeperOf, stopDaemon } from './daemon.ts';
import { noteHandback } from './hand-over.ts';
import { asOnlyRun, type Host, underLock } from './host.ts';
import { installAlone, planInstall } from './install.ts';
import { readInstanceSettings } from './instance-settings.ts';
import { observeHostNetwork, observeTakeover, type TakeoverFacts } from './observe-takeover.ts';
import { writeOwnAllocations } from './own-memory.ts';
import type { InstallRequest } from './plan.ts';
import { keepForTakeBack, takeBackTakeover } from './take-back.ts';
import { unwiredPods } from './verify-pods.ts';

/** What the caller wants. */
export interface AdoptRequest {
  /** The installation that is part of it; its stage is `all`. */
  readonly install: InstallRequest;
  /** Whose settings count where aws-node's differ: `same` refuses to go on. */
  readonly settings: 'same' | 'ours';
}

/** A step of a takeover as its reader sees it. */
export interface AdoptStep {
  readonly kind: string;
  readonly target: string;
  /** One line, and for texts what changes in them. */
  readonly text: string;
}

/** What would be done, or why nothing. */
export interface AdoptPlan {
  readonly steps: readonly AdoptStep[];
  readonly notes: readonly string[];
  readonly problems: readonly HostError[];
}

/** What was done. */
export interface AdoptReport {
  readonly steps: readonly (AdoptStep & { readonly ms: number })[];
  readonly notes: readonly string[];
  readonly pods: number;
  readonly ms: number;
}

/** What a reader of a takeover wants to see while it goes on. */
export interface AdoptProgress {
  readonly started: (step: AdoptStep) => void;
  readonly finished: (step: AdoptStep, ms: number) => void;
  readonly waiting: (reason: string) => void;
}

const ofInstall = (step: Step): AdoptStep => ({ kind: step.kind, target: stepTarget(step), text: renderStep(step) });
const ofTakeover = (step: TakeoverStep): AdoptStep => ({
  kind: step.kind,
  target: step.path,
  text: describeTakeover(step),
});

// As for an installation.
const DRY_RUN_IMDS_MS = 1_000;
const IMDS_MS = 10_000;

/** What a fresh boot has to clear away: here it is what the pods that run live on. */
const OF_A_FRESH_BOOT: ReadonlySet<string> = new Set(['withdraw-conflist', 'clear-directory', 'record-boot']);

/** Before anything else: what is written down of the pods is only for root. */
const RUN_STEP = { kind: 'make-directory', path: PATHS.run, mode: 0o700 } as const;

const rulesText = (rules: AwsNodeRules): readonly string[] => [
  ...rules.iptables.map(({ program, count }) => `${count} of ${program}`),
  ...(rules.nftTable ? ['nftables table ip aws-cni'] : []),
];

function importStep({ theirs, gone, ours }: TakeoverFacts): TakeoverStep {
  const pods = importAllocations(theirs, ours).length;
  return { kind: 'import-checkpoint', path: PATHS.checkpoint, from: AWS_NODE.checkpoint, pods, gone: gone.length };
}

const namingStep = ({ branches }: TakeoverFacts): readonly TakeoverStep[] =>
  branches.length === 0 ? [] : [{ kind: 'name-branch-pods', path: KEPT_RESULTS, pods: branches.length }];

const egressStep = ({ egresses }: TakeoverFacts): readonly TakeoverStep[] =>
  egresses.length === 0
    ? []
    : [{ kind: 'import-egress', path: PATHS.egress, from: EGRESS_RESERVED, pods: egresses.length }];

const countPods = (facts: TakeoverFacts): number => podsOf(facts).length + facts.branches.length;

const stopStep: TakeoverStep = {
  kind: 'stop-daemon',
  path: UNIT_NAME,
  reason: 'it does not know the pods of aws-node',
};

function closingSteps(facts: TakeoverFacts): readonly TakeoverStep[] {
  const what = rulesText(facts.rules);
  return [
    { kind: 'verify-pods', path: PATHS.checkpoint, pods: countPods(facts) },
    ...(what.length === 0 ? [] : [{ kind: 'remove-foreign-rules', path: 'packet rules', what } as const]),
    { kind: 'note-takeover', path: PATHS.takenOver },
  ];
}

const podsOf = (facts: TakeoverFacts): readonly Orphan[] => importAllocations(facts.theirs, facts.ours);

/** Finds out what a takeover would do. Changes nothing. */
export async function planAdopt(request: AdoptRequest): Promise<AdoptPlan & { readonly why?: string }> {
  const { host } = request.install;
  const { settings } = await readInstanceSettings(host, DRY_RUN_IMDS_MS);
  const facts = await observeTakeover(host, settings);
  const decision = decideAdopt(facts.observed, { settings: request.settings });
  if (decision.kind === 'nothing') return { steps: [], notes: [], problems: [], why: decision.why };
  const planned = await planInstall({ ...request.install, adopting: true });
  const steps = [...planned.image.steps, ...planned.boot.steps, ...planned.daemon.steps];
  const isBare = host.files.fact(PATHS.run).kind === 'absent';
  const isImport = decision.kind === 'adopt' && decision.checkpoint === 'import';
  const failures = decision.kind === 'refuse' ? [decision.failure] : [];
  return {
    steps: [
      ...(isBare ? [ofInstall(RUN_STEP)] : []),
      ...(isImport && facts.observed.daemon !== 'absent' ? [ofTakeover(stopStep)] : []),
      ...(isImport ? [ofTakeover(importStep(facts))] : []),
      ...[...namingStep(facts), ...egressStep(facts)].map(ofTakeover),
      ...steps.map(ofInstall).filter(({ kind, target }) => !OF_A_FRESH_BOOT.has(kind) && target !== RUN_STEP.path),
      ...closingSteps(facts).map(ofTakeover),
    ],
    notes: [...planned.image.notes, ...planned.boot.notes],
    problems: [...failures, ...planned.problems],
  };
}

/** Carries a takeover out. */
class Takeover {
  readonly #request: AdoptRequest;
  readonly #progress: AdoptProgress;
  readonly #steps: (AdoptStep & { readonly ms: number })[] = [];
  readonly #notes: string[] = [];

  constructor(request: AdoptRequest, progress: AdoptProgress) {
    this.#request = request;
    this.#progress = progress;
  }

  get #host(): Host {
    return this.#request.install.host;
  }

  async run(): Promise<AdoptReport> {
    const host = this.#host;
    const begin = host.clock.monotonic();
    const report = (pods: number, notes: readonly string[]): AdoptReport => ({
      ...{ steps: this.#steps, notes, pods },
      ms: Math.round(host.clock.monotonic() - begin),
    });
    const { settings } = await readInstanceSettings(host, IMDS_MS);
    const before = await underLock(host, async () => {
      const facts = await observeTakeover(host, settings);
      const decision = decideAdopt(facts.observed, { settings: this.#request.settings });
      if (decision.kind === 'refuse') throw decision.failure;
      if (decision.kind === 'nothing') return { kind: 'nothing', why: decision.why } as const;
      const kept = keepForTakeBack(host, facts.theirs);
      const network = observeHostNetwork();
      try {
        await this.#prepare(facts, decision.checkpoint);
      } catch (error) {
        throw await this.#failed('writing down the pods of aws-node', error, () => takeBackTakeover(host, kept));
      }
      return { kind: 'prepared', facts, kept, network } as const;
    });
    if (before.kind === 'nothing') return report(0, [`Nothing to do: ${before.why}.`]);
    try {
      await this.#install();
      await this.#close(before.facts, before.network);
    } catch (error) {
      throw await this.#failed('', error, () => underLock(host, () => takeBackTakeover(host, before.kept)));
    }
    return report(countPods(before.facts), this.#notes);
  }

  async #do(step: AdoptStep, work: () => void | Promise<void>): Promise<void> {
    const { clock } = this.#host;
    await letSignalsIn();
    this.#progress.started(step);
    const start = clock.monotonic();
    await work();
    const ms = Math.round(clock.monotonic() - start);
    this.#progress.finished(step, ms);
    this.#steps.push({ ...step, ms });
  }

  /**
   * What the daemon must find at its start. The boot comes first: to an installation a boot that it does not know is a
   * fresh one, in which nothing of the pods is worth keeping. The mark comes last: it says that the import is whole.
   */
  async #prepare(facts: TakeoverFacts, checkpoint: 'import' | 'keep'): Promise<void> {
    const host = this.#host;
    const { files } = host;
    if (files.fact(PATHS.run).kind === 'absent')
      await this.#do(ofInstall(RUN_STEP), () => files.ensureDirectory(RUN_STEP.path, RUN_STEP.mode));
    const bootId = files.read(PATHS.kernelBootId)?.trim() ?? '';
    files.replace({ path: PATHS.bootId, text: `${bootId}\n`, mode: 0o600 });
    if (checkpoint === 'import') {
      if (facts.observed.daemon !== 'absent')
        await this.#do(ofTakeover(stopStep), () => stopDaemon(host, keeperOf(host)));
      await this.#do(ofTakeover(importStep(facts)), () => writeOwnAllocations(files, podsOf(facts)));
    }
    for (const step of namingStep(facts)) await this.#do(ofTakeover(step), () => nameBranches(facts.branches));
    for (const step of egressStep(facts)) await this.#do(ofTakeover(step), () => importEgresses(files, facts.egresses));
    if (facts.observed.state === 'none') this.#mark('imported', facts);
    noteHandback(host, undefined);
  }

  #mark(state: TakeoverMark['state'], facts: TakeoverFacts): void {
    const { files, clock } = this.#host;
    const mark = { state, sha256: facts.checkpointSha256, at: new Date(clock.now()).toISOString() };
    files.replace({ path: PATHS.takenOver, text: renderTakeoverMark(mark), mode: 0o600 });
  }

  async #install(): Promise<void> {
    const { started, finished, waiting } = this.#progress;
    const report = await installAlone(
      { ...this.#request.install, adopting: true },
      { waiting, started: (step) => started(ofInstall(step)), finished: (step, ms) => finished(ofInstall(step), ms) },
    );
    this.#steps.push(...report.steps.map(({ step, ms }) => ({ ...ofInstall(step), ms })));
    this.#notes.push(...report.notes);
  }

  /** Only once ours serve, and every pod has what it had, does what aws-node left go. */
  async #close(facts: TakeoverFacts, network: ObservedNetwork): Promise<void> {
    for (const step of closingSteps(facts))
      await this.#do(ofTakeover(step), async () => {
        switch (step.kind) {
          case 'verify-pods': {
            const now = observeHostNetwork();
            const faults = [
              ...unwiredPods(podsOf(facts), network, now),
              ...unwiredBranches(facts.branches, network, now),
              ...unwiredEgresses(facts.egresses, network, now),
            ];
            if (faults.length > 0)
              throw new HostError('ADOPT_INCOMPLETE', {
                step: describeTakeover(step),
                reason: faults.join('; '),
                state: '',
              });
            return;
          }
          case 'remove-foreign-rules':
            return await removeAwsNodeRules(this.#host.exec, facts.rules);
          case 'note-takeover':
            return this.#mark('adopted', facts);
          default:
            throw new TypeError(`${step.kind} is no closing step`);
        }
      });
  }

  /** The failure as its reader sees it, after everything was taken back. */
  async #failed(step: string, error: unknown, takeBack: () => Promise<readonly string[]>): Promise<HostError> {
    const cause = toHostError(error);
    const remains = await takeBack().catch((failure: unknown) => [`(${toHostError(failure).message})`]);
    const state =
      remains.length === 0
        ? 'everything was taken back, aws-node can be started again'
        : `taken back, except ${remains.join(', ')}`;
    const said = cause.code === 'ADOPT_INCOMPLETE' ? String(cause.details['step']) : step || 'the installation';
    const reason = cause.code === 'ADOPT_INCOMPLETE' ? cause.details['reason'] : cause.message;
    return new HostError('ADOPT_INCOMPLETE', { step: said, cause: cause.code, reason, state }, cause);
  }
}

/**
 * Takes this node over from an aws-node that has stopped: its pods keep their addresses and their wiring, no packet
 * is lost. Throws `LOCK_HELD`, `ADOPT_OTHER_IPAMD`, `ADOPT_UNSUPPORTED` or `ADOPT_SETTINGS_DIFFER` before any change, and
 * `ADOPT_INCOMPLETE` after all of it was taken back.
 */
export async function adopt(request: AdoptRequest, progress: AdoptProgress): Promise<AdoptReport> {
  return await asOnlyRun(request.install.host, () => new Takeover(request, progress).run());
}
