/**
 * The benchmarks: medians and ratios to a baseline of the same run, never an assertion.
 *
 *   npm run bench [-- PATTERN]
 */
import { readdirSync } from 'node:fs';
import { prepareMachine, stackPackages } from '../../local/machine/machine.mjs';

await prepareMachine(stackPackages);
const pattern = new RegExp(process.argv[2] ?? '');
const files = readdirSync(import.meta.dirname).filter(
  (name) => name.endsWith('.ts') && !['run.ts', 'figures.ts'].includes(name),
);
for (const file of files.filter((name) => pattern.test(name))) {
  console.log(`\n# ${file.replace('.ts', '')}\n`);
  const { default: run } = (await import(`./${file}`)) as { default: () => Promise<void> };
  await run();
}
