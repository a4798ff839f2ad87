import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workspaceDir } from '../folders.js';
import { ImageArchive, type Layer } from './archive.js';
import {
  ENVIRONMENT,
  entrypointOf,
  IMAGES,
  type ImageName,
  layOutApplication,
  layOutBase,
  layOutRuntime,
  layOutServers,
  NON_ROOT,
} from './layers.js';

const USAGE = `npm run images -- [image…] [--out file] [--repository regulars] [--tag 0.1.0] [--base folder]

Writes images without a container engine: ${IMAGES.join(', ')}; all of them unless named.
  --out         archive for docker load, ctr images import, kind load image-archive (deploy/out/images.tar)
  --repository  what stands before the name of each image
  --tag         the version in package.json unless told
  --base        root file system to build on; the C libraries of this machine unless told
  --overlay     files that go over those of the image, as another layer
  --lay-out     only lay one image out below this folder, for the Dockerfile`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: join(workspaceDir, 'deploy', 'out', 'images.tar') },
    repository: { type: 'string', default: 'regulars' },
    tag: { type: 'string' },
    base: { type: 'string' },
    overlay: { type: 'string' },
    'lay-out': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const wanted = positionals.length > 0 ? positionals : IMAGES;
const unknown = wanted.filter((name) => !IMAGES.includes(name as ImageName));
if (flags.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `There is no image ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
  process.exit(flags.help ? 0 : 2);
}
if (flags['lay-out']) await layOutApplication(wanted[0] as ImageName, resolve(flags['lay-out']));
else await writeImages(wanted as ImageName[], resolve(flags.out));

async function writeImages(names: readonly ImageName[], out: string): Promise<void> {
  const room = await mkdtemp(join(tmpdir(), 'regulars-images-'));
  try {
    await mkdir(dirname(out), { recursive: true });
    const archive = await ImageArchive.in(join(room, 'oci'));
    const layer = (root: string): Promise<Layer> => archive.layerOf(root);
    const below = [
      await archive.layerOf(flags.base ? resolve(flags.base) : await layOutBase(join(room, 'base')), 'kept'),
      await layer(await layOutRuntime(join(room, 'runtime'))),
    ];
    for (const image of names) {
      const { modules, code } = await layOutApplication(image, join(room, image));
      const servers = image === 'trial' ? [await layer(await layOutServers(join(room, 'servers')))] : [];
      const over = flags.overlay ? [await layer(resolve(flags.overlay))] : [];
      const layers = [...below, ...servers, await layer(modules), await layer(code), ...over];
      const written = await archive.add(await configOf(image), layers);
      const own = layers.slice(below.length).reduce((sum, { size }) => sum + size, 0);
      console.log(
        `${written.name.padEnd(32)} ${mib(written.compressed)}, of which ${mib(own)} its own  ${written.digest}`,
      );
    }
    await archive.writeTo(out);
    console.log(`${out} ${mib((await stat(out)).size)}`);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

async function configOf(image: ImageName) {
  const { version } = JSON.parse(await readFile(join(workspaceDir, 'package.json'), 'utf8')) as { version: string };
  const tag = flags.tag ?? version;
  return {
    name: `${flags.repository}/${image}:${tag}`,
    entrypoint: entrypointOf(image),
    env: ENVIRONMENT,
    user: `${NON_ROOT}:${NON_ROOT}`,
    labels: { 'org.opencontainers.image.title': `Regulars ${image}`, 'org.opencontainers.image.version': tag },
  };
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
