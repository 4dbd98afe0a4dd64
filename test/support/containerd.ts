import { openSync } from 'node:fs';
import { enterArgv } from '../../src/sim/index.ts';
import { mountCgroups, removeCgroup } from './cgroups.ts';
import { type E2eNode, until } from './e2e.ts';
import { type GrpcAnswer, GrpcClient } from './grpc.ts';
import { writePauseImage } from './pause-image.ts';

const FOLDER = '/run/test-containerd';
const SOCKET = `${FOLDER}/containerd.sock`;
const IMAGE = 'localhost/pause:test';
const READY_WITHIN_MS = 30_000;
/** As long as kubelet waits for a sandbox. */
const CALL_WITHIN_MS = 120_000;

/** The parts of a configuration that a simulated node asks for; CNI is where containerd looks for it by default. */
const CONFIG = `version = 2
root = "${FOLDER}/root"
state = "${FOLDER}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "${SOCKET}"
[debug]
  level = "warn"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    # The node's files are an overlay, and the kernel stacks no third one on it.
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
`;

/** What a pod asks its runtime for. */
export interface PodWish {
  readonly name: string;
  readonly attempt?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly protocol: 'TCP' | 'UDP'; readonly pod: number; readonly host: number }[];
}

/** A pod as its runtime shows it. */
export interface CriPod {
  readonly id: string;
  readonly name: string;
  readonly ready: boolean;
  readonly address: string;
  readonly netns: string;
}

/** The containerd of one node, asked through the interface that kubelet uses. */
export class Containerd {
  readonly node: E2eNode;
  readonly #cgroup: string;
  #child: Bun.Subprocess | undefined;
  #client: GrpcClient | undefined;

  constructor(node: E2eNode) {
    this.node = node;
    this.#cgroup = `/vpc-cni-test-${process.pid}-${node.name}`;
  }

  /** Prepares the node, starts containerd and gives it the image of a pod's first container. */
  async setUp(): Promise<void> {
    const { node } = this;
    await mountCgroups(node);
    await node.text('mkdir', '-p', FOLDER);
    await node.run(['tee', `${FOLDER}/config.toml`], { input: CONFIG });
    await this.start();
    await writePauseImage(`${node.paths.run}/test-containerd/pause.tar`, IMAGE);
    await node.text(
      ...(['ctr', '--address', SOCKET, '--namespace', 'k8s.io', 'image', 'import'] as const),
      ...['--snapshotter', 'native', `${FOLDER}/pause.tar`],
    );
    await until('containerd to know the image', async () => {
      const { image } = await this.#ask('ImageService/ImageStatus', { image: { image: IMAGE } });
      return image === null ? undefined : true;
    });
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const { paths } = this.node;
    const log = openSync(`${paths.run}/test-containerd/log`, 'a');
    this.#child = Bun.spawn([...enterArgv(paths), 'containerd', '--config', `${FOLDER}/config.toml`], {
      stdout: log,
      stderr: log,
    });
    this.#client?.[Symbol.dispose]();
    await until(
      'containerd to answer',
      async () => {
        // A client that has met a closed socket waits before it tries again: a new one does not.
        const client = new GrpcClient(`${paths.run}/test-containerd/containerd.sock`, CALL_WITHIN_MS);
        const answer = await client.call('/runtime.v1.RuntimeService/Status', {});
        if (answer.kind === 'reply') this.#client = client;
        else client[Symbol.dispose]();
        return answer.kind === 'reply' ? true : undefined;
      },
      { withinMs: READY_WITHIN_MS },
    );
  }

  /** Ends containerd alone: the pods it made go on. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal);
    await this.#child?.exited;
  }

  /** Ends containerd and whatever is left of pods. */
  async tearDown(): Promise<void> {
    this.#client?.[Symbol.dispose]();
    await this.stop('SIGTERM');
    await removeCgroup(this.#cgroup);
  }

  /** Whether the runtime finds a network for pods, as kubelet takes it for the node's condition. */
  async networkReady(): Promise<boolean> {
    const { status } = await this.#ask('RuntimeService/Status', {});
    return status.conditions.some(
      ({ type, status: is }: { type: string; status: boolean }) => type === 'NetworkReady' && is,
    );
  }

  /** RunPodSandbox, as it is answered. */
  run(wish: PodWish): Promise<GrpcAnswer> {
    const { name, attempt = 0, annotations = {}, ports = [] } = wish;
    const port_mappings = ports.map(({ protocol, pod, host }) => ({
      protocol: protocol === 'UDP' ? 1 : 0,
      container_port: pod,
      host_port: host,
    }));
    return this.#call('RuntimeService/RunPodSandbox', {
      config: {
        metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt },
        hostname: name,
        port_mappings,
        annotations,
        linux: { cgroup_parent: this.#cgroup },
      },
    });
  }

  /** A pod that must come up. */
  async add(wish: PodWish): Promise<CriPod> {
    const answer = await this.run(wish);
    if (answer.kind !== 'reply') throw new Error(`RunPodSandbox ${wish.name}: ${answer.text}`);
    return this.look(String(answer.reply['pod_sandbox_id']));
  }

  /** One pod. */
  async look(id: string): Promise<CriPod> {
    const { status, info } = await this.#ask('RuntimeService/PodSandboxStatus', { pod_sandbox_id: id, verbose: true });
    const { runtimeSpec } = JSON.parse(info.info);
    const namespaces: readonly { type: string; path?: string }[] = runtimeSpec.linux.namespaces;
    return {
      id,
      name: status.metadata.name,
      ready: status.state === 0,
      address: status.network?.ip ?? '',
      netns: namespaces.find(({ type }) => type === 'network')?.path ?? '',
    };
  }

  /** The identifiers of all pods. */
  async list(): Promise<readonly string[]> {
    const { items } = await this.#ask('RuntimeService/ListPodSandbox', {});
    return items.map(({ id }: { id: string }) => id);
  }

  /** StopPodSandbox, which must succeed: the pod loses its network. */
  async stopPod(id: string): Promise<void> {
    await this.#ask('RuntimeService/StopPodSandbox', { pod_sandbox_id: id });
  }

  /** StopPodSandbox and RemovePodSandbox, which must succeed. */
  async remove(id: string): Promise<void> {
    await this.stopPod(id);
    await this.#ask('RuntimeService/RemovePodSandbox', { pod_sandbox_id: id });
  }

  #call(method: string, request: object): Promise<GrpcAnswer> {
    if (this.#client === undefined) throw new Error('containerd does not run');
    return this.#client.call(`/runtime.v1.${method}`, request);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what protobuf's own library makes of the text of the interface has no type
  async #ask(method: string, request: object): Promise<any> {
    const answer = await this.#call(method, request);
    if (answer.kind !== 'reply') throw new Error(`${method}: ${answer.code} ${answer.text}`);
    return answer.reply;
  }
}
