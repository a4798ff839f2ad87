#!/usr/bin/env node
/**
 * The door to everything that is run from a checkout: `node tools/launch.mjs <command> [arguments]`.
 *
 * Plain JavaScript that any Node from 20.19 on can run. It installs what is missing, builds what is not built, and hands
 * over to the compiled tool on the Node that the project pins. Nothing here may import a package.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Command → compiled file, and whether everything is built before or only what the tool itself needs. */
const COMMANDS = {
  start: {
    file: 'tools/dist/start.js',
    builds: 'all',
    says: 'start the platform and tell its story (--once, --detach, --fresh, --port N)',
  },
  stop: { file: 'tools/dist/stop.js', builds: undefined, says: 'end a platform that runs in the background' },
  test: { file: 'tools/dist/test.js', builds: 'tools', says: 'run every check and every test' },
  requirements: {
    file: 'tools/dist/requirements.js',
    builds: 'tools',
    says: 'write docs/requirements.md from the test titles',
  },
  bench: { file: 'bench/dist/main.js', builds: 'all', says: 'measure the purchase path against the bare database' },
  faults: { file: 'faults/dist/main.js', builds: 'all', says: 'break things under load and count' },
  images: { file: 'tools/dist/images/main.js', builds: 'all', says: 'write the container images without an engine' },
  'test:charts': { file: 'tools/dist/charts/main.js', builds: 'tools', says: 'check the charts' },
  'test:metrics': {
    file: 'tools/dist/metrics/main.js',
    builds: 'all',
    says: 'let a real Prometheus read a platform and evaluate its alerts',
  },
  drill: {
    file: 'tools/dist/drill/main.js',
    builds: 'all',
    says: 'lose the database and restore it from a backup',
  },
  secrets: {
    file: 'tools/dist/kubernetes/print-secrets.js',
    builds: 'tools',
    says: 'print the Kubernetes Secrets of an installation',
  },
  'e2e:k8s': { file: 'tools/dist/kubernetes/e2e.js', builds: 'all', says: 'rehearse on the cluster of KUBECONFIG' },
  sandbox: {
    file: 'tools/dist/make-sandbox.js',
    builds: 'tools',
    says: 'give a till maker a key of the sandbox (--name, --gateway with a token in TOKEN)',
  },
  conformance: {
    file: 'tools/dist/conformance/main.js',
    builds: 'tools',
    says: "put a till's software through lost answers, restarts, offline and refunds (--help)",
  },
  fuzz: {
    file: 'tools/dist/fuzz.js',
    builds: 'all',
    says: 'send requests made from the API document and judge the answers (--seed, --examples, --seconds)',
  },
  licences: {
    file: 'tools/dist/licences.js',
    builds: 'tools',
    says: 'tell the licences of all packages and fail on one that may not be shipped (--all)',
  },
  verify: {
    file: 'faults/dist/verify.js',
    builds: 'all',
    says: 'check the stored invariants of a running installation',
  },
};

const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
if (!command) {
  console.error('Usage: node tools/launch.mjs <command>\n');
  for (const [each, { says }] of Object.entries(COMMANDS)) console.error(`  ${each.padEnd(12)} ${says}`);
  process.exit(2);
}
checkNode();
if (name === 'stop' && !existsSync(join(root, command.file))) stop('Nothing was ever started in this checkout.', 0);
if (name !== 'stop' && !isInstalled()) install();
if (command.builds) build(command.builds);
handOver();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  stop(
    `Node ${process.versions.node} is too old: install Node 20.19 or later (the project brings the one it runs on).`,
  );
}

/** Whether node_modules holds what the lock file asks for: npm notes there what it has installed. */
function isInstalled() {
  if (!existsSync(pinned('node')) || !existsSync(pinned('nx'))) return false;
  try {
    const wanted = packagesIn('package-lock.json');
    const present = packagesIn('node_modules/.package-lock.json');
    return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
      if (!path.includes('node_modules/')) return true;
      // Packages of other platforms are left out.
      return path in present ? present[path].version === version : Boolean(optional || devOptional);
    });
  } catch {
    return false;
  }
}

function packagesIn(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

function install() {
  console.log('Installing the packages, about a minute the first time …');
  stage('packages', () => {
    const strict = run('npm', ['ci', '--no-audit', '--no-fund']);
    if (strict.status === 0) return strict;
    // npm ci refuses a lock file that lacks packages of other platforms; the second form never rewrites it.
    return run('npm', ['install', '--no-save', '--no-audit', '--no-fund']);
  });
}

function build(what) {
  const targets = what === 'all' ? ['run-many', '-t', 'build'] : ['run', '@regulars/tools:build'];
  stage(what === 'all' ? 'build' : 'build of the tools', () => run(pinned('nx'), [...targets, '--outputStyle=static']));
}

/** Runs the tool as a child that ends when this process is killed, and ends as the child ended. */
function handOver() {
  const child = spawn(
    pinned('node'),
    // kafkajs sets timers below zero where libs/messaging does not mend it: no news for whoever starts a platform.
    ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', command.file, ...args],
    {
      cwd: root,
      env: environment(),
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    },
  );
  // A Ctrl-C reaches the child by itself; a signal to this process alone is passed on. Either way the child decides when.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGTERM'));
  child.on('error', (error) => stop(`The tool did not start: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 500).unref();
}

function stage(what, work) {
  const from = performance.now();
  const result = work();
  const seconds = `${((performance.now() - from) / 1000).toFixed(1)} s`;
  if (result.status === 0) {
    console.log(`✓ ${what} ${seconds}`);
    return;
  }
  const lines = (result.error ? String(result.error) : `${result.stdout}\n${result.stderr}`).trim().split('\n');
  const errors = lines.filter((line) => /error.* TS\d+/.test(line));
  console.error((errors.length > 0 ? errors : lines.slice(-60)).join('\n'));
  stop(`✗ ${what} failed after ${seconds}.`);
}

function run(program, parameters) {
  return spawnSync(program, parameters, { cwd: root, env: environment(), encoding: 'utf8', maxBuffer: 2 ** 26 });
}

/** The pinned Node first on the PATH, and Nx without a process that stays behind. */
function environment() {
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`;
  return { ...process.env, PATH: path, NX_DAEMON: 'false', NX_TUI: 'false' };
}

function pinned(program) {
  return join(root, 'node_modules', '.bin', program);
}

function stop(message, code = 1) {
  console.error(message);
  process.exit(code);
}
