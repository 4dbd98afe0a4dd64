import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAny } from './e2e.ts';

const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' } as const;

async function pack(from: string, archive: string): Promise<void> {
  const { exitCode, stderr } = await runAny(['tar', '--owner=0', '--group=0', '-C', from, '-cf', archive, '.']);
  if (exitCode !== 0) throw new Error(`tar failed: ${stderr}`);
}

/** Writes an OCI image archive whose one program waits for ever, as the container does that holds a pod's namespaces. */
export async function writePauseImage(archive: string, name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pause-image-'));
  const layout = join(folder, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  const keep = (bytes: Uint8Array, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const keepJson = (value: unknown, mediaType: string) => keep(Buffer.from(JSON.stringify(value)), mediaType);
  try {
    mkdirSync(blobs, { recursive: true });
    mkdirSync(join(folder, 'root/bin'), { recursive: true });
    copyFileSync('/bin/busybox', join(folder, 'root/bin/busybox'));
    await pack(join(folder, 'root'), join(folder, 'layer.tar'));
    const layer = keep(readFileSync(join(folder, 'layer.tar')), 'application/vnd.oci.image.layer.v1.tar');
    const config = keepJson(
      {
        architecture: ARCHITECTURE[process.arch === 'arm64' ? 'arm64' : 'x64'],
        os: 'linux',
        config: { Entrypoint: ['/bin/busybox', 'sleep', '2147483647'] },
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
      },
      'application/vnd.oci.image.config.v1+json',
    );
    const manifest = keepJson(
      { schemaVersion: 2, config, layers: [layer] },
      'application/vnd.oci.image.manifest.v1+json',
    );
    const annotations = { 'io.containerd.image.name': name };
    writeFileSync(
      join(layout, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
    );
    writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await pack(layout, archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
