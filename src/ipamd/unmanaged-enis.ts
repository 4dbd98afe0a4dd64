import type { MacAddress } from '../addr/index.ts';
import { toHostError } from '../errors/index.ts';
import { type DropIn, eniFilePaths, eniFiles, PATHS, reloadSteps } from '../hostspec/index.ts';
import type { Exec } from '../sys/index.ts';
import { isSystemdRunning, leaveToUs, observePrograms, reloadProgram } from '../systemd/index.ts';
import type { Edges } from './parts.ts';

type Parts = Pick<Edges, 'files' | 'exec' | 'logger'>;

const MODE = 0o644;

/** Pods wait for the ENI meanwhile: a program of the host that hangs is waited for no longer. */
const TELLING_MS = 5_000;

/**
 * Keeps systemd-networkd and NetworkManager off the ENIs of pods: a file by MAC for each, known to the programs before
 * EC2 attaches the ENI. The files stay over a reboot, when links are there before this daemon is. No failure here stops
 * an ENI: pods without an address are worse than an ENI with one too many.
 */
export class UnmanagedEnis {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Claims an ENI that is about to be attached. */
  async claim(mac: MacAddress): Promise<void> {
    await this.#attempt(async () => this.#tell(this.#write(this.#filesOf(mac))));
  }

  /**
   * Claims the link of an ENI, before it has an address of ours. NetworkManager knows an ENI by the MAC of its driver, and
   * would take one whose driver tells none.
   */
  async claimLink(link: string): Promise<void> {
    const { files } = this.#parts;
    if (!isSystemdRunning(files) || files.fact(PATHS.networkManager).kind === 'absent') return;
    await this.#attempt(async () => {
      const exec = this.#patience();
      if ((await observePrograms(exec)).has('NetworkManager')) await leaveToUs(exec, link);
    });
  }

  /** Forgets an ENI that is gone; without its link nobody needs to be told. */
  release(mac: MacAddress): void {
    try {
      for (const { path } of eniFiles(mac)) this.#parts.files.remove(path);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** Claims exactly these ENIs: what an image or an ENI that is gone left behind goes. */
  async claimOnly(macs: readonly MacAddress[]): Promise<void> {
    await this.#attempt(async () => {
      const { files } = this.#parts;
      const wanted = macs.flatMap((mac) => this.#filesOf(mac));
      const stale = eniFilePaths(files.list).filter((path) => wanted.every((file) => file.path !== path));
      for (const path of stale) files.remove(path);
      await this.#tell([...stale, ...this.#write(wanted)]);
    });
  }

  /** Nobody but a systemd host has these programs; NetworkManager's file is for hosts that have NetworkManager. */
  #filesOf(mac: MacAddress): readonly DropIn[] {
    const { files } = this.#parts;
    if (!isSystemdRunning(files)) return [];
    const hasNetworkManager = files.fact(PATHS.networkManager).kind !== 'absent';
    return eniFiles(mac).filter(({ program }) => program === 'networkd' || hasNetworkManager);
  }

  #write(wanted: readonly DropIn[]): readonly string[] {
    const { files } = this.#parts;
    const missing = wanted.filter(({ path, text }) => files.read(path) !== text);
    for (const { path, text } of missing) files.replace({ path, text, mode: MODE });
    return missing.map(({ path }) => path);
  }

  async #tell(changed: readonly string[]): Promise<void> {
    if (changed.length === 0) return;
    const exec = this.#patience();
    for (const step of reloadSteps({ changed, running: await observePrograms(exec) })) await reloadProgram(exec, step);
  }

  /** Runs programs until the time is over, all of them together. */
  #patience(): Exec {
    const signal = AbortSignal.timeout(TELLING_MS);
    return { run: (request) => this.#parts.exec.run({ ...request, signal }) };
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#warn(error);
    }
  }

  #warn(error: unknown): void {
    this.#parts.logger.warn('going on although a network program may configure ENIs of pods', {
      error: toHostError(error),
    });
  }
}
