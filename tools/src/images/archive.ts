import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';

const run = promisify(execFile);

/** The same for every build of the same sources, so that the same sources are the same digest. */
const CREATED = '2020-01-01T00:00:00Z';

/** Options of tar with which the same files are the same bytes. */
const SAME = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];

const MEDIA = 'application/vnd.oci.image';

/** A layer as it is stored: compressed, known by its digest. */
export interface Layer {
  readonly digest: string;
  readonly size: number;
  /** Digest of the uncompressed archive. */
  readonly diffId: string;
}

export interface ImageConfig {
  /** With a tag, such as `regulars/loyalty:0.1.0`. */
  readonly name: string;
  readonly entrypoint: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface WrittenImage {
  readonly name: string;
  readonly digest: string;
  /** Bytes that a registry keeps, and that lie on a node. */
  readonly compressed: number;
}

/**
 * An OCI image layout that also answers to `docker load`: images that share layers, written without any container
 * engine. Files get one date and one owner, so that the same tree gives the same bytes.
 */
export class ImageArchive {
  private readonly images: { descriptor: object; docker: object }[] = [];

  private constructor(private readonly dir: string) {}

  static async in(dir: string): Promise<ImageArchive> {
    await mkdir(join(dir, 'blobs', 'sha256'), { recursive: true });
    return new ImageArchive(dir);
  }

  /** Stores what lies below `root` as a layer. Modes are kept as they are, or lose what a careless umask has granted. */
  async layerOf(root: string, modes: 'kept' | 'tidied' = 'tidied'): Promise<Layer> {
    const tar = join(this.dir, 'layer.tar');
    const tidy = modes === 'tidied' ? ['--mode=go-w'] : [];
    await run('tar', [...SAME, ...tidy, '--format=gnu', '-C', root, '-cf', tar, ...(await readdir(root)).sort()]);
    const packed = `${tar}.gz`;
    await pipeline(createReadStream(tar), createGzip({ level: 6 }), createWriteStream(packed));
    const [diffId, digest] = await Promise.all([digestOf(tar), digestOf(packed)]);
    await rename(packed, this.blob(digest));
    await run('rm', [tar]);
    return { digest, diffId, size: (await stat(this.blob(digest))).size };
  }

  async add(config: ImageConfig, layers: readonly Layer[]): Promise<WrittenImage> {
    const { entrypoint, env, user, labels } = config;
    const configured = await this.writeJson({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created: CREATED,
      config: { Entrypoint: entrypoint, Env: env, User: user, WorkingDir: '/app', Labels: labels },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created: CREATED })),
    });
    const manifest = await this.writeJson({
      schemaVersion: 2,
      mediaType: `${MEDIA}.manifest.v1+json`,
      config: { mediaType: `${MEDIA}.config.v1+json`, ...configured },
      layers: layers.map(({ digest, size }) => ({ mediaType: `${MEDIA}.layer.v1.tar+gzip`, digest, size })),
    });
    const annotations = {
      'io.containerd.image.name': `docker.io/${config.name}`,
      'org.opencontainers.image.ref.name': config.name,
    };
    this.images.push({
      descriptor: { mediaType: `${MEDIA}.manifest.v1+json`, ...manifest, annotations },
      docker: {
        Config: pathOf(configured.digest),
        RepoTags: [config.name],
        Layers: layers.map(({ digest }) => pathOf(digest)),
      },
    });
    const compressed = layers.reduce((sum, { size }) => sum + size, configured.size + manifest.size);
    return { name: config.name, digest: manifest.digest, compressed };
  }

  /** Writes everything into one archive for `docker load`, `ctr images import` and `kind load image-archive`. */
  async writeTo(file: string): Promise<void> {
    const write = (name: string, content: unknown) => writeFile(join(this.dir, name), JSON.stringify(content));
    await write('oci-layout', { imageLayoutVersion: '1.0.0' });
    await write('index.json', { schemaVersion: 2, manifests: this.images.map(({ descriptor }) => descriptor) });
    await write(
      'manifest.json',
      this.images.map(({ docker }) => docker),
    );
    const parts = ['oci-layout', 'index.json', 'manifest.json', 'blobs'];
    await run('tar', [...SAME, '-C', this.dir, '-cf', file, ...parts]);
  }

  private async writeJson(content: object): Promise<{ digest: string; size: number }> {
    const text = JSON.stringify(content);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    await writeFile(this.blob(digest), text);
    return { digest, size: Buffer.byteLength(text) };
  }

  private blob(digest: string): string {
    return join(this.dir, pathOf(digest));
  }
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}
