import { startAzurite } from '../../local/storage/azurite.ts';
import { judge } from '../../shared/flow/api/bases/judge.ts';
import { addStates } from '../worlds/countedWorld.ts';
import { play } from '../worlds/replay/play.ts';
import { addEdges, onAzurite, untilDecided } from './scale.ts';

const seed = Number(process.env.PLINTH_SEED ?? 7);
const size = { days: 90, tags: 20 };
const dependents = 1_000;
const image = 'baseacr.azurecr.io/base0:1';

/** 90 days of 20 tags, and a quarantine that brings a thousand tasks back. */
export default async function run(): Promise<void> {
  const azurite = await startAzurite();
  try {
    const { counts, edges, ports } = await onAzurite(azurite.connectionString);
    await addStates(ports.store, dependents, () => image);
    await addEdges(edges, dependents);
    const bad = (await ports.store.states('appacr'))[0]!.bases[0]!.digest;
    const digests = [`sha256:${'0'.repeat(64)}`, bad].map((digest, at) => {
      const since = new Date(Date.now() - (2 - at) * 3_600_000).toISOString();
      return { digest, firstSeen: since, since, sure: true };
    });
    await ports.store.putSightings({ image, digests }, undefined);
    counts.calls = 0;
    const begun = performance.now();
    const said = { image, digest: bad, reason: 'CVE-2026-1' };
    await untilDecided(ports, (own) =>
      judge({ loginServer: 'baseacr.azurecr.io' }, 'quarantined', said, own),
    );
    const seconds = (performance.now() - begun) / 1000;
    const { calls } = counts;
    let queued = 0;
    for await (const _ of ports.store.places('appacr')) queued++;
    if (queued !== dependents) throw new Error(`${queued} of ${dependents} dependents are queued`);
    console.log(
      `a quarantine with ${dependents} dependents: all queued after ${seconds.toFixed(1)} s on Azurite, ` +
        `${(calls / dependents).toFixed(3)} table calls a task`,
    );
  } finally {
    await azurite.stop();
  }

  const begun = performance.now();
  const { pushes, builds, saved, onHeld, starved } = await play(seed, size);
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    `${size.days} days of ${size.tags} tags with two tasks each (PLINTH_SEED=${seed}): ${pushes} pushes, ${builds} builds, in ${seconds.toFixed(0)} s`,
  );
  for (const sentence of [...onHeld, ...starved].slice(0, 10)) console.log(sentence);
  const share = ((100 * saved) / (saved + builds)).toFixed(0);
  console.log(
    `replay: ${saved} builds saved (${share} %), starved ${starved.length}, on held digests ${onHeld.length}`,
  );
}
