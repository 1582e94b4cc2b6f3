/** Stands on the last image, and copies from those before it. */
export const dockerfileOver = (bases: string[]) =>
  [
    ...bases.map((base, at) => `FROM ${base} AS s${at}`),
    ...bases.slice(0, -1).map((_, at) => `COPY --from=s${at} / /`),
  ].join('\n');
