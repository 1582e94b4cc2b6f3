/**
 * The word of the list that is most like it, whatever their case, if a third of its letters at most differ: added,
 * missing, changed, or two of them swapped.
 */
export function nearestTo(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((name) => ({ name, most: Math.floor(Math.max(word.length, name.length) / 3) }))
    // A word that is much longer is none of them, and would take long to compare.
    .filter(({ name, most }) => Math.abs(name.length - word.length) <= most)
    .map(({ name, most }) => ({ name, most, distance: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ most, distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance);
  return near[0]?.name;
}

/** Letters to add, to drop, to change or to swap with the next (optimal string alignment). */
function distance(one: string, other: string): number {
  let [last, row]: number[][] = [[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 0; i < one.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const change = row![j]! + (one[i] === other[j] ? 0 : 1);
      const isSwap = i > 0 && j > 0 && one[i] === other[j - 1] && one[i - 1] === other[j];
      const swap = isSwap ? last![j - 1]! + 1 : change;
      next.push(Math.min(row![j + 1]! + 1, next[j]! + 1, change, swap));
    }
    [last, row] = [row, next];
  }
  return row![other.length]!;
}
