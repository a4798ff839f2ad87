import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceDir } from '../folders.js';
import { kafkaJars } from '../kafka-jars.js';
import { installedBinaries } from '../postgres.js';
import { SERVICES, type ServiceName } from '../services.js';
import { type Lock, productionFolders } from './closure.js';

const run = promisify(execFile);

/** Every image of the platform; `trial` is for trying out: a PostgreSQL, a Kafka, a sign-in server, a mail sink. */
export const IMAGES = [...SERVICES, 'trial'] as const;
export type ImageName = (typeof IMAGES)[number];

/** The account without rights that every process in an image runs under. */
export const NON_ROOT = 65_532;

/** What is in no image: types, sources and pages that no process reads. */
const UNREAD =
  /\.(d\.[cm]?ts|ts|md|markdown|tsbuildinfo)$|\.spec\.(js|js\.map)$|\/(test|tests|__tests__|docs|example|examples)$/;

/** The environment of every image: nothing in it belongs to one installation. */
export const ENVIRONMENT = ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production', 'TZ=UTC', 'HOME=/tmp'];

/** What a container of the image runs. */
export function entrypointOf(image: ImageName): string[] {
  return ['/usr/local/bin/node', '--enable-source-maps', mainOf(image)];
}

/**
 * Lays the packages and the code of an image out below `root`, as they lie in this checkout, so that Node finds them the
 * same way: third-party packages into `<root>/modules`, our own into `<root>/code`. Each is the root of a layer.
 */
export async function layOutApplication(image: ImageName, root: string): Promise<{ modules: string; code: string }> {
  const { packages } = JSON.parse(await readFile(join(workspaceDir, 'package-lock.json'), 'utf8')) as {
    packages: Lock;
  };
  const [modules, code] = [join(root, 'modules'), join(root, 'code')];
  const folders = productionFolders(packages, workspaceOf(image));
  for (const folder of folders) {
    const target = packages[folder];
    if (target?.link) await linkTo(join(code, 'app', folder), target.resolved ?? '');
    else if (target?.optional && !existsSync(join(workspaceDir, folder))) continue;
    else if (folder.includes('node_modules/')) await copyPackage(folder, join(modules, 'app', folder));
    else await copyOwn(folder, join(code, 'app', folder));
  }
  await writeCommand(join(code, 'usr', 'local', 'bin', 'ops'), image);
  return { modules, code };
}

/** The Node that the project pins, alone: no npm, no shell. */
export async function layOutRuntime(root: string): Promise<string> {
  await copyInto(root, '/usr/local/bin/node', await realpath(join(workspaceDir, 'node_modules', '.bin', 'node')));
  return root;
}

/**
 * What a C program needs to run, taken from this machine where no base image is given: the loader, the C and C++
 * libraries, certificates, and an account without rights.
 */
export async function layOutBase(root: string): Promise<string> {
  const node = join(workspaceDir, 'node_modules', '.bin', 'node');
  await copyLibraries(root, [node]);
  await copyInto(root, '/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt').catch(
    () => undefined,
  );
  await mkdir(join(root, 'tmp'), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await writeFile(
    join(root, 'etc', 'passwd'),
    `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${NON_ROOT}:${NON_ROOT}:nonroot:/tmp:/sbin/nologin\n`,
  );
  await writeFile(join(root, 'etc', 'group'), `root:x:0:\nnonroot:x:${NON_ROOT}:\n`);
  await writeFile(join(root, 'etc', 'nsswitch.conf'), 'hosts: files dns\n');
  return root;
}

/** The servers of the trial image: Kafka's jars with the Java they need, and the shell that `initdb` calls. */
export async function layOutServers(root: string): Promise<string> {
  await cp(await kafkaJars(), join(root, 'opt', 'kafka'), { recursive: true });
  const java = join(root, 'opt', 'java');
  await mkdir(dirname(java), { recursive: true });
  const modules = 'java.se,jdk.unsupported,jdk.management,jdk.crypto.ec,jdk.zipfs';
  await run('jlink', [
    '--add-modules',
    modules,
    '--strip-debug',
    '--no-header-files',
    '--no-man-pages',
    '--output',
    java,
  ]);
  await copyInto(root, '/bin/sh', await realpath('/bin/sh'));
  const programs = ['bin/java', 'lib/server/libjvm.so', 'lib/libnio.so', 'lib/libnet.so', 'lib/libzip.so'];
  const servers = ['postgres', 'initdb', '../lib/libxml2.so.2', '../lib/libicui18n.so.60'];
  await copyLibraries(root, [
    await realpath('/bin/sh'),
    ...programs.map((each) => join(java, each)),
    ...servers.map((each) => join(installedBinaries(), each)),
  ]);
  return root;
}

function workspaceOf(image: ImageName): string {
  return image === 'trial' ? 'tools' : `services/${image}`;
}

function mainOf(image: ImageName): string {
  return image === 'trial'
    ? '/app/tools/dist/trial/main.js'
    : `/app/services/${image satisfies ServiceName}/dist/src/main.js`;
}

async function copyPackage(folder: string, to: string): Promise<void> {
  const from = join(workspaceDir, folder);
  await cp(from, to, {
    recursive: true,
    // A nested package comes by itself where it is needed.
    filter: (path) =>
      path === from || !(UNREAD.test(path) || path.endsWith('.map') || basename(path) === 'node_modules'),
    verbatimSymlinks: true,
  });
}

async function copyOwn(folder: string, to: string): Promise<void> {
  const from = join(workspaceDir, folder);
  await mkdir(to, { recursive: true });
  await cp(join(from, 'package.json'), join(to, 'package.json'));
  await cp(join(from, 'dist'), join(to, 'dist'), { recursive: true, filter: (path) => !UNREAD.test(path) });
}

async function linkTo(link: string, target: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { force: true });
  await symlink(`/app/${target}`, link);
}

/** `ops` on the PATH: an image has no shell, but the kernel finds Node by itself. */
async function writeCommand(file: string, image: ImageName): Promise<void> {
  const program = `#!/usr/local/bin/node\nprocess.argv.splice(2, 0, 'ops');\nimport('${mainOf(image)}');\n`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, program);
  await chmod(file, 0o755);
}

async function copyLibraries(root: string, programs: readonly string[]): Promise<void> {
  const { stdout } = await run('ldd', programs);
  const libraries = new Set([...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path as string));
  for (const library of libraries) {
    if (library.startsWith('/lib') || library.startsWith('/usr/lib'))
      await copyInto(root, library, await realpath(library));
  }
}

async function copyInto(root: string, path: string, from: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await cp(from, join(root, path), { dereference: true });
}
