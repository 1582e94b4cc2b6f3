/** Words of a name that another has too, then its length: few of either are far. Pure. */
export function nearestNames(wanted: string, names: readonly string[], count: number): string[] {
  const pieces = (text: string) =>
    text
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter(Boolean);
  const asked = pieces(wanted);
  const score = (name: string) => {
    const own = pieces(name);
    return asked.reduce(
      (sum, word) =>
        sum +
        (own.includes(word) ? 3 : Number(own.some((one) => one.startsWith(word) || word.startsWith(one)))),
      0,
    );
  };
  return names
    .map((name) => ({ name, points: score(name) }))
    .sort((a, b) => b.points - a.points || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}
