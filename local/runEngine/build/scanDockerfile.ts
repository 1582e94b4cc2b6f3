/** The base images of a build, as the Dockerfile names them with its arguments filled in. */
interface Scanned {
  /** The base image of the target; undefined for `scratch`. */
  runtime: string | undefined;
  /** The base images of its other stages, each once. */
  buildtime: string[];
}

/**
 * Finds the images of FROM lines by what ACR's engine does (Azure/acr-builder: scan/dependencies.go), which is simpler
 * than what builders do: line by line, down to the stage that is the target; the first value of an ARG counts,
 * anywhere;
 * COPY --from names no image; `${NAME:-x}` is not known, nor is an option of FROM.
 * @param buildArgs win over the values in the file
 * @throws Error for a line that it does not understand
 */
export function scanDockerfile(
  dockerfile: string,
  buildArgs: readonly { name: string; value: string }[],
  target?: string,
): Scanned {
  const values = new Map(buildArgs.map(({ name, value }) => [name, withoutQuotes(value)]));
  /** The base images of stages, by name. */
  const stages = new Map<string, string>();
  const images = new Set<string>();
  let runtime: string | undefined;
  for (const line of dockerfile.replace(/^\uFEFF/, '').split('\n')) {
    const [instruction = '', first, as, name] = line.trim().split(/\s+/);
    const misunderstood = () => new Error(`unable to understand line ${line.trim()}`);
    if (instruction.toUpperCase() === 'ARG') {
      if (first === undefined) throw misunderstood();
      const [, argument, value] = /^([^=]*)=(.*)$/.exec(first) ?? [];
      if (argument !== undefined && !values.has(argument)) values.set(argument, withoutQuotes(value!));
    }
    if (instruction.toUpperCase() !== 'FROM') continue;
    if (first === undefined) throw misunderstood();
    const image = expanded(withoutQuotes(first), values);
    runtime = stages.get(image) ?? image;
    images.add(runtime);
    if (as === undefined) continue;
    if (name === undefined || as.toLowerCase() !== 'as') throw misunderstood();
    stages.set(name, runtime);
    if (name === target) break;
  }
  if (runtime === undefined) throw new Error('unexpected dockerfile format');
  const real = (image: string) => image !== 'scratch';
  return {
    runtime: real(runtime) ? runtime : undefined,
    buildtime: [...images].filter((image) => image !== runtime && real(image)),
  };
}

const withoutQuotes = (text: string) => text.replaceAll(/^"+|"+$/g, '').replaceAll(/^'+|'+$/g, '');

/** As Go's os.Expand: what is not known is empty. */
const expanded = (text: string, values: ReadonlyMap<string, string>) =>
  text.replaceAll(
    /\$(?:\{([^}]*)\}|(\w+))/g,
    (_, braced: string | undefined, bare: string | undefined) => values.get(braced ?? bare!) ?? '',
  );
