/** What is to be drawn: boxes of one size in columns, and edges from the left to the right. */
export interface ToLayOut {
  /** Comes back with the answer. */
  ask: number;
  boxes: { id: string; column: number }[];
  edges: { from: string; to: string }[];
  width: number;
  height: number;
}

export interface Drawing {
  /** The upper left corner of each box. */
  places: { id: string; x: number; y: number }[];
  lines: { from: string; to: string; points: { x: number; y: number }[] }[];
}

const gap = { column: 72, row: 10 };

/** Boxes one below the other in each column, lines straight: where a better layout is not to be had. Pure. */
export function inColumns({ boxes, edges, width, height }: ToLayOut): Drawing {
  const filled = new Map<number, number>();
  const columns = [...new Set(boxes.map(({ column }) => column))].sort((a, b) => a - b);
  const places = new Map(
    boxes.map(({ id, column }) => {
      const row = filled.get(column) ?? 0;
      filled.set(column, row + 1);
      const place = { id, x: columns.indexOf(column) * (width + gap.column), y: row * (height + gap.row) };
      return [id, place] as const;
    }),
  );
  const lines = edges.map(({ from, to }) => {
    const [a, b] = [places.get(from)!, places.get(to)!];
    return {
      from,
      to,
      points: [
        { x: a.x + width, y: a.y + height / 2 },
        { x: b.x, y: b.y + height / 2 },
      ],
    };
  });
  return { places: [...places.values()], lines };
}

/**
 * The same drawing with leaves of the same parents in the order in which they are given, which is the worst first:
 * they exchange their places. Pure.
 */
export function leavesInOrder(drawing: Drawing, { boxes, edges }: ToLayOut): Drawing {
  const parents = (id: string) =>
    edges
      .flatMap(({ from, to }) => (to === id ? from : []))
      .sort()
      .join(' ');
  const groups = new Map<string, string[]>();
  for (const { id, column } of boxes)
    if (!edges.some(({ from }) => from === id)) {
      const group = `${column} ${parents(id)}`;
      groups.set(group, [...(groups.get(group) ?? []), id]);
    }
  const placed = new Map(drawing.places.map((place) => [place.id, place]));
  const takes = new Map<string, string>();
  for (const ids of groups.values()) {
    const slots = [...ids].sort((a, b) => placed.get(a)!.y - placed.get(b)!.y);
    for (const [at, id] of ids.entries()) takes.set(id, slots[at]!);
  }
  const lineOf = new Map(drawing.lines.map((line) => [`${line.from} ${line.to}`, line]));
  return {
    places: drawing.places.map(({ id }) => ({ ...placed.get(takes.get(id) ?? id)!, id })),
    lines: drawing.lines.map((line) => {
      const slot = takes.get(line.to) ?? line.to;
      return { ...line, points: (lineOf.get(`${line.from} ${slot}`) ?? line).points };
    }),
  };
}
