/** A run engine in a process of its own, so that a test can kill it. Options come on standard input; prints its URL. */
import { text } from 'node:stream/consumers';
import { startRunEngine } from '../../../local/runEngine/startRunEngine.ts';

const { registries, ...options } = JSON.parse(await text(process.stdin));
const engine = await startRunEngine({
  ...options,
  registries: registries.map((registry: object) => ({ ...registry, pushCredentials: () => undefined })),
  authorize: () => ({ status: 200 }),
});
console.log(engine.url);
