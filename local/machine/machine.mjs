// What the local stack needs of the machine, beside npm packages. Plain JavaScript without packages, as bootstrap.mjs also
// asks it where Node is too old for the rest.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';

/** The oldest Node that has what the programs use: `import.meta.dirname`. */
const oldestNode = '20.11';

/** A package of Debian and Ubuntu, and the program by which it is known to be there. */
const programs = {
  buildah: 'buildah',
  'docker-registry': 'docker-registry',
  git: 'git',
  'azure-cli': 'az',
  'busybox-static': 'busybox',
  debootstrap: 'debootstrap',
  binutils: 'strip',
  chromium: 'chromium',
  mount: 'mount',
  netavark: 'netavark',
  openssl: 'openssl',
  uidmap: 'newuidmap',
  unzip: 'unzip',
  zip: 'zip',
};

/** Not on everybody's path; the last is where buildah looks for netavark, which it wants since 1.29, used or not. */
const otherFolders = ['/usr/sbin', '/sbin', '/bin', '/usr/lib/podman'];

export const stackPackages = [
  ...[
    'buildah',
    'netavark',
    'docker-registry',
    'git',
    'busybox-static',
    'binutils',
    'mount',
    'openssl',
    'uidmap',
  ],
  ...['unzip', 'zip'],
];

/** Settings of the kernel that forbid user namespaces to ordinary users, each with the value that does. */
const forbidding = {
  'kernel.unprivileged_userns_clone': '0',
  'user.max_user_namespaces': '0',
  'kernel.apparmor_restrict_unprivileged_userns': '1',
};
const allowing = {
  'kernel.unprivileged_userns_clone': '1',
  'user.max_user_namespaces': '15000',
  'kernel.apparmor_restrict_unprivileged_userns': '0',
};

const namespaces = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', 'true'];

const isRoot = () => process.getuid?.() === 0;

function isInstalled(name) {
  return [...(process.env.PATH ?? '').split(delimiter), ...otherFolders].some((dir) => {
    try {
      accessSync(join(dir, programs[name]), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The text of a file of /proc or /etc, empty where there is none. */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** What this machine is, by asking it; of namespaces only where builds are to run in them. */
export function lookAtMachine(names) {
  const { username, uid } = userInfo();
  const hasIds = (file) =>
    textOf(file)
      .split('\n')
      .some((line) => [username, String(uid)].includes(line.split(':')[0] ?? ''));
  const machine = {
    node: process.versions.node,
    user: username,
    root: isRoot(),
    missing: names.filter((name) => !isInstalled(name) && !(isRoot() && name === 'uidmap')),
    subordinateIds: true,
    refused: '',
    forbidden: [],
  };
  if (!names.includes('buildah')) return machine;
  const [command, ...args] = isRoot() ? namespaces : ['buildah', 'unshare', ...namespaces];
  const tried = spawnSync(command, args, { encoding: 'utf8' });
  return {
    ...machine,
    subordinateIds: hasIds('/etc/subuid') && hasIds('/etc/subgid'),
    // Without buildah only the settings can be looked at.
    refused: tried.error || tried.status === 0 ? '' : (tried.stderr.trim().split('\n').at(-1) ?? ''),
    forbidden: Object.keys(forbidding).filter(
      (name) => textOf(`/proc/sys/${name.replaceAll('.', '/')}`).trim() === forbidding[name],
    ),
  };
}

const number = (version) => {
  const [major, minor] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** Whether the programs cannot run on a Node of this version. */
export const isTooOld = (version) => number(version) < number(oldestNode);

/** @returns {string[]} what is missing, each with what mends it */
export function lackingOf(machine) {
  const sudo = machine.root ? '' : 'sudo ';
  const lines = [];
  if (isTooOld(machine.node))
    lines.push(`Node ${oldestNode} or newer, this is ${machine.node}: https://nodejs.org/en/download`);
  if (machine.missing.length > 0)
    lines.push(
      `${machine.missing.join(', ')}: ${sudo}apt-get install --yes --no-install-recommends ${machine.missing.join(' ')}`,
    );
  if (machine.missing.includes('azure-cli'))
    lines.push(
      'azure-cli, where the distribution has none: https://learn.microsoft.com/cli/azure/install-azure-cli-linux',
    );
  if (machine.root) {
    if (machine.refused)
      lines.push(`the right to make namespaces (${machine.refused}): a container needs CAP_SYS_ADMIN`);
    return lines;
  }
  if (!machine.subordinateIds)
    lines.push(
      `subordinate ids of ${machine.user}: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${machine.user}`,
    );
  if (machine.forbidden.length > 0 && (machine.refused || machine.missing.includes('buildah')))
    lines.push(
      `user namespaces: sudo sysctl --write ${machine.forbidden.map((name) => `${name}=${allowing[name]}`).join(' ')}`,
    );
  else if (machine.refused && machine.subordinateIds && machine.missing.length === 0)
    lines.push(`user namespaces, which this machine refuses: ${machine.refused}`);
  return lines;
}

/** @returns {string} all that is missing in one message, with the container that has it all */
export function lackingMessage(lines, script) {
  const npm = { start: 'npm start', test: 'npm test' }[script] ?? `npm run ${script}`;
  return [
    `Missing on this machine for ${npm}:`,
    ...lines.map((line) => `  - ${line}`),
    'A container has it all, by docker or podman:',
    `  docker run --rm --interactive --tty --privileged --network host --volume "$PWD:/plinth" --workdir /plinth "$(docker build --quiet .devcontainer)" ${npm}`,
  ].join('\n');
}

/** Waits for another apt-get, the machine's own upgrades among them, which takes minutes. */
function install(names) {
  console.log(`Installing Debian packages: ${names.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=600', ...args], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    }).status === 0;
  return aptGet('update') && aptGet('install', '--yes', '--no-install-recommends', ...names);
}

/**
 * Makes sure that the machine has what is needed: as root by installing it, and for any other user by going on in a user
 * namespace, in which the same program is started once more. Where something is missing, says all of it and ends.
 * @param names packages
 */
export async function prepareMachine(names) {
  let machine = lookAtMachine(names);
  if (machine.root && machine.missing.length > 0 && install(machine.missing)) machine = lookAtMachine(names);
  const lines = lackingOf(machine);
  if (lines.length > 0) {
    console.error(lackingMessage(lines, process.env.npm_lifecycle_event ?? 'start'));
    process.exit(1);
  }
  if (!machine.root) process.exit(await again());
}

/**
 * What builds take for root's own is not this user's: buildah reads /root and writes /var/lib/containers. Both are empty
 * folders in this namespace; where the latter is not there, all of /var/lib is.
 */
const ownFolders = `mount -t tmpfs tmpfs /root || exit 1
mount -t tmpfs tmpfs /var/lib/containers 2>/dev/null || mount -t tmpfs tmpfs /var/lib || exit 1
exec "$@"`;

/** Runs this program in a user and a mount namespace: root there, and nobody but this user outside. */
function again() {
  const enter = ['unshare', 'unshare', '--mount', 'sh', '-c', ownFolders, 'sh'];
  const child = spawn(
    'buildah',
    [...enter, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit' },
  );
  // The terminal sends Ctrl-C to all of them; buildah hands on what is sent to it.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.removeAllListeners(signal);
    process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  }
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0))));
}
