import { DockerfileRefusal, quote } from './syntax/errors.ts';

/** A platform as containerd/platforms reads and writes it. */
export type DockerfilePlatform = {
  os: string;
  osVersion: string;
  features: string[];
  arch: string;
  variant: string;
};

// The host's own platform, as far as BuildKit asks for it: `--platform=arm64` means this system's `linux/arm64`.
const hostOs = 'linux';
const hostArch = 'amd64';

const longest = 1000;
const component = /^[A-Za-z0-9_.-]+$/;
const osComponent = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;
const knownOs = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const knownArch = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le ' +
    'mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

export function parsePlatform(text: string): DockerfilePlatform {
  if (text.length > longest) throw new DockerfileRefusal(`${quote(text)} is too long for a platform`);
  const parts = text.split('/');
  const os = osComponent.exec(parts[0]!);
  if (os === null || !parts.slice(1).every((part) => component.test(part)) || parts.length > 3) {
    throw new DockerfileRefusal(`${quote(text)} is not a platform`);
  }
  const platform: DockerfilePlatform = {
    os: normalOs(os[1]!),
    osVersion: decode(os[2] ?? ''),
    features: (os[3] ?? '').split('+').slice(1).map(decode),
    arch: hostArch,
    variant: '',
  };
  if (parts.length === 1) {
    if (knownOs.has(platform.os)) return platform;
    const alone = normalArch(parts[0]!, '');
    if (!knownArch.has(alone.arch))
      throw new DockerfileRefusal(`${quote(text)} is no known system or architecture`);
    return { ...platform, os: hostOs, ...alone };
  }
  return { ...platform, ...normalArch(parts[1]!, parts[2] ?? '') };
}

/** `linux/arm/v7`, without the version of the system. */
export function formatPlatform({ os, arch, variant }: DockerfilePlatform): string {
  return [os, arch, variant].filter((part) => part !== '').join('/');
}

/** `windows(10.0.17763)/amd64`. */
export function formatWholePlatform(platform: DockerfilePlatform): string {
  const features = [...platform.features].sort().map((feature) => `+${encode(feature)}`);
  const options = encode(platform.osVersion) + features.join('');
  return formatPlatform(options === '' ? platform : { ...platform, os: `${platform.os}(${options})` });
}

function normalOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower;
}

function normalArch(givenArch: string, givenVariant: string): { arch: string; variant: string } {
  const arch = givenArch.toLowerCase();
  const variant = givenVariant.toLowerCase();
  switch (arch) {
    case 'i386':
      return { arch: '386', variant: '' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return { arch: 'amd64', variant: variant === 'v1' ? '' : variant };
    case 'aarch64':
    case 'arm64':
      return { arch: 'arm64', variant: variant === '8' || variant === 'v8' ? '' : variant };
    case 'armhf':
      return { arch: 'arm', variant: 'v7' };
    case 'armel':
      return { arch: 'arm', variant: 'v6' };
    case 'arm':
      if (variant === '') return { arch, variant: 'v7' };
      return { arch, variant: /^[5-8]$/.test(variant) ? `v${variant}` : variant };
    default:
      return { arch, variant };
  }
}

// The version and features may hold the characters that separate them, written as in a URL.
const reserved = /[%+()/]/g;

function encode(text: string): string {
  return text.replace(reserved, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text))
    throw new DockerfileRefusal(`${quote(text)} is not a version of a platform`);
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
