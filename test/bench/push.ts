import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTls } from '../../local/machine/tls.ts';
import { instantExecutor } from '../../local/runEngine/run/instantExecutor.ts';
import { startWorld } from '../stack/whole/world.ts';
import { line } from './figures.ts';

const pushes = 50;

/** From the registry's answer to a push, to the run queued, and to the build started, on an idle stack. */
export default async function run(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-bench-'));
  const { ca } = await makeTls(join(dir, 'tls'));
  const world = await startWorld({ dir, executor: instantExecutor(ca) });
  try {
    await world.pushBase('base/bench:1', 'start');
    await world.task('bench-task', 'FROM baseacr.azurecr.io/base/bench:1\nCOPY Dockerfile /\n');
    await world.run('bench-task');
    const queued: number[] = [];
    const started: number[] = [];
    for (let count = 1; count <= pushes; count++) {
      await world.pushBase('base/bench:1', `push ${count}`);
      const accepted = Date.now();
      const [run] = await world.updates('bench-task', count);
      queued.push(Date.parse(run!.createTime) - accepted);
      started.push(Date.parse(run!.startTime) - accepted);
    }
    console.log(line('push accepted → run Queued', queued));
    console.log(line('push accepted → build Started', started));
  } finally {
    await world.stack.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
